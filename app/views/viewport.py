"""Where a map must look so that all of its points are seen. No Streamlit in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

TILE = 512  # pixels that the world is wide at zoom 0
_MARGIN = 0.85  # of the map may be filled by the points' centres: circles need room
_CLOSEST = 5.0
_FARTHEST = -1.0
_POLAR = 85.0  # where Web Mercator ends
_WORLDWIDE = 300.0  # degrees: what lies wider apart is shown on the world as people know it


@dataclass(frozen=True)
class Viewport:
    """A centre and a zoom; whether the whole world is in view, which then has two ends."""

    longitude: float
    latitude: float
    zoom: float
    whole: bool = False


WORLD = Viewport(10.0, 25.0, 0.6, whole=True)


def around(longitudes: Sequence[float], latitudes: Sequence[float], *, width: int, height: int) -> Viewport:
    """The closest view that holds every point, over the antimeridian where that is the shorter way."""
    if not longitudes:
        return WORLD
    west, wide = _arc(longitudes)
    whole = wide > _WORLDWIDE
    if whole:
        west, wide = WORLD.longitude - 180, 360.0
    heights = [mercator(latitude) for latitude in latitudes]
    low, high = min(heights), max(heights)
    return Viewport(
        longitude=wrapped(west + wide / 2),
        latitude=latitude_at((low + high) / 2),
        zoom=_zoom(wide / 360, (high - low), width=width, height=height),
        whole=whole,
    )


def _zoom(wide: float, tall: float, *, width: int, height: int) -> float:
    """Shares of the world's width and height → the zoom at which they fit."""
    fits = [
        math.log2(_MARGIN * pixels / (TILE * share))
        for pixels, share in ((width, wide), (height, tall))
        if share > 0
    ]
    return max(_FARTHEST, min(_CLOSEST, *fits)) if fits else _CLOSEST


def _arc(longitudes: Sequence[float]) -> tuple[float, float]:
    """The shortest arc that holds all longitudes: the whole circle but for the widest gap."""
    around_world = sorted({longitude % 360 for longitude in longitudes})
    following = [*around_world[1:], around_world[0] + 360]
    gap, west = max((after - before, after) for before, after in zip(around_world, following, strict=True))
    return wrapped(west), 360 - gap


def wrapped(longitude: float) -> float:
    """The same longitude from -180 up to 180."""
    return (longitude + 180) % 360 - 180


def mercator(latitude: float) -> float:
    """0 at the equator, ±0.5 where the square world ends."""
    radians = math.radians(max(-_POLAR, min(_POLAR, latitude)))
    return math.asinh(math.tan(radians)) / (2 * math.pi)


def latitude_at(height: float) -> float:
    """The latitude at a height that mercator gives."""
    return math.degrees(math.atan(math.sinh(height * 2 * math.pi)))
