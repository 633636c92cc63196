"""The statements that change the warehouse, as data."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.local.warehouse.objects import ColumnDefinition, Grantee, TableKey


@dataclass(frozen=True)
class CreateTable:
    key: TableKey
    columns: tuple[ColumnDefinition, ...]
    if_not_exists: bool
    temporary: bool = False


@dataclass(frozen=True)
class CreateTableAs:
    """CREATE TABLE … AS, or SELECT … INTO."""

    key: TableKey
    names: tuple[str, ...]  # of the columns, where they were given
    query: str  # Redshift's SQL
    temporary: bool = False


@dataclass(frozen=True)
class CreateView:
    key: TableKey
    names: tuple[str, ...]
    query: str
    replace: bool = False
    bound: bool = True  # False: WITH NO SCHEMA BINDING


@dataclass(frozen=True)
class CreateMaterializedView:
    key: TableKey
    query: str
    auto_refresh: bool = False


@dataclass(frozen=True)
class RefreshView:
    """REFRESH MATERIALIZED VIEW."""

    key: TableKey


@dataclass(frozen=True)
class DropView:
    keys: tuple[TableKey, ...]
    if_exists: bool
    cascade: bool
    materialized: bool


@dataclass(frozen=True)
class AlterTableOwner:
    key: TableKey
    owner: str


@dataclass(frozen=True)
class RenameTable:
    key: TableKey
    name: str


@dataclass(frozen=True)
class AddColumn:
    key: TableKey
    column: ColumnDefinition


@dataclass(frozen=True)
class RenameColumn:
    key: TableKey
    column: str
    name: str


@dataclass(frozen=True)
class DropColumn:
    key: TableKey
    column: str


@dataclass(frozen=True)
class AlterSchemaOwner:
    name: str
    owner: str


@dataclass(frozen=True)
class DropTable:
    keys: tuple[TableKey, ...]
    if_exists: bool
    cascade: bool = False


@dataclass(frozen=True)
class Truncate:
    key: TableKey


@dataclass(frozen=True)
class CreateSchema:
    name: str
    if_not_exists: bool
    owner: str | None = None  # AUTHORIZATION; None: whoever runs the statement


@dataclass(frozen=True)
class DropSchema:
    names: tuple[str, ...]
    if_exists: bool
    cascade: bool


@dataclass(frozen=True)
class CreateUser:
    name: str
    superuser: bool = False


@dataclass(frozen=True)
class AlterUser:
    name: str
    superuser: bool | None  # CREATEUSER or NOCREATEUSER; None: only the password


@dataclass(frozen=True)
class DropUser:
    names: tuple[str, ...]
    if_exists: bool


@dataclass(frozen=True)
class CreateIdentityProvider:
    name: str
    namespace: str
    application_arn: str
    iam_role: str


@dataclass(frozen=True)
class AlterIdentityProvider:
    name: str
    namespace: str | None = None
    iam_role: str | None = None
    enabled: bool | None = None


@dataclass(frozen=True)
class DropIdentityProvider:
    name: str
    cascade: bool


@dataclass(frozen=True)
class CreateRole:
    name: str


@dataclass(frozen=True)
class AlterRoleOwner:
    name: str
    owner: str


@dataclass(frozen=True)
class DropRole:
    name: str
    force: bool


@dataclass(frozen=True)
class ChangePrivileges:
    """GRANT or REVOKE of privileges on the database, schemas or tables."""

    give: bool
    privileges: Mapping[str, frozenset[str] | None]  # privilege: the columns, or None for all
    schemas: tuple[str, ...]  # ON SCHEMA (DATABASE: on the database), or ON ALL TABLES IN SCHEMA
    tables: tuple[TableKey, ...]
    every_table: bool
    grantees: tuple[Grantee, ...]
    option: bool = False  # WITH GRANT OPTION, or REVOKE GRANT OPTION FOR
    everything: bool = False  # ALL: what the object does not have is left out
    cascade: bool = False  # what the grantees granted in their turn goes, too


@dataclass(frozen=True)
class ChangeMembership:
    """GRANT or REVOKE of roles."""

    give: bool
    roles: tuple[str, ...]
    grantees: tuple[Grantee, ...]
    option: bool = False  # WITH ADMIN OPTION, or REVOKE ADMIN OPTION FOR


@dataclass(frozen=True)
class ChangeSystemPrivileges:
    """GRANT or REVOKE of IGNORE RLS, ACCESS SYSTEM TABLE and their like."""

    give: bool
    privileges: tuple[str, ...]
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
class CreateMaskingPolicy:
    name: str
    columns: tuple[ColumnDefinition, ...]
    expressions: tuple[str, ...]
    if_not_exists: bool


@dataclass(frozen=True)
class AlterMaskingPolicy:
    name: str
    expressions: tuple[str, ...]


@dataclass(frozen=True)
class DropMaskingPolicy:
    name: str


@dataclass(frozen=True)
class ChangeMask:
    """ATTACH or DETACH of a masking policy."""

    attach: bool
    policy: str
    table: TableKey
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]  # empty: the outputs
    grantee: Grantee
    priority: int = 0


@dataclass(frozen=True)
class SetSessionAuthorization:
    user: str | None  # None: DEFAULT, or RESET


@dataclass(frozen=True)
class SetParameter:
    """SET or RESET of a parameter of the session."""

    name: str
    value: str | None  # None: DEFAULT, or RESET


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
    """ANALYZE or VACUUM: nothing to do, but not everybody may ask."""

    what: str
    key: TableKey | None  # None: every table


Statement = (
    CreateTable
    | CreateTableAs
    | CreateView
    | CreateMaterializedView
    | RefreshView
    | DropView
    | DropTable
    | AlterTableOwner
    | RenameTable
    | AddColumn
    | RenameColumn
    | DropColumn
    | AlterSchemaOwner
    | Truncate
    | CreateSchema
    | DropSchema
    | CreateUser
    | AlterUser
    | DropUser
    | CreateIdentityProvider
    | AlterIdentityProvider
    | DropIdentityProvider
    | CreateRole
    | AlterRoleOwner
    | DropRole
    | ChangePrivileges
    | ChangeMembership
    | ChangeSystemPrivileges
    | CreatePolicy
    | AlterPolicy
    | DropPolicy
    | ChangeAttachment
    | CreateMaskingPolicy
    | AlterMaskingPolicy
    | DropMaskingPolicy
    | ChangeMask
    | AlterRowLevelSecurity
    | SetSessionAuthorization
    | SetParameter
    | Copy
    | Maintenance
)
