"""Tables and views: created, dropped, emptied, filled, given to another owner."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from infra.local.warehouse.access import definitions
from infra.local.warehouse.admin import loader
from infra.local.warehouse.admin.lookups import lookups_of_policies
from infra.local.warehouse.admin.statements import (
    AlterTableOwner,
    Copy,
    CreateMaterializedView,
    CreateTable,
    CreateTableAs,
    CreateView,
    DropTable,
    DropView,
    Maintenance,
    RenameTable,
    Truncate,
)
from infra.local.warehouse.admin.work import Changed, Work, duplicate, require_schema, stored_table
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.database import quoted
from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.objects import ColumnDefinition, Table, TableKey

_RESERVED_COLUMNS = frozenset({"rowid", "oid", "ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"})
_MOST_COLUMNS = 1_600


def create_table(at: Work, statement: CreateTable, catalog: Catalog) -> Changed:
    """CREATE TABLE: an empty table of the caller's."""
    key = _new_key(catalog, statement.key, temporary=statement.temporary)
    if key in catalog.tables:
        if statement.if_not_exists:
            return catalog, 0
        raise duplicate("relation", key.name, "42P07")
    check_columns(statement.columns)
    number = catalog.made
    table = Table(key, f"t{number}", statement.columns, number=number, owner=at.user, made=at.stamp)
    columns = (
        f"{quoted(c.name)} {c.type.duckdb}{'' if c.nullable else ' NOT NULL'}" for c in statement.columns
    )
    at.run(f"CREATE TABLE {at.stored(table)} ({', '.join(columns)})")
    return replace(catalog.with_table(table), made=number + 1), 0


def _new_key(catalog: Catalog, key: TableKey, *, temporary: bool) -> TableKey:
    """Where a new relation of that name belongs."""
    if temporary:
        return TableKey(catalog.temporary, key.name)
    require_schema(catalog, key.schema)
    return key


def check_columns(columns: Collection[ColumnDefinition]) -> None:
    """Raises SqlError unless a table can have these columns."""
    names = [column.name for column in columns]
    if len(set(names)) != len(names):
        raise SqlError("a column is specified more than once", "42701")
    if len(names) > _MOST_COLUMNS:
        raise SqlError(f"tables can have at most {_MOST_COLUMNS} columns", "54011")
    reserved = _RESERVED_COLUMNS & set(names)
    if reserved:
        raise SqlError(f'column name "{min(reserved)}" conflicts with a system column name', "42701")
    if any(column.default is not None for column in columns):
        raise NotSupported("DEFAULT in CREATE TABLE")


def create_table_as(at: Work, statement: CreateTableAs, catalog: Catalog) -> Changed:
    """CREATE TABLE AS: a table of the caller's with what the query gives them."""
    key = _new_key(catalog, statement.key, temporary=statement.temporary)
    changed, rows = definitions.create_table_as(at, replace(statement, key=key), catalog)
    check_columns(changed.tables[key].columns)
    return changed, rows


def create_view(at: Work, statement: CreateView | CreateMaterializedView, catalog: Catalog) -> Changed:
    """CREATE VIEW and CREATE MATERIALIZED VIEW: a view of the caller's."""
    require_schema(catalog, statement.key.schema)
    if isinstance(statement, CreateView):
        changed, rows = definitions.create_view(at, statement, catalog)
    else:
        changed, rows = definitions.create_materialized_view(at, statement, catalog)
    check_columns(changed.tables[statement.key].columns)
    return changed, rows


def drop_table(at: Work, statement: DropTable, catalog: Catalog) -> Changed:
    """DROP TABLE: the table goes, and with CASCADE the views over it."""
    keys = list(_named(catalog, statement.keys, if_exists=statement.if_exists))
    for key in keys:
        stored_table(catalog, key)
    return without(at, catalog, keys, cascade=statement.cascade), 0


def drop_view(at: Work, statement: DropView, catalog: Catalog) -> Changed:
    """DROP VIEW and DROP MATERIALIZED VIEW: the view goes, and with CASCADE the views over it."""
    keys = list(_named(catalog, statement.keys, if_exists=statement.if_exists))
    for key in keys:
        table = catalog.table(key)
        if table.view is None or table.materialized != statement.materialized:
            kind = "a materialized view" if statement.materialized else "a view"
            raise SqlError(f'"{key.name}" is not {kind}', "42809")
    return without(at, catalog, keys, cascade=statement.cascade), 0


def _named(catalog: Catalog, keys: Collection[TableKey], *, if_exists: bool) -> Iterator[TableKey]:
    for key in dict.fromkeys(map(catalog.key_of, keys)):
        if key in catalog.tables or not if_exists:
            yield catalog.table(key).key


def without(at: Work, catalog: Catalog, keys: Collection[TableKey], *, cascade: bool) -> Catalog:
    """The catalogue without the relations, and with CASCADE without the views over them."""
    doomed = {above.key: above for key in keys for above in catalog.dependents(key)}
    doomed |= {key: catalog.tables[key] for key in keys}
    for key in keys if not cascade else ():
        if any(above.key not in keys for above in catalog.dependents(key)):
            raise _depended_on(key, "a view")
    for key in doomed.keys() & lookups_of_policies(catalog):
        raise _depended_on(key, "a policy")
    for table in doomed.values():
        if table.physical:
            at.run(f"DROP TABLE {at.stored(table)}")
        catalog = catalog.without_table(table.key)
    return catalog


def _depended_on(key: TableKey, by: str) -> SqlError:
    return SqlError(f"cannot drop {key.name} because other objects depend on it: {by}", "2BP01")


def truncate(at: Work, statement: Truncate, catalog: Catalog) -> Changed:
    """TRUNCATE: every row goes, whoever may see it."""
    at.run(f"DELETE FROM {at.stored(stored_table(catalog, statement.key))}")
    return catalog, 0


def alter_owner(at: Work, statement: AlterTableOwner, catalog: Catalog) -> Changed:
    """ALTER TABLE OWNER TO, of a view as well."""
    table = catalog.table(statement.key)
    at.require_user(catalog, statement.owner)
    if table.key.schema == catalog.temporary:
        raise NotSupported("another owner of a temporary table")
    return catalog.with_table(replace(table, owner=statement.owner)), 0


def rename(_: Work, statement: RenameTable, catalog: Catalog) -> Changed:
    """ALTER TABLE RENAME TO: what was granted and attached stays with the relation."""
    table = catalog.table(statement.key)
    old, new = table.key, TableKey(table.key.schema, statement.name)
    if new in catalog.tables:
        raise duplicate("relation", new.name, "42P07")
    if table.materialized:
        raise SqlError(f'materialized view "{old.name}" cannot be renamed', "0A000")
    if old in lookups_of_policies(catalog):
        raise looked_up(old)
    require_no_views(catalog, old, "renaming")
    renamed = catalog.without_one("tables", old).with_table(replace(table, key=new))
    return renamed.changed(
        grants=frozenset(
            g._replace(table=new.name) if (g.schema, g.table) == old else g for g in catalog.grants
        ),
        attachments=frozenset(a._replace(table=new) if a.table == old else a for a in catalog.attachments),
        masks=frozenset(m._replace(table=new) if m.table == old else m for m in catalog.masks),
    ), 0


def looked_up(key: TableKey) -> SqlError:
    """What to raise for a change of what a policy looks up."""
    return SqlError(f'"{key.name}" is a lookup table of a policy', "2BP01")


def require_no_views(catalog: Catalog, key: TableKey, what: str) -> None:
    """Refuses a change that the queries of views over the relation would have to follow."""
    if catalog.dependents(key):
        raise NotSupported(f"{what} of a relation with views over it")


def copy(at: Work, statement: Copy, catalog: Catalog) -> Changed:
    """COPY: the rows of a bucket's objects, whatever policies the table has."""
    table = stored_table(catalog, statement.key)
    if at.read_object is None:
        raise SqlError("S3ServiceException: no bucket can be reached", "XX000")
    rows = loader.load(statement, table, at.read_object, user=at.user)
    at.session.register("loaded", rows)
    names = ", ".join(map(quoted, rows.column_names))
    at.run(f"INSERT INTO {at.stored(table)} ({names}) SELECT {names} FROM loaded")
    at.session.unregister("loaded")
    return catalog, rows.num_rows


def maintain(_: Work, statement: Maintenance, catalog: Catalog) -> Changed:
    """ANALYZE and VACUUM: there is nothing to do."""
    if statement.key is not None:
        catalog.table(statement.key)
    return catalog, 0
