"""Quotients of exact numbers: DuckDB divides decimals as floats."""

from sqlglot import exp

from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.functions import cast, number
from infra.local.warehouse.sql.kinds import Kind

_HUGEINT = exp.DataType.build("HUGEINT", dialect="duckdb")


def exact_quotient(left: exp.Expr, right: exp.Expr, *, kinds_of: tuple[Kind, Kind], result: Kind) -> exp.Expr:
    """left / right of exact numbers, computed on whole numbers: DuckDB divides decimals as floats."""
    (_, s1), (_, s2) = (kinds.digits(kind) for kind in kinds_of)
    _, scale = kinds.digits(result)
    shift = scale + s2 - s1
    dividend, divisor = _unscaled(left, s1), _unscaled(right, s2)
    if shift >= 0:
        dividend = exp.Mul(this=dividend, expression=cast(number(10**shift), _HUGEINT))
    else:
        divisor = exp.Paren(this=exp.Mul(this=divisor, expression=cast(number(10**-shift), _HUGEINT)))
    whole = exp.IntDiv(this=exp.Paren(this=dividend), expression=divisor)
    if scale == 0:
        return cast(whole, result)
    step = cast(exp.Literal.string(f"0.{'0' * (scale - 1)}1"), kinds.decimal(scale, scale))
    return cast(exp.Mul(this=cast(whole, kinds.decimal(38, 0)), expression=step), result)


def _unscaled(value: exp.Expr, scale: int) -> exp.Expr:
    if scale == 0:
        return cast(value, _HUGEINT)
    wide = cast(value, kinds.decimal(38, scale))
    return cast(exp.Mul(this=wide, expression=number(10**scale)), _HUGEINT)
