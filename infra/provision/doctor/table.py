"""Writes the table of faults into docs/aws.md, between its markers: `make doctor-table`."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from infra.provision.doctor.fault import Fault
from infra.provision.doctor.faults import FAULTS

DOCUMENT = Path(__file__).parents[3] / "docs" / "aws.md"
BEGIN, END = "<!-- doctor-table: make doctor-table -->", "<!-- /doctor-table -->"
_PARTS = {
    "RLD-0": "Settings and credentials",
    "RLD-1": "The identity provider, the app's client and the clocks",
    "RLD-2": "IAM",
    "RLD-3": "IAM Identity Center",
    "RLD-4": "Redshift and the warehouse's rights",
    "RLD-5": "The whole way, as a test person",
}


def table() -> str:
    """Each fault with its cause and cure, along the chain, as Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    found = sorted(FAULTS.values(), key=lambda fault: fault.code)
    for part, faults in groupby(found, key=lambda fault: fault.code[:5]):
        yield from (f"### {_PARTS[part]}", "", "| error | cause | cure |", "| --- | --- | --- |")
        yield from (_row(fault) for fault in faults)
        yield ""


def _row(fault: Fault) -> str:
    error = f"**{fault.code}** {fault.title}"
    if fault.severity == "warning":
        error += " (warning)"
    if fault.shows:
        error += f". People see {', '.join(fault.shows)}"
    fixed = " *`--fix` does it.*" if fault.fixable else ""
    return f"| {_cell(error)} | {_cell(fault.why)} | {_cell(fault.cure)}{fixed} |"


def _cell(text: str) -> str:
    """Names of the account in angle brackets; each fault's own cure is in its report."""
    named = text.replace("{cure}", "The report says which.").replace("{where}", "the provider's console")
    named = named.replace("'{document}'", "'{policy document}'")
    named = re.sub(r"\{([a-z_]+(?: document)?)\}", lambda match: f"<{match[1].replace('_', ' ')}>", named)
    # Within code a bracket is a bracket; elsewhere Markdown would take it for HTML.
    pieces = named.split("`")
    pieces[::2] = [piece.replace("<", "&lt;").replace(">", "&gt;") for piece in pieces[::2]]
    return "`".join(pieces).replace("|", "\\|").replace("\n", " ")


def written(document: str) -> str:
    """The document with the table between its markers."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")
