"""Choice → address → choice, and any text at all as an address."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.views import VIEWS
from app.views.choice import (
    CUSTOM,
    DIMENSIONS,
    EARLIEST,
    MOST_VALUES,
    NAMES,
    PERIODS,
    Choice,
    amount,
    read,
)

TODAY = date(2026, 7, 14)

days = st.dates(EARLIEST, TODAY)
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=255)
amounts = st.none() | st.decimals(Decimal("0.01"), Decimal("999999999.99"), places=2)


@st.composite
def choices(draw):
    first, last = sorted((draw(days), draw(days)))
    period = draw(st.sampled_from((*PERIODS, CUSTOM)))
    choice = Choice(period, (first, last) if period == CUSTOM else None, least=draw(amounts))
    for dimension in DIMENSIONS:
        choice = choice.keeping(dimension, draw(st.lists(texts, unique=True, max_size=3)))
    return choice


def address(choice: Choice) -> str:
    return urlencode(choice.parameters(), doseq=True)


def meant(query: str) -> Choice:
    return read(parse_qs(query, keep_blank_values=True), TODAY)


def assert_can_be_asked(choice: Choice) -> None:
    filters = choice.filters(TODAY)
    assert EARLIEST <= filters.first_day <= filters.last_day <= TODAY
    for dimension in DIMENSIONS:
        values = filters.values(dimension)
        assert len(set(values)) == len(values) <= MOST_VALUES
    assert filters.least is None or filters.least > 0
    for view in VIEWS:
        for value in view.query(filters).parameters.values():
            assert 0 < len(value) <= 255
            assert "\0" not in value


@given(choices())
def test_an_address_brings_the_choice_back(choice):
    said = meant(address(choice))
    # Where the values are too many for an address, it says none of them.
    assert said in (choice, replace(choice, only={}))
    assert said == choice or len(urlencode({"x": sum(choice.only.values(), ())}, doseq=True)) > 1_700


@given(choices())
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
            Choice("Last 12 months", only={"category": ("Books", "Snow & Ice")}),
        ),
        ("from=2026-01-01&to=2026-03-31", Choice(CUSTOM, (date(2026, 1, 1), date(2026, 3, 31)))),
        ("period=qtd&least=120.5", Choice("Quarter to date", least=Decimal("120.5"))),
        (
            "region=R1&country=PE&product=Ball&city=Lima%2C+PE",
            Choice(
                only={"region": ("R1",), "country": ("PE",), "product": ("Ball",), "place": ("Lima, PE",)}
            ),
        ),
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
        (
            "category=A&category=&category=A&category=%0A&category=" + "x" * 256,
            Choice(only={"category": ("A",)}),
        ),
        ("least=0&place=Lima", Choice()),
        ("least=1e9", Choice()),
        ("least=-5", Choice()),
        ("least=NaN", Choice()),
        ("least=%D9%A5", Choice()),
        ("least=1.005", Choice()),
    ],
)
def test_what_nobody_here_would_write(query, choice):
    assert meant(query) == choice


def test_more_values_than_a_query_takes_are_left_out():
    choice = meant("&".join(f"category={number}" for number in range(999)))
    assert len(choice.only["category"]) == MOST_VALUES


def test_some_values_never_stand_for_all_that_were_chosen():
    many = tuple(f"{number} {'é' * 50}" for number in range(20))
    choice = Choice("Last 7 days", only={"category": many, "region": ("R1",)}, least=Decimal(5))
    assert choice.parameters() == {"period": ["7d"], "least": ["5"]}


@given(st.text() | st.floats().map(str) | st.decimals(allow_nan=True).map(str))
def test_any_text_is_an_amount_or_none(text):
    found = amount(text)
    assert found is None or 0 < found < 10**9


def test_values_are_kept_in_one_order_and_none_is_all():
    choice = Choice().keeping("product", ["A"]).keeping("region", ["B", "B", "", "\n"])
    assert list(choice.only.items()) == [("region", ("B",)), ("product", ("A",))]
    assert choice.keeping("region", []).keeping("product", []) == Choice()


def test_a_preset_moves_with_the_calendar():
    choice = meant("period=7d")
    later = TODAY + timedelta(days=30)
    assert choice.filters(later).last_day == later - timedelta(days=1)
