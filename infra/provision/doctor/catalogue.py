"""What the warehouse's system views say of roles, policies and rights, read once."""

from dataclasses import dataclass

from infra.provision.doctor.context import Context
from infra.provision.doctor.data_api import Row, as_admin

PUBLIC = "public"
IGNORE, EXPLAIN, SYSTEM = "IGNORE RLS", "EXPLAIN RLS", "ACCESS SYSTEM TABLE"
_SQLS = (
    "SELECT role_name FROM svv_roles",
    "SELECT role_name, granted_role_name FROM svv_role_grants",
    "SELECT table_schema, table_name FROM svv_tables",
    "SELECT relschema, relname, rls_conjunction_type FROM svv_rls_relation WHERE is_rls_on",
    (
        "SELECT relschema, relname, polname, grantee FROM svv_rls_attached_policy"
        " WHERE granteekind IN ('role', 'public')"
    ),
    (
        "SELECT namespace_name, relation_name, privilege_type, identity_name FROM svv_relation_privileges"
        " WHERE identity_type IN ('role', 'public')"
        " UNION SELECT namespace_name, relation_name, privilege_type, identity_name"
        " FROM svv_column_privileges WHERE identity_type IN ('role', 'public')"
    ),
    (
        "SELECT namespace_name, privilege_type, identity_name FROM svv_schema_privileges"
        " WHERE identity_type IN ('role', 'public')"
    ),
    "SELECT system_privilege, identity_name FROM svv_system_privileges WHERE identity_type = 'role'",
)
Relation = tuple[str, str]


@dataclass(frozen=True)
class Catalogue:
    """Rights and policies as they are granted; of roles, those that they were granted count too."""

    roles: frozenset[str]
    granted: frozenset[Row]  # role, role that it has
    tables: frozenset[Row]
    protected: frozenset[Row]  # schema, table, conjunction: those whose row-level security is on
    attached: frozenset[Row]  # schema, table, policy, role
    privileges: frozenset[Row]  # schema, relation, privilege, role
    usages: frozenset[Row]  # schema, privilege, role
    system: frozenset[Row]  # privilege, role

    def held(self, role: str) -> frozenset[str]:
        """The role, those that it has through it, and PUBLIC."""
        held = {role, PUBLIC}
        while more := {str(has) for name, has in self.granted if name in held} - held:
            held |= more
        return frozenset(held)

    def may(self, role: str, privilege: str, relation: Relation) -> bool:
        return any((*relation, privilege, each) in self.privileges for each in self.held(role))

    def uses(self, role: str, schema: str) -> bool:
        return any((schema, "USAGE", each) in self.usages for each in self.held(role))

    def has(self, role: str, privilege: str) -> bool:
        return any((privilege, each) in self.system for each in self.held(role))

    def policies(self, relation: Relation, role: str = "") -> frozenset[str]:
        """The policies on a table that hold for a role; without one, all of them."""
        held = self.held(role)
        return frozenset(
            str(policy)
            for schema, table, policy, grantee in self.attached
            if (schema, table) == relation and (not role or grantee in held)
        )

    def conjunction(self, relation: Relation) -> str:
        """and, or; empty where row-level security is off."""
        return next((str(how).strip() for *table, how in self.protected if tuple(table) == relation), "")


def catalogue(context: Context) -> Catalogue:
    """All of it, as the warehouse's admin sees it."""
    roles, *others = as_admin(context, _SQLS)
    return Catalogue(frozenset(str(name) for (name,) in roles), *(frozenset(found) for found in others))
