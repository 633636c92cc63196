"""The authorised rewriting: an analyst's query becomes one that can only reach what they may see."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.errors import ErrorLevel, OptimizeError, SqlglotError, UnsupportedError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify_columns import qualify_columns, quote_identifiers, validate_qualify_columns
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import Scope, traverse_scope

from infra.local.warehouse.access import secured
from infra.local.warehouse.access.rights import Rights
from infra.local.warehouse.access.secured import Relation
from infra.local.warehouse.errors import (
    NotSupported,
    PermissionDenied,
    SqlError,
    UndefinedColumn,
    UndefinedObject,
)
from infra.local.warehouse.objects import PUBLIC_SCHEMA, ColumnDefinition, Table, TableKey
from infra.local.warehouse.sql import column_names, dialect, inference, meaning, shape
from infra.local.warehouse.sql.context import Context, place, reads_clock
from infra.local.warehouse.sql.sqltypes import sql_type
from infra.local.warehouse.system import views as system_views
from infra.local.warehouse.system.views import SYSTEM_SCHEMA, SYSTEM_VIEWS


@dataclass(frozen=True)
class Origin:
    """The stored column that a result's column shows unchanged."""

    table: Table
    column: ColumnDefinition


@dataclass(frozen=True)
class Output:
    """A result's column: its name and where it comes from."""

    name: str
    origin: Origin | None


@dataclass(frozen=True)
class Compiled:
    """A query for DuckDB and what is known of it."""

    sql: str
    outputs: tuple[Output, ...]
    physical: frozenset[str]  # the stored tables it may touch
    lasting: bool  # means the same at another moment


@dataclass(frozen=True)
class Compiler:
    """Compiles one user's queries in one moment of the catalogue."""

    rights: Rights
    context: Context
    storage: str  # DuckDB's schema of the stored tables; unguessable
    prefix: str  # of the names that a query gives its permitted relations; unguessable
    numbered: TableKey | None = None  # the table whose rows a change must be able to name

    def compile(self, sql: str, parameters: Mapping[str, str]) -> Compiled:
        """The query, bound, authorised and in DuckDB's terms."""
        try:
            return self.compile_tree(dialect.bind(dialect.parse(sql), parameters))
        except RecursionError:
            raise SqlError("statement is too complex", "54001") from None

    @property
    def row_number(self) -> str:
        """The column that numbers the rows of the table to change."""
        return f"{self.prefix}row"

    def compile_tree(self, tree: exp.Expr) -> Compiled:
        """The bound query, authorised and in DuckDB's terms."""
        lasting = not reads_clock(tree)
        query = self.prepare(tree)
        relations = self.resolve(query)
        outputs = _outputs(query, relations)
        secured_query = self.secure(meaning.translate(query), relations)
        return Compiled(generate(secured_query), outputs, _physical(relations.values()), lasting)

    def prepare(self, tree: exp.Expr) -> exp.Query:
        """The tree with names, constants and only listed shapes."""
        tree = tree.unnest()
        column_names.name_projections(tree)
        tree = place(tree, context=self.context)
        query = shape.check_query(tree)
        meaning.normalize_casts(query)
        return query

    def resolve(self, tree: exp.Expr) -> dict[TableKey, Relation]:
        """Qualifies and types the tree in place; the relations it reads, each permitted."""
        self._check_catalogs(tree)
        normalize_identifiers(tree, dialect=dialect.DIALECT)
        qualify_tables(tree, db=PUBLIC_SCHEMA, dialect=dialect.DIALECT)
        relations = {key: self._relation(key) for key in sorted(_keys(tree))}
        schema = secured.schema_of(relation.table for relation in relations.values())
        try:
            qualify_columns(tree, schema, dialect=dialect.DIALECT)
            for select in tree.find_all(exp.Select):  # each star stands for many columns
                shape.check_width(select)
            quote_identifiers(tree, dialect=dialect.DIALECT)
            validate_qualify_columns(tree)
            inference.annotate(tree, schema)
        except OptimizeError as fault:
            raise _undefined(fault, relations.values()) from None
        except SqlglotError:
            raise NotSupported("a query of this form") from None
        _check_columns(tree, relations)
        return relations

    def _check_catalogs(self, tree: exp.Expr) -> None:
        for table in tree.find_all(exp.Table):
            if table.catalog and table.catalog.lower() != self.context.database:
                raise NotSupported("a cross-database reference")
            table.set("catalog", None)

    def _relation(self, key: TableKey) -> Relation:
        catalog = self.rights.catalog
        unqualified = key.schema == PUBLIC_SCHEMA and key not in catalog.tables
        if key.name in SYSTEM_VIEWS and (key.schema == SYSTEM_SCHEMA or unqualified):
            return self._system_view(key)
        if key.schema not in catalog.schemas:
            raise UndefinedObject(f'schema "{key.schema}" does not exist', "3F000")
        self.rights.require_schema(key.schema)
        table = catalog.table(key)
        granted = self.rights.require(table, "SELECT")
        where = secured.condition(self.rights, table, context=self.context)
        if key == self.numbered:
            number = ColumnDefinition(self.row_number, sql_type("int8"))
            table, granted = replace(table, columns=(*table.columns, number)), granted | {number.name}
        select = secured.select(table, storage=self.storage, where=where, row_number=self.row_number)
        return Relation(table, granted, select, bounded=where is not None)

    def _system_view(self, key: TableKey) -> Relation:
        if not self.rights.sees_system_views:
            raise PermissionDenied(f"permission denied for relation {key.name}")
        view = SYSTEM_VIEWS[key.name]
        query = system_views.select(view, self.rights.catalog, database=self.context.database)
        table = Table(key, "", view.table.columns)
        return Relation(table, frozenset(table.column_names), lambda _: query.copy(), bounded=False)

    def secure(self, tree: exp.Expr, relations: Mapping[TableKey, Relation]) -> exp.Expr:
        """The translated tree with each table replaced by what the user may see of it.

        A relation bounded by policies is materialised first: otherwise DuckDB could evaluate the user's
        conditions on rows that the policies hide, and an error or a failed cast would tell of them.
        """
        names = {key: f"{self.prefix}{position}" for position, key in enumerate(sorted(relations))}
        used = _used_columns(tree, relations)
        for node in list(tree.find_all(exp.Table)):
            if node.db:
                node.replace(_reference(names[TableKey(node.db, node.name)], node.alias))
        ctes = [
            exp.CTE(
                this=relation.select(sorted(used[key] & relation.granted) or sorted(relation.granted)[:1]),
                alias=exp.TableAlias(this=exp.to_identifier(names[key], quoted=True)),
                materialized=relation.bounded or None,
            )
            for key, relation in relations.items()
        ]
        return _with(tree, ctes)


def _with(tree: exp.Expr, ctes: list[exp.CTE]) -> exp.Expr:
    if ctes:
        present = tree.args.get("with_")
        recursive = present.args.get("recursive") if present else None
        own = present.expressions if present else []
        tree.set("with_", exp.With(expressions=[*ctes, *own], recursive=recursive))
    return tree


def _reference(name: str, alias: str) -> exp.Table:
    return exp.Table(
        this=exp.to_identifier(name, quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)),
    )


def generate(tree: exp.Expr) -> str:
    """DuckDB's SQL of the tree, without comments; what has no twin in DuckDB is refused."""
    try:
        return tree.sql(dialect="duckdb", comments=False, unsupported_level=ErrorLevel.RAISE, identify=True)
    except UnsupportedError:
        raise NotSupported("a query of this form") from None


def _keys(tree: exp.Expr) -> set[TableKey]:
    """The tables of a qualified tree: whatever is not a proven CTE has a schema by now."""
    return {TableKey(node.db, node.name) for node in tree.find_all(exp.Table) if node.db}


def _physical(relations: Iterable[Relation]) -> frozenset[str]:
    return frozenset(relation.table.physical for relation in relations if relation.table.physical)


def _sources(tree: exp.Expr) -> Iterable[tuple[Scope, exp.Column, TableKey]]:
    """Each column of each scope that is read straight from a table."""
    for scope in traverse_scope(tree):
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table) and source.db:
                yield scope, column, TableKey(source.db, source.name)


def _used_columns(tree: exp.Expr, relations: Mapping[TableKey, Relation]) -> dict[TableKey, set[str]]:
    used: dict[TableKey, set[str]] = {key: set() for key in relations}
    for _, column, key in _sources(tree):
        used[key].add(column.name)
    return used


def _check_columns(tree: exp.Expr, relations: Mapping[TableKey, Relation]) -> None:
    """Raises PermissionDenied when a column is read that is not granted; ambiguity is refused."""
    for key, columns in _used_columns(tree, relations).items():
        if not columns <= relations[key].granted:
            raise PermissionDenied(f"permission denied for relation {key.name}")
    for scope in traverse_scope(tree):
        query = scope.expression
        names = [projection.alias_or_name for projection in query.selects]  # type: ignore[attr-defined]
        if scope.parent is not None and len(set(names)) != len(names):
            raise NotSupported("a subquery with two columns of the same name")


def _outputs(tree: exp.Query, relations: Mapping[TableKey, Relation]) -> tuple[Output, ...]:
    root = traverse_scope(tree)[-1]
    return tuple(
        Output(column_names.shown_name(projection), _origin(root, position, relations))
        for position, projection in enumerate(tree.selects)
    )


def _origin(scope: Scope, position: int, relations: Mapping[TableKey, Relation]) -> Origin | None:
    """The stored column behind a projection, through subqueries and CTEs; None for an expression."""
    if not isinstance(scope.expression, exp.Select):
        return None
    column = scope.expression.selects[position].unalias()
    if not isinstance(column, exp.Column):
        return None
    source = scope.sources.get(column.table)
    if isinstance(source, Scope) and isinstance(source.expression, exp.Select):
        names = [projection.alias_or_name for projection in source.expression.selects]
        return _origin(source, names.index(column.name), relations) if column.name in names else None
    if isinstance(source, exp.Table) and source.db:
        table = relations[TableKey(source.db, source.name)].table
        definition = table.column(column.name)
        return Origin(table, definition) if definition else None
    return None


_UNRESOLVED = re.compile(
    r"Column '\"?(?P<column>[^'\"]+)\"?' could not be resolved(?P<qualified> for table)?"
)
_UNKNOWN = re.compile(r"Unknown (?:column|table): (?P<name>[\w$]+)")


def _undefined(fault: OptimizeError, relations: Iterable[Relation]) -> SqlError:
    """Redshift's words for a name that sqlglot could not resolve."""
    unresolved, unknown = _UNRESOLVED.search(str(fault)), _UNKNOWN.search(str(fault))
    if unresolved is None:
        return UndefinedColumn(
            f'column or table "{unknown["name"]}" does not exist' if unknown else "a name is wrong"
        )
    name = unresolved["column"]
    if not unresolved["qualified"] and any(relation.table.column(name) for relation in relations):
        return SqlError(f'column reference "{name}" is ambiguous', "42702")
    return UndefinedColumn(f'column "{name}" does not exist')
