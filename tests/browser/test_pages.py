"""What a person does on the pages: filters, the address, the map, signing out."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.browser.test_people import assert_shows

pytestmark = pytest.mark.browser


def test_a_filter_holds_for_both_pages(visitor, sql):
    visitor.open_as("Frank Amer")
    before, _ = visitor.metric()
    visitor.choose("Category", "Cycling")
    expect(visitor.chip("Cycling")).to_be_visible()
    ((sales,),) = sql(
        "Frank Amer",
        "SELECT sum(quantity * sales_price) FROM public.sales_data WHERE category = 'Cycling' "
        'AND "timestamp" >= dateadd(day, -90, current_date) AND "timestamp" < current_date',
    )
    for _ in range(2):
        assert_shows(visitor, "Total sales", Decimal(sales))
        assert visitor.metric()[0] < before
        visitor.open_cities()


def test_a_choice_is_in_the_address_of_every_page_and_survives_a_reload(visitor, stranger, demo):
    visitor.open_as("Ethan Global", "/")
    visitor.choose("Period", "Last 7 days")
    visitor.choose("Category", "Cycling")
    expect(visitor.page).to_have_url(demo.url + "/?period=7d&category=Cycling")
    visitor.open_cities()
    expect(visitor.page).to_have_url(demo.url + "/cities?period=7d&category=Cycling")
    expect(visitor.chip("Cycling")).to_be_visible()
    shown = visitor.metric()
    visitor.page.reload()
    expect(visitor.chip("Cycling")).to_be_visible()
    assert visitor.metric() == shown
    stranger.open_as("Ethan Global", visitor.page.url.removeprefix(demo.url))
    expect(stranger.chip("Cycling")).to_be_visible()
    assert stranger.metric() == shown


def test_back_and_forward_lead_through_what_was_chosen(visitor, demo):
    visitor.open_as("Ethan Global", "/")
    visitor.choose("Period", "Last 7 days")
    expect(visitor.page).to_have_url(demo.url + "/?period=7d")
    visitor.open_cities()
    visitor.choose("Period", "Last 30 days")
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


def test_nothing_stands_on_or_beside_the_sign_in_page_after_signing_out(visitor):
    visitor.open_as("Ethan Global")
    visitor.metric()
    visitor.sign_out()
    visitor.shows_nothing_of("Ethan Global")
    expect(visitor.leave()).to_have_count(0)
    expect(visitor.page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(visitor.page.get_by_test_id("stExpandSidebarButton")).to_be_hidden()


def test_no_figure_is_cut_off(visitor):
    visitor.open_as("Ethan Global")
    for width in (390, 768, 1024, 1440):
        visitor.page.set_viewport_size({"width": width, "height": 900})
        visitor.page.reload()
        visitor.metric("Average order")
        cut = visitor.page.get_by_test_id("stMetricValue").evaluate_all(
            "values => values.flatMap(value => [value, ...value.querySelectorAll('*')])"
            ".filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText)"
        )
        assert cut == [], width


def test_nothing_beside_a_heading_takes_a_scroll_bar(visitor):
    """Where bars take room, as this browser's do not, what has one stands lower than what is beside it."""
    visitor.open_as("Ethan Global")
    visitor.metric()
    expect(visitor.page.get_by_role("button", name="Views")).to_be_visible()
    scrolled = visitor.page.locator(".st-key-heading, .st-key-heading *").evaluate_all(
        "all => all.filter(each => /auto|scroll/.test(getComputedStyle(each).overflow)"
        " && (each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight))"
        ".map(each => each.dataset.testid)"
    )
    assert scrolled == []


def test_headings_leave_no_level_out_and_the_tab_has_a_mark_of_its_own(visitor):
    visitor.open_as("Ethan Global")
    visitor.metric()
    for heading in ("Sales over time", "By category"):
        expect(visitor.page.get_by_role("heading", name=heading, level=2)).to_be_visible()
    expect(visitor.page.locator("link[rel~=icon]")).to_have_attribute("href", re.compile("^data:image/svg"))
    visitor.open_cities()
    expect(visitor.page.get_by_role("heading", name="Top cities", level=2)).to_be_visible()


def test_a_chosen_category_can_be_read_in_the_dark(visitor):
    visitor.page.emulate_media(color_scheme="dark")
    visitor.open_as("Ethan Global")
    visitor.metric()
    visitor.page.get_by_role("combobox", name="Category").click()
    visitor.page.get_by_role("option", name="Cycling").click()
    chosen = visitor.page.get_by_test_id("stMultiSelectTagsContainer").get_by_text("Cycling")
    expect(chosen).to_have_css("color", "rgb(15, 20, 25)")


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
    visitor.open_as("Ethan Global")
    with visitor.page.expect_response(re.compile(r"countries-110m\.geojson")) as base_map:
        visitor.open_cities()
    assert base_map.value.ok
    expect(visitor.page.locator("canvas").first).to_be_visible()
    assert strangers == []


def test_two_people_do_not_see_each_others_rows(visitor, stranger):
    visitor.open_as("Ethan Global")
    world, _ = visitor.metric()
    stranger.open_as("Frank Amer")
    assert stranger.metric()[0] < world
    assert visitor.refreshed()[0] == world


def test_how_the_map_is_drawn_asks_nothing_and_is_refused_after_a_sign_out(visitor, demo):
    visitor.open_as("Frank Amer", "/cities")
    shown = visitor.metric()
    asked = len(demo.events("query"))
    best = visitor.page.get_by_text(re.compile(r"^The best \d+ of"))
    visitor.choose("Cities", "Top 50")
    expect(best).to_contain_text("The best 50 of")
    visitor.page.get_by_role("radio", name="Columns").click()
    expect(visitor.page.get_by_test_id("stDeckGlJsonChart")).to_be_visible()
    assert visitor.metric() == shown
    assert len(demo.events("query")) == asked

    other = visitor.tab()
    other.open()
    other.sign_out()
    visitor.choose("Cities", "Top 10")
    expect(visitor.button()).to_be_visible()
    visitor.shows_nothing_of("Frank Amer")
