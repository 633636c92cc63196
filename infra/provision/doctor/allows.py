"""What a policy's document allows, as far as doctor has to know it."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

_ACCOUNT_IN_ARN = 5


def document(found: Any) -> Mapping[str, Any]:
    """A policy as a mapping, however AWS gave it."""
    if isinstance(found, str):
        found = json.loads(found if found.lstrip().startswith("{") else unquote(found))
    return found if isinstance(found, Mapping) else {}


def statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _list(policy.get("Statement", []))


def admits(policy: Mapping[str, Any], kind: str, who: str, actions: Iterable[str]) -> bool:
    """Whether a policy allows the principal all of the actions, and denies none of them.

    Conditions are taken as met: only a request tells.
    """
    wanted = frozenset(actions)
    allowed: set[str] = set()
    for statement in statements(policy):
        principal = statement.get("Principal", {})
        named = {"*"} if principal == "*" else set(_list(principal.get(kind, [])))
        if not {who, "*", _root(who)} & named:
            continue
        matched = _matched(statement, wanted)
        if statement.get("Effect") == "Deny" and matched:
            return False
        allowed |= matched
    return allowed >= wanted


def allows(policies: Iterable[Mapping[str, Any]], action: str, resource: str) -> bool:
    """Whether somebody's own policies together allow the action on the resource."""
    effects = {
        str(statement.get("Effect"))
        for policy in policies
        for statement in statements(policy)
        if _matched(statement, frozenset({action}))
        and any(_like(pattern, resource) for pattern in _list(statement.get("Resource", "*")))
    }
    return effects == {"Allow"}


def _matched(statement: Mapping[str, Any], actions: frozenset[str]) -> set[str]:
    if "NotAction" in statement:
        patterns = _list(statement["NotAction"])
        return {each for each in actions if not any(_like(one.lower(), each.lower()) for one in patterns)}
    patterns = _list(statement.get("Action", []))
    return {each for each in actions if any(_like(one.lower(), each.lower()) for one in patterns)}


def _like(pattern: str, text: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text) is not None


def _root(arn: str) -> str:
    parts = arn.split(":")
    return ":".join([*parts[:_ACCOUNT_IN_ARN], "root"]) if len(parts) > _ACCOUNT_IN_ARN else arn


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
