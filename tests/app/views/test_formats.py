"""Numbers as people read them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.views import formats

GERMAN = formats.separators("de-DE")


@pytest.mark.parametrize(
    ("amount", "short", "exact"),
    [
        ("0", "$0.00", "$0.00"),
        ("45.6", "$45.60", "$45.60"),
        ("203.449", "$203", "$203.45"),
        ("999.49", "$999", "$999.49"),
        ("999.5", "$1.00k", "$999.50"),
        ("1243508.2", "$1.24M", "$1,243,508.20"),
        ("999950", "$1.00M", "$999,950.00"),
        ("12412345.67", "$12.4M", "$12,412,345.67"),
        ("184213", "$184k", "$184,213.00"),
        ("99999999999999999999999.99", "$100,000,000,000,000B", "$99,999,999,999,999,999,999,999.99"),
        ("-1243508.205", "-$1.24M", "-$1,243,508.21"),
    ],
)
def test_money_is_short_on_the_page_and_exact_in_the_table(amount, short, exact):
    assert formats.short_money(Decimal(amount)) == short
    assert formats.money(Decimal(amount)) == exact


@pytest.mark.parametrize(
    ("number", "short", "exact"),
    [
        (0, "0", "0"),
        (61, "61", "61"),
        (912, "912", "912"),
        (1000, "1.00k", "1,000"),
        (184213, "184k", "184,213"),
    ],
)
def test_counts_have_no_decimals_until_they_are_shortened(number, short, exact):
    assert formats.short_count(number) == short
    assert formats.count(number) == exact


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_money_can_be_read_back(amount):
    text = formats.money(amount)
    assert Decimal(text.replace("$", "").replace(",", "")) == amount


@given(st.decimals(min_value=1, max_value=10**12, places=2))
def test_short_money_is_near(amount):
    text = formats.short_money(amount).removeprefix("$")
    unit = {"k": 10**3, "M": 10**6, "B": 10**9}.get(text[-1], 1)
    shown = Decimal(text.rstrip("kMB").replace(",", "")) * unit
    assert abs(shown - amount) <= max(amount / 100, Decimal("0.5"))


def test_a_locale_brings_its_separators():
    assert formats.money(Decimal("1243508.2"), GERMAN) == "$1.243.508,20"
    assert formats.short_money(Decimal("1243508.2"), GERMAN) == "$1,24M"
    assert formats.money(Decimal("1243508.2"), formats.separators("fr-FR")) == "$1\u202f243\u202f508,20"


@pytest.mark.parametrize("locale", [None, "", "en-US", "xx", "../../etc", "es-MX"])
def test_an_unknown_locale_is_english(locale):
    assert formats.separators(locale) == formats.ENGLISH


@pytest.mark.parametrize(
    ("amount", "text"), [("20000", "$20k"), ("500", "$500"), ("1000000", "$1M"), ("5000000000", "$5B")]
)
def test_round_figures_stay_round(amount, text):
    assert formats.round_money(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ("108.1", "100", ("+8.1%", "vs previous 90 days", "up")),
        ("96.8", "100", ("-3.2%", "vs previous 90 days", "down")),
        ("100.04", "100", ("0.0%", "vs previous 90 days", "off")),
        ("99.96", "100", ("0.0%", "vs previous 90 days", "off")),
        ("5", None, ("No sales", "in the previous 90 days", "off")),
        ("5", "0", ("No sales", "in the previous 90 days", "off")),
        ("0", "100", ("-100.0%", "vs previous 90 days", "down")),
    ],
)
def test_a_change_has_a_sign_and_words(now, before, expected):
    change = formats.change(Decimal(now), None if before is None else Decimal(before), days=90)
    assert (change.figure, change.compared, change.direction) == expected


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 8, 26), date(2026, 11, 23), "26 Aug to 23 Nov 2026"),
        (date(2025, 12, 26), date(2026, 1, 2), "26 Dec 2025 to 2 Jan 2026"),
        (date(2026, 1, 2), date(2026, 1, 2), "2 Jan 2026"),
    ],
)
def test_a_span_says_a_year_once(first, last, text):
    assert formats.span(first, last) == text
