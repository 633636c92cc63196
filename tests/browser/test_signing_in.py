"""The ways in: a link followed before signing in, a provider that says no, a window that does not open."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.browser.test_people import assert_shows

pytestmark = pytest.mark.browser
both = pytest.mark.on("popup", "redirect")
# Once a window: a frame's first document and the next can have the same.
NO_WINDOW = "if (window !== top && !window.blocks) { window.blocks = true; window.open = () => null; }"


@both
def test_a_link_survives_signing_in(visitor, sql):
    address = "/cities?period=30d&category=Cycling&category=Running"
    visitor.sign_in("Ethan Global", address)
    expect(visitor.page).to_have_url(visitor.demo.url + address)
    ((sales,),) = sql(
        "Ethan Global",
        "SELECT sum(quantity * sales_price) FROM public.sales_data WHERE category IN ('Cycling', 'Running') "
        'AND "timestamp" >= dateadd(day, -30, current_date) AND "timestamp" < current_date',
    )
    assert_shows(visitor, "Total sales", Decimal(sales))
    expect(visitor.chip("Cycling")).to_be_visible()
    expect(visitor.chip("Running")).to_be_visible()


@both
def test_who_says_no_at_the_provider_is_told_and_can_try_again(visitor):
    visitor.open("/cities?period=30d")
    visitor.provider().get_by_role("button", name="Cancel").click()
    notice = visitor.page.get_by_text("You were not signed in: it was declined at the identity provider.")
    expect(notice).to_be_visible()
    expect(visitor.page.get_by_text("Code RL-221")).to_be_visible()
    visitor.enter("Frank Amer")
    expect(visitor.page).to_have_url(visitor.demo.url + "/cities?period=30d")
    visitor.metric()


def test_who_closes_the_window_can_try_again(visitor):
    visitor.open()
    visitor.provider().close()
    visitor.enter("Frank Amer")


def test_a_blocked_window_is_told_and_the_whole_page_signs_in_instead(visitor):
    visitor.page.add_init_script(NO_WINDOW)
    visitor.open("/cities?period=30d&category=Cycling")
    told = visitor.page.get_by_text("Your browser blocked the sign-in window.")
    expect(visitor.button()).to_be_visible()
    expect(told).to_be_hidden()
    watched = "document.querySelector('iframe[title*=authorize_button]')?.contentWindow?.rowlightWatches"
    visitor.until(lambda: visitor.page.evaluate(watched))
    visitor.button().click()
    expect(told).to_be_visible()
    visitor.page.get_by_role("link", name="Sign in on this page instead").click()
    visitor.page.get_by_role("button", name="Cancel").click()
    expect(visitor.page.get_by_text("Code RL-221")).to_be_visible()
    visitor.page.get_by_role("link", name="Sign in with your company account").click()
    visitor.page.get_by_role("button", name="Frank Amer").click()
    expect(visitor.page).to_have_url(visitor.demo.url + "/cities?period=30d&category=Cycling")
    expect(visitor.chip("Cycling")).to_be_visible()
    visitor.metric()


@both
def test_the_next_person_is_asked_who_they_are(visitor):
    """Signing out ends the provider's session too: nobody is Frank there any more."""
    visitor.sign_in("Frank Amer")
    visitor.sign_out()
    provider = visitor.provider()
    expect(provider.get_by_role("button", name="Ethan Global")).to_be_visible()
    expect(provider.get_by_text("signed in here")).to_have_count(0)
    provider.get_by_role("button", name="Ethan Global").click()
    expect(visitor.leave()).to_be_visible()
    visitor.metric()
    visitor.names_not("Frank Amer")
