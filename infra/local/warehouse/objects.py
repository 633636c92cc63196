"""What a warehouse's catalogue holds: relations, grants, roles, policies and masks, each immutable."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from infra.local.warehouse.sql.sqltypes import SqlType

PUBLIC_SCHEMA = "public"
UNNAMED = "\0"  # the schema of a name without one, until it is looked up; no statement can write it
TABLE_PRIVILEGES = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "DROP", "TRUNCATE", "REFERENCES", "ALTER"}
)
SCHEMA_PRIVILEGES = frozenset({"USAGE", "CREATE", "ALTER", "DROP"})
DATABASE_PRIVILEGES = frozenset({"USAGE", "CREATE", "TEMP"})
DATABASE = ""  # as the schema of a grant: the grant is on the database


class Grantee(NamedTuple):
    """Whom a privilege, a role or a policy belongs to."""

    kind: str  # user, role, public, rls policy or masking policy
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.kind


PUBLIC = Grantee("public")
RLS_POLICY, MASKING_POLICY = "rls policy", "masking policy"
POLICIES = frozenset({RLS_POLICY, MASKING_POLICY})  # kinds of grantee: what a policy may look up


class TableKey(NamedTuple):
    """A relation's qualified name."""

    schema: str
    name: str


@dataclass(frozen=True)
class Stamp:
    """Who made or last changed an object, and when (UTC, naive)."""

    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class ColumnDefinition:
    """A column of a relation."""

    name: str
    type: SqlType
    nullable: bool = True
    default: str | None = None  # an expression in Redshift's SQL


@dataclass(frozen=True)
class View:
    """What makes a relation a view: the query that it stands for."""

    query: str  # Redshift's SQL
    names: tuple[str, ...] = ()  # of its columns, where CREATE VIEW gave them
    bound: bool = True  # False: WITH NO SCHEMA BINDING, looked up anew by each query
    materialized: bool = False  # its rows are stored, as REFRESH last found them
    auto_refresh: bool = False
    refreshed: datetime | None = None
    sources: frozenset[TableKey] = frozenset()  # the relations that it names


@dataclass(frozen=True)
class Table:
    """A relation: what Redshift knows of it and where DuckDB keeps its rows."""

    key: TableKey
    physical: str  # DuckDB's name of it, in the storage schema; empty for a view
    columns: tuple[ColumnDefinition, ...]
    rls: bool = False
    conjunction: str = "AND"
    number: int = 0  # Redshift's oid
    owner: str = ""
    view: View | None = None
    made: Stamp = Stamp()

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def materialized(self) -> bool:
        return self.view is not None and self.view.materialized

    def column(self, name: str) -> ColumnDefinition | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Policy:
    """A row-level security policy: a predicate over columns that it names and types."""

    name: str
    columns: tuple[ColumnDefinition, ...]
    alias: str
    predicate: str  # Redshift's SQL, checked when the policy was made
    changed: Stamp = Stamp()


@dataclass(frozen=True)
class IdentityProvider:
    """IAM Identity Center, as a warehouse knows it: whose people connect, under names of which namespace."""

    name: str
    namespace: str
    application_arn: str  # of the application that Identity Center keeps for Redshift
    iam_role: str
    enabled: bool = True
    integrated: bool = False  # made with the warehouse: the role is the integration's
    number: int = 0


class Attachment(NamedTuple):
    """A policy that applies to somebody's use of a table."""

    policy: str
    table: TableKey
    grantee: Grantee
    grantor: str = ""


@dataclass(frozen=True)
class MaskingPolicy:
    """A masking policy: the values that stand for its columns' own."""

    name: str
    columns: tuple[ColumnDefinition, ...]  # WITH: what the expressions read
    expressions: tuple[str, ...]  # USING: Redshift's SQL, checked when the policy was made
    changed: Stamp = Stamp()


class Mask(NamedTuple):
    """A masking policy that applies to somebody's sight of a table's columns."""

    policy: str
    table: TableKey
    outputs: tuple[str, ...]  # the columns masked, one for each expression
    inputs: tuple[str, ...]  # the columns read, one for each column of the policy
    grantee: Grantee
    priority: int = 0
    grantor: str = ""


class Grant(NamedTuple):
    """A privilege on the database (`schema` is DATABASE), a schema (no `table`) or a relation's columns."""

    grantee: Grantee
    privilege: str
    schema: str
    table: str | None = None
    columns: frozenset[str] | None = None
    option: bool = False  # WITH GRANT OPTION
    grantor: str = ""  # a user who had the grant option; empty: the object's owner, or a superuser for them


class SystemGrant(NamedTuple):
    """A system privilege: IGNORE RLS, ACCESS SYSTEM TABLE, CREATE USER and their like."""

    grantee: Grantee
    privilege: str


class Membership(NamedTuple):
    """A role that a user or another role has."""

    member: Grantee
    role: str
    option: bool = False  # WITH ADMIN OPTION


@dataclass(frozen=True)
class Schema:
    """A schema and whose it is."""

    name: str
    owner: str
    number: int = 0


@dataclass(frozen=True)
class Role:
    """A role and whose it is."""

    name: str
    owner: str
    number: int = 0


@dataclass(frozen=True)
class User:
    """A user whom CREATE USER made."""

    name: str
    superuser: bool = False
