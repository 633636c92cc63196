"""The frame of every page: its heading, its one question, what can be chosen, and the states without figures.

A page is a View in a file of its own; `render` does the rest (docs/add-a-view.md).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.errors import QueryDenied
from app.redshift.conditions import Condition, Value
from app.redshift.panels import Panels, Question
from app.redshift.query import Query
from app.redshift.table import Table
from app.views import filters, formats, states, waiting
from app.views.choice import DIMENSIONS, Dimension, Filters
from app.views.formats import Marks
from app.views.palette import Palette, palette
from app.views.reader import Reader
from app.views.waiting import Places, Shapes

# Which panel and column tell what there is to choose from.
_FACETS: Mapping[Dimension, tuple[str, str]] = {
    "region": ("countries", "region"),
    "country": ("countries", "country"),
    "category": ("categories", "category"),
    "product": ("products", "product"),
    "place": ("places", "place"),
}
_STYLE = f"<style>{(Path(__file__).parent / 'page.css').read_text()}</style>"


@dataclass(frozen=True)
class View:
    """A page: what it is called and where it is, its one question, and what draws the answer.

    The question has a panel `anything` (an AnyRow), and a panel `totals` whose measure `orders` is 0 when
    nothing matches; those of its panels that are `sales.FACETS` become filters.
    """

    title: str
    path: str
    question: Question
    parameters: Callable[[Filters], Mapping[str, Value]]
    conditions: Callable[[Filters], Mapping[str, Sequence[Condition]]]
    draw: Callable[[Panels, "Page"], None]
    shapes: Sequence[Shapes]

    def query(self, chosen: Filters) -> Query:
        """The question for what the person chose."""
        return self.question.query(self.parameters(chosen), **self.conditions(chosen))

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """By what its rows can be chosen."""
        panels = {panel.name for panel in self.question.panels}
        return tuple(name for name in DIMENSIONS if _FACETS[name][0] in panels)


@dataclass(frozen=True)
class Part:
    """A chart or a table of a page, for whoever takes it along; made when somebody does."""

    name: str
    table: Callable[[], pa.Table]
    chart: Callable[[], dict[str, Any]] | None = None


@dataclass(frozen=True)
class Page:
    """A page being drawn: for whom, what they chose, how they read, and what the warehouse answered."""

    view: View
    reader: Reader
    filters: Filters
    colours: Palette
    marks: Marks
    table: Table
    tools: DeltaGenerator  # beside the heading
    parts: list[Part] = field(default_factory=list)

    @property
    def said(self) -> tuple[str, ...]:
        """The period and what else is chosen, in words."""
        return filters.said(self.filters, self.view.dimensions, self.marks)

    def offer(
        self, name: str, table: Callable[[], pa.Table], chart: Callable[[], dict[str, Any]] | None = None
    ) -> None:
        """Notes a part that the person can take along."""
        self.parts.append(Part(name, table, chart))


def render(view: View, reader: Reader) -> None:
    """Draws a page for whoever the warehouse knows as its caller."""
    colours, marks = palette(st.context.theme.type), formats.marks(st.context.locale, reader.currency)
    st.html(_STYLE.replace("ON-ACCENT", colours.background))
    chosen = filters.choose_period(view.path)
    as_of, tools, fresh = _heading(view)
    states.note(
        f"{formats.span(chosen.first_day, chosen.last_day)} · Rows that Redshift lets {reader.name} see"
    )
    filters.chips(view.path, chosen, view.dimensions, marks)
    places = Places(as_of, st.empty())  # always there, so that what follows keeps its place
    try:
        table = waiting.ask(
            reader.warehouse,
            view.query(chosen),
            path=view.path,
            fresh=fresh,
            places=places,
            shapes=view.shapes,
        )
    except QueryDenied as error:
        states.denied(error)
        return
    this = Page(view, reader, chosen, colours, marks, table, tools)
    _draw(view.question.split(table), this)


def _draw(panels: Panels, this: Page) -> None:
    if not panels.any("anything"):
        states.nothing_visible(this.table)
        return
    view = this.view
    known = {name: _known(panels, *_FACETS[name]) for name in view.dimensions}
    filters.choose(view.path, known, this.marks, least="amount" in view.question.base.columns)
    if not any(panels["totals"]["orders"].to_pylist()):
        states.no_match(this.said)
        return
    view.draw(panels, this)


def _known(panels: Panels, panel: str, column: str) -> list[str]:
    return list(dict.fromkeys(panels[panel][column].to_pylist()))


def _heading(view: View) -> tuple[DeltaGenerator, DeltaGenerator, bool]:
    """The title; beside it where to say how fresh the page is, the way to have it anew, and its tools."""
    with st.container(key="heading", horizontal=True, vertical_alignment="center"):
        st.title(view.title, anchor=False, width="stretch")
        with st.container(
            horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content"
        ):
            as_of = st.empty()
            fresh = st.button(":primary[Refresh]", type="tertiary", key=f"{view.path}.refresh")
            tools = st.container(horizontal=True, vertical_alignment="center", width="content")
    return as_of, tools, fresh
