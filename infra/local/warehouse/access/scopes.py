"""Names in a qualified query: which relations and columns it reads, and what is said of wrong ones."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.scope import Scope
from sqlglot.schema import MappingSchema

from infra.local.warehouse.errors import NotSupported, PermissionDenied, SqlError, UndefinedColumn
from infra.local.warehouse.objects import Table, TableKey
from infra.local.warehouse.sql.dialect import DIALECT


def keys(nodes: Iterable[exp.Expr]) -> set[TableKey]:
    """The tables of a tree whose tables are qualified: whatever is not a proven CTE has a schema by now."""
    return {TableKey(node.db, node.name) for node in nodes if isinstance(node, exp.Table) and node.db}


def check_catalogs(nodes: Iterable[exp.Expr], database: str) -> None:
    """Refuses relations of another database, and takes this one's name from the others."""
    for node in nodes:
        if isinstance(node, exp.Table) and node.catalog:
            if node.catalog.lower() != database:
                raise NotSupported("a cross-database reference")
            node.set("catalog", None)


def schema_of(tables: Iterable[Table]) -> MappingSchema:
    """The relations' columns as sqlglot's optimizer wants them."""
    schema: dict[str, Any] = {}
    for table in tables:
        columns = {column.name: column.type.duckdb for column in table.columns}
        schema.setdefault(table.key.schema, {})[table.key.name] = columns
    return MappingSchema(schema, dialect=DIALECT, normalize=False)


def stars(nodes: Iterable[exp.Expr]) -> int:
    """How often the query says `*` for columns."""
    return sum(isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count) for node in nodes)


def columns_read(found: Sequence[Scope]) -> Iterator[tuple[exp.Table, exp.Column]]:
    """Each column of each scope that is read straight from a relation, and where the relation is named."""
    for scope in found:
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table) and source.db:
                yield source, column


def check_resolved(found: Sequence[Scope]) -> None:
    """Raises OptimizeError for a column that none of the relations around it has, or several have."""
    unqualified = []
    for scope in found:
        if not isinstance(scope.expression, exp.Select):
            continue
        if scope.external_columns and not scope.is_correlated_subquery:
            column = scope.external_columns[0]
            of = f" for table: '{column.table}'" if column.table else ""
            raise OptimizeError(f"Column '{column.name}' could not be resolved{of}.")
        unqualified += scope.unqualified_columns
    if unqualified:
        raise OptimizeError(f"Ambiguous column '{unqualified[0].name}'")


def check_names(found: Sequence[Scope]) -> None:
    """Refuses a subquery in which a name stands for two columns."""
    for scope in found:
        query = scope.expression
        names = [projection.alias_or_name for projection in query.selects]  # type: ignore[attr-defined]
        if scope.parent is not None and len(set(names)) != len(names):
            raise NotSupported("a subquery with two columns of the same name")


def check_row_expressions(query: exp.Query) -> None:
    """Refuses what a policy cannot compute from one row."""
    for projection in query.selects:
        for node in projection.find_all(exp.AggFunc, exp.Window, exp.Star):
            if node.find_ancestor(exp.Select) is query:
                raise NotSupported("an aggregate, a window function or a star in a policy")


def check_written(tree: exp.Expr, unseen: Mapping[TableKey, frozenset[str]]) -> None:
    """Denies a name that means a column which its reader does not see, whatever else has that name.

    A column of the relations in FROM comes before an alias and before the query around; only ORDER BY
    means an alias first. `unseen` has the columns of each relation that are not granted.
    """
    for select in tree.find_all(exp.Select) if any(unseen.values()) else ():
        parts = (select.args.get("from_"), *(select.args.get("joins") or ()))
        tables = [part.this for part in parts if part is not None and isinstance(part.this, exp.Table)]
        hidden_names = {
            name: table.name for table in tables for name in unseen.get(TableKey(table.db, table.name), ())
        }
        for column in _own_columns(select) if hidden_names else ():
            ordered = column.find_ancestor(exp.Order) is not None and column.name in select.named_selects
            if not column.table and column.name in hidden_names and not ordered:
                raise PermissionDenied(f"permission denied for relation {hidden_names[column.name]}")


def _own_columns(select: exp.Select) -> Iterator[exp.Column]:
    """The columns that the SELECT names itself, not a query inside it."""
    for node in select.walk(prune=lambda node: isinstance(node, exp.Select) and node is not select):
        if isinstance(node, exp.Column):
            yield node


def check_uncorrelated(found: Sequence[Scope]) -> None:
    """Refuses a policy whose lookup depends on the row, as Redshift does."""
    if any(scope.parent is not None and scope.external_columns for scope in found):
        raise SqlError("RLS policy could not be rewritten.", "0A000")


_WORD = re.compile(r"[\w$]+")
_UNRESOLVED = re.compile(
    r"Column '\"?(?P<column>[^'\"]+)\"?' could not be resolved(?P<qualified> for table)?"
)
_UNKNOWN = re.compile(r"Unknown (?:column|table): (?P<name>[\w$]+)")


def hidden(fault: OptimizeError, seen: Sequence[Table], whole: Sequence[Table]) -> PermissionDenied | None:
    """The denial when the name that could not be resolved is a column that its reader does not see."""
    unresolved = _UNRESOLVED.search(str(fault))
    named = {unresolved["column"]} if unresolved else set(_WORD.findall(str(fault)))
    for part, table in zip(seen, whole, strict=True):
        if named & (set(table.column_names) - set(part.column_names)):
            return PermissionDenied(f"permission denied for relation {table.key.name}")
    return None


def undefined(fault: OptimizeError, tables: Iterable[Table]) -> SqlError:
    """Redshift's words for a name that sqlglot could not resolve."""
    unresolved, unknown = _UNRESOLVED.search(str(fault)), _UNKNOWN.search(str(fault))
    if unresolved is None:
        return UndefinedColumn(
            f'column or table "{unknown["name"]}" does not exist' if unknown else "a name is wrong"
        )
    name = unresolved["column"]
    if not unresolved["qualified"] and any(table.column(name) for table in tables):
        return SqlError(f'column reference "{name}" is ambiguous', "42702")
    return UndefinedColumn(f'column "{name}" does not exist')
