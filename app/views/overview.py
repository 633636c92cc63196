"""How sales are going: four figures against two other periods, their course, and what they come from."""

from collections.abc import Mapping, Sequence
from functools import partial

import pyarrow as pa
import streamlit as st

from app.redshift.conditions import Value
from app.redshift.panels import Panel, Panels, Question
from app.views import charts, drawing, filters, metrics, rankings, sales, states
from app.views.choice import Filters
from app.views.figures import Step
from app.views.formats import Against
from app.views.page import Page, View
from app.views.rankings import Ranking
from app.views.sales import Grain

_PANELS, _RANKINGS = (3, 2), (1, 1)
_MOST, _BEST, _LOWEST = 12, 8, 5  # bars of a ranking alone, of one with another below it, and of that one
_AGAINST: Mapping[str, Against | None] = {
    "Previous period": "before",
    "Last year": "year_ago",
    "None": None,
}
_CHARTS, _TABLES = "Charts", "Tables"
_QUESTION = Question(
    "Overview",
    sales.COMPARED,
    sales.COMPARISON,
    panels=(
        sales.ANYTHING,
        Panel("totals", where=("chosen",)),
        Panel("steps", by=("step",), where=("chosen",), order=("step",)),
        *sales.FACETS,
        Panel("lowest", by=("product",), where=("beside_product",), order=("sales",), limit=_LOWEST),
    ),
)
_PARTS = {
    "totals": "the figures",
    "steps": "sales over time",
    "categories": "sales by category",
    "countries": "sales by country",
    "products": "top products",
    "lowest": "lowest products",
}


def _parameters(chosen: Filters) -> Mapping[str, Value]:
    return sales.periods_of(chosen, _grain(chosen.days))


def _grain(days: int) -> Grain:
    """The step in which the person looks at the course, where the period can be drawn in it."""
    return drawing.looked_at("grain", sales.grains(days), sales.usual_grain(days))


def _draw(panels: Panels, this: Page) -> None:
    (totals,) = (sales.compared(nine) for nine in panels.rows("totals"))
    grain = _grain(this.filters.days)
    steps = list(sales.steps(panels, this.filters, grain))
    metrics.draw(totals, this, steps=steps)
    against, shown_as = _choices(grain, this)
    if panels.incomplete:
        states.note(_what_is_missing(panels.incomplete))
    only = this.filters.values
    with st.container(key="charts"):
        course, categories = st.columns(_PANELS, gap="large")
        with course:
            _course(steps, grain, against, this, shown_as)
        with categories:
            _ranking(rankings.categories(panels, only("category"), most=_MOST), this, shown_as)
    left, right = st.columns(_RANKINGS, gap="large")
    sold, regions = rankings.places(panels), only("region")
    with left:
        _ranking(rankings.regions(sold, regions, most=_BEST), this, shown_as)
        _ranking(rankings.countries(sold, only("country"), within=regions, most=_BEST), this, shown_as)
    with right:
        _ranking(rankings.products(panels, only("product"), most=_BEST), this, shown_as)
        _ranking(rankings.lowest_products(panels), this, shown_as)


def _what_is_missing(panels: frozenset[str]) -> str:
    """Which parts of the page a cap on rows has cut."""
    parts = ", ".join(name for panel, name in _PARTS.items() if panel in panels)
    return f"There are more rows than a page takes. Incomplete: {parts}. Narrow the filters to see all."


# How the page is looked at.


def _choices(grain: Grain, this: Page) -> tuple[Against | None, str]:
    """What the course is compared with, and whether the panels are charts or tables."""
    compared = drawing.looked_at("against", tuple(_AGAINST), next(iter(_AGAINST)))
    shown_as = drawing.looked_at("shown", (_CHARTS, _TABLES), _CHARTS)
    with st.container(
        key="choices", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        with st.container(horizontal=True, width="content"):
            drawing.switch("grain", "Step of time", sales.grains(this.filters.days), grain, str.capitalize)
            drawing.switch("against", "Compared with", tuple(_AGAINST), compared)
        drawing.switch("shown", "Shown as", (_CHARTS, _TABLES), shown_as)
    return _AGAINST[compared], shown_as


# The panels.


def _course(steps: Sequence[Step], grain: Grain, against: Against | None, this: Page, shown_as: str) -> None:
    st.header("Sales over time", anchor=False)
    days = this.filters.days
    # Nothing of the page itself: what it offers would hold it, and it holds that.
    chart = partial(
        charts.sales_over_time,
        steps,
        grain=grain,
        against=against,
        days=days,
        colours=this.colours,
        marks=this.marks,
    )

    def table() -> pa.Table:
        first = {"From": [step.first_day for step in steps], "To": [step.last_day for step in steps]}
        return charts.table_of(first, [step.figures for step in steps], days=days)

    this.offer("Sales over time", table, chart)
    if shown_as == _TABLES:
        _table(table(), "Sales over time", this)
        return
    drawing.chart(chart(), key="overview.steps")
    if cut := charts.cut(steps, grain):
        states.note(cut)


def _ranking(ranking: Ranking, this: Page, shown_as: str) -> None:
    st.header(ranking.title, anchor=False)
    chosen, days = this.filters.values(ranking.dimension), this.filters.days
    chart = partial(ranking.chart, chosen=chosen, days=days, colours=this.colours, marks=this.marks)
    table = partial(ranking.table, filters.LABELS[ranking.dimension], days=days)
    this.offer(ranking.title, table, chart)
    if shown_as == _TABLES:
        _table(table(), ranking.title, this)
    else:
        offered = frozenset(bar.key for bar in ranking.shown)
        drawing.clickable(chart(), f"overview.{ranking.name}", ranking.dimension, offered)


def _table(rows: pa.Table, title: str, this: Page) -> None:
    drawing.table(rows, alt=title, currency=this.reader.currency, marks=this.marks)


VIEW = View(
    title="Overview",
    path="overview",
    question=_QUESTION,
    parameters=_parameters,
    conditions=sales.conditions,
    draw=_draw,
    shapes=((metrics.WEIGHTS, 190), (_PANELS, 350), (_RANKINGS, 480)),
    elements=("vega_lite_chart",),
)
