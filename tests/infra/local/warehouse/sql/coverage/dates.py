"""Date and time functions."""

# ruff: noqa: DTZ001 - Redshift's TIMESTAMP has no zone

from datetime import datetime

from tests.infra.local.warehouse.sql.coverage.case import Group, refused, runs

GROUP = Group(
    "Date and time functions",
    "Date_functions_header",
    (
        runs("DATEADD", "dateadd(month, 18, '2008-02-28')", datetime(2009, 8, 28), page="r_DATEADD_function"),
        refused("TIMEOFDAY", "timeofday()"),
    ),
)
