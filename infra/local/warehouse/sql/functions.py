"""The scalar functions that analysts may call: Redshift's name, its type, and what DuckDB computes for it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql import calendar_formats as formats
from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.kinds import BIGINT, DATE, DOUBLE, INT, TEXT, TIMESTAMP, Kind
from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR

Arguments = Sequence[exp.Expr]
# Abbreviations and offsets have meanings of Redshift's own.
_ZONE = re.compile(r"UTC|GMT|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_+-]+){1,2}", re.IGNORECASE)


@dataclass(frozen=True)
class Function:
    """A function: how many arguments, which type, which DuckDB expression, which column name."""

    least: int
    most: int
    kind: Callable[[Arguments], Kind]
    build: Callable[[Arguments], exp.Expr]
    column: str | None = None  # Redshift's name of an unnamed column, when it is not the function's
    unit: bool = False  # the first argument is a date part, not a value
    repeats: bool = False  # what is built holds an argument more than once, at most as often as there are any


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A call of one of DuckDB's functions."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(value: exp.Expr, kind: Kind) -> exp.Cast:
    """CAST(value AS kind)."""
    return exp.Cast(this=value, to=kind.copy())


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def lookup(node: exp.Expr) -> Function:
    """The function that the node calls; an error that names it when it is not listed or is called wrongly."""
    name = str(node.this).lower()
    function = FUNCTIONS.get(name)
    if function is None:
        raise NotSupported(f"function {name[:60]}()")
    if not function.least <= len(node.expressions) <= function.most:
        raise SqlError(f"function {name} does not take {len(node.expressions)} arguments", "42883")
    return function


def _always(kind: Kind) -> Callable[[Arguments], Kind]:
    return lambda _: kind


def _same(arguments: Arguments) -> Kind:
    kind = kinds.of(arguments[0])
    return DOUBLE if kinds.is_untyped(arguments[0]) else kind


def _common(arguments: Arguments) -> Kind:
    typed = [kinds.of(a) for a in arguments if not kinds.is_untyped(a)]
    return kinds.common(typed or [kinds.of(a) for a in arguments])


def _renamed(name: str) -> Callable[[Arguments], exp.Expr]:
    return lambda arguments: call(name, *arguments)


def _text(name: str, least: int = 1, most: int | None = None) -> Function:
    return Function(least, most or least, _always(TEXT), _renamed(name))


def _float(name: str, arguments: int = 1) -> Function:
    return Function(
        arguments, arguments, _always(DOUBLE), lambda a: call(name, *(cast(x, DOUBLE) for x in a))
    )


def _counted(name: str) -> Callable[[Arguments], exp.Expr]:
    return lambda arguments: cast(call(name, *arguments), INT)


def _first_characters(name: str) -> Function:
    def build(arguments: Arguments) -> exp.Expr:
        return call(name, arguments[0], call("greatest", arguments[1], number(0)))

    return Function(2, 2, _always(TEXT), build)


def _timestamp(value: exp.Expr) -> exp.Expr:
    zoned = kinds.of(value).this == exp.DType.TIMESTAMPTZ
    return value if zoned else cast(value, TIMESTAMP)


def _date_add(arguments: Arguments) -> exp.Expr:
    unit = formats.unit(arguments[0])
    plural = {"quarter": "months", "week": "weeks"}.get(unit, f"{unit}s")
    count: exp.Expr = cast(arguments[1], INT)
    if unit == "quarter":
        count = exp.Mul(this=exp.Paren(this=count), expression=number(3))
    return exp.Paren(this=exp.Add(this=_timestamp(arguments[2]), expression=call(f"to_{plural}", count)))


def _date_diff(arguments: Arguments) -> exp.Expr:
    unit = formats.unit(arguments[0])
    if unit == "week":
        raise NotSupported("DATEDIFF in weeks")
    return call("date_diff", exp.Literal.string(unit), _timestamp(arguments[1]), _timestamp(arguments[2]))


def _date_trunc(arguments: Arguments) -> exp.Expr:
    return call("date_trunc", exp.Literal.string(formats.unit(arguments[0])), _timestamp(arguments[1]))


def date_part(unit: exp.Expr, value: exp.Expr, kind: Kind) -> exp.Expr:
    """A part of a date or timestamp as a number of the given type."""
    return cast(call("date_part", exp.Literal.string(formats.part(unit)), _timestamp(value)), kind)


def _convert_timezone(arguments: Arguments) -> exp.Expr:
    """The moment of one zone's clock on another's; without a source, the clock is UTC's."""
    *source, target, moment = arguments
    for zone in (*source, target):
        if isinstance(zone, exp.Literal) and not _ZONE.fullmatch(zone.name):
            raise NotSupported("CONVERT_TIMEZONE with anything but UTC, GMT or a name such as Europe/Paris")
    start = source[0] if source else exp.Literal.string("UTC")
    at = cast(moment, TIMESTAMP) if kinds.of(moment).this != exp.DType.TIMESTAMPTZ else moment
    zoned = at if at is moment else call("timezone", start, at)
    return call("timezone", target, zoned)


def _trunc(arguments: Arguments) -> exp.Expr:
    if kinds.is_time(kinds.of(arguments[0])):
        return cast(arguments[0], DATE)
    return call("trunc", *arguments)


def _trunc_kind(arguments: Arguments) -> Kind:
    return DATE if kinds.is_time(kinds.of(arguments[0])) else _rounded_kind(arguments)


def _rounded_kind(arguments: Arguments) -> Kind:
    kind = _same(arguments)
    if not kinds.is_decimal(kind):
        return kind
    precision, scale = kinds.digits(kind)
    places = arguments[1] if len(arguments) > 1 else number(0)
    if not places.is_int:
        raise NotSupported("rounding a decimal to a number of places that is not a literal")
    return kinds.decimal(precision, max(0, min(scale, int(places.to_py()))))


def _whole_kind(arguments: Arguments) -> Kind:
    kind = _same(arguments)
    return kinds.decimal(kinds.digits(kind)[0], 0) if kinds.is_decimal(kind) else kind


def _nvl2(arguments: Arguments) -> exp.Expr:
    present = exp.Not(this=exp.Is(this=exp.Paren(this=arguments[0]), expression=exp.Null()))
    return exp.Case(ifs=[exp.If(this=present, true=arguments[1])], default=arguments[2])


def _decode(arguments: Arguments) -> exp.Expr:
    """DECODE: unlike CASE, it finds NULL equal to NULL."""
    subject, rest = arguments[0], list(arguments[1:])
    default = rest.pop() if len(rest) % 2 else exp.Null()
    ifs = [
        exp.If(this=exp.NullSafeEQ(this=exp.Paren(this=subject.copy()), expression=value), true=result)
        for value, result in zip(rest[::2], rest[1::2], strict=True)
    ]
    return exp.Case(ifs=ifs, default=default)


def _decode_kind(arguments: Arguments) -> Kind:
    rest = list(arguments[1:])
    return _common(rest[1::2] + ([rest[-1]] if len(rest) % 2 else []))


def within(text: exp.Expr) -> exp.Expr:
    """The text, unless it is longer than any VARCHAR."""
    return call("text_within", text)


def _concat(arguments: Arguments) -> exp.Expr:
    return within(exp.DPipe(this=cast(arguments[0], TEXT), expression=cast(arguments[1], TEXT)))


def _replace(arguments: Arguments) -> exp.Expr:
    _, searched, new = arguments
    literal = all(isinstance(part, exp.Literal) and part.is_string for part in (searched, new))
    grows = not (literal and len(new.name.encode()) <= len(searched.name.encode()))
    return call("text_replace" if grows else "replace", *arguments)


def _regexp_count(arguments: Arguments) -> exp.Expr:
    return cast(call("len", call("regexp_extract_all", *arguments)), INT)


def _strpos(arguments: Arguments) -> exp.Expr:
    return cast(call("strpos", *arguments), INT)


def _substr(arguments: Arguments) -> exp.Expr:
    return substring(*arguments)


def substring(value: exp.Expr, start: exp.Expr, length: exp.Expr | None = None) -> exp.Expr:
    """SUBSTRING with Redshift's reading of a start before the first character."""
    text = cast(value, TEXT)
    if start.is_int and int(start.to_py()) >= 1:
        return call("substring", text, start, *([length] if length else []))
    first = call("greatest", start.copy(), number(1))
    if length is None:
        return call("substring", text, first)
    end = exp.Add(this=exp.Paren(this=start), expression=exp.Paren(this=length))
    rest = exp.Sub(this=exp.Paren(this=end), expression=first.copy())
    return call("substring", text, first, call("greatest", rest, number(0)))


def _to_char(arguments: Arguments) -> exp.Expr:
    if not kinds.is_time(kinds.of(arguments[0])):
        raise NotSupported("TO_CHAR of anything but a date or timestamp")
    pattern = exp.Literal.string(formats.strftime(arguments[1]))
    return call("strftime", _timestamp(arguments[0]), pattern)


def _to_date(arguments: Arguments) -> exp.Expr:
    pattern = exp.Literal.string(formats.strftime(arguments[1]))
    return cast(call("strptime", arguments[0], pattern), DATE)


def _at_most(count: exp.Expr, length: exp.Expr) -> exp.Expr:
    """The count, unless the text of this length that it makes would be longer than any VARCHAR.

    The check is inside the count because DuckDB computes constants before it looks at a CASE around them.
    """
    fits = exp.Paren(this=exp.LTE(this=exp.Paren(this=length), expression=number(MAX_VARCHAR)))
    fault = cast(call("error", exp.Literal.string("value too long")), INT)
    return exp.Case(ifs=[exp.If(this=exp.Not(this=fits), true=fault)], default=cast(count, INT))


def _repeat(arguments: Arguments) -> exp.Expr:
    text, count = arguments
    length = exp.Mul(this=call("strlen", text.copy()), expression=exp.Paren(this=count.copy()))
    return call("repeat", text, _at_most(count, length))


def _pad(name: str) -> Callable[[Arguments], exp.Expr]:
    def build(arguments: Arguments) -> exp.Expr:
        text, length, *filling = arguments
        return call(name, text, _at_most(length, length.copy()), *(filling or [exp.Literal.string(" ")]))

    return build


_LENGTH = Function(1, 1, _always(INT), _counted("length"), column="length")
_DATE_ADD = Function(3, 3, _always(TIMESTAMP), _date_add, column="date_add", unit=True)
_DATE_DIFF = Function(3, 3, _always(BIGINT), _date_diff, column="date_diff", unit=True)
_COALESCE = Function(1, 100, _common, _renamed("coalesce"), column="coalesce")
_CEILING = Function(1, 1, _whole_kind, _renamed("ceil"), column="ceil")
_POWER = Function(2, 2, _always(DOUBLE), lambda a: call("pow", *(cast(x, DOUBLE) for x in a)), column="power")
_REPEAT = Function(2, 2, _always(TEXT), _repeat, column="repeat", repeats=True)
_SUBSTRING = Function(2, 3, _always(TEXT), _substr, column="substring", repeats=True)

FUNCTIONS: Mapping[str, Function] = {
    "upper": _text("upper"),
    "lower": _text("lower"),
    "length": _LENGTH,
    "len": _LENGTH,
    "char_length": _LENGTH,
    "character_length": _LENGTH,
    "textlen": _LENGTH,
    "left": _first_characters("left"),
    "right": _first_characters("right"),
    "replace": Function(3, 3, _always(TEXT), _replace),
    "charindex": Function(2, 2, _always(INT), lambda a: _strpos(a[::-1]), column="charindex"),
    "strpos": Function(2, 2, _always(INT), _strpos),
    "lpad": Function(2, 3, _always(TEXT), _pad("lpad"), repeats=True),
    "rpad": Function(2, 3, _always(TEXT), _pad("rpad"), repeats=True),
    "repeat": _REPEAT,
    "replicate": _REPEAT,
    "reverse": _text("reverse"),
    "split_part": _text("split_part", 3),
    "translate": _text("translate", 3),
    "ascii": Function(1, 1, _always(INT), _renamed("ascii")),
    "chr": _text("chr"),
    "md5": _text("md5"),
    "ltrim": _text("ltrim", 1, 2),
    "rtrim": _text("rtrim", 1, 2),
    "btrim": _text("trim", 1, 2),
    "concat": Function(2, 2, _always(TEXT), _concat),
    "substr": _SUBSTRING,
    "regexp_substr": Function(2, 2, _always(TEXT), _renamed("regexp_extract")),
    "regexp_replace": Function(3, 3, _always(TEXT), _renamed("text_regexp_replace")),
    "regexp_count": Function(2, 2, _always(INT), _regexp_count),
    "abs": Function(1, 1, _same, _renamed("abs")),
    "ceil": _CEILING,
    "ceiling": _CEILING,
    "floor": Function(1, 1, _whole_kind, _renamed("floor")),
    "round": Function(1, 2, _rounded_kind, _renamed("round")),
    "trunc": Function(1, 2, _trunc_kind, _trunc),
    "mod": Function(
        2,
        2,
        lambda a: kinds.sum_of(kinds.of(a[0]), kinds.of(a[1])),
        lambda a: exp.Paren(this=exp.Mod(this=exp.Paren(this=a[0]), expression=exp.Paren(this=a[1]))),
    ),
    "power": _POWER,
    "pow": _POWER,
    "sqrt": _float("sqrt"),
    "exp": _float("exp"),
    "ln": _float("ln"),
    "log": _float("log10"),
    "pi": Function(0, 0, _always(DOUBLE), _renamed("pi")),
    "sign": Function(1, 1, _same, lambda a: cast(call("sign", a[0]), _same(a))),
    **{name: _float(name) for name in ("radians", "degrees", "sin", "cos", "tan", "asin", "acos", "atan")},
    "atan2": _float("atan2", 2),
    "coalesce": _COALESCE,
    "nvl": _COALESCE,
    "nvl2": Function(3, 3, lambda a: _common(a[1:]), _nvl2),
    "decode": Function(3, 255, _decode_kind, _decode, column="case", repeats=True),
    "nullif": Function(2, 2, _common, _renamed("nullif")),
    "greatest": Function(1, 100, _common, _renamed("greatest")),
    "least": Function(1, 100, _common, _renamed("least")),
    "dateadd": _DATE_ADD,
    "date_add": _DATE_ADD,
    "convert_timezone": Function(2, 3, _always(TIMESTAMP), _convert_timezone),
    "datediff": _DATE_DIFF,
    "date_diff": _DATE_DIFF,
    "date_trunc": Function(2, 2, _always(TIMESTAMP), _date_trunc, unit=True),
    "date_part": Function(
        2, 2, _always(DOUBLE), lambda a: date_part(a[0], a[1], DOUBLE), column="pgdate_part", unit=True
    ),
    "last_day": Function(1, 1, _always(DATE), lambda a: call("last_day", _timestamp(a[0]))),
    "to_char": Function(2, 2, _always(TEXT), _to_char),
    "to_date": Function(2, 2, _always(DATE), _to_date),
}
