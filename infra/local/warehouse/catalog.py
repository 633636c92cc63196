"""The warehouse's catalogue: an immutable snapshot of relations, roles, grants and policies.

A change makes a new catalogue; whoever reads one sees a single moment of it.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from infra.local.warehouse.errors import UndefinedObject
from infra.local.warehouse.objects import (
    DATABASE,
    MASKING_POLICY,
    PUBLIC,
    PUBLIC_SCHEMA,
    RLS_POLICY,
    UNNAMED,
    Attachment,
    Grant,
    Grantee,
    IdentityProvider,
    Mask,
    MaskingPolicy,
    Membership,
    Policy,
    Role,
    Schema,
    SystemGrant,
    Table,
    TableKey,
    User,
)

RDSDB = "rdsdb"  # Redshift's own user, which owns what nobody made
SYSTEM_MONITOR, SYSTEM_SECADMIN, SYSTEM_SUPERUSER = "sys:monitor", "sys:secadmin", "sys:superuser"
SYSTEM_OPERATOR, SYSTEM_DBA = "sys:operator", "sys:dba"
# The system privileges of Redshift's predefined roles, as far as the stand-in has what they allow. What
# sys:secadmin alone may do to policies and masks has no name in Redshift: SECURE RLS and SECURE MASKING.
_MONITOR = frozenset({"ACCESS CATALOG", "ACCESS SYSTEM TABLE"})
_OPERATOR = _MONITOR | {"ANALYZE", "VACUUM", "CANCEL"}
_DBA = frozenset(
    {
        *("CREATE SCHEMA", "DROP SCHEMA", "CREATE TABLE", "DROP TABLE", "TRUNCATE TABLE"),
        *("CREATE OR REPLACE VIEW", "DROP VIEW"),
    }
)
_SECADMIN = frozenset(
    {
        *("CREATE USER", "ALTER USER", "DROP USER", "CREATE ROLE", "DROP ROLE", "GRANT ROLE"),
        *("SECURE RLS", "SECURE MASKING", "IGNORE RLS", "EXPLAIN RLS", "EXPLAIN MASKING"),
    }
)
PREDEFINED_ROLES: Mapping[str, frozenset[str]] = {
    SYSTEM_MONITOR: _MONITOR,
    SYSTEM_OPERATOR: _OPERATOR,
    SYSTEM_DBA: _OPERATOR | _DBA,
    SYSTEM_SECADMIN: _SECADMIN,
    SYSTEM_SUPERUSER: _OPERATOR | _DBA | _SECADMIN,
}
_FIRST_NUMBER = 100_000
# Never given twice, not even after a rollback: compiled queries are kept under it.
_VERSIONS = itertools.count(1)


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


def _schemas() -> Mapping[str, Schema]:
    return MappingProxyType({PUBLIC_SCHEMA: Schema(PUBLIC_SCHEMA, RDSDB, 2200)})


def _roles() -> Mapping[str, Role]:
    return MappingProxyType(
        {name: Role(name, RDSDB, number) for number, name in enumerate(PREDEFINED_ROLES, 1)}
    )


# Everybody may look into and make relations in `public`, and make temporary ones.
_FIRST_GRANTS = frozenset(
    {
        *(Grant(PUBLIC, privilege, PUBLIC_SCHEMA) for privilege in ("USAGE", "CREATE")),
        Grant(PUBLIC, "TEMP", DATABASE),
    }
)


@dataclass(frozen=True)
class Catalog:
    """One moment of the catalogue."""

    version: int = 0
    schemas: Mapping[str, Schema] = field(default_factory=_schemas)
    tables: Mapping[TableKey, Table] = field(default_factory=_nothing)
    roles: Mapping[str, Role] = field(default_factory=_roles)
    users: Mapping[str, User] = field(default_factory=_nothing)
    identity_providers: Mapping[str, IdentityProvider] = field(default_factory=_nothing)
    memberships: frozenset[Membership] = frozenset()
    grants: frozenset[Grant] = _FIRST_GRANTS
    system_grants: frozenset[SystemGrant] = frozenset()
    policies: Mapping[str, Policy] = field(default_factory=_nothing)
    attachments: frozenset[Attachment] = frozenset()
    masking_policies: Mapping[str, MaskingPolicy] = field(default_factory=_nothing)
    masks: frozenset[Mask] = frozenset()
    made: int = _FIRST_NUMBER  # objects so far; a number belongs to one object for ever
    temporary: str = ""  # the schema of the temporary tables of the session that looks

    def changed(self, **changes: Any) -> "Catalog":
        """The next version of the catalogue, with the changes."""
        return replace(self, version=next(_VERSIONS), **changes)

    def with_one(self, collection: str, key: object, value: object) -> "Catalog":
        """The catalogue with an object added to the collection, or replaced there."""
        present: Mapping[Any, Any] = getattr(self, collection)
        return self.changed(**{collection: MappingProxyType({**present, key: value})})

    def without_one(self, collection: str, gone: object) -> "Catalog":
        """The catalogue without the object of that key in the collection."""
        present: Mapping[Any, Any] = getattr(self, collection)
        left = {key: value for key, value in present.items() if key != gone}
        return self.changed(**{collection: MappingProxyType(left)})

    def key_of(self, key: TableKey) -> TableKey:
        """The relation that is meant: a bare name is a temporary table's before one in `public`."""
        if key.schema != UNNAMED:
            return key
        own = TableKey(self.temporary, key.name)
        return own if own in self.tables else TableKey(PUBLIC_SCHEMA, key.name)

    def table(self, key: TableKey) -> Table:
        """The relation that is meant, or UndefinedObject."""
        return self.relation(self.key_of(key))

    def relation(self, key: TableKey) -> Table:
        """The relation of exactly that name, or UndefinedObject."""
        table = self.tables.get(key)
        if table is None:
            raise UndefinedObject(f'relation "{key.name}" does not exist')
        return table

    def policy(self, name: str) -> Policy:
        """The RLS policy of that name, or UndefinedObject."""
        policy = self.policies.get(name)
        if policy is None:
            raise UndefinedObject(f'RLS policy "{name}" does not exist', "42704")
        return policy

    def masking_policy(self, name: str) -> MaskingPolicy:
        """The masking policy of that name, or UndefinedObject."""
        policy = self.masking_policies.get(name)
        if policy is None:
            raise UndefinedObject(f'masking policy "{name}" does not exist', "42704")
        return policy

    def beside(self, temporary: Mapping[TableKey, Table], schema: str) -> "Catalog":
        """The catalogue as a session sees it, with its temporary tables."""
        seen = replace(self, temporary=schema)
        return seen.changed(tables=MappingProxyType({**self.tables, **temporary})) if temporary else seen

    def apart(self) -> tuple["Catalog", Mapping[TableKey, Table]]:
        """The catalogue for everybody, and the temporary tables of the session that looks."""
        own = {key: table for key, table in self.tables.items() if key.schema == self.temporary}
        rest = {key: table for key, table in self.tables.items() if key not in own}
        return self.changed(tables=MappingProxyType(rest), temporary=""), own

    def with_table(self, table: Table) -> "Catalog":
        """The catalogue with the relation added or replaced."""
        return self.with_one("tables", table.key, table)

    def without_table(self, key: TableKey) -> "Catalog":
        """The catalogue without the relation and what hung on it."""
        return self.without_one("tables", key).changed(
            grants=frozenset(g for g in self.grants if (g.schema, g.table) != key),
            attachments=frozenset(a for a in self.attachments if a.table != key),
            masks=frozenset(m for m in self.masks if m.table != key),
        )

    def without_policy(self, name: str) -> "Catalog":
        """The catalogue without the RLS policy, its attachments and what it was granted."""
        gone = Grantee(RLS_POLICY, name)
        return self.without_one("policies", name).changed(
            attachments=frozenset(a for a in self.attachments if a.policy != name),
            grants=frozenset(g for g in self.grants if g.grantee != gone),
        )

    def without_masking_policy(self, name: str) -> "Catalog":
        """The catalogue without the masking policy, its attachments and what it was granted."""
        gone = Grantee(MASKING_POLICY, name)
        return self.without_one("masking_policies", name).changed(
            masks=frozenset(m for m in self.masks if m.policy != name),
            grants=frozenset(g for g in self.grants if g.grantee != gone),
        )

    def without_grantee(self, gone: Grantee) -> "Catalog":
        """The catalogue without all that a user or a role had."""
        return self.changed(
            memberships=frozenset(
                m
                for m in self.memberships
                if m.member != gone and not (gone.kind == "role" and m.role == gone.name)
            ),
            grants=frozenset(g for g in self.grants if g.grantee != gone),
            system_grants=frozenset(g for g in self.system_grants if g.grantee != gone),
            attachments=frozenset(a for a in self.attachments if a.grantee != gone),
            masks=frozenset(m for m in self.masks if m.grantee != gone),
        )

    def without_role(self, role: str) -> "Catalog":
        """The catalogue without the role and all that it had."""
        return self.without_one("roles", role).without_grantee(Grantee("role", role))

    def roles_of(self, grantees: frozenset[Grantee]) -> frozenset[Grantee]:
        """The grantees and every role they have, through other roles too."""
        known = grantees
        while True:
            found = frozenset(Grantee("role", m.role) for m in self.memberships if m.member in known)
            if found <= known:
                return known
            known |= found

    def dependents(self, key: TableKey) -> list[Table]:
        """The bound views over the relation, and those over them, the outermost first."""
        found: dict[TableKey, Table] = {}
        self._add_dependents(key, found)
        return list(found.values())

    def _add_dependents(self, key: TableKey, found: dict[TableKey, Table]) -> None:
        for table in self.tables.values():
            over = table.view is not None and table.view.bound and key in table.view.sources
            if over and table.key not in found:
                self._add_dependents(table.key, found)
                found[table.key] = table
