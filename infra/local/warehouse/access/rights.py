"""What a database user may do: their grantees in one moment of the catalogue."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from infra.local.warehouse.catalog import PUBLIC, Catalog, Grant, Grantee, Policy, Table
from infra.local.warehouse.errors import PermissionDenied


@dataclass(frozen=True)
class DbUser:
    """Who a statement runs as; `groups` are the identity store's groups of a signed-in person."""

    name: str
    groups: frozenset[str] = frozenset()
    superuser: bool = False


@dataclass(frozen=True)
class Rights:
    """A user's privileges in one catalogue."""

    user: DbUser
    catalog: Catalog = field(repr=False)
    grantees: frozenset[Grantee]

    def require_superuser(self, what: str) -> None:
        """Raises PermissionDenied unless the user is a superuser."""
        if not self.user.superuser:
            raise PermissionDenied(f"permission denied: must be superuser to {what}")

    def require_schema(self, schema: str) -> None:
        """Raises PermissionDenied unless the user may look into the schema."""
        usage = any(g.schema == schema and g.privilege == "USAGE" for g in self._grants())
        if not (usage or self.user.superuser):
            raise PermissionDenied(f"permission denied for schema {schema}")

    def columns(self, table: Table, privilege: str) -> frozenset[str]:
        """The columns of the table on which the user has the privilege."""
        every = frozenset(table.column_names)
        if self.user.superuser:
            return every
        granted: frozenset[str] = frozenset()
        for grant in self._grants():
            if (grant.schema, grant.table, grant.privilege) == (*table.key, privilege):
                granted |= every if grant.columns is None else grant.columns
        return granted & every

    def require(self, table: Table, privilege: str, columns: Iterable[str] = ()) -> frozenset[str]:
        """The columns granted; PermissionDenied unless they are some and hold all of `columns`."""
        self.require_schema(table.key.schema)
        granted = self.columns(table, privilege)
        if not granted or not granted >= frozenset(columns):
            raise PermissionDenied(f"permission denied for relation {table.key.name}")
        return granted

    @property
    def sees_system_views(self) -> bool:
        return self.user.superuser or bool(self.grantees & self.catalog.system_access)

    def policies(self, table: Table) -> list[Policy] | None:
        """The policies that bound the rows, in order of name; None when none bounds them."""
        exempt = self.user.superuser or self.grantees & self.catalog.ignore_rls
        if not table.rls or exempt:
            return None
        names = {
            a.policy for a in self.catalog.attachments if a.table == table.key and a.grantee in self.grantees
        }
        return [self.catalog.policies[name] for name in sorted(names)]

    def _grants(self) -> Iterator[Grant]:
        return (grant for grant in self.catalog.grants if grant.grantee in self.grantees)


def rights_of(user: DbUser, catalog: Catalog, *, namespace: str) -> Rights:
    """The user's rights: what they, PUBLIC, and the roles of their groups and of those roles have."""
    grouped = {f"{namespace}:{group}" for group in user.groups}
    direct = {Grantee("role", role) for role in grouped & catalog.roles}
    start = frozenset({Grantee("user", user.name), PUBLIC, *direct})
    return Rights(user=user, catalog=catalog, grantees=catalog.roles_of(start))
