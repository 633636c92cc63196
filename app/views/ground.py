"""The map that lies under the figures: the app's own outlines of the world. No Streamlit in it."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pydeck

from app.views.palette import Palette
from app.views.places import Country
from app.views.shading import rgb
from app.views.viewport import Viewport, around

LAND = "/app/static/countries-110m.geojson"
BORDERS = "/app/static/borders-110m.json"
_FILE = Path(__file__).parent.parent / LAND.removeprefix("/app/")


def land(colours: Palette) -> pydeck.Layer:
    """The land in one colour."""
    return pydeck.Layer(
        "GeoJsonLayer",
        data=LAND,
        id="land",
        get_fill_color=list(rgb(colours.land)),
        stroked=False,
        pickable=False,
    )


def borders(colours: Palette) -> pydeck.Layer:
    """The lines between countries, each once; coasts need none.

    Single sides: a browser without a graphics processor takes twice as long over lines that have bends.
    """
    return pydeck.Layer(
        "LineLayer",
        data=BORDERS,
        id="borders",
        get_source_position="a",
        get_target_position="b",
        get_color=list(rgb(colours.background)),
        get_width=0.75,
        pickable=False,
    )


class Outline(NamedTuple):
    """A country of the base map: its code, '' for one that has none, and the box around its largest part."""

    code: str
    west: float
    south: float
    east: float
    north: float

    @property
    def size(self) -> float:
        return (self.east - self.west) * (self.north - self.south)


@cache
def outlines() -> tuple[Outline, ...]:
    """The countries of the base map, in the file's order."""
    return tuple(map(_outline, json.loads(_FILE.read_text("utf-8"))["features"]))


def _outline(feature: Mapping[str, Any]) -> Outline:
    geometry, code = feature["geometry"], feature["properties"]["code"]
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    boxes = []
    for rim, *_ in parts:
        longitudes, latitudes = zip(*rim, strict=True)
        boxes.append(Outline(code, min(longitudes), min(latitudes), max(longitudes), max(latitudes)))
    return max(boxes, key=lambda box: box.size)


def around_countries(countries: Sequence[Country], *, width: int, height: int) -> Viewport:
    """The closest view of all their outlines, without the islands and exclaves far from them."""
    codes = {country.code for country in countries}
    boxes = [outline for outline in outlines() if outline.code in codes]
    return around(
        [longitude for box in boxes for longitude in (box.west, (box.west + box.east) / 2, box.east)],
        [latitude for box in boxes for latitude in (box.south, box.south, box.north)],
        width=width,
        height=height,
    )


def without_outline(countries: Sequence[Country]) -> list[Country]:
    """The countries that are too small for the base map, or that it does not know."""
    known = {outline.code for outline in outlines()}
    return [country for country in countries if country.code not in known]
