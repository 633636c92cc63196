"""What the administrative statements do to the catalogue and to the stored tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from infra.local.warehouse.access import rows
from infra.local.warehouse.access.rewrite import Compiler
from infra.local.warehouse.admin import loader
from infra.local.warehouse.admin.loader import ObjectReader
from infra.local.warehouse.admin.statements import (
    AlterPolicy,
    AlterRowLevelSecurity,
    ChangeAttachment,
    ChangeMembership,
    ChangePrivileges,
    ChangeSystemPrivileges,
    Copy,
    CreatePolicy,
    CreateRole,
    CreateSchema,
    CreateTable,
    CreateUser,
    DropPolicy,
    DropRole,
    DropSchema,
    DropTable,
    Maintenance,
    Statement,
    Truncate,
)
from infra.local.warehouse.catalog import PREDEFINED_ROLES, Catalog
from infra.local.warehouse.database import quoted, translated
from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedColumn, UndefinedObject
from infra.local.warehouse.objects import (
    PUBLIC_SCHEMA,
    Attachment,
    Grant,
    Grantee,
    Membership,
    Policy,
    Role,
    Schema,
    Stamp,
    SystemGrant,
    Table,
    TableKey,
    User,
)
from infra.local.warehouse.sql.context import Context

_RESERVED_COLUMNS = frozenset({"rowid", "oid", "ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"})


@dataclass(frozen=True)
class Administration:
    """Where administrative statements run: the superuser's session in one transaction."""

    session: duckdb.DuckDBPyConnection
    compiler: Compiler  # of the statement's user
    read_object: ObjectReader | None
    known_user: Callable[[str], bool]

    @property
    def context(self) -> Context:
        return self.compiler.context

    def apply(self, statement: Statement, catalog: Catalog) -> tuple[Catalog, int]:
        """The catalogue after the statement, and how many rows it touched."""
        change = _CHANGES[type(statement)]
        return change(self, statement, catalog)

    def run(self, sql: str) -> None:
        with translated():
            self.session.execute(sql)

    def stored(self, table: Table) -> str:
        """DuckDB's qualified name of the table."""
        return f"{quoted(self.compiler.storage)}.{quoted(table.physical)}"


def _duplicate(what: str, name: str, sqlstate: str) -> SqlError:
    return SqlError(f'{what} "{name}" already exists', sqlstate)


def _require_schema(catalog: Catalog, schema: str) -> None:
    if schema not in catalog.schemas:
        raise UndefinedObject(f'schema "{schema}" does not exist', "3F000")


def _require_grantees(at: Administration, catalog: Catalog, grantees: tuple[Grantee, ...]) -> None:
    for grantee in grantees:
        if grantee.kind == "role":
            _require_role(catalog, grantee.name)
        elif grantee.kind == "user" and not (grantee.name in catalog.users or at.known_user(grantee.name)):
            raise UndefinedObject(f'user "{grantee.name}" does not exist', "42704")


def _require_role(catalog: Catalog, role: str) -> None:
    if role not in catalog.roles:
        raise UndefinedObject(f'role "{role}" does not exist', "42704")


def _create_table(at: Administration, statement: CreateTable, catalog: Catalog) -> tuple[Catalog, int]:
    _require_schema(catalog, statement.key.schema)
    if statement.key in catalog.tables:
        if statement.if_not_exists:
            return catalog, 0
        raise _duplicate("relation", statement.key.name, "42P07")
    names = [column.name for column in statement.columns]
    if len(set(names)) != len(names):
        raise SqlError("a column is specified more than once", "42701")
    reserved = _RESERVED_COLUMNS & set(names)
    if reserved:
        raise SqlError(f'column name "{min(reserved)}" conflicts with a system column name', "42701")
    if any(column.default is not None for column in statement.columns):
        raise NotSupported("DEFAULT in CREATE TABLE")
    number = catalog.made
    made = Stamp(at.context.user, at.context.now)
    table = Table(
        statement.key, f"t{number}", statement.columns, number=number, owner=at.context.user, made=made
    )
    columns = (
        f"{quoted(c.name)} {c.type.duckdb}{'' if c.nullable else ' NOT NULL'}" for c in statement.columns
    )
    at.run(f"CREATE TABLE {at.stored(table)} ({', '.join(columns)})")
    return replace(catalog.with_table(table), made=number + 1), 0


def _drop_table(at: Administration, statement: DropTable, catalog: Catalog) -> tuple[Catalog, int]:
    for key in statement.keys:
        if key not in catalog.tables and statement.if_exists:
            continue
        at.run(f"DROP TABLE {at.stored(catalog.table(key))}")
        catalog = catalog.without_table(key)
    return catalog, 0


def _truncate(at: Administration, statement: Truncate, catalog: Catalog) -> tuple[Catalog, int]:
    at.run(f"DELETE FROM {at.stored(catalog.table(statement.key))}")
    return catalog, 0


def _create_schema(at: Administration, statement: CreateSchema, catalog: Catalog) -> tuple[Catalog, int]:
    if statement.name in catalog.schemas:
        if statement.if_not_exists:
            return catalog, 0
        raise _duplicate("schema", statement.name, "42P06")
    if statement.name.startswith("pg_") or statement.name == "information_schema":
        raise SqlError(f'unacceptable schema name "{statement.name}"', "42939")
    schema = Schema(statement.name, at.context.user, catalog.made)
    return catalog.with_one("schemas", schema.name, schema).changed(made=catalog.made + 1), 0


def _drop_schema(at: Administration, statement: DropSchema, catalog: Catalog) -> tuple[Catalog, int]:
    if statement.name not in catalog.schemas and statement.if_exists:
        return catalog, 0
    _require_schema(catalog, statement.name)
    if statement.name == PUBLIC_SCHEMA:
        raise NotSupported("DROP SCHEMA public")
    keys = tuple(key for key in catalog.tables if key.schema == statement.name)
    if keys and not statement.cascade:
        raise SqlError(f"cannot drop schema {statement.name} because other objects depend on it", "2BP01")
    catalog, _ = _drop_table(at, DropTable(keys, if_exists=False), catalog)
    grants = frozenset(grant for grant in catalog.grants if grant.schema != statement.name)
    return catalog.without_one("schemas", statement.name).changed(grants=grants), 0


def _create_user(at: Administration, statement: CreateUser, catalog: Catalog) -> tuple[Catalog, int]:
    if statement.name in catalog.users or at.known_user(statement.name):
        raise _duplicate("user", statement.name, "42710")
    return catalog.with_one("users", statement.name, User(statement.name)), 0


def _create_role(at: Administration, statement: CreateRole, catalog: Catalog) -> tuple[Catalog, int]:
    if statement.name in catalog.roles:
        raise _duplicate("role", statement.name, "42710")
    if statement.name.lower().startswith("sys:") or statement.name.lower() == "public":
        raise SqlError(f'role name "{statement.name}" is reserved', "42939")
    role = Role(statement.name, at.context.user, catalog.made)
    return catalog.with_one("roles", role.name, role).changed(made=catalog.made + 1), 0


def _drop_role(_: Administration, statement: DropRole, catalog: Catalog) -> tuple[Catalog, int]:
    _require_role(catalog, statement.name)
    if statement.name in PREDEFINED_ROLES:
        raise SqlError(f'cannot drop system role "{statement.name}"', "42939")
    used = any(statement.name in (m.role, m.member.name) for m in catalog.memberships)
    if used and not statement.force:
        raise SqlError(f'cannot drop role "{statement.name}": it is granted; use FORCE', "2BP01")
    return catalog.without_role(statement.name), 0


def _privileges(at: Administration, statement: ChangePrivileges, catalog: Catalog) -> tuple[Catalog, int]:
    _require_grantees(at, catalog, statement.grantees)
    for schema in statement.schemas:
        _require_schema(catalog, schema)
    grants = catalog.grants
    for grantee in statement.grantees:
        for target in _targets(statement, catalog):
            for privilege, columns in statement.privileges.items():
                grant = Grant(grantee, privilege, *target, columns)
                _require_columns(catalog, grant)
                grants = grants | {grant} if statement.give else _without(grants, grant)
    return catalog.changed(grants=grants), 0


def _targets(statement: ChangePrivileges, catalog: Catalog) -> list[tuple[str, str | None]]:
    if statement.tables:
        return [(table.key.schema, table.key.name) for table in map(catalog.table, statement.tables)]
    if statement.every_table:
        return [(key.schema, key.name) for key in catalog.tables if key.schema in statement.schemas]
    return [(schema, None) for schema in statement.schemas]


def _require_columns(catalog: Catalog, grant: Grant) -> None:
    if grant.columns is None or grant.table is None:
        return
    table = catalog.table(TableKey(grant.schema, grant.table))
    for name in sorted(grant.columns - set(table.column_names)):
        raise UndefinedColumn(f'column "{name}" of relation "{table.key.name}" does not exist')


def _without(grants: frozenset[Grant], taken: Grant) -> frozenset[Grant]:
    """The grants without a privilege: revoking all columns takes what was given on some, too."""
    left = set()
    for grant in grants:
        if grant[:4] != taken[:4]:
            left.add(grant)
        elif taken.columns is not None:
            if grant.columns is None:
                raise NotSupported("REVOKE of columns from a privilege on the whole table")
            rest = grant.columns - taken.columns
            left |= {grant._replace(columns=rest)} if rest else set()
    return frozenset(left)


def _membership(at: Administration, statement: ChangeMembership, catalog: Catalog) -> tuple[Catalog, int]:
    _require_grantees(at, catalog, statement.grantees)
    for role in statement.roles:
        _require_role(catalog, role)
    pairs = frozenset(Membership(member, role) for member in statement.grantees for role in statement.roles)
    if not statement.give:
        return catalog.changed(memberships=catalog.memberships - pairs), 0
    for member, role, _ in pairs:
        if member in catalog.roles_of(frozenset({Grantee("role", role)})):
            raise SqlError(
                f'role "{role}" cannot be granted to "{member}": the grant would be circular', "0LP01"
            )
    return catalog.changed(memberships=catalog.memberships | pairs), 0


def _system_privileges(
    at: Administration, statement: ChangeSystemPrivileges, catalog: Catalog
) -> tuple[Catalog, int]:
    _require_grantees(at, catalog, statement.grantees)
    named = frozenset(SystemGrant(g, p) for g in statement.grantees for p in statement.privileges)
    present = catalog.system_grants
    return catalog.changed(system_grants=present | named if statement.give else present - named), 0


def _create_policy(at: Administration, statement: CreatePolicy, catalog: Catalog) -> tuple[Catalog, int]:
    if statement.name in catalog.policies:
        if statement.if_not_exists:
            return catalog, 0
        raise _duplicate("RLS policy", statement.name, "42710")
    policy = Policy(statement.name, statement.columns, statement.alias, statement.predicate)
    rows.check_policy(at.compiler, policy)
    return catalog.with_one("policies", policy.name, policy), 0


def _alter_policy(at: Administration, statement: AlterPolicy, catalog: Catalog) -> tuple[Catalog, int]:
    policy = replace(catalog.policy(statement.name), predicate=statement.predicate)
    rows.check_policy(at.compiler, policy)
    return catalog.with_one("policies", policy.name, policy), 0


def _drop_policy(_: Administration, statement: DropPolicy, catalog: Catalog) -> tuple[Catalog, int]:
    if statement.name not in catalog.policies and statement.if_exists:
        return catalog, 0
    policy = catalog.policy(statement.name)
    attached = any(attachment.policy == policy.name for attachment in catalog.attachments)
    if attached and not statement.cascade:
        raise SqlError(f'cannot drop RLS policy "{policy.name}" because it is attached; use CASCADE', "2BP01")
    return catalog.without_policy(policy.name), 0


def _attachment(at: Administration, statement: ChangeAttachment, catalog: Catalog) -> tuple[Catalog, int]:
    policy = catalog.policy(statement.policy)
    _require_grantees(at, catalog, statement.grantees)
    tables = [catalog.table(key) for key in statement.tables]
    for table in tables if statement.attach else ():
        _check_fit(policy, table)
    named = frozenset(Attachment(policy.name, t.key, g) for t in tables for g in statement.grantees)
    if statement.attach and named & catalog.attachments:
        raise SqlError(f'RLS policy "{policy.name}" is already attached', "42710")
    if not statement.attach and not named <= catalog.attachments:
        raise UndefinedObject(f'RLS policy "{policy.name}" is not attached', "42704")
    present = catalog.attachments
    return catalog.changed(attachments=present | named if statement.attach else present - named), 0


def _check_fit(policy: Policy, table: Table) -> None:
    for column in policy.columns:
        found = table.column(column.name)
        if found is None:
            raise UndefinedColumn(f'column "{column.name}" of relation "{table.key.name}" does not exist')
        if found.type.duckdb != column.type.duckdb:
            raise SqlError(
                f'RLS policy "{policy.name}" has type {column.type} for column "{column.name}",'
                f" the relation has {found.type}",
                "42804",
            )


def _row_level_security(
    _: Administration, statement: AlterRowLevelSecurity, catalog: Catalog
) -> tuple[Catalog, int]:
    table = catalog.table(statement.key)
    conjunction = statement.conjunction or ("AND" if statement.on else table.conjunction)
    return catalog.with_table(replace(table, rls=statement.on, conjunction=conjunction)), 0


def _copy(at: Administration, statement: Copy, catalog: Catalog) -> tuple[Catalog, int]:
    table = catalog.table(statement.key)
    if at.read_object is None:
        raise SqlError("S3ServiceException: no bucket can be reached", "XX000")
    rows = loader.load(statement, table, at.read_object)
    at.session.register("loaded", rows)
    names = ", ".join(map(quoted, rows.column_names))
    at.run(f"INSERT INTO {at.stored(table)} ({names}) SELECT {names} FROM loaded")
    at.session.unregister("loaded")
    return catalog, rows.num_rows


def _maintenance(_: Administration, __: Maintenance, catalog: Catalog) -> tuple[Catalog, int]:
    return catalog, 0


_Change = Callable[[Administration, Any, Catalog], tuple[Catalog, int]]
_CHANGES: Mapping[type[Any], _Change] = {
    CreateTable: _create_table,
    DropTable: _drop_table,
    Truncate: _truncate,
    CreateSchema: _create_schema,
    DropSchema: _drop_schema,
    CreateUser: _create_user,
    CreateRole: _create_role,
    DropRole: _drop_role,
    ChangePrivileges: _privileges,
    ChangeMembership: _membership,
    ChangeSystemPrivileges: _system_privileges,
    CreatePolicy: _create_policy,
    AlterPolicy: _alter_policy,
    DropPolicy: _drop_policy,
    ChangeAttachment: _attachment,
    AlterRowLevelSecurity: _row_level_security,
    Copy: _copy,
    Maintenance: _maintenance,
}
