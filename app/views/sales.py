"""What the pages ask of public.sales_data, each in one statement, and how the answer is read.

The table has no order numbers: a row is an order. Rows are never chosen by who asks: Redshift does that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from app.redshift.query import Query
from app.views.choice import Filters

# A category that is NULL or '' has this name: a parameter of the Data API cannot be empty.
NO_CATEGORY = "(none)"

_UNNAMED = "(no name)"

_OVERVIEW = """
WITH dated AS (
    SELECT COALESCE(NULLIF(category, ''), '(none)') AS category,
           CAST("timestamp" AS DATE) AS sold_on,
           quantity,
           quantity * sales_price AS amount
    FROM public.sales_data
    WHERE "timestamp" >= CAST(:previous_first_day AS DATE) AND "timestamp" < CAST(:day_after AS DATE)
), visible AS (
    SELECT category, quantity, amount,
           CASE WHEN sold_on >= CAST(:first_day AS DATE) THEN 'current' ELSE 'previous' END AS period,
           -- Steps are counted back from the end of each period, so that both periods end with a whole one.
           (DATEDIFF(day, sold_on, CASE WHEN sold_on >= CAST(:first_day AS DATE)
                                        THEN CAST(:day_after AS DATE)
                                        ELSE CAST(:first_day AS DATE) END) - 1)
               / CAST(:step_days AS INTEGER) AS step
    FROM dated
), chosen AS (
    SELECT * FROM visible WHERE 1 = 1
)
SELECT CASE WHEN GROUPING(step) = 1 THEN 'total' ELSE 'step' END AS part,
       period, step, CAST(NULL AS VARCHAR(100)) AS category,
       SUM(amount) AS sales, SUM(quantity) AS units, COUNT(*) AS orders
FROM chosen
GROUP BY GROUPING SETS ((period), (period, step))
UNION ALL
SELECT 'category', period, NULL, category, SUM(amount), SUM(quantity), COUNT(*)
FROM visible
GROUP BY period, category
UNION ALL
SELECT 'anything', NULL, NULL, NULL, NULL, NULL, COUNT(*)
FROM (SELECT sku FROM public.sales_data LIMIT 1) AS any_row
ORDER BY part, period, step
"""

_CITIES = """
WITH visible AS (
    SELECT COALESCE(NULLIF(category, ''), '(none)') AS category,
           city, country, latitude, longitude,
           quantity,
           quantity * sales_price AS amount
    FROM public.sales_data
    WHERE "timestamp" >= CAST(:first_day AS DATE) AND "timestamp" < CAST(:day_after AS DATE)
), chosen AS (
    SELECT * FROM visible WHERE 1 = 1
)
SELECT CASE WHEN GROUPING(city) = 1 THEN 'total' ELSE 'city' END AS part,
       city, country, latitude, longitude, CAST(NULL AS VARCHAR(100)) AS category,
       SUM(amount) AS sales, SUM(quantity) AS units, COUNT(*) AS orders
FROM chosen
GROUP BY GROUPING SETS ((city, country, latitude, longitude), ())
UNION ALL
SELECT 'option', NULL, NULL, NULL, NULL, category, SUM(amount), SUM(quantity), COUNT(*)
FROM visible
GROUP BY category
UNION ALL
SELECT 'visible', NULL, NULL, NULL, NULL, NULL, NULL, NULL, COUNT(*)
FROM (SELECT sku FROM public.sales_data LIMIT 1) AS any_row
-- The cities come last: a cap on rows must take the smallest of them and nothing else.
ORDER BY part DESC, sales DESC NULLS LAST, city, country
"""

_STEPS = ((35, 1), (400, 7), (1500, 28))
_LONGEST_STEP = 91


def overview_query(filters: Filters) -> Query:
    """Figures, their course and the categories, of the period and of the one before."""
    return _query(
        "Overview",
        _OVERVIEW,
        filters,
        {
            "first_day": filters.first_day.isoformat(),
            "day_after": filters.day_after.isoformat(),
            "previous_first_day": filters.previous_first_day.isoformat(),
            "step_days": str(step_days(filters.days)),
        },
    )


def cities_query(filters: Filters) -> Query:
    """Every city's figures in the period, and their total."""
    return _query(
        "Total sales by city",
        _CITIES,
        filters,
        {"first_day": filters.first_day.isoformat(), "day_after": filters.day_after.isoformat()},
    )


def _query(name: str, sql: str, filters: Filters, parameters: dict[str, str]) -> Query:
    chosen = {f"category_{place}": category for place, category in enumerate(filters.categories)}
    if chosen:
        # Only the parameters' names go into the text, and those are ours.
        sql = sql.replace("1 = 1", f"category IN ({', '.join(':' + name for name in chosen)})")
    return Query(name, sql, {**parameters, **chosen})


def step_days(days: int) -> int:
    """How many days a point of a chart stands for: enough to see the course, no more than can be seen."""
    return next((step for most, step in _STEPS if days <= most), _LONGEST_STEP)


@dataclass(frozen=True)
class Figures:
    """What was sold."""

    sales: Decimal = Decimal(0)
    units: int = 0
    orders: int = 0

    @property
    def average(self) -> Decimal:
        return self.sales / self.orders if self.orders else Decimal(0)


@dataclass(frozen=True)
class Step:
    """One point in the course of a period, and the same point of the period before."""

    first_day: date
    last_day: date
    now: Figures
    before: Figures

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True)
class Overview:
    """The answer to overview_query."""

    anything_visible: bool
    now: Figures
    before: Figures
    steps: tuple[Step, ...]
    categories: dict[str, tuple[Figures, Figures]]


@dataclass(frozen=True)
class City:
    """A city's figures and where it lies; two cities of one name differ by country or place."""

    name: str
    country: str
    longitude: Decimal | None
    latitude: Decimal | None
    figures: Figures


@dataclass(frozen=True)
class Cities:
    """The answer to cities_query, best city first."""

    anything_visible: bool
    total: Figures
    cities: tuple[City, ...]
    categories: tuple[str, ...]


def read_overview(frame: pd.DataFrame, filters: Filters) -> Overview:
    """Reads the rows of overview_query."""
    totals = {row.period: _figures(row) for row in _part(frame, "total")}
    steps = {(row.period, int(row.step)): _figures(row) for row in _part(frame, "step")}
    kinds = {(row.category, row.period): _figures(row) for row in _part(frame, "category")}
    names = sorted({name for name, _ in kinds}, key=str.casefold)
    return Overview(
        anything_visible=_anything(frame, "anything"),
        now=totals.get("current", Figures()),
        before=totals.get("previous", Figures()),
        steps=tuple(_steps(steps, filters)),
        categories={
            name: (kinds.get((name, "current"), Figures()), kinds.get((name, "previous"), Figures()))
            for name in names
        },
    )


def read_cities(frame: pd.DataFrame) -> Cities:
    """Reads the rows of cities_query."""
    totals = [_figures(row) for row in _part(frame, "total")]
    return Cities(
        anything_visible=_anything(frame, "visible"),
        total=totals[0] if totals else Figures(),
        cities=tuple(_city(row) for row in _part(frame, "city")),
        categories=tuple(sorted((row.category for row in _part(frame, "option")), key=str.casefold)),
    )


def _city(row: Any) -> City:
    return City(
        name=_named(row.city),
        country=_named(row.country),
        longitude=_degrees(row.longitude, most=180),
        latitude=_degrees(row.latitude, most=90),
        figures=_figures(row),
    )


def _degrees(value: Any, *, most: int) -> Decimal | None:
    """A coordinate; None for one that is no place on Earth: the map would zoom out to reach it."""
    return None if pd.isna(value) or abs(value) > most else value


def _named(text: Any) -> str:
    return text if isinstance(text, str) and text else _UNNAMED


def _part(frame: pd.DataFrame, name: str) -> Iterable[Any]:
    return frame.loc[frame["part"] == name].itertuples(index=False)


def _anything(frame: pd.DataFrame, part: str) -> bool:
    return any(row.orders for row in _part(frame, part))


def _figures(row: Any) -> Figures:
    sales = Decimal(0) if pd.isna(row.sales) else row.sales
    units = 0 if pd.isna(row.units) else int(row.units)
    return Figures(sales, units, int(row.orders))


def _steps(figures: dict[tuple[str, int], Figures], filters: Filters) -> Iterable[Step]:
    """Every step of the period, oldest first; days on which nothing was sold are part of the course."""
    size = step_days(filters.days)
    for step in reversed(range(-(-filters.days // size))):
        last = filters.last_day - timedelta(days=step * size)
        yield Step(
            first_day=max(filters.first_day, last - timedelta(days=size - 1)),
            last_day=last,
            now=figures.get(("current", step), Figures()),
            before=figures.get(("previous", step), Figures()),
        )
