"""Two processes behind the example proxy: a browser works the same, whether it stays with one or not."""

import json
import re
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests import behind_proxy, outside
from tests.behind_proxy import House
from tests.browser.conftest import profile
from tests.browser.demo import Demo
from tests.browser.test_export import take
from tests.browser.test_people import PERIOD, assert_shows
from tests.browser.visitor import Visitor
from tests.replica import Replica

pytestmark = pytest.mark.browser
SALES = f"SELECT sum(quantity * sales_price) FROM public.sales_data WHERE {PERIOD}"


@dataclass(frozen=True)
class Behind(Demo):
    """A demonstration that is two processes."""

    house: House
    processes: tuple[Replica, ...]

    def events(self, event):
        return [line for each in self.processes for line in each.events(event)]


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    home = tmp_path_factory.mktemp("behind-proxy")
    with ExitStack() as running:
        house = running.enter_context(behind_proxy.house(home, SIGN_IN="popup"))
        pair = tuple(running.enter_context(house.process(name)) for name in "ab")
        yield Behind(house.stand.env, house.stand.log_file, "popup", house, pair)


def served(proxy):
    """By which process each of a browser's requests was answered, and which path it was for."""
    lines = (proxy.folder / "rowlight.log").read_text().splitlines()
    return [(line["process"], line["path"], line["status"]) for line in map(json.loads, lines)]


@pytest.mark.parametrize("sticky", [True, False], ids=["sticky", "in turn"])
def test_people_work_as_with_one_process(sticky, behind, chromium):
    def sql(name, statement):
        client = outside.aws(behind.env, "redshift-data", outside.credentials_of(behind.env, name))
        ((value,),) = outside.rows(client, behind.env, statement)
        return Decimal(value)

    with (
        behind.house.proxy(*behind.processes, sticky=sticky) as proxy,
        profile(chromium, ignore_https_errors=True) as context,
    ):
        visitor = Visitor.at(context, behind)
        visitor.sign_in("Frank Amer")
        assert_shows(visitor, "Total sales", sql("Frank Amer", SALES))
        visitor.choose("Category", "Cycling")
        cycling = sql("Frank Amer", f"{SALES} AND category = 'Cycling'")
        assert_shows(visitor, "Total sales", cycling)
        visitor.open_cities()
        expect(visitor.chip("Cycling")).to_be_visible()
        assert_shows(visitor, "Total sales", cycling)
        name, content = take(visitor, "Cities", "CSV")
        assert name.startswith("rowlight-total-sales-by-city-cities-")
        assert b"# Rows visible to: Frank Amer" in content
        visitor.page.keyboard.press("Escape")
        visitor.page.get_by_role("link", name="Explore").first.click()
        expect(visitor.page.get_by_role("textbox", name=re.compile("^SQL"))).to_be_visible()
        visitor.page.reload()
        visitor.open("/cities?category=Cycling")
        assert_shows(visitor, "Total sales", cycling)
        visitor.sign_out()

        # The whole-page way, in the same browser.
        visitor.open("/auth/login?return_to=/")
        visitor.page.get_by_role("button", name="Ethan Global").click()
        expect(visitor.leave()).to_be_visible()
        assert_shows(visitor, "Total sales", sql("Ethan Global", SALES))
        visitor.names_not("Frank Amer")
        visitor.sign_out()
        visitor.shows_nothing_of("Ethan Global")
        assert not visitor.seen.faults
        found = served(proxy)
    # Before nginx's cookie is there, requests may meet any process.
    assert len({process for process, *_ in found[2:]}) == (1 if sticky else 2)
    # Streamlit's browser half asks where else the app might be: nowhere. 499 says that the browser went on.
    refused = [each for each in found if each[2] >= 400 and each[2] != 499]
    assert [each for each in refused if not re.fullmatch(r"/\w+/_stcore/(health|host-config)", each[1])] == []
    for each in behind.processes:
        assert "Traceback" not in each.log()
