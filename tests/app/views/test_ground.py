"""The base map: files that the app serves, and what it knows of them."""

import itertools
import json
from collections import Counter
from pathlib import Path

import pytest

from app.views import formats, ground
from app.views.figures import Figures
from app.views.places import Country

SIZE = {"width": 640, "height": 440}


def served(path):
    """What the app's script has beside it under static/ is served under /app/static/."""
    return json.loads((Path(__file__).parents[3] / path.removeprefix("/")).read_text("utf-8"))


def lines(geometry):
    parts = geometry["coordinates"]
    return itertools.chain(*parts) if geometry["type"] == "MultiPolygon" else parts


def sides(feature):
    for line in lines(feature["geometry"]):
        yield from (frozenset(map(tuple, side)) for side in itertools.pairwise(line))


def country(code):
    return Country(code, Figures())


def test_the_files_are_there_and_have_no_seams():
    for feature in served(ground.LAND)["features"]:
        for line in lines(feature["geometry"]):
            assert all(abs(a[0] - b[0]) < 180 for a, b in itertools.pairwise(line)), feature["properties"]
    assert all(abs(side["a"][0] - side["b"][0]) < 180 for side in served(ground.BORDERS))


def test_an_outline_is_known_by_its_place_in_the_file_its_code_and_its_name():
    properties = [feature["properties"] for feature in served(ground.LAND)["features"]]
    assert [each["n"] for each in properties] == list(range(len(properties)))
    assert [each["code"] for each in properties] == [outline.code for outline in ground.outlines()]
    coded = [each for each in properties if each["code"]]
    assert len({each["code"] for each in coded}) == len(coded) > 170
    # The list beside the map and the tooltip on it call a country the same.
    for each in coded:
        assert each["name"] == formats.country(each["code"])


def test_a_border_is_a_line_between_two_outlines_and_drawn_once():
    of_countries = Counter(side for feature in served(ground.LAND)["features"] for side in sides(feature))
    drawn = Counter(frozenset((tuple(side["a"]), tuple(side["b"]))) for side in served(ground.BORDERS))
    shared = [side for side, outlines in of_countries.items() if outlines == 2 and len(side) > 1]
    assert drawn == Counter(shared)
    assert len(drawn) > 2_000


def test_a_country_without_an_outline_is_named_and_not_dropped():
    given = [country(code) for code in ("PE", "SG", "MT", "(none)", "")]
    assert [each.code for each in ground.without_outline(given)] == ["SG", "MT", "(none)"]


def test_the_map_looks_at_the_countries_it_shades():
    brazil = ground.around_countries([country("BR")], **SIZE)
    assert brazil.longitude == pytest.approx(-54, abs=3)
    assert brazil.latitude == pytest.approx(-15, abs=3)
    # Not at French Guiana and Hawaii.
    france, states = (ground.around_countries([country(code)], **SIZE) for code in ("FR", "US"))
    assert france.latitude == pytest.approx(46, abs=2)
    assert states.longitude == pytest.approx(-96, abs=3)
    assert ground.around_countries([country("SG")], **SIZE).zoom < 1
