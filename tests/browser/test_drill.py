"""Down to the orders and back, by the mouse and by the keyboard, with figures as SQL has them."""

import re
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_people import PERIOD, assert_shows, plain, table_rows

pytestmark = pytest.mark.browser

COLUMNS = {
    "category": "category",
    "product": "product_name",
    "region": "region_code",
    "country": "country",
    "city": "city || ', ' || country",
}
MOST_TABS = 100


def is_chosen(address: str) -> str:
    """What the address says beside the period, as SQL."""
    chosen = parse_qs(urlsplit(address).query)
    quoted = {name: value.replace("'", "''") for name, (value,) in chosen.items()}
    return " AND ".join([PERIOD, *(f"{COLUMNS[name]} = '{value}'" for name, value in quoted.items())])


def assert_level_is_what_sql_says(visitor, sql, name: str, level: str) -> None:
    """The level's figures, and the best of its members."""
    where = is_chosen(visitor.page.url)
    figures = "sum(quantity * sales_price), sum(quantity), count(*) FROM public.sales_data"
    ((sales, units, orders),) = sql(name, f"SELECT {figures} WHERE {where}")
    for label, exact in (("Total sales", sales), ("Units", units), ("Orders", orders)):
        assert_shows(visitor, label, Decimal(exact))
    members = f"SELECT {COLUMNS[level]}, {figures} WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3"
    best = sql(name, members)
    rows = table_rows(visitor, len(best))
    shown = [(plain(row[1]), plain(row[5]), plain(row[6])) for row in rows]
    assert shown == [tuple(map(Decimal, three)) for _, *three in best]
    if level != "country":  # which has another name on the page
        assert [row[0] for row in rows] == [member for member, *_ in best]


def assert_orders_are_what_sql_says(visitor, sql, name: str) -> None:
    expect(visitor.page.get_by_role("heading", name="Orders", level=2)).to_be_visible()
    where = is_chosen(visitor.page.url)
    amounts = sql(
        name,
        f"SELECT quantity * sales_price FROM public.sales_data WHERE {where} "
        'ORDER BY "timestamp" DESC, product_name LIMIT 5',
    )
    assert [plain(row[5]) for row in table_rows(visitor, len(amounts))] == [Decimal(a) for (a,) in amounts]


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, level=2)).to_be_visible()


def open_best(page: Page) -> None:
    """Clicks on the first name of the table."""
    page.get_by_test_id("stDataFrame").click(position={"x": 40, "y": 52})


def tab_to(page: Page, role: str, name: str) -> None:
    """Goes there by the keyboard alone."""
    wanted = page.get_by_role(role, name=name, exact=True)
    expect(wanted).to_be_visible()
    for _ in range(MOST_TABS):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"The keyboard does not reach {name}.")


def test_the_mouse_leads_down_to_the_orders_and_every_way_leads_back(visitor, sql):
    name, page = "Alex Emea", visitor.page
    visitor.open_as(name, "/products")
    for level, below in (("category", "Products"), ("product", "Cities"), ("city", "Orders")):
        assert_level_is_what_sql_says(visitor, sql, name, level)
        open_best(page)
        heading(page, below)
    assert_orders_are_what_sql_says(visitor, sql, name)
    orders = page.url
    (category,), (product,), (city,) = parse_qs(urlsplit(orders).query).values()
    expect(page.locator("[aria-current=location]")).to_have_text(city)

    page.go_back()
    heading(page, "Cities")
    page.go_back()
    heading(page, "Products")
    page.go_forward()
    heading(page, "Cities")
    assert_level_is_what_sql_says(visitor, sql, name, "city")
    page.get_by_role("button", name="Back", exact=True).click()
    heading(page, "Products")
    page.get_by_role("button", name="All categories", exact=True).click()
    heading(page, "Categories")
    expect(page).to_have_url(re.compile(r"/products$"))
    assert_level_is_what_sql_says(visitor, sql, name, "category")

    visitor.open(orders.removeprefix(visitor.demo.url))  # as a link does
    heading(page, "Orders")
    page.get_by_role("button", name=category, exact=True).click()
    heading(page, "Products")
    expect(page.get_by_role("button", name=product, exact=True)).to_have_count(0)
    assert not visitor.seen.faults


def test_the_keyboard_alone_leads_down_and_back(visitor, sql):
    name, page = "Ming Apac", visitor.page
    visitor.open_as(name, "/customers")
    for level, below in (("region", "Countries"), ("country", "Cities"), ("city", "Orders")):
        assert_level_is_what_sql_says(visitor, sql, name, level)
        tab_to(page, "combobox", f"Open a {level}")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("option").first).to_be_visible()
        page.keyboard.press("Enter")
        heading(page, below)
    assert_orders_are_what_sql_says(visitor, sql, name)
    tab_to(page, "button", "Back")
    page.keyboard.press("Enter")
    heading(page, "Cities")
    tab_to(page, "button", "All regions")
    page.keyboard.press("Enter")
    heading(page, "Regions")
    assert_level_is_what_sql_says(visitor, sql, name, "region")
    assert not visitor.seen.faults


def test_a_link_to_a_level_opens_it_with_the_rows_of_whoever_follows_it(visitor, stranger, sql):
    visitor.open_as("Ethan Global", "/products?category=Running")
    heading(visitor.page, "Products")
    open_best(visitor.page)
    heading(visitor.page, "Cities")
    stranger.open_as("Ming Apac", visitor.page.url.removeprefix(visitor.demo.url))
    heading(stranger.page, "Cities")
    assert_level_is_what_sql_says(stranger, sql, "Ming Apac", "city")
    assert stranger.metric()[0] < visitor.metric()[0]


def test_who_may_see_nothing_is_told_why(visitor):
    visitor.open_as("Nora Newcomer", "/products?category=Running")
    for link in ("Customers' cities", "Products"):
        expect(visitor.page.get_by_text("There is nothing here for you yet.")).to_be_visible()
        expect(visitor.page.get_by_test_id("stDataFrame")).to_have_count(0)
        visitor.page.get_by_role("link", name=link).first.click()
