"""A page: what its file declares, and what it is handed to draw with.

A page of sales is a View in a file of its own; app/views/frame.py does the rest (docs/add-a-view.md).
A Proof draws itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa
from streamlit.delta_generator import DeltaGenerator

from app.redshift.conditions import Condition, Value
from app.redshift.panels import Panel, Panels, Question
from app.redshift.query import Query
from app.redshift.table import Table
from app.views import filters
from app.views.choice import DIMENSIONS, Dimension, Filters
from app.views.formats import Marks
from app.views.palette import Palette
from app.views.reader import Reader
from app.views.waiting import Shapes

# Which panel and column tell what there is to choose from.
FACETS: Mapping[Dimension, tuple[str, str]] = {
    "region": ("countries", "region"),
    "country": ("countries", "country"),
    "category": ("categories", "category"),
    "product": ("products", "product"),
    "place": ("places", "place"),
}


Element = Literal["dataframe", "pydeck_chart", "vega_lite_chart"]


@dataclass(frozen=True)
class View:
    """A page: what it is called and where it is, its one question, and what draws the answer.

    The question has a panel `anything` (an AnyRow), and a panel `totals` whose measure `orders` is 0 when
    nothing matches; those of its panels that are `sales.FACETS` become filters. A browser gets ready for the
    elements, by the names of Streamlit's functions, while Redshift works.
    """

    title: str
    path: str
    question: Question
    parameters: Callable[[Filters], Mapping[str, Value]]
    conditions: Callable[[Filters], Mapping[str, Sequence[Condition]]]
    draw: Callable[[Panels, "Page"], None]
    shapes: Sequence[Shapes]
    elements: Sequence[Element] = ()

    def query(self, chosen: Filters) -> Query:
        """The question for what the person chose."""
        return self.question.query(self.parameters(chosen), **self.conditions(chosen))

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """By what its rows can be chosen."""
        panels = {panel.name for panel in self.question.panels}
        return tuple(name for name in DIMENSIONS if FACETS[name][0] in panels)

    @property
    def by_amount(self) -> bool:
        """Whether orders below an amount can be left out."""
        return "amount" in self.question.base.columns

    def offered(self, panels: Panels) -> dict[Dimension, list[str]]:
        """What the answer has of each dimension to choose from."""
        facets = {name: FACETS[name] for name in self.dimensions}
        return {
            name: list(dict.fromkeys(panels[panel][column].to_pylist()))
            for name, (panel, column) in facets.items()
        }

    @property
    def limits(self) -> Mapping[Dimension, int]:
        """Of which dimensions so many values are offered at most."""
        limits = {panel.name: panel.limit for panel in self.question.panels if isinstance(panel, Panel)}
        return {name: limit for name in self.dimensions if (limit := limits[FACETS[name][0]]) is not None}


@dataclass(frozen=True)
class Proof:
    """A page that shows how the warehouse decides: no sales, no filters, and statements of its own."""

    title: str
    path: str
    draw: Callable[[Reader], None]
    shown: Callable[[Reader], bool] = lambda _: True  # in the menu; its address stands for everybody


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
