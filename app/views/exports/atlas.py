"""The map as a Vega-Lite dictionary, for pictures and documents: what a browser draws with deck.gl."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from app.views.exports.pictures import WIDE, Chart, chart_png
from app.views.exports.stamp import Stamp
from app.views.figures import City
from app.views.formats import Marks
from app.views.ground import LAND, around_countries
from app.views.legend import Key, Legend, circle_legend, radius, step_legend, weight
from app.views.palette import LIGHT
from app.views.places import Country, is_located, position
from app.views.shading import shading
from app.views.viewport import TILE, Viewport, around, mercator, wrapped

_HEIGHT = 420
_STRIP = 48  # under the map, for the legend
_LOOKED_AT = 60  # circles, for whether their names have room
_LETTER, _LINE, _GAP = 6.4, 14, 4  # pixels of a label's letter, of its line, and before it
_APART = 18  # pixels between the keys of a legend
_LAND_FILE = Path(__file__).parents[2] / LAND.removeprefix("/app/")

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Circle:
    """A circle of the picture, in pixels, and what stands beside it."""

    x: float
    y: float
    radius: float
    colour: str
    name: str

    @property
    def middle(self) -> Box:
        """What no other's name may cover."""
        half = 0.7 * self.radius
        return (self.x - half, self.y - half, self.x + half, self.y + half)

    @property
    def label(self) -> Box:
        """Where its name stands: left, top, right and bottom."""
        left = self.x + self.radius + _GAP
        return (left, self.y - _LINE / 2, left + _LETTER * len(self.name), self.y + _LINE / 2)


def map_png(cities: Sequence[City], stamp: Stamp, *, title: str, marks: Marks) -> bytes:
    """The cities on an outline of the world as a picture, with the legend and the stamp under it."""
    return chart_png(Chart(title, city_chart(cities, marks=marks)), stamp)


def city_chart(cities: Sequence[City], *, marks: Marks) -> dict[str, Any]:
    """The closest map that holds every city: circles as in the browser, the best of them named."""
    placed = sorted(
        filter(is_located, cities),
        key=lambda city: city.figures.sales,
        reverse=True,
    )
    longitudes, latitudes = zip(*map(position, placed), strict=True) if placed else ((), ())
    view = around(longitudes, latitudes, width=WIDE, height=_HEIGHT)
    most = placed[0].figures.sales if placed else Decimal(0)
    steps = shading(most, LIGHT.ramp)
    circles = [
        _circle(city, view, weight(city.figures.sales, most), steps.colour(city.figures.sales))
        for city in placed
    ]
    layers = [_land({}), _discs(circles), *_names(list(_free(circles)), outlined=True)]
    return _map(view, layers, circle_legend(most, steps, marks))


def country_chart(countries: Sequence[Country], *, marks: Marks) -> dict[str, Any]:
    """The closest map that holds every country, each shaded by its sales as in the browser."""
    view = around_countries(countries, width=WIDE, height=_HEIGHT)
    steps = shading(max((each.figures.sales for each in countries), default=Decimal(0)), LIGHT.ramp)
    fills = {each.code: steps.colour(each.figures.sales) for each in countries}
    return _map(view, [_land(fills)], step_legend(steps, marks, nothing=LIGHT.land))


def _map(view: Viewport, layers: list[dict[str, Any]], legend: Legend) -> dict[str, Any]:
    return {
        "width": WIDE,
        "height": _HEIGHT + _STRIP,
        "autosize": "none",
        "projection": _projection(view),
        "layer": [*layers, _paper(), *_key(legend.keys)],
        "config": {"axis": {"disable": True}},
    }


def _projection(view: Viewport) -> dict[str, Any]:
    """Web Mercator as deck.gl has it at a zoom; turned, so that the world is cut opposite to the centre."""
    return {
        "type": "mercator",
        "scale": TILE * 2**view.zoom / (2 * math.pi),
        "rotate": [-view.longitude, 0, 0],
        "center": [0, view.latitude],
        "translate": [WIDE / 2, _HEIGHT / 2],
    }


def _land(fills: Mapping[str, str]) -> dict[str, Any]:
    """The countries, each in the colour of its code, and the others in that of land."""
    land = json.loads(_LAND_FILE.read_text("utf-8"))
    for feature in land["features"]:
        feature["fill"] = fills.get(feature["properties"]["code"], LIGHT.land)
    return {
        "data": {"values": land, "format": {"property": "features"}},
        "mark": {"type": "geoshape", "stroke": LIGHT.background, "strokeWidth": 0.5},
        "encoding": {"color": {"field": "fill", "type": "nominal", "scale": None}},
    }


def _circle(city: City, view: Viewport, share: float, colour: str) -> _Circle:
    longitude, latitude = position(city)
    world = TILE * 2**view.zoom
    return _Circle(
        x=WIDE / 2 + world * wrapped(longitude - view.longitude) / 360,
        y=_HEIGHT / 2 - world * (mercator(latitude) - mercator(view.latitude)),
        radius=radius(share),
        colour=colour,
        name=city.name,
    )


def _discs(circles: Sequence[_Circle], *, shape: str = "circle", opacity: float = 0.85) -> dict[str, Any]:
    values = [
        {"x": each.x, "y": each.y, "area": math.pi * each.radius**2, "colour": each.colour}
        for each in circles
    ]
    mark = {"type": shape, "stroke": LIGHT.background, "strokeWidth": 1, "opacity": opacity}
    return _at_pixels(
        values,
        mark,
        size={"field": "area", "type": "quantitative", "scale": None},
        color={"field": "colour", "type": "nominal", "scale": None},
    )


def _names(circles: Sequence[_Circle], *, outlined: bool) -> list[dict[str, Any]]:
    """Beside their circles; first in white and wider, so that they can be read on anything."""
    values = [{"x": each.label[0], "y": each.y, "name": each.name} for each in circles]
    mark = {"type": "text", "align": "left", "baseline": "middle", "fontSize": 12, "color": LIGHT.text}
    halo = {**mark, "stroke": LIGHT.background, "strokeWidth": 3, "strokeJoin": "round"}
    text = {"field": "name", "type": "nominal"}
    return [_at_pixels(values, each, text=text) for each in ([halo, mark] if outlined else [mark])]


def _at_pixels(values: list[dict[str, Any]], mark: dict[str, Any], **encoding: Any) -> dict[str, Any]:
    place = {"type": "quantitative", "scale": None, "axis": None}
    return {
        "data": {"values": values},
        "mark": mark,
        "encoding": {"x": {"field": "x", **place}, "y": {"field": "y", **place}, **encoding},
    }


def _free(circles: Sequence[_Circle]) -> Iterator[_Circle]:
    """The best whose names have room beside them: in the picture, over no other name and no larger circle."""
    taken: list[Box] = []
    for each in islice(circles, _LOOKED_AT):
        if each.label[2] <= WIDE and not any(_overlap(each.label, other) for other in taken):
            taken.append(each.label)
            yield each
        taken.append(each.middle)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _paper() -> dict[str, Any]:
    """Covers what of the land would reach under the legend."""
    box = {"x": 0, "x2": WIDE, "y": _HEIGHT, "y2": _HEIGHT + _STRIP}
    return {
        "data": {"values": [{}]},
        "mark": {"type": "rect", "color": LIGHT.background, "opacity": 1},
        "encoding": {name: {"value": value} for name, value in box.items()},
    }


def _key(keys: Sequence[Key]) -> list[dict[str, Any]]:
    """The legend's marks in a row, each with its text."""
    circles: list[_Circle] = []
    left = 0.0
    for key in keys:
        circles.append(_Circle(left + key.size / 2, _HEIGHT + _STRIP / 2, key.size / 2, key.colour, key.text))
        left = circles[-1].label[2] + _APART
    marks = _discs(circles) if all(key.round for key in keys) else _discs(circles, shape="square", opacity=1)
    return [marks, *_names(circles, outlined=False)]
