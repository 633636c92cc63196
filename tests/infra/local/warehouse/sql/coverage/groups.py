"""The groups of the table, in its order."""

from tests.infra.local.warehouse.sql.coverage import dates

GROUPS = (dates.GROUP,)
