"""Redshift's system views."""

from collections.abc import Mapping

from infra.local.warehouse.objects import TableKey
from infra.local.warehouse.system import activity, information, policies, privileges, relations
from infra.local.warehouse.system.view import INFORMATION_SCHEMA, SYSTEM_SCHEMA, SystemView

SYSTEM_VIEWS: Mapping[TableKey, SystemView] = {
    view.table.key: view
    for views in (relations.VIEWS, privileges.VIEWS, policies.VIEWS, activity.VIEWS, information.VIEWS)
    for view in views
}
SYSTEM_FUNCTIONS: Mapping[TableKey, SystemView] = {view.table.key: view for view in privileges.FUNCTIONS}
"""The rows of functions in FROM, under names that no statement can say."""
_NAMES = ("stl_", "stv_", "svl_", "svcs_", "svv_", "sys_", "pg_")


def is_reserved(key: TableKey) -> bool:
    """Whether Redshift has, or may have, a system view of that name."""
    return key.schema == INFORMATION_SCHEMA or (key.schema == SYSTEM_SCHEMA and key.name.startswith(_NAMES))
