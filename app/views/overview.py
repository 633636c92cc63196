"""How sales are going: four figures against the period before, their course, and the categories."""

from collections.abc import Callable
from decimal import Decimal

import streamlit as st

from app.errors import QueryDenied
from app.redshift.warehouse import Warehouse
from app.views import charts, filters, formats, page
from app.views.sales import Figures, Overview, overview_query, read_overview

PATH = "overview"
TITLE = "Overview"


def render(warehouse: Warehouse, person: str) -> None:
    """Draws the page for whoever the warehouse knows as its caller."""
    this = page.begin(PATH, TITLE, person)
    try:
        table = this.ask(warehouse, overview_query(this.filters))
    except QueryDenied as error:
        page.denied(error)
        return
    answer = read_overview(table.frame, this.filters)
    if not answer.anything_visible:
        page.nothing_visible(table)
        return
    filters.choose_categories(PATH, list(answer.categories))
    if not answer.now.orders:
        page.no_match(this.filters)
        return
    _figures(answer, this)
    course, categories = st.columns([3, 2], gap="large")
    with course:
        _course(answer, this)
    with categories:
        _categories(answer, this)


def _figures(answer: Overview, this: page.Page) -> None:
    with st.container(key="figures"):
        first, *others = st.columns([1.5, 1, 1, 1], gap="large", vertical_alignment="bottom")
        with first, st.container(key="first-figure"):
            _metric("Total sales", answer, this, of=lambda figures: figures.sales, write=formats.short_money)
        with others[0]:
            _metric("Units", answer, this, of=lambda figures: Decimal(figures.units), write=_short)
        with others[1]:
            _metric("Orders", answer, this, of=lambda figures: Decimal(figures.orders), write=_short)
        with others[2]:
            _metric(
                "Average order", answer, this, of=lambda figures: figures.average, write=formats.short_money
            )


def _short(number: Decimal, marks: formats.Separators) -> str:
    return formats.short_count(int(number), marks)


def _metric(
    label: str,
    answer: Overview,
    this: page.Page,
    *,
    of: Callable[[Figures], Decimal],
    write: Callable[[Decimal, formats.Separators], str],
) -> None:
    before = of(answer.before) if answer.before.orders else None
    change = formats.change(of(answer.now), before, days=this.filters.days, marks=this.marks)
    st.metric(
        label,
        write(of(answer.now), this.marks),
        delta=change.figure,
        delta_description=change.compared,
        delta_arrow=change.direction,
        delta_color="off" if change.direction == "off" else "normal",
        chart_data=_sparkline(answer, of),
    )


def _sparkline(answer: Overview, of: Callable[[Figures], Decimal]) -> list[float] | None:
    # A step at the beginning may be short: it would look like a fall.
    whole = [step for step in answer.steps if step.days == answer.steps[-1].days]
    return [float(of(step.now)) for step in whole] if len(whole) > 1 else None


def _course(answer: Overview, this: page.Page) -> None:
    st.subheader("Sales over time", anchor=False)
    page.note(charts.a_point_is(answer.steps))
    previous = f"Previous {this.filters.days} days" if answer.before.orders else None
    chart = charts.sales_over_time(answer.steps, previous=previous, colours=this.colours, marks=this.marks)
    st.vega_lite_chart(spec=chart, key="sales-over-time", alt="Sales over time, a line for each period")


def _categories(answer: Overview, this: page.Page) -> None:
    st.subheader("By category", anchor=False)
    chosen = this.filters.categories or tuple(answer.categories)
    figures = {name: now for name, (now, _) in answer.categories.items() if name in chosen and now.orders}
    chart = charts.by_category(figures, colours=this.colours, marks=this.marks)
    st.vega_lite_chart(spec=chart, key="by-category", alt="Sales by category, a bar for each")
