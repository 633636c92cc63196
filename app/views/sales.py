"""What the pages ask of public.sales_data, and how it is read: the parts that their questions share.

The table has no order numbers: a row is an order. Rows are never chosen by who asks: Redshift does that.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, LiteralString, get_args

from app.redshift.conditions import Condition, Value, at_least, one_of
from app.redshift.panels import AnyRow, Base, Measure, Panel, Panels
from app.views.choice import DIMENSIONS, Dimension, Filters
from app.views.figures import Compared, Figures, Step

Grain = Literal["day", "week", "month", "quarter"]
GRAINS: tuple[Grain, ...] = get_args(Grain)
_LONGEST: dict[Grain, int] = {"day": 400, "week": 1_500, "month": 6_000, "quarter": 20_000}  # in days
_USUAL: dict[Grain, int] = {"day": 35, "week": 400, "month": 1_500, "quarter": 20_000}
_MONTHS = {"month": 1, "quarter": 3}

ANYTHING = AnyRow("anything", "public.sales_data")
WHEREABOUTS: Mapping[str, Mapping[Dimension, LiteralString]] = {
    "public.sales_data": {"region": "region_code", "country": "country"}
}
"""Which columns of a table tell where its rows are from: there, a proof says what comes through."""
_BEST = 200  # more bars than anybody reads, and enough of them to choose from

_COLUMNS: LiteralString = """COALESCE(NULLIF(region_code, ''), '(none)') AS region,
       COALESCE(NULLIF(country, ''), '(none)') AS country,
       COALESCE(NULLIF(category, ''), '(none)') AS category,
       COALESCE(NULLIF(product_name, ''), '(none)') AS product,
       COALESCE(NULLIF(city, ''), '(none)') || ', ' || COALESCE(NULLIF(country, ''), '(none)') AS place,
       "timestamp" AS sold_at, sales_price AS price, quantity, quantity * sales_price AS amount"""
_RAW: LiteralString = 'region_code, country, category, product_name, city, "timestamp", sales_price, quantity'
_TYPES: dict[str, LiteralString] = {
    "region": "VARCHAR(10)",
    "country": "VARCHAR(10)",
    "category": "VARCHAR(100)",
    "product": "VARCHAR(255)",
    "place": "VARCHAR(112)",
    "sold_at": "TIMESTAMP",
    "price": "DECIMAL(10,2)",
    "quantity": "INTEGER",
    "amount": "DECIMAL(21,2)",
}

SOLD = Base(
    "sold",
    f"""
    SELECT {_COLUMNS},
           latitude, longitude
    FROM public.sales_data
    WHERE "timestamp" >= CAST(:first_day AS DATE) AND "timestamp" < CAST(:day_after AS DATE)
    """,  # noqa: S608 - of our own texts alone
    columns={**_TYPES, "latitude": "DECIMAL(10,6)", "longitude": "DECIMAL(10,6)"},
)
"""The orders of the period; its parameters are `period_of(filters)`."""

MEASURES = {
    "sales": Measure("SUM(amount)", "DECIMAL(38,2)"),
    "units": Measure("SUM(quantity)", "BIGINT"),
    "orders": Measure("COUNT(*)", "BIGINT"),
}


_PERIODS: tuple[LiteralString, ...] = ("now", "before", "year_ago")


def _figures_of(period: LiteralString) -> LiteralString:
    """An order's figures in a column for each period: summed panel by panel, they are told apart once."""
    of: LiteralString = f"CASE WHEN period = '{period}' THEN"
    return (
        f"{of} quantity * sales_price END AS amount_{period}, {of} quantity END AS quantity_{period},"
        f" {of} 1 END AS order_{period}"
    )


_FIGURES: LiteralString = ",\n           ".join(_figures_of(period) for period in _PERIODS)

COMPARED = Base(
    "sold",
    f"""
    SELECT period,
           CASE :grain
               WHEN 'week' THEN CAST(DATE_TRUNC('week', day) AS DATE)
               WHEN 'month' THEN CAST(DATE_TRUNC('month', day) AS DATE)
               WHEN 'quarter' THEN CAST(DATE_TRUNC('quarter', day) AS DATE)
               ELSE day
           END AS step,
           {_COLUMNS},
           {_FIGURES}
    FROM (
        SELECT 'now' AS period, CAST("timestamp" AS DATE) AS day, {_RAW}
        FROM public.sales_data
        WHERE "timestamp" >= CAST(:first_day AS DATE) AND "timestamp" < CAST(:day_after AS DATE)
        UNION ALL
        SELECT 'before', CAST(DATEADD(day, CAST(:since_before AS INTEGER), "timestamp") AS DATE), {_RAW}
        FROM public.sales_data
        WHERE "timestamp" >= CAST(:before AS DATE) AND "timestamp" < CAST(:first_day AS DATE)
        UNION ALL
        SELECT 'year_ago', CAST(DATEADD(day, CAST(:since_year_ago AS INTEGER), "timestamp") AS DATE), {_RAW}
        FROM public.sales_data
        WHERE "timestamp" >= CAST(:year_ago AS DATE) AND "timestamp" < CAST(:year_ago_day_after AS DATE)
    ) AS dated
    """,  # noqa: S608 - of our own texts alone
    columns={**_TYPES, "period": "VARCHAR(8)", "step": "DATE"},
)
"""The orders of the period and of the two that it is compared with; parameters: `periods_of(filters, grain)`.

`period` is 'now', 'before' or 'year_ago'. `step` is the first day of the stretch of the time axis in which an
order lies; the days of the other two periods are moved onto the same axis.
"""


def _measures_of(period: LiteralString) -> dict[str, Measure]:
    suffix = "" if period == "now" else f"_{period}"
    return {
        f"sales{suffix}": Measure(f"COALESCE(SUM(amount_{period}), 0)", "DECIMAL(38,2)"),
        f"units{suffix}": Measure(f"COALESCE(SUM(quantity_{period}), 0)", "BIGINT"),
        f"orders{suffix}": Measure(f"COUNT(order_{period})", "BIGINT"),
    }


COMPARISON = {name: measure for period in _PERIODS for name, measure in _measures_of(period).items()}
"""Sales, units and orders of each of the three periods: what `compared` reads."""

FACETS = (
    Panel("categories", by=("category",), where=("beside_category",)),
    Panel("countries", by=("region", "country"), where=("beside_country",)),
    Panel("products", by=("product",), where=("beside_product",), order=("-sales",), limit=_BEST),
    Panel("places", by=("place",), where=("beside_place",), order=("-sales",), limit=_BEST),
)
"""What can be chosen, each beside its own choice: a chart of it shows the others too."""

# A country lies in a region: whoever has chosen one is to see the others of both.
_BESIDE: dict[str, frozenset[Dimension]] = {
    "chosen": frozenset(),
    "beside_category": frozenset({"category"}),
    "beside_country": frozenset({"region", "country"}),
    "beside_product": frozenset({"product"}),
    "beside_place": frozenset({"place"}),
}


def conditions(filters: Filters) -> dict[str, Sequence[Condition]]:
    """What the panels' `where` names: everything chosen, and everything but one dimension's choice."""
    least = [at_least("amount", filters.least)] if filters.least is not None else []
    each = {name: one_of(name, filters.values(name)) for name in DIMENSIONS if filters.values(name)}
    return {
        named: [*(condition for name, condition in each.items() if name not in left_out), *least]
        for named, left_out in _BESIDE.items()
    }


def period_of(filters: Filters) -> dict[str, Value]:
    """The parameters of SOLD."""
    return {"first_day": filters.first_day, "day_after": _after(filters.last_day)}


def periods_of(filters: Filters, grain: Grain) -> dict[str, Value]:
    """The parameters of COMPARED."""
    before, (year_ago, last) = filters.before[0], filters.year_ago
    return {
        **period_of(filters),
        "before": before,
        "since_before": filters.days,
        "year_ago": year_ago,
        "year_ago_day_after": _after(last),
        "since_year_ago": (filters.first_day - year_ago).days,
        "grain": grain,
    }


def grains(days: int) -> tuple[Grain, ...]:
    """The steps in which a period of so many days can be drawn."""
    return tuple(grain for grain in GRAINS if days <= _LONGEST[grain])


def usual_grain(days: int) -> Grain:
    """The step that shows the course of so many days, and no more than can be seen."""
    return next(grain for grain in GRAINS if days <= _USUAL[grain])


def compared(measures: Iterable[Any]) -> Compared:
    """The nine measures of COMPARISON, in their order."""
    sales, units, orders, *others = measures
    return Compared(Figures(sales, units, orders), Figures(*others[:3]), Figures(*others[3:]))


def sold(measures: Iterable[Any]) -> Figures:
    """The three measures of MEASURES, in their order; what was never priced has none."""
    sales, units, orders = measures
    return Figures(Decimal(0) if sales is None else sales, units or 0, orders)


def steps(panels: Panels, filters: Filters, grain: Grain) -> Iterator[Step]:
    """Every step of the period, oldest first, by the panel `steps`; some may have no sales at all."""
    found: Mapping[date, Compared] = {day: compared(nine) for day, *nine in panels.rows("steps")}
    first = _beginning(filters.first_day, grain)
    while first <= filters.last_day:
        following = _beginning(first + timedelta(days=_DAYS[grain]), grain)
        last = following - timedelta(days=1)
        yield Step(
            first_day=max(first, filters.first_day),
            last_day=min(last, filters.last_day),
            figures=found.get(first, Compared()),
            whole=filters.first_day <= first and last <= filters.last_day,
        )
        first = following


# From any step's first day so many days lead into the next step, and no farther.
_DAYS: dict[Grain, int] = {"day": 1, "week": 7, "month": 31, "quarter": 92}


def _beginning(day: date, grain: Grain) -> date:
    """The first day of the step in which a day lies; weeks begin on Monday, as Redshift's do."""
    if months := _MONTHS.get(grain):
        return day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return day - timedelta(days=day.weekday()) if grain == "week" else day


def _after(day: date) -> date:
    return day + timedelta(days=1)
