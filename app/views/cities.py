"""Where sales come from: a map of cities, and the same figures as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape

import pyarrow as pa
import streamlit as st

from app.redshift.panels import Panel, Panels, Question
from app.views import formats, maps, sales, viewport, waiting
from app.views.figures import City, Figures
from app.views.page import Page, View
from app.views.states import note

_TOP = {"Top 10": 10, "Top 50": 50, "Top 250": 250, "Top 1,000": 1_000, "All cities": None}
_USUAL_TOP = "Top 250"
# The page does not know how wide it is drawn; a phone says that it is one.
_WIDE, _NARROW = (640, 440), (340, 420)
_PLACES = (3, 1)
_BEST = 10


_QUESTION = Question(
    "Total sales by city",
    sales.SOLD,
    sales.MEASURES,
    panels=(
        sales.ANYTHING,
        Panel("totals", where=("chosen",)),
        *sales.FACETS,
        Panel(
            "cities",
            by=("place", "latitude", "longitude"),
            where=("chosen",),
            order=("-sales",),
        ),
    ),
)


@dataclass(frozen=True)
class Cities:
    """The cities of the answer; what nobody looks at is not read."""

    total: Figures
    _rows: Panels = field(repr=False)

    @property
    def known(self) -> int:
        """How many cities the answer has."""
        return int(self._rows["cities"].num_rows)

    def best(self, most: int | None = None) -> list[City]:
        """The cities that sold most, best first."""
        return [
            City(
                *_name_and_country(place),
                longitude=_degrees(longitude, most=180),
                latitude=_degrees(latitude, most=90),
                figures=sales.sold(sold),
            )
            for place, latitude, longitude, *sold in self._rows.rows("cities", most)
        ]


def _name_and_country(place: str) -> tuple[str, str]:
    name, _, country = place.rpartition(", ")
    return name, country


def _degrees(value: Decimal | None, *, most: int) -> Decimal | None:
    """A coordinate; None for one that is no place on Earth: the map would zoom out to reach it."""
    return None if value is None or abs(value) > most else value


def _draw_page(panels: Panels, this: Page) -> None:
    (total,) = (sales.sold(three) for three in panels.rows("totals"))
    _draw(Cities(total, panels), this)


@st.fragment
def _draw(answer: Cities, this: Page) -> None:
    """What is chosen here draws the answer another way: it asks nothing, and the rest of the page stays."""
    waiting.check(this.reader.warehouse, this.table)
    top, shape = _heading(answer.total, this)
    shown = answer.best(_TOP[top])
    located = [city for city in shown if city.longitude is not None and city.latitude is not None]
    with st.container(key="places"):
        places, best = st.columns(_PLACES, gap="medium")
        with places:
            _map(located, shape, this)
            _legend(located, shape, this)
        with best:
            _best(shown[:_BEST], this)
    for line in _what_is_shown(shown, answer, this, more=this.table.truncated):
        note(line)
    if missing := len(shown) - len(located):
        note(f"{missing} of them {'has' if missing == 1 else 'have'} no coordinates: in the table only.")
    _table(shown, answer.total)


def _heading(total: Figures, this: Page) -> tuple[str, maps.Shape]:
    """The page's one figure, and beside it how the map is chosen."""
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom")
    with row, st.container(key="first-figure", width="content"):
        st.metric(
            "Total sales",
            formats.short_money(total.sales, this.marks),
            help=formats.money(total.sales, this.marks),
        )
    with row, st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        top = st.selectbox(
            "Cities", list(_TOP), index=list(_TOP).index(_USUAL_TOP), key="cities.top", width=150
        )
        shape: maps.Shape = st.segmented_control(
            "Show as", maps.SHAPES, default=maps.SHAPES[0], required=True, key="cities.shape"
        )
    return top, shape


def _best(cities: Sequence[City], this: Page) -> None:
    st.header("Top cities", anchor=False)
    lines = "".join(
        f"<li><span>{escape(city.name)}, {escape(city.country)}</span>"
        f"<span>{escape(formats.short_money(city.figures.sales, this.marks))}</span></li>"
        for city in cities
    )
    st.html(f'<ol class="rl-best">{lines}</ol>')


def _map(located: Sequence[City], shape: maps.Shape, this: Page) -> None:
    width, height = _NARROW if _is_phone() else _WIDE
    view = viewport.around(
        [float(city.longitude or 0) for city in located],
        [float(city.latitude or 0) for city in located],
        width=width,
        height=height,
    )
    st.pydeck_chart(
        maps.city_map(located, view, shape=shape, colours=this.colours, marks=this.marks),
        height=height,
        key="cities.map",
        alt="A map of sales by city; the table below it has the same figures",
    )


def _is_phone() -> bool:
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def _legend(located: Sequence[City], shape: maps.Shape, this: Page) -> None:
    most = max((city.figures.sales for city in located), default=Decimal(0))
    keys = "".join(
        f'<span class="rl-key"><i style="width:{2 * key.radius}px;height:{2 * key.radius}px;'
        f'background:{key.colour}"></i>{escape(formats.round_money(key.sales, this.marks))}</span>'
        for key in maps.legend(most, shape=shape, colours=this.colours)
    )
    st.html(f'<div class="rl-legend">Sales {keys}</div>')


def _what_is_shown(shown: Sequence[City], answer: Cities, this: Page, *, more: bool) -> Iterator[str]:
    """What the map and the table leave out."""
    known = formats.count(answer.known, this.marks)
    if more:
        known = f"more than {known}"
        yield "There are more cities than a page takes. Narrow the filters to see the others."
    if len(shown) == answer.known and not more:
        yield f"{known} {'city' if len(shown) == 1 else 'cities'}: all that sold."
        return
    sales = sum((city.figures.sales for city in shown), Decimal(0))
    share = formats.percent(sales / answer.total.sales, this.marks) if answer.total.sales else "0%"
    rest = formats.money(answer.total.sales - sales, this.marks)
    best = formats.count(len(shown), this.marks)
    yield f"The best {best} of {known} cities: {share} of sales. Everything else: {rest}."


def _table(shown: Sequence[City], total: Figures) -> None:
    # The grid sorts and formats floats alone; they are exact to the cent far beyond what is ever sold.
    rows = pa.table(
        {
            "City": [city.name for city in shown],
            "Country": [city.country for city in shown],
            "Sales": [float(city.figures.sales) for city in shown],
            "Share": [
                round(float(100 * city.figures.sales / total.sales), 2) if total.sales else 0.0
                for city in shown
            ],
            "Units": [city.figures.units for city in shown],
            "Orders": [city.figures.orders for city in shown],
        }
    )
    st.dataframe(
        rows,
        hide_index=True,
        key="cities.table",
        column_config={
            "City": st.column_config.TextColumn(width="medium"),
            "Country": st.column_config.TextColumn(width="small"),
            "Sales": st.column_config.NumberColumn(format="dollar"),
            "Share": st.column_config.NumberColumn("Share of sales", format="%.1f%%"),
            "Units": st.column_config.NumberColumn(format="localized"),
            "Orders": st.column_config.NumberColumn(format="localized"),
        },
    )


VIEW = View(
    title="Total sales by city",
    path="cities",
    question=_QUESTION,
    parameters=sales.period_of,
    conditions=sales.conditions,
    draw=_draw_page,
    shapes=(((1,), 84), (_PLACES, 490), ((1,), 320)),
)
