"""FROM and WHERE: sources joined one after the other, each condition asked as early as can be."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sqlglot import exp

from infra.local.warehouse.plans import widths
from infra.local.warehouse.plans.conditions import Asked, Names, Plans, Printer, has_query
from infra.local.warehouse.plans.step import Cost, Step, hashed
from infra.local.warehouse.plans.words import conjuncts, quoted

MOVED = "DS_DIST_ALL_NONE"  # where rows lie is not kept: each table as on every node, as AUTO has small ones
_SENT = "DS_BCAST_INNER"
PASS = 3  # one row of so many meets a condition
_OUTER = {"": "", "LEFT": "Left ", "RIGHT": "Right ", "FULL": "Full "}


@dataclass(frozen=True)
class Source:
    """A source of FROM."""

    alias: str
    node: exp.Expr
    join: exp.Join | None

    @property
    def side(self) -> str:
        return str(self.join.side).upper() if self.join is not None else ""


def sources_of(select: exp.Select) -> list[Source]:
    """The sources of the SELECT, in order."""
    first = select.args.get("from_")
    if first is None:
        return []
    joins = select.args.get("joins") or []
    found = [Source(first.this.alias_or_name, first.this, None)]
    return found + [Source(join.this.alias_or_name, join.this, join) for join in joins]


@dataclass(frozen=True, eq=False)
class _Condition:
    """A condition, and which sources it is about: altogether, and on each side of an equation."""

    node: exp.Expr
    owners: frozenset[str]
    left: frozenset[str] = frozenset()
    right: frozenset[str] = frozenset()
    plain: bool = True  # no query stands in it

    def equates(self, placed: Collection[str], alias: str) -> bool:
        """Whether it equates something of what is placed with something of the source."""
        return self.plain and any(
            one == {alias} and other and other <= set(placed)
            for one, other in ((self.left, self.right), (self.right, self.left))
        )

    def turned(self, inner: str) -> exp.Expr:
        """The equation with what is the inner source's last."""
        if inner not in self.left:
            return self.node
        left, right = self.node.args["this"], self.node.args["expression"]
        return exp.EQ(this=right.copy(), expression=left.copy())


class Planning(Plans, Protocol):
    """Who plans the sources."""

    def source(self, source: Source, asked: Asked, names: Names, width: int) -> Step: ...


class Joined:
    """The rows of FROM, as far as WHERE lets them through."""

    def __init__(
        self, planning: Planning, select: exp.Select, names: Names, conditions: Sequence[exp.Expr]
    ) -> None:
        self._planning = planning
        self._names = names
        self._sources = sources_of(select)
        nodes: Mapping[str, exp.Expr] = {source.alias: source.node for source in self._sources}
        self._widths = widths.of_sources(select, nodes, names.here)
        self._nullable = _nullable(self._sources)
        self._waiting = list(map(self._about, conditions))

    def step(self) -> Step:
        """The plan of it."""
        first, *others = self._sources
        placed = {first.alias}
        step = self._source(first, [])
        for source in others:
            step = self._join(step, source, placed)
            placed.add(source.alias)
        if not self._waiting:
            return step
        asked = self._printer().asked([condition.node for condition in self._waiting])
        cost = replace(step.cost, rows=max(1, step.cost.rows // PASS))
        return replace(
            step, cost=cost, notes=step.notes + asked.notes, subplans=step.subplans + asked.subplans
        )

    def _printer(self) -> Printer:
        return Printer(self._planning, self._names, bare=len(self._sources) == 1)

    def _about(self, node: exp.Expr) -> _Condition:
        if has_query(node):
            return _Condition(node, self._owners(node), plain=False)
        if not isinstance(node, exp.EQ):
            return _Condition(node, self._owners(node))
        return _Condition(node, self._owners(node), self._owners(node.this), self._owners(node.expression))

    def _owners(self, node: exp.Expr) -> frozenset[str]:
        return frozenset(column.table for column in node.find_all(exp.Column)) & self._names.aliases

    def _take(self, wanted: Callable[[_Condition], bool]) -> list[_Condition]:
        """The conditions of WHERE that are wanted and plain; they wait no longer."""
        found = [condition for condition in self._waiting if condition.plain and wanted(condition)]
        taken = set(found)
        self._waiting = [condition for condition in self._waiting if condition not in taken]
        return found

    def _source(self, source: Source, own: list[_Condition]) -> Step:
        if source.alias not in self._nullable:
            own = own + self._take(lambda condition: condition.owners == {source.alias})
        names = replace(self._names, aliases=frozenset({source.alias}))
        asked = Printer(self._planning, names).asked([condition.node for condition in own])
        return self._planning.source(source, asked, self._names, self._widths[source.alias])

    def _join(self, step: Step, source: Source, placed: Collection[str]) -> Step:
        on = source.join.args.get("on") if source.join is not None else None
        conditions = list(map(self._about, conjuncts(on))) if on is not None else []
        own: list[_Condition] = []
        if source.side in ("", "LEFT"):
            own = [c for c in conditions if c.plain and c.owners == {source.alias}]
        inner = self._source(source, own)
        conditions = [c for c in conditions if c not in own]
        if not source.side:
            conditions += self._take(lambda condition: condition.equates(placed, source.alias))
        equations = [c for c in conditions if c.equates(placed, source.alias)]
        rest = [c.node for c in conditions if c not in equations]
        return self._joined(step, inner, source, [c.turned(source.alias) for c in equations], rest)

    def _joined(
        self, step: Step, inner: Step, source: Source, equations: list[exp.Expr], rest: list[exp.Expr]
    ) -> Step:
        printer = self._printer()
        words = printer.words(
            lambda c: f'"{"inner" if c.table == source.alias else "outer"}".{quoted(c.name)}'
        )
        notes = tuple(
            f"{label}: {self._planning.counted(words.all_of(found))}"
            for label, found in (("Hash Cond", equations), ("Join Filter", rest))
            if found
        )
        kind, subplans = _OUTER[source.side], tuple(printer.subplans)
        if equations:
            cost = _hash_cost(step.cost, inner.cost)
            return Step(f"XN Hash {kind}Join", cost, MOVED, notes, (step, hashed(inner)), subplans)
        what = f"XN Nested Loop {kind}Join" if kind else "XN Nested Loop"
        cost = _loop_cost(step.cost, inner.cost, len(rest))
        return Step(what, cost, _SENT, notes, (step, inner), subplans)


def _hash_cost(outer: Cost, inner: Cost) -> Cost:
    width, rows = outer.width + inner.width, max(outer.rows, inner.rows)
    cost = outer.then("0.02", rows=rows, width=width)
    return replace(cost, startup=inner.total, total=cost.total + inner.total)


def _loop_cost(outer: Cost, inner: Cost, conditions: int) -> Cost:
    rows = max(1, outer.rows * inner.rows // PASS**conditions)
    return Cost(outer.startup, outer.total + inner.total * outer.rows, rows, outer.width + inner.width)


def _nullable(sources: Sequence[Source]) -> set[str]:
    """The sources whose rows an outer join may leave out."""
    found: set[str] = set()
    for place, source in enumerate(sources):
        if source.side in ("LEFT", "FULL"):
            found.add(source.alias)
        if source.side in ("RIGHT", "FULL"):
            found |= {before.alias for before in sources[:place]}
    return found
