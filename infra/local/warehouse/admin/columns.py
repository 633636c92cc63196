"""Columns of a table: added, renamed, dropped."""

from dataclasses import replace

from infra.local.warehouse.admin.lookups import is_looked_up
from infra.local.warehouse.admin.statements import AddColumn, DropColumn, RenameColumn
from infra.local.warehouse.admin.tables import check_columns, looked_up, require_no_views
from infra.local.warehouse.admin.work import Changed, Work, stored_table
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.database import quoted
from infra.local.warehouse.errors import SqlError, UndefinedColumn
from infra.local.warehouse.objects import Grant, Table, TableKey


def add(at: Work, statement: AddColumn, catalog: Catalog) -> Changed:
    """ADD COLUMN: whoever has a privilege on the whole table has it on the column, too."""
    table = stored_table(catalog, statement.key)
    column = statement.column
    _require_unread(catalog, table.key, column.name)
    if not column.nullable:
        raise SqlError("a column added NOT NULL must have a default that is not null", "42611")
    if table.column(column.name) is not None:
        raise SqlError(f'column "{column.name}" of relation "{table.key.name}" already exists', "42701")
    changed = replace(table, columns=(*table.columns, column))
    check_columns(changed.columns)
    at.run(f"ALTER TABLE {at.stored(table)} ADD COLUMN {quoted(column.name)} {column.type.duckdb}")
    return catalog.with_table(changed), 0


def rename(at: Work, statement: RenameColumn, catalog: Catalog) -> Changed:
    """RENAME COLUMN: what was granted on it stays."""
    table = _changeable(catalog, statement.key, statement.column)
    _require_unread(catalog, table.key, statement.name)
    if table.column(statement.name) is not None:
        raise SqlError(f'column "{statement.name}" of relation "{table.key.name}" already exists', "42701")
    columns = tuple(
        replace(c, name=statement.name) if c.name == statement.column else c for c in table.columns
    )
    check_columns(columns)
    old, new = quoted(statement.column), quoted(statement.name)
    at.run(f"ALTER TABLE {at.stored(table)} RENAME COLUMN {old} TO {new}")
    catalog = catalog.with_table(replace(table, columns=columns))
    return _with_grants(catalog, table.key, statement.column, statement.name), 0


def drop(at: Work, statement: DropColumn, catalog: Catalog) -> Changed:
    """DROP COLUMN: what was granted on it goes."""
    table = _changeable(catalog, statement.key, statement.column)
    if len(table.columns) == 1:
        raise SqlError("the last column of a table cannot be dropped", "0A000")
    columns = tuple(c for c in table.columns if c.name != statement.column)
    at.run(f"ALTER TABLE {at.stored(table)} DROP COLUMN {quoted(statement.column)}")
    catalog = catalog.with_table(replace(table, columns=columns))
    return _with_grants(catalog, table.key, statement.column, None), 0


def _changeable(catalog: Catalog, key: TableKey, column: str) -> Table:
    """The table, whose column no view, policy or mask reads."""
    table = stored_table(catalog, key)
    _require_unread(catalog, table.key, column)
    if table.column(column) is None:
        raise UndefinedColumn(f'column "{column}" of relation "{table.key.name}" does not exist')
    attached = (catalog.policies[a.policy] for a in catalog.attachments if a.table == table.key)
    judged = any(c.name == column for policy in attached for c in policy.columns)
    masked = any(column in (*m.outputs, *m.inputs) for m in catalog.masks if m.table == table.key)
    if judged or masked:
        raise SqlError(f'a policy that is attached depends on column "{column}"; detach it first', "2BP01")
    return table


def _require_unread(catalog: Catalog, key: TableKey, column: str) -> None:
    """Refuses a change of the column that queries over the table would have to follow."""
    if is_looked_up(catalog, key, [column]):
        raise looked_up(key)
    require_no_views(catalog, key, "ALTER TABLE of a column")


def _with_grants(catalog: Catalog, key: TableKey, column: str, name: str | None) -> Catalog:
    """The catalogue with the grants on the column under its new name, or without them."""
    grants: set[Grant] = set()
    for grant in catalog.grants:
        if (grant.schema, grant.table) == key and grant.columns and column in grant.columns:
            columns = (grant.columns - {column}) | ({name} if name else set())
            grants |= {grant._replace(columns=columns)} if columns else set()
        else:
            grants.add(grant)
    return catalog.changed(grants=frozenset(grants))
