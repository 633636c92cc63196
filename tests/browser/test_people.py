"""Each person signs in through the real pages; what they see is what SQL says under the same identity."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.browser import grids
from tests.browser.proofs import fact, opened

SEES_ROWS = ["Ethan Global", "Frank Amer", "Alex Emea", "Ming Apac"]
SEES_NOTHING = ["Nora Newcomer", "Ada Admin"]
PERIOD = """"timestamp" >= dateadd(day, -90, current_date) AND "timestamp" < current_date"""
TOTALS = f"SELECT sum(quantity * sales_price), sum(quantity), count(*) FROM public.sales_data WHERE {PERIOD}"
CITIES = f"""
SELECT city, country, sum(quantity * sales_price) AS sales, sum(quantity), count(*)
FROM public.sales_data WHERE {PERIOD}
GROUP BY city, country, latitude, longitude ORDER BY sales DESC, city, country LIMIT 8
"""


def assert_shows(visitor, label: str, exact: Decimal) -> None:
    """What stands there of the choice before stays until the answer comes: waited for."""

    def shows() -> bool:
        shown, rounding = visitor.metric(label)
        return abs(shown - exact) <= rounding

    visitor.until(shows)


def table_rows(visitor, count: int) -> list[list[str]]:
    """The first rows of the page's table."""
    page = visitor.page
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    rows = page.get_by_test_id("stDataFrame").locator("table[role=grid]").locator("tbody tr")
    return grids.cells(rows, count)


def plain(text: str) -> Decimal:
    return Decimal(re.sub(r"[$,]", "", text))


@pytest.mark.browser
@pytest.mark.on("popup", "tags")
@pytest.mark.parametrize("name", SEES_ROWS)
def test_the_pages_show_what_sql_says(name, visitor, sql):
    visitor.sign_in(name)
    ((sales, units, orders),) = sql(name, TOTALS)
    assert_shows(visitor, "Total sales", Decimal(sales))
    assert_shows(visitor, "Units", Decimal(units))
    assert_shows(visitor, "Orders", Decimal(orders))
    assert_shows(visitor, "Average order", Decimal(sales) / orders)
    expect(visitor.page.get_by_text(f"Rows that Redshift lets {name} see")).to_be_visible()

    visitor.open_cities()
    assert_shows(visitor, "Total sales", Decimal(sales))
    expected = sql(name, CITIES)
    visitor.page.get_by_text("The same as a table").click()
    shown = [(r[0], r[1], plain(r[2]), plain(r[4]), plain(r[5])) for r in table_rows(visitor, len(expected))]
    assert shown == [(c, k, Decimal(s), Decimal(u), Decimal(o)) for c, k, s, u, o in expected]
    assert not visitor.seen.faults


@pytest.mark.browser
@pytest.mark.parametrize("name", SEES_NOTHING)
def test_who_may_see_nothing_is_told_why(name, visitor):
    visitor.open_as(name)
    for _ in range(2):
        expect(visitor.page.get_by_text("There is nothing here for you yet.")).to_be_visible()
        expect(visitor.page.get_by_text(re.compile(r"RL-41\d "))).to_be_visible()
        expect(visitor.page.get_by_test_id("stMetric")).to_have_count(0)
        visitor.page.get_by_role("link", name="Total sales by city").first.click()
    assert not visitor.seen.faults


@pytest.mark.browser
@pytest.mark.on("tags")
def test_by_session_tags_a_person_works_through_renewals_until_they_sign_out(visitor):
    """Here, beside its figures: no other test needs this demonstration, and each costs its start."""
    visitor.open_as("Frank Amer")
    shown, renewed = visitor.metric(), len(visitor.demo.events("renewal"))
    while len(visitor.demo.events("renewal")) < renewed + 2:
        visitor.page.wait_for_timeout(1_000)
        visitor.refreshed()
    assert visitor.metric() == shown
    proof = opened(visitor)
    expect(fact(proof, "current_user")).to_have_text("IAMR:frank@example.com")
    expect(fact(proof, "Tag RedshiftDbRoles")).to_have_text("amer-sales")
    expect(proof.get_by_text("Identity Center")).to_have_count(0)
    visitor.page.keyboard.press("Escape")
    visitor.sign_out()
    visitor.shows_nothing_of("Frank Amer")
    assert not visitor.seen.faults
