"""Specifications as values: what is drawn, in which colours, and that hostile names stay text."""

import itertools
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from app.views import charts
from app.views.formats import ENGLISH, separators
from app.views.sales import City, Figures, Step
from app.views.viewport import WORLD
from tests.app.views.people import EXPRESSION, IMAGE, MARKDOWN

PALETTES = {"light": charts.LIGHT, "dark": charts.DARK}


def city(name="Lima", sales="100", *, country="PE", longitude="-77.04", latitude="-12.05"):
    figures = Figures(Decimal(sales), 7, 3)
    return City(name, country, Decimal(longitude), Decimal(latitude), figures)


def deck(*cities, shape="Circles", colours=charts.LIGHT, marks=ENGLISH):
    built = charts.city_map(cities, WORLD, shape=shape, colours=colours, marks=marks)
    return json.loads(built.to_json())


def points(specification):
    return specification["layers"][1]["data"]


def luminance(colour):
    def linear(part):
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part) for part in bytes.fromhex(colour[1:]))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES)
def test_text_and_marks_can_be_told_from_what_they_lie_on(colours):
    assert contrast(colours.text, colours.background) >= 4.5
    assert contrast(colours.muted, colours.background) >= 4.5
    assert contrast(colours.accent, colours.background) >= 3


@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES)
def test_the_ramp_grows_away_from_the_background(colours):
    steps = [contrast(step, colours.background) for step in colours.ramp]
    assert steps == sorted(steps)
    assert all(contrast(step, colours.land) > 1.4 for step in colours.ramp)


@pytest.mark.parametrize(
    ("theme", "colours"), [("dark", charts.DARK), ("light", charts.LIGHT), (None, charts.LIGHT)]
)
def test_a_theme_that_is_not_known_yet_is_light(theme, colours):
    assert charts.palette(theme) is colours


@pytest.mark.parametrize("shape", charts.SHAPES)
def test_the_map_asks_nobody_outside(shape):
    text = json.dumps(deck(city(), shape=shape))
    assert "http" not in text
    specification = json.loads(text)
    assert not specification.get("mapProvider")
    assert specification["mapStyle"] == "__MAP_STYLE__"  # pydeck's word for: none was given
    assert specification["layers"][0]["data"] == charts.LAND


def test_the_base_map_is_there_and_has_no_seams():
    # What the app's script has beside it under static/ is served under /app/static/.
    served = Path(__file__).parents[3] / charts.LAND.removeprefix("/")
    for feature in json.loads(served.read_text())["features"]:
        geometry = feature["geometry"]
        polygons = (
            geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        )
        for ring in (ring for polygon in polygons for ring in polygon):
            assert all(abs(a[0] - b[0]) < 180 for a, b in itertools.pairwise(ring)), feature["properties"]


def test_the_deck_has_no_white_space():
    text = charts.city_map([city()], WORLD, shape="Circles", colours=charts.LIGHT, marks=ENGLISH).to_json()
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
    ids = {deck(city(), shape=shape)["layers"][1]["id"] for shape in charts.SHAPES}
    assert len(ids) == 2


def test_what_hovering_says_is_exact():
    (point,) = points(deck(city("Lima", "1243508.20")))
    assert point["about"] == "Lima, PE\n$1,243,508.20\n7 units in 3 orders"
    (point,) = points(deck(city("Lima", "1243508.20"), marks=separators("de")))
    assert "$1.243.508,20" in point["about"]


@pytest.mark.parametrize(
    "name", [IMAGE, MARKDOWN, EXPRESSION, "@@type", "@@function", "{about}", "</script>"]
)
@pytest.mark.parametrize("shape", charts.SHAPES)
def test_a_hostile_name_is_text_on_the_map(name, shape):
    built = charts.city_map(
        [city(name, country=name)], WORLD, shape=shape, colours=charts.LIGHT, marks=ENGLISH
    )
    # Text and not HTML: the browser is never asked to read it as anything else.
    assert set(built._tooltip) == {"text", "style"}
    data = points(json.loads(built.to_json()))
    assert not [text for point in data for text in point.values() if str(text).startswith("@@")]
    assert name in data[0]["about"]


def test_nothing_sold_is_drawn_without_dividing_by_it():
    (point,) = points(deck(city("Lima", "0")))
    assert point["size"] > 0
    assert charts.legend(Decimal(0), shape="Circles", colours=charts.LIGHT) == []


def test_the_legend_shows_round_figures_as_the_map_draws_them():
    keys = charts.legend(Decimal(26_000), shape="Circles", colours=charts.LIGHT)
    assert [key.sales for key in keys] == [1_000, 5_000, 20_000]
    for key in keys:
        share = charts.weight(key.sales, Decimal(26_000))
        assert key.radius == charts.radius(share)
        assert key.colour == charts.shade(share, charts.LIGHT)


def steps(*sales, days=1):
    start = date(2026, 11, 1)
    return [
        Step(
            start + timedelta(days=days * place),
            start + timedelta(days=days * (place + 1) - 1),
            Figures(Decimal(amount), 1, 1),
            Figures(Decimal(1), 1, 1),
        )
        for place, amount in enumerate(sales)
    ]


def test_a_line_for_each_period_told_apart_by_more_than_colour():
    chart = charts.sales_over_time(
        steps("5", "6"), previous="Previous 2 days", colours=charts.LIGHT, marks=ENGLISH
    )
    scale = chart["layer"][0]["encoding"]["strokeDash"]["scale"]
    assert scale["domain"] == ["This period", "Previous 2 days"]
    assert scale["range"][0] != scale["range"][1]
    assert [value["This period"] for value in chart["data"]["values"]] == [5.0, 6.0]


def test_without_a_previous_period_there_is_one_line():
    chart = charts.sales_over_time(steps("5"), previous=None, colours=charts.DARK, marks=ENGLISH)
    assert chart["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["This period"]
    assert chart["layer"][0]["transform"][0]["fold"] == ["This period"]


def test_steps_of_several_days_are_compared_by_the_day_and_told_whole():
    chart = charts.sales_over_time(steps("70", days=7), previous=None, colours=charts.LIGHT, marks=ENGLISH)
    (value,) = chart["data"]["values"]
    assert value["This period"] == 10.0
    assert value["sales"] == "$70.00"
    assert value["when"] == "1 Nov to 7 Nov 2026"
    assert charts.a_point_is(steps("70", days=7)) == "Average a day, in steps of a week"
    assert charts.a_point_is(steps("70")) == "By day"


def test_categories_stand_best_first_with_the_rest_in_one():
    figures = {f"Category {number}": Figures(Decimal(number), number, 1) for number in range(1, 16)}
    values = charts.by_category(figures, colours=charts.LIGHT, marks=ENGLISH)["data"]["values"]
    assert values[0]["category"] == "Category 15"
    assert values[-1]["category"] == "3 other categories"
    assert values[-1]["sales"] == 6.0
    assert len(values) == 13


@pytest.mark.parametrize("name", [IMAGE, MARKDOWN, EXPRESSION])
def test_a_hostile_category_is_a_value_and_never_part_of_the_specification(name):
    chart = charts.by_category({name: Figures(Decimal(5), 1, 1)}, colours=charts.LIGHT, marks=ENGLISH)
    assert chart.pop("data")["values"][0]["category"] == name
    assert name not in json.dumps(chart)
