"""The four figures of what was sold, each against the period before and the same period last year."""

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import pyarrow as pa
import streamlit as st

from app.views import charts, formats
from app.views.figures import Compared, Figures, Step
from app.views.formats import Against, Change, Marks
from app.views.page import Page

WEIGHTS = (1.5, 1, 1, 1)
"""Of the columns in which they stand: the first is what the page is about."""


class Figure(NamedTuple):
    """A figure: what it is called, what it is, how it is written short and exactly."""

    label: str
    of: Callable[[Figures], Decimal]
    short: Callable[[Decimal, Marks], str]
    exact: Callable[[Decimal, Marks], str]


FIGURES = (
    Figure("Total sales", lambda sold: sold.sales, formats.short_money, formats.money),
    Figure("Units", lambda sold: Decimal(sold.units), formats.short_count, formats.count),
    Figure("Orders", lambda sold: Decimal(sold.orders), formats.short_count, formats.count),
    Figure("Average order", lambda sold: sold.average, formats.short_money, formats.money),
)
"""The four of every page, the first the one that it is about."""


_FIGURES = '.st-key-figures [data-testid="stHorizontalBlock"]'
_METRIC = '[data-testid="stMetric"]::after'
_COURSE = '{ background: 0 0 / 100% 100%; content: ""; display: block; height: 3.5rem; margin-top: 1rem }'


def draw(totals: Compared, this: Page, *, steps: Sequence[Step] = ()) -> None:
    """Draws the figures, with their course where there are steps."""
    this.offer("Figures", lambda: _row(totals.now))
    with st.container(key="figures"):
        with st.container(horizontal=True):
            for figure in FIGURES:
                _draw(figure, totals, this)
        _draw_courses(steps, this)


def _row(sold: Figures) -> pa.Table:
    money = pa.decimal128(38, 2)
    return pa.table(
        {
            "Total sales": pa.array([sold.sales], money),
            "Units": [sold.units],
            "Orders": [sold.orders],
            "Average order": pa.array([sold.average.quantize(Decimal("0.01"), ROUND_HALF_UP)], money),
        }
    )


def _draw(figure: Figure, totals: Compared, this: Page) -> None:
    now = figure.of(totals.now)
    recent, last_year = (_change(figure, totals, against, this) for against in ("before", "year_ago"))
    st.metric(
        figure.label,
        figure.short(now, this.marks),
        help=figure.exact(now, this.marks),
        delta=recent.figure,
        # Two spaces before its end break a line.
        delta_description=f"{recent.compared}  \n{last_year.figure} {last_year.compared}",
        delta_arrow=recent.direction,
        delta_color="off" if recent.direction == "off" else "normal",
    )


def _draw_courses(steps: Sequence[Step], this: Page) -> None:
    """Under each figure its course, as a picture: a browser would make a program of a metric's chart."""
    pictures = [charts.sparkline(steps, figure.of, this.colours) for figure in FIGURES]
    drawn = [
        f'{_FIGURES} > :nth-child({place}) {_METRIC} {{ background-image: url("{charts.address(picture)}") }}'
        for place, picture in enumerate(pictures, start=1)
        if picture is not None
    ]
    if drawn:
        st.html(f"<style>{_FIGURES} {_METRIC} {_COURSE}{''.join(drawn)}</style>")


def _change(figure: Figure, totals: Compared, against: Against, this: Page) -> Change:
    past: Figures = getattr(totals, against)
    before = figure.of(past) if past.orders else None
    return formats.change(
        figure.of(totals.now), before, days=this.filters.days, marks=this.marks, against=against
    )
