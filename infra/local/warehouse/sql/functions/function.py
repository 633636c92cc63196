"""What a function is to the translation: its arguments, its type, and what DuckDB computes for it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.calendar_text import iso
from infra.local.warehouse.sql.kinds import DOUBLE, INT, TEXT, TIMESTAMP, Kind
from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR

_WHOLE = re.compile(r"\s*[-+]?[0-9]+\s*")
Arguments = Sequence[exp.Expr]
Builder = Callable[[Arguments], exp.Expr]


@dataclass(frozen=True)
class Function:
    """A function: how many arguments, which type, which DuckDB expression, which column name."""

    least: int
    most: int
    kind: Callable[[Arguments], Kind]
    build: Builder
    column: str | None = None  # Redshift's name of an unnamed column, when it is not the function's
    window: bool = False  # it stands before OVER, and only there
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


def string(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def always(kind: Kind) -> Callable[[Arguments], Kind]:
    return lambda _: kind


def same(arguments: Arguments) -> Kind:
    """The first argument's type; a literal of none is a float."""
    kind = kinds.of(arguments[0])
    return DOUBLE if kinds.is_untyped(arguments[0]) else kind


def common(arguments: Arguments) -> Kind:
    """The type that the arguments have together."""
    typed = [kinds.of(a) for a in arguments if not kinds.is_untyped(a)]
    return kinds.common(typed or [kinds.of(a) for a in arguments])


def renamed(name: str) -> Builder:
    return lambda arguments: call(name, *arguments)


def counted(name: str) -> Builder:
    """What DuckDB counts as int8 and Redshift as int4."""
    return lambda arguments: cast(call(name, *arguments), INT)


def timestamp(value: exp.Expr) -> exp.Expr:
    """The value as a moment; one with a zone stays it."""
    value = dated(value)
    if kinds.of(value).this == exp.DType.TIME:
        raise NotSupported("a function of dates with a TIME")
    zoned = kinds.of(value).this == exp.DType.TIMESTAMPTZ
    return value if zoned else cast(value, TIMESTAMP)


def dated(value: exp.Expr) -> exp.Expr:
    """The value; text of a date with its year first, as DuckDB reads it."""
    if isinstance(value, exp.Literal) and value.is_string:
        return string(iso(value.name))
    return call("date_text", value) if kinds.is_text(kinds.of(value)) else value


def text(value: exp.Expr) -> exp.Expr:
    """The value as text; of a truth value Redshift makes none."""
    kind = kinds.of(value)
    if kinds.is_text(kind) or kinds.is_untyped(value):
        return value
    if kind.this == exp.DType.BOOLEAN:
        raise SqlError("cannot cast type boolean to character varying", "42846")
    return cast(value, TEXT)


def as_number(value: exp.Expr, kind: Kind) -> exp.Expr:
    """A literal beside numbers; DuckDB would read 5.7 or 1e3 as a whole number."""
    plain = isinstance(value, exp.Literal) and value.is_string
    if plain and kinds.is_integer(kind) and not _WHOLE.fullmatch(value.name):
        raise SqlError("invalid input syntax for integer", "22P02")
    return cast(value, kind)


def within(value: exp.Expr) -> exp.Expr:
    """The text, unless it is longer than any VARCHAR."""
    return call("text_within", value)


def whole_literal(value: exp.Expr) -> int | None:
    """The number that a literal states, also with a sign before it."""
    value = value.unnest()
    if isinstance(value, exp.Neg):
        inner = whole_literal(value.this)
        return None if inner is None else -inner
    return int(value.to_py()) if isinstance(value, exp.Literal) and value.is_int else None


def literal(value: exp.Expr, what: str) -> str:
    """The text of a literal; what it is for is said when it is none."""
    value = value.unnest()
    if not (isinstance(value, exp.Literal) and value.is_string):
        raise NotSupported(f"{what} that is not a literal")
    return value.name


def at_most(count: exp.Expr, length: exp.Expr) -> exp.Expr:
    """The count, unless the text of this length that it makes would be longer than any VARCHAR.

    The check is inside the count because DuckDB computes constants before it looks at a CASE around them.
    """
    fits = exp.Paren(this=exp.LTE(this=exp.Paren(this=length), expression=number(MAX_VARCHAR)))
    fault = cast(call("error", string("value too long")), INT)
    return exp.Case(ifs=[exp.If(this=exp.Not(this=fits), true=fault)], default=cast(count, INT))
