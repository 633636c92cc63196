"""Aggregates and window functions: from Redshift's meaning to DuckDB's."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql import functions, kinds
from infra.local.warehouse.sql.functions import call, cast, number
from infra.local.warehouse.sql.kinds import BIGINT, DOUBLE, TEXT, Kind
from infra.local.warehouse.sql.quotients import exact_quotient


def _average(node: exp.Expr, window: exp.Window | None = None) -> exp.Expr:
    result = kinds.of(node)
    argument = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    total, count = exp.Sum(this=node.this.copy()), exp.Count(this=node.this.copy(), big_int=True)
    both: list[exp.Expr] = [total, count]
    if window is not None:
        both = [_over(part, window) for part in both]
    kind = kinds.of(argument)
    if kinds.is_float(kind):
        return exp.Paren(
            this=exp.Div(this=cast(both[0], DOUBLE), expression=call("nullif", both[1], number(0)))
        )
    scale = 0 if kinds.is_integer(kind) else kinds.digits(kind)[1]
    wide = kinds.decimal(38, scale)
    divisor = call("nullif", both[1], number(0))
    return exact_quotient(both[0], divisor, kinds_of=(wide, BIGINT), result=_as_decimal(result))


def _as_decimal(kind: Kind) -> Kind:
    return kinds.decimal(38, 0) if kinds.is_integer(kind) else kind


def _over(aggregate: exp.Expr, window: exp.Window) -> exp.Window:
    copy = window.copy()
    copy.set("this", aggregate)
    return copy


def _aggregate(node: exp.Expr) -> exp.Expr:
    """SUM and AVG outside a window; inside one, the window's rule does it."""
    if isinstance(node.parent, exp.Window):
        return node
    if isinstance(node, exp.Avg):
        return cast(_average(node), kinds.of(node))
    return cast(node.copy(), kinds.of(node))


def _window(node: exp.Window) -> exp.Expr:
    function, kind = node.this, kinds.of(node)
    if isinstance(function, exp.Avg):
        return cast(_average(function, node), kind)
    if isinstance(function, exp.Sum | exp.Rank | exp.DenseRank):
        return cast(node.copy(), kind)
    if not isinstance(function, exp.Anonymous):
        return node
    if function.name == "ratio_to_report":
        return _ratio(function.expressions[0], node)
    return functions.within(node.copy()) if kinds.is_text(kind) else cast(node.copy(), kind)


def _ratio(value: exp.Expr, window: exp.Window) -> exp.Expr:
    part = cast(value, DOUBLE)
    return exp.Paren(this=exp.Div(this=part, expression=_over(exp.Sum(this=part.copy()), window)))


def _median(node: exp.Median) -> exp.Expr:
    return _quantile(node, node.this, exp.Literal.number("0.5"))


def _within_group(node: exp.WithinGroup) -> exp.Expr:
    order = node.expression.expressions
    if isinstance(node.this, exp.GroupConcat):
        return _listagg(node.this, node.expression)
    if len(order) != 1 or not node.this.this.is_number:
        raise NotSupported("a percentile of this form")
    fraction, descending = Decimal(node.this.this.name), bool(order[0].args.get("desc"))
    if not 0 <= fraction <= 1:
        raise SqlError("percentile value must be between 0 and 1", "22003")
    if isinstance(node.this, exp.PercentileDisc):
        return _discrete(node, order[0].this, -fraction if descending else fraction)
    return _quantile(node, order[0].this, exp.Literal.number(str(1 - fraction if descending else fraction)))


def _discrete(node: exp.WithinGroup, value: exp.Expr, fraction: Decimal) -> exp.Expr:
    """The value at a fraction of the sorted values; a negative one is of the values sorted downwards."""
    kind = kinds.of(node)
    if not (kinds.is_number(kind) or kinds.is_time(kind)):
        raise NotSupported("a percentile of values that are not numbers or dates")
    if fraction == 0:
        return call("min", value)
    return call("quantile_disc", value, exp.Literal.number(str(fraction)))


def _quantile(node: exp.Expr, value: exp.Expr, fraction: exp.Expr) -> exp.Expr:
    kind = kinds.of(node)
    if kinds.is_number(kind):
        found = call("quantile_cont", cast(value, DOUBLE), fraction)
        return found if isinstance(node.parent, exp.Window) else cast(found, kind)
    if not kinds.is_time(kind):
        raise NotSupported("MEDIAN or PERCENTILE_CONT of values that are not numbers or dates")
    return call("quantile_cont", value, fraction)


def _listagg(node: exp.GroupConcat, order: exp.Order | None = None) -> exp.Expr:
    """LISTAGG: neither NULL nor the empty text are listed."""
    value, separator = node.this, node.args.get("separator")
    windowed = isinstance(node.find_ancestor(exp.Window, exp.Select), exp.Window)
    if isinstance(value, exp.Distinct):  # sqlglot reads every argument after DISTINCT as distinct
        value, *more = value.expressions
        return _distinct_list(value, more[0] if more else exp.Literal.string(""), order, windowed=windowed)
    separator = separator or exp.Literal.string("")
    if order is not None:
        separator = exp.Order(this=separator, expressions=order.expressions)
    found = call("string_agg", _listed(value), separator)
    return found if windowed else functions.within(found)


def _listed(value: exp.Expr) -> exp.Expr:
    return call("nullif", cast(value, TEXT), exp.Literal.string(""))


def _distinct_list(
    value: exp.Expr, separator: exp.Expr, order: exp.Order | None, *, windowed: bool
) -> exp.Expr:
    """Distinct values in an order of their own; another order would not be one of distinct values."""
    if windowed or (order is not None and [each.this for each in order.expressions] != [value]):
        raise NotSupported("LISTAGG (DISTINCT ...) over a window, or in the order of another column")
    listed: exp.Expr = exp.Distinct(expressions=[value])
    if order is not None:
        listed = exp.Order(this=listed, expressions=order.expressions)
    return functions.within(call("text_list", call("list", listed), separator))


def _bare_listagg(node: exp.GroupConcat) -> exp.Expr:
    return node if isinstance(node.parent, exp.WithinGroup) else _listagg(node)


RULES: Mapping[type[exp.Expr], Callable[[Any], exp.Expr]] = {
    exp.Sum: _aggregate,
    exp.Avg: _aggregate,
    exp.Window: _window,
    exp.Median: _median,
    exp.WithinGroup: _within_group,
    exp.GroupConcat: _bare_listagg,
}
