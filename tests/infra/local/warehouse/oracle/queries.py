"""Questions at random, in the SQL that Redshift, PostgreSQL and DuckDB understand alike.

`wide` adds what Redshift alone says so: its functions, its quotients, conditions that fail on some rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.infra.local.warehouse.oracle.expressions import VALUES, literal
from tests.infra.local.warehouse.oracle.vocabulary import (
    AGGREGATES,
    COMPARISONS,
    EVERY_KIND,
    FAILING,
    FORMS,
    WIDE_AGGREGATES,
    WIDE_FORMS,
    WINDOWS,
)
from tests.infra.local.warehouse.oracle.world import KINDS, Relation


@dataclass(frozen=True)
class Query:
    """A query, and each relation and column that it reads; None for a relation named without a column."""

    sql: str
    reads: frozenset[tuple[str, str | None]]
    ordered: bool = False
    doubt: str | None = None  # where this fails, the query may or may not

    @property
    def needs(self) -> frozenset[tuple[str, str, str | None]]:
        """What it takes to run it: a privilege, and the relation and column that it must be on."""
        return frozenset(("SELECT", *read) for read in self.reads)


@dataclass(frozen=True)
class Scope:
    """What a query may name: relations with their columns, and those of which `*` says the same columns."""

    relations: Mapping[Relation, tuple[str, ...]]
    stars: frozenset[str]


@dataclass(frozen=True)
class Column:
    """A column as a query writes it."""

    text: str
    kind: str
    origin: tuple[str, str] | None  # the relation's column that is read by writing it


@dataclass(frozen=True)
class Source:
    """An item of FROM."""

    text: str
    columns: tuple[Column, ...]


class Writer:
    """Writes one query and keeps what it reads."""

    def __init__(self, draw: Callable, scope: Scope, *, wide: bool) -> None:
        self.draw = draw
        self.relations = scope.relations
        self.stars = scope.stars
        self.wide = wide
        self.reads: set[tuple[str, str | None]] = set()
        self.common: list[tuple[str, tuple[str, ...]]] = []  # CTEs: name and kinds
        self.doubt: str | None = None
        self.called = False  # whether one of them is
        self.aliases = 0

    def pick(self, options):
        return self.draw(st.sampled_from(options))

    def chance(self, of: int) -> bool:
        """True once in so many times."""
        return self.draw(st.integers(1, of)) == of

    def alias(self) -> str:
        self.aliases += 1
        return f"a{self.aliases}"

    # Values

    def read(self, column: Column) -> str:
        if column.origin:
            self.reads.add(column.origin)
        return column.text

    def value(self, kind: str, columns: tuple[Column, ...], *, plain: bool = False) -> str:
        """A value of the kind: a column, a function of one, or a constant where there is none."""
        fitting = [column for column in columns if column.kind == kind]
        if not fitting:
            return f"CASE WHEN 1 = 1 THEN {literal(kind, self.pick(VALUES[kind]))} END"
        text = self.read(self.pick(fitting))
        if plain or not self.chance(3):
            return text
        forms = (*FORMS[kind], *(WIDE_FORMS[kind] if self.wide else ()))
        if self.chance(4):
            other = literal(kind, self.pick(VALUES[kind]))
            return f"CASE WHEN {self.simple(columns)} THEN {text} ELSE {other} END"
        return self.pick(forms).replace("{0}", text)

    def filled(self, template: str, columns: tuple[Column, ...]) -> str:
        """The template with columns of the kinds that it names; the same kind is the same column."""
        for kind in EVERY_KIND:
            if f"{{{kind}}}" in template:
                template = template.replace(f"{{{kind}}}", self.value(kind, columns, plain=True))
        if "{any}" in template:
            kinds = [column.kind for column in columns if column.kind != "boolean"] or ["int"]
            template = template.replace("{any}", self.value(self.pick(kinds), columns, plain=True))
        return template

    # Conditions

    def simple(self, columns: tuple[Column, ...]) -> str:
        """A condition about one column, without a subquery."""
        column = self.pick(columns)
        text, kind = self.read(column), column.kind
        forms = ["compare", "null", "among", "between"]
        match self.pick(forms + ["like"] * (kind == "text") + ["itself"] * (kind == "boolean")):
            case "null":
                return f"{text} IS {self.pick(('', 'NOT '))}NULL"
            case "among":
                few = self.draw(st.lists(st.sampled_from(VALUES[kind]), min_size=1, max_size=3))
                return f"{text} IN ({', '.join(literal(kind, value) for value in few)})"
            case "between" if kind in ("int", "decimal", "date"):
                low, high = (literal(kind, self.pick(VALUES[kind])) for _ in range(2))
                return f"{text} BETWEEN {low} AND {high}"
            case "like":
                return f"{text} {self.pick(('', 'NOT '))}LIKE {self.pick(('', 'a%', '%b', '_'))!r}"
            case "itself":
                return text
            case _:
                return f"{text} {self.draw(COMPARISONS)} {literal(kind, self.pick(VALUES[kind]))}"

    def condition(self, columns: tuple[Column, ...], depth: int) -> str:
        forms = ["simple"] * 4 + ["both", "not"]
        if depth > 0:
            forms += ["in", "exists", "scalar", "counted"]
        match self.pick(forms):
            case "both":
                left, right = (self.condition(columns, depth - 1) for _ in range(2))
                return f"({left} {self.pick(('AND', 'OR'))} {right})"
            case "not":
                return f"NOT ({self.condition(columns, depth - 1)})"
            case "simple":
                return self.simple(columns)
            case form:
                return self.about_others(form, columns, depth)

    def about_others(self, form: str, columns: tuple[Column, ...], depth: int) -> str:
        """A condition with a subquery; the last two are correlated."""
        before = set(self.reads)
        outer, source = self.pick(columns), self.source(depth - 1)
        same = [column for column in source.columns if column.kind == outer.kind]
        if not same:
            self.reads = before
            return self.simple(columns)
        inner, mine = self.read(self.pick(same)), self.read(outer)
        where = self.where(source.columns, 0)
        match form:
            case "in":
                return f"{mine} {self.pick(('', 'NOT '))}IN (SELECT {inner} FROM {source.text}{where})"
            case "scalar" if outer.kind != "boolean":
                best = f"(SELECT {self.pick(('min', 'max'))}({inner}) FROM {source.text}{where})"
                return f"{mine} {self.draw(COMPARISONS)} {best}"
            case "counted":
                return (
                    f"(SELECT count(*) FROM {source.text} WHERE {inner} = {mine}) {self.draw(COMPARISONS)} 1"
                )
            case _:
                beside = f" AND {self.simple(source.columns)}" if self.chance(2) else ""
                no = self.pick(("", "NOT "))
                return f"{no}EXISTS (SELECT 1 FROM {source.text} WHERE {inner} = {mine}{beside})"

    def where(self, columns: tuple[Column, ...], depth: int) -> str:
        return f" WHERE {self.condition(columns, depth)}" if self.chance(3) else ""

    # FROM

    def source(self, depth: int) -> Source:
        forms = ["relation"] * 4 + ["common"] * (2 if self.common else 0)
        if depth > 0:
            forms += ["select", *(["star"] if self.stars else [])]
        match self.pick(forms):
            case "common":
                name, kinds = self.pick(self.common)
                self.called = True
                return self.named(name, kinds)
            case "select":
                text, kinds = self.rows(depth - 1)
                return self.named(f"({text})", kinds)
            case "star":
                inner = self.relation(star=True)
                columns = (column.text.partition(".")[2] for column in inner.columns)
                alias = self.alias()
                shown = tuple(
                    Column(f"{alias}.{name}", column.kind, column.origin)
                    for name, column in zip(columns, inner.columns, strict=True)
                )
                return Source(f"(SELECT * FROM {inner.text}) AS {alias}", shown)
            case _:
                return self.relation()

    def relation(self, *, star: bool = False) -> Source:
        named = [relation for relation in self.relations if not star or relation.key in self.stars]
        relation = self.pick(named or tuple(self.relations))
        alias = self.alias()
        self.reads.add((relation.key, None))
        return Source(
            f"{relation.key} AS {alias}",
            tuple(
                Column(f"{alias}.{name}", KINDS[name], (relation.key, name))
                for name in self.relations[relation]
            ),
        )

    def named(self, text: str, kinds: tuple[str, ...]) -> Source:
        """A subquery or a CTE, whose columns are called c0, c1, …"""
        alias = self.alias()
        columns = (Column(f"{alias}.c{position}", kind, None) for position, kind in enumerate(kinds))
        return Source(f"{text} AS {alias}", tuple(columns))

    def joined(self, depth: int) -> Source:
        """One item, or two or three joined."""
        found = self.source(depth)
        for _ in range(self.pick((0, 0, 0, 1, 1, 2))):
            other = self.source(depth - 1)
            text = f"{found.text} {self.join(found, other)}"
            found = Source(text, (*found.columns, *other.columns))
        return found

    def join(self, left: Source, right: Source) -> str:
        pairs = [(a, b) for a in left.columns for b in right.columns if a.kind == b.kind]
        if not pairs:
            return f"CROSS JOIN {right.text}"
        kind = self.pick(("JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
        first, second = self.pick(pairs)
        return f"{kind} {right.text} ON {self.read(first)} = {self.read(second)}"

    # SELECT

    def kinds(self, columns: tuple[Column, ...]) -> tuple[str, ...]:
        return tuple(self.pick(columns).kind for _ in range(self.pick((1, 2, 2, 3))))

    def totals(self) -> tuple[str, tuple[str, ...]]:
        """A SELECT of groups, and the kinds of its columns c0 and c1."""
        source = self.joined(1)
        key = self.pick(source.columns)
        text = f"SELECT {self.read(key)} AS c0, count(*) AS c1 FROM {source.text}"
        return f"{text}{self.where(source.columns, 1)} GROUP BY {key.text}", (key.kind, "int")

    def rows(self, depth: int, kinds: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...]]:
        """A SELECT of rows, and the kinds of its columns c0, c1, …: those given, or such as there are."""
        source = self.joined(depth)
        kinds = kinds or self.kinds(source.columns)
        values = (f"{self.value(kind, source.columns)} AS c{n}" for n, kind in enumerate(kinds))
        listed = ", ".join(values)
        distinct = "DISTINCT " if self.chance(6) else ""
        return f"SELECT {distinct}{listed} FROM {source.text}{self.where(source.columns, depth)}", kinds

    def grouped(self) -> str:
        source = self.joined(1)
        few = st.lists(st.sampled_from(source.columns), max_size=2, unique=True)
        keys = [self.read(column) for column in self.draw(few)]
        listed = ", ".join([*keys, *(self.aggregate(source.columns) for _ in range(self.pick((1, 2))))])
        text = f"SELECT {listed} FROM {source.text}{self.where(source.columns, 1)}"
        if not keys:
            return text
        having = f" HAVING count(*) {self.draw(COMPARISONS)} 2" if self.chance(4) else ""
        return f"{text} GROUP BY {self.grouping(keys)}{having}"

    def grouping(self, keys: list[str]) -> str:
        listed, sets = ", ".join(keys), ", ".join(f"({key})" for key in keys)
        return self.pick(
            (listed, listed, f"GROUPING SETS ({sets}, ())", f"ROLLUP ({listed})", f"CUBE ({listed})")
        )

    def aggregate(self, columns: tuple[Column, ...]) -> str:
        return self.filled(self.pick((*AGGREGATES, *(WIDE_AGGREGATES if self.wide else ()))), columns)

    def windowed(self) -> str:
        source = self.joined(1)
        values = [self.value(kind, source.columns) for kind in self.kinds(source.columns)]
        values.append(self.filled(self.pick(WINDOWS), source.columns))
        where = self.where(source.columns, 1)
        qualify = ""
        if self.wide and self.chance(3):
            qualify = f" QUALIFY {self.filled(self.pick(WINDOWS[-2:]), source.columns)} = 1"
        return f"SELECT {', '.join(values)} FROM {source.text}{where}{qualify}"

    def set_operation(self) -> str:
        left, kinds = self.rows(1)
        right, _ = self.rows(0, kinds)
        return f"{left} {self.pick(('UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT'))} {right}"

    def ordered(self) -> str:
        """The first rows in an order that leaves only equal rows in doubt."""
        text, kinds = self.rows(1)
        ends = ("NULLS FIRST", "DESC NULLS LAST", "NULLS LAST", "DESC NULLS FIRST")
        order = ", ".join(f"{n + 1} {self.pick(ends)}" for n in range(len(kinds)))
        offset = f" OFFSET {self.pick((1, 2))}" if self.chance(3) else ""
        return f"{text} ORDER BY {order} LIMIT {self.pick((1, 2, 3, 5))}{offset}"

    def failing(self) -> str:
        """A query with a condition that is true of a row, or an error.

        Alone, it decides the answer. Beside others no order is promised, and the answer is certain only
        where it fails on no row: which is what `doubt` asks.
        """
        source = self.relation()
        found = self.filled(self.pick(FAILING), source.columns)
        whole = f"FROM {source.text} WHERE {found}"
        if self.chance(3):
            return f"SELECT {self.value('text', source.columns)} {whole}"
        self.doubt = f"SELECT count(*) {whole}"
        if self.chance(2):
            where = self.condition(source.columns, 1)
            return f"SELECT CASE WHEN {found} THEN 1 END FROM {source.text} WHERE {where}"
        other = self.source(1)
        text = f"{source.text} {self.join(source, other)}"
        columns = (*source.columns, *other.columns)
        return (
            f"SELECT {self.value('int', columns)} FROM {text} WHERE {self.condition(columns, 1)} AND {found}"
        )

    def everything(self) -> str:
        if not self.stars:
            return self.rows(0)[0]
        source = self.relation(star=True)
        return f"SELECT * FROM {source.text}{self.where(source.columns, 1)}"

    def query(self) -> Query:
        prefix = self.with_common() if self.chance(4) else ""
        below, self.reads = self.reads, set()
        kinds = ("rows", "rows", "grouped", "grouped", "windowed", "set", "ordered", "everything")
        kind = self.pick((*kinds, *(("failing",) * 2 if self.wide else ())))
        text = {
            "rows": lambda: self.rows(2)[0],
            "grouped": self.grouped,
            "windowed": self.windowed,
            "set": self.set_operation,
            "ordered": self.ordered,
            "failing": self.failing,
            "everything": self.everything,
        }[kind]()
        if not self.called:  # PostgreSQL asks for no right to what an idle CTE reads
            prefix, below = "", set()
        return Query(prefix + text, frozenset(self.reads | below), kind == "ordered", self.doubt)

    def with_common(self) -> str:
        """A CTE, now and then under a table's name: from then on the tables are named with their schemas."""
        text, kinds = self.rows(1)
        name = self.pick(("c", *(relation.name for relation in self.relations)))
        columns = ", ".join(f"c{position}" for position in range(len(kinds)))
        listed = f" ({columns})" if self.chance(2) else ""
        self.common.append((name, kinds))
        return f"WITH {name}{listed} AS ({text}) "


@st.composite
def queries(draw, scope: Scope, *, wide: bool = False) -> Query:
    """A query that names nothing beyond the scope."""
    return Writer(draw, scope, wide=wide).query()


@st.composite
def view_queries(draw, scope: Scope) -> tuple[Query, tuple[str, ...]]:
    """A query to define a view with, and the kinds of its columns c0, c1, …"""
    writer = Writer(draw, scope, wide=False)
    sql, kinds = writer.totals() if writer.chance(4) else writer.rows(1)
    return Query(sql, frozenset(writer.reads)), kinds
