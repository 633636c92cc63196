"""Numbers as people read them."""

import unicodedata
from datetime import date
from decimal import Decimal

import pytest
from babel import localedata
from hypothesis import given
from hypothesis import strategies as st

from app.views import formats

GERMAN = formats.marks("de-DE")
TAGS = (
    *("en-US", "de-DE", "fr-FR", "es-MX", "en-IN", "ar-EG", "he-IL", "fa-IR", "mr-IN", "ja-JP", "sr-Latn-RS"),
    *("pt-BR", "bg-BG", "my-MM", "zh-Hant-TW", "ca-ES-valencia", "en-US-u-nu-arab", "und", "en_GB"),
)


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


@pytest.mark.parametrize(
    ("locale", "currency", "exact", "short"),
    [
        ("de-DE", "EUR", "-1.243.508,20\u00a0€", "-1,24M\u00a0€"),
        ("de-AT", "USD", "-$\u00a01.243.508,20", "-$\u00a01,24M"),
        ("fr-FR", "USD", "-1\u202f243\u202f508,20\u00a0$US", "-1,24M\u00a0$US"),
        ("en-IN", "INR", "-₹12,43,508.20", "-₹1.24M"),
        ("en-US", "JPY", "-¥1,243,508", "-¥1.24M"),
        ("en-US", "CHF", "-CHF\u00a01,243,508.20", "-CHF\u00a01.24M"),
        ("ar-EG", "EGP", "-1,243,508.20\u00a0EGP", "-1.24M\u00a0EGP"),
        ("he-IL", "ILS", "-1,243,508.20\u00a0₪", "-1.24M\u00a0₪"),
        ("mr-IN", "USD", "-$12,43,508.20", "-$1.24M"),
        ("es-MX", "USD", "-USD\u00a01,243,508.20", "-USD\u00a01.24M"),
    ],
)
def test_a_locale_brings_its_marks_and_the_currency_its_symbol(locale, currency, exact, short):
    marks = formats.marks(locale, currency)
    assert formats.money(Decimal("-1243508.2"), marks) == exact
    assert formats.short_money(Decimal("-1243508.2"), marks) == short


@given(st.integers(min_value=0, max_value=10**15), st.sampled_from(("en-IN", "de-DE", "fr-CH")))
def test_groups_hold_all_digits_in_their_order(number, locale):
    marks = formats.marks(locale)
    groups = formats.count(number, marks).split(marks.thousands)
    assert int("".join(groups)) == number
    assert [len(group) for group in groups[1:-1]] == [marks.grouping[1]] * len(groups[1:-1])


@pytest.mark.parametrize(
    "locale",
    [None, "", "en-US", "xx", "../../etc", "en/../../x", "\0", "en\0", "-", "zz-DE", "\u0661"],
)
def test_an_unknown_locale_is_english(locale):
    assert formats.marks(locale) == formats.ENGLISH


@pytest.mark.parametrize(
    "locale", ["de", "DE-de", "de_DE", "de-XX", "de-DE-1996", "de-DE-u-nu-arab", "de_" * 999]
)
def test_a_language_is_known_whatever_else_its_tag_says(locale):
    assert formats.marks(locale) == GERMAN


@given(
    st.text(max_size=30) | st.sampled_from(TAGS),
    st.decimals(min_value=-(10**12), max_value=10**12, places=2),
    st.sampled_from(("USD", "EGP")),
)
def test_any_text_of_a_browser_is_some_locale_with_latin_digits_from_left_to_right(locale, amount, currency):
    marks = formats.marks(locale, currency)
    for text in (
        formats.money(amount, marks),
        formats.short_money(amount, marks),
        formats.count(amount, marks),
    ):
        assert sum(character in "0123456789" for character in text) == sum(map(str.isdigit, text)) > 0
        assert not {"R", "AL", "AN"} & {unicodedata.bidirectional(character) for character in text}


def test_babel_keeps_no_locale_that_a_browser_once_named():
    formats.marks("de-DE")
    kept = len(localedata._cache)
    for tag in ("pl-PL", "hu-HU", "th-TH", "vi-VN", "uk-UA"):
        formats.marks(tag)
    assert len(localedata._cache) <= kept


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("DE", "Germany"),
        ("US", "United States"),
        ("CI", "Côte d\u2019Ivoire"),
        ("ZZ", "ZZ"),
        ("001", "001"),
        ("", ""),
        ("de", "de"),
        ("<img>", "<img>"),
    ],
)
def test_a_country_has_its_english_name_and_what_is_none_stays(code, name):
    assert formats.country(code) == name


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
        ("-10", "-20", ("+50.0%", "vs previous 90 days", "up")),
        ("-30", "-20", ("-50.0%", "vs previous 90 days", "down")),
    ],
)
def test_a_change_has_a_sign_and_words(now, before, expected):
    change = formats.change(Decimal(now), None if before is None else Decimal(before), days=90)
    assert (change.figure, change.compared, change.direction) == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("100", ("+8.1%", "vs same period last year", "up")),
        (None, ("No sales", "in the same period last year", "off")),
    ],
)
def test_a_change_is_told_from_last_year_too(before, expected):
    was = None if before is None else Decimal(before)
    change = formats.change(Decimal("108.1"), was, days=90, against="year_ago")
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
