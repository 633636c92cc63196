"""String functions."""

from collections.abc import Mapping

from sqlglot import exp

from infra.local.warehouse.errors import SqlError
from infra.local.warehouse.sql.functions.function import (
    Arguments,
    Builder,
    Function,
    always,
    at_most,
    call,
    cast,
    number,
    string,
    text,
    whole_literal,
    within,
)
from infra.local.warehouse.sql.kinds import INT, TEXT


def _texts(name: str) -> Builder:
    """DuckDB's function of arguments that are all text."""
    return lambda arguments: call(name, *map(text, arguments))


def _text(name: str, least: int = 1, most: int | None = None) -> Function:
    return Function(least, most or least, always(TEXT), _texts(name))


def _count(name: str, *, column: str | None = None, arguments: int = 1) -> Function:
    """What DuckDB counts as int8 and Redshift as int4."""
    return Function(arguments, arguments, always(INT), lambda a: cast(_texts(name)(a), INT), column=column)


def _first_characters(name: str) -> Function:
    def build(arguments: Arguments) -> exp.Expr:
        return call(name, text(arguments[0]), call("greatest", arguments[1], number(0)))

    return Function(2, 2, always(TEXT), build)


def _concat(arguments: Arguments) -> exp.Expr:
    left, right = map(text, arguments)
    return within(exp.DPipe(this=cast(left, TEXT), expression=cast(right, TEXT)))


def _replace(arguments: Arguments) -> exp.Expr:
    _, searched, new = arguments
    literal = all(isinstance(part, exp.Literal) and part.is_string for part in (searched, new))
    grows = not (literal and len(new.name.encode()) <= len(searched.name.encode()))
    return _texts("text_replace" if grows else "replace")(arguments)


def substring(value: exp.Expr, start: exp.Expr, length: exp.Expr | None = None) -> exp.Expr:
    """SUBSTRING with Redshift's reading of a start before the first character."""
    value = cast(text(value), TEXT)
    if start.is_int and int(start.to_py()) >= 1:
        return call("substring", value, start, *([length] if length else []))
    first = call("greatest", start.copy(), number(1))
    if length is None:
        return call("substring", value, first)
    end = exp.Add(this=exp.Paren(this=start), expression=exp.Paren(this=length))
    rest = exp.Sub(this=exp.Paren(this=end), expression=first.copy())
    return call("substring", value, first, call("greatest", rest, number(0)))


def _repeat(arguments: Arguments) -> exp.Expr:
    value, count = text(arguments[0]), arguments[1]
    length = exp.Mul(this=call("strlen", value.copy()), expression=exp.Paren(this=count.copy()))
    return call("repeat", value, at_most(count, length))


def _pad(name: str) -> Builder:
    def build(arguments: Arguments) -> exp.Expr:
        value, length, *filling = arguments
        size = at_most(length, length.copy())
        return call(name, text(value), size, *(map(text, filling) if filling else [string(" ")]))

    return build


def _split_part(arguments: Arguments) -> exp.Expr:
    *texts, part = arguments
    place = whole_literal(part)
    if place is not None and place < 1:
        raise SqlError("field position must be greater than zero", "22023")
    return call("text_part" if place is None else "split_part", *map(text, texts), part)


def _translate(arguments: Arguments) -> exp.Expr:
    new = arguments[2]
    plain = isinstance(new, exp.Literal) and new.name.isascii()
    found = _texts("translate")(arguments)
    return found if plain else within(found)


_LENGTH = _count("length", column="length")
_REPEAT = Function(2, 2, always(TEXT), _repeat, column="repeat", repeats=True)
_SUBSTRING = Function(2, 3, always(TEXT), lambda a: substring(*a), column="substring", repeats=True)
_TEXT_ORDER = _count("text_order", arguments=2)

STRINGS: Mapping[str, Function] = {
    "ascii": Function(1, 1, always(INT), _texts("ascii")),
    "bpcharcmp": _TEXT_ORDER,
    "btrim": _text("trim", 1, 2),
    "bttext_pattern_cmp": _TEXT_ORDER,
    "char_length": _LENGTH,
    "character_length": _LENGTH,
    "charindex": Function(2, 2, always(INT), lambda a: cast(_texts("strpos")(a[::-1]), INT)),
    "chr": Function(1, 1, always(TEXT), lambda a: call("text_character", a[0])),
    "concat": Function(2, 2, always(TEXT), _concat),
    "initcap": _text("text_capitals"),
    "left": _first_characters("left"),
    "len": _LENGTH,
    "length": _LENGTH,
    "lower": _text("lower"),
    "lpad": Function(2, 3, always(TEXT), _pad("lpad"), repeats=True),
    "ltrim": _text("ltrim", 1, 2),
    "octet_length": _count("strlen"),
    "octetindex": _count("text_octet", arguments=2),
    "quote_literal": _text("text_quoted"),
    "repeat": _REPEAT,
    "replace": Function(3, 3, always(TEXT), _replace),
    "replicate": _REPEAT,
    "reverse": _text("reverse"),
    "right": _first_characters("right"),
    "rpad": Function(2, 3, always(TEXT), _pad("rpad"), repeats=True),
    "rtrim": _text("rtrim", 1, 2),
    "split_part": Function(3, 3, always(TEXT), _split_part),
    "strpos": _count("strpos", arguments=2),
    "substr": _SUBSTRING,
    "textlen": _LENGTH,
    "translate": Function(3, 3, always(TEXT), _translate),
    "upper": _text("upper"),
}
