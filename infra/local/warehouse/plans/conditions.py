"""What a step asks of its rows, and the plans of the queries that it asks with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from sqlglot import exp

from infra.local.warehouse.access.relations import Relation
from infra.local.warehouse.objects import TableKey
from infra.local.warehouse.plans.step import Step
from infra.local.warehouse.plans.words import Words, bare, quoted

INIT_PLAN, SUB_PLAN = "InitPlan", "SubPlan"
Subplans = tuple[tuple[str, Step], ...]


@dataclass(frozen=True)
class Cte:
    """A query of WITH, and the queries that it may name."""

    query: exp.Query
    ctes: Mapping[str, "Cte"]


@dataclass(frozen=True)
class Names:
    """What names mean in a query: relations, the queries of WITH, and the sources of its FROM."""

    here: Mapping[TableKey, Relation]
    ctes: Mapping[str, Cte] = field(default_factory=dict)
    aliases: frozenset[str] = frozenset()

    def with_queries(self, clause: exp.With) -> "Names":
        """The names where the clause's queries may be named, too."""
        ctes = self.ctes
        for cte in clause.expressions:
            ctes = {**ctes, cte.alias: Cte(cte.this, ctes)}
        return replace(self, ctes=ctes)


@dataclass(frozen=True)
class Asked:
    """So many conditions of a step, its lines about them, and the plans of the queries in them."""

    count: int = 0
    notes: tuple[str, ...] = ()
    subplans: Subplans = ()


class Plans(Protocol):
    """Who plans the queries within conditions, and counts what a plan says."""

    def query(self, query: exp.Query, names: Names) -> Step: ...
    def counted(self, text: str) -> str: ...
    def parameter(self) -> str: ...


@dataclass
class Printer:
    """Prints the conditions of one step."""

    plans: Plans
    names: Names
    bare: bool = True  # whether columns are named without their relation
    subplans: list[tuple[str, Step]] = field(default_factory=list)

    def words(self, column: Callable[[exp.Column], str] | None = None) -> Words:
        """Words for expressions, which name columns as the step does or in another way."""
        return Words(column or self._column, self._query)

    def asked(self, conditions: Sequence[exp.Expr], label: str = "Filter") -> Asked:
        """The conditions, as the step prints them."""
        if not conditions:
            return Asked()
        note = f"{label}: {self.plans.counted(self.words().all_of(conditions))}"
        return Asked(len(conditions), (note,), tuple(self.subplans))

    def _column(self, column: exp.Column) -> str:
        own = column.table in self.names.aliases
        if not column.table or (own and self.bare):
            return quoted(column.name)
        return f"{quoted(column.table)}.{quoted(column.name)}"

    def _query(self, query: exp.Query, gives: str) -> str:
        step = self.plans.query(query, self.names)
        correlated = is_correlated(query)
        if gives == "value" and not correlated:
            self.subplans.append((INIT_PLAN, step))
            return self.plans.parameter()
        self.subplans.append((SUB_PLAN, step))
        return "(hashed subplan)" if gives == "rows" and not correlated else "(subplan)"


def is_correlated(query: exp.Query) -> bool:
    """Whether the query names a column of a relation around it."""
    inside = {source.alias_or_name for source in query.find_all(exp.Table, exp.Subquery)}
    return any(column.table and column.table not in inside for column in query.find_all(exp.Column))


def has_query(condition: exp.Expr) -> bool:
    """Whether a query stands in the condition."""
    return condition.find(exp.Query) is not None


def is_lookup(condition: exp.Expr) -> bool:
    """Whether the condition asks if one value is among those of a query that can run by itself."""
    found = bare(condition.this) if isinstance(condition, exp.Not) else condition
    query = found.args.get("query") if isinstance(found, exp.In) else None
    if query is None or isinstance(bare(found.this), exp.Tuple) or has_query(found.this):
        return False
    return not is_correlated(query.unnest())
