"""The statements that change the warehouse, as data."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.local.warehouse.catalog import ColumnDefinition, Grantee, TableKey


@dataclass(frozen=True)
class CreateTable:
    key: TableKey
    columns: tuple[ColumnDefinition, ...]
    if_not_exists: bool


@dataclass(frozen=True)
class DropTable:
    keys: tuple[TableKey, ...]
    if_exists: bool


@dataclass(frozen=True)
class Truncate:
    key: TableKey


@dataclass(frozen=True)
class CreateSchema:
    name: str
    if_not_exists: bool


@dataclass(frozen=True)
class DropSchema:
    name: str
    if_exists: bool
    cascade: bool


@dataclass(frozen=True)
class CreateUser:
    name: str


@dataclass(frozen=True)
class CreateRole:
    name: str


@dataclass(frozen=True)
class DropRole:
    name: str
    force: bool


@dataclass(frozen=True)
class ChangePrivileges:
    """GRANT or REVOKE of privileges on schemas or tables."""

    give: bool
    privileges: Mapping[str, frozenset[str] | None]  # privilege: the columns, or None for all
    schemas: tuple[str, ...]  # USAGE ON SCHEMA, or ON ALL TABLES IN SCHEMA
    tables: tuple[TableKey, ...]
    every_table: bool
    grantees: tuple[Grantee, ...]


@dataclass(frozen=True)
class ChangeMembership:
    """GRANT or REVOKE of roles."""

    give: bool
    roles: tuple[str, ...]
    grantees: tuple[Grantee, ...]


@dataclass(frozen=True)
class ChangeExemption:
    """GRANT or REVOKE of IGNORE RLS or ACCESS SYSTEM TABLE."""

    give: bool
    what: str  # "ignore_rls" or "system_access": the catalogue's set
    grantees: tuple[Grantee, ...]


@dataclass(frozen=True)
class CreatePolicy:
    name: str
    columns: tuple[ColumnDefinition, ...]
    alias: str
    predicate: str
    if_not_exists: bool


@dataclass(frozen=True)
class AlterPolicy:
    name: str
    predicate: str


@dataclass(frozen=True)
class DropPolicy:
    name: str
    if_exists: bool
    cascade: bool


@dataclass(frozen=True)
class ChangeAttachment:
    """ATTACH or DETACH of a policy."""

    attach: bool
    policy: str
    tables: tuple[TableKey, ...]
    grantees: tuple[Grantee, ...]


@dataclass(frozen=True)
class AlterRowLevelSecurity:
    key: TableKey
    on: bool
    conjunction: str | None


@dataclass(frozen=True)
class Copy:
    key: TableKey
    columns: tuple[str, ...]
    bucket: str
    prefix: str
    role: str | None  # None: the default one
    format: str  # "csv" or "parquet"
    options: Mapping[str, str | int | bool]


@dataclass(frozen=True)
class Maintenance:
    """ANALYZE or VACUUM: nothing to do, but only the superuser may ask."""

    what: str


Statement = (
    CreateTable
    | DropTable
    | Truncate
    | CreateSchema
    | DropSchema
    | CreateUser
    | CreateRole
    | DropRole
    | ChangePrivileges
    | ChangeMembership
    | ChangeExemption
    | CreatePolicy
    | AlterPolicy
    | DropPolicy
    | ChangeAttachment
    | AlterRowLevelSecurity
    | Copy
    | Maintenance
)
