"""The map on paper: what the browser shows, where it shows it, in the same sizes and colours."""

import io
import json
import math
from decimal import Decimal

import pytest
from PIL import Image

from app.views import legend
from app.views.exports import city_chart, country_chart, map_png
from app.views.exports.pictures import WIDE, Chart, drawable
from app.views.figures import City, Figures
from app.views.formats import ENGLISH
from app.views.palette import LIGHT
from app.views.places import Country
from tests.app.views.people import EXPRESSION, IMAGE


def city(name, longitude, latitude, sales):
    place = (
        None if longitude is None else Decimal(str(longitude)),
        None if latitude is None else Decimal(str(latitude)),
    )
    return City(name, "XX", *place, Figures(Decimal(sales), 1, 1))


CITIES = [
    city("Lima", -77.03, -12.05, 250_000),
    city("São Paulo", -46.63, -23.55, 1_000_000),
    city("Łódź", 19.46, 51.77, 30_000),
    city("Nowhere", None, None, 9_000_000),
]


def layers(spec, mark):
    return [layer for layer in spec["layer"] if layer["mark"]["type"] == mark]


def values(spec, mark, place=0):
    return layers(spec, mark)[place]["data"]["values"]


def names(spec):
    return [value["name"] for value in values(spec, "text")]


def test_circles_are_as_large_and_dark_as_in_the_browser():
    largest, second, least = values(city_chart(CITIES, marks=ENGLISH), "circle")
    assert largest["area"] == pytest.approx(math.pi * legend.LARGEST**2)
    assert second["area"] == pytest.approx(math.pi * legend.radius(0.5) ** 2)
    assert largest["colour"] == LIGHT.ramp[-1]
    assert least["colour"] == LIGHT.ramp[0]


def test_circles_lie_where_vega_draws_their_place():
    spec = city_chart(CITIES, marks=ENGLISH)
    projection, (point, *_) = spec["projection"], values(spec, "circle")
    turned = math.radians(-46.63 + projection["rotate"][0])
    up = math.asinh(math.tan(math.radians(-23.55))) - math.asinh(
        math.tan(math.radians(projection["center"][1]))
    )
    assert point["x"] == pytest.approx(projection["translate"][0] + projection["scale"] * turned)
    assert point["y"] == pytest.approx(projection["translate"][1] - projection["scale"] * up)


def test_the_best_are_named_and_no_name_lies_on_another():
    close = [city(f"City {place}", place / 1000, 10, 1_000 - place) for place in range(40)]
    assert names(city_chart(CITIES, marks=ENGLISH)) == ["São Paulo", "Lima", "Łódź"]
    assert len(names(city_chart([*close, *CITIES], marks=ENGLISH))) < 10


def test_the_legend_says_what_a_size_means():
    said = [value["name"] for value in values(city_chart(CITIES, marks=ENGLISH), "text", -1)]
    assert said == ["$20k", "$200k", "$1M"]


def test_countries_are_shaded_and_the_others_are_land():
    sold = [Country("BR", Figures(Decimal(1_000_000), 1, 1)), Country("FR", Figures(Decimal(10), 1, 1))]
    spec = country_chart([*sold, Country("<b>", Figures(Decimal(5), 1, 1))], marks=ENGLISH)
    fills = {
        feature["properties"]["code"]: feature["fill"] for feature in values(spec, "geoshape")["features"]
    }
    assert (fills["BR"], fills["FR"], fills["PE"]) == (LIGHT.ramp[-1], LIGHT.ramp[0], LIGHT.land)
    assert values(spec, "text", -1)[0]["name"] == "no sales"


@pytest.mark.parametrize(
    "cities", [[], CITIES[-1:], [city("Suva", 178.4, -18.1, 0), city("Apia", -171.8, -13.8, -5)]]
)
def test_any_cities_make_a_map(cities):
    assert json.dumps(drawable(Chart("Map", city_chart(cities, marks=ENGLISH)), WIDE))


def test_a_map_is_a_picture_of_any_names(stamp):
    hostile = [
        city(IMAGE, 10, 10, 500),
        city(EXPRESSION, 60, 20, 400),
        city("\x00\ufffe</svg>", 100, 50, 300),
    ]
    image = Image.open(
        io.BytesIO(map_png([*CITIES, *hostile], stamp, title="Cities", marks=ENGLISH))
    ).convert("RGB")
    colours = {colour for _, colour in image.getcolors(2**24)}
    assert tuple(bytes.fromhex(LIGHT.land[1:])) in colours
    assert image.getpixel((0, 0)) == (255, 255, 255)
