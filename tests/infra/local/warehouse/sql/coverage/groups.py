"""The groups of the table, in its order."""

from tests.infra.local.warehouse.sql.coverage import (
    aggregates,
    conditionals,
    conditions,
    dates,
    elsewhere,
    formatting,
    hashes,
    numbers,
    strings,
    windows,
)

GROUPS = (
    dates.GROUP,
    strings.GROUP,
    numbers.GROUP,
    formatting.GROUP,
    conditionals.GROUP,
    conditions.GROUP,
    aggregates.AGGREGATES,
    aggregates.BITS,
    windows.GROUP,
    hashes.GROUP,
    elsewhere.INFORMATION,
    elsewhere.ADMINISTRATION,
    elsewhere.BYTES,
    elsewhere.SKETCHES,
    elsewhere.MODELS,
    elsewhere.SPATIAL,
)
