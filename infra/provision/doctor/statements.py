"""Reads IAM's policies: what a document allows, to whom, and how widely."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

Statement = Mapping[str, Any]


def listed(value: Any) -> tuple[str, ...]:
    """IAM's elements are a text or a list of texts."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(each for each in values if isinstance(each, str))


def statements(document: Any, effect: str = "Allow") -> Iterator[Statement]:
    """The statements of a document that have that effect."""
    found = document.get("Statement", []) if isinstance(document, Mapping) else []
    for statement in found if isinstance(found, list) else [found]:
        if isinstance(statement, Mapping) and statement.get("Effect") == effect:
            yield statement


def like(value: str, pattern: str) -> bool:
    """Whether a value matches, with IAM's * and ?."""
    return _expression(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    # Many stars in a row would make matching slow.
    parts = (
        ".*" if part.startswith("*") else "." if part == "?" else re.escape(part)
        for part in re.split(r"(\*+|\?)", pattern)
    )
    return re.compile("".join(parts), re.DOTALL)


def acts(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action."""
    wanted = action.lower()
    if "Action" in statement:
        return any(like(wanted, pattern.lower()) for pattern in listed(statement["Action"]))
    return not any(like(wanted, pattern.lower()) for pattern in listed(statement.get("NotAction")))


def concerns(statement: Statement, resource: str) -> bool:
    """Whether a statement is about a resource; one that a variable decides may be."""
    if "NotResource" in statement:
        return not any(like(resource, pattern) for pattern in listed(statement["NotResource"]))
    patterns = listed(statement.get("Resource"))
    return any(like(resource, re.sub(r"\$\{[^}]*\}", "*", pattern)) for pattern in patterns)


def allows(documents: Iterable[Any], action: str, resource: str) -> bool:
    """Whether one of the documents allows it; conditions are taken to hold."""
    return any(
        acts(statement, action) and concerns(statement, resource)
        for document in documents
        for statement in statements(document)
    )


def denies(documents: Iterable[Any], action: str, resource: str) -> bool:
    """Whether one of the documents denies it whatever the circumstances."""
    return any(
        acts(statement, action) and concerns(statement, resource) and not statement.get("Condition")
        for document in documents
        for statement in statements(document, "Deny")
    )


def principals(statement: Statement, kind: str) -> tuple[str, ...]:
    """Whom of a kind (AWS, Federated, Service) a statement names; "*" is everybody."""
    named = statement.get("Principal")
    if isinstance(named, str):
        return (named,)
    return listed(named.get(kind)) if isinstance(named, Mapping) else ()


def admits(document: Any, kind: str, who: str, actions: Iterable[str]) -> bool:
    """Whether a resource's policy allows somebody all of the actions; conditions are taken to hold."""

    def about(statement: Statement, action: str) -> bool:
        return acts(statement, action) and bool({who, "*"} & set(principals(statement, kind)))

    return all(
        any(about(each, action) for each in statements(document))
        and not any(about(each, action) for each in statements(document, "Deny"))
        for action in actions
    )


def conditions(statement: Statement, key: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The operators and values by which a statement depends on a key."""
    found = statement.get("Condition")
    for operator, keys in found.items() if isinstance(found, Mapping) else ():
        for name, values in keys.items() if isinstance(keys, Mapping) else ():
            if name.lower() == key.lower():
                yield operator, listed(values)
