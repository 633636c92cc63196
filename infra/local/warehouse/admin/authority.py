"""Who may run an administrative statement: one rule for each kind, under which a superuser does not fall."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from infra.local.warehouse.access.rights import Rights
from infra.local.warehouse.admin import statements as s
from infra.local.warehouse.catalog import PREDEFINED_ROLES
from infra.local.warehouse.errors import PermissionDenied
from infra.local.warehouse.objects import DATABASE, Grantee, Membership, Table, TableKey

_MANAGED_BY = {"IGNORE RLS": "SECURE RLS", "EXPLAIN RLS": "SECURE RLS", "EXPLAIN MASKING": "SECURE MASKING"}


def require(rights: Rights, statement: s.Statement) -> None:
    """Raises PermissionDenied unless the user may run the statement."""
    if not rights.superuser:
        _RULES[type(statement)](rights, statement)


def targets(rights: Rights, statement: s.ChangePrivileges) -> list[tuple[str, str | None]]:
    """The schema and the relation of each object that GRANT or REVOKE names."""
    tables = rights.catalog.tables
    if statement.tables:
        return [rights.catalog.table(key).key for key in statement.tables]
    if statement.every_table:
        return [key for key in tables if key.schema in statement.schemas]
    return [(schema, None) for schema in statement.schemas]


def owns(rights: Rights, schema: str, table: str | None) -> bool:
    """Whether the object is the user's: the relation, else the schema; the database is its superuser's."""
    if rights.superuser or schema == DATABASE:
        return rights.superuser
    if table is not None:
        return rights.owns(rights.catalog.table(TableKey(schema, table)))
    present = rights.catalog.schemas.get(schema)
    return present is not None and rights.is_owner(present.owner)


def _allow(permitted: bool, refusal: str) -> None:  # noqa: FBT001 - a condition and its refusal
    if not permitted:
        raise PermissionDenied(refusal)


def _superuser(_: Rights, __: s.Statement) -> None:
    raise PermissionDenied("permission denied: must be superuser")


def _system(*privileges: str) -> "_Rule":
    """Whoever has one of the system privileges."""

    def rule(rights: Rights, _: Any) -> None:
        _allow(any(map(rights.has, privileges)), "permission denied: a system privilege is needed")

    return rule


def _create(schema: str, *, system: str, temporary: bool, rights: Rights) -> None:
    if temporary:
        _allow(rights.on_database("TEMP"), "permission denied to create temporary tables in the database")
    elif schema in rights.catalog.schemas and not rights.has(system):
        rights.require_schema(schema, "CREATE")


def _create_table(rights: Rights, statement: s.CreateTable | s.CreateTableAs) -> None:
    _create(statement.key.schema, system="CREATE TABLE", temporary=statement.temporary, rights=rights)


def _create_view(rights: Rights, statement: s.CreateView) -> None:
    system = "CREATE OR REPLACE VIEW"
    _create(statement.key.schema, system=system, temporary=False, rights=rights)
    before = rights.catalog.tables.get(statement.key)
    if before is not None and statement.replace:
        # Redshift lets CREATE OR REPLACE VIEW do; but the view keeps its owner, whose rights it reads with.
        rights.require_owner(before)


def _create_materialized_view(rights: Rights, statement: s.CreateMaterializedView) -> None:
    _create(statement.key.schema, system="CREATE TABLE", temporary=False, rights=rights)


def _present(rights: Rights, keys: Iterable[TableKey]) -> Iterable[Table]:
    """The relations that are there, each in a schema that the user may look into."""
    catalog = rights.catalog
    for key in map(catalog.key_of, keys):
        if key.schema in catalog.schemas:
            rights.require_schema(key.schema)
        if key in catalog.tables:
            yield catalog.tables[key]


def _owned(system: str = "", privilege: str = "") -> "_Rule":
    """Whoever owns each relation, or has the system privilege, or was granted the privilege on it."""

    def rule(rights: Rights, statement: Any) -> None:
        if system and rights.has(system):
            return
        for table in _present(rights, getattr(statement, "keys", None) or (statement.key,)):
            if not (privilege and rights.columns(table, privilege)):
                rights.require_owner(table)

    return rule


def _rename_table(rights: Rights, statement: s.RenameTable) -> None:
    _owned("ALTER TABLE")(rights, statement)
    key = rights.catalog.key_of(statement.key)
    if key.schema in rights.catalog.schemas:
        rights.require_schema(key.schema, "CREATE")


def _maintenance(rights: Rights, statement: s.Maintenance) -> None:
    if statement.key is None:
        _system(statement.what)(rights, statement)
    else:
        _owned(statement.what)(rights, statement)


def _copy(rights: Rights, statement: s.Copy) -> None:
    for table in _present(rights, [statement.key]):
        rights.require(table, "INSERT")


def _create_schema(rights: Rights, statement: s.CreateSchema) -> None:
    may = rights.has("CREATE SCHEMA") or rights.on_database("CREATE")
    _allow(may, "permission denied to create a schema in the database")
    own = statement.owner is None or statement.owner == rights.user.name
    _allow(own, "permission denied: must be superuser to create a schema for somebody else")


def _require_schema_owner(rights: Rights, name: str) -> None:
    if name in rights.catalog.schemas:
        _allow(owns(rights, name, None), f"must be owner of schema {name}")


def _drop_schema(rights: Rights, statement: s.DropSchema) -> None:
    for name in statement.names:
        if not (rights.has("DROP SCHEMA") or rights.on_schema(name, "DROP")):
            _require_schema_owner(rights, name)


def _alter_schema_owner(rights: Rights, statement: s.AlterSchemaOwner) -> None:
    _require_schema_owner(rights, statement.name)


def _is_superuser(rights: Rights, name: str) -> bool:
    present = rights.catalog.users.get(name)
    return present is not None and present.superuser


def _create_user(rights: Rights, statement: s.CreateUser) -> None:
    may = rights.has("CREATE USER") and not statement.superuser
    _allow(may, "permission denied to create the user")


def _alter_user(rights: Rights, statement: s.AlterUser) -> None:
    touches_superuser = statement.superuser is not None or _is_superuser(rights, statement.name)
    may = rights.has("ALTER USER") or statement.name == rights.user.name
    _allow(may and not touches_superuser, "permission denied to alter the user")


def _drop_user(rights: Rights, statement: s.DropUser) -> None:
    superusers = any(_is_superuser(rights, name) for name in statement.names)
    _allow(rights.has("DROP USER") and not superusers, "permission denied to drop the user")


def _administers(rights: Rights, role: str) -> bool:
    """Whether the role is the user's, or granted to them with the admin option."""
    present = rights.catalog.roles.get(role)
    granted = Membership(Grantee("user", rights.user.name), role, option=True)
    return (present is not None and rights.is_owner(present.owner)) or granted in rights.catalog.memberships


def _drop_role(rights: Rights, statement: s.DropRole) -> None:
    may = rights.has("DROP ROLE") or _administers(rights, statement.name)
    _allow(may, f"must be owner of role {statement.name}")


def _alter_role_owner(rights: Rights, statement: s.AlterRoleOwner) -> None:
    _allow(_administers(rights, statement.name), f"must be owner of role {statement.name}")


def _membership(rights: Rights, statement: s.ChangeMembership) -> None:
    for role in statement.roles:
        # Whoever may grant roles could otherwise make themselves anything that Redshift predefines.
        any_role = rights.has("GRANT ROLE") and role not in PREDEFINED_ROLES
        _allow(any_role or _administers(rights, role), f"must have admin option on role {role}")


def _system_privileges(rights: Rights, statement: s.ChangeSystemPrivileges) -> None:
    """What lets its holder past policies is the business of whoever manages these."""
    for privilege in statement.privileges:
        manages = _MANAGED_BY.get(privilege)
        _allow(manages is not None and rights.has(manages), "permission denied: must be superuser")


def _privileges(rights: Rights, statement: s.ChangePrivileges) -> None:
    """The object's owner; for whole objects also who has the grant option."""
    for key in statement.tables:
        for table in _present(rights, [key]):
            _require_option(rights, statement, *table.key)
    if not statement.tables:
        for schema, table_name in targets(rights, statement):
            _require_option(rights, statement, schema, table_name)
        for schema in statement.schemas if statement.every_table else ():
            rights.require_schema(schema)


def _require_option(rights: Rights, statement: s.ChangePrivileges, schema: str, table: str | None) -> None:
    if owns(rights, schema, table):
        return
    me = Grantee("user", rights.user.name)
    optional = {
        g.privilege
        for g in rights.catalog.grants
        if g.option and g.grantee == me and (g.schema, g.table) == (schema, table)
    }
    what = f"relation {table}" if table else f"schema {schema}" if schema else "database"
    whole = not any(statement.privileges.values())
    _allow(whole and statement.privileges.keys() <= optional, f"permission denied for {what}")


_Rule = Callable[[Rights, Any], None]
_RULES: Mapping[type[Any], _Rule] = {
    s.CreateTable: _create_table,
    s.CreateTableAs: _create_table,
    s.CreateView: _create_view,
    s.CreateMaterializedView: _create_materialized_view,
    s.RefreshView: _owned(),
    s.DropView: _owned("DROP VIEW", "DROP"),
    s.DropTable: _owned("DROP TABLE", "DROP"),
    # A view reads with its owner's rights: whoever could give one away could read what its new owner may.
    s.AlterTableOwner: _superuser,
    s.RenameTable: _rename_table,
    s.AddColumn: _owned("ALTER TABLE", "ALTER"),
    s.RenameColumn: _owned("ALTER TABLE", "ALTER"),
    s.DropColumn: _owned("ALTER TABLE", "ALTER"),
    s.Truncate: _owned("TRUNCATE TABLE", "TRUNCATE"),
    s.Copy: _copy,
    s.Maintenance: _maintenance,
    s.CreateSchema: _create_schema,
    s.AlterSchemaOwner: _alter_schema_owner,
    s.DropSchema: _drop_schema,
    s.CreateUser: _create_user,
    s.AlterUser: _alter_user,
    s.DropUser: _drop_user,
    s.CreateIdentityProvider: _superuser,
    s.AlterIdentityProvider: _superuser,
    s.DropIdentityProvider: _superuser,
    s.CreateRole: _system("CREATE ROLE"),
    s.AlterRoleOwner: _alter_role_owner,
    s.DropRole: _drop_role,
    s.ChangePrivileges: _privileges,
    s.ChangeMembership: _membership,
    s.ChangeSystemPrivileges: _system_privileges,
    s.CreatePolicy: _system("SECURE RLS"),
    s.AlterPolicy: _system("SECURE RLS"),
    s.DropPolicy: _system("SECURE RLS"),
    s.ChangeAttachment: _system("SECURE RLS"),
    s.AlterRowLevelSecurity: _system("SECURE RLS"),
    s.CreateMaskingPolicy: _system("SECURE MASKING"),
    s.AlterMaskingPolicy: _system("SECURE MASKING"),
    s.DropMaskingPolicy: _system("SECURE MASKING"),
    s.ChangeMask: _system("SECURE MASKING"),
}
