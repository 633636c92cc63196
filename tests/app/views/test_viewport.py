"""The map looks where the points are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.views import viewport

SIZE = {"width": 1000, "height": 480}
longitudes = st.floats(-180, 180)
latitudes = st.floats(-84, 84)


def screen(longitude, latitude, view):
    """Where a point is drawn, in pixels from the middle."""
    world = 512 * 2**view.zoom

    def height(degrees):
        return math.asinh(math.tan(math.radians(degrees))) / (2 * math.pi)

    across = (longitude - view.longitude + 180) % 360 - 180
    return across / 360 * world, (height(latitude) - height(view.latitude)) * world


@given(st.lists(st.tuples(longitudes, latitudes), min_size=1, max_size=30))
def test_every_point_is_on_the_map_or_the_map_is_as_far_out_as_it_goes(points):
    view = viewport.around([x for x, _ in points], [y for _, y in points], **SIZE)
    assert -180 <= view.longitude <= 180
    if view.zoom > -1:
        for point in points:
            x, y = screen(*point, view)
            assert abs(x) <= SIZE["width"] / 2
            assert abs(y) <= SIZE["height"] / 2


def test_the_pacific_is_seen_over_the_antimeridian():
    view = viewport.around([174.8, -157.8, 178.4], [-36.8, 21.3, -18.1], **SIZE)
    assert abs(view.longitude) > 170
    assert view.zoom > 2
    assert not view.whole


def test_what_lies_all_around_the_world_is_seen_as_people_know_it():
    """Though the widest gap lies elsewhere: the Americas on the left, Asia on the right."""
    west = {"Honolulu": -157.9, "Los Angeles": -118.2, "Lima": -77.0, "São Paulo": -46.6, "Dakar": -17.4}
    east = {"Moscow": 37.6, "Delhi": 77.2, "Bangkok": 100.5, "Tokyo": 139.7, "Suva": 178.4}
    cities = {**west, **east}
    view = viewport.around([*cities.values()], [0.0] * len(cities), **SIZE)
    assert view.longitude == viewport.WORLD.longitude
    assert view.whole
    across = [screen(longitude, 0.0, view)[0] for longitude in cities.values()]
    assert across == sorted(across)


def test_one_city_is_not_looked_at_through_a_microscope():
    view = viewport.around([-77.0], [-12.0], **SIZE)
    assert view == viewport.Viewport(pytest.approx(-77.0), pytest.approx(-12.0), 5.0)


def test_no_point_is_the_world():
    assert viewport.around([], [], **SIZE) == viewport.WORLD


def test_a_narrow_map_looks_from_farther_away():
    americas = [-122.4, -34.9], [49.2, -34.6]
    wide = viewport.around(*americas, **SIZE)
    narrow = viewport.around(*americas, width=340, height=420)
    assert narrow.zoom < wide.zoom


def test_poles_do_not_break_it():
    view = viewport.around([0.0, 10.0], [90.0, -90.0], **SIZE)
    assert math.isfinite(view.zoom)
    assert math.isfinite(view.latitude)
