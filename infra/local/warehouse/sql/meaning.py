"""From Redshift's meaning to DuckDB's: a typed tree becomes one that DuckDB computes the same from."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql import (
    aggregates,
    functions,
    interval_spans,
    kinds,
    likeness,
    matching,
    rows_compared,
    super_values,
)
from infra.local.warehouse.sql import calendar_formats as formats
from infra.local.warehouse.sql.functions import call, cast, number
from infra.local.warehouse.sql.inference import operands
from infra.local.warehouse.sql.kinds import DATE, DOUBLE, INT, TEXT, Kind
from infra.local.warehouse.sql.quotients import exact_quotient
from infra.local.warehouse.sql.sqltypes import DEFAULT_DECIMAL

_CAST_TYPES = frozenset(
    {
        *(exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT, exp.DType.DECIMAL, exp.DType.FLOAT),
        *(exp.DType.DOUBLE, exp.DType.BOOLEAN, exp.DType.VARCHAR, exp.DType.CHAR, exp.DType.TEXT),
        *(exp.DType.DATE, exp.DType.TIME, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.SUPER),
    }
)


# Of text: what DuckDB reads as part of a whole number, and Redshift does not.
NO_WHOLE_NUMBER = r"[^0-9+\-\s]"


def normalize_casts(nodes: Iterable[exp.Expr]) -> None:
    """Gives DECIMAL without digits Redshift's, and refuses casts to types that are not stored."""
    for node in nodes:
        if not isinstance(node, exp.Cast):
            continue
        to = node.args["to"]
        if to.this not in _CAST_TYPES:
            raise NotSupported(f"type {to.sql(dialect='redshift').lower()[:60]}")
        if to.this == exp.DType.SUPER:
            node.set("to", kinds.SUPER.copy())
        if to.this == exp.DType.DECIMAL and not to.expressions:
            node.set("to", kinds.decimal(*DEFAULT_DECIMAL))


# Rules that hold an argument more than once double what is nested in them, level by level.
_MOST_REPEATED_NODES = 100_000


def translate(tree: exp.Expr) -> exp.Expr:
    """The typed tree in DuckDB's terms, children before their parents: each sees the types below it."""
    repeated = 0
    for node in reversed(list(tree.walk(bfs=False))):
        if node.type is not None and kinds.is_super(node.type):
            super_values.check_holder(node)
        rule = _RULES.get(type(node))
        if rule is None:
            continue
        repeated += _repeats(node)
        if repeated > _MOST_REPEATED_NODES:
            raise SqlError("statement is too complex", "54001")
        kind = node.type
        replacement = rule(node)
        if replacement is node:
            continue
        replacement.type = kind
        if node is tree:
            tree = replacement
        else:
            node.replace(replacement)
    return tree


def _repeats(node: exp.Expr) -> int:
    """How many nodes a rule may add to the tree by holding an argument of this node more than once."""
    if isinstance(node, exp.Anonymous):
        times = len(node.expressions) if functions.lookup(node).repeats else 0
    else:
        times = _REPEATING.get(type(node), 0)
        if isinstance(node, exp.In) and isinstance(node.this, exp.Tuple):
            return len(node.expressions) * sum(1 for _ in node.this.walk())
    return times * sum(1 for _ in node.walk()) if times else 0


def _divide(node: exp.Div) -> exp.Expr:
    left, right = operands(node)
    if not (kinds.is_number(left) and kinds.is_number(right)):
        raise NotSupported("division of values whose type is not known: a CAST")
    dividend, divisor = _typed(node.this, left), _typed(node.expression, right)
    if kinds.is_integer(left) and kinds.is_integer(right):
        return exp.Paren(this=exp.IntDiv(this=_grouped(dividend), expression=_grouped(divisor)))
    if kinds.is_float(left) or kinds.is_float(right):
        return exp.Paren(this=exp.Div(this=cast(dividend, DOUBLE), expression=cast(divisor, DOUBLE)))
    return exact_quotient(dividend, divisor, kinds_of=(left, right), result=kinds.of(node))


def _typed(value: exp.Expr, kind: Kind) -> exp.Expr:
    return _from_text(value, kind) if kinds.is_untyped(value) else value


def _from_text(value: exp.Expr, kind: Kind) -> exp.Expr:
    """Text as a value of the kind: DuckDB's whole numbers come from 5.7, 1e3, 0x1F and 1_000 too."""
    return cast(_whole(value) if kinds.is_integer(kind) else value, kind)


def _whole(text: exp.Expr) -> exp.Expr:
    """The text, made unreadable unless it is written with digits alone."""
    strange = exp.Literal.string(NO_WHOLE_NUMBER)
    return call("regexp_replace", cast(text, TEXT), strange, exp.Literal.string("?"))


def _grouped(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value) if isinstance(value, exp.Binary) else value


def _arithmetic(node: exp.Binary) -> exp.Expr:
    left, right = operands(node)
    if kinds.of(node).this == exp.DType.UNKNOWN:
        raise NotSupported(f"{type(node).__name__.lower()} of values of these types: a CAST")
    for side, kind in (("this", left), ("expression", right)):
        if kinds.is_untyped(node.args[side]) and kind.this != exp.DType.UNKNOWN:
            node.set(side, _from_text(node.args[side], kind))
    if isinstance(node, exp.Add | exp.Sub) and exp.DType.DATE in (left.this, right.this):
        return _date_arithmetic(node, left, right)
    return node


def _date_arithmetic(node: exp.Binary, left: Kind, right: Kind) -> exp.Expr:
    if kinds.is_integer(left) or kinds.is_integer(right):
        return cast(node, DATE)
    return node


def _joined(node: exp.DPipe) -> exp.Expr:
    """Text beside text; a literal can only add what the statement itself holds."""
    plain = isinstance(node.this, exp.Literal) or isinstance(node.expression, exp.Literal)
    return node if plain else functions.within(node.copy())


def _compared(node: exp.Binary) -> exp.Expr:
    if isinstance(node.this, exp.Tuple) and isinstance(node, exp.EQ | exp.NEQ):
        return rows_compared.equal(node, _compared)
    if kinds.is_super(kinds.of(node.this)) or kinds.is_super(kinds.of(node.expression)):
        return super_values.compared(node)
    for side, kind in zip(("this", "expression"), operands(node), strict=True):
        node.set(side, _beside(node.args[side], kind))
    return node


def _between(node: exp.Between) -> exp.Expr:
    low, high = _all_beside([node.args["low"], node.args["high"]], kinds.of(node.this))
    node.set("low", low)
    node.set("high", high)
    return node


def _in(node: exp.In) -> exp.Expr:
    if isinstance(node.this, exp.Tuple):
        return rows_compared.among(node, _compared)
    if any(kinds.is_super(kinds.of(value)) for value in (node.this, *node.expressions)):
        return super_values.among(node)
    node.set("expressions", _all_beside(node.expressions, kinds.of(node.this)))
    return node


def _all_beside(values: Sequence[exp.Expr], kind: Kind) -> list[exp.Expr]:
    """Values that one value is compared with; DuckDB mixes no literals with moments by itself."""
    mixed = kinds.is_time(kind) and len({kinds.is_untyped(value) for value in values}) > 1
    return [
        cast(_beside(value, kind), kind) if mixed and kinds.is_untyped(value) else _beside(value, kind)
        for value in values
    ]


def _beside(value: exp.Expr, kind: Kind) -> exp.Expr:
    """A literal takes the type of what it is compared with; blanks at its end do not count."""
    if isinstance(value, exp.Literal) and value.is_string and (kinds.is_text(kind)):
        return exp.Literal.string(value.name.rstrip(" "))
    if kinds.is_untyped(value) and kinds.is_time(kind):
        return functions.dated(value)
    return _from_text(value, kind) if kinds.is_untyped(value) and kinds.is_integer(kind) else value


def _cast(node: exp.Cast) -> exp.Expr:
    """Casts to VARCHAR(n) and CHAR(n) cut, where DuckDB ignores the length."""
    to = node.args["to"]
    if kinds.is_super(to) or kinds.is_super(kinds.of(node.this)):
        found = super_values.converted(node, node.this, to)
        return _cast(found) if isinstance(found, exp.Cast) and kinds.is_text(to) else found
    if kinds.is_time(to):
        node.set("this", functions.dated(node.this))
    if kinds.is_integer(to) and (kinds.is_text(kinds.of(node.this)) or kinds.is_untyped(node.this)):
        return type(node)(this=_whole(node.this), to=to)
    _check_cast(kinds.of(node.this), to)
    if to.this not in (exp.DType.VARCHAR, exp.DType.CHAR):
        return node
    if not to.expressions and to.this == exp.DType.VARCHAR:
        return node
    length = to.expressions[0].name if to.expressions else "1"
    plain: exp.Expr = type(node)(this=node.this, to=TEXT.copy())
    cut = plain if not length.isdigit() else call("left", plain, number(int(length)))
    # Blanks at the end of a CHAR are no part of its value.
    return call("rtrim", cut, exp.Literal.string(" ")) if to.this == exp.DType.CHAR else cut


def _check_cast(kind: Kind, to: Kind) -> None:
    """Raises SqlError for casts that DuckDB makes and Redshift does not."""
    fraction = kinds.is_decimal(kind) or kinds.is_float(kind)
    if fraction and to.this == exp.DType.BOOLEAN:
        raise SqlError("cannot cast type numeric to boolean", "42846")
    if kind.this == exp.DType.BOOLEAN and (kinds.is_text(to) or kinds.is_decimal(to) or kinds.is_float(to)):
        name = "character varying" if kinds.is_text(to) else to.sql(dialect="postgres").lower()
        raise SqlError(f"cannot cast type boolean to {name}", "42846")


def _extract(node: exp.Extract) -> exp.Expr:
    if kinds.of(node.expression).this == exp.DType.INTERVAL:
        raise NotSupported("EXTRACT from an interval")
    return functions.extract(node.this, node.expression, kinds.of(node))


def _at_time_zone(node: exp.AtTimeZone) -> exp.Expr:
    return functions.FUNCTIONS["timezone"].build([node.args["zone"], node.this])


def _substring(node: exp.Substring) -> exp.Expr:
    return functions.substring(node.this, node.args.get("start") or number(1), node.args.get("length"))


def _position(node: exp.StrPosition) -> exp.Expr:
    return cast(call("strpos", node.this, node.args["substr"]), INT)


def _trim(node: exp.Trim) -> exp.Expr:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    characters = node.args.get("expression")
    return call(name, node.this, *([characters] if characters else []))


def _interval(node: exp.Interval) -> exp.Expr:
    """INTERVAL literals, in the parts that are added one after the other."""
    if not isinstance(node.this, exp.Literal):
        raise NotSupported("an INTERVAL that is not a literal")
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        first, last = unit.this.name.lower(), unit.expression.name.lower()
        span = interval_spans.qualified(node.this.name, first, last)
    elif unit is not None and unit.name.lower() in interval_spans.QUALIFIERS:
        span = interval_spans.qualified(node.this.name, unit.name.lower(), unit.name.lower())
    else:
        span = formats.interval(node.this.name, unit.name if unit else "")
    parts = (("months", span.months), ("days", span.days), ("microseconds", span.microseconds))
    steps = [call(f"to_{name}", number(count)) for name, count in parts if count]
    found: exp.Expr = steps[0] if steps else call("to_days", number(0))
    for step in steps[1:]:
        found = exp.Add(this=found, expression=step)
    return exp.Paren(this=found) if len(steps) > 1 else found


def _is(node: exp.Is) -> exp.Expr:
    return super_values.is_null(node) if kinds.is_super(kinds.of(node.this)) else node


def _order(node: exp.Order) -> exp.Expr:
    """SUPER values are sorted by their types first."""
    found: list[exp.Expr] = []
    for ordered in node.expressions:
        sorts_super = kinds.is_super(super_values.sorted_kind(ordered))
        found.extend(super_values.sorted_by(ordered) if sorts_super else [ordered])
    node.set("expressions", found)
    return node


def _case(node: exp.Case) -> exp.Expr:
    return matching.branches(node, _from_text)


def _set_operation(node: exp.SetOperation) -> exp.Expr:
    return matching.columns(node, _from_text)


def _function(node: exp.Anonymous) -> exp.Expr:
    if kinds.is_super(kinds.of(node)):
        super_values.make_super(node.expressions if str(node.this).lower() in super_values.CHOICES else ())
    return functions.lookup(node).build(node.expressions)


# How often the rules of these may hold an argument.
_REPEATING: dict[type[exp.Expr], int] = {exp.Avg: 2, exp.Window: 2, exp.Substring: 3}

_RULES: dict[type[exp.Expr], Callable[[Any], exp.Expr]] = {
    exp.Div: _divide,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Mod), _arithmetic),
    **aggregates.RULES,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.DPipe: _joined,
    exp.SimilarTo: likeness.similar,
    exp.Like: likeness.like,
    exp.ILike: likeness.like,
    exp.Escape: likeness.escaped,
    exp.RegexpLike: likeness.regular,
    exp.RegexpILike: likeness.regular,
    **dict.fromkeys((exp.Union, exp.Intersect, exp.Except), _set_operation),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _compared),
    exp.Between: _between,
    exp.Is: _is,
    exp.Case: _case,
    exp.Order: _order,
    exp.Dot: super_values.step,
    exp.Bracket: super_values.step,
    exp.Explode: super_values.exploded,
    exp.In: _in,
    exp.AtTimeZone: _at_time_zone,
    exp.Extract: _extract,
    exp.Substring: _substring,
    exp.StrPosition: _position,
    exp.Trim: _trim,
    exp.Interval: _interval,
    exp.Anonymous: _function,
}
