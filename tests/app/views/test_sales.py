"""One statement a page, true to the rows, and values that never become SQL."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from app.views.choice import Filters
from app.views.sales import (
    NO_CATEGORY,
    Figures,
    cities_query,
    overview_query,
    read_cities,
    read_overview,
    step_days,
)
from tests.app.views import people
from tests.app.views.people import ETHAN, FRANK, NORA, OTTO, Person

INJECTIONS = ["'; DROP TABLE public.sales_data; --", "x') OR ('1'='1", ":first_day", "1 = 1", "\\'", "日本"]
SEES = {ETHAN: "", FRANK: "America"}


def last(days, *categories):
    end = pd.Timestamp.now("UTC").date() - timedelta(days=1)
    return Filters(end - timedelta(days=days - 1), end, categories)


def overview(database, user, filters):
    person = Person(database, user)
    return read_overview(person.warehouse.fetch(overview_query(filters)), filters)


def cities(database, user, filters):
    return read_cities(Person(database, user).warehouse.fetch(cities_query(filters)))


def chosen(frame, user, first, last_day, categories=()):
    """The rows that a person sees in these days, by pandas alone."""
    days = frame.timestamp.dt.date
    rows = frame[(days >= first) & (days <= last_day) & frame.timezone.str.startswith(SEES[user])]
    return rows[rows.category.isin(categories)] if categories else rows


def figures(rows):
    return Figures(sum(rows.amount, Decimal(0)), int(rows.quantity.sum()), len(rows))


@pytest.mark.parametrize("user", SEES, ids=lambda user: user.name)
@pytest.mark.parametrize(
    "filters", [last(1), last(7), last(90), last(364), last(90, "Cycling", "Hiking")], ids=str
)
class TestOverview:
    def test_both_periods_are_what_pandas_counts(self, world, frame, user, filters):
        answer = overview(world, user, filters)
        now = chosen(frame, user, filters.first_day, filters.last_day, filters.categories)
        before = chosen(
            frame,
            user,
            filters.previous_first_day,
            filters.first_day - timedelta(days=1),
            filters.categories,
        )
        assert answer.anything_visible
        assert answer.now == figures(now)
        assert answer.before == figures(before)

    def test_the_steps_make_up_the_whole_of_both_periods(self, world, frame, user, filters):
        answer = overview(world, user, filters)
        assert sum((step.now.sales for step in answer.steps), Decimal(0)) == answer.now.sales
        assert sum((step.before.sales for step in answer.steps), Decimal(0)) == answer.before.sales
        assert (answer.steps[0].first_day, answer.steps[-1].last_day) == (filters.first_day, filters.last_day)
        for step in answer.steps:
            rows = chosen(frame, user, step.first_day, step.last_day, filters.categories)
            assert step.now == figures(rows)

    def test_all_categories_are_told_whatever_is_chosen(self, world, frame, user, filters):
        answer = overview(world, user, filters)
        rows = chosen(frame, user, filters.first_day, filters.last_day)
        sold = {name: figures(part) for name, part in rows.groupby("category")}
        assert {name: now for name, (now, _) in answer.categories.items() if now.orders} == sold


@pytest.mark.parametrize("user", SEES, ids=lambda user: user.name)
@pytest.mark.parametrize("filters", [last(7), last(90), last(90, "Cycling")], ids=str)
def test_cities_are_what_pandas_counts(world, frame, user, filters):
    answer = cities(world, user, filters)
    rows = chosen(frame, user, filters.first_day, filters.last_day, filters.categories)
    expected = {
        key: figures(part) for key, part in rows.groupby(["city", "country", "longitude", "latitude"])
    }
    got = {(c.name, c.country, c.longitude, c.latitude): c.figures for c in answer.best()}
    assert got == expected
    assert answer.total == figures(rows)
    sales = [city.figures.sales for city in answer.best()]
    assert sales == sorted(sales, reverse=True)


def test_a_page_is_one_statement(world):
    person = Person(world, ETHAN)
    person.warehouse.fetch(overview_query(last(90)))
    person.warehouse.fetch(cities_query(last(90)))
    names = [asked["StatementName"].rpartition(" ")[0] for asked in person.asked]
    assert names == ["Overview", "Total sales by city"]


@pytest.mark.parametrize("value", INJECTIONS)
@pytest.mark.parametrize(
    ("query", "read", "total"),
    [
        (overview_query, read_overview, lambda answer: answer.now),
        (cities_query, lambda table, _: read_cities(table), lambda answer: answer.total),
    ],
    ids=["overview", "cities"],
)
def test_a_category_is_a_value_and_never_sql(world, query, read, total, value):
    asked = query(last(90, value))
    assert asked.sql == query(last(90, "Cycling")).sql
    assert value in asked.parameters.values()
    person = Person(world, ETHAN)
    answer = read(person.warehouse.fetch(asked), last(90, value))
    # Nothing is called so: nothing is in the total, and the options are still the person's.
    assert total(answer) == Figures()
    assert "Cycling" in answer.categories


def test_many_categories_keep_their_own_parameters(world):
    names = [f"Category {place}" for place in range(12)]
    query = overview_query(last(90, *names, "Cycling"))
    assert len(Person(world, ETHAN).warehouse.fetch(query).frame)
    assert Counter(query.parameters.values())["Cycling"] == 1


@pytest.mark.parametrize(
    "read", [lambda *a: overview(*a).anything_visible, lambda *a: cities(*a).anything_visible]
)
def test_who_sees_no_row_is_told_apart_from_who_chose_none(world, read):
    long_ago = Filters(date(1999, 1, 1), date(1999, 1, 2))
    assert read(world, ETHAN, long_ago) is True
    assert read(world, OTTO, last(90)) is False


def test_no_sales_are_no_figures(world):
    long_ago = Filters(date(1999, 1, 1), date(1999, 1, 2))
    answer = overview(world, ETHAN, long_ago)
    assert answer.now == answer.before == Figures()
    assert [step.now for step in answer.steps] == [Figures()] * 2
    assert cities(world, ETHAN, long_ago).total == Figures()


def test_a_missing_category_has_a_name_and_can_be_chosen(hostile):
    everything = overview(hostile, ETHAN, last(7))
    assert everything.categories[NO_CATEGORY][0].orders == 2
    assert overview(hostile, ETHAN, last(7, NO_CATEGORY)).now.orders == 2


def test_missing_figures_count_as_nothing_and_their_rows_as_orders(hostile):
    answer = overview(hostile, ETHAN, last(7))
    assert answer.now == Figures(Decimal("126.00"), 12, 7)


def test_two_cities_of_one_name_stay_two(hostile):
    limas = [city for city in cities(hostile, ETHAN, last(7)).best() if city.name == "Lima"]
    assert {city.country for city in limas} == {"PE", "US"}


def test_a_city_without_name_or_place_is_not_lost(hostile):
    unnamed = [city for city in cities(hostile, ETHAN, last(7)).best() if city.longitude is None]
    assert [(city.name, city.country) for city in unnamed] == [("(no name)", "(no name)")]


def test_a_cap_takes_cities_and_never_the_total(world):
    person = Person(world, ETHAN, max_rows=30)
    table = person.warehouse.fetch(cities_query(last(90)))
    capped, whole = read_cities(table), cities(world, ETHAN, last(90))
    assert table.truncated
    assert capped.total == whole.total
    assert capped.categories == whole.categories
    assert 0 < capped.known < whole.known
    assert capped.best() == whole.best(capped.known)
    assert (capped.incomplete, whole.incomplete) == ({"cities"}, frozenset())


@pytest.mark.parametrize(
    ("days", "step"), [(1, 1), (30, 1), (35, 1), (90, 7), (364, 7), (730, 28), (5000, 91)]
)
def test_a_chart_has_points_that_can_be_told_apart(days, step):
    assert step_days(days) == step
    assert days / step <= 60


def test_the_previous_period_is_as_long_and_just_before():
    filters = Filters(date(2026, 3, 1), date(2026, 3, 31))
    assert filters.days == 31
    assert filters.previous_first_day == date(2026, 1, 29)
    assert filters.day_after == date(2026, 4, 1)


def test_nora_is_denied_by_the_warehouse(world):
    from app.errors import QueryDenied

    with pytest.raises(QueryDenied) as caught:
        overview(world, NORA, last(90))
    assert caught.value.code == "RL-410"
    assert caught.value.statement_id == people.STATEMENT_ID


def test_a_city_nowhere_on_earth_has_no_place_on_the_map():
    places = {
        "Lima": (Decimal("-12.05"), Decimal("-77.04")),
        "North": (Decimal("90.000001"), Decimal(0)),
        "West": (Decimal(0), Decimal("-180.000001")),
        "Nowhere": (None, None),
    }
    rows = [
        people.row(city=city, latitude=latitude, longitude=longitude)
        for city, (latitude, longitude) in places.items()
    ]
    found = cities(people.warehouse(people.rows(*rows)), ETHAN, last(7)).best()
    assert {each.name: (each.longitude is None, each.latitude is None) for each in found} == {
        "Lima": (False, False),
        "North": (False, True),
        "West": (True, False),
        "Nowhere": (True, True),
    }
