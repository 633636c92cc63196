"""How do I see this: each person meets the proof in the page; its figures are SQL's as the same person."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.proofs import assert_steps, fact, opened
from tests.browser.test_people import SEES_NOTHING, SEES_ROWS

pytestmark = pytest.mark.browser
COUNT = "SELECT count(*), count(DISTINCT region_code), count(DISTINCT country) FROM public.sales_data"
WORDS = {
    "Ethan Global": "lifted for AWSIDC:exec-global by IGNORE RLS: every row comes through.",
    "Frank Amer": "lets through rows whose timezone begins with “America”.",
    "Alex Emea": "lets through rows whose timezone begins with “Europe”.",
    "Ming Apac": "lets through rows whose timezone begins with “Asia”.",
    "Nora Newcomer": "You are in no group, so Redshift gives you no role.",
    "Ada Admin": "Your role is AWSIDC:analytics-admins. It does not hold SELECT on public.sales_data.",
}
HOLDS, ENDS = ["holds"] * 5 + ["come through"], ["holds"] * 4 + ["ends here", "not reached"]


@pytest.mark.parametrize("name", SEES_ROWS)
def test_whoever_sees_rows_is_shown_by_which_links(name, visitor, sql):
    visitor.open_as(name)
    visitor.metric()
    asked = len(visitor.demo.events("query"))
    proof = opened(visitor)
    ((rows, regions, countries),) = sql(name, COUNT)
    expect(proof.get_by_text(f"You see {rows:,} rows of public.sales_data.")).to_be_visible()
    expect(proof.get_by_text(WORDS[name]).first).to_be_visible()
    assert_steps(proof, HOLDS)
    ((user,),) = sql(name, "SELECT current_user")
    expect(fact(proof, "current_user")).to_have_text(user)
    assert len(fact(proof, "Regions").inner_text().split(" · ")) == regions
    proof.get_by_text(re.compile(r"^and \d+ more$")).click()
    expect(fact(proof, "Countries")).to_have_text(re.compile(rf"^{countries}: "))
    assert 0 < len(visitor.demo.events("query")) - asked <= 9  # nothing more than it needs, and once
    assert not visitor.seen.faults


@pytest.mark.parametrize("name", SEES_NOTHING)
def test_whoever_sees_nothing_is_shown_at_which_link_it_ends(name, visitor):
    visitor.open_as(name)
    if name == "Ada Admin":  # the page is drawn anew once it is known that she administers
        expect(visitor.page.get_by_role("link", name="Admin", exact=True)).to_be_visible()
    proof = opened(visitor)
    expect(proof.get_by_text("You see no rows of public.sales_data.")).to_be_visible()
    expect(proof.get_by_text(WORDS[name]).first).to_be_visible()
    expect(proof.get_by_text("What would change it")).to_be_visible()
    assert_steps(proof, ENDS)
    expect(proof.get_by_role("row", name="amer_region_filter")).to_have_count(int(name == "Ada Admin"))
    assert not visitor.seen.faults


def test_a_page_asks_nothing_for_its_proof_until_somebody_opens_it(visitor):
    visitor.open_as("Frank Amer")
    visitor.refreshed()
    asked = [line for line in visitor.demo.events("query") if "How I see this" in line]
    visitor.refreshed()
    visitor.open_cities()
    visitor.metric()
    assert [line for line in visitor.demo.events("query") if "How I see this" in line] == asked


def test_the_page_of_its_own_says_the_same_of_the_page_that_was_shown_last(visitor):
    visitor.open_as("Frank Amer")
    visitor.open_cities()
    visitor.metric()
    page = visitor.page
    page.get_by_role("link", name="How I see this").first.click()
    expect(page.get_by_role("heading", name="On record")).to_be_visible()
    expect(page.get_by_role("radio", name="Total sales by city")).to_be_checked()
    record = page.locator("section").filter(has_text="On record")
    found = fact(record, "Statement").inner_text()
    (event,) = (line for line in visitor.demo.events("query") if f"statement={found}" in line)
    assert 'query="Total sales by city"' in event
    assert f"id={fact(record, 'Audit event').inner_text().split()[0]} " in event
    expect(page.get_by_text("aws cloudtrail lookup-events")).to_be_visible()
    page.get_by_role("radio", name="Products").click()
    expect(page.get_by_text("Products has shown nothing in this tab yet.")).to_be_visible()
    assert not visitor.seen.faults


def test_by_keyboard_it_opens_and_closes_and_the_page_stays(visitor):
    visitor.open_as("Frank Amer")
    before = visitor.metric()
    page = visitor.page
    page.get_by_role("button", name="How do I see this?").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("heading", name="On record")).to_be_visible()
    # Pressed while the dialog is still being filled, it may go by.
    visitor.until(lambda: page.keyboard.press("Escape") or not page.get_by_role("dialog").count())
    assert visitor.metric() == before


@pytest.mark.on("renewing")
def test_what_renewed_the_credentials_is_seen_at_the_next_refresh(visitor):
    visitor.open_as("Frank Amer", "/how")
    page = visitor.page
    expect(page.get_by_role("heading", name="On record")).to_be_visible()
    ends = page.locator("section").filter(has_text="Role session").locator("time").first
    before = ends.get_attribute("datetime")
    page.wait_for_timeout(3_500)  # longer than they live
    visitor.refresh()
    visitor.until(lambda: ends.get_attribute("datetime") != before)
    assert_steps(page, HOLDS)
