"""Explore in a browser: one's own question, its rows, Stop, a plan, and what was asked before."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.browser import grids
from tests.browser.test_stopping import ENDLESS

pytestmark = pytest.mark.browser

SQL = """SELECT region_code, count(*) AS orders, sum(quantity * sales_price) AS sold
FROM public.sales_data
GROUP BY 1
ORDER BY 1"""
MILLION = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
SELECT a.i, b.i AS j, c.i AS k, 'row ' || a.i AS name FROM n a, n b, n c"""


def editor(visitor):
    return visitor.page.get_by_role("textbox", name="SQL")


def at_explore(visitor, name):
    visitor.open_as(name, "/explore")
    expect(editor(visitor)).to_be_visible()
    visitor.settle()


def run(visitor, sql):
    """Writes it, runs it by the keyboard, and waits for what the page says of it."""
    before = len(visitor.demo.events("query"))
    editor(visitor).fill(sql)
    editor(visitor).press("Control+Enter")
    visitor.until(lambda: any("query=Explore" in line for line in visitor.demo.events("query")[before:]))


def grid(visitor):
    return visitor.page.get_by_test_id("stDataFrame").first.locator("table[role=grid]")


def seen(visitor, heading, count=1):
    """The cells of a small grid, line by line, once it has this column and so many lines."""
    expect(grid(visitor).locator("thead th").get_by_text(heading, exact=True)).to_have_count(1)
    lines = grid(visitor).locator("tbody tr")
    expect(lines).to_have_count(count)
    return grids.cells(lines, count)


def past(visitor):
    """What the history offers to bring back."""
    page = visitor.page
    box = page.get_by_role("combobox", name="Bring a statement back")
    options = page.get_by_role("option")

    def is_open():
        # A list that opens while the page is still being drawn closes again.
        box.click()
        page.wait_for_timeout(200)
        return options.first.is_visible()

    visitor.until(is_open)
    return options


@pytest.mark.parametrize("name", ["Ethan Global", "Frank Amer"])
def test_a_result_is_what_sql_gives_the_same_person(visitor, sql, name):
    at_explore(visitor, name)
    run(visitor, SQL)
    expected = sql(name, SQL)
    shown = seen(visitor, "sold", len(expected))
    assert [(region, int(orders), Decimal(sold)) for region, orders, sold in shown] == [
        (region, int(orders), Decimal(sold)) for region, orders, sold in expected
    ]
    statement = visitor.demo.events("query")[-1].split("statement=")[1].split()[0]
    expect(visitor.page.get_by_text(f"statement {statement}")).to_be_visible()
    assert not visitor.seen.faults


def test_who_has_no_tables_is_told_so(visitor, sql):
    at_explore(visitor, "Nora Newcomer")
    expect(visitor.page.get_by_text("There are no tables here for you yet")).to_be_visible()
    run(visitor, "SELECT current_user AS me")
    assert seen(visitor, "me") == [[sql("Nora Newcomer", "SELECT current_user")[0][0]]]
    run(visitor, SQL)
    expect(visitor.page.get_by_role("alert").filter(has_text="RL-410")).to_be_visible()
    expect(visitor.page.get_by_text("permission denied")).to_be_visible()
    expect(editor(visitor)).to_have_value(SQL)


def test_names_are_completed_and_put_in_and_the_text_stays(visitor):
    at_explore(visitor, "Frank Amer")
    page, area = visitor.page, editor(visitor)
    area.fill("SELECT  FROM public.sales_data s")
    for _ in " FROM public.sales_data s":
        area.press("ArrowLeft")
    area.press_sequentially("s.cat")
    expect(page.get_by_role("option", name="category")).to_be_visible()
    area.press("Tab")
    expect(area).to_have_value("SELECT s.category FROM public.sales_data s")
    expect(page.get_by_role("option", name="category")).to_have_count(0)
    area.press("End")
    area.press_sequentially("\nWHERE")
    page.get_by_role("button", name="city varchar(100)").click()
    expect(area).to_have_value("SELECT s.category FROM public.sales_data s\nWHERE city")
    # An error, another page and back: nothing of it is lost.
    area.press("Control+Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="Overview", exact=True).click()
    visitor.metric()
    page.get_by_role("link", name="Explore", exact=True).click()
    expect(area).to_have_value("SELECT s.category FROM public.sales_data s\nWHERE city")
    assert not visitor.seen.faults


def test_stop_stops_and_what_is_written_meanwhile_stays(visitor):
    at_explore(visitor, "Frank Amer")
    page, area = visitor.page, editor(visitor)
    area.fill(ENDLESS)
    area.press("Control+Enter")
    stop = page.get_by_role("button", name="Stop", exact=True)
    expect(stop).to_be_visible()
    area.fill("SELECT 7 AS seven")
    stop.click()
    expect(page.get_by_text("Stopped. Run it again")).to_be_visible()
    visitor.until(lambda: "outcome=RL-440" in visitor.demo.events("query")[-1])
    expect(area).to_have_value("SELECT 7 AS seven")
    page.get_by_role("button", name="Run", exact=True).click()
    assert seen(visitor, "seven") == [["7"]]


def test_a_million_rows_are_cut_and_the_page_goes_on(visitor):
    at_explore(visitor, "Frank Amer")
    run(visitor, MILLION)
    expect(visitor.page.get_by_text("First 10,000 of more rows")).to_be_visible()
    expect(grid(visitor)).to_have_attribute("aria-rowcount", "10001")
    run(visitor, "SELECT 1 AS one")
    assert seen(visitor, "one") == [["1"]]


def test_what_would_write_is_not_sent(visitor, sql):
    at_explore(visitor, "Frank Amer")
    count = "SELECT count(*) FROM rowlight.saved_views"
    before = sql("Frank Amer", count)
    for text in (
        "INSERT INTO rowlight.saved_views SELECT current_user, 'x', 'overview', '', getdate()",
        "SELECT 1; DELETE FROM rowlight.saved_views",
        "SELECT '\\'; DELETE FROM rowlight.saved_views --'",
    ):
        run(visitor, text)
        expect(visitor.page.get_by_role("alert").filter(has_text="RL-46")).to_be_visible()
        assert "statement=" not in visitor.demo.events("query")[-1]
    assert sql("Frank Amer", count) == before


def test_history_is_ones_own_and_goes_with_the_person(visitor, sql):
    sql("Ethan Global", "SELECT 'of ethan' AS word")
    at_explore(visitor, "Frank Amer")
    run(visitor, "SELECT 'of frank'\n  AS word")
    run(visitor, "SELECT 2 AS two")
    page = visitor.page
    page.get_by_text("Your statements").click()
    options = past(visitor)
    expect(options.filter(has_text="two").first).to_be_attached()
    assert not [text for text in options.all_inner_texts() if "of ethan" in text]
    options.filter(has_text="of frank").first.click()
    expect(editor(visitor)).to_have_value("SELECT 'of frank'\n  AS word")

    visitor.sign_out()
    visitor.enter("Nora Newcomer")
    page.get_by_role("link", name="Explore", exact=True).click()
    expect(editor(visitor)).to_have_value("SELECT current_user")
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
    assert "of frank" not in page.content()
    run(visitor, "SELECT 3 AS three")
    page.get_by_text("Your statements").click()
    options = past(visitor)
    expect(options.filter(has_text="three").first).to_be_attached()
    assert not [text for text in options.all_inner_texts() if "frank" in text or "two" in text]


def test_a_plan_a_chart_and_a_file_of_the_answer(visitor):
    at_explore(visitor, "Ethan Global")
    page = visitor.page
    run(visitor, SQL)
    page.get_by_role("radio", name="Chart").click()
    expect(page.get_by_test_id("stVegaLiteChart").locator("svg.marks path").first).to_be_visible()
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Make the file").click()
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="Download").click()
    assert "region_code" in download.value.path().read_text()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Explain", exact=True).click()
    expect(page.get_by_role("heading", name="Plan")).to_be_visible()
    expect(page.get_by_text("XN ").first).to_be_visible()


def test_the_keyboard_leads_everywhere_and_out_of_the_editor(visitor):
    at_explore(visitor, "Frank Amer")
    area = editor(visitor)
    area.focus()
    area.press("End")
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.get_by_role("button", name="Run", exact=True)).to_be_focused()
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.get_by_role("button", name="Explain", exact=True)).to_be_focused()
    visitor.page.keyboard.press("Shift+Tab")
    visitor.page.keyboard.press("Shift+Tab")
    expect(area).to_be_focused()
