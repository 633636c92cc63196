"""Lookup tables: the relations that policies read beside the row they judge."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from sqlglot import exp

from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.objects import PUBLIC_SCHEMA, TableKey
from infra.local.warehouse.sql.dialect import parse_expression

_MOST_TEXTS = 256  # whose relations are remembered: each change of a policy asks for those of all


def lookups(*expressions: str) -> frozenset[TableKey]:
    """The relations that the expressions name."""
    return frozenset().union(*map(_named, expressions))


@lru_cache(_MOST_TEXTS)
def _named(text: str) -> frozenset[TableKey]:
    return frozenset(
        TableKey((table.db or PUBLIC_SCHEMA).lower(), table.name.lower())
        for table in parse_expression(text).find_all(exp.Table)
    )


def lookups_of_policies(catalog: Catalog) -> frozenset[TableKey]:
    """The relations that any policy reads."""
    return lookups(*_expressions(catalog))


def is_looked_up(catalog: Catalog, key: TableKey, columns: Iterable[str]) -> bool:
    """Whether a policy reads the relation and says one of the names, or takes every column there is."""
    names = frozenset(columns)
    return any(key in lookups(text) and _says(text, names) for text in _expressions(catalog))


def _expressions(catalog: Catalog) -> Iterator[str]:
    yield from (policy.predicate for policy in catalog.policies.values())
    for policy in catalog.masking_policies.values():
        yield from policy.expressions


def _says(text: str, names: frozenset[str]) -> bool:
    tree = parse_expression(text)
    every = any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star))
    natural = any(join.method == "NATURAL" for join in tree.find_all(exp.Join))
    said = {identifier.name.lower() for identifier in tree.find_all(exp.Identifier)}
    return every or natural or not names.isdisjoint(said)
