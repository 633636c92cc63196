"""Mathematical functions."""

from collections.abc import Mapping

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.functions.function import (
    Arguments,
    Function,
    always,
    call,
    cast,
    number,
    renamed,
    same,
    string,
    text,
    whole_literal,
)
from infra.local.warehouse.sql.kinds import BIGINT, DATE, DOUBLE, Kind

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _float(name: str, arguments: int = 1, *, column: str | None = None) -> Function:
    def build(values: Arguments) -> exp.Expr:
        return call(name, *(cast(value, DOUBLE) for value in values))

    return Function(arguments, arguments, always(DOUBLE), build, column=column)


def _trunc(arguments: Arguments) -> exp.Expr:
    if kinds.is_time(kinds.of(arguments[0])):
        return cast(arguments[0], DATE)
    return call("trunc", *arguments)


def _trunc_kind(arguments: Arguments) -> Kind:
    return DATE if kinds.is_time(kinds.of(arguments[0])) else _rounded_kind(arguments)


def _rounded_kind(arguments: Arguments) -> Kind:
    kind = same(arguments)
    if not kinds.is_decimal(kind):
        return kind
    precision, scale = kinds.digits(kind)
    places = whole_literal(arguments[1]) if len(arguments) > 1 else 0
    if places is None:
        raise NotSupported("rounding a decimal to a number of places that is not a literal")
    return kinds.decimal(precision, max(0, min(scale, places)))


def _whole_kind(arguments: Arguments) -> Kind:
    kind = same(arguments)
    return kinds.decimal(kinds.digits(kind)[0], 0) if kinds.is_decimal(kind) else kind


def _sign_kind(arguments: Arguments) -> Kind:
    kind = same(arguments)
    return kinds.decimal(1, 0) if kinds.is_decimal(kind) else kind


def _strtol(arguments: Arguments) -> exp.Expr:
    value, base = text(arguments[0]), whole_literal(arguments[1])
    if base is None:
        raise NotSupported("STRTOL with a base that is not a literal")
    if not 1 < base <= len(_DIGITS):
        raise SqlError("Base must be between 2 and 36", "22023")
    prefix = "(0[xX])?" if base == 16 else ""  # noqa: PLR2004 - hexadecimal
    pattern = rf"(?i)\s*[-+]?{prefix}[{_DIGITS[:base]}]*"
    return call("whole_of_text", value, string(pattern), number(base))


_CEILING = Function(1, 1, _whole_kind, renamed("ceil"))
_LN = _float("ln")
_POWER = _float("pow", 2, column="power")

NUMBERS: Mapping[str, Function] = {
    "abs": Function(1, 1, same, renamed("abs")),
    **{name: _float(name) for name in ("acos", "asin", "atan", "cbrt", "cos", "cot", "degrees", "exp")},
    **{name: _float(name) for name in ("radians", "sin", "sqrt", "tan")},
    "atan2": _float("atan2", 2),
    "ceil": _CEILING,
    "ceiling": _CEILING,
    "dexp": _float("exp"),
    "dlog1": _LN,
    "dlog10": _float("log10"),
    "floor": Function(1, 1, _whole_kind, renamed("floor")),
    "ln": _LN,
    "log": _float("log10", column="dlog10"),
    "mod": Function(
        2,
        2,
        lambda a: kinds.sum_of(kinds.of(a[0]), kinds.of(a[1])),
        lambda a: exp.Paren(this=exp.Mod(this=exp.Paren(this=a[0]), expression=exp.Paren(this=a[1]))),
    ),
    "pi": Function(0, 0, always(DOUBLE), renamed("pi")),
    "pow": _POWER,
    "power": _POWER,
    "ratio_to_report": Function(1, 1, always(DOUBLE), renamed("ratio_to_report"), window=True),
    "round": Function(1, 2, _rounded_kind, renamed("round")),
    "sign": Function(1, 1, _sign_kind, lambda a: cast(call("sign", a[0]), _sign_kind(a))),
    "strtol": Function(2, 2, always(BIGINT), _strtol),
    "trunc": Function(1, 2, _trunc_kind, _trunc),
}
