"""Cities and countries → a deck.gl map over a base map of the app's own. No Streamlit in it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, get_args

import pydeck

from app.views.choice import MOST_VALUES
from app.views.deck import Deck, inert
from app.views.figures import City, Figures
from app.views.formats import Marks, count, money
from app.views.ground import LAND, borders, land, outlines
from app.views.hexagons import Hexagon, hexagons
from app.views.legend import LARGEST, Legend, circle_legend, heat_legend, radius, step_legend, weight
from app.views.palette import Palette
from app.views.places import Country, is_located, place, position
from app.views.shading import Colour, Shading, mixed, rgb, shading
from app.views.viewport import Viewport

_OPACITY = 0.85  # circles may lie on circles
_TALLEST = 2_600_000  # metres of the highest column at zoom 1
_WIDEST = 60_000  # metres from a column's middle to its side, there too
_HEAT = 50  # pixels that a city's heat reaches
_SPOT = 3.0
_PALER = 0.7  # of what was not chosen is the land's colour
_NAMED = 3  # cities of a hexagon

Shape = Literal["Circles", "Columns", "Heat", "Hexagons", "Countries"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
Chosen = frozenset[str]  # places, or codes of countries: all the others are drawn paler; none are all


@dataclass(frozen=True)
class Clicks:
    """What each thing on a map that can be clicked stands for: places, or a country's code."""

    layer: str
    means: tuple[tuple[str, ...], ...]

    def picked(self, indices: object) -> tuple[str, ...]:
        """What was clicked, by the indices that the browser sent; nothing for what it made up."""
        clicked = indices.get(self.layer) if isinstance(indices, Mapping) else None
        if not isinstance(clicked, list) or len(clicked) != 1:
            return ()
        [index] = clicked
        # A bool is an int, too.
        return self.means[index] if type(index) is int and 0 <= index < len(self.means) else ()


@dataclass(frozen=True)
class Drawing:
    """A map, what its colours and sizes mean, and what a click on it does."""

    deck: Deck
    legend: Legend
    clicks: Clicks


@dataclass(frozen=True)
class Look:
    """How a map is drawn, whatever it shows.

    The layer that can be clicked is named after `turn`: one of a new name has nothing selected.
    """

    view: Viewport
    colours: Palette
    marks: Marks
    chosen: Chosen = frozenset()
    found: City | None = None
    style_url: str = ""
    turn: int = 0
    most: Decimal = Decimal(0)  # sales of a city on any of several maps that are read by one scale

    def fill(self, colour: str, *places: str) -> Colour:
        """The colour as it is drawn: paler unless one of the places is chosen, or none is."""
        strong = not self.chosen or not self.chosen.isdisjoint(places)
        return rgb(colour if strong else mixed(colour, self.colours.land, _PALER))


def city_map(cities: Sequence[City], shape: Shape, look: Look) -> Drawing:
    """The map of the cities, in any shape but the countries'."""
    best_first = sorted(cities, key=lambda city: city.figures.sales, reverse=True)
    return _CITY_SHAPES[shape](best_first, look)


def country_map(countries: Sequence[Country], look: Look) -> Drawing:
    """The map of the countries, each shaded by its sales."""
    sold = {country.code: country.figures for country in countries}
    steps = shading(max((figures.sales for figures in sold.values()), default=Decimal(0)), look.colours.ramp)
    nothing = (*rgb(look.colours.land), 0 if look.style_url else 255)
    fills = [
        (*look.fill(steps.colour(sold[each.code].sales), each.code), 255) if each.code in sold else nothing
        for each in outlines()
    ]
    layer = pydeck.Layer(
        "GeoJsonLayer",
        data=LAND,
        id=f"countries-{look.turn}",
        get_fill_color=_by_outline(fills),
        stroked=False,
        opacity=_OPACITY if look.style_url else 1.0,
        **_clickable(look),
    )
    return Drawing(
        deck=_deck(
            [*_ground(look)[:1], layer, borders(look.colours)],
            look,
            tooltip={"html": _country_tooltip(sold, look)},
        ),
        legend=step_legend(steps, look.marks, nothing="" if look.style_url else look.colours.land),
        clicks=Clicks(
            layer.id, tuple((outline.code,) if outline.code in sold else () for outline in outlines())
        ),
    )


def _by_outline(fills: Sequence[tuple[int, ...]]) -> str:
    """The colour of an outline by its number `n` in the file; an expression of nothing but numbers."""
    used = sorted(set(fills))
    numbers = [used.index(fill) for fill in fills]
    return f"({json.dumps(used)})[({json.dumps(numbers)})[properties.n]]".replace(" ", "")


def _country_tooltip(sold: Mapping[str, Figures], look: Look) -> str:
    """The outline's name, and its figures by a rule of style for its number.

    deck.gl fills in what the pointed at thing itself says, which is the same for everybody.
    """
    rules = "".join(
        f'.rl-n{number}::after{{content:"{_content(_says(sold[outline.code], look.marks))}"}}'
        for number, outline in enumerate(outlines())
        if outline.code in sold
    )
    usual = '.rl-n{white-space:pre}.rl-n::after{content:"No sales"}'
    return f'<style>{usual}{rules}</style>{{name}}<div class="rl-n rl-n{{n}}"></div>'


def _content(text: str) -> str:
    """A text as CSS takes it between quotation marks: whatever is neither letter nor digit by its number."""
    return "".join(each if each.isascii() and each.isalnum() else f"\\{ord(each):06x}" for each in text)


def _circles(cities: Sequence[City], look: Look) -> Drawing:
    most = _most(cities, look)
    steps = shading(most, look.colours.ramp)
    layer = pydeck.Layer(
        "ScatterplotLayer",
        data=_sized(cities, look, steps, lambda sold: radius(weight(sold, most))),
        id=f"circles-{look.turn}",
        get_position="at",
        get_radius="size",
        get_fill_color="fill",
        radius_units="'pixels'",
        stroked=True,
        get_line_color=list(rgb(look.colours.background)),
        line_width_min_pixels=1,
        opacity=_OPACITY,
        **_clickable(look),
    )
    return _drawing(layer, cities, look, circle_legend(most, steps, look.marks))


def _columns(cities: Sequence[City], look: Look) -> Drawing:
    most, nearer = _most(cities, look), 2 ** (1 - look.view.zoom)
    steps = shading(most, look.colours.ramp)
    layer = pydeck.Layer(
        "ColumnLayer",
        data=_sized(cities, look, steps, lambda sold: round(weight(sold, most) ** 2, 4)),
        id=f"columns-{look.turn}",
        get_position="at",
        get_elevation="size",
        elevation_scale=round(_TALLEST * nearer),
        get_fill_color="fill",
        radius=round(_WIDEST * nearer),
        **_clickable(look),
    )
    note = "A column is as high as its sales."
    return _drawing(layer, cities, look, step_legend(steps, look.marks, note=note), pitch=45)


def _heat(cities: Sequence[City], look: Look) -> Drawing:
    """The heat, and the cities on it as small spots: heat alone can be neither read nor clicked."""
    most = _most(cities, look)
    heat = pydeck.Layer(
        "HeatmapLayer",
        data=[
            {"at": _at(city), "sold": round(weight(city.figures.sales, most) ** 2, 5)}
            for city in cities
            if not look.chosen or place(city) in look.chosen
        ],
        id="heat",
        get_position="at",
        get_weight="sold",
        aggregation="'SUM'",
        radius_pixels=_HEAT,
        intensity=2,
        threshold=0.02,
        color_range=[[*rgb(colour), round(110 + 35 * part)] for part, colour in enumerate(look.colours.ramp)],
        pickable=False,
    )
    spots = pydeck.Layer(
        "ScatterplotLayer",
        data=[_point(city, look) for city in cities],
        id=f"spots-{look.turn}",
        get_position="at",
        get_radius=_SPOT,
        radius_units="'pixels'",
        get_fill_color=[*rgb(look.colours.text), 90],
        **_clickable(look),
    )
    return _drawing(spots, cities, look, heat_legend(look.colours.ramp), below=[heat])


def _hexagons(cities: Sequence[City], look: Look) -> Drawing:
    cells = hexagons(cities, look.view)
    steps = shading(max((cell.figures.sales for cell in cells), default=Decimal(0)), look.colours.ramp)
    data = [
        {
            "outline": cell.outline,
            "fill": look.fill(steps.colour(cell.figures.sales), *(place(city) for city in cell.cities)),
            "about": inert(f"{_names(cell.cities, look.marks)}\n{_says(cell.figures, look.marks)}"),
        }
        for cell in cells
    ]
    layer = pydeck.Layer(
        "PolygonLayer",
        data=data,
        id=f"hexagons-{look.turn}",
        get_polygon="outline",
        get_fill_color="fill",
        get_line_color=list(rgb(look.colours.background)),
        line_width_min_pixels=1,
        opacity=_OPACITY,
        **_clickable(look),
    )
    return Drawing(
        deck=_deck([*_ground(look), layer], look, tooltip={"text": "{about}"}),
        legend=step_legend(steps, look.marks, note="A hexagon adds up its cities."),
        clicks=Clicks(layer.id, tuple(_choice(cell) for cell in cells)),
    )


_CITY_SHAPES: dict[Shape, Callable[[Sequence[City], Look], Drawing]] = {
    "Circles": _circles,
    "Columns": _columns,
    "Heat": _heat,
    "Hexagons": _hexagons,
}


def _drawing(
    layer: pydeck.Layer,
    cities: Sequence[City],
    look: Look,
    legend: Legend,
    *,
    below: Sequence[pydeck.Layer] = (),
    pitch: int = 0,
) -> Drawing:
    """A map on which each city is one thing to click."""
    deck = _deck([*_ground(look), *below, layer], look, tooltip={"text": "{about}"}, pitch=pitch)
    return Drawing(deck, legend, Clicks(layer.id, tuple((place(city),) for city in cities)))


def _deck(layers: Sequence[pydeck.Layer], look: Look, *, tooltip: dict[str, Any], pitch: int = 0) -> Deck:
    view, colours = look.view, look.colours
    return Deck(
        # The world around its ends once more, where the view may lie over them; a whole world is there once.
        view=pydeck.View("MapView", controller=True, repeat=not view.whole),
        state=pydeck.ViewState(
            longitude=round(view.longitude, 4),
            latitude=round(view.latitude, 4),
            zoom=round(view.zoom, 2),
            min_zoom=-1,
            max_zoom=12,
            pitch=pitch,
        ),
        layers=[*layers, *_mark(look)],
        tooltip={
            **tooltip,
            "style": {
                "backgroundColor": colours.text,
                "color": colours.background,
                "fontSize": "0.875rem",
                "borderRadius": "6px",
                "whiteSpace": "pre-line",
            },
        },
        style_url=look.style_url,
    )


def _ground(look: Look) -> list[pydeck.Layer]:
    """What lies under the figures, where no style gives it."""
    return [] if look.style_url else [land(look.colours), borders(look.colours)]


def _mark(look: Look) -> list[pydeck.Layer]:
    """A ring around the city that was searched, and its name."""
    if look.found is None or not is_located(look.found):
        return []
    colours, data = look.colours, [{"at": _at(look.found), "name": inert(place(look.found))}]
    ring = pydeck.Layer(
        "ScatterplotLayer",
        data=data,
        id="found",
        get_position="at",
        get_radius=LARGEST + 4,
        radius_units="'pixels'",
        filled=False,
        stroked=True,
        get_line_color=list(rgb(colours.text)),
        line_width_min_pixels=2.5,
        pickable=False,
    )
    name = pydeck.Layer(
        "TextLayer",
        data=data,
        id="found-name",
        get_position="at",
        get_text="name",
        get_size=14,
        get_color=list(rgb(colours.background)),
        get_pixel_offset=[0, -LARGEST - 18],
        background=True,
        get_background_color=list(rgb(colours.text)),
        background_padding=[6, 4],
        font_weight=600,
        character_set="'auto'",
        font_family="'Source Sans, sans-serif'",
        pickable=False,
    )
    return [ring, name]


def _clickable(look: Look) -> dict[str, Any]:
    return {
        "pickable": True,
        "auto_highlight": True,
        "highlight_color": [*rgb(look.colours.text), 60],
    }


def _most(cities: Sequence[City], look: Look) -> Decimal:
    return max(look.most, cities[0].figures.sales if cities else Decimal(0))


def _at(city: City) -> list[float]:
    return [round(each, 3) for each in position(city)]


def _point(city: City, look: Look) -> dict[str, Any]:
    return {"at": _at(city), "about": inert(f"{place(city)}\n{_says(city.figures, look.marks)}")}


def _sized(
    cities: Sequence[City], look: Look, steps: Shading, size: Callable[[Decimal], float]
) -> list[dict[str, Any]]:
    """Each city where it lies, as large as its sales say and in their colour."""
    return [
        {
            **_point(city, look),
            "size": size(city.figures.sales),
            "fill": look.fill(steps.colour(city.figures.sales), place(city)),
        }
        for city in cities
    ]


def _says(figures: Figures, marks: Marks) -> str:
    units = f"{count(figures.units, marks)} {'unit' if figures.units == 1 else 'units'}"
    orders = f"{count(figures.orders, marks)} {'order' if figures.orders == 1 else 'orders'}"
    return f"{money(figures.sales, marks)}\n{units} in {orders}"


def _choice(cell: Hexagon) -> tuple[str, ...]:
    """A hexagon's places, if one can choose as many at a time."""
    found = tuple(dict.fromkeys(place(city) for city in cell.cities))
    return found if len(found) <= MOST_VALUES else ()


def _names(cities: Sequence[City], marks: Marks) -> str:
    """The best of a hexagon's cities by name, a line each, and how many more there are."""
    names = [place(city) for city in cities[:_NAMED]]
    more = len(cities) - len(names)
    return "\n".join([*names, *([f"and {count(more, marks)} more"] if more else [])])
