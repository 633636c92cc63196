"""Statements with parameters, rewritten once for all values that cannot change what they mean.

A dashboard asks the same statement again and again with other dates. A parameter that stands where only its
type counts, in `CAST(:day AS DATE)`, beside a column, or as what a CASE compares with texts, is compiled as
a mark, and each value takes the place of its mark in the finished text. Any other use of a parameter, or a
value that is not plainly of its type, has the statement compiled with the value itself.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import date

from sqlglot import exp

_END = "\ue000"
_MARK = f"{_END}{secrets.token_hex(16)} "  # no statement and no value can have it in it
_SLOT = re.compile(f"'{_MARK}([^{_END}]+){_END}'")
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_BESIDE_A_COLUMN = (exp.EQ, exp.NEQ, exp.In)


def _is_day(value: str) -> bool:
    try:
        return len(value) == len("2000-01-01") and date.fromisoformat(value).year > 0
    except ValueError:
        return False


def _is_whole(value: str) -> bool:
    return _WHOLE.fullmatch(value) is not None


def _is_money(value: str) -> bool:
    return _MONEY.fullmatch(value) is not None


def _is_text(value: str) -> bool:
    return not value.endswith(" ")  # such blanks do not count in a comparison, and are cut


Fits = Callable[[str], bool]
_CASTS: Mapping[exp.DType, Fits] = {
    exp.DType.DATE: _is_day,
    exp.DType.INT: _is_whole,
    exp.DType.BIGINT: _is_whole,
}
_OF_MONEY = frozenset({"DECIMAL(18, 2)", "DECIMAL(21, 2)", "DECIMAL(38, 2)"})


def slots(tree: exp.Expr) -> Mapping[str, Fits]:
    """What a parameter's values must be for the statement to mean the same; none where that is not known."""
    found: dict[str, Fits] = {}
    for node in tree.find_all(exp.Placeholder, exp.Parameter):
        fits = _fits(node)
        if fits is None or not isinstance(node.this, str) or found.setdefault(node.this, fits) is not fits:
            return {}
    return found


def _fits(node: exp.Expr) -> Fits | None:
    parent = node.parent
    if isinstance(parent, exp.Cast):
        return _is_money if parent.to.sql() in _OF_MONEY else _CASTS.get(parent.to.this)
    if isinstance(parent, _BESIDE_A_COLUMN) and isinstance(parent.this, exp.Column):
        return _is_text
    if (
        isinstance(parent, exp.EQ)
        and isinstance(parent.expression, exp.Literal)
        and parent.expression.is_string
    ):
        return _is_text
    if isinstance(parent, exp.Case) and node.arg_key == "this":
        texts = (when.this for when in parent.args["ifs"])
        return _is_text if all(isinstance(text, exp.Literal) and text.is_string for text in texts) else None
    return None


def marks(names: Mapping[str, Fits]) -> dict[str, str]:
    """A mark for each parameter, to be bound as its value."""
    return {name: f"{_MARK}{name}{_END}" for name in names}


def is_mark(value: str) -> bool:
    """Whether the text of a literal is a parameter's mark."""
    return value.startswith(_MARK)


def holds(sql: str, names: Mapping[str, Fits]) -> bool:
    """Whether the text has each mark, and only as a literal of its own."""
    return set(_SLOT.findall(sql)) == set(names) and _MARK not in _SLOT.sub("", sql)


def fits(names: Mapping[str, Fits], values: Mapping[str, str]) -> bool:
    """Whether the values may take the place of the marks."""
    return names.keys() == values.keys() and all(names[name](value) for name, value in values.items())


def fill(sql: str, values: Mapping[str, str]) -> str:
    """The text with each value as a literal in the place of its mark."""
    return _SLOT.sub(lambda found: "'" + values[found[1]].replace("'", "''") + "'", sql)
