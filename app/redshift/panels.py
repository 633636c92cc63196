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
the last panel first; `Panels.incomplete` names the panels that it cut.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.redshift import faults, panel_sql
from app.redshift.conditions import Condition, Parameters, Value
from app.redshift.panel import CODE, AnyRow, Base, Measure, Panel, Where, check_name
from app.redshift.query import Query
from app.redshift.table import Table

__all__ = ["AnyRow", "Base", "Measure", "Panel", "Panels", "Question"]


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
    """What a page asks: panels over one base. `where` holds for all of them."""

    name: str
    base: Base
    measures: Mapping[str, Measure]
    panels: Sequence[Panel | AnyRow]
    where: Where = ()

    def __post_init__(self) -> None:
        for measure in self.measures:
            check_name(measure)
        if (
            {*self.measures} & {*self.base.columns}
            or len(self._codes) < len(self.panels)
            or not self._counted
        ):
            raise ValueError(f"{self.name!r} needs a panel, and names that differ.")
        for panel in self._counted.values():
            self._check(panel)
        self._check_where(self.where)

    def _check(self, panel: Panel) -> None:
        columns = self._columns(panel)
        unknown = {*panel.by} - {*self.base.columns} | {*self._measures(panel)} - {*self.measures}
        unknown |= {term.removeprefix("-") for term in panel.order} - {*columns}
        if unknown or not columns:
            raise ValueError(
                f"The panel {panel.name!r} of {self.name!r} has no {', '.join(sorted(unknown)) or 'column'}."
            )
        self._check_where(panel.where)

    def _check_where(self, where: Sequence[str | Condition]) -> None:
        for condition in where:
            if isinstance(condition, Condition) and condition.column not in self.base.columns:
                raise ValueError(f"The base of {self.name!r} has no column {condition.column!r}.")

    @cached_property
    def _codes(self) -> dict[str, int]:
        """The panels' numbers in the statement: who sees nothing at all is always told."""
        first_to_be_told = sorted(self.panels, key=lambda panel: isinstance(panel, Panel))
        return {panel.name: code for code, panel in enumerate(first_to_be_told, start=1)}

    @cached_property
    def _counted(self) -> dict[int, Panel]:
        return {self._codes[panel.name]: panel for panel in self.panels if isinstance(panel, Panel)}

    @cached_property
    def _layout(self) -> panel_sql.Layout:
        named = dict.fromkeys(column for panel in self._counted.values() for column in panel.by)
        return panel_sql.Layout(self.base, tuple(named), self.measures)

    def _measures(self, panel: Panel) -> tuple[str, ...]:
        return tuple(self.measures if panel.measures is None else panel.measures)

    def _columns(self, panel: Panel) -> list[str]:
        return [*panel.by, *self._measures(panel)]

    def query(
        self, parameters: Mapping[str, Value] | None = None, /, **conditions: Sequence[Condition]
    ) -> Query:
        """The statement, with the values of the base's parameters and the conditions that the panels name."""
        if {*conditions} != self._named:
            raise ValueError(f"{self.name!r} wants the conditions {sorted(self._named)}.")
        for given in conditions.values():
            self._check_where(given)
        values = Parameters(parameters or {})
        ctes, rows = {self.base.name: str(self.base.sql)}, self.base.name
        if page := _resolved(self.where, conditions):
            rows = f"chosen_{rows}"
            ctes[rows] = f"SELECT *\nFROM {self._where(self.base.name, page, values)}"
        parts = [
            panel_sql.counting(
                self._layout, scan, self._where(rows, scan.conditions, values), first=not place
            )
            for place, scan in enumerate(self._scans(conditions))
        ]
        looks = [
            panel_sql.looking(self._layout, self._codes[panel.name], panel)
            for panel in self.panels
            if isinstance(panel, AnyRow)
        ]
        sql = panel_sql.statement(ctes, [*parts, *looks], order=self._order, codes=self._codes)
        return Query(self.name, sql, values.values)

    @cached_property
    def _named(self) -> set[str]:
        wheres = (self.where, *(panel.where for panel in self._counted.values()))
        return {each for where in wheres for each in where if isinstance(each, str)}

    def _scans(self, conditions: Mapping[str, Sequence[Condition]]) -> list[panel_sql.Scan]:
        """What is counted in one pass; first the one with most columns: it says of which type they are."""
        asked = (
            panel_sql.Asked(code, panel, self._measures(panel), _resolved(panel.where, conditions))
            for code, panel in self._counted.items()
        )
        return sorted(panel_sql.scans(asked), key=lambda scan: -len(scan.dimensions) - len(scan.measures))

    def _where(self, rows: str, conditions: Sequence[Condition], values: Parameters) -> str:
        if not conditions:
            return rows
        terms = (values.sql(each, self.base.columns[each.column]) for each in conditions)
        return f"{rows}\nWHERE " + "\n  AND ".join(terms)

    @cached_property
    def _order(self) -> list[str]:
        """The order of the rows in every panel is the last one's, for a cap takes the end of that."""
        terms = list(self._counted.values())[-1].whole_order
        named = {term.removeprefix("-") for term in terms}
        return [*terms, *(name for name in self._layout.dimensions if name not in named)]

    def split(self, table: Table) -> Panels:
        """The statement's rows by panel: slices of the same columns, in each panel's own order."""
        columns = table.columns
        ends = self._ends(columns)
        if ends is None:
            raise faults.unreadable(self.name, table.statement_id, "NotThesePanels")
        tables = {}
        for name, code in self._codes.items():
            rows = columns.slice(ends[code - 1], ends[code] - ends[code - 1])
            tables[name] = self._own(rows, self._counted.get(code))
        # What comes after the last row that there is was cut, and so perhaps was that row's own panel.
        last = columns[CODE][-1].as_py() if columns.num_rows else 1
        cut = (name for name, code in self._codes.items() if code >= last)
        return Panels(tables, frozenset(cut) if table.truncated else frozenset())

    def _own(self, rows: pa.Table, panel: Panel | None) -> pa.Table:
        """A panel's own columns of its rows, in its own order."""
        if panel is None:
            return rows.select([])
        own = rows.select(self._columns(panel))
        return own if self._follows(panel) else _sorted(own, panel)

    def _ends(self, columns: pa.Table) -> list[int] | None:
        """Where each panel's rows end, after the zero at which the first begins; None for another answer."""
        if columns.column_names != self._layout.names or columns[CODE].null_count:
            return None
        codes = columns[CODE].to_numpy()
        ends: list[int] = np.searchsorted(codes, range(len(self._codes) + 1), side="right").tolist()
        whole = ends[0] == 0 and ends[-1] == len(codes) and not (codes[1:] < codes[:-1]).any()
        return ends if whole else None

    def _follows(self, panel: Panel) -> bool:
        """Whether the statement's order is the panel's own, if it has one."""
        columns = self._columns(panel)
        terms = [term for term in self._order if term.removeprefix("-") in columns]
        return not panel.order or terms[: len(panel.whole_order)] == panel.whole_order


def _resolved(where: Where, conditions: Mapping[str, Sequence[Condition]]) -> tuple[Condition, ...]:
    """The conditions themselves, each once."""
    found = ((each,) if isinstance(each, Condition) else conditions[each] for each in where)
    return tuple(dict.fromkeys(condition for some in found for condition in some))


def _sorted(rows: pa.Table, panel: Panel) -> pa.Table:
    keys = [
        (term.removeprefix("-"), "descending" if term.startswith("-") else "ascending", "at_end")
        for term in panel.whole_order
    ]
    return rows.take(pc.sort_indices(rows, sort_keys=keys))
