"""IAM's policy language: documents, statements, conditions.

What is understood is evaluated as IAM does. What is not understood (an operator, a condition key, a policy
variable) never allows: it makes an Allow statement miss and a Deny statement hit.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Context = Mapping[str, Sequence[str]]


class MalformedPolicy(ValueError):
    """A document that is not a policy."""


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    action: str
    resource: str = "*"
    # Condition keys in lower case, with every value that the request has for them.
    context: Context = field(default_factory=dict)
    # The principals that the caller is: for resource-based documents alone.
    principals: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What documents say together: an explicit deny wins over every allow."""

    allowed: bool
    denied: bool

    @property
    def granted(self) -> bool:
        return self.allowed and not self.denied


# Keys that the endpoint can fill in; a key that is here and not in a request is absent, as in AWS.
KNOWN_KEYS = frozenset(
    {
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principaltype",
        "aws:userid",
        "aws:username",
        "aws:requestedregion",
        "sts:externalid",
        "sts:rolesessionname",
        "sts:requestcontextproviders",
        "sts:transitivetagkeys",
        "aws:tagkeys",
        "redshift-data:statement-owner-iam-userid",
        "redshift-data:session-owner-iam-userid",
        "s3:prefix",
    }
)


# Of these there is one key for each tag.
_TAG_KEYS = ("aws:principaltag/", "aws:requesttag/")


@lru_cache(maxsize=512)
def parse(document: str) -> tuple[Mapping[str, Any], ...]:
    """The statements of a document; raises MalformedPolicy."""
    try:
        found = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise MalformedPolicy("Syntax errors in policy.") from error
    if not isinstance(found, dict) or "Statement" not in found:
        raise MalformedPolicy("A policy is an object with a Statement.")
    if found.get("Version", "2008-10-17") not in ("2008-10-17", "2012-10-17"):
        raise MalformedPolicy("The policy's version is not known.")
    statements = found["Statement"] if isinstance(found["Statement"], list) else [found["Statement"]]
    for statement in statements:
        _check_statement(statement)
    return tuple(statements)


def _statements(document: str) -> Iterable[Mapping[str, Any]]:
    try:
        return parse(document)
    except MalformedPolicy:  # nothing can be told of it: it denies
        return ({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"},)


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy("Each statement needs an Effect, Allow or Deny.")
    if ("Action" in statement) == ("NotAction" in statement):
        raise MalformedPolicy("Each statement needs an Action or a NotAction.")
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if not all(isinstance(value, str) for value in _list(statement.get(name, []))):
            raise MalformedPolicy(f"{name} must be a text or a list of texts.")
    conditions = statement.get("Condition", {})
    if not isinstance(conditions, dict) or not all(isinstance(keys, dict) for keys in conditions.values()):
        raise MalformedPolicy("Condition must be an object of objects.")


def decide(documents: Iterable[str], request: Request) -> Decision:
    """What identity-based documents say of a request."""
    allowed = denied = False
    for statement in (statement for document in documents for statement in _statements(document)):
        allows = statement["Effect"] == "Allow"
        if _applies(statement, request, unknown=not allows):
            allowed, denied = allowed or allows, denied or not allows
    return Decision(allowed, denied)


def decide_for_principals(document: str, request: Request) -> Decision:
    """What a resource-based document, such as a trust or an actor policy, says of a request."""
    allowed = denied = False
    for statement in _statements(document):
        allows = statement["Effect"] == "Allow"
        if _names(statement, request.principals, deny=not allows) and _applies(
            {**statement, "Resource": "*"}, request, unknown=not allows
        ):
            allowed, denied = allowed or allows, denied or not allows
    return Decision(allowed, denied)


def _names(statement: Mapping[str, Any], known: Mapping[str, frozenset[str]], *, deny: bool) -> bool:
    """Whether a statement is about one of the principals that the caller is."""
    if "NotPrincipal" in statement:  # not evaluated: it never allows
        return deny
    written = statement.get("Principal")
    if written == "*":
        # Whoever has AWS credentials; an identity provider has to be named.
        return deny or "AWS" in known
    return any(
        name in ours or (name, kind) == ("*", "AWS")
        for kind, ours in known.items()
        for name in names_of(written, kind)
    )


def names_of(principal: Any, kind: str) -> list[str]:
    """The principals of a kind that a Principal element names."""
    names = _list(principal.get(kind, [])) if isinstance(principal, dict) else []
    return [name for name in names if isinstance(name, str)]


def _applies(statement: Mapping[str, Any], request: Request, *, unknown: bool) -> bool:
    action = request.action.lower()
    if "Action" in statement:
        matches = any(_like(action, pattern.lower()) for pattern in _list(statement["Action"]))
    else:
        matches = not any(_like(action, pattern.lower()) for pattern in _list(statement["NotAction"]))
    return (
        matches
        and _resource(statement, request, unknown=unknown)
        and _conditions(statement, request, unknown=unknown)
    )


def _resource(statement: Mapping[str, Any], request: Request, *, unknown: bool) -> bool:
    name = "Resource" if "Resource" in statement else "NotResource"
    patterns = [_substitute(pattern, request.context) for pattern in _list(statement.get(name, []))]
    found = any(_like(request.resource, pattern) for pattern in patterns if pattern is not None)
    if None in patterns and not found:
        return unknown
    return found if name == "Resource" else bool(patterns) and not found


def _conditions(statement: Mapping[str, Any], request: Request, *, unknown: bool) -> bool:
    results = [
        _condition(operator, key.lower(), [str(value) for value in _list(values)], request.context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    if False in results:
        return False
    return unknown if None in results else True


def _condition(operator: str, key: str, values: list[str], context: Context) -> bool | None:
    """Whether a condition holds; None when that cannot be told."""
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if key not in KNOWN_KEYS and key not in context and not key.startswith(_TAG_KEYS):
        return None
    actual = context.get(key, ())
    if name == "Null" and not quantifier:
        return any((value.lower() == "true") == (not actual) for value in values)
    compare = _OPERATORS.get(name)
    wanted = [_substitute(value, context) for value in values]
    if compare is None or quantifier not in ("", "ForAnyValue", "ForAllValues") or None in wanted:
        return None
    if not actual:
        return if_exists or quantifier == "ForAllValues" or (name in _NEGATED and not quantifier)
    return _quantified(quantifier, name, actual, [value for value in wanted if value is not None])


def _quantified(quantifier: str, name: str, actual: Sequence[str], wanted: list[str]) -> bool:
    def holds(value: str) -> bool:
        matches = any(_OPERATORS[name](value, pattern) for pattern in wanted)
        return not matches if name in _NEGATED else matches

    # Without a quantifier the key has one value.
    return any(map(holds, actual)) if quantifier == "ForAnyValue" else all(map(holds, actual))


def _like(value: str, pattern: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    collapsed = re.sub(r"\*+", "*", pattern)  # many stars in a row would make matching slow
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in collapsed)
    return re.compile("".join(parts), re.DOTALL)


def _arn_like(value: str, pattern: str) -> bool:
    actual, wanted = value.split(":", 5), pattern.split(":", 5)
    # A wildcard stays within its part of the ARN, but for the last.
    return len(actual) == len(wanted) == 6 and all(map(_like, actual, wanted))  # noqa: PLR2004 - an ARN's parts


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringNotEquals": str.__eq__,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringNotEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": _like,
    "StringNotLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "ArnNotEquals": _arn_like,
    "ArnNotLike": _arn_like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
}
_NEGATED = frozenset(name for name in _OPERATORS if "Not" in name)


def _substitute(text: str, context: Context) -> str | None:
    """Fills in policy variables; None when one has no single value here."""
    names = re.findall(r"\$\{([^}]*)\}", text)
    for name in names:
        values = context.get(name.lower(), ())
        # A value with a wildcard in it would widen the pattern.
        if len(values) != 1 or re.search(r"[*?]", values[0]):
            return None
        text = text.replace(f"${{{name}}}", values[0])
    return text


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
