"""What the sales pages ask, true to the rows that pandas counts, and values that never become SQL."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pandas as pd
import pytest

from app.errors import QueryDenied
from app.redshift.panels import Panel, Question
from app.views import VIEWS, cities, overview, sales
from app.views.choice import DIMENSIONS, Choice, Filters
from app.views.figures import Compared, Figures
from tests.app.views import people
from tests.app.views.people import ETHAN, FRANK, NORA, OTTO, Person

INJECTIONS = ["'; DROP TABLE public.sales_data; --", "x') OR ('1'='1", ":first_day", "1 = 1", "\\'", "日本"]
SEES = {ETHAN: "", FRANK: "America"}
LONG_AGO = Filters(date(1999, 1, 1), date(1999, 1, 2))
QUESTION = Question(
    "Sales",
    sales.COMPARED,
    sales.COMPARISON,
    panels=(
        sales.ANYTHING,
        Panel("totals", where=("chosen",)),
        Panel("steps", by=("step",), where=("chosen",)),
        *sales.FACETS,
    ),
)


def last(days, least=None, **only):
    end = pd.Timestamp.now("UTC").date() - timedelta(days=1)
    return Filters(end - timedelta(days=days - 1), end, only, least)


def asked(database, user, filters, grain="week"):
    query = QUESTION.query(sales.periods_of(filters, grain), **sales.conditions(filters))
    return QUESTION.split(Person(database, user).warehouse.fetch(query))


def totals(panels):
    (nine,) = panels.rows("totals")
    return sales.compared(nine)


def rows_of(frame, user, days, filters, beside=()):
    """The rows that a person sees in these days under the filters, by pandas alone."""
    first, last_day = days
    dates = frame.timestamp.dt.date
    rows = frame[(dates >= first) & (dates <= last_day) & frame.timezone.str.startswith(SEES[user])]
    columns = {
        "region": rows.region_code,
        "country": rows.country,
        "category": rows.category,
        "product": rows.product_name,
        "place": rows.city + ", " + rows.country,
    }
    kept = pd.Series(data=True, index=rows.index)
    for dimension in DIMENSIONS:
        if filters.values(dimension) and dimension not in beside:
            kept &= columns[dimension].isin(filters.values(dimension))
    if filters.least is not None:
        kept &= pd.Series([amount >= filters.least for amount in rows.amount], index=rows.index)
    return rows[kept]


def figures(rows):
    return Figures(sum(rows.amount, Decimal(0)), int(rows.quantity.sum()), len(rows))


CHOICES = [
    last(1),
    last(90),
    last(364),
    last(90, category=("Cycling", "Hiking")),
    last(90, least=Decimal("120.50"), country=("US", "BR")),
    last(30, region=("AMER",), category=("Running",)),
    last(90, product=("Matchday Football Size 5",)),
]


@pytest.mark.parametrize("user", SEES, ids=lambda user: user.name)
@pytest.mark.parametrize("filters", CHOICES, ids=lambda f: f"{f.days} {dict(f.only)} {f.least}")
def test_periods_and_facets_are_what_pandas_counts(world, frame, user, filters):
    panels = asked(world, user, filters)
    now = (filters.first_day, filters.last_day)
    days = (now, filters.before, filters.year_ago)
    assert totals(panels) == Compared(*(figures(rows_of(frame, user, each, filters)) for each in days))
    # Each facet is told beside its own choice, whatever is chosen.
    for panel, beside, columns in (
        ("categories", ("category",), ["category"]),
        ("countries", ("region", "country"), ["region_code", "country"]),
        ("products", ("product",), ["product_name"]),
    ):
        keys = len(columns)
        found = {row[:keys]: sales.compared(row[keys:]).now for row in panels.rows(panel)}
        parts = rows_of(frame, user, now, filters, beside).groupby(columns)
        assert {key: sold for key, sold in found.items() if sold.orders} == {
            key: figures(part) for key, part in parts
        }
    best = [sales.compared(nine).now.sales for _, *nine in panels.rows("products")]
    assert best == sorted(best, reverse=True)


@pytest.mark.parametrize("grain", sales.GRAINS)
@pytest.mark.parametrize("filters", CHOICES[1:4], ids=lambda f: f"{f.days} {dict(f.only)}")
def test_the_steps_make_up_the_whole_of_each_period(world, frame, filters, grain):
    panels = asked(world, FRANK, filters, grain)
    steps = list(sales.steps(panels, filters, grain))
    by_period = zip(*(step.figures for step in steps), strict=True)
    for period, whole in zip(by_period, totals(panels), strict=True):
        assert Figures(*map(sum, zip(*period, strict=True))) == whole
    assert (steps[0].first_day, steps[-1].last_day) == (filters.first_day, filters.last_day)
    for one, following in pairwise(steps):
        assert following.first_day == one.last_day + timedelta(days=1)
    for step in steps[:2] + steps[-2:]:
        assert step.figures.now == figures(rows_of(frame, FRANK, (step.first_day, step.last_day), filters))


def test_places_are_cities_with_their_countries_and_no_more_than_can_be_read(world):
    panels = asked(world, ETHAN, last(364))
    assert panels["places"].num_rows == 200
    assert all(", " in place for place, *_ in panels.rows("places"))


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.title)
class TestEveryPage:
    def test_it_is_one_statement(self, world, view):
        person = Person(world, ETHAN)
        panels = view.question.split(person.warehouse.fetch(view.query(last(90, category=("Cycling",)))))
        assert panels.any("anything")
        assert not panels.incomplete
        assert person.api.operations() == ["ExecuteStatement", "GetStatementResultV2"]

    @pytest.mark.parametrize("value", INJECTIONS)
    @pytest.mark.parametrize("dimension", DIMENSIONS)
    def test_what_is_chosen_is_a_value_and_never_sql(self, world, view, dimension, value):
        query, other = (
            view.query(last(90, **{dimension: (value,)})),
            view.query(last(90, **{dimension: ("A",)})),
        )
        assert query.sql == other.sql
        assert Counter(query.parameters.values())[value] == 1
        if dimension == "category":  # one stands for all: they are made alike
            panels = view.question.split(Person(world, ETHAN).warehouse.fetch(query))
            # Nothing is called so: nothing is in the total, and there is as much to choose from.
            assert panels["totals"]["orders"].to_pylist() == [0]
            assert "Cycling" in panels["categories"]["category"].to_pylist()

    def test_who_sees_no_row_is_told_apart_from_who_chose_none(self, world, view):
        for user, filters, any_row in ((ETHAN, LONG_AGO, True), (OTTO, last(90), False)):
            panels = view.question.split(Person(world, user).warehouse.fetch(view.query(filters)))
            assert panels.any("anything") is any_row
            assert panels["totals"]["orders"].to_pylist() == [0]

    def test_nora_is_denied_by_the_warehouse(self, world, view):
        with pytest.raises(QueryDenied) as caught:
            Person(world, NORA).warehouse.fetch(view.query(last(90)))
        assert caught.value.code == "RL-410"
        assert caught.value.statement_id == people.STATEMENT_ID


def test_many_values_keep_their_own_parameters(world):
    names = [f"Category {place}" for place in range(12)]
    query = overview.VIEW.query(last(90, category=(*names, "Cycling")))
    assert len(Person(world, ETHAN).warehouse.fetch(query).frame)
    assert Counter(query.parameters.values())["Cycling"] == 1


def test_no_sales_are_no_figures(world):
    panels = asked(world, ETHAN, LONG_AGO)
    assert totals(panels) == Compared()
    assert [step.figures for step in sales.steps(panels, LONG_AGO, "day")] == [Compared()] * 2


def test_what_has_no_name_is_called_so_and_can_be_chosen(hostile):
    assert ("(none)",) in [row[:1] for row in asked(hostile, ETHAN, last(7)).rows("categories")]
    assert totals(asked(hostile, ETHAN, last(7, category=("(none)",)))).now.orders == 2
    assert totals(asked(hostile, ETHAN, last(7, place=("(none), (none)",)))).now.orders == 1


def test_missing_figures_count_as_nothing_and_their_rows_as_orders(hostile):
    assert totals(asked(hostile, ETHAN, last(7))).now == Figures(Decimal("126.00"), 12, 7)


def test_orders_that_straddle_periods_count_in_each(world, frame):
    """Of a whole year, the period before is the year before too."""
    end = pd.Timestamp.now("UTC").date() - timedelta(days=1)
    year = Filters(end - timedelta(days=364), end)
    found = totals(asked(world, ETHAN, year))
    assert found.before.orders == len(rows_of(frame, ETHAN, year.before, year)) > 0
    assert found.year_ago.orders == len(rows_of(frame, ETHAN, year.year_ago, year)) > 0


@pytest.mark.parametrize(
    ("days", "grain", "allowed"),
    [
        (1, "day", 4),
        (35, "day", 4),
        (36, "week", 4),
        (400, "week", 4),
        (401, "month", 3),
        (9_700, "quarter", 1),
    ],
)
def test_a_chart_has_points_that_can_be_told_apart(days, grain, allowed):
    assert sales.usual_grain(days) == grain
    assert len(sales.grains(days)) == allowed
    assert grain in sales.grains(days)


@pytest.mark.parametrize(
    ("grain", "spans"),
    [
        ("week", [(date(2026, 2, 27), date(2026, 3, 1), False), (date(2026, 3, 2), date(2026, 3, 8), True)]),
        (
            "month",
            [(date(2026, 2, 27), date(2026, 2, 28), False), (date(2026, 3, 1), date(2026, 3, 8), False)],
        ),
        ("quarter", [(date(2026, 2, 27), date(2026, 3, 8), False)]),
    ],
)
def test_steps_follow_the_calendar_and_know_which_are_cut(world, grain, spans):
    filters = Filters(date(2026, 2, 27), date(2026, 3, 8))
    steps = sales.steps(asked(world, ETHAN, filters, grain), filters, grain)
    assert [(step.first_day, step.last_day, step.whole) for step in steps] == spans


def test_the_periods_that_a_period_is_compared_with():
    filters = Filters(date(2026, 3, 1), date(2026, 3, 31))
    assert filters.days == 31
    assert filters.before == (date(2026, 1, 29), date(2026, 2, 28))
    assert filters.year_ago == (date(2025, 3, 1), date(2025, 3, 31))
    leap = Filters(date(2024, 2, 29), date(2024, 3, 1))
    assert leap.year_ago == (date(2023, 2, 28), date(2023, 3, 1))


@pytest.mark.parametrize(
    ("period", "today", "days"),
    [
        ("Quarter to date", date(2026, 7, 14), (date(2026, 7, 1), date(2026, 7, 13))),
        ("Quarter to date", date(2026, 7, 1), (date(2026, 4, 1), date(2026, 6, 30))),
        ("Year to date", date(2026, 7, 14), (date(2026, 1, 1), date(2026, 7, 13))),
        ("Year to date", date(2026, 1, 1), (date(2025, 1, 1), date(2025, 12, 31))),
        ("Last 7 days", date(2026, 7, 14), (date(2026, 7, 7), date(2026, 7, 13))),
    ],
)
def test_a_preset_ends_with_the_last_whole_day(period, today, days):
    filters = Choice(period).filters(today)
    assert (filters.first_day, filters.last_day) == days


@pytest.mark.parametrize("user", SEES, ids=lambda user: user.name)
@pytest.mark.parametrize("filters", [last(7), last(90, category=("Cycling",))], ids=["week", "cycling"])
def test_cities_are_what_pandas_counts(world, frame, user, filters):
    panels = cities.VIEW.question.split(Person(world, user).warehouse.fetch(cities.VIEW.query(filters)))
    rows = rows_of(frame, user, (filters.first_day, filters.last_day), filters)
    (three,) = panels.rows("totals")
    assert sales.sold(three) == figures(rows)
    by_place = rows.assign(place=rows.city + ", " + rows.country).groupby(["place", "latitude", "longitude"])
    found = {row[:3]: sales.sold(row[-3:]) for row in panels.rows("cities")}
    assert found == {key: figures(part) for key, part in by_place}
