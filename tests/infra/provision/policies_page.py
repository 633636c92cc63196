"""Writes docs/policies.md from the policies themselves: `make policies-doc`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.provision.iam.reasons import reason
from infra.provision.specification.spec import Spec
from tests.infra.provision.documents import VARIANTS, Document, administrators, documents

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "policies.md"
_EXAMPLE = "as the example is"
# What differs there is the partition of every ARN.
_LEFT_OUT = ("China", "GovCloud")
# What stands above it is written by hand.
_MARK = "<!-- policies: make policies-doc -->\n"


def page() -> str:
    """The whole file, with the policies as they are."""
    above, mark, _ = PAGE.read_text("utf-8").partition(_MARK)
    if not mark:
        raise SystemExit(f"{PAGE} has lost the line {_MARK}")
    return "\n".join([above + _MARK, *_body()])


def _body() -> Iterator[str]:
    example = [each for each in documents(VARIANTS[_EXAMPLE]) if not _of_administrators(each)]
    yield "## As the example is\n"
    for document in example:
        yield from _document(document)
    shown = [document.policy for document in example]
    for variant, spec in VARIANTS.items():
        differing = [
            each for each in documents(spec) if each.policy not in shown and not _of_administrators(each)
        ]
        if differing and variant not in _LEFT_OUT:
            yield f"## {variant[0].upper()}{variant[1:]}\n"
            for document in differing:
                yield from _document(document)
    yield from _administrators(VARIANTS[_EXAMPLE], VARIANTS["a provisioned cluster"])


def _administrators(serverless: Spec, cluster: Spec) -> Iterator[str]:
    yield "## Whoever runs the command line\n"
    for document in administrators(serverless):
        yield from _document(document)
    yield "### For a provisioned cluster, instead\n"
    shown = [document.policy for document in administrators(serverless)]
    for document in administrators(cluster):
        if document.policy not in shown:
            yield from _document(document)


def _of_administrators(document: Document) -> bool:
    return document.title.startswith("The administrator's")


def _document(document: Document) -> Iterator[str]:
    yield f"### {document.title}\n\n```json\n{json.dumps(document.policy, indent=2)}\n```\n"
    for statement in document.policy["Statement"]:
        yield f"- `{statement['Sid']}`: {reason(statement['Sid'])}"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is written\n")
