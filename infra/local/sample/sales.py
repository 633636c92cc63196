"""The order lines: who buys what, where and when."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from infra.local.sample.catalogue import CATEGORIES, PRODUCTS
from infra.local.sample.places import MARKETS, City, Floats, cities, elevations

Integers = npt.NDArray[np.int64]

SCHEMA = pa.schema(
    [
        ("sku", pa.string()),
        ("product_name", pa.string()),
        ("category", pa.string()),
        ("quantity", pa.int32()),
        ("sales_price", pa.decimal128(10, 2)),
        ("timestamp", pa.timestamp("us")),
        ("city", pa.string()),
        ("region_code", pa.string()),
        ("country", pa.string()),
        ("latitude", pa.decimal128(10, 6)),
        ("longitude", pa.decimal128(10, 6)),
        ("population", pa.int32()),
        ("elevation", pa.int32()),
        ("timezone", pa.string()),
    ]
)

DAYS = 2 * 365
_YEAR = 365.25
# Monday to Sunday: people buy for, and at, the weekend.
_WEEK = np.array([0.90, 0.88, 0.91, 0.97, 1.10, 1.32, 1.18])
# From midnight on: a lunch hour and a long evening.
_HOURS = np.array([3, 2, 1, 1, 1, 2, 5, 9, 14, 19, 23, 26, 30, 28, 24, 23, 25, 30, 37, 43, 44, 37, 22, 9.0])
# category: (how strong its season is, the day of the year when it peaks in the north)
_SEASONS = {
    "Running": (0.22, 115),
    "Football": (0.28, 240),
    "Basketball": (0.22, 330),
    "Cycling": (0.42, 160),
    "Swimming": (0.60, 185),
    "Hiking": (0.42, 205),
    "Fitness": (0.30, 15),
    "Winter sports": (1.70, 350),
}
# Good resolutions come in January on both sides of the equator.
_EVERYWHERE_ALIKE = frozenset({"Fitness"})
# Bounds of latitude between: south, tropics, mild north, cold north.
_CLIMATES = np.array([-23.5, 23.5, 45.0])
_HALF_A_YEAR_LATER = np.array([1, 0, 0, 0])
_SEASONALITY = np.array([0.8, 0.25, 1.0, 1.1])
_WINTER_SPORTS = np.array([0.30, 0.04, 0.75, 1.7])

_QUANTITIES = np.array([1, 2, 3, 4, 5, 6, 10, 12, 20])
_PRIVATE = (80, 13, 4, 1.5, 0.6, 0.5, 0.2, 0.1, 0.05)
# Clubs buy balls and jerseys by the dozen.
_TEAM = (68, 15, 5, 2, 2, 2, 3, 2, 1.0)
_TEAM_SPORTS = frozenset({"Football", "Basketball"})

# Per cent off; and how often, in ordinary weeks and in those of the sales.
_DISCOUNTS = np.array([0, 10, 15, 20, 30, 40])
_DISCOUNTED = np.array([[84, 7, 4, 3, 1.5, 0.5], [40, 12, 12, 18, 12, 6.0]])
_SALES_SEASONS = ((2, 24), (180, 200), (325, 334))


@dataclass(frozen=True)
class _Lines:
    """For each order line, positions in the tables of cities, products and days."""

    city: Integers
    product: Integers
    day: Integers
    second: Integers
    quantity: Integers
    discount: Integers


def sales(rows: int, *, today: dt.date, seed: int = 7) -> pa.Table:
    """Two years of order lines to yesterday, in each city's own time; the same for the same seed and day."""
    places = cities()
    days = np.arange(np.datetime64(today) - DAYS, np.datetime64(today))
    lines = _draw_lines(rows, places=places, days=days, random=np.random.Generator(np.random.PCG64(seed)))
    return pa.table(
        [*_product_columns(lines, places), *_when(lines, days), *_place_columns(lines, places)], schema=SCHEMA
    )


def _draw_lines(
    rows: int, *, places: tuple[City, ...], days: npt.NDArray[np.datetime64], random: np.random.Generator
) -> _Lines:
    # `random()` alone: its stream is the one that numpy keeps the same from version to version.
    city = _draw(_city_weights(places)[None, :], np.zeros(rows, dtype=np.int64), random.random(rows))
    groups = _groups(places)
    demand = _demand(days)
    day = _draw(demand.sum(axis=2), groups[city], random.random(rows))
    by_day = demand.reshape(-1, len(CATEGORIES))
    category = _draw(by_day, groups[city] * len(days) + day, random.random(rows))
    hour = _draw(_HOURS[None, :], np.zeros(rows, dtype=np.int64), random.random(rows))
    second = hour * 3600 + (random.random(rows) * 3600).astype(np.int64)
    order = np.argsort(day * 86_400 + second, kind="stable")
    city, day, category, second = city[order], day[order], category[order], second[order]
    team = np.array([name in _TEAM_SPORTS for name in CATEGORIES], dtype=np.int64)
    return _Lines(
        city=city,
        product=_draw(_popularity(), category, random.random(rows)),
        day=day,
        second=second,
        quantity=_QUANTITIES[_draw(np.array([_PRIVATE, _TEAM]), team[category], random.random(rows))],
        discount=_DISCOUNTS[_draw(_DISCOUNTED, _in_sales_season(days)[day], random.random(rows))],
    )


def _draw(weights: Floats, row: Integers, uniform: Floats) -> Integers:
    """For each uniform number, a column drawn from the weights in its row."""
    width = weights.shape[1]
    cumulative = np.cumsum(weights, axis=1)
    # Every row's steps from 0 to 1, put end to end: one binary search draws for all rows at once.
    steps = cumulative / cumulative[:, -1:] + np.arange(len(weights))[:, None]
    column = np.searchsorted(steps.ravel(), row + uniform, side="right") - row * width
    return np.asarray(np.clip(column, 0, width - 1), dtype=np.int64)


def _city_weights(places: tuple[City, ...]) -> Floats:
    market = np.array([city.market for city in places])
    weight = np.array([city.weight for city in places])
    share = np.array([part.share for part in MARKETS.values()])
    return np.asarray(weight * (share / np.bincount(market, weights=weight))[market])


def _groups(places: tuple[City, ...]) -> Integers:
    """Each city's row in the tables of demand: its market and climate."""
    climate = np.searchsorted(_CLIMATES, [city.latitude for city in places])
    market = np.array([city.market for city in places])
    return np.asarray(market * (len(_CLIMATES) + 1) + climate, dtype=np.int64)


def _demand(days: npt.NDArray[np.datetime64]) -> Floats:
    """How much is bought: [market and climate, day, category]."""
    taste = np.array([market.taste for market in MARKETS.values()])
    growth = np.array([market.growth for market in MARKETS.values()])
    # The first of January 1970 was a Thursday.
    weekday = (days.astype(np.int64) + 3) % 7
    by_market = (1 + growth)[:, None] ** (np.arange(len(days)) / _YEAR) * _WEEK[weekday] * _retail(days)
    demand = by_market[:, None, :, None] * taste[:, None, None, :] * _seasons(days)[None]
    return np.asarray(demand.reshape(-1, len(days), len(CATEGORIES)))


def _day_of_year(days: npt.NDArray[np.datetime64]) -> Integers:
    first = days.astype("datetime64[Y]").astype("datetime64[D]")
    return np.asarray((days - first).astype(np.int64))


def _retail(days: npt.NDArray[np.datetime64]) -> Floats:
    """The trade's own year: December's presents, and the weeks of the sales."""
    presents = np.exp(-(((_day_of_year(days) - 347) / 13.0) ** 2))
    return np.asarray(1 + 0.55 * presents + 0.25 * _in_sales_season(days))


def _in_sales_season(days: npt.NDArray[np.datetime64]) -> Integers:
    day = _day_of_year(days)
    return np.asarray(sum((first <= day) & (day <= last) for first, last in _SALES_SEASONS), dtype=np.int64)


def _seasons(days: npt.NDArray[np.datetime64]) -> Floats:
    """[climate, day, category]: the year turns round south of the equator and hardly matters on it."""
    strength = np.array([_SEASONS[name][0] for name in CATEGORIES])
    peak = np.array([_SEASONS[name][1] for name in CATEGORIES])
    turns = np.array([name not in _EVERYWHERE_ALIKE for name in CATEGORIES])
    peaks = peak + _HALF_A_YEAR_LATER[:, None] * turns * (_YEAR / 2)
    angle = 2 * np.pi * (_day_of_year(days)[None, :, None] - peaks[:, None, :]) / _YEAR
    swing = _SEASONALITY[:, None, None] * strength
    # Over its own mean, which is this Bessel function: a stronger season sells at other times, not more.
    season = np.exp(swing * np.cos(angle)) / np.i0(swing)
    season[:, :, CATEGORIES.index("Winter sports")] *= _WINTER_SPORTS[:, None]
    return np.asarray(season)


def _popularity() -> Floats:
    """[category, product], zero where a product is of another category."""
    category = np.array([product.category for product in PRODUCTS])
    popularity = np.array([product.popularity for product in PRODUCTS])
    return np.where(category == np.array(CATEGORIES)[:, None], popularity, 0.0)


def _product_columns(lines: _Lines, places: tuple[City, ...]) -> list[pa.Array]:
    level = np.array([market.price_level for market in MARKETS.values()])
    market = np.array([city.market for city in places])
    # Each market's list price ends in 95 cents; a discount is taken in whole cents.
    listed = np.array([product.cents for product in PRODUCTS])
    local = np.rint(listed * level[:, None] / 100).astype(np.int64) * 100 - 5
    cents = local[market[lines.city], lines.product] * (100 - lines.discount) // 100
    return [
        _taken([product.sku for product in PRODUCTS], lines.product),
        _taken([product.name for product in PRODUCTS], lines.product),
        _taken([product.category for product in PRODUCTS], lines.product),
        _numbers(lines.quantity, pa.int32()),
        _decimals(cents, scale=2),
    ]


def _when(lines: _Lines, days: npt.NDArray[np.datetime64]) -> list[pa.Array]:
    second = days.astype(np.int64)[lines.day] * 86_400 + lines.second
    return [_numbers(second * 1_000_000, pa.timestamp("us"))]


def _place_columns(lines: _Lines, places: tuple[City, ...]) -> list[pa.Array]:
    degrees = 1_000_000 * np.array([(city.latitude, city.longitude) for city in places])
    latitude, longitude = np.rint(degrees).astype(np.int64).T
    population = np.array([city.population for city in places], dtype=np.int32)
    return [
        _taken([city.name for city in places], lines.city),
        _taken([city.region for city in places], lines.city),
        _taken([city.country for city in places], lines.city),
        _decimals(latitude[lines.city], scale=6),
        _decimals(longitude[lines.city], scale=6),
        _numbers(population[lines.city], pa.int32()),
        _numbers(elevations(places)[lines.city], pa.int32()),
        _taken([city.timezone for city in places], lines.city),
    ]


def _taken(values: list[str], index: Integers) -> pa.Array:
    texts = [value.encode() for value in values]
    borders = np.cumsum([0, *map(len, texts)])
    data = pa.py_buffer(b"".join(texts))
    found = pa.StringArray.from_buffers(len(texts), pa.py_buffer(borders.astype(np.int32)), data)
    return found.take(_numbers(index, pa.int64()))


def _numbers(values: npt.NDArray[np.integer[Any]], kind: pa.DataType) -> pa.Array:
    """Arrow's column of the numbers, without pa.array(): that first imports all of pandas."""
    data = pa.py_buffer(values.astype(f"i{kind.bit_width // 8}"))
    return pa.Array.from_buffers(kind, len(values), [None, data])


def _decimals(unscaled: Integers, *, scale: int) -> pa.Array:
    """DECIMAL(10, scale) from whole numbers: Arrow's 16 bytes are the number and its sign, low word first."""
    words = np.stack([unscaled, unscaled >> 63], axis=1)
    return pa.Array.from_buffers(pa.decimal128(10, scale), len(unscaled), [None, pa.py_buffer(words)])
