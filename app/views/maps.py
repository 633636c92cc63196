"""Cities → a deck.gl map over a base map of the app's own. No Streamlit in it."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import pydeck
from pydeck.bindings.json_tools import JSONMixin, default_serialize

from app.views.figures import City
from app.views.formats import Marks, count, money
from app.views.palette import Palette
from app.views.viewport import Viewport

LAND = "/app/static/countries-110m.geojson"
_SMALLEST, _LARGEST = 2.5, 20.0  # radius of a circle in pixels
_SWATCH = 7.0
_OPACITY = 0.85  # circles may lie on circles
_NO_STYLE = "__MAP_STYLE__"  # pydeck's word for it
_TALLEST = 2_600_000  # metres of the highest column at zoom 1

Shape = Literal["Circles", "Columns"]
SHAPES: tuple[Shape, ...] = ("Circles", "Columns")
Colour = tuple[int, int, int]


class Deck(JSONMixin):  # type: ignore[misc]  # pydeck has no types
    """A deck with neither provider nor style, so that nothing is asked of anybody outside.

    Pydeck's own looks for Jupyter's files five times whenever one is made, and writes white space into its
    JSON, which is then twice the size on the wire.
    """

    def __init__(
        self,
        *,
        view: pydeck.View,
        state: pydeck.ViewState,
        layers: Sequence[pydeck.Layer],
        tooltip: dict[str, Any],
    ) -> None:
        # Under pydeck's names: the JSON is made of them, and Streamlit looks for the tooltip.
        self.views = [view]
        self.initial_view_state = state
        self.layers = list(layers)
        self.map_style = _NO_STYLE
        self._tooltip = tooltip

    def to_json(self) -> str:
        return json.dumps(
            self, default=default_serialize, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )


def weight(sales: Decimal, most: Decimal) -> float:
    """0 to 1 by the root of the sales, so that the area of a circle is in proportion to them."""
    return math.sqrt(float(sales / most)) if most > 0 and sales > 0 else 0.0


def radius(share: float) -> float:
    """Pixels of a circle of this weight."""
    return round(max(_SMALLEST, _LARGEST * share), 1)


def shade(share: float, colours: Palette) -> str:
    """The colour of this weight: it says the same as the size."""
    return colours.ramp[min(int(share * len(colours.ramp)), len(colours.ramp) - 1)]


@dataclass(frozen=True)
class LegendKey:
    """What a circle of one size and colour stands for."""

    sales: Decimal
    radius: float
    colour: str


def legend(most: Decimal, *, shape: Shape, colours: Palette) -> list[LegendKey]:
    """Three round figures, smallest first, as the map draws them; columns have one width for all."""
    figures = sorted({_round_down(most / part) for part in (1, 5, 25)} - {Decimal(0)})
    weights = {each: weight(each, most) for each in figures}
    return [
        LegendKey(each, radius(share) if shape == "Circles" else _SWATCH, shade(share, colours))
        for each, share in weights.items()
    ]


def _round_down(amount: Decimal) -> Decimal:
    """The next 1, 2 or 5 with zeros below an amount."""
    if amount < 1:
        return Decimal(0)
    unit = Decimal(10) ** amount.adjusted()
    return max(step * unit for step in (1, 2, 5) if step * unit <= amount)


def city_map(cities: Sequence[City], view: Viewport, *, shape: Shape, colours: Palette, marks: Marks) -> Deck:
    """The map of the cities over an outline of the world that comes from the app itself."""
    layer = _columns if shape == "Columns" else _circles
    return Deck(
        view=pydeck.View("MapView", controller=True, repeat=True),
        state=pydeck.ViewState(
            longitude=round(view.longitude, 4),
            latitude=round(view.latitude, 4),
            zoom=round(view.zoom, 2),
            min_zoom=-1,
            max_zoom=12,
            pitch=45 if shape == "Columns" else 0,
        ),
        layers=[_land(colours), layer(cities, view, colours, marks)],
        tooltip={
            "text": "{about}",
            "style": {
                "backgroundColor": colours.text,
                "color": colours.background,
                "fontSize": "0.875rem",
                "borderRadius": "6px",
                "whiteSpace": "pre-line",
            },
        },
    )


def _land(colours: Palette) -> pydeck.Layer:
    return pydeck.Layer(
        "GeoJsonLayer",
        data=LAND,
        id="land",
        get_fill_color=list(_rgb(colours.land)),
        get_line_color=list(_rgb(colours.background)),
        line_width_min_pixels=0.5,
        pickable=False,
    )


def _circles(cities: Sequence[City], _: Viewport, colours: Palette, marks: Marks) -> pydeck.Layer:
    return pydeck.Layer(
        "ScatterplotLayer",
        data=[{"size": radius(share), **point} for point, share in _points(cities, colours, marks)],
        id="circles",
        get_position="at",
        get_radius="size",
        get_fill_color="fill",
        radius_units="'pixels'",
        stroked=True,
        get_line_color=list(_rgb(colours.background)),
        line_width_min_pixels=1,
        opacity=_OPACITY,
        pickable=True,
        auto_highlight=True,
    )


def _columns(cities: Sequence[City], view: Viewport, colours: Palette, marks: Marks) -> pydeck.Layer:
    nearer = 2 ** (1 - view.zoom)
    return pydeck.Layer(
        "ColumnLayer",
        data=[{"size": round(share**2, 4), **point} for point, share in _points(cities, colours, marks)],
        id="columns",
        get_position="at",
        get_elevation="size",
        elevation_scale=round(_TALLEST * nearer),
        get_fill_color="fill",
        radius=round(60_000 * nearer),
        pickable=True,
        auto_highlight=True,
    )


def _points(cities: Sequence[City], colours: Palette, marks: Marks) -> list[tuple[dict[str, Any], float]]:
    """Each city and its weight, the largest first, so that no circle lies hidden under a larger one."""
    best_first = sorted(cities, key=lambda city: city.figures.sales, reverse=True)
    most = best_first[0].figures.sales if best_first else Decimal(0)
    weights = [weight(city.figures.sales, most) for city in best_first]
    return [
        (_point(city, shade(share, colours), marks), share)
        for city, share in zip(best_first, weights, strict=True)
    ]


def _point(city: City, colour: str, marks: Marks) -> dict[str, Any]:
    return {
        "at": [round(float(city.longitude or 0), 3), round(float(city.latitude or 0), 3)],
        "fill": _rgb(colour),
        "about": inert(
            f"{city.name}, {city.country}\n{money(city.figures.sales, marks)}\n"
            f"{count(city.figures.units, marks)} units in {count(city.figures.orders, marks)} orders"
        ),
    }


def inert(text: str) -> str:
    """Text that deck.gl takes as text: what begins with @@ would be read as an expression."""
    return "\u200b" + text if text.startswith("@@") else text


def _rgb(colour: str) -> Colour:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
