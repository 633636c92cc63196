"""The administrators' page: whose it is, and that its figures are SQL's under their own identity."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import drawn
from tests.browser.conftest import profile
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
POLICIES = "SELECT polname, polqual, polmodifiedby FROM svv_rls_policy ORDER BY polname"
HISTORY = """
SELECT count(*), sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END), sum(returned_rows)
FROM sys_query_history WHERE username = 'AWSIDC:{}@example.com'
"""


@pytest.fixture
def ada(visitor, context):
    drawn.watch(context)
    visitor.open_as("Ada Admin")
    # Asked once her first page stands.
    visitor.page.get_by_test_id("stTopNavLink").filter(has_text="Admin").click()
    expect(visitor.page.get_by_role("heading", name="Admin", level=1)).to_be_visible()
    return visitor


def look_at(visitor, tab):
    visitor.page.get_by_role("tab", name=tab, exact=True).click()
    expect(visitor.page.get_by_role("tab", name=tab, exact=True)).to_have_attribute("aria-selected", "true")
    drawn.wait(visitor.page)


def rows(visitor, caption):
    """A table's rows, each cell's text."""
    table = visitor.page.get_by_role("table", name=re.compile(caption))
    expect(table).to_be_visible()
    cells = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.replace(/\\s+/g, ' ').trim()))"
    return table.locator("tbody tr:not(.rl-below)").evaluate_all(cells)


def row(visitor, caption, start):
    (found,) = (each for each in rows(visitor, caption) if each[0].startswith(start))
    return found


def test_the_rows_of_each_person_are_as_many_as_they_count_themselves(ada, sql):
    counted = {}
    for name in ("Ethan Global", "Frank Amer", "Alex Emea", "Ming Apac"):
        ((count,),) = sql(name, "SELECT count(*) FROM public.sales_data")
        counted[f"AWSIDC:{name.split()[0].lower()}@example.com"] = f"{count:,}"
    ada.page.get_by_role("button", name="Refresh").click()
    roles = {"ethan": "exec-global", "frank": "amer-sales", "alex": "emea-sales", "ming": "apac-sales"}
    for name, group in roles.items():
        caption = "Who sees what of public.sales_data"
        assert row(ada, caption, f"AWSIDC:{group}")[-1] == counted[f"AWSIDC:{name}@example.com"]
    assert not ada.seen.faults


def test_a_person_who_signed_in_is_shown_with_their_groups_roles(ada, chromium, sql):
    with profile(chromium) as context:
        frank = Visitor.at(context, ada.demo)
        frank.open_as("Frank Amer")
        frank.metric()
        asked = re.compile(r"person=frank@example\.com .*query=\"Who administers\"")
        ada.until(lambda: any(asked.search(line) for line in ada.demo.events("query")))
        expect(frank.page.get_by_test_id("stTopNavLink").filter(has_text="Admin")).to_have_count(0)
    ((count,),) = sql("Frank Amer", "SELECT count(*) FROM public.sales_data")
    ada.page.get_by_role("button", name="Refresh").click()
    ada.until(lambda: any(each[0].startswith("AWSIDC:frank") for each in rows(ada, "Who sees what")))
    found = row(ada, "Who sees what", "AWSIDC:frank@example.com")
    assert found[0] == "AWSIDC:frank@example.com person has AWSIDC:amer-sales"
    assert found[-1] == f"{count:,}"

    look_at(ada, "Sign-ins")
    assert row(ada, "Signed in now", "frank@example.com")[1] == "amer-sales"
    assert [each[0] for each in rows(ada, "^Sign-ins")][:2] == ["frank@example.com", "ada@example.com"]

    look_at(ada, "Statements")
    ((statements, failed, returned),) = sql("Ada Admin", HISTORY.format("frank"))
    found = row(ada, "By person", "AWSIDC:frank@example.com")
    assert [found[1], found[2], found[5]] == [f"{int(n):,}" for n in (statements, failed, returned)]


def test_an_administrator_ends_somebodys_sign_ins(ada, chromium):
    with profile(chromium) as desk, profile(chromium) as laptop:
        franks = [Visitor.at(context, ada.demo) for context in (desk, laptop)]
        for frank in franks:
            frank.open_as("Frank Amer")
            frank.metric()
        look_at(ada, "Sign-ins")
        ada.page.get_by_role("combobox", name="End all sign-ins of").click()
        ada.page.get_by_role("option", name="frank@example.com").click()
        ada.page.get_by_role("button", name="End sign-ins").click()
        expect(ada.page.get_by_text(re.compile(r"\d sign-ins of frank@example\.com ended\."))).to_be_visible()
        expect(ada.page.get_by_role("table", name=re.compile("Signed in now"))).not_to_contain_text("frank@")
        for frank in franks:
            # Nobody does anything in this tab: it looks for itself.
            expect(frank.page.get_by_text("An administrator ended your sign-in.")).to_be_visible(
                timeout=45_000
            )
            expect(frank.page.get_by_text("Code RL-241")).to_be_visible()
            frank.shows_nothing_of("Frank Amer")
    told = [line for line in ada.demo.events("sign-out") if "reason=RL-241" in line]
    assert len(told) >= 2
    assert all("person=frank@example.com" in line and "by=ada@example.com" in line for line in told)
    look_at(ada, "Sign-ins")
    assert [each[2] for each in rows(ada, "^Sign-outs")][:2] == ["RL-241 by ada@example.com"] * 2
    assert not ada.seen.faults


def test_policies_are_told_in_words_and_as_the_warehouse_has_them(ada, sql):
    look_at(ada, "Policies")
    expected = sql("Ada Admin", POLICIES)
    shown = rows(ada, "Row-level security policies")
    assert [each[0] for each in shown] == [name for name, _, _ in expected]
    assert "rows whose timezone begins with “America”" in shown[0][1]
    for place, (_, condition, by) in enumerate(expected):
        table = ada.page.get_by_role("table", name="Row-level security policies")
        table.locator("tbody tr").nth(place).get_by_text("SQL", exact=True).click()
        expect(table.locator("pre").nth(place)).to_have_text(condition)
        assert shown[place][-1].endswith(f"by {by}")
    assert not ada.seen.faults


def test_the_way_from_a_statement_to_its_audit_trail_goes_by_the_keyboard(ada):
    look_at(ada, "Statements")
    ada.page.get_by_role("combobox", name="Statements of").click()
    ada.page.get_by_role("option", name="AWSIDC:ada@example.com").click()
    table = ada.page.get_by_role("table", name=re.compile("Failed of AWSIDC:ada"))
    expect(table).to_be_visible()
    drawn.wait(ada.page)
    table.get_by_text("Audit trail").first.focus()
    ada.page.keyboard.press("Enter")
    command = table.get_by_text(re.compile("aws cloudtrail lookup-events")).first
    expect(command).to_be_visible()
    name = command.locator("xpath=ancestor::dl").inner_text()
    mark = re.search(r"Overview ([0-9a-f]{8})-([0-9a-f]{8})", name)
    assert f"id={mark[2]} " in ada.demo.log()


@pytest.mark.parametrize("name", ["Frank Amer", "Nora Newcomer"])
def test_everybody_else_is_told_at_its_address_what_is_missing(name, visitor):
    visitor.open_as(name)
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
    expect(visitor.page.get_by_test_id("stTopNavLink").filter(has_text="Admin")).to_have_count(0)
    visitor.open("/admin")
    expect(visitor.page.get_by_text("none of your roles has ACCESS SYSTEM TABLE")).to_be_visible()
    expect(visitor.page.get_by_text(re.compile("^RL-415 "))).to_be_visible()
    expect(visitor.page.get_by_role("tab")).to_have_count(0)
    expect(visitor.page.get_by_test_id("stTopNavLink").filter(has_text="Admin")).to_have_count(0)
    assert "ethan@example.com" not in visitor.page.content()
