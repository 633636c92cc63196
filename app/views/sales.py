"""What the pages ask of public.sales_data, each in one statement, and how the answer is read.

The table has no order numbers: a row is an order. Rows are never chosen by who asks: Redshift does that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from app.redshift.conditions import Condition, Value, one_of
from app.redshift.panels import AnyRow, Base, Measure, Panel, Panels, Question
from app.redshift.query import Query
from app.redshift.table import Table
from app.views.choice import Filters

# A category that is NULL or '' has this name: a parameter of the Data API cannot be empty.
NO_CATEGORY = "(none)"

_UNNAMED = "(no name)"
_CHOSEN = ("chosen",)  # the conditions that the person's choice of categories means
_ANYTHING = AnyRow("anything", "public.sales_data")
_MEASURES = {
    "sales": Measure("SUM(amount)", "DECIMAL(38,2)"),
    "units": Measure("SUM(quantity)", "BIGINT"),
    "orders": Measure("COUNT(*)", "BIGINT"),
}

_OVERVIEW = Question(
    "Overview",
    Base(
        "sold",
        """
        SELECT category, quantity, amount, period,
               -- Steps are counted back from each period's end, so that both periods end with a whole one.
               (DATEDIFF(day, sold_on, period_end) - 1) / CAST(:step_days AS INTEGER) AS step
        FROM (
            SELECT COALESCE(NULLIF(category, ''), '(none)') AS category,
                   quantity,
                   quantity * sales_price AS amount,
                   CAST("timestamp" AS DATE) AS sold_on,
                   CASE WHEN "timestamp" >= CAST(:first_day AS DATE)
                        THEN 'current' ELSE 'previous' END AS period,
                   CASE WHEN "timestamp" >= CAST(:first_day AS DATE)
                        THEN CAST(:day_after AS DATE) ELSE CAST(:first_day AS DATE) END AS period_end
            FROM public.sales_data
            WHERE "timestamp" >= CAST(:previous_first_day AS DATE) AND "timestamp" < CAST(:day_after AS DATE)
        ) AS dated
        """,
        columns={"period": "VARCHAR(8)", "step": "BIGINT", "category": "VARCHAR(100)"},
    ),
    _MEASURES,
    panels=(
        _ANYTHING,
        Panel("totals", by=("period",), where=_CHOSEN),
        Panel("steps", by=("period", "step"), where=_CHOSEN),
        Panel("categories", by=("period", "category")),
    ),
)

_CITIES = Question(
    "Total sales by city",
    Base(
        "sold",
        """
        SELECT COALESCE(NULLIF(category, ''), '(none)') AS category,
               city, country, latitude, longitude,
               quantity,
               quantity * sales_price AS amount
        FROM public.sales_data
        WHERE "timestamp" >= CAST(:first_day AS DATE) AND "timestamp" < CAST(:day_after AS DATE)
        """,
        columns={
            "city": "VARCHAR(100)",
            "country": "VARCHAR(10)",
            "latitude": "DECIMAL(10,6)",
            "longitude": "DECIMAL(10,6)",
            "category": "VARCHAR(100)",
        },
    ),
    _MEASURES,
    panels=(
        _ANYTHING,
        Panel("total", where=_CHOSEN),
        Panel("categories", by=("category",)),
        Panel("cities", by=("city", "country", "latitude", "longitude"), where=_CHOSEN, order=("-sales",)),
    ),
)

_STEPS = ((35, 1), (400, 7), (1500, 28))
_LONGEST_STEP = 91


def overview_query(filters: Filters) -> Query:
    """Figures, their course and the categories, of the period and of the one before."""
    days: dict[str, Value] = {
        "first_day": filters.first_day,
        "day_after": filters.day_after,
        "previous_first_day": filters.previous_first_day,
        "step_days": step_days(filters.days),
    }
    return _OVERVIEW.query(days, chosen=_chosen(filters))


def cities_query(filters: Filters) -> Query:
    """Every city's figures in the period, and their total."""
    days: dict[str, Value] = {"first_day": filters.first_day, "day_after": filters.day_after}
    return _CITIES.query(days, chosen=_chosen(filters))


def _chosen(filters: Filters) -> Sequence[Condition]:
    return [one_of("category", filters.categories)] if filters.categories else []


def step_days(days: int) -> int:
    """How many days a point of a chart stands for: enough to see the course, no more than can be seen."""
    return next((step for most, step in _STEPS if days <= most), _LONGEST_STEP)


class Figures(NamedTuple):
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
    """The answer to overview_query; `incomplete` names the panels of which a cap took rows."""

    anything_visible: bool
    now: Figures
    before: Figures
    steps: tuple[Step, ...]
    categories: dict[str, tuple[Figures, Figures]]
    incomplete: frozenset[str]


class City(NamedTuple):
    """A city's figures and where it lies; two cities of one name differ by country or place."""

    name: str
    country: str
    longitude: Decimal | None
    latitude: Decimal | None
    figures: Figures


@dataclass(frozen=True)
class Cities:
    """The answer to cities_query; `incomplete` names the panels of which a cap took rows."""

    anything_visible: bool
    total: Figures
    categories: tuple[str, ...]
    incomplete: frozenset[str]
    _rows: Panels = field(repr=False)

    @property
    def known(self) -> int:
        """How many cities the answer has."""
        return int(self._rows["cities"].num_rows)

    def best(self, most: int | None = None) -> list[City]:
        """The cities that sold most, best first; what nobody looks at is not read."""
        return [
            City(
                name=name or _UNNAMED,
                country=country or _UNNAMED,
                longitude=_degrees(longitude, most=180),
                latitude=_degrees(latitude, most=90),
                figures=_figures(*sold),
            )
            for name, country, latitude, longitude, *sold in self._rows.rows("cities", most)
        ]


def read_overview(table: Table, filters: Filters) -> Overview:
    """Reads the rows of overview_query."""
    panels = _OVERVIEW.split(table)
    totals = {period: _figures(*sold) for period, *sold in panels.rows("totals")}
    steps = {(period, step): _figures(*sold) for period, step, *sold in panels.rows("steps")}
    kinds = {(category, period): _figures(*sold) for period, category, *sold in panels.rows("categories")}
    names = sorted({name for name, _ in kinds}, key=str.casefold)
    return Overview(
        anything_visible=panels.any("anything"),
        now=totals.get("current", Figures()),
        before=totals.get("previous", Figures()),
        steps=tuple(_steps(steps, filters)),
        categories={
            name: (kinds.get((name, "current"), Figures()), kinds.get((name, "previous"), Figures()))
            for name in names
        },
        incomplete=panels.incomplete,
    )


def read_cities(table: Table) -> Cities:
    """Reads the rows of cities_query."""
    panels = _CITIES.split(table)
    totals = [_figures(*sold) for sold in panels.rows("total")]
    return Cities(
        anything_visible=panels.any("anything"),
        total=totals[0] if totals else Figures(),
        categories=tuple(sorted(panels["categories"]["category"].to_pylist(), key=str.casefold)),
        incomplete=panels.incomplete,
        _rows=panels,
    )


def _degrees(value: Decimal | None, *, most: int) -> Decimal | None:
    """A coordinate; None for one that is no place on Earth: the map would zoom out to reach it."""
    return None if value is None or abs(value) > most else value


def _figures(sales: Decimal | None, units: int | None, orders: int) -> Figures:
    return Figures(Decimal(0) if sales is None else sales, units or 0, orders)


def _steps(figures: Mapping[tuple[str, int], Figures], filters: Filters) -> Iterator[Step]:
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
