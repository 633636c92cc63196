"""A table as one person may see it: the granted columns of the permitted rows, and nothing else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.schema import MappingSchema

from infra.local.warehouse.access.rights import Rights
from infra.local.warehouse.errors import NotSupported, UndefinedColumn
from infra.local.warehouse.objects import Policy, Table
from infra.local.warehouse.sql import inference, meaning, shape
from infra.local.warehouse.sql.context import Context, place
from infra.local.warehouse.sql.dialect import DIALECT, parse_expression

_ROWS = "rows"


@dataclass(frozen=True)
class Relation:
    """A relation that a statement names, resolved and permitted."""

    table: Table
    granted: frozenset[str]
    select: Callable[[Iterable[str]], exp.Expr]  # the query that reads these columns of it
    bounded: bool  # by policies


def schema_of(tables: Iterable[Table]) -> MappingSchema:
    """The tables' columns as sqlglot's optimizer wants them."""
    schema: dict[str, Any] = {}
    for table in tables:
        columns = {column.name: column.type.duckdb for column in table.columns}
        schema.setdefault(table.key.schema, {})[table.key.name] = columns
    return MappingSchema(schema, dialect=DIALECT, normalize=False)


def predicate(policy: Policy, *, context: Context) -> exp.Expr:
    """The policy's condition over its own columns, checked and in DuckDB's terms."""
    found = place(exp.Paren(this=parse_expression(policy.predicate)), context=context)
    shape.check(found)
    if next(found.find_all(exp.Select, exp.AggFunc, exp.Window, exp.Star), None):
        raise NotSupported("a subquery or an aggregate in an RLS policy")
    kinds = {column.name: column.type for column in policy.columns}
    for column in found.find_all(exp.Column):
        if column.table.lower() not in ("", policy.alias) or column.name.lower() not in kinds:
            raise UndefinedColumn(f'column "{column.name}" does not exist in RLS policy {policy.name}')
        column.replace(_column(column.name.lower()))
    meaning.normalize_casts(found)
    query = exp.Select(expressions=[exp.alias_(found, "kept")]).from_(
        exp.Table(this=exp.to_identifier(_ROWS), db=exp.to_identifier("policy"))
    )
    types = {column.name: column.type.duckdb for column in policy.columns} or {"nothing": "INT"}
    schema = MappingSchema({"policy": {_ROWS: types}}, dialect=DIALECT, normalize=False)
    inference.annotate(query, schema)
    condition: exp.Expr = meaning.translate(query).expressions[0].this
    return condition


def _column(name: str) -> exp.Column:
    return exp.Column(this=exp.to_identifier(name, quoted=True), table=exp.to_identifier(_ROWS, quoted=True))


def condition(rights: Rights, table: Table, *, context: Context) -> exp.Expr | None:
    """What a row must satisfy to be the user's to see; None when every row is."""
    policies = rights.policies(table)
    if policies is None:
        return None
    if not policies:
        return exp.false()
    conditions = [predicate(policy, context=context) for policy in policies]
    return exp.or_(*conditions) if table.conjunction == "OR" else exp.and_(*conditions)


def select(
    table: Table, *, storage: str, where: exp.Expr | None, row_number: str
) -> Callable[[Iterable[str]], exp.Expr]:
    """How columns of the rows that satisfy the condition are read, DuckDB's row number among them."""

    def query(columns: Iterable[str]) -> exp.Select:
        source = exp.Table(
            this=exp.to_identifier(table.physical, quoted=True), db=exp.to_identifier(storage, quoted=True)
        )
        projections = (
            exp.alias_(_column("rowid"), name, quoted=True) if name == row_number else _column(name)
            for name in columns
        )
        found = exp.Select(expressions=list(projections)).from_(source)
        if where is not None:
            found = found.where(where.copy())
        for column in found.find_all(exp.Column):
            column.set("table", exp.to_identifier(table.physical, quoted=True))
        return found

    return query
