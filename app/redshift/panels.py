"""A page's panels over one selection of rows: one statement, whose rows are given back panel by panel.

The Data API's result call is its scarcest quota, so a page asks once, whatever the number of its panels:

    OVERVIEW = Question(
        "Overview",
        base=Base("sales", "SELECT … FROM public.sales_data …", columns={"category": "VARCHAR(100)", …}),
        measures={"sales": Measure("SUM(amount)", "DECIMAL(38,2)")},
        panels=(
            AnyRow("anything", "public.sales_data"),
            Panel("total", where=("chosen",)),
            Panel("categories", by=("category",)),
            Panel("cities", by=("city", "country"), where=("chosen",), order=("-sales",)),
        ),
    )
    query = OVERVIEW.query({"first_day": …}, chosen=[one_of("category", ["Books"])])
    panels = OVERVIEW.split(warehouse.fetch(query))
    panels.any("anything"), panels["cities"]["sales"], list(panels.rows("cities"))

A developer declares the question once, and its texts become SQL. What a person chooses comes with `query`, as
values that travel as parameters. Rows come in the order of the panels, so that a cap on rows takes the end of
the last panel first; `Panels.incomplete` names the panels that it cut. Panels over another base come in the
same statement as a section beside the question's own: `OVERVIEW.beside(Section(base, measures, panels))`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.redshift import faults, panel_sql
from app.redshift.conditions import Condition, Parameters, Value
from app.redshift.panel import CODE, RELATIONS, AnyRow, Base, Measure, Panel, Section, Where
from app.redshift.query import OK, Query
from app.redshift.table import Table

__all__ = ["AnyRow", "Base", "Measure", "Panel", "Panels", "Question", "Section"]

NOTHING_VISIBLE = "RL-412"


@dataclass(frozen=True)
class Panels:
    """What a question's statement gave: a table for each panel, and which of them a cap has cut."""

    tables: Mapping[str, pa.Table]
    incomplete: frozenset[str]

    def __getitem__(self, name: str) -> pa.Table:
        return self.tables[name]

    def rows(self, name: str, most: int | None = None) -> Iterator[tuple[Any, ...]]:
        """A panel's rows, or the first of them: what it is by, then its measures."""
        return zip(*(column.to_pylist() for column in self.tables[name].slice(0, most).columns), strict=True)

    def any(self, name: str) -> bool:
        """Whether a panel has a row."""
        return bool(self.tables[name].num_rows)


@dataclass(frozen=True, eq=False)
class Question:
    """What a page asks: panels over one base. `where` holds for all of them.

    `sections` are panels over other bases that come in the same statement, made by `beside`.
    """

    name: str
    base: Base
    measures: Mapping[str, Measure]
    panels: Sequence[Panel | AnyRow]
    where: Where = ()
    sections: Sequence[Section] = ()

    def __post_init__(self) -> None:
        bases = {section.base.name for section in self._sections}
        count = len(self.panels) + sum(len(section.panels) for section in self.sections)
        if len(self._codes) < count or len(bases) < len(self._sections) or not self._own.panels:
            raise ValueError(f"{self.name!r} needs a panel, and names that differ.")
        self._own.check_where(self.where)
        self._layout  # noqa: B018 - refuses columns that differ

    @cached_property
    def relations(self) -> tuple[str, ...]:
        """The tables that its statement reads, by schema and name, the page's own first."""
        looks = [panel.relation for panel in self.panels if isinstance(panel, AnyRow)]
        found = [name for section in self._sections for name in RELATIONS.findall(section.base.sql)]
        return tuple(dict.fromkeys([*looks, *found]))

    def beside(self, *sections: Section) -> "Question":
        """The same question with panels over other bases, of which a cap on rows takes none before its own.

        `where` does not hold for them. To be called once, where a question is declared, not for each run.
        """
        return replace(self, sections=(*self.sections, *sections))

    @cached_property
    def _own(self) -> Section:
        counted = [panel for panel in self.panels if isinstance(panel, Panel)]
        return Section(self.base, self.measures, counted)

    @cached_property
    def _sections(self) -> list[Section]:
        """All of them; the page's own first, as whoever reads the statement expects."""
        return [self._own, *self.sections]

    @cached_property
    def _codes(self) -> dict[str, int]:
        """The panels' numbers in the statement: who sees nothing at all is always told."""
        looks = [panel for panel in self.panels if isinstance(panel, AnyRow)]
        beside = [panel for section in self.sections for panel in section.panels]
        first_to_be_told: list[Panel | AnyRow] = [*looks, *beside, *self._own.panels]
        return {panel.name: code for code, panel in enumerate(first_to_be_told, start=1)}

    @cached_property
    def _counted(self) -> dict[int, tuple[Section, Panel]]:
        return {
            self._codes[panel.name]: (section, panel)
            for section in self._sections
            for panel in section.panels
        }

    @cached_property
    def _layout(self) -> panel_sql.Layout:
        return panel_sql.layout(self._sections)

    def query(
        self, parameters: Mapping[str, Value] | None = None, /, **conditions: Sequence[Condition]
    ) -> Query:
        """The statement, with the values of the bases' parameters and the conditions that the panels name."""
        if {*conditions} != self._named:
            raise ValueError(f"{self.name!r} wants the conditions {sorted(self._named)}.")
        values = Parameters(parameters or {})
        ctes = {section.base.name: str(section.base.sql) for section in self._sections}
        rows = {section: section.base.name for section in self._sections}
        if page := self._resolved(self._own, self.where, conditions):
            rows[self._own] = f"chosen_{self.base.name}"
            ctes[rows[self._own]] = f"SELECT *\nFROM {_where(self.base.name, self._own, page, values)}"
        parts = [
            panel_sql.counting(
                self._layout, scan, _where(rows[section], section, scan.conditions, values), first=not place
            )
            for place, (section, scan) in enumerate(self._scans(conditions))
        ]
        looks = [
            panel_sql.looking(self._layout, self._codes[panel.name], panel)
            for panel in self.panels
            if isinstance(panel, AnyRow)
        ]
        sql = panel_sql.statement(ctes, [*parts, *looks], order=self._order, codes=self._codes)
        return Query(self.name, sql, values.values, self._judge)

    @cached_property
    def _named(self) -> set[str]:
        wheres = (self.where, *(panel.where for _, panel in self._counted.values()))
        return {each for where in wheres for each in where if isinstance(each, str)}

    def _scans(self, conditions: Mapping[str, Sequence[Condition]]) -> list[tuple[Section, panel_sql.Scan]]:
        """What is counted in one pass; in each section first what has most columns.

        The very first says of which type they are.
        """
        found = []
        for section in self._sections:
            asked = (
                panel_sql.Asked(
                    self._codes[panel.name],
                    panel,
                    {name: section.measures[name] for name in section.measures_of(panel)},
                    self._resolved(section, panel.where, conditions),
                )
                for panel in section.panels
            )
            passes = panel_sql.scans(asked)
            passes.sort(key=lambda scan: -len(scan.dimensions) - len(scan.measures))
            found += [(section, scan) for scan in passes]
        return found

    @staticmethod
    def _resolved(
        section: Section, where: Where, conditions: Mapping[str, Sequence[Condition]]
    ) -> tuple[Condition, ...]:
        """The conditions themselves, each once."""
        found = [condition for each in where for condition in _each(each, conditions)]
        section.check_where(found)
        return tuple(dict.fromkeys(found))

    @cached_property
    def _order(self) -> list[str]:
        """The order of the rows in every panel is the last one's, for a cap takes the end of that."""
        terms = self._own.panels[-1].whole_order
        named = {term.removeprefix("-") for term in terms}
        return [*terms, *(name for name in self._own.dimensions if name not in named)]

    def split(self, table: Table) -> Panels:
        """The statement's rows by panel: slices of the same columns, in each panel's own order."""
        columns = table.columns
        ends = self._ends(columns)
        if ends is None:
            raise faults.unreadable(self.name, table.statement_id, "NotThesePanels")
        tables = {}
        for name, code in self._codes.items():
            rows = columns.slice(ends[code - 1], ends[code] - ends[code - 1])
            tables[name] = self._panel(rows, code)
        # What comes after the last row that there is was cut, and so perhaps was that row's own panel.
        last = columns[CODE][-1].as_py() if columns.num_rows else 1
        cut = (name for name, code in self._codes.items() if code >= last)
        return Panels(tables, frozenset(cut) if table.truncated else frozenset())

    def _judge(self, columns: pa.Table) -> str:
        """RL-412 where the page's own table has no row for its person, who is then told so; else ok."""
        ends = self._ends(columns)
        if ends is None:
            return OK  # `split` refuses it
        looks = (self._codes[panel.name] for panel in self.panels if isinstance(panel, AnyRow))
        return OK if all(ends[code - 1] < ends[code] for code in looks) else NOTHING_VISIBLE

    def _panel(self, rows: pa.Table, code: int) -> pa.Table:
        """A panel's own columns of its rows, in its own order."""
        if code not in self._counted:
            return rows.select([])
        section, panel = self._counted[code]
        columns = section.columns(panel)
        own = rows.select(columns)
        return own if self._follows(panel, columns) else _sorted(own, panel)

    def _ends(self, columns: pa.Table) -> list[int] | None:
        """Where each panel's rows end, after the zero at which the first begins; None for another answer."""
        if columns.column_names != self._layout.names or columns[CODE].null_count:
            return None
        codes = columns[CODE].to_numpy()
        ends: list[int] = np.searchsorted(codes, range(len(self._codes) + 1), side="right").tolist()
        whole = ends[0] == 0 and ends[-1] == len(codes) and not (codes[1:] < codes[:-1]).any()
        return ends if whole else None

    def _follows(self, panel: Panel, columns: Sequence[str]) -> bool:
        """Whether the statement's order is the panel's own, if it has one."""
        terms = [term for term in self._order if term.removeprefix("-") in columns]
        return not panel.order or terms[: len(panel.whole_order)] == panel.whole_order


def _each(where: str | Condition, conditions: Mapping[str, Sequence[Condition]]) -> Sequence[Condition]:
    return [where] if isinstance(where, Condition) else conditions[where]


def _where(rows: str, section: Section, conditions: Sequence[Condition], values: Parameters) -> str:
    if not conditions:
        return rows
    terms = (values.sql(each, section.base.columns[each.column]) for each in conditions)
    return f"{rows}\nWHERE " + "\n  AND ".join(terms)


def _sorted(rows: pa.Table, panel: Panel) -> pa.Table:
    keys = [
        (term.removeprefix("-"), "descending" if term.startswith("-") else "ascending", "at_end")
        for term in panel.whole_order
    ]
    return rows.take(pc.sort_indices(rows, sort_keys=keys))
