"""Functions of regular expressions; DuckDB's engine takes time linear in the text for each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql.functions.function import (
    Arguments,
    Function,
    always,
    call,
    cast,
    literal,
    number,
    string,
    text,
    whole_literal,
)
from infra.local.warehouse.sql.kinds import INT, TEXT

_GROUP = re.compile(r"\\.|\[\^?\]?(?:\[:\w+:\]|[^\]])*\]|(\((?!\?))")
_REFERENCE = re.compile(r"[\\$]\d")
_CLASS = re.compile(r"\[:\w+:\]")


@dataclass(frozen=True)
class _Search:
    """A search in a text: what, from where, which match; `part` is 1 for the pattern's first group."""

    subject: exp.Expr
    pattern: exp.Expr
    start: int = 1
    occurrence: int = 1
    part: int = 0


def _search(arguments: Arguments, *, start: int, occurrence: int | None, flags: int) -> _Search:
    """The search that the arguments at these places ask for."""
    subject, pattern = text(arguments[0]), arguments[1]
    if len(arguments) <= start:
        return _Search(subject, pattern)
    first = max(_number(arguments[start], "a position"), 1)
    which = occurrence is not None and len(arguments) > occurrence
    asked = literal(arguments[flags], "parameters") if len(arguments) > flags else ""
    if set(asked) - set("cie"):
        raise NotSupported("a regular expression with these parameters")
    words = literal(pattern, "a regular expression")
    if first > 1:
        if "^" in re.sub(r"\[\^", "[", words):
            raise NotSupported("a regular expression with ^ that is searched from a position")
        subject = call("substring", subject, number(first))
    return _Search(
        subject,
        string(f"(?i){words}" if "i" in asked else words),
        first,
        _number(arguments[occurrence], "an occurrence") if which and occurrence is not None else 1,
        1 if "e" in asked and any(group for group in _GROUP.findall(words)) else 0,
    )


def _number(value: exp.Expr, what: str) -> int:
    found = whole_literal(value)
    if found is None:
        raise NotSupported(f"{what} that is not a literal")
    return found


def _count(arguments: Arguments) -> exp.Expr:
    search = _search(arguments, start=2, occurrence=None, flags=3)
    return cast(call("len", call("regexp_extract_all", search.subject, search.pattern)), INT)


def _substr(arguments: Arguments) -> exp.Expr:
    if len(arguments) == 2:  # noqa: PLR2004 - the text and the pattern
        return call("regexp_extract", text(arguments[0]), arguments[1])
    search = _search(arguments, start=2, occurrence=3, flags=4)
    if search.occurrence < 1:
        return cast(exp.Null(), TEXT)
    counts = (search.part, search.occurrence, search.start)
    return call("text_match", search.subject, search.pattern, *map(number, counts))


def _instr(arguments: Arguments) -> exp.Expr:
    """Where a match begins or ends; counted from the text between the matches, so none may be empty."""
    search = _search(arguments, start=2, occurrence=3, flags=5)
    if search.part:
        raise NotSupported("REGEXP_INSTR of a subexpression")
    if search.occurrence < 1:
        return cast(exp.Mul(this=call("strlen", text(arguments[0])), expression=number(0)), INT)
    _check_not_empty(literal(search.pattern, "a regular expression"))
    ended = len(arguments) > 4 and _number(arguments[4], "an option") != 0  # noqa: PLR2004
    place = call("text_place", search.subject, search.pattern, number(search.occurrence), number(int(ended)))
    if search.start == 1:
        return cast(place, INT)
    return cast(call("place_from", place, number(search.start)), INT)


def _check_not_empty(pattern: str) -> None:
    try:
        empty = re.compile(_CLASS.sub("x", pattern)).match("") is not None
    except re.error:
        raise SqlError("invalid regular expression", "2201B") from None
    if empty:
        raise NotSupported("REGEXP_INSTR of a pattern that can match the empty text")


def _replace(arguments: Arguments) -> exp.Expr:
    search = _search(arguments, start=3, occurrence=None, flags=4)
    new = text(arguments[2]) if len(arguments) > 2 else string("")  # noqa: PLR2004
    if isinstance(new, exp.Literal) and _REFERENCE.search(new.name):
        raise NotSupported("a replacement that refers to what the pattern matched")
    if search.start == 1:
        return call("text_regexp_replace", search.subject, search.pattern, new)
    whole, start = text(arguments[0]).copy(), number(search.start)
    return call("text_regexp_replace_from", whole, search.pattern, new, start)


PATTERNS: Mapping[str, Function] = {
    "regexp_count": Function(2, 4, always(INT), _count),
    "regexp_instr": Function(2, 6, always(INT), _instr),
    "regexp_replace": Function(2, 5, always(TEXT), _replace),
    "regexp_substr": Function(2, 5, always(TEXT), _substr),
}
