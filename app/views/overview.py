"""How sales are going: four figures against the period before, their course, and the categories."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import streamlit as st

from app.errors import QueryDenied
from app.redshift.warehouse import Warehouse
from app.views import charts, filters, formats, page
from app.views.sales import Figures, Overview, overview_query, read_overview

PATH = "overview"
TITLE = "Overview"
_WEIGHTS, _CHARTS = (1.5, 1, 1, 1), (3, 2)
_SHAPES = ((_WEIGHTS, 190), (_CHARTS, 350))


@dataclass(frozen=True)
class _Figure:
    """A figure of the page: what it is called, what it is, how it is written short and exactly."""

    label: str
    of: Callable[[Figures], Decimal]
    short: Callable[[Decimal, formats.Separators], str]
    exact: Callable[[Decimal, formats.Separators], str]


_FIGURES = (
    _Figure("Total sales", lambda sold: sold.sales, formats.short_money, formats.money),
    _Figure("Units", lambda sold: Decimal(sold.units), formats.short_count, formats.count),
    _Figure("Orders", lambda sold: Decimal(sold.orders), formats.short_count, formats.count),
    _Figure("Average order", lambda sold: sold.average, formats.short_money, formats.money),
)
_PARTS = {"totals": "the figures", "steps": "sales over time", "categories": "sales by category"}


def render(warehouse: Warehouse, person: str) -> None:
    """Draws the page for whoever the warehouse knows as its caller."""
    this = page.begin(PATH, TITLE, person)
    try:
        table = this.ask(warehouse, overview_query(this.filters), shapes=_SHAPES)
    except QueryDenied as error:
        page.denied(error)
        return
    answer = read_overview(table, this.filters)
    if not answer.anything_visible:
        page.nothing_visible(table)
        return
    filters.choose_categories(PATH, list(answer.categories))
    if not answer.now.orders:
        page.no_match(this.filters)
        return
    _figures(answer, this)
    if answer.incomplete:
        page.note(_what_is_missing(answer.incomplete))
    with st.container(key="charts"):
        course, categories = st.columns(_CHARTS, gap="large")
        with course:
            _course(answer, this)
        with categories:
            _categories(answer, this)


def _figures(answer: Overview, this: page.Page) -> None:
    with st.container(key="figures"):
        first, *others = st.columns(_WEIGHTS)
        with first, st.container(key="first-figure"):
            _metric(_FIGURES[0], answer, this)
        for column, figure in zip(others, _FIGURES[1:], strict=True):
            with column:
                _metric(figure, answer, this)


def _what_is_missing(panels: frozenset[str]) -> str:
    """Which parts of the page a cap on rows has cut."""
    parts = ", ".join(name for panel, name in _PARTS.items() if panel in panels)
    return f"There are more rows than a page takes. Incomplete: {parts}. Narrow the filters to see all."


def _metric(figure: _Figure, answer: Overview, this: page.Page) -> None:
    now = figure.of(answer.now)
    before = figure.of(answer.before) if answer.before.orders else None
    change = formats.change(now, before, days=this.filters.days, marks=this.marks)
    st.metric(
        figure.label,
        figure.short(now, this.marks),
        help=figure.exact(now, this.marks),
        delta=change.figure,
        delta_description=change.compared,
        delta_arrow=change.direction,
        delta_color="off" if change.direction == "off" else "normal",
        chart_data=_sparkline(answer, figure.of),
    )


def _sparkline(answer: Overview, of: Callable[[Figures], Decimal]) -> list[float] | None:
    # A step at the beginning may be short: it would look like a fall.
    whole = [step for step in answer.steps if step.days == answer.steps[-1].days]
    return [float(of(step.now)) for step in whole] if len(whole) > 1 else None


def _course(answer: Overview, this: page.Page) -> None:
    st.header("Sales over time", anchor=False)
    page.note(charts.a_point_is(answer.steps))
    previous = f"Previous {this.filters.days} days" if answer.before.orders else None
    chart = charts.sales_over_time(answer.steps, previous=previous, colours=this.colours, marks=this.marks)
    _chart(chart, key="sales-over-time", alt="Sales over time, a line for each period")


def _categories(answer: Overview, this: page.Page) -> None:
    st.header("By category", anchor=False)
    chosen = this.filters.categories or tuple(answer.categories)
    figures = {name: now for name, (now, _) in answer.categories.items() if name in chosen and now.orders}
    chart = charts.by_category(figures, colours=this.colours, marks=this.marks)
    _chart(chart, key="by-category", alt="Sales by category, a bar for each")


def _chart(spec: dict[str, Any], *, key: str, alt: str) -> None:
    # Arrow's columns go to the browser as they are; of values, Streamlit would make a pandas frame first.
    values = pa.Table.from_pylist(spec["data"]["values"])
    drawn = {name: part for name, part in spec.items() if name != "data"}
    st.vega_lite_chart(values, drawn, key=key, alt=alt)
