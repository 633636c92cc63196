"""Lookup tables: the relations that policies read beside the row they judge."""

from sqlglot import exp

from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.objects import PUBLIC_SCHEMA, TableKey
from infra.local.warehouse.sql.dialect import parse_expression


def lookups(*expressions: str) -> frozenset[TableKey]:
    """The relations that the expressions name."""
    return frozenset(
        TableKey((table.db or PUBLIC_SCHEMA).lower(), table.name.lower())
        for text in expressions
        for table in parse_expression(text).find_all(exp.Table)
    )


def lookups_of_policies(catalog: Catalog) -> frozenset[TableKey]:
    """The relations that any policy reads."""
    return frozenset(
        key
        for expressions in (
            *((policy.predicate,) for policy in catalog.policies.values()),
            *(policy.expressions for policy in catalog.masking_policies.values()),
        )
        for key in lookups(*expressions)
    )
