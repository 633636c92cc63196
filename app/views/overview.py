"""How sales are going: four figures against the period before, their course, and the categories."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import streamlit as st

from app.redshift.conditions import Value
from app.redshift.panels import Panel, Panels, Question
from app.views import charts, formats, sales, states
from app.views.choice import Filters
from app.views.figures import Compared, Figures, Step
from app.views.page import Page, View

_WEIGHTS, _CHARTS = (1.5, 1, 1, 1), (3, 2)
_QUESTION = Question(
    "Overview",
    sales.COMPARED,
    sales.COMPARISON,
    panels=(
        sales.ANYTHING,
        Panel("totals", where=("chosen",)),
        Panel("steps", by=("step",), where=("chosen",), order=("step",)),
        *sales.FACETS,
    ),
)


@dataclass(frozen=True)
class _Figure:
    """A figure of the page: what it is called, what it is, how it is written short and exactly."""

    label: str
    of: Callable[[Figures], Decimal]
    short: Callable[[Decimal, formats.Marks], str]
    exact: Callable[[Decimal, formats.Marks], str]


_FIGURES = (
    _Figure("Total sales", lambda sold: sold.sales, formats.short_money, formats.money),
    _Figure("Units", lambda sold: Decimal(sold.units), formats.short_count, formats.count),
    _Figure("Orders", lambda sold: Decimal(sold.orders), formats.short_count, formats.count),
    _Figure("Average order", lambda sold: sold.average, formats.short_money, formats.money),
)
_PARTS = {"totals": "the figures", "steps": "sales over time", "categories": "sales by category"}


def _parameters(filters: Filters) -> Mapping[str, Value]:
    return sales.periods_of(filters, sales.usual_grain(filters.days))


def _draw(panels: Panels, this: Page) -> None:
    (totals,) = (sales.compared(nine) for nine in panels.rows("totals"))
    steps = list(sales.steps(panels, this.filters, sales.usual_grain(this.filters.days)))
    _figures(totals, steps, this)
    if panels.incomplete:
        states.note(_what_is_missing(panels.incomplete))
    with st.container(key="charts"):
        course, categories = st.columns(_CHARTS, gap="large")
        with course:
            _course(steps, totals, this)
        with categories:
            _categories(panels, this)


def _figures(totals: Compared, steps: Sequence[Step], this: Page) -> None:
    with st.container(key="figures"):
        first, *others = st.columns(_WEIGHTS)
        with first, st.container(key="first-figure"):
            _metric(_FIGURES[0], totals, steps, this)
        for column, figure in zip(others, _FIGURES[1:], strict=True):
            with column:
                _metric(figure, totals, steps, this)


def _what_is_missing(panels: frozenset[str]) -> str:
    """Which parts of the page a cap on rows has cut."""
    parts = ", ".join(name for panel, name in _PARTS.items() if panel in panels)
    return f"There are more rows than a page takes. Incomplete: {parts}. Narrow the filters to see all."


def _metric(figure: _Figure, totals: Compared, steps: Sequence[Step], this: Page) -> None:
    now = figure.of(totals.now)
    before = figure.of(totals.before) if totals.before.orders else None
    change = formats.change(now, before, days=this.filters.days, marks=this.marks)
    st.metric(
        figure.label,
        figure.short(now, this.marks),
        help=figure.exact(now, this.marks),
        delta=change.figure,
        delta_description=change.compared,
        delta_arrow=change.direction,
        delta_color="off" if change.direction == "off" else "normal",
        chart_data=_sparkline(steps, figure.of),
    )


def _sparkline(steps: Sequence[Step], of: Callable[[Figures], Decimal]) -> list[float] | None:
    # A step that the period cuts would look like a fall.
    whole = [step for step in steps if step.whole]
    return [float(of(step.figures.now)) for step in whole] if len(whole) > 1 else None


def _course(steps: Sequence[Step], totals: Compared, this: Page) -> None:
    st.header("Sales over time", anchor=False)
    states.note(charts.a_point_is(steps))
    previous = f"Previous {this.filters.days} days" if totals.before.orders else None
    chart = charts.sales_over_time(steps, previous=previous, colours=this.colours, marks=this.marks)
    _chart(chart, key="sales-over-time", alt="Sales over time, a line for each period")


def _categories(panels: Panels, this: Page) -> None:
    st.header("By category", anchor=False)
    found = {name: sales.compared(nine).now for name, *nine in panels.rows("categories")}
    chosen = this.filters.values("category") or tuple(found)
    figures = {name: now for name, now in found.items() if name in chosen and now.orders}
    chart = charts.by_category(figures, colours=this.colours, marks=this.marks)
    _chart(chart, key="by-category", alt="Sales by category, a bar for each")


def _chart(spec: dict[str, Any], *, key: str, alt: str) -> None:
    # Arrow's columns go to the browser as they are; of values, Streamlit would make a pandas frame first.
    values = pa.Table.from_pylist(spec["data"]["values"])
    drawn = {name: part for name, part in spec.items() if name != "data"}
    st.vega_lite_chart(values, drawn, key=key, alt=alt)


VIEW = View(
    title="Overview",
    path="overview",
    question=_QUESTION,
    parameters=_parameters,
    conditions=sales.conditions,
    draw=_draw,
    shapes=((_WEIGHTS, 190), (_CHARTS, 350)),
)
