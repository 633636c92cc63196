"""What the administrative statements do to the catalogue and to the stored tables."""

from collections.abc import Callable, Mapping
from typing import Any

from infra.local.warehouse.access import definitions
from infra.local.warehouse.admin import (
    authority,
    columns,
    identity,
    masking,
    policies,
    privileges,
    schemas,
    tables,
    users,
)
from infra.local.warehouse.admin import statements as s
from infra.local.warehouse.admin.work import Changed, Work
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.errors import SqlError
from infra.local.warehouse.objects import TableKey
from infra.local.warehouse.system import SYSTEM_VIEWS
from infra.local.warehouse.system.view import SYSTEM_SCHEMA

_Change = Callable[[Work, Any, Catalog], Changed]
_CHANGES: Mapping[type[Any], _Change] = {
    s.CreateTable: tables.create_table,
    s.CreateTableAs: tables.create_table_as,
    s.CreateView: tables.create_view,
    s.CreateMaterializedView: tables.create_view,
    s.RefreshView: definitions.refresh,
    s.DropTable: tables.drop_table,
    s.DropView: tables.drop_view,
    s.AlterTableOwner: tables.alter_owner,
    s.RenameTable: tables.rename,
    s.AddColumn: columns.add,
    s.RenameColumn: columns.rename,
    s.DropColumn: columns.drop,
    s.Truncate: tables.truncate,
    s.Copy: tables.copy,
    s.Maintenance: tables.maintain,
    s.CreateSchema: schemas.create,
    s.AlterSchemaOwner: schemas.alter_owner,
    s.DropSchema: schemas.drop,
    s.CreateUser: users.create_user,
    s.AlterUser: users.alter_user,
    s.DropUser: users.drop_user,
    s.CreateIdentityProvider: identity.create,
    s.AlterIdentityProvider: identity.alter,
    s.DropIdentityProvider: identity.drop,
    s.CreateRole: users.create_role,
    s.AlterRoleOwner: users.alter_role_owner,
    s.DropRole: users.drop_role,
    s.ChangeMembership: users.change_membership,
    s.ChangePrivileges: privileges.change,
    s.ChangeSystemPrivileges: privileges.change_system,
    s.CreatePolicy: policies.create,
    s.AlterPolicy: policies.alter,
    s.DropPolicy: policies.drop,
    s.ChangeAttachment: policies.change_attachment,
    s.AlterRowLevelSecurity: policies.alter_security,
    s.CreateMaskingPolicy: masking.create,
    s.AlterMaskingPolicy: masking.alter,
    s.DropMaskingPolicy: masking.drop,
    s.ChangeMask: masking.change_mask,
}


class Administration(Work):
    """Runs administrative statements, each under the rights of its user."""

    def apply(self, statement: s.Statement, catalog: Catalog) -> Changed:
        """The catalogue after the statement, and how many rows it touched."""
        authority.require(self.rights, statement)
        changed, rows = _CHANGES[type(statement)](self, statement, catalog)
        for key in changed.tables.keys() - catalog.tables.keys():
            # In front of a reader it would stand for the system view that everybody means by the name.
            if TableKey(SYSTEM_SCHEMA, key.name) in SYSTEM_VIEWS:
                raise SqlError(f'"{key.name}" is the name of a system view', "42939")
        return changed, rows
