"""The Overview in a browser: figures equal to SQL's under the same identity, clicks and keys."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from app.views.formats import country
from tests.browser.test_people import assert_shows
from tests.browser.visitor import number

pytestmark = pytest.mark.browser

PANELS = ["Sales over time", "By category", "By region", "By country", "Top products", "Lowest products"]
DAYS = 90


def chart(visitor, panel):
    return visitor.page.get_by_test_id("stVegaLiteChart").nth(PANELS.index(panel))


def bar(visitor, panel, name):
    """A bar as a screen reader finds it."""
    return chart(visitor, panel).locator(f"[aria-roledescription=bar][aria-label^={name!r}]")


def period(*, years_ago=0):
    """The days that the page shows at first, in SQL."""
    last = datetime.now(UTC).date() - timedelta(days=1)
    first = last - timedelta(days=DAYS - 1)
    leap = (first.month, first.day) == (2, 29) and years_ago
    first = first.replace(year=first.year - years_ago, day=28 if leap else first.day)
    after = first + timedelta(days=DAYS)
    return f"\"timestamp\" >= '{first}' AND \"timestamp\" < '{after}'"


def best(sql, person, column):
    """What sold most, by SQL."""
    (row, *_) = sql(
        person,
        f"SELECT {column}, sum(quantity * sales_price) AS sales FROM public.sales_data "
        f"WHERE {period()} GROUP BY {column} ORDER BY sales DESC LIMIT 1",
    )
    return row[0], Decimal(row[1])


@pytest.mark.parametrize("person", ["Ethan Global", "Frank Amer"])
def test_figures_are_those_that_redshift_gives_the_person(visitor, sql, person):
    visitor.open_as(person)
    ((now, year_ago),) = sql(
        person,
        f"SELECT sum(CASE WHEN {period()} THEN quantity * sales_price END), "
        f"sum(CASE WHEN {period(years_ago=1)} THEN quantity * sales_price END) FROM public.sales_data",
    )
    assert_shows(visitor, "Total sales", Decimal(now))
    change = f"{100 * (Decimal(now) / Decimal(year_ago) - 1):+.1f}%"
    metric = visitor.page.get_by_test_id("stMetric").filter(has_text="Total sales")
    expect(metric).to_contain_text(f"{change} vs same period last year")
    for panel, column in {
        "By category": "category",
        "By country": "country",
        "Top products": "product_name",
    }.items():
        name, sales = best(sql, person, column)
        label = country(name) if column == "country" else name
        found = bar(visitor, panel, f"{label}: ")
        expect(found).to_be_visible()
        shown, rounded = number(found.get_attribute("aria-label").removeprefix(f"{label}: "))
        assert abs(shown - sales) <= rounded


def test_a_click_on_a_bar_chooses_it_and_another_click_all_again(visitor, sql):
    visitor.open_as("Ethan Global")
    name, sales = best(sql, "Ethan Global", "category")
    whole = visitor.metric()
    bar(visitor, "By category", name).click(force=True)
    chip = visitor.page.get_by_role("button", name=f"Category: {name}")
    expect(chip).to_be_visible()
    assert_shows(visitor, "Total sales", sales)
    bar(visitor, "By category", name).click(force=True)
    expect(chip).to_have_count(0)
    visitor.until(lambda: visitor.metric() == whole)


def test_every_switch_works_from_the_keyboard_and_keeps_the_focus(visitor):
    visitor.open_as("Ethan Global")
    expect(chart(visitor, "Lowest products").locator("svg")).to_be_visible()
    page = visitor.page
    for choice, key in (("Month", "Space"), ("Last year", "Enter"), ("Tables", "Enter")):
        button = page.get_by_role("radio", name=choice)
        button.focus()
        page.keyboard.press(key)
        expect(button).to_be_checked()
    expect(page.get_by_test_id("stDataFrame")).to_have_count(len(PANELS))
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(0)
