"""Policy tests on the administrators' page: as Ada, and not as anybody else."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe

pytestmark = pytest.mark.browser
# Of somebody who has never signed in: who has, and who not yet, depends on the tests before.
EXAMPLE = Path("infra/policy-tests.yaml").read_text().replace("alex@example.com", "zoe@example.com")


def at_the_tests(visitor) -> Page:
    visitor.open_as("Ada Admin", "/admin")
    visitor.page.get_by_role("tab", name="Policy tests").click()
    expect(text_of(visitor.page)).to_be_visible()
    return visitor.page


def text_of(page: Page):
    return page.get_by_role("textbox", name="What each person should see, as YAML")


def run(page: Page, text: str | None = None) -> None:
    if text is not None:
        text_of(page).fill(text)
        text_of(page).press("Control+Enter")
    page.get_by_role("button", name="Run", exact=True).press("Enter")


def row(page: Page, person: str, table: str):
    return page.get_by_role("row").filter(has_text=person).filter(has_text=table)


def test_ada_holds_a_text_against_the_rules(visitor, stranger):
    stranger.open_as("Frank Amer")
    page = at_the_tests(visitor)
    expect(text_of(page)).to_have_value(re.compile(r"frank@example\.com:\n    public\.sales_data: "))
    run(page)
    expect(page.get_by_role("status").filter(has_text=re.compile(r"^(\d+) of \1 hold\.$"))).to_be_visible()

    run(page, EXAMPLE.replace("timezone LIKE 'America%'", "timezone LIKE 'America%' AND country <> 'PE'"))
    frank = row(page, "frank@example.com", "public.sales_data")
    expect(frank).to_contain_text("Differs")
    expect(frank).to_contain_text(
        "expected only rows whose timezone begins with “America” and whose country is something other than"
        " “PE”"
    )
    expect(frank).to_contain_text("beyond them, for example timezone America/Lima, country PE")
    expect(row(page, "zoe@example.com", "public.sales_data")).to_contain_text("Not known")
    assert axe.faults(page) == []

    page.get_by_role("tab", name="Policies", exact=True).click()
    expect(text_of(page)).to_have_count(0)
    page.get_by_role("tab", name="Policy tests").click()
    expect(text_of(page)).to_have_value(re.compile("country <> 'PE'"))  # what was written is still there


def test_a_text_is_a_text_whatever_it_holds(visitor):
    page = at_the_tests(visitor)
    run(page, "expect: {<img src=x onerror=alert(1)>@example.com: {}}")
    expect(page.get_by_role("alert").filter(has_text="RL-475")).to_contain_text(
        "<img src=x onerror=alert(1)>"
    )
    run(page, "expect:\n  ada@example.com: {public.sales_data: sometimes}\n  x: {}")
    expect(page.get_by_role("alert").filter(has_text="line 2: “sometimes”")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="line 3: “x” is neither")).to_be_visible()


def test_frank_has_no_such_page(visitor):
    visitor.open_as("Frank Amer", "/admin")
    expect(visitor.page.get_by_text("This page is for administrators of the warehouse.")).to_be_visible()
    expect(visitor.page.get_by_role("tab")).to_have_count(0)
    expect(visitor.page.get_by_role("textbox")).to_have_count(0)
