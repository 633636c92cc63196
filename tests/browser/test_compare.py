"""Two people side by side in one browser, whichever way the first came in."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from app.redshift.query import Query
from app.views.compare.seen import fingerprint
from tests import outside
from tests.browser import axe, drawn
from tests.browser.collector import Collector
from tests.browser.test_axe import PHONE, WIDE, look_at
from tests.browser.test_people import TOTALS
from tests.browser.visitor import Visitor, number

pytestmark = [pytest.mark.browser, pytest.mark.on("popup", "redirect")]
LABELS = ("Total sales", "Units", "Orders", "Average order")


def side(visitor: Visitor, name: str):
    return visitor.page.locator(f".st-key-compare-{name}")


def assert_shows(visitor: Visitor, where: str, name: str, sql) -> None:
    """A side is that person's, and its figures are what SQL says to them."""
    ((sales, units, orders),) = sql(name, TOTALS)
    box = side(visitor, where)
    expect(box.get_by_role("heading", name=name, level=2)).to_be_visible()
    expect(box.get_by_text(f"Rows that Redshift lets {name} see")).to_be_visible()
    for label, exact in zip(LABELS, (sales, units, orders, Decimal(sales) / orders), strict=True):
        shown = box.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")

        def agrees(shown=shown, exact=exact) -> bool:
            figure, rounding = number(shown.inner_text())
            return abs(figure - Decimal(exact)) <= rounding

        visitor.until(agrees)


def statement(visitor: Visitor, where: str) -> str:
    found = re.search(r"Statement ([0-9a-f-]{36})", side(visitor, where).inner_text())
    assert found
    return found[1]


def sent(visitor: Visitor, name: str, statement_id: str) -> str:
    """The hash of what reached the warehouse, as the Data API tells the statement's own person."""
    env, email = visitor.demo.env, f"{name.split(maxsplit=1)[0].lower()}@example.com"
    keys = outside.exchange(env, outside.sign_in(env, name).id_token, email)
    client = outside.aws(env, "redshift-data", keys)
    told = client.describe_statement(Id=statement_id)
    parameters = {each["name"]: each["value"] for each in told.get("QueryParameters", [])}
    return fingerprint(Query("told", told["QueryString"], parameters))


def test_the_same_statement_gives_each_their_own_rows(visitor, sql):
    visitor.sign_in("Ethan Global", "/compare")
    assert_shows(visitor, "left", "Ethan Global", sql)
    visitor.sign_in_beside("Frank Amer")
    for _ in range(2):
        assert_shows(visitor, "left", "Ethan Global", sql)
        assert_shows(visitor, "right", "Frank Amer", sql)
        shown = visitor.page.locator(".rl-same code").inner_text()
        for where, name in (("left", "Ethan Global"), ("right", "Frank Amer")):
            assert sent(visitor, name, statement(visitor, where)) == shown
        visitor.page.reload()
    expect(visitor.page.get_by_text(re.compile(r"Only Ethan Global sees \d+ countries: "))).to_be_visible()

    before = len(visitor.demo.events("sign-out"))
    visitor.end_of("Frank Amer").click()
    expect(visitor.second_button()).to_be_visible()
    visitor.names_not("Frank Amer")
    assert_shows(visitor, "left", "Ethan Global", sql)
    (told,) = visitor.demo.events("sign-out")[before:]
    assert "frank@example.com" in told
    visitor.sign_in_beside("Nora Newcomer")
    expect(side(visitor, "right").get_by_text("There is nothing here for you yet.")).to_be_visible()
    assert_shows(visitor, "left", "Ethan Global", sql)
    assert not visitor.seen.faults


def revocations(visitor: Visitor) -> list[str]:
    """The lines in which the provider tells what it forgot."""
    return [line for line in visitor.demo.log().splitlines() if " revocation person=" in line]


def people(lines: list[str]) -> set[str]:
    return {email for line in lines for email in re.findall(r"person=(\S+@example\.com)", line)}


def test_both_leave_together_and_nothing_secret_was_told(wired, wire):
    collector = Collector(wired.page.context, wire, wired.demo)
    wired.sign_in("Ethan Global", "/compare")
    wired.sign_in_beside("Frank Amer")
    collector.look()
    before, revoked = len(wired.demo.events("sign-out")), len(revocations(wired))
    wired.sign_out()
    collector.look()
    assert collector.found() == set()
    both = {"ethan@example.com", "frank@example.com"}
    assert people(wired.demo.events("sign-out")[before:]) == both
    assert people(revocations(wired)[revoked:]) == both
    wired.names_not("Frank Amer")
    # At the provider, too, the browser is nobody's any more.
    provider = wired.provider()
    expect(provider.get_by_role("button", name="Frank Amer")).to_be_visible()
    expect(provider.get_by_text("signed in here")).to_have_count(0)


@pytest.mark.on("popup")
def test_it_reads_wide_and_on_a_phone(visitor, context):
    drawn.watch(context)
    visitor.open_as("Ethan Global", "/compare")
    visitor.sign_in_beside("Frank Amer")
    for theme, window in (("light", WIDE), ("dark", WIDE), ("light", PHONE)):
        look_at(visitor.page, theme, window)
        visitor.page.reload()
        drawn.wait(visitor.page)
        assert axe.faults(visitor.page) == []
        left, right = (side(visitor, name).bounding_box() for name in ("left", "right"))
        if window is PHONE:
            assert right["y"] >= left["y"] + left["height"]
            assert right["x"] == left["x"]
        else:
            assert right["y"] == left["y"]
            assert right["x"] >= left["x"] + left["width"]
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
