"""The plan of a query, from its text and its reader's rights.

The tables' rows are not looked at: every stored table counts as many of them, so that costs and rows are the
same whatever the tables hold. What policies ask, and what they look up, is planned for those alone who have
EXPLAIN RLS; for others a relation that policies bound is one RLS SecureScan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from infra.local.warehouse.access.readings import Text
from infra.local.warehouse.access.relations import Relation, Relations
from infra.local.warehouse.access.rewrite import Compiler
from infra.local.warehouse.access.rights import Rights
from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.objects import RLS_POLICY, Grantee, Policy, Table, TableKey, View
from infra.local.warehouse.plans import widths
from infra.local.warehouse.plans.conditions import Asked, Names, Printer, is_lookup
from infra.local.warehouse.plans.joined import MOVED, PASS, Joined, Source, sources_of
from infra.local.warehouse.plans.step import Cost, Step, hashed
from infra.local.warehouse.plans.words import Words, bare, conjuncts, keys, quoted

EXPLAIN_RLS = "EXPLAIN RLS"
_ROWS = 1_000  # that any stored table is taken to have
_GROUPS = 200
_MOST_STEPS = 4_000
_MOST_CHARACTERS = 1_000_000  # of what is said about steps, altogether
_OWN = "rls_table"  # what Redshift calls a relation where its policies are asked


class Planner:
    """Plans one statement of somebody who may run it."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = replace(compiler, system=lambda _: "")  # no rows are brought
        self._relations = Relations(self._compiler)
        self._sees_policies = compiler.rights.has(EXPLAIN_RLS)
        self._steps = self._characters = self._parameters = 0

    def plan(self, text: Text) -> Step:
        """The plan; SqlError when it would be too long."""
        try:
            return self._text(text, self._compiler.rights, whole=False)
        except RecursionError:
            raise SqlError("statement is too complex", "54001") from None

    def counted(self, text: str) -> str:
        """The text, once it is clear that the plan does not grow out of bounds."""
        self._characters += len(text)
        self._steps += 1
        if self._steps > _MOST_STEPS or self._characters > _MOST_CHARACTERS:
            raise SqlError("statement is too complex to be explained", "54001")
        return text

    def parameter(self) -> str:
        """What stands for the value of a query that runs once."""
        self._parameters += 1
        return f"${self._parameters - 1}"

    def query(self, query: exp.Query, names: Names) -> Step:
        """The plan of a query that is part of the statement."""
        self.counted("")
        with_ = query.args.get("with_")
        if with_ is not None:
            if with_.args.get("recursive"):
                raise NotSupported("EXPLAIN of WITH RECURSIVE")
            names = names.with_queries(with_)
        inner = query.unnest()
        if isinstance(inner, exp.Select):
            return self._select(inner, names)
        if isinstance(inner, exp.SetOperation):
            return self._ordered(inner, self._set_operation(inner, names), names)
        raise NotSupported("EXPLAIN of a query of this form")

    def source(self, source: Source, asked: Asked, names: Names, width: int) -> Step:
        """A source of FROM, and what is asked of its rows alone."""
        node = source.node
        if isinstance(node, exp.Subquery):
            return _subquery(self.query(node.this, names), source.alias, asked, width)
        if not isinstance(node, exp.Table):
            raise NotSupported("EXPLAIN of an unnested value")
        self.counted("")
        if node.db:
            return self._relation(names.here[TableKey(node.db, node.name)], source.alias, asked, width)
        cte = names.ctes[node.name]
        step = self.query(cte.query, replace(names, ctes=cte.ctes))
        return _subquery(step, source.alias, asked, width)

    def _text(self, text: Text, reader: Rights, *, whole: bool) -> Step:
        query, here = self._compiler.resolved(text, self._relations, reader, whole=whole)
        return self.query(query, Names(here))

    def _relation(self, relation: Relation, alias: str, asked: Asked, width: int) -> Step:
        policies = self._compiler.rights.policies(relation.table)
        if policies is None:
            return self._plain(relation.table, alias, asked, width)
        inputs = (self._bounded(relation, policies, width),) if self._sees_policies else ()
        cost = _scanned(asked, width)
        return Step("XN RLS SecureScan", cost, quoted(alias), asked.notes, inputs, asked.subplans)

    def _plain(self, table: Table, alias: str, asked: Asked, width: int) -> Step:
        """A relation, whatever policies bound it."""
        view = table.view
        if view is not None and not view.materialized:
            return _subquery(self._definition(table, view), alias, asked, width)
        name = quoted(table.key.name)
        where = name if alias == table.key.name else f"{name} {quoted(alias)}"
        what = "XN Seq Scan" if table.physical else "LD Seq Scan"
        return Step(what, _scanned(asked, width), f"on {where}", asked.notes, (), asked.subplans)

    def _definition(self, table: Table, view: View) -> Step:
        owner = self._compiler.rights_as(table.owner)
        return self._text(self._compiler.text_of(view.query), owner, whole=True)

    def _bounded(self, relation: Relation, policies: Sequence[Policy], width: int) -> Step:
        """The relation where its policies are asked: without any, no row is seen."""
        found = [self._condition(policy) for policy in policies]
        names = Names({key: each for _, here in found for key, each in here.items()}, {}, frozenset({_OWN}))
        conditions = [condition for condition, _ in found] or [exp.false()]
        if relation.table.conjunction == "OR":
            conditions = [exp.or_(*conditions, wrap=False)]
        conditions = [each for condition in conditions for each in conjuncts(condition)]
        asked = Printer(self, names).asked([each for each in conditions if not is_lookup(each)])
        step = self._plain(relation.table, _OWN, replace(asked, count=0), width)
        for lookup in filter(is_lookup, conditions):
            rows = step.cost.rows
            step = self._looked_up(lookup, step, names)
            step = replace(step, cost=replace(step.cost, rows=rows))
        return step

    def _condition(self, policy: Policy) -> tuple[exp.Expr, Mapping[TableKey, Relation]]:
        """What the policy asks of a row, and the relations that it looks up."""
        text = self._compiler.row_text([policy.predicate], policy.columns, policy.alias)
        reader = self._compiler.rights_of_policy(Grantee(RLS_POLICY, policy.name))
        query, here = self._compiler.resolved(text, self._relations, reader, whole=True)
        (condition,) = query.selects
        for column in condition.find_all(exp.Column):
            if column.parent_select is query:
                column.set("table", exp.to_identifier(_OWN))
        return bare(condition.unalias()), here

    def _looked_up(self, condition: exp.Expr, step: Step, names: Names) -> Step:
        """Rows whose value is, or is not, among those of another query."""
        negated = isinstance(condition, exp.Not)
        found = bare(condition.this) if negated else condition
        query = found.args["query"].unnest()
        inner = self.query(query, names)
        scan = Step("XN Subquery Scan", inner.cost.then("0.01"), '"IN_subquery"', inputs=(inner,))
        printer = Printer(self, names)
        words = printer.words(lambda c: f'"{c.table or "outer"}".{quoted(c.name)}')
        value, of = found.this.copy(), exp.column(query.selects[0].alias_or_name, "inner")
        for column in value.find_all(exp.Column):
            column.set("table", exp.to_identifier("outer"))
        of.type = query.selects[0].type
        note = f"Hash Cond: {self.counted(words.of(exp.EQ(this=value, expression=of)))}"
        what = "XN Hash NOT IN Join" if negated else "XN Hash IN Join"
        cost = step.cost.then("0.02", rows=max(1, step.cost.rows // PASS))
        return Step(what, cost, MOVED, (note,), (step, hashed(scan)), tuple(printer.subplans))

    def _set_operation(self, node: exp.SetOperation, names: Names) -> Step:
        inputs = tuple(
            Step("XN Subquery Scan", step.cost.then("0.01"), f'"*SELECT* {number}"', inputs=(step,))
            for number, step in enumerate((self.query(side, names) for side in _sides(node)), start=1)
        )
        rows = sum(step.cost.rows for step in inputs)
        total = sum((step.cost.total for step in inputs), Decimal(0))
        append = Step("XN Append", Cost(Decimal(0), total, rows, inputs[0].cost.width), inputs=inputs)
        if isinstance(node, exp.Union):
            unique = Step("XN Unique", append.cost.then("0.01"), inputs=(append,))
            return unique if node.args.get("distinct") else append
        what = f"XN Hash {'Intersect' if isinstance(node, exp.Intersect) else 'Except'} Distinct"
        return Step(what, append.cost.after(rows=inputs[0].cost.rows), inputs=(append,))

    def _select(self, select: exp.Select, names: Names) -> Step:
        names = replace(names, aliases=frozenset(source.alias for source in sources_of(select)))
        step = self._grouped(select, self._rows(select, names), names)
        step = self._qualified(select, self._windows(select, step, names), names)
        width = sum(widths.of_kind(projection) for projection in select.expressions)
        step = replace(step, cost=replace(step.cost, width=width))
        if select.args.get("distinct"):
            step = Step("XN Unique", step.cost.then("0.01"), inputs=(step,))
        return self._ordered(select, step, names)

    def _rows(self, select: exp.Select, names: Names) -> Step:
        """FROM and WHERE."""
        where = select.args.get("where")
        conditions = conjuncts(where.this) if where is not None else []
        if not names.aliases:
            asked = Printer(self, names).asked(conditions, "One-Time Filter")
            cost = Cost(Decimal(0), Decimal("0.01"), 1, 0)
            return Step("XN Result", cost, notes=asked.notes, subplans=asked.subplans)
        step = Joined(self, select, names, [each for each in conditions if not is_lookup(each)]).step()
        for lookup in filter(is_lookup, conditions):
            step = self._looked_up(lookup, step, names)
        return step

    def _above(self, names: Names) -> Printer:
        """Prints what is said of rows once they are joined."""
        return Printer(self, names, bare=len(names.aliases) <= 1)

    def _grouped(self, select: exp.Select, step: Step, names: Names) -> Step:
        group, having = select.args.get("group"), select.args.get("having")
        if group is None and having is None and not _aggregates(select):
            return step
        asked = self._above(names).asked(conjuncts(having.this) if having is not None else ())
        rows = min(step.cost.rows, _GROUPS) if group is not None else 1
        what = "XN HashAggregate" if group is not None else "XN Aggregate"
        return Step(what, step.cost.after(rows=rows), "", asked.notes, (step,), asked.subplans)

    def _windows(self, select: exp.Select, step: Step, names: Names) -> Step:
        """A step for each window, above the rows in its order."""
        done = set()
        words = self._above(names).words()
        for window in select.find_all(exp.Window):
            if window.parent_select is not select:
                continue
            notes = _window_notes(words, window)
            if notes not in done:
                done.add(notes)
                step = _window(step, tuple(map(self.counted, notes)), window)
        return step

    def _qualified(self, select: exp.Select, step: Step, names: Names) -> Step:
        qualify = select.args.get("qualify")
        if qualify is None:
            return step
        asked = self._above(names).asked(conjuncts(qualify.this))
        return _subquery(step, "qualify", asked, step.cost.width)

    def _ordered(self, query: exp.Query, step: Step, names: Names) -> Step:
        """ORDER BY and LIMIT."""
        order, limit = query.args.get("order"), query.args.get("limit")
        if order is not None:
            printer = self._above(names)
            by = self.counted(_order(query, order, printer.words()))
            cost, subplans = step.cost.after(disabled=True), tuple(printer.subplans)
            sort = Step("XN Sort", cost, "", (f"Sort Key: {by}",), (step,), subplans)
            network = Step("XN Network", cost, "", ("Send to leader",), (sort,))
            step = Step("XN Merge", cost, "", (f"Merge Key: {by}",), (network,))
        if limit is None and query.args.get("offset") is None:
            return step
        most = int(limit.expression.name) if limit is not None else step.cost.rows
        cost = replace(step.cost, rows=min(step.cost.rows, most))
        return Step("XN Limit", cost, inputs=(step,))


def _scanned(asked: Asked, width: int) -> Cost:
    """The cost of a stored table's rows: each has as many, and policies take none of them away."""
    total = Decimal(_ROWS) * (1 + asked.count) / 100
    return Cost(Decimal(0), total, max(1, _ROWS // PASS**asked.count), width)


def _subquery(step: Step, alias: str, asked: Asked, width: int) -> Step:
    """The rows of a query under a name."""
    cost = step.cost.then("0.01", rows=max(1, step.cost.rows // PASS**asked.count), width=width)
    return Step("XN Subquery Scan", cost, quoted(alias), asked.notes, (step,), asked.subplans)


def _sides(node: exp.SetOperation) -> list[exp.Query]:
    """The queries of UNION ALL after UNION ALL are one list."""
    found: list[exp.Query] = []
    for side in (node.this.unnest(), node.expression.unnest()):
        same = type(side) is type(node) is exp.Union and not (side.args["distinct"] or node.args["distinct"])
        plain = not any(side.args.get(part) for part in ("order", "limit", "offset", "with_"))
        found += _sides(side) if same and plain else [side]
    return found


def _aggregates(select: exp.Select) -> bool:
    """Whether the SELECT makes one row of all."""
    return any(
        node.parent_select is select and node.find_ancestor(exp.Window, exp.Select) is select
        for node in select.find_all(exp.AggFunc)
    )


def _window(step: Step, notes: tuple[str, ...], window: exp.Window) -> Step:
    sent = "Distribute" if window.args.get("partition_by") else "Send to slice 0"
    below = Step("XN Network", step.cost, "", (sent,), (step,))
    if notes:
        by = ", ".join(note.partition(": ")[2] for note in notes)
        below = Step("XN Sort", step.cost.after(disabled=True), "", (f"Sort Key: {by}",), (below,))
    return Step("XN Window", below.cost.then("0.01"), "", notes, (below,))


def _window_notes(words: Words, window: exp.Window) -> tuple[str, ...]:
    parts = []
    if window.args.get("partition_by"):
        parts.append(f"Partition: {', '.join(words.of(each) for each in window.args['partition_by'])}")
    if window.args.get("order"):
        parts.append(f"Order: {keys(words, window.args['order'])}")
    return tuple(parts)


def _order(query: exp.Query, order: exp.Order, words: Words) -> str:
    """What the rows are sorted by: what positions and aliases stand for."""
    named = {projection.alias_or_name: projection for projection in reversed(query.selects)}
    found = []
    for each in order.expressions:
        value = bare(each.this)
        if isinstance(value, exp.Literal) and value.is_int:
            value = query.selects[int(value.name) - 1]
        elif isinstance(value, exp.Column) and not value.table:
            value = named.get(value.name, value)
        shown = quoted(value.alias_or_name) if isinstance(query, exp.SetOperation) else words.of(value)
        found.append(shown)
    return ", ".join(found)
