"""Redshift's system views."""

from collections.abc import Mapping

from infra.local.warehouse.objects import TableKey
from infra.local.warehouse.system import activity, information, policies, privileges, relations
from infra.local.warehouse.system.view import SystemView

SYSTEM_VIEWS: Mapping[TableKey, SystemView] = {
    view.table.key: view
    for views in (relations.VIEWS, privileges.VIEWS, policies.VIEWS, activity.VIEWS, information.VIEWS)
    for view in views
}
