"""The type of every expression in a query, by Redshift's rules."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.annotate_types import TypeAnnotator
from sqlglot.optimizer.scope import Scope
from sqlglot.schema import MappingSchema

from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.sql import functions, kinds
from infra.local.warehouse.sql.dialect import Analysts
from infra.local.warehouse.sql.kinds import BIGINT, DATE, DOUBLE, INT, INTERVAL, SUPER, TEXT, TIMESTAMP, Kind
from infra.local.warehouse.sql.unnesting import NAMES, OF, POSITIONS

_INT_LIMIT = 2**31
_BIGINT_LIMIT = 2**63
_MEDIAN_SCALE = 4
_SHORT_DECIMAL = 19  # digits of what fits in 64 bits


class _Annotator(TypeAnnotator):
    """sqlglot's walk through scopes and columns, with Redshift's rules for types that meet."""

    def _maybe_coerce(self, type1: Any, type2: Any) -> Kind:
        return kinds.common(
            kind if isinstance(kind, exp.DataType) else kind.into_expr() for kind in (type1, type2)
        )

    def _get_scope_source_selects(self, scope: Scope, name: str) -> dict[str, Any]:
        """The types of a source's columns, those of what is unnested too."""
        source = scope.sources.get(name)
        if isinstance(source, Scope) and isinstance(source.expression, exp.Lateral):
            return {column.alias: column.type for column in source.expression.this.unnest().selects}
        found: dict[str, Any] = super()._get_scope_source_selects(scope, name)
        return found

    def set_type(self, node: exp.Expr, kind: Kind) -> exp.Expr:
        typed: exp.Expr = self._set_type(node, kind)  # shared: a type is never changed in place
        return typed


def annotate(tree: exp.Expr, found: Iterable[Scope], schema: MappingSchema) -> None:
    """Gives a type to every expression of the qualified tree, whose scopes are these."""
    annotator = _Annotator(schema=schema, expression_metadata=_METADATA)
    for scope in found:
        annotator.annotate_scope(scope)
    annotator.annotate(tree, annotate_scope=False)


Rule = Callable[[Any], Kind]


def _by(rule: Rule) -> dict[str, Any]:
    def annotator(self: _Annotator, node: exp.Expr) -> exp.Expr:
        return self.set_type(node, rule(node))

    return {"annotator": annotator}


def _always(kind: Kind) -> dict[str, Any]:
    return _by(lambda _: kind)


def _literal(node: exp.Literal) -> Kind:
    if node.is_string:
        return TEXT
    text = node.name
    if "e" in text.lower():
        return DOUBLE
    whole, _, fraction = text.partition(".")
    if "." in text:
        digits = len(whole.lstrip("0")) + len(fraction)
        return kinds.decimal(min(max(digits, 1), 38), min(len(fraction), 38))
    value = int(text)
    if value < _INT_LIMIT:
        return INT
    return BIGINT if value < _BIGINT_LIMIT else kinds.decimal(38, 0)


def operands(node: exp.Expr) -> tuple[Kind, Kind]:
    """The types of both sides; an untyped literal takes the other's."""
    left, right = node.this, node.expression
    if kinds.is_untyped(left):
        return kinds.of(right), kinds.of(right)
    if kinds.is_untyped(right):
        return kinds.of(left), kinds.of(left)
    return kinds.of(left), kinds.of(right)


def _arithmetic(rule: Callable[[Kind, Kind], Kind]) -> dict[str, Any]:
    def kind(node: exp.Expr) -> Kind:
        left, right = operands(node)
        if kinds.is_number(left) and kinds.is_number(right):
            return rule(left, right)
        return _calendar(node, left, right)

    return _by(kind)


def _calendar(node: exp.Expr, left: Kind, right: Kind) -> Kind:
    """What adding to dates and subtracting them gives."""
    if kinds.is_time(left) and kinds.is_time(right):
        both_dates = left.this == right.this == exp.DType.DATE
        return (BIGINT if both_dates else INTERVAL) if isinstance(node, exp.Sub) else kinds.UNKNOWN
    for moment, step in ((left, right), (right, left)):
        if kinds.is_time(moment) and step.this == exp.DType.INTERVAL:
            return TIMESTAMP if moment.this == exp.DType.DATE else moment
        if moment.this == exp.DType.DATE and kinds.is_integer(step):
            return DATE
    return kinds.UNKNOWN


def _this(node: exp.Expr) -> Kind:
    return kinds.of(node.this)


def _sum(node: exp.Expr) -> Kind:
    kind = kinds.of(_summed(node))
    if kinds.is_integer(kind):
        return kinds.decimal(38, 0) if kind.this == exp.DType.BIGINT else BIGINT
    return kinds.decimal(38, kinds.digits(kind)[1]) if kinds.is_decimal(kind) else DOUBLE


def _average(node: exp.Expr) -> Kind:
    kind = kinds.of(_summed(node))
    if kinds.is_integer(kind):
        return BIGINT
    if not kinds.is_decimal(kind):
        return DOUBLE
    precision, scale = kinds.digits(kind)
    return kinds.decimal(38 if precision > _SHORT_DECIMAL else _SHORT_DECIMAL, scale)


def _summed(node: exp.Expr) -> exp.Expr:
    """An aggregate's argument, without its DISTINCT."""
    value: exp.Expr = node.this
    return next(iter(value.expressions), value) if isinstance(value, exp.Distinct) else value


def _percentile(kind: Kind) -> Kind:
    if kinds.is_integer(kind) or kinds.is_decimal(kind):
        return kinds.decimal(38, max(kinds.digits(kind)[1], _MEDIAN_SCALE))
    return kind


def _within_group(node: exp.Expr) -> Kind:
    if isinstance(node.this, exp.PercentileDisc):
        return kinds.of(node.expression.expressions[0].this)
    if isinstance(node.this, exp.PercentileCont):
        return _percentile(kinds.of(node.expression.expressions[0].this))
    return TEXT


def _case(node: exp.Expr) -> Kind:
    results = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default")]
    present = [result for result in results if result is not None]
    typed = [result for result in present if not kinds.is_untyped(result)]
    return kinds.common(kinds.of(result) for result in typed or present)


def _is_zoned(node: exp.Expr) -> bool:
    return bool(kinds.of(node).this == exp.DType.TIMESTAMPTZ)


def _extract(node: exp.Extract) -> Kind:
    if _is_zoned(node.expression):
        return DOUBLE
    return BIGINT if node.this.name.lower() == "epoch" else INT


def _step(node: exp.Expr) -> Kind:
    return SUPER if kinds.is_super(kinds.of(node.this)) else kinds.UNKNOWN


_EXPLODED = {POSITIONS: BIGINT, NAMES: TEXT}


def _exploded(node: exp.Explode) -> Kind:
    if not kinds.is_super(kinds.of(node.this)):
        raise NotSupported("unnesting a value that is not SUPER")
    return _EXPLODED.get(node.meta[OF], SUPER)


def _distinct(node: exp.Expr) -> Kind:
    return kinds.of(node.expressions[0]) if node.expressions else kinds.UNKNOWN


_BOOLEANS = (
    exp.Not,
    exp.Is,
    exp.And,
    exp.Or,
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.Like,
    exp.ILike,
)
_TEXTS = (exp.DPipe, exp.Substring, exp.Trim, exp.GroupConcat)
_COUNTS = (exp.Count, exp.ApproxDistinct, exp.RowNumber, exp.Ntile)
_SPREADS = (exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop, exp.PercentRank, exp.CumeDist)
_AS_ARGUMENT = (
    *(exp.Min, exp.Max, exp.AnyValue, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue),
    *(exp.Window, exp.Paren, exp.Neg, exp.IgnoreNulls, exp.RespectNulls),
)

_METADATA: dict[type[exp.Expr], Any] = {
    **Analysts.EXPRESSION_METADATA,
    **dict.fromkeys(
        (*_BOOLEANS, exp.SimilarTo, exp.RegexpLike, exp.RegexpILike, exp.Escape), _always(kinds.BOOLEAN)
    ),
    **dict.fromkeys(_TEXTS, _always(TEXT)),
    **dict.fromkeys(_COUNTS, _always(BIGINT)),
    **dict.fromkeys(_SPREADS, _always(DOUBLE)),
    **dict.fromkeys((exp.StrPosition, exp.Grouping, exp.Rank, exp.DenseRank), _always(INT)),
    **dict.fromkeys(_AS_ARGUMENT, _by(_this)),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mod), _arithmetic(kinds.sum_of)),
    exp.Mul: _arithmetic(kinds.product_of),
    exp.Div: _arithmetic(kinds.quotient_of),
    exp.Literal: _by(_literal),
    exp.Extract: _by(_extract),
    exp.Sum: _by(_sum),
    exp.Avg: _by(_average),
    exp.Median: _by(lambda node: _percentile(_this(node))),
    **dict.fromkeys((exp.PercentileCont, exp.PercentileDisc), _always(DOUBLE)),
    **dict.fromkeys((exp.BitwiseAndAgg, exp.BitwiseOrAgg), _by(lambda node: kinds.of(_summed(node)))),
    exp.AtTimeZone: _by(lambda node: TIMESTAMP if _is_zoned(node.this) else kinds.TIMESTAMPTZ),
    exp.WithinGroup: _by(_within_group),
    exp.Case: _by(_case),
    exp.Distinct: _by(_distinct),
    exp.Interval: _always(INTERVAL),
    **dict.fromkeys((exp.Dot, exp.Bracket), _by(_step)),
    exp.Explode: _by(_exploded),
    exp.Coalesce: _by(lambda node: kinds.common(kinds.of(value) for value in [node.this, *node.expressions])),
    exp.Anonymous: _by(lambda node: functions.lookup(node).kind(node.expressions)),
}
