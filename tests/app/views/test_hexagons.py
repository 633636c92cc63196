"""Every city is in one hexagon, and a hexagon's total is exact."""

import itertools
import math
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.views.figures import City, Figures
from app.views.hexagons import hexagons
from app.views.places import position
from app.views.viewport import TILE, Viewport, mercator, wrapped

views = st.builds(Viewport, longitude=st.floats(-180, 180), latitude=st.floats(-80, 80), zoom=st.floats(0, 5))
cities = st.lists(
    st.builds(
        City,
        name=st.sampled_from("ABC"),
        country=st.just("PE"),
        longitude=st.decimals(-180, 180, places=6),
        latitude=st.decimals(-75, 75, places=6),
        figures=st.builds(
            Figures,
            sales=st.decimals("-99999999.99", "99999999.99", places=2),
            units=st.integers(0, 9_999),
            orders=st.integers(0, 9_999),
        ),
    ),
    max_size=30,
)


def pixels(across, latitude, view):
    """Where a point is drawn that lies so many degrees from the view's middle."""
    world = TILE * 2**view.zoom
    return across / 360 * world, mercator(latitude) * world


@given(cities, views)
def test_every_city_is_in_one_hexagon_and_the_totals_are_exact(given_cities, view):
    cells = hexagons(given_cities, view)
    inside = [city for cell in cells for city in cell.cities]
    assert sorted(inside, key=repr) == sorted(given_cities, key=repr)
    for part in Figures._fields:
        whole = sum(getattr(city.figures, part) for city in given_cities)
        assert sum((getattr(cell.figures, part) for cell in cells), Decimal(0)) == whole
    sales = [cell.figures.sales for cell in cells]
    assert sales == sorted(sales, reverse=True)


@given(cities, views)
def test_hexagons_hold_their_cities_and_are_of_one_size_and_apart(given_cities, view):
    middles = []
    for cell in hexagons(given_cities, view):
        # Over the antimeridian an outline runs on, as deck.gl wants it.
        corners = [pixels(longitude - view.longitude, latitude, view) for longitude, latitude in cell.outline]
        middle = tuple(sum(axis) / 6 for axis in zip(*corners, strict=True))
        assert all(abs(math.dist(corner, middle) - 12) < 0.5 for corner in corners)
        for city in cell.cities:
            longitude, latitude = position(city)
            at = pixels(wrapped(longitude - view.longitude), latitude, view)
            assert math.dist(at, middle) < 12.6
        middles.append(middle)
    for one, other in itertools.combinations(middles, 2):
        assert math.dist(one, other) > 20
