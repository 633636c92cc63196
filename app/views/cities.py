"""Where sales come from: a map of cities or countries, a list beside it, and the same figures as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

import pyarrow as pa
import streamlit as st

from app.redshift.panels import Panel, Panels, Question
from app.views import clock, filters, formats, grid, ground, maps, sales, viewport, waiting
from app.views.choice import Dimension
from app.views.exports import city_chart, country_chart
from app.views.figures import NOTHING, City, Figures
from app.views.maps import Clicks, Drawing, Look, Shape
from app.views.page import Page, View
from app.views.places import Answer, Country, Item, is_located, place, position
from app.views.states import note
from app.views.viewport import Viewport

_TOP = {"Top 10": 10, "Top 50": 50, "Top 250": 250, "Top 1,000": 1_000, "All cities": None}
_USUAL_TOP = "Top 250"
# The page does not know how wide it is drawn; a phone says that it is one.
_WIDE, _NARROW = (640, 440), (340, 380)
_PLACES = (3, 1)
_LISTED = 12  # at first, and how many more each time
_NEAR = 4.5  # the zoom at which a city that was searched is shown
_OTHERS = 5  # names beside the one that was found; whoever looks for another types more of it
_MAP, _TURN, _MORE, _FIND = "cities.map", "cities.turn", "cities.more", "cities.find"
_STYLE = f"<style>{(Path(__file__).parent / 'map.css').read_text()}</style>"


_QUESTION = Question(
    "Total sales by city",
    sales.SOLD,
    sales.MEASURES,
    panels=(
        sales.ANYTHING,
        Panel("totals", where=("chosen",)),
        Panel("around", where=("beside_place",)),
        *sales.FACETS,
        # Beside what was chosen of them: a click on the map makes one strong, and the others stay.
        Panel("cities", by=("place", "latitude", "longitude"), where=("beside_place",), order=("-sales",)),
    ),
)


@dataclass(frozen=True)
class Shown:
    """What stands on the map, in the list and in the table, in step with each other."""

    dimension: Dimension
    items: Sequence[Item]
    drawing: Drawing
    notes: Sequence[str]


def _draw_page(panels: Panels, this: Page) -> None:
    total, around = (
        # A cap may have taken even that.
        next((sales.sold(three) for three in panels.rows(name)), NOTHING)
        for name in ("totals", "around")
    )
    answer = Answer(total, around, panels)
    _offer(answer, this)
    st.html(_STYLE)
    _draw(answer, this)


@st.fragment
def _draw(answer: Answer, this: Page) -> None:
    """What is chosen here draws the answer another way: it asks nothing, and the rest of the page stays."""
    waiting.check(this.reader.warehouse, this.table)
    if filters.kept().filters(clock.today()) != this.filters:
        st.rerun()  # a click chose something: that is another question
    top, shape = _heading(answer.total, this)
    with st.container(key="map"):
        left, right = st.columns(_PLACES, gap="medium")
    matches = answer.named(st.session_state.get(_FIND) or "")
    found = next(iter(matches), None)
    if shape == "Countries":
        shown = _countries(answer, found, this)
    else:
        shown = _cities(answer, shape, _TOP[top], found, this)
    with left:
        _map(shown)  # first, for it takes a browser longest
    with right:
        _find(matches, answer, this)
        _list(shown, this)
    with st.container(gap="small"):
        for line in shown.notes:
            note(line)
    _table(shown, answer.total, this)


def _heading(total: Figures, this: Page) -> tuple[str, Shape]:
    """The page's one figure, and beside it how the map is chosen."""
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom")
    with row, st.container(key="first-figure", width="content"):
        st.metric(
            "Total sales",
            formats.short_money(total.sales, this.marks),
            help=formats.money(total.sales, this.marks),
        )
    with row, st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        places = st.empty()
        shape: Shape = st.segmented_control(
            "Show as", maps.SHAPES, default=maps.SHAPES[0], required=True, key="cities.shape", wrap=True
        )
        # Said anew, it outlives a run in which its widget is not drawn: all countries are shown.
        top: str = st.session_state.get("cities.top", _USUAL_TOP)
        st.session_state["cities.top"] = top = top if top in _TOP else _USUAL_TOP
        if shape != "Countries":
            top = places.selectbox("Cities", list(_TOP), key="cities.top", width=150)
    # A browser may say what was not offered.
    return top, shape if shape in maps.SHAPES else maps.SHAPES[0]


def _find(matches: Sequence[City], answer: Answer, this: Page) -> None:
    """Where a city is searched, among all and not only the best, and what was found."""
    sought = st.text_input("Find a city", key=_FIND, placeholder="Type a name", icon=":material/search:")
    if not matches:
        if sought:
            note(f"No city that sold anything has “{sought}” in its name.")
        return
    found, *others = matches
    with st.container(key="found"):
        sold = formats.money(found.figures.sales, this.marks)
        note(f"{place(found)}: {sold}, {_nth(answer, found, this)}.")
        if not is_located(found):
            note("It has no coordinates: the map cannot show it.")
        _choose(":primary[Show this city alone]", Item.of_city(found), "place", this, key="cities.found")
        if others:
            note("Others of that name:")
        for number, other in enumerate(others[:_OTHERS], start=1):
            label = filters.plain(place(other))
            key = f"cities.other.{number}.{place(other)}"
            st.button(label, type="tertiary", key=key, width="stretch", on_click=_seek, args=(place(other),))
        if len(others) > _OTHERS:
            note(f"And {formats.count(len(others) - _OTHERS, this.marks)} more: type more of the name.")


def _seek(named: str) -> None:
    st.session_state[_FIND] = named


def _nth(answer: Answer, found: City, this: Page) -> str:
    rank = formats.count(1 + answer.places.index(place(found)), this.marks)
    return f"number {rank} of {formats.count(answer.known, this.marks)}"


def _cities(answer: Answer, shape: Shape, most: int | None, found: City | None, this: Page) -> Shown:
    cities, chosen = answer.best(most), this.filters.values("place")
    # Whatever is searched or chosen stands there too.
    others = answer.best()[len(cities) :] if chosen or found is not None else []
    also = [city for city in others if city == found or place(city) in chosen]
    located = [city for city in (*cities, *also) if is_located(city)]
    longitudes, latitudes = zip(*map(position, located), strict=True) if located else ((), ())
    width, height = _size()
    view = viewport.around(longitudes, latitudes, width=width, height=height)
    look = _look(view, "place", found, this)
    return Shown(
        "place",
        [Item.of_city(city) for city in (*cities, *also)],
        maps.city_map(located, shape, look),
        [*_what_is_shown(cities, answer, this), *_unlocated(cities), *_paler(look)],
    )


def _countries(answer: Answer, found: City | None, this: Page) -> Shown:
    countries = answer.countries(this.filters.values("region"))
    width, height = _size()
    view = ground.around_countries(countries, width=width, height=height)
    look = _look(view, "country", found, this)
    return Shown(
        "country",
        [Item.of_country(country) for country in countries],
        maps.country_map(countries, look),
        [*_which_countries(countries, answer, this), *_paler(look)],
    )


def _size() -> tuple[int, int]:
    return _NARROW if "Mobi" in (st.context.headers.get("User-Agent") or "") else _WIDE


def _look(view: Viewport, dimension: Dimension, found: City | None, this: Page) -> Look:
    if found is not None and is_located(found):
        view = Viewport(*position(found), zoom=max(view.zoom, _NEAR))
    return Look(
        view,
        this.colours,
        this.marks,
        chosen=frozenset(this.filters.values(dimension)),
        found=found,
        style_url=this.reader.map_style_url,
        turn=st.session_state.get(_TURN, 0),
    )


def _map(shown: Shown) -> None:
    _, height = _size()
    st.pydeck_chart(
        shown.drawing.deck,
        height=height,
        key=_MAP,
        on_select=partial(_clicked, shown.drawing.clicks, shown.dimension),
        alt="A map of sales; the list beside it says the same, and chooses the same",
    )
    st.html(shown.drawing.legend.html())


def _clicked(clicks: Clicks, dimension: Dimension) -> None:
    """What a click on the map chooses; it leaves nothing selected, for the map's layer gets another name."""
    indices = st.session_state[_MAP].selection.get("indices")
    if indices:
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    picked = clicks.picked(indices)
    filters.toggle(dimension, picked, picked)


def _list(shown: Shown, this: Page) -> None:
    st.header("Top countries" if shown.dimension == "country" else "Top cities", anchor=False)
    most = st.session_state.setdefault(_MORE, _LISTED)
    with st.container(key="list"):
        for number, item in enumerate(shown.items[:most], start=1):
            figure = formats.short_money(item.figures.sales, this.marks)
            text = f"{filters.plain(item.label)} **{filters.plain(figure)}**"
            # By its number too: one city may lie in two places.
            _choose(text, item, shown.dimension, this, key=f"cities.list.{number}.{item.value}")
        if len(shown.items) > most:
            st.button(":primary[More]", type="tertiary", key="cities.list-more", on_click=_list_more)


def _list_more() -> None:
    st.session_state[_MORE] = st.session_state.get(_MORE, 0) + 4 * _LISTED


def _choose(text: str, item: Item, dimension: Dimension, this: Page, *, key: str) -> None:
    """A button that does what a click on the map does."""
    st.button(
        text,
        type="tertiary",
        icon=":material/check:" if item.value in this.filters.values(dimension) else None,
        key=key,
        width="stretch",
        on_click=filters.toggle,
        args=(dimension, (item.value,), (item.value,)),
    )


def _what_is_shown(shown: Sequence[City], answer: Answer, this: Page) -> Iterator[str]:
    """What the map, the list and the table leave out."""
    known = formats.count(answer.known, this.marks)
    if this.table.truncated:
        known = f"more than {known}"
        yield "There are more cities than a page takes. Narrow the filters to see the others."
    elif len(shown) == answer.known:
        yield f"{known} {'city' if len(shown) == 1 else 'cities'}: all that sold."
        return
    sold, around = sum((city.figures.sales for city in shown), Decimal(0)), answer.around.sales
    share = formats.percent(sold / around, this.marks) if around else "0%"
    rest, best = formats.money(around - sold, this.marks), formats.count(len(shown), this.marks)
    yield f"The best {best} of {known} cities: {share} of sales. Everything else: {rest}."


def _unlocated(shown: Sequence[City]) -> Iterator[str]:
    if missing := sum(not is_located(city) for city in shown):
        yield f"{missing} of them {'has' if missing == 1 else 'have'} no coordinates: in the table only."


def _which_countries(countries: Sequence[Country], answer: Answer, this: Page) -> Iterator[str]:
    if answer.more_countries:
        yield "There are more countries than a page takes. Narrow the filters to see the others."
    else:
        count = len(countries)
        yield f"{formats.count(count, this.marks)} {'country' if count == 1 else 'countries'}: all that sold."
    if missing := ground.without_outline(countries):
        names = ", ".join(
            f"{country.name} {formats.short_money(country.figures.sales, this.marks)}" for country in missing
        )
        yield f"Not on the map, whose outlines are too coarse for them: {names}."


def _paler(look: Look) -> Iterator[str]:
    if look.chosen:
        yield "The figure and the table are of what you chose; the map and the list show the others too."


def _table(shown: Shown, total: Figures, this: Page) -> None:
    """The same as a table, for who asks for it: a browser draws the page sooner without."""
    box = st.expander("The same as a table", key="cities.table", on_change="rerun")
    if box.open:
        with box:
            _rows(shown, total, this)


def _rows(shown: Shown, total: Figures, this: Page) -> None:
    chosen = this.filters.values(shown.dimension)
    items = [item for item in shown.items if not chosen or item.value in chosen]
    whole = total.sales or Decimal(1)
    shares = [round(float(100 * item.figures.sales / whole), 2) for item in items]
    names = (
        {"Country": [item.label for item in items]}
        if shown.dimension == "country"
        else {
            "City": [item.value.rpartition(", ")[0] for item in items],
            "Country": [item.value.rpartition(", ")[2] for item in items],
        }
    )
    rows = pa.table(
        names
        | {
            "Sales": pa.array([item.figures.sales for item in items], pa.decimal128(38, 2)),
            "Share": shares,
            "Units": [item.figures.units for item in items],
            "Orders": [item.figures.orders for item in items],
        }
    )
    columns = {
        "Sales": grid.money("Sales", this.reader.currency, this.marks),
        "Share": st.column_config.NumberColumn("Share of sales", format="%.1f%%"),
        "Units": grid.count("Units"),
        "Orders": grid.count("Orders"),
    }
    grid.draw(rows, columns, alt="The same figures as a table")


def _offer(answer: Answer, this: Page) -> None:
    """What was chosen, all of it and exact, for whoever takes it along."""
    places, codes = this.filters.values("place"), this.filters.values("country")
    # Nothing of the page itself: what it offers would hold it, and it holds that.
    regions, marks = this.filters.values("region"), this.marks

    def cities() -> list[City]:
        return [city for city in answer.best() if not places or place(city) in places]

    def countries() -> list[Country]:
        found = answer.countries(regions)
        return [country for country in found if not codes or country.code in codes]

    this.offer(
        "Cities",
        lambda: _exact([Item.of_city(city) for city in cities()], "City"),
        lambda: city_chart(cities(), marks=marks),
    )
    this.offer(
        "Countries",
        lambda: _exact([Item.of_country(each) for each in countries()], "Country"),
        lambda: country_chart(countries(), marks=marks),
    )


def _exact(items: Sequence[Item], name: str) -> pa.Table:
    return pa.table(
        {
            name: [item.label for item in items],
            "Sales": pa.array([item.figures.sales for item in items], pa.decimal128(38, 2)),
            "Units": pa.array([item.figures.units for item in items], pa.int64()),
            "Orders": pa.array([item.figures.orders for item in items], pa.int64()),
        }
    )


VIEW = View(
    title="Total sales by city",
    path="cities",
    question=_QUESTION,
    parameters=sales.period_of,
    conditions=sales.conditions,
    draw=_draw_page,
    shapes=(((1,), 84), (_PLACES, 490), ((1,), 40)),
    elements=("pydeck_chart",),
)
