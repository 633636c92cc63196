"""What a database user may do: their grantees in one moment of the catalogue."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from infra.local.warehouse.catalog import PREDEFINED_ROLES, Catalog
from infra.local.warehouse.errors import PermissionDenied
from infra.local.warehouse.objects import DATABASE, POLICIES, PUBLIC, Grant, Grantee, Mask, Policy, Table


@dataclass(frozen=True)
class DbUser:
    """Who a statement runs as; they bring roles along, by groups of the identity store or by their names."""

    name: str
    groups: frozenset[str] = frozenset()
    superuser: bool = False
    roles: frozenset[str] = frozenset()

    def brings(self, namespace: str) -> frozenset[str]:
        """The names of the roles that they have for as long as they are connected, if there are such."""
        return self.roles | {f"{namespace}:{group}" for group in self.groups if namespace}


@dataclass(frozen=True)
class Rights:
    """A user's privileges in one catalogue."""

    user: DbUser
    catalog: Catalog = field(repr=False)
    grantees: frozenset[Grantee]

    @property
    def superuser(self) -> bool:
        return self.user.superuser

    def has(self, privilege: str) -> bool:
        """Whether the user has the system privilege, such as ACCESS SYSTEM TABLE."""
        granted = any(
            g.privilege == privilege and g.grantee in self.grantees for g in self.catalog.system_grants
        )
        return self.superuser or granted or self._has_role(privilege)

    def _has_role(self, privilege: str) -> bool:
        return any(
            grantee.kind == "role" and privilege in PREDEFINED_ROLES.get(grantee.name, ())
            for grantee in self.grantees
        )

    def require_superuser(self, what: str) -> None:
        """Raises PermissionDenied unless the user is a superuser."""
        if not self.superuser:
            raise PermissionDenied(f"permission denied: must be superuser to {what}")

    def on_database(self, privilege: str) -> bool:
        """Whether the user has the privilege on the database."""
        return self.superuser or any(
            g.schema == DATABASE and g.privilege == privilege for g in self._grants()
        )

    def on_schema(self, schema: str, privilege: str) -> bool:
        """Whether the user has the privilege on the schema; its owner has them all."""
        if schema == self.catalog.temporary or any(grantee.kind in POLICIES for grantee in self.grantees):
            return True
        present = self.catalog.schemas.get(schema)
        owned = present is not None and self.is_owner(present.owner)
        granted = any(
            g.schema == schema and g.table is None and g.privilege == privilege for g in self._grants()
        )
        return self.superuser or owned or granted

    def require_schema(self, schema: str, privilege: str = "USAGE") -> None:
        """Raises PermissionDenied unless the user has the privilege on the schema."""
        if not self.on_schema(schema, privilege):
            raise PermissionDenied(f"permission denied for schema {schema}")

    def owns(self, table: Table) -> bool:
        """Whether the relation is the user's; everything is a superuser's."""
        return self.superuser or self.is_owner(table.owner)

    def is_owner(self, owner: str) -> bool:
        """Whether the user owns what the name owns; a superuser's name alone gives nothing."""
        named = self.catalog.users.get(owner)
        return owner == self.user.name and not (named is not None and named.superuser)

    def require_owner(self, table: Table) -> None:
        """Raises PermissionDenied unless the relation is the user's."""
        if not self.owns(table):
            raise PermissionDenied(f"must be owner of relation {table.key.name}")

    def columns(self, table: Table, privilege: str) -> frozenset[str]:
        """The columns of the relation on which the user has the privilege."""
        every = frozenset(table.column_names)
        if self.owns(table):
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

    def policies(self, table: Table) -> list[Policy] | None:
        """The policies that bound the rows, in order of name; None when none bounds them."""
        if not table.rls or self.has("IGNORE RLS"):
            return None
        names = {
            a.policy for a in self.catalog.attachments if a.table == table.key and a.grantee in self.grantees
        }
        return [self.catalog.policies[name] for name in sorted(names)]

    def masks(self, table: Table) -> dict[str, Mask]:
        """The mask of each column that has one for the user: of several, the one of highest priority."""
        found: dict[str, Mask] = {}
        mine = (m for m in self.catalog.masks if m.table == table.key and m.grantee in self.grantees)
        for mask in sorted(mine, key=lambda m: (m.priority, m.policy)):
            found |= dict.fromkeys(mask.outputs, mask)
        return found

    def _grants(self) -> Iterator[Grant]:
        return (grant for grant in self.catalog.grants if grant.grantee in self.grantees)


def rights_of(user: DbUser, catalog: Catalog, *, namespace: str) -> Rights:
    """The user's rights: what they, PUBLIC, the roles that they bring and those roles' roles have."""
    direct = {Grantee("role", role) for role in user.brings(namespace) & catalog.roles.keys()}
    start = frozenset({Grantee("user", user.name), PUBLIC, *direct})
    return Rights(user=user, catalog=catalog, grantees=catalog.roles_of(start))
