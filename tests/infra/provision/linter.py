"""parliament, which audits IAM policies by AWS's own list of actions, resources and condition keys."""

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.infra.provision.documents import Document

_FOLDER = Path(str(find_spec("parliament").origin)).parent


def _parliament() -> Any:
    """The package, which finds its data by a module that setuptools has no more, with its data mended."""
    finder: Any = ModuleType("pkg_resources")
    finder.resource_filename = lambda _, name: str(_FOLDER / name)
    sys.modules.setdefault("pkg_resources", finder)
    import parliament

    # It knows the type of a condition's value, but not that there may be several.
    for service in parliament.iam_definition:
        for condition in service["conditions"]:
            condition["type"] = condition["type"].removeprefix("ArrayOf")
    parliament.override_config(_FOLDER / "community_auditors" / "config_override.yaml")
    return parliament


_PARLIAMENT = _parliament()


def findings(document: Document) -> Iterator[tuple[str, str]]:
    """What the linter and its community's auditors find: the kind of each finding, and about what."""
    policy = _PARLIAMENT.analyze_policy_string(
        json.dumps(_with_resources(document)), include_community_auditors=True
    )
    for finding in policy.findings:
        _PARLIAMENT.enhance_finding(finding)
        yield finding.issue, str(finding.detail or finding.location.get("actions", ""))


def _with_resources(document: Document) -> dict[str, Any]:
    """The policy as one of a role: the linter reads the actions, conditions and resources of no others.

    A trust's resource is the role that has it, an actor policy's the application.
    """
    if document.kind == "permissions":
        return document.policy
    itself = {
        "trust": f"arn:aws:iam::123456789012:role/{document.role}",
        "actors": "arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-0123456789abcdef",
    }[document.kind]
    statements = [
        {name: element for name, element in {**statement, "Resource": itself}.items() if name != "Principal"}
        for statement in document.policy["Statement"]
    ]
    return {**document.policy, "Statement": statements}
