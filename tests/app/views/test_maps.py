"""The map as a value: what is drawn, from whom it is asked, and that hostile names stay text."""

import itertools
import json
from decimal import Decimal
from pathlib import Path

import pytest

from app.views import maps
from app.views.formats import ENGLISH, marks
from app.views.palette import LIGHT
from app.views.sales import City, Figures
from app.views.viewport import WORLD
from tests.app.views.people import EXPRESSION, IMAGE, MARKDOWN


def city(name="Lima", sales="100", *, country="PE", longitude="-77.04", latitude="-12.05"):
    figures = Figures(Decimal(sales), 7, 3)
    return City(name, country, Decimal(longitude), Decimal(latitude), figures)


def deck(*cities, shape="Circles", colours=LIGHT, marks=ENGLISH):
    built = maps.city_map(cities, WORLD, shape=shape, colours=colours, marks=marks)
    return json.loads(built.to_json())


def points(specification):
    return specification["layers"][1]["data"]


@pytest.mark.parametrize("shape", maps.SHAPES)
def test_the_map_asks_nobody_outside(shape):
    text = json.dumps(deck(city(), shape=shape))
    assert "http" not in text
    specification = json.loads(text)
    assert not specification.get("mapProvider")
    assert specification["mapStyle"] == "__MAP_STYLE__"  # pydeck's word for: none was given
    assert specification["layers"][0]["data"] == maps.LAND


def test_the_base_map_is_there_and_has_no_seams():
    # What the app's script has beside it under static/ is served under /app/static/.
    served = Path(__file__).parents[3] / maps.LAND.removeprefix("/")
    for feature in json.loads(served.read_text())["features"]:
        geometry = feature["geometry"]
        polygons = (
            geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        )
        for ring in (ring for polygon in polygons for ring in polygon):
            assert all(abs(a[0] - b[0]) < 180 for a, b in itertools.pairwise(ring)), feature["properties"]


def test_the_deck_has_no_white_space():
    text = maps.city_map([city()], WORLD, shape="Circles", colours=LIGHT, marks=ENGLISH).to_json()
    assert "\n" not in text
    assert '": ' not in text.replace("Lima", "")


def test_the_area_of_a_circle_is_in_proportion_to_sales_and_the_largest_lies_lowest():
    specification = deck(city("Small", "25"), city("Large", "100"))
    large, small = points(specification)
    assert large["about"].startswith("Large")
    assert (large["size"] / small["size"]) ** 2 == pytest.approx(4, rel=0.05)
    assert large["fill"] != small["fill"]


def test_columns_are_as_high_as_sales():
    large, small = points(deck(city("Small", "25"), city("Large", "100"), shape="Columns"))
    assert large["size"] / small["size"] == pytest.approx(4)


def test_shapes_do_not_share_a_layer():
    ids = {deck(city(), shape=shape)["layers"][1]["id"] for shape in maps.SHAPES}
    assert len(ids) == 2


def test_what_hovering_says_is_exact():
    (point,) = points(deck(city("Lima", "1243508.20")))
    assert point["about"] == "Lima, PE\n$1,243,508.20\n7 units in 3 orders"
    (point,) = points(deck(city("Lima", "1243508.20"), marks=marks("de")))
    assert "1.243.508,20\u00a0$" in point["about"]


@pytest.mark.parametrize(
    "name", [IMAGE, MARKDOWN, EXPRESSION, "@@type", "@@function", "{about}", "</script>"]
)
@pytest.mark.parametrize("shape", maps.SHAPES)
def test_a_hostile_name_is_text_on_the_map(name, shape):
    built = maps.city_map([city(name, country=name)], WORLD, shape=shape, colours=LIGHT, marks=ENGLISH)
    # Text and not HTML: the browser is never asked to read it as anything else.
    assert set(built._tooltip) == {"text", "style"}
    data = points(json.loads(built.to_json()))
    assert not [text for point in data for text in point.values() if str(text).startswith("@@")]
    assert name in data[0]["about"]


def test_nothing_sold_is_drawn_without_dividing_by_it():
    (point,) = points(deck(city("Lima", "0")))
    assert point["size"] > 0
    assert maps.legend(Decimal(0), shape="Circles", colours=LIGHT) == []


def test_the_legend_shows_round_figures_as_the_map_draws_them():
    keys = maps.legend(Decimal(26_000), shape="Circles", colours=LIGHT)
    assert [key.sales for key in keys] == [1_000, 5_000, 20_000]
    for key in keys:
        share = maps.weight(key.sales, Decimal(26_000))
        assert key.radius == maps.radius(share)
        assert key.colour == maps.shade(share, LIGHT)
