"""Saved views, links and alerts as people use them: each their own, with figures as SQL has them."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.browser.test_people import SEES_ROWS
from tests.browser.visitor import number

WEEK = """"timestamp" >= dateadd(day, -7, current_date) AND "timestamp" < current_date"""
SALES = f"SELECT sum(quantity * sales_price) FROM public.sales_data WHERE {WEEK} AND category = 'Cycling'"
HOSTILE = "<img src=x onerror=alert(1)> **b** [x](javascript:alert(1))"


def open_tool(page, name):
    """By the keyboard alone; once it is open the page has been told so."""
    page.get_by_role("button", name=name, exact=True).press("Enter")


def statements(visitor):
    """How many the Data API was asked to run so far."""
    return visitor.demo.log().count("redshift-data ExecuteStatement by")


@pytest.mark.browser
@pytest.mark.parametrize("name", SEES_ROWS)
def test_each_keeps_views_and_alerts_of_their_own(name, visitor, sql):
    visitor.open_as(name, "/?period=30d&category=Cycling")
    page = visitor.page
    visitor.metric()
    open_tool(page, "Views")
    page.get_by_label("Save this view as").fill(f"{name}: {HOSTILE}")
    page.keyboard.press("Enter")
    saved = page.get_by_role("link", name=f"{name}: {HOSTILE}")
    expect(saved).to_have_attribute("href", "/?period=30d&category=Cycling")
    expect(page.get_by_role("link").filter(has_text=HOSTILE)).to_have_count(1)  # nobody else's
    page.keyboard.press("Escape")

    open_tool(page, "Alerts")
    expect(page.get_by_text("Tell me when sales of Cycling")).to_be_visible()
    page.get_by_role("combobox", name="are").click()
    page.get_by_role("option", name="above").click()
    page.get_by_label("Amount").fill("0.01")
    page.get_by_role("button", name="Set alert").click()
    expect(page.get_by_role("status").filter(has_text="1 alert")).to_be_visible()
    told = page.get_by_text(re.compile(r"^Cycling, last 7 days: \$.*, above \$0\.01$"))
    figure = re.search(r": (\$\S+), above", told.inner_text())[1]
    ((exact,),) = sql(name, SALES)
    shown, rounding = number(figure)
    assert abs(shown - Decimal(exact)) <= rounding

    before = statements(visitor)
    visitor.refreshed()
    assert statements(visitor) == before + 1

    visitor.open("/?period=7d")  # a reload keeps nothing but what the warehouse keeps
    expect(page.get_by_role("status").filter(has_text="1 alert")).to_be_visible()
    open_tool(page, "Views")
    saved.click()
    expect(page).to_have_url(re.compile(r"\?period=30d&category=Cycling$"))
    expect(page.get_by_text("Category: Cycling")).to_be_visible()

    open_tool(page, "Alerts")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Yes, delete").click()
    expect(page.get_by_role("status").filter(has_text="1 alert")).to_have_count(0)
    assert not visitor.seen.faults


@pytest.mark.browser
def test_a_link_shows_its_reader_their_own_rows_and_says_so(visitor, stranger, sql):
    visitor.open_as("Ethan Global", "/?period=7d&category=Cycling")
    visitor.metric()
    open_tool(visitor.page, "Views")
    link = visitor.page.get_by_test_id("stCode").inner_text().strip()
    assert link == f"{visitor.demo.url}/?period=7d&category=Cycling&shared=1"

    path = link.removeprefix(visitor.demo.url)
    stranger.open_as("Frank Amer", path)
    told = "This view was shared as a link. You see it with the rows that Redshift lets {} see."
    expect(stranger.page.get_by_text(told.format("Frank Amer"))).to_be_visible()
    ((exact,),) = sql("Frank Amer", SALES)
    shown, rounding = stranger.metric()
    assert abs(shown - Decimal(exact)) <= rounding
    expect(stranger.page).to_have_url(re.compile(r"\?period=7d&category=Cycling$"))

    stranger.sign_out()
    stranger.open_as("Nora Newcomer", path)
    expect(stranger.page.get_by_text(told.format("Nora Newcomer"))).to_be_visible()
    expect(stranger.page.get_by_text("There is nothing here for you yet.")).to_be_visible()
    expect(stranger.page.get_by_role("button", name="Views")).to_have_count(0)
    assert not visitor.seen.faults
    assert not stranger.seen.faults
