"""Choice → address → choice, and any text at all as an address."""

from datetime import date, timedelta
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.views.choice import CUSTOM, EARLIEST, MOST_CATEGORIES, NAMES, PERIODS, Choice, read
from app.views.sales import cities_query, overview_query

TODAY = date(2026, 7, 14)

days = st.dates(EARLIEST, TODAY)
categories = st.lists(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=100), unique=True, max_size=9
).map(tuple)
choices = st.builds(Choice, st.sampled_from(list(PERIODS)), categories=categories) | st.builds(
    lambda one, other, categories: Choice(CUSTOM, (min(one, other), max(one, other)), categories),
    days,
    days,
    categories,
)


def address(choice: Choice) -> str:
    return urlencode(choice.parameters(), doseq=True)


def meant(query: str) -> Choice:
    return read(parse_qs(query, keep_blank_values=True), TODAY)


def assert_can_be_asked(choice: Choice) -> None:
    filters = choice.filters(TODAY)
    assert EARLIEST <= filters.first_day <= filters.last_day <= TODAY
    assert len(set(filters.categories)) == len(filters.categories) <= MOST_CATEGORIES
    for query in (overview_query(filters), cities_query(filters)):
        for value in query.parameters.values():
            assert 0 < len(value) <= 100
            assert "\0" not in value


@given(choices)
def test_an_address_brings_the_choice_back(choice):
    if len(urlencode({"category": choice.categories}, doseq=True)) < 1_900:
        assert meant(address(choice)) == choice


@given(choices)
def test_an_address_can_be_sent(choice):
    assert len(address(choice)) <= 2_000


@given(st.text())
@example("from=0000-00-00&to=9999-12-31")
@example("from=%D9%A2%D9%A0%D9%A2%D9%A6-01-01&to=2026-01-02")
@example("category=%00&category=&category=%ED%A0%80")
def test_any_text_is_an_address(query):
    assert_can_be_asked(meant(query))


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.text() | st.dates().map(str) | st.just("30d"))))
def test_any_values_are_a_choice(said):
    assert_can_be_asked(read(said, TODAY))


@pytest.mark.parametrize(
    ("query", "choice"),
    [
        ("", Choice()),
        ("period=30d", Choice("Last 30 days")),
        (
            "period=12m&category=Books&category=Snow+%26+Ice",
            Choice("Last 12 months", None, ("Books", "Snow & Ice")),
        ),
        ("from=2026-01-01&to=2026-03-31", Choice(CUSTOM, (date(2026, 1, 1), date(2026, 3, 31)))),
    ],
)
def test_an_address_can_be_read(query, choice):
    assert meant(query) == choice
    assert address(choice) == query


@pytest.mark.parametrize(
    ("query", "choice"),
    [
        ("period=90d", Choice()),
        ("period=1000d", Choice()),
        ("period=CUSTOM&period=", Choice()),
        ("PERIOD=30d", Choice()),
        ("from=2026-01-01", Choice()),
        ("from=20260101&to=2026-W02-1", Choice()),
        ("from=2026-02-30&to=2026-03-01&period=7d", Choice("Last 7 days")),
        ("from=2026-03-31&to=2026-01-01", Choice(CUSTOM, (date(2026, 1, 1), date(2026, 3, 31)))),
        ("from=0001-01-01&to=9999-12-31", Choice(CUSTOM, (EARLIEST, TODAY))),
        ("category=A&category=&category=A&category=%0A&category=" + "x" * 101, Choice(categories=("A",))),
    ],
)
def test_what_nobody_here_would_write(query, choice):
    assert meant(query) == choice


def test_more_categories_than_a_query_takes_are_left_out():
    assert len(meant("&".join(f"category={number}" for number in range(999))).categories) == MOST_CATEGORIES


def test_some_categories_never_stand_for_all_that_were_chosen():
    many = tuple(f"{number} {'é' * 50}" for number in range(20))
    assert Choice("Last 7 days", categories=many).parameters() == {"period": ["7d"]}


def test_a_preset_moves_with_the_calendar():
    choice = meant("period=7d")
    later = TODAY + timedelta(days=30)
    assert choice.filters(later).last_day == later - timedelta(days=1)
