"""Relations that a query defines, under the caller's rights: views, materialized ones, CREATE TABLE AS."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import duckdb
from sqlglot import exp

from infra.local.warehouse.access.rewrite import Compiled, Compiler
from infra.local.warehouse.admin.statements import (
    CreateMaterializedView,
    CreateTableAs,
    CreateView,
    RefreshView,
)
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.database import check_reach, quoted, translated
from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedObject
from infra.local.warehouse.objects import ColumnDefinition, Stamp, Table, TableKey, View
from infra.local.warehouse.sql import dialect


class Place(Protocol):
    """Where a definition takes effect."""

    @property
    def compiler(self) -> Compiler: ...

    @property
    def session(self) -> duckdb.DuckDBPyConnection: ...


def create_view(at: Place, statement: CreateView, catalog: Catalog) -> tuple[Catalog, int]:
    """CREATE [OR REPLACE] VIEW: bound to the relations that it names, or looked up anew by each query."""
    before = _before(statement.key, catalog)
    if before is not None and not statement.replace:
        raise _exists(statement.key)
    if not statement.bound:
        _check_qualified(statement.query)
        if before is not None and catalog.dependents(before.key):
            raise SqlError(f'cannot replace "{before.key.name}": other views depend on its columns', "2BP01")
        view = View(statement.query, statement.names, bound=False)
        return _defined(at, catalog, statement.key, (), view=view, before=before), 0
    compiled = _compiled(at, statement.query)
    columns = _columns(compiled, statement.names)
    sources = compiled.sources
    if any(key.schema == catalog.temporary for key in sources):
        raise NotSupported("a view of a temporary table")
    if before is not None:
        _check_replacement(before, columns)
        if before.key in sources or any(t.key in sources for t in catalog.dependents(before.key)):
            raise SqlError(f'infinite recursion detected in rules for relation "{before.key.name}"', "42P17")
    view = View(statement.query, tuple(c.name for c in columns), sources=sources)
    return _defined(at, catalog, statement.key, columns, view=view, before=before), 0


def create_table_as(at: Place, statement: CreateTableAs, catalog: Catalog) -> tuple[Catalog, int]:
    """CREATE TABLE AS: a table of the caller's with what the query gave them."""
    if _before(statement.key, catalog) is not None:
        raise _exists(statement.key)
    compiled = _compiled(at, statement.query, whole=False)
    columns = _columns(compiled, statement.names)
    catalog = _defined(at, catalog, statement.key, columns)
    return catalog, _store(at, catalog.table(statement.key), compiled)


def create_materialized_view(
    at: Place, statement: CreateMaterializedView, catalog: Catalog
) -> tuple[Catalog, int]:
    """CREATE MATERIALIZED VIEW: the query's rows, kept until a REFRESH."""
    if _before(statement.key, catalog) is not None:
        raise _exists(statement.key)
    compiled = _compiled(at, statement.query)
    _check_materialized(statement.query, catalog, compiled.sources)
    columns = _columns(compiled, ())
    names = tuple(c.name for c in columns)
    view = View(
        statement.query,
        names,
        materialized=True,
        auto_refresh=statement.auto_refresh,
        refreshed=at.compiler.context.now,
        sources=compiled.sources,
    )
    catalog = _defined(at, catalog, statement.key, columns, view=view)
    _store(at, catalog.table(statement.key), compiled)
    return catalog, 0


def refresh(at: Place, statement: RefreshView, catalog: Catalog) -> tuple[Catalog, int]:
    """REFRESH MATERIALIZED VIEW: its query runs again, with its owner's rights."""
    table = catalog.table(statement.key)
    if table.view is None or not table.materialized:
        raise SqlError(f'"{table.key.name}" is not a materialized view', "42809")
    owner = at.compiler.rights_as(table.owner)
    owner = replace(owner, catalog=replace(owner.catalog, temporary=""))  # the caller's are not meant
    compiled = _compiled(at, table.view.query, replace(at.compiler, rights=owner))
    with translated():
        at.session.execute(f"DELETE FROM {_stored(at, table)}")
    _store(at, table, compiled)
    view = replace(table.view, refreshed=at.compiler.context.now)
    return catalog.with_table(replace(table, view=view)), 0


def _before(key: TableKey, catalog: Catalog) -> Table | None:
    """What has the name already."""
    if key.schema not in {*catalog.schemas, catalog.temporary}:
        raise UndefinedObject(f'schema "{key.schema}" does not exist', "3F000")
    return catalog.tables.get(key)


def _exists(key: TableKey) -> SqlError:
    return SqlError(f'relation "{key.name}" already exists', "42P07")


def _check_qualified(query: str) -> None:
    """A view without binding names every relation with its schema, and is read no further."""
    tree = dialect.bind(dialect.parse(query), {})
    names = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not table.db and table.name.lower() not in names:
            raise SqlError(
                "All the relation names inside should be qualified"
                " when creating VIEW WITH NO SCHEMA BINDING.",
                "42601",
            )


def _compiled(at: Place, query: str, compiler: Compiler | None = None, *, whole: bool = True) -> Compiled:
    """The query of a definition; in a view's, `whole`, every column that `*` stands for must be granted."""
    made = (compiler or at.compiler).compile_definition(query, whole=whole)
    check_reach(at.session, made.sql, made.touched)
    return made


def _columns(compiled: Compiled, names: Sequence[str]) -> tuple[ColumnDefinition, ...]:
    """The columns that the query gives the relation, under the names given to it."""
    if len(names) > len(compiled.outputs):
        raise SqlError("CREATE specifies more column names than columns", "42601")
    own = [replace(output.column, nullable=True) for output in compiled.outputs]
    given = [replace(column, name=name) for column, name in zip(own, names, strict=False)]
    found = [*given, *own[len(given) :]]
    taken = [column.name for column in found]
    twice = next((name for name in taken if taken.count(name) > 1), None)
    if twice is not None:
        raise SqlError(f'column "{twice}" duplicated', "42701")
    return tuple(found)


def _check_replacement(before: Table, columns: Sequence[ColumnDefinition]) -> None:
    if before.view is None or before.materialized:
        raise SqlError(f'"{before.key.name}" is not a view', "42809")
    if before.view.bound and [(c.name, c.type) for c in before.columns] != [
        (c.name, c.type) for c in columns
    ]:
        raise SqlError(f'cannot change the columns of view "{before.key.name}"', "42P16")


def _check_materialized(query: str, catalog: Catalog, sources: frozenset[TableKey]) -> None:
    """Its rows are the same for whoever reads them: what lies below must be the same for everybody, too."""
    tree = dialect.parse(query)
    if any(tree.args.get(clause) for clause in ("order", "limit", "offset")):
        raise SqlError("Materialized view definition cannot have ORDER BY, LIMIT or OFFSET", "0A000")
    for key in sorted(sources):
        table = catalog.tables.get(key)
        if (
            table is None
            or (table.view is not None and not table.materialized)
            or key.schema == catalog.temporary
        ):
            raise SqlError(f'Materialized view definition cannot reference relation "{key.name}"', "0A000")
        if table.rls or any(a.table == key for a in catalog.attachments):
            raise SqlError(f'materialized view cannot reference RLS protected relation "{key.name}"', "0A000")
        if any(mask.table == key for mask in catalog.masks):
            raise NotSupported("a materialized view of a relation with masks")


def _defined(
    at: Place,
    catalog: Catalog,
    key: TableKey,
    columns: tuple[ColumnDefinition, ...],
    *,
    view: View | None = None,
    before: Table | None = None,
) -> Catalog:
    """The catalogue with the relation: its caller's, or still its owner's when it replaces one."""
    if before is not None:
        return catalog.with_table(replace(before, columns=columns, view=view))
    stored = view is None or view.materialized
    number, user = catalog.made, at.compiler.rights.user.name
    table = Table(
        key,
        f"t{number}" if stored else "",
        columns,
        number=number,
        owner=user,
        view=view,
        made=Stamp(user, at.compiler.context.now),
    )
    if stored:
        kinds = ", ".join(f"{quoted(c.name)} {c.type.duckdb}" for c in columns)
        with translated():
            at.session.execute(f"CREATE TABLE {_stored(at, table)} ({kinds})")
    return replace(catalog.with_table(table), made=number + 1)


def _stored(at: Place, table: Table) -> str:
    return f"{quoted(at.compiler.storage)}.{quoted(table.physical)}"


def _store(at: Place, table: Table, compiled: Compiled) -> int:
    """Fills the relation with the query's rows, in its columns' types."""
    aliases = ", ".join(f"c{position}" for position in range(len(table.columns)))
    values = ", ".join(f"CAST(c{n} AS {c.type.duckdb})" for n, c in enumerate(table.columns))
    with translated():
        ((count,),) = at.session.execute(
            f"INSERT INTO {_stored(at, table)} SELECT {values} FROM ({compiled.sql}) AS v({aliases})"
        ).fetchall()
    return int(count)
