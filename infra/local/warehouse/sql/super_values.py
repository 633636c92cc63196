"""SUPER values in expressions: paths, casts, comparisons and order, with their lax meaning."""

from collections.abc import Callable, Iterable

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, UndefinedColumn, UndefinedObject
from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.functions import call, cast
from infra.local.warehouse.sql.functions.semistructured import SEMISTRUCTURED, to_super
from infra.local.warehouse.sql.kinds import SUPER, TEXT, Kind
from infra.local.warehouse.sql.unnesting import OF

_EXTRACT = "json_extract"
_MOST_PLACES = 15  # of a decimal beside a SUPER value
_MOST_WHOLE = 23
_EQUALITIES = (exp.EQ, exp.NEQ)
_COMPARISONS = (*_EQUALITIES, exp.LT, exp.LTE, exp.GT, exp.GTE)
# What may hold a SUPER value; whatever else would compute on its JSON.
_HOLDERS = (
    *(exp.Alias, exp.Paren, exp.Dot, exp.Bracket, exp.Cast, exp.TryCast, exp.Explode, exp.Is),
    *(exp.Select, exp.Subquery, exp.Ordered, exp.Group, exp.Count, exp.Distinct, exp.Exists),
    *(exp.Union, exp.Intersect, exp.Except, *_COMPARISONS),
)
_PLACES = {  # of others, where they may hold one
    exp.Case: ("ifs", "default"),
    exp.If: ("true",),
    exp.In: ("this", "expressions"),
    exp.From: ("this",),
    exp.Join: ("this",),
    exp.Lateral: ("this",),
}
CHOICES = frozenset({"coalesce", "nvl"})  # functions that give one of their arguments
_HOLDING_FUNCTIONS = frozenset({*SEMISTRUCTURED, *CHOICES})


def check_holder(node: exp.Expr) -> None:
    """Raises NotSupported where a SUPER value stands beside an operator or function of other values."""
    holder = node.parent
    if holder is None or isinstance(holder, _HOLDERS) or node.arg_key in _PLACES.get(type(holder), ()):
        return
    if isinstance(holder, exp.Anonymous) and str(holder.this).lower() in _HOLDING_FUNCTIONS:
        return
    raise NotSupported("a SUPER value here: a CAST")


def step(node: exp.Dot | exp.Bracket) -> exp.Expr:
    """A step of a path: what is not there is NULL."""
    if not kinds.is_super(kinds.of(node)):
        raise UndefinedColumn(f'column "{node.this.name}" is not of type SUPER: it has no "{node.name}"')
    place = f"[{node.expressions[0].name}]" if isinstance(node, exp.Bracket) else f'."{_attribute(node)}"'
    before = node.this
    if isinstance(before, exp.Anonymous) and before.this == _EXTRACT:
        return call(_EXTRACT, before.expressions[0], exp.Literal.string(before.expressions[1].name + place))
    return call(_EXTRACT, before, exp.Literal.string(f"${place}"))


def _attribute(node: exp.Dot) -> str:
    if isinstance(node.expression, exp.Star):
        raise UndefinedObject(f'relation "{node.this.name}" does not exist')
    name: str = node.expression.name
    if '"' in name or "\\" in name:
        raise NotSupported("an attribute whose name has a quote or a backslash")
    return name


def exploded(node: exp.Explode) -> exp.Expr:
    """A row for each element or member."""
    return call("unnest", call(f"super_{node.meta[OF]}", node.this))


def converted(node: exp.Cast, value: exp.Expr, to: Kind) -> exp.Expr:
    """CAST to SUPER, or from it: what cannot be converted from it is NULL."""
    if kinds.is_super(to):
        return to_super(value)
    if kinds.is_integer(to):
        return exp.TryCast(this=call("super_whole", value), to=to)
    if kinds.is_decimal(to) or kinds.is_float(to):
        return exp.TryCast(this=call("super_digits", value), to=to)
    if kinds.is_time(to):
        return exp.TryCast(this=call("super_moment", value), to=to)
    if to.this == exp.DType.BOOLEAN:
        return call("super_boolean", value)
    if not kinds.is_text(to):
        raise NotSupported("a CAST of SUPER to this type")
    text = call("super_text", value)
    text.type = TEXT
    return type(node)(this=text, to=to)


def compared(node: exp.Binary) -> exp.Expr:
    """A comparison: values of different types are unequal, and neither smaller nor larger."""
    left, right = node.this, node.expression
    if isinstance(node, _EQUALITIES):
        found = _equal(left, right)
        return exp.Paren(this=exp.Not(this=exp.Paren(this=found))) if isinstance(node, exp.NEQ) else found
    if kinds.is_super(kinds.of(left)) and kinds.is_super(kinds.of(right)):
        raise NotSupported("an order of two SUPER values: a CAST")
    return type(node)(this=_ordered_side(left, right), expression=_ordered_side(right, left))


def _equal(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    if kinds.is_super(kinds.of(left)) and kinds.is_super(kinds.of(right)):
        return call("super_equal", left, right)
    return exp.Paren(this=exp.EQ(this=key(left), expression=key(right)))


def key(value: exp.Expr) -> exp.Expr:
    """Text that is the same for equal values."""
    kind = kinds.of(value)
    if kinds.is_super(kind):
        return call("super_key", value)
    if kinds.is_text(kind) or kinds.is_untyped(value):
        return call("super_text_key", cast(value, TEXT))
    if kind.this == exp.DType.BOOLEAN:
        return call("super_boolean_key", value)
    return call("super_number_key", _number(value))


def _number(value: exp.Expr) -> exp.Expr:
    kind = kinds.of(value)
    if kinds.is_integer(kind):
        return value
    precision, scale = kinds.digits(kind) if kinds.is_decimal(kind) else (0, _MOST_PLACES + 1)
    if scale > _MOST_PLACES or precision - scale > _MOST_WHOLE:
        raise NotSupported("a comparison of SUPER with a value of this type: a CAST")
    return value


def _ordered_side(value: exp.Expr, other: exp.Expr) -> exp.Expr:
    kind = kinds.of(other)
    text = kinds.is_text(kind) or kinds.is_untyped(other)
    if not kinds.is_super(kinds.of(value)):
        return value if kinds.is_text(kinds.of(value)) or kinds.is_untyped(value) else _number(value)
    return call("super_string" if text else "super_number", value)


def among(node: exp.In) -> exp.Expr:
    """IN with a list that holds SUPER values, or of one."""
    if node.args.get("query"):
        raise NotSupported("IN with a subquery of a SUPER value: a CAST")
    if all(kinds.is_super(kinds.of(value)) for value in (node.this, *node.expressions)):
        raise NotSupported("IN with SUPER values alone: a CAST")
    return exp.In(this=key(node.this), expressions=[key(value) for value in node.expressions])


def is_null(node: exp.Is) -> exp.Expr:
    """IS NULL: JSON's null is one."""
    if not isinstance(node.expression, exp.Null):
        raise NotSupported("IS TRUE or IS FALSE of a SUPER value: a CAST")
    return exp.Paren(this=exp.Is(this=call("super_rank", node.this), expression=exp.Null()))


def make_super(values: Iterable[exp.Expr]) -> None:
    """Makes each value SUPER where it stands, as values beside a SUPER value become."""
    for value in list(values):
        if not kinds.is_super(kinds.of(value)):
            made = to_super(value.copy())
            made.type = SUPER
            value.replace(made)


def sorted_kind(node: exp.Ordered) -> Kind:
    """The type of what rows are sorted by, also where it is the name of a column of the result."""
    value = node.this
    query = node.find_ancestor(exp.Query)
    if isinstance(value, exp.Column) and not value.table and query is not None:
        return next((kinds.of(p) for p in query.selects if p.alias_or_name == value.name), kinds.of(value))
    return kinds.of(value)


def sorted_by(node: exp.Ordered) -> list[exp.Expr]:
    """ORDER BY: truth values, numbers, texts, arrays, objects; each sorted by its own kind's order."""
    sorts: tuple[Callable[[exp.Expr], exp.Expr], ...] = (
        lambda value: call("super_rank", value),
        lambda value: call("super_number", value),
        lambda value: call("super_string", value),
        lambda value: cast(value, TEXT),
    )
    found: list[exp.Expr] = []
    for sort in sorts:
        each = node.copy()
        each.set("this", sort(node.this.copy()))
        found.append(each)
    return found
