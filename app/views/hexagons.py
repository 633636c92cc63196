"""Cities → hexagons of one size on the screen, each with its exact total. No Streamlit in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from app.views.figures import City, Figures
from app.views.places import added, position
from app.views.viewport import TILE, Viewport, latitude_at, mercator, wrapped

_SIDE = 12.0  # pixels, while the map looks where it looked at first
_ROOT = math.sqrt(3)
_CORNERS = [(math.cos(math.radians(angle)), math.sin(math.radians(angle))) for angle in range(30, 390, 60)]

Cell = tuple[int, int]


@dataclass(frozen=True)
class Hexagon:
    """A cell of the map with the cities in it, best first."""

    outline: tuple[tuple[float, float], ...]  # longitudes and latitudes; over the antimeridian they run on
    cities: tuple[City, ...]

    @cached_property
    def figures(self) -> Figures:
        """What all of them sold together."""
        return added([city.figures for city in self.cities])


def hexagons(cities: Sequence[City], view: Viewport) -> list[Hexagon]:
    """Every city in one hexagon; those that sold most first, as their cities are."""
    world = TILE * 2**view.zoom
    cells: dict[Cell, list[City]] = {}
    for city in sorted(cities, key=lambda city: city.figures.sales, reverse=True):
        longitude, latitude = position(city)
        across = wrapped(longitude - view.longitude) / 360 * world
        cells.setdefault(_cell(across, mercator(latitude) * world), []).append(city)
    found = [Hexagon(_outline(cell, view, world), tuple(inside)) for cell, inside in cells.items()]
    return sorted(found, key=lambda hexagon: hexagon.figures.sales, reverse=True)


def _cell(across: float, up: float) -> Cell:
    """The cell that a point lies in."""
    # Three coordinates that add up to nothing: when they no longer do, rounded, the worst of them gives way.
    column = (across * _ROOT / 3 - up / 3) / _SIDE
    row = up * 2 / 3 / _SIDE
    exact = (column, row, -column - row)
    near = [round(each) for each in exact]
    worst = max(range(3), key=lambda axis: abs(near[axis] - exact[axis]))
    near[worst] -= sum(near)
    return near[0], near[1]


def _outline(cell: Cell, view: Viewport, world: float) -> tuple[tuple[float, float], ...]:
    column, row = cell
    across, up = _SIDE * _ROOT * (column + row / 2), _SIDE * 1.5 * row
    return tuple(
        (
            round(view.longitude + (across + _SIDE * right) / world * 360, 3),
            round(latitude_at((up + _SIDE * high) / world), 3),
        )
        for right, high in _CORNERS
    )
