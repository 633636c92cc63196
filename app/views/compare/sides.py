"""One side of the page: who sees it, by which statement, and what; or why there is nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

import streamlit as st

from app.errors import AppError, QueryDenied
from app.redshift.panels import Panels
from app.redshift.table import Table
from app.views import charts, clock, drawing, maps, metrics, states, viewport
from app.views.choice import Dimension
from app.views.compare import bars
from app.views.compare.bars import Bar
from app.views.compare.seen import Pair, Seen, label
from app.views.figures import NOTHING, City
from app.views.formats import Marks
from app.views.maps import Look
from app.views.palette import Palette
from app.views.places import is_located, position
from app.views.reader import Person
from app.views.sales import Grain

_MOST = 12  # bars
_TITLES: Mapping[Dimension, str] = {"category": "By category", "country": "By country", "place": "Top cities"}
_WIDE, _NARROW = (480, 320), (340, 280)


@dataclass(frozen=True)
class Answered:
    """What the warehouse gave to one person: rows, by panel and as they are compared."""

    table: Table
    panels: Panels
    seen: Seen


@dataclass(frozen=True)
class How:
    """How both sides are drawn."""

    grain: Grain
    days: int
    colours: Palette
    marks: Marks
    style_url: str = ""


def head(person: Person, table: Table | None = None) -> None:
    """Whose side it is, and the statement by which the rows came."""
    groups = ", ".join(person.groups) or "in no group"
    lines = [f"{groups} · Rows that Redshift lets {person.name} see"]
    if table is not None:
        lines.append(f"Statement {table.statement_id} · as of {clock.time_of(table.as_of)}")
    notes = "".join(f'<p class="rl-note">{escape(line)}</p>' for line in lines)
    st.html(f'<h2 class="rl-whose">{escape(person.name)}</h2>{notes}')


def draw(name: str, answered: Answered, pair: Pair, how: How) -> None:
    """The page as one of the two sees it, by scales that hold for both; `name` tells the sides apart."""
    if not answered.panels.any("anything"):
        states.nothing_visible(answered.table)
        return
    if answered.table.truncated:
        states.note("There are more rows than a page takes: this side is not whole. Narrow the filters.")
    seen = answered.seen
    _figures(name, seen, how.marks)
    if not seen.visible:
        states.note("No sales match these filters on this side.")
    if answered.seen.steps:
        _course(name, seen, pair, how)
        _bars(name, "category", seen, pair, how)
        _bars(name, "country", seen, pair, how)
    else:
        _map(name, seen, pair, how)
        _bars(name, "place", seen, pair, how)


def trouble(error: AppError) -> None:
    """Why there is nothing on this side."""
    if isinstance(error, QueryDenied):
        states.denied(error)
        return
    st.html(states.trouble(f"{error.message} {error.remedy}", error.quoted))


def _figures(name: str, seen: Seen, marks: Marks) -> None:
    with st.container(key=f"compare-figures-{name}", horizontal=True):
        for figure in metrics.FIGURES:
            value = figure.of(seen.total)
            st.metric(figure.label, figure.short(value, marks), help=figure.exact(value, marks))


def _course(name: str, seen: Seen, pair: Pair, how: How) -> None:
    st.subheader("Sales over time", anchor=False)
    spec = charts.sales_over_time(
        seen.steps,
        grain=how.grain,
        against=None,
        days=how.days,
        colours=how.colours,
        marks=how.marks,
        between=pair.course,
    )
    drawing.chart(spec, key=f"compare.{name}.steps")


def _bars(name: str, dimension: Dimension, seen: Seen, pair: Pair, how: How) -> None:
    st.subheader(_TITLES[dimension], anchor=False)
    sold = seen.sold.get(dimension, {})
    shown = [Bar(label(dimension, each), sold.get(each, NOTHING)) for each in pair.names(dimension, _MOST)]
    spec = bars.bars(shown, most=pair.most(dimension), colours=how.colours, marks=how.marks)
    drawing.chart(spec, key=f"compare.{name}.{dimension}")


def _map(name: str, seen: Seen, pair: Pair, how: How) -> None:
    st.subheader("Sales by city", anchor=False)
    phone = "Mobi" in (st.context.headers.get("User-Agent") or "")
    width, height = _NARROW if phone else _WIDE
    longitudes, latitudes = _positions(pair.cities)
    look = Look(
        viewport.around(longitudes, latitudes, width=width, height=height),
        how.colours,
        how.marks,
        style_url=how.style_url,
        most=max((city.figures.sales for city in pair.cities), default=Decimal(0)),
    )
    drawn = maps.city_map([city for city in seen.cities if is_located(city)], "Circles", look)
    st.pydeck_chart(
        drawn.deck,
        height=height,
        key=f"compare.{name}.map",
        alt="A map of sales; the bars below it say the same of the largest",
    )
    st.html(drawn.legend.html())


def _positions(cities: Sequence[City]) -> tuple[list[float], list[float]]:
    found = [position(city) for city in cities if is_located(city)]
    return [longitude for longitude, _ in found], [latitude for _, latitude in found]
