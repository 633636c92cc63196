"""Data type formatting functions: TO_CHAR, TO_DATE, TO_TIMESTAMP and TO_NUMBER with literal formats."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.sql import calendar_formats as formats
from infra.local.warehouse.sql import kinds
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
    timestamp,
)
from infra.local.warehouse.sql.kinds import DATE, DOUBLE, TEXT, TIMESTAMP, TIMESTAMPTZ, Kind

_NUMBER = re.compile(
    r"(?P<fill>FM)?(?P<before>[$L ]*)(?P<sign>S|MI)?(?P<whole>[09][09,G]*)?(?:[.D](?P<places>[09]*))?"
    r"(?P<after>S|MI|PR)?(?P<end>%?)",
    re.IGNORECASE,
)
_MOST_DIGITS = 38


@dataclass(frozen=True)
class _NumberFormat:
    """A format such as FM$999,990.00: places before and after the point, of which some are always written."""

    before: str
    whole: int
    zeros: int
    places: int
    kept: int
    grouped: int  # separators
    fill: bool
    sign: str
    end: str


def _number_format(node: exp.Expr) -> _NumberFormat:
    """The format that a literal states; one that is not listed here is refused."""
    words = literal(node, "a number format")
    match = _NUMBER.fullmatch(words)
    if match is None or not (match["whole"] or match["places"]) or (match["sign"] and match["after"]):
        raise NotSupported(f'number format "{words[:20]}"')
    after, fill = (match["after"] or "").upper(), bool(match["fill"])
    digits, grouped = _grouped(match["whole"] or "", words)
    places = match["places"] or ""
    if (fill and after == "PR") or len(digits) + len(places) > _MOST_DIGITS:
        raise NotSupported(f'number format "{words[:20]}"')
    sign = (match["sign"] or "").upper() or (f"post {after}" if after in ("S", "MI") else after)
    return _NumberFormat(
        re.sub("[lL]", "$", match["before"]),
        len(digits),
        len(digits) - digits.index("0") if "0" in digits else 0,
        len(places),
        places.rindex("0") + 1 if "0" in places else 0,
        grouped,
        fill,
        sign,
        match["end"],
    )


def _grouped(whole: str, words: str) -> tuple[str, int]:
    """The places before the point, and how many separators stand between each three of them."""
    parts = re.split("[,Gg]", whole)
    if any(len(part) != 3 for part in parts[1:]) or (len(parts) > 1 and not 1 <= len(parts[0]) <= 3):  # noqa: PLR2004
        raise NotSupported(f'number format "{words[:20]}"')
    return "".join(parts), len(parts) - 1


def _number_text(value: exp.Expr, node: exp.Expr) -> exp.Expr:
    form = _number_format(node)
    amount: exp.Expr
    if kinds.is_float(kinds.of(value)):
        amount = call("format", string(f"{{:.{form.places}f}}"), cast(value, DOUBLE))
    else:
        wide = kinds.decimal(_MOST_DIGITS, form.places)
        amount = cast(cast(call("round", value, number(form.places)), wide), TEXT)
    digits: exp.Expr = call(
        "digits_text",
        amount,
        *map(number, (form.whole, form.zeros, form.places, form.kept, form.grouped)),
        exp.Boolean(this=form.fill),
        string(form.sign),
    )
    if form.before:
        digits = exp.DPipe(this=string(form.before), expression=digits)
    return exp.Paren(this=exp.DPipe(this=digits, expression=string(form.end))) if form.end else digits


def _to_char(arguments: Arguments) -> exp.Expr:
    value, form = arguments
    if kinds.is_number(kinds.of(value)):
        return _number_text(value, form)
    if not kinds.is_time(kinds.of(value)):
        raise NotSupported("TO_CHAR of anything but a date, a timestamp or a number")
    pattern = formats.strftime(form)
    if pattern is not None:
        return call("strftime", timestamp(value), string(pattern))
    pieces = exp.Array(expressions=[string(piece) for piece in formats.template(form)])
    return call("calendar_text", timestamp(value), pieces)


def _read(arguments: Arguments) -> exp.Expr:
    """The moment that a text of the format states; days or hours too many run over, unless it is strict."""
    value, form, *strict = arguments
    if strict and not isinstance(strict[0], exp.Boolean):
        raise NotSupported("is_strict that is not TRUE or FALSE")
    pattern, names = formats.reading(form)
    groups = exp.Array(expressions=[string(name) for name in names])
    flag = exp.Boolean(this=bool(strict and strict[0].this))
    return call("time_of_text", text(value), string(pattern), groups, flag)


def _to_number(arguments: Arguments) -> exp.Expr:
    form = _number_format(arguments[1])
    sign = {"": "[-+]?", "S": "[-+]?", "MI": "-?"}.get(form.sign, "")
    end = {"post S": "[-+]?", "post MI": "-?"}.get(form.sign, "")
    if form.sign == "PR":
        raise NotSupported("TO_NUMBER of a format with PR")
    money = re.escape(form.before.strip()).replace(r"\$", r"\$?")
    places = rf"(\.\d{{0,{form.places}}})?" if form.places else ""
    whole = rf"(\d,?){{0,{form.whole}}}" if form.grouped else rf"\d{{0,{form.whole}}}"
    pattern = rf"\s*{money}\s*{sign}\s*{whole}{places}\s*{end}\s*{form.end}\s*"
    return cast(call("digits_of_text", text(arguments[0]), string(pattern)), _to_number_kind(arguments))


def _to_number_kind(arguments: Arguments) -> Kind:
    form = _number_format(arguments[1])
    return kinds.decimal(max(form.whole + form.places, 1), form.places)


FORMATTING: Mapping[str, Function] = {
    "to_char": Function(2, 2, always(TEXT), _to_char),
    "to_date": Function(2, 3, always(DATE), lambda a: cast(_read(a), DATE)),
    "to_number": Function(2, 2, _to_number_kind, _to_number),
    "to_timestamp": Function(
        2, 3, always(TIMESTAMPTZ), lambda a: call("timezone", string("UTC"), cast(_read(a), TIMESTAMP))
    ),
}
