"""How sales are going: four figures against two other periods, their course, and what they come from."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
import streamlit as st

from app.redshift.conditions import Value
from app.redshift.panels import Panel, Panels, Question
from app.views import charts, filters, formats, sales, states
from app.views.charts import Bar, Spec
from app.views.choice import Dimension, Filters
from app.views.figures import Compared, Figures, Step
from app.views.formats import Against
from app.views.page import Page, View
from app.views.sales import Grain

_WEIGHTS, _PANELS, _RANKINGS = (1.5, 1, 1, 1), (3, 2), (1, 1)
_BEST, _LOWEST = 8, 5  # bars of a ranking with another below it
_KEPT = "overview"  # how the person looks at the page, on whichever page they are
_AGAINST: Mapping[str, Against | None] = {
    "Previous period": "before",
    "Same period last year": "year_ago",
    "No comparison": None,
}
_CHARTS, _TABLES = "Charts", "Tables"
_MOST_PRODUCTS = next(panel.limit for panel in sales.FACETS if panel.name == "products")
_Option = TypeVar("_Option", bound=str)
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


@dataclass(frozen=True)
class _Ranking:
    """A panel of bars: what it is called, which dimension a click on it chooses, and what it shows."""

    title: str
    dimension: Dimension
    bars: Sequence[Bar]
    most: int = _BEST
    others: str = ""
    lowest: bool = False

    @property
    def name(self) -> str:
        return "lowest" if self.lowest else self.dimension


def _parameters(chosen: Filters) -> Mapping[str, Value]:
    return sales.periods_of(chosen, _grain(chosen.days))


def _grain(days: int) -> Grain:
    """The step in which the person looks at the course, where the period can be drawn in it."""
    return _kept("grain", sales.grains(days), sales.usual_grain(days))


def _draw(panels: Panels, this: Page) -> None:
    (totals,) = (sales.compared(nine) for nine in panels.rows("totals"))
    grain = _grain(this.filters.days)
    steps = list(sales.steps(panels, this.filters, grain))
    _figures(totals, steps, this)
    against, shown_as = _choices(grain, this)
    if panels.incomplete:
        states.note(_what_is_missing(panels.incomplete))
    with st.container(key="charts"):
        course, categories = st.columns(_PANELS, gap="large")
        with course:
            _course(steps, grain, against, this, shown_as)
        with categories:
            _ranking(_categories(panels), this, shown_as)
    with st.container(key="rankings"):
        for column, rankings in zip(
            st.columns(_RANKINGS, gap="large"),
            ((_regions(panels), _countries(panels, this.filters)), (_products(panels), _lowest(panels))),
            strict=True,
        ):
            with column:
                for ranking in rankings:
                    _ranking(ranking, this, shown_as)


def _what_is_missing(panels: frozenset[str]) -> str:
    """Which parts of the page a cap on rows has cut."""
    parts = ", ".join(name for panel, name in _PARTS.items() if panel in panels)
    return f"There are more rows than a page takes. Incomplete: {parts}. Narrow the filters to see all."


def _figures(totals: Compared, steps: Sequence[Step], this: Page) -> None:
    with st.container(key="figures"):
        first, *others = st.columns(_WEIGHTS)
        with first, st.container(key="first-figure"):
            _metric(_FIGURES[0], totals, steps, this)
        for column, figure in zip(others, _FIGURES[1:], strict=True):
            with column:
                _metric(figure, totals, steps, this)


def _metric(figure: _Figure, totals: Compared, steps: Sequence[Step], this: Page) -> None:
    recent, last_year = (_change(figure, totals, against, this) for against in ("before", "year_ago"))
    now = figure.of(totals.now)
    st.metric(
        figure.label,
        figure.short(now, this.marks),
        help=figure.exact(now, this.marks),
        delta=recent.figure,
        # Two spaces before its end break a line.
        delta_description=f"{recent.compared}  \n{last_year.figure} {last_year.compared}",
        delta_arrow=recent.direction,
        delta_color="off" if recent.direction == "off" else "normal",
        chart_data=charts.sparkline(steps, figure.of),
    )


def _change(figure: _Figure, totals: Compared, against: Against, this: Page) -> formats.Change:
    other: Figures = getattr(totals, against)
    before = figure.of(other) if other.orders else None
    return formats.change(
        figure.of(totals.now), before, days=this.filters.days, marks=this.marks, against=against
    )


# How the page is looked at.


def _choices(grain: Grain, this: Page) -> tuple[Against | None, str]:
    """What the course is compared with, and whether the panels are charts or tables."""
    compared = _kept("against", tuple(_AGAINST), next(iter(_AGAINST)))
    shown_as = _kept("shown", (_CHARTS, _TABLES), _CHARTS)
    with st.container(
        key="choices", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        with st.container(horizontal=True, width="content"):
            _switch("grain", "Step of time", sales.grains(this.filters.days), grain, str.capitalize)
            _switch("against", "Compared with", tuple(_AGAINST), compared)
        _switch("shown", "Shown as", (_CHARTS, _TABLES), shown_as)
    return _AGAINST[compared], shown_as


def _switch(
    name: str, label: str, options: Sequence[str], kept: str, written: Callable[[str], str] = str
) -> None:
    key = f"overview.{name}"
    if st.session_state.get(key) != kept:
        st.session_state[key] = kept
    st.segmented_control(
        label,
        options,
        format_func=written,
        key=key,
        required=True,
        label_visibility="collapsed",
        on_change=_keep,
        args=(name, key),
    )


def _kept(name: str, options: Sequence[_Option], usual: _Option) -> _Option:
    """What the person chose; whatever was kept for another period may not be among what there is for this."""
    chosen = st.session_state.get(_KEPT, {}).get(name)
    return chosen if chosen in options else usual


def _keep(name: str, key: str) -> None:
    st.session_state[_KEPT] = {**st.session_state.get(_KEPT, {}), name: st.session_state[key]}


# The panels.


def _course(steps: Sequence[Step], grain: Grain, against: Against | None, this: Page, shown_as: str) -> None:
    st.header("Sales over time", anchor=False)
    days = this.filters.days

    def chart() -> Spec:
        return charts.sales_over_time(
            steps, grain=grain, against=against, days=days, colours=this.colours, marks=this.marks
        )

    def table() -> pa.Table:
        first = {"From": [step.first_day for step in steps], "To": [step.last_day for step in steps]}
        return charts.table_of(first, [step.figures for step in steps], days=days)

    this.offer("Sales over time", table, chart)
    if shown_as == _TABLES:
        _table(table(), "sales-over-time")
        return
    _chart(chart(), key="sales-over-time")
    if cut := charts.cut(steps, grain):
        states.note(cut)


def _categories(panels: Panels) -> _Ranking:
    bars = [Bar(name, name, sales.compared(nine)) for name, *nine in panels.rows("categories")]
    return _Ranking("By category", "category", bars, most=12, others="other categories")


def _regions(panels: Panels) -> _Ranking:
    regions: dict[str, list[Compared]] = defaultdict(list)
    for region, _, *nine in panels.rows("countries"):
        regions[region].append(sales.compared(nine))
    bars = [Bar(name, name, charts.together(figures)) for name, figures in regions.items()]
    return _Ranking("By region", "region", bars, others="other regions")


def _countries(panels: Panels, chosen: Filters) -> _Ranking:
    """The countries of the regions that are chosen: a click on a region opens it."""
    countries: dict[str, list[Compared]] = defaultdict(list)
    for region, country, *nine in panels.rows("countries"):
        if region in (chosen.values("region") or (region,)):
            countries[country].append(sales.compared(nine))
    bars = [Bar(code, formats.country(code), charts.together(figures)) for code, figures in countries.items()]
    return _Ranking("By country", "country", bars, others="other countries")


def _products(panels: Panels) -> _Ranking:
    bars = [Bar(name, name, sales.compared(nine)) for name, *nine in panels.rows("products")]
    # There may be more than the question asks for.
    others = "other products" if len(bars) != _MOST_PRODUCTS else ""
    return _Ranking("Top products", "product", bars, others=others)


def _lowest(panels: Panels) -> _Ranking:
    bars = [Bar(name, name, sales.compared(nine)) for name, *nine in panels.rows("lowest")]
    return _Ranking("Lowest products", "product", bars, most=_LOWEST, lowest=True)


def _ranking(panel: _Ranking, this: Page, shown_as: str) -> None:
    st.header(panel.title, anchor=False)
    chosen, days = this.filters.values(panel.dimension), this.filters.days

    def chart() -> Spec:
        return charts.ranking(
            panel.bars,
            days=days,
            colours=this.colours,
            marks=this.marks,
            chosen=chosen,
            most=panel.most,
            lowest=panel.lowest,
            others=panel.others,
        )

    def table() -> pa.Table:
        shown, rest = charts.ranked(panel.bars, chosen=chosen, most=panel.most, lowest=panel.lowest)
        rows = shown if panel.lowest else [*shown, *rest]
        first = {filters.LABELS[panel.dimension]: [bar.label for bar in rows]}
        return charts.table_of(first, [bar.figures for bar in rows], days=days)

    this.offer(panel.title, table, chart)
    if shown_as == _TABLES:
        _table(table(), panel.name)
        return
    key = f"overview.{panel.name}.{st.session_state.get(_picks(panel.name), 0)}"
    offered = frozenset(bar.key for bar in panel.bars)
    _chart(
        chart(),
        key=key,
        on_select=partial(_pick, panel.name, key, panel.dimension, offered),
        selection_mode=charts.PICK,
    )


def _picks(name: str) -> str:
    return f"overview picks {name}"


def _pick(name: str, key: str, dimension: Dimension, offered: Collection[str]) -> None:
    """Chooses what was clicked; the chart then has another key, with nothing selected in it."""
    st.session_state[_picks(name)] = st.session_state.get(_picks(name), 0) + 1
    picked = st.session_state[key].selection.get(charts.PICK)
    clicked = (
        [each.get("key") for each in picked if isinstance(each, dict)] if isinstance(picked, list) else []
    )
    filters.toggle(dimension, clicked, offered)


def _chart(spec: Spec, **how: Any) -> None:
    # Arrow's columns go to the browser as they are; of values, Streamlit would make a pandas frame first.
    values = pa.Table.from_pylist(spec["data"]["values"])
    drawn = {name: part for name, part in spec.items() if name not in ("data", "description")}
    st.vega_lite_chart(values, drawn, alt=spec["description"], **how)


def _table(table: pa.Table, name: str) -> None:
    st.dataframe(table, hide_index=True, key=f"overview.{name}.table")


VIEW = View(
    title="Overview",
    path="overview",
    question=_QUESTION,
    parameters=_parameters,
    conditions=sales.conditions,
    draw=_draw,
    shapes=((_WEIGHTS, 190), (_PANELS, 350), (_RANKINGS, 480)),
)
