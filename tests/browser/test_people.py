"""Each person signs in through the real pages; what they see is what SQL says under the same identity."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests import outside

SEES_ROWS = ["Ethan Global", "Frank Amer", "Alex Emea", "Ming Apac"]
SEES_NOTHING = ["Nora Newcomer", "Ada Admin"]
PERIOD = """"timestamp" >= dateadd(day, -90, current_date) AND "timestamp" < current_date"""
TOTALS = f"SELECT sum(quantity * sales_price), sum(quantity), count(*) FROM public.sales_data WHERE {PERIOD}"
CITIES = f"""
SELECT city, country, sum(quantity * sales_price) AS sales, sum(quantity), count(*)
FROM public.sales_data WHERE {PERIOD}
GROUP BY city, country, latitude, longitude ORDER BY sales DESC, city, country LIMIT 8
"""
UNITS = {"": 1, "k": 1_000, "M": 1_000_000, "B": 1_000_000_000}
# JSON Web Tokens; AWS access keys; Fernet and session tokens are covered by the keys they travel with.
SECRET = re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.|A[SK]IA[0-9A-Z]{16}|aws_session_token|SecretAccessKey")


def number(text: str) -> tuple[Decimal, Decimal]:
    """A short figure such as $1.24M, and how far it may be rounded."""
    found = re.fullmatch(r"\$?([\d,]+(?:\.(\d+))?)([kMB]?)", text.strip())
    assert found, text
    digits, unit = len(found[2] or ""), UNITS[found[3]]
    return Decimal(found[1].replace(",", "")) * unit, Decimal(unit) / 2 / 10**digits


def metric(visitor, label: str):
    box = visitor.page.get_by_test_id("stMetric").filter(has_text=label).first
    expect(box).to_be_visible(timeout=60_000)
    return number(box.get_by_test_id("stMetricValue").inner_text())


def assert_shows(visitor, label: str, exact: Decimal) -> None:
    shown, rounding = metric(visitor, label)
    assert abs(shown - exact) <= rounding


def open_cities(visitor) -> None:
    visitor.page.get_by_role("link", name="Total sales by city").first.click()
    expect(visitor.page.get_by_role("heading", name="Total sales by city")).to_be_visible()


def table_rows(visitor, count: int) -> list[list[str]]:
    """The first rows of the table, as it tells them to a screen reader."""
    grid = visitor.page.get_by_test_id("stDataFrame").locator("table[role=grid]")
    rows = grid.locator("tbody tr")
    expect(rows.nth(count - 1)).to_be_attached(timeout=60_000)
    return [rows.nth(place).locator("td").all_inner_texts() for place in range(count)]


def plain(text: str) -> Decimal:
    return Decimal(re.sub(r"[$,]", "", text))


@pytest.fixture
def sql(demo):
    """Runs SQL in Redshift's dialect as a person, by boto3 alone."""

    def run(name: str, statement: str) -> list[tuple]:
        client = outside.aws(demo.env, "redshift-data", outside.credentials_of(demo.env, name))
        return outside.rows(client, demo.env, statement)

    return run


@pytest.mark.browser
@pytest.mark.parametrize("name", SEES_ROWS)
def test_the_pages_show_what_sql_says(name, visitor, sql):
    visitor.sign_in(name)
    ((sales, units, orders),) = sql(name, TOTALS)
    assert_shows(visitor, "Total sales", Decimal(sales))
    assert_shows(visitor, "Units", Decimal(units))
    assert_shows(visitor, "Orders", Decimal(orders))
    assert_shows(visitor, "Average order", Decimal(sales) / orders)
    expect(visitor.page.get_by_text(f"Rows that Redshift lets {name} see")).to_be_visible()

    open_cities(visitor)
    assert_shows(visitor, "Total sales", Decimal(sales))
    expected = sql(name, CITIES)
    shown = [(r[0], r[1], plain(r[2]), plain(r[4]), plain(r[5])) for r in table_rows(visitor, len(expected))]
    assert shown == [(c, k, Decimal(s), Decimal(u), Decimal(o)) for c, k, s, u, o in expected]
    assert_nothing_secret(visitor)


@pytest.mark.browser
@pytest.mark.parametrize("name", SEES_NOTHING)
def test_who_may_see_nothing_is_told_why(name, visitor):
    visitor.sign_in(name)
    for _ in range(2):
        expect(visitor.page.get_by_text("There is nothing here for you yet.")).to_be_visible()
        expect(visitor.page.get_by_text(re.compile(r"RL-41\d "))).to_be_visible()
        expect(visitor.page.get_by_test_id("stMetric")).to_have_count(0)
        visitor.page.get_by_role("link", name="Total sales by city").first.click()
    assert_nothing_secret(visitor)


def assert_nothing_secret(visitor) -> None:
    """No token and no key in the page, the console, a URL or a WebSocket frame; and no script failed."""
    told = [*visitor.seen.texts, visitor.page.content()]
    assert len(told) > 10  # the collector collects
    secrets = [visitor.demo.env["OIDC_CLIENT_SECRET"], visitor.demo.env["ADMIN_AWS_SECRET_ACCESS_KEY"]]
    leaks = [text[:80] for text in told if SECRET.search(text) or any(secret in text for secret in secrets)]
    assert not leaks
    assert not visitor.seen.faults
