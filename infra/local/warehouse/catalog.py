"""The warehouse's catalogue: an immutable snapshot of tables, roles, grants and policies.

A change makes a new catalogue; whoever reads one sees a single moment of it.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from infra.local.warehouse.errors import UndefinedObject
from infra.local.warehouse.sql.sqltypes import SqlType

PUBLIC_SCHEMA = "public"
SYSTEM_MONITOR = "sys:monitor"  # Redshift's predefined role that reads every system view
TABLE_PRIVILEGES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})


class Grantee(NamedTuple):
    """Whom a privilege, a role or a policy belongs to."""

    kind: str  # user, role or public
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.kind


PUBLIC = Grantee("public")
# Never given twice, not even after a rollback: compiled queries are kept under it.
_VERSIONS = itertools.count(1)


class TableKey(NamedTuple):
    """A table's qualified name."""

    schema: str
    name: str


@dataclass(frozen=True)
class ColumnDefinition:
    """A column of a table."""

    name: str
    type: SqlType
    nullable: bool = True
    default: str | None = None  # an expression in Redshift's SQL


@dataclass(frozen=True)
class Table:
    """A table: what Redshift knows of it and where DuckDB keeps its rows."""

    key: TableKey
    physical: str  # DuckDB's name of it, in the storage schema
    columns: tuple[ColumnDefinition, ...]
    rls: bool = False
    conjunction: str = "AND"

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> ColumnDefinition | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Policy:
    """A row-level security policy: a predicate over columns that it names and types."""

    name: str
    columns: tuple[ColumnDefinition, ...]
    alias: str
    predicate: str  # Redshift's SQL, checked when the policy was made


class Attachment(NamedTuple):
    """A policy that applies to somebody's use of a table."""

    policy: str
    table: TableKey
    grantee: Grantee


class Grant(NamedTuple):
    """A privilege on a schema (`table` is None) or a table, on every column or on some."""

    grantee: Grantee
    privilege: str
    schema: str
    table: str | None = None
    columns: frozenset[str] | None = None


class Membership(NamedTuple):
    """A role that a user or another role has."""

    member: Grantee
    role: str


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Catalog:
    """One moment of the catalogue."""

    version: int = 0
    schemas: frozenset[str] = frozenset({PUBLIC_SCHEMA})
    tables: Mapping[TableKey, Table] = field(default_factory=_nothing)
    roles: frozenset[str] = frozenset({SYSTEM_MONITOR})
    users: frozenset[str] = frozenset()
    memberships: frozenset[Membership] = frozenset()
    grants: frozenset[Grant] = frozenset({Grant(PUBLIC, "USAGE", PUBLIC_SCHEMA)})
    policies: Mapping[str, Policy] = field(default_factory=_nothing)
    attachments: frozenset[Attachment] = frozenset()
    ignore_rls: frozenset[Grantee] = frozenset()
    system_access: frozenset[Grantee] = frozenset({Grantee("role", SYSTEM_MONITOR)})
    tables_made: int = 0  # never reused: a physical name belongs to one table for ever

    def changed(self, **changes: Any) -> "Catalog":
        """The next version of the catalogue, with the changes."""
        return replace(self, version=next(_VERSIONS), **changes)

    def table(self, key: TableKey) -> Table:
        """The table of that name, or UndefinedObject."""
        table = self.tables.get(key)
        if table is None:
            raise UndefinedObject(f'relation "{key.name}" does not exist')
        return table

    def policy(self, name: str) -> Policy:
        """The policy of that name, or UndefinedObject."""
        policy = self.policies.get(name)
        if policy is None:
            raise UndefinedObject(f'RLS policy "{name}" does not exist', "42704")
        return policy

    def with_table(self, table: Table) -> "Catalog":
        """The catalogue with the table added or replaced."""
        return self.changed(tables=MappingProxyType({**self.tables, table.key: table}))

    def without_table(self, key: TableKey) -> "Catalog":
        """The catalogue without the table and what hung on it."""
        return self.changed(
            tables=MappingProxyType({k: t for k, t in self.tables.items() if k != key}),
            grants=frozenset(g for g in self.grants if (g.schema, g.table) != key),
            attachments=frozenset(a for a in self.attachments if a.table != key),
        )

    def with_policy(self, policy: Policy) -> "Catalog":
        """The catalogue with the policy added or replaced."""
        return self.changed(policies=MappingProxyType({**self.policies, policy.name: policy}))

    def without_policy(self, name: str) -> "Catalog":
        """The catalogue without the policy and its attachments."""
        return self.changed(
            policies=MappingProxyType({n: p for n, p in self.policies.items() if n != name}),
            attachments=frozenset(a for a in self.attachments if a.policy != name),
        )

    def without_role(self, role: str) -> "Catalog":
        """The catalogue without the role and all that it had."""
        gone = Grantee("role", role)
        return self.changed(
            roles=self.roles - {role},
            memberships=frozenset(m for m in self.memberships if m.member != gone and m.role != role),
            grants=frozenset(g for g in self.grants if g.grantee != gone),
            attachments=frozenset(a for a in self.attachments if a.grantee != gone),
            ignore_rls=self.ignore_rls - {gone},
            system_access=self.system_access - {gone},
        )

    def roles_of(self, grantees: frozenset[Grantee]) -> frozenset[Grantee]:
        """The grantees and every role they have, through other roles too."""
        known = grantees
        while True:
            found = frozenset(Grantee("role", m.role) for m in self.memberships if m.member in known)
            if found <= known:
                return known
            known |= found
