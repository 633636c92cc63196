"""Arithmetic on types: what Redshift says an expression's type is."""

from collections.abc import Iterable
from functools import cache

from sqlglot import exp

from infra.local.warehouse.sql.sqltypes import DEFAULT_DECIMAL, MAX_PRECISION

Kind = exp.DataType
SMALLINT = exp.DataType.build("smallint")
INT = exp.DataType.build("int")
BIGINT = exp.DataType.build("bigint")
REAL = exp.DataType(this=exp.DType.FLOAT)
DOUBLE = exp.DataType.build("double")
BOOLEAN = exp.DataType.build("boolean")
TEXT = exp.DataType.build("varchar")
DATE = exp.DataType.build("date")
TIMESTAMP = exp.DataType(this=exp.DType.TIMESTAMP)
TIMESTAMPTZ = exp.DataType(this=exp.DType.TIMESTAMPTZ)
INTERVAL = exp.DataType(this=exp.DType.INTERVAL)
SUPER = exp.DataType(this=exp.DType.JSON)  # as DuckDB holds it
UNKNOWN = exp.DataType(this=exp.DType.UNKNOWN)

# digits that Redshift gives an integer beside a decimal
_INTEGERS = {exp.DType.SMALLINT: 5, exp.DType.INT: 10, exp.DType.BIGINT: 19}
_WIDTHS = (exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT)
_MINIMUM_SCALE = 4  # of a quotient


@cache
def decimal(precision: int, scale: int) -> Kind:
    """NUMERIC(precision, scale); one object for all, as types are never changed in place."""
    return exp.DataType.build(f"decimal({precision},{scale})")


def of(node: exp.Expr) -> Kind:
    """The type annotated on a node."""
    return node.type or UNKNOWN


def is_integer(kind: Kind) -> bool:
    return bool(kind.this in _INTEGERS)


def is_decimal(kind: Kind) -> bool:
    return bool(kind.this == exp.DType.DECIMAL)


def is_float(kind: Kind) -> bool:
    return kind.this in (exp.DType.FLOAT, exp.DType.DOUBLE)


def is_number(kind: Kind) -> bool:
    return is_integer(kind) or is_decimal(kind) or is_float(kind)


def is_text(kind: Kind) -> bool:
    return bool(kind.this in exp.DataType.TEXT_TYPES)


def is_super(kind: Kind) -> bool:
    return bool(kind.this == exp.DType.JSON)


def is_time(kind: Kind) -> bool:
    return kind.this in (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ)


def is_untyped(node: exp.Expr) -> bool:
    """Whether the node is a literal that takes the type of what stands beside it."""
    node = node.unnest()
    return isinstance(node, exp.Null) or (isinstance(node, exp.Literal) and node.is_string)


def digits(kind: Kind) -> tuple[int, int]:
    """Precision and scale of an integer or a decimal."""
    if is_integer(kind):
        return _INTEGERS[kind.this], 0
    arguments = [int(argument.name) for argument in kind.expressions]
    return (arguments[0], arguments[1] if len(arguments) > 1 else 0) if arguments else DEFAULT_DECIMAL


def _widest(kinds: list[Kind]) -> Kind:
    return max(kinds, key=lambda kind: _WIDTHS.index(kind.this))


def common(kinds: Iterable[Kind]) -> Kind:
    """The type that values of all the types have together, as CASE and UNION give it."""
    found = [kind for kind in kinds if kind.this not in (exp.DType.NULL, exp.DType.UNKNOWN)]
    if not found:
        return UNKNOWN
    if all(is_integer(kind) for kind in found):
        return _widest(found)
    if all(is_integer(kind) or is_decimal(kind) for kind in found):
        pairs = [digits(kind) for kind in found]
        scale = max(s for _, s in pairs)
        return decimal(min(MAX_PRECISION, max(p - s for p, s in pairs) + scale), scale)
    if all(is_number(kind) for kind in found):
        return DOUBLE if any(kind.this != exp.DType.FLOAT for kind in found) else REAL
    for ladder in ((SUPER,), (TIMESTAMPTZ, TIMESTAMP, DATE), (TEXT,), (BOOLEAN,), (INTERVAL,)):
        if any(kind.this == ladder[0].this or _among(kind, ladder) for kind in found):
            return next((step for step in ladder if any(k.this == step.this for k in found)), ladder[0])
    return UNKNOWN


def _among(kind: Kind, ladder: tuple[Kind, ...]) -> bool:
    return any(kind.this == step.this for step in ladder) or (ladder[0] is TEXT and is_text(kind))


def _numeric_pair(left: Kind, right: Kind) -> Kind | None:
    """The type of any arithmetic on two numbers when it does not depend on the operator."""
    if is_integer(left) and is_integer(right):
        return _widest([left, right])
    if is_float(left) or is_float(right):
        return REAL if left.this == right.this == exp.DType.FLOAT else DOUBLE
    return None


def sum_of(left: Kind, right: Kind) -> Kind:
    """left + right, left - right or left % right of numbers."""
    simple = _numeric_pair(left, right)
    if simple is not None:
        return simple
    (p1, s1), (p2, s2) = digits(left), digits(right)
    scale = max(s1, s2)
    return decimal(min(MAX_PRECISION, max(p1 - s1, p2 - s2) + scale + 1), scale)


def product_of(left: Kind, right: Kind) -> Kind:
    """left * right of numbers."""
    simple = _numeric_pair(left, right)
    if simple is not None:
        return simple
    (p1, s1), (p2, s2) = digits(left), digits(right)
    return decimal(min(MAX_PRECISION, p1 + p2 + 1), min(s1 + s2, MAX_PRECISION))


def quotient_of(left: Kind, right: Kind) -> Kind:
    """left / right of numbers: Redshift keeps at least four decimals where precision runs out."""
    simple = _numeric_pair(left, right)
    if simple is not None:
        return simple
    (p1, s1), (p2, s2) = digits(left), digits(right)
    scale = max(_MINIMUM_SCALE, s1 + p2 - s2 + 1)
    precision = p1 - s1 + s2 + scale
    if precision > MAX_PRECISION:
        scale = max(MAX_PRECISION + scale - precision, _MINIMUM_SCALE)
        precision = MAX_PRECISION
    return decimal(precision, scale)
