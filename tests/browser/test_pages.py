"""What a person does on the pages: filters, refusals, sign-out, and what an outsider gets."""

import re
from decimal import Decimal

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Seen, Visitor
from tests.browser.test_people import assert_shows, metric, open_cities, sql  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser


def test_a_filter_holds_for_both_pages(visitor, sql):  # noqa: F811 - the fixture
    visitor.sign_in("Frank Amer")
    before, _ = metric(visitor, "Total sales")
    visitor.page.get_by_role("combobox", name="Category").click()
    visitor.page.get_by_role("option", name="Cycling").click()
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.get_by_text("· Cycling ·")).to_be_visible()
    ((sales,),) = sql(
        "Frank Amer",
        "SELECT sum(quantity * sales_price) FROM public.sales_data WHERE category = 'Cycling' "
        'AND "timestamp" >= dateadd(day, -90, current_date) AND "timestamp" < current_date',
    )
    for _ in range(2):
        shown, rounding = metric(visitor, "Total sales")
        assert abs(shown - Decimal(sales)) <= rounding
        assert shown < before
        open_cities(visitor)


def enter(visitor, address: str) -> None:
    """Signs in at an address."""
    visitor.open(address)
    visitor.provider().get_by_role("button", name="Ethan Global").click()
    metric(visitor, "Total sales")


def choose(visitor, box: str, *options: str) -> None:
    visitor.page.get_by_role("combobox", name=box).click()
    for option in options:
        visitor.page.get_by_role("option", name=option).click()
    visitor.page.keyboard.press("Escape")


@pytest.mark.parametrize("page", ["/", "/cities"])
def test_a_link_survives_signing_in(page, visitor, sql):  # noqa: F811 - the fixture
    address = f"{page}?period=30d&category=Cycling&category=Running"
    enter(visitor, address)
    ((sales,),) = sql(
        "Ethan Global",
        "SELECT sum(quantity * sales_price) FROM public.sales_data WHERE category IN ('Cycling', 'Running') "
        'AND "timestamp" >= dateadd(day, -30, current_date) AND "timestamp" < current_date',
    )
    assert_shows(visitor, "Total sales", Decimal(sales))
    expect(visitor.page.get_by_text("· 2 categories ·")).to_be_visible()
    expect(visitor.page).to_have_url(visitor.demo.url + address)


def test_a_choice_is_in_the_address_of_every_page_and_survives_a_reload(visitor, chromium, demo):
    enter(visitor, "/")
    choose(visitor, "Period", "Last 7 days")
    choose(visitor, "Category", "Cycling")
    expect(visitor.page).to_have_url(demo.url + "/?period=7d&category=Cycling")
    open_cities(visitor)
    expect(visitor.page).to_have_url(demo.url + "/cities?period=7d&category=Cycling")
    expect(visitor.page.get_by_text("· Cycling ·")).to_be_visible()
    shown = metric(visitor, "Total sales")
    visitor.page.reload()
    expect(visitor.page.get_by_text("· Cycling ·")).to_be_visible()
    assert metric(visitor, "Total sales") == shown
    with chromium.new_context(locale="en-US") as context:
        other = Visitor(context.new_page(), Seen(), demo)
        enter(other, visitor.page.url.removeprefix(demo.url))
        expect(other.page.get_by_text("· Cycling ·")).to_be_visible()
        assert metric(other, "Total sales") == shown


def test_back_and_forward_lead_through_what_was_chosen(visitor, demo):
    enter(visitor, "/")
    choose(visitor, "Period", "Last 7 days")
    expect(visitor.page).to_have_url(demo.url + "/?period=7d")
    open_cities(visitor)
    choose(visitor, "Period", "Last 30 days")
    expect(visitor.page).to_have_url(demo.url + "/cities?period=30d")

    def stands(address: str, title: str, period: str) -> None:
        expect(visitor.page).to_have_url(demo.url + address)
        expect(visitor.page.get_by_role("heading", name=title, level=1)).to_be_visible()
        expect(visitor.page.get_by_role("combobox", name="Period")).to_have_value(period)

    visitor.page.go_back()
    stands("/cities?period=7d", "Total sales by city", "Last 7 days")
    visitor.page.go_back()
    stands("/?period=7d", "Overview", "Last 7 days")
    visitor.page.go_back()
    stands("/", "Overview", "Last 90 days")
    visitor.page.go_forward()
    stands("/?period=7d", "Overview", "Last 7 days")


def test_signing_out_leaves_nothing(visitor):
    visitor.sign_in("Ethan Global")
    metric(visitor, "Total sales")
    visitor.page.get_by_role("button", name="Sign out").click()
    expect(visitor.button()).to_be_visible()
    expect(visitor.page.get_by_test_id("stMetric")).to_have_count(0)
    expect(visitor.page.get_by_role("button", name="Sign out")).to_have_count(0)


def test_nothing_stands_beside_the_sign_in_page_after_signing_out(visitor):
    visitor.sign_in("Ethan Global")
    visitor.page.get_by_role("button", name="Sign out").click()
    expect(visitor.button()).to_be_visible()
    expect(visitor.page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(visitor.page.get_by_test_id("stExpandSidebarButton")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 768, 1024, 1440])
def test_no_figure_is_cut_off(width, visitor):
    visitor.page.set_viewport_size({"width": width, "height": 900})
    visitor.open()
    visitor.provider().get_by_role("button", name="Ethan Global").click()
    metric(visitor, "Average order")
    cut = visitor.page.get_by_test_id("stMetricValue").evaluate_all(
        "values => values.flatMap(value => [value, ...value.querySelectorAll('*')])"
        ".filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText)"
    )
    assert cut == []


def test_headings_leave_no_level_out_and_the_tab_has_a_mark_of_its_own(visitor):
    visitor.sign_in("Ethan Global")
    metric(visitor, "Total sales")
    for heading in ("Sales over time", "By category"):
        expect(visitor.page.get_by_role("heading", name=heading, level=2)).to_be_visible()
    expect(visitor.page.locator("link[rel~=icon]")).to_have_attribute("href", re.compile("^data:image/svg"))
    open_cities(visitor)
    expect(visitor.page.get_by_role("heading", name="Top cities", level=2)).to_be_visible()


def test_a_chosen_category_can_be_read_in_the_dark(visitor):
    visitor.page.emulate_media(color_scheme="dark")
    visitor.sign_in("Ethan Global")
    metric(visitor, "Total sales")
    visitor.page.get_by_role("combobox", name="Category").click()
    visitor.page.get_by_role("option", name="Cycling").click()
    chosen = visitor.page.get_by_test_id("stMultiSelectTagsContainer").get_by_text("Cycling")
    expect(chosen).to_have_css("color", "rgb(15, 20, 25)")


def test_who_says_no_at_the_provider_can_try_again(visitor):
    visitor.open()
    visitor.provider().get_by_role("button", name="Cancel").click()
    expect(visitor.page.get_by_text(re.compile("Code RL-22"))).to_be_visible()
    visitor.provider().get_by_role("button", name="Frank Amer").click()
    expect(visitor.page.get_by_role("button", name="Sign out")).to_be_visible()


def test_who_closes_the_window_can_try_again(visitor):
    visitor.open()
    visitor.provider().close()
    visitor.provider().get_by_role("button", name="Frank Amer").click()
    expect(visitor.page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_map_needs_nothing_from_outside(visitor):
    strangers = []
    visitor.page.on(
        "request",
        lambda request: (
            strangers.append(request.url)
            if not re.match(r"(https?|wss?)://localhost[:/]|data:|blob:", request.url)
            else None
        ),
    )
    visitor.sign_in("Ethan Global")
    with visitor.page.expect_response(re.compile(r"countries-110m\.geojson")) as base_map:
        open_cities(visitor)
    assert base_map.value.ok
    expect(visitor.page.locator("canvas").first).to_be_visible()
    assert strangers == []


def test_two_people_do_not_see_each_others_rows(chromium, demo, visitor):
    visitor.sign_in("Ethan Global")
    world, _ = metric(visitor, "Total sales")
    with chromium.new_context(locale="en-US") as context:
        frank = Visitor(context.new_page(), Seen(), demo)
        frank.sign_in("Frank Amer")
        assert metric(frank, "Total sales")[0] < world
    visitor.page.get_by_role("button", name="Refresh").click()
    assert metric(visitor, "Total sales")[0] == world


@pytest.mark.parametrize(
    ("path", "status"), [("/_stcore/health", 200), ("/_stcore/metrics", 403), ("/", 200)]
)
def test_what_an_outsider_gets(path, status, demo):
    answer = httpx.get(demo.url + path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "unsafe-eval'" not in answer.headers["content-security-policy"].replace("'wasm-unsafe-eval'", "")
