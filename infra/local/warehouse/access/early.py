"""Conditions that may be asked of hidden rows as well, because they raise for no row and so tell nothing.

Where policies bound a relation, DuckDB finds its permitted rows first and asks the statement's conditions of
those alone: that keeps `1 / (quantity - 5)` from telling of hidden rows. A date's bounds tell nothing, and
asked early they save most of the work.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlglot import exp

from infra.local.warehouse.access import templates
from infra.local.warehouse.objects import Table
from infra.local.warehouse.sql.duckdb_text import generate

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_CONNECTIVES = (exp.And, exp.Or, exp.Not, exp.Paren)
_INTEGERS = frozenset({"int2", "int4", "int8"})
_DIGITS = 18  # of a whole number that any integer may be compared with


@dataclass(frozen=True)
class Question:
    """A condition that a statement asks of a relation's rows, as it may be asked of the stored ones."""

    text: str  # DuckDB's; the row stands under the name that every stored row has
    columns: frozenset[str]  # that it asks of: a masked one is not stored as it is seen


def questions(tree: exp.Expr, tables: Mapping[str, Table], row: str) -> Mapping[str, tuple[Question, ...]]:
    """What may be asked early of each relation, by the name that stands for it: its SELECT asks it anyway."""
    counts = Counter(node.name for node in tree.find_all(exp.Table))
    found: dict[str, tuple[Question, ...]] = {}
    for select in tree.find_all(exp.Select):
        where = select.args.get("where")
        joins = select.args.get("joins") or []
        if where is None or any(join.side for join in joins):
            continue
        for source in _sources(select, joins):
            table = tables.get(source.name)
            if table is not None and counts[source.name] == 1:
                found[source.name] = tuple(_questions(where.this, source.alias, table, row))
    return found


def _questions(where: exp.Expr, alias: str, table: Table, row: str) -> Iterator[Question]:
    for condition in _conjuncts(where):
        if _is_wanted(condition) and is_harmless(condition, alias, table):
            asked = condition.copy()
            columns = list(asked.find_all(exp.Column))
            for column in columns:
                column.set("table", exp.to_identifier(row, quoted=True))
            yield Question(generate(asked), frozenset(column.name for column in columns))


def _is_wanted(condition: exp.Expr) -> bool:
    """Whether the condition is worth it: a pattern saves nothing, and is asked of permitted rows alone."""
    return condition.find(exp.Like, exp.ILike) is None


def _sources(select: exp.Select, joins: Iterable[exp.Expr]) -> Iterator[exp.Table]:
    for part in (select.args.get("from_"), *joins):
        if part is not None and isinstance(part.this, exp.Table):
            yield part.this


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def is_harmless(condition: exp.Expr, alias: str, table: Table) -> bool:
    """Whether the condition compares this relation's stored columns with constants, and raises for no row."""
    if isinstance(condition, _CONNECTIVES):
        parts = [value for value in condition.args.values() if isinstance(value, exp.Expr)]
        return all(is_harmless(part, alias, table) for part in parts)
    if isinstance(condition, exp.Boolean):
        return True
    column = next(iter(condition.find_all(exp.Column)), None)
    definition = table.column(column.name) if column is not None and column.table == alias else None
    if column is None or definition is None:
        return False
    fits = _FITTING.get(definition.type.name)
    return fits is not None and _compares(condition, column, fits, text=definition.type.is_text)


def _compares(condition: exp.Expr, column: exp.Expr, fits: Callable[[exp.Expr], bool], *, text: bool) -> bool:
    if isinstance(condition, exp.Is):
        return condition.this is column and isinstance(condition.expression, exp.Null)
    if isinstance(condition, _COMPARISONS):
        sides = [side for side in (condition.this, condition.expression) if side is not column]
        return len(sides) == 1 and fits(sides[0])
    if isinstance(condition, exp.Between):
        return condition.this is column and fits(condition.args["low"]) and fits(condition.args["high"])
    if isinstance(condition, exp.In):
        listed = condition.this is column and not condition.args.get("query") and condition.expressions
        return bool(listed) and all(map(fits, condition.expressions))
    like = isinstance(condition, exp.Like | exp.ILike)
    return like and text and condition.this is column and _text(condition.expression) is not None


def _text(value: exp.Expr) -> str | None:
    """The text of a literal, cast to text or not."""
    if isinstance(value, exp.Cast) and value.to.this in exp.DataType.TEXT_TYPES and not value.to.expressions:
        value = value.this
    return value.name if isinstance(value, exp.Literal) and value.is_string else None


def _is_whole(value: exp.Expr) -> bool:
    return isinstance(value, exp.Literal) and value.name.isdigit() and len(value.name) <= _DIGITS


def _is_moment(value: exp.Expr, kinds: tuple[exp.DType, ...]) -> bool:
    """Whether the value is a date or timestamp that exists: a cast that fails does so only beside a row."""
    if not (isinstance(value, exp.Cast) and value.to.this in kinds and isinstance(value.this, exp.Literal)):
        return False
    if templates.is_mark(value.this.name):
        return True  # for a value that is a date
    read = date.fromisoformat if value.to.this == exp.DType.DATE else datetime.fromisoformat
    try:
        return read(value.this.name).year > 0
    except ValueError:
        return False


# A constant is of a kind that the column is compared with as it is stored: a cast of the column could raise.
_FITTING: Mapping[str, Callable[[exp.Expr], bool]] = {
    **dict.fromkeys(_INTEGERS, _is_whole),
    **dict.fromkeys(("varchar", "char"), lambda value: _text(value) is not None),
    "date": lambda value: _is_moment(value, (exp.DType.DATE,)),
    "timestamp": lambda value: _is_moment(value, (exp.DType.DATE, exp.DType.TIMESTAMP)),
}
