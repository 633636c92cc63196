"""Tokens of a few seconds: a person works on through their renewals, and is told when there are none left."""

import re
from decimal import Decimal

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.test_people import assert_shows

pytestmark = pytest.mark.browser

RENEWALS = 10
MEANWHILE_MS = 1_000  # between two questions, so that others have the processor too
BROKEN = "iframe[title*='authorize_button'], [role=dialog], [role=alert], [data-testid=stException]"
SALES = (
    "SELECT sum(quantity * sales_price) FROM public.sales_data WHERE category IN ({categories}) "
    'AND "timestamp" >= dateadd(day, -30, current_date) AND "timestamp" < current_date'
)


@pytest.mark.on("renewing")
def test_a_person_works_through_ten_renewals_without_a_break(visitor, sql):
    demo, page = visitor.demo, visitor.page
    exact = {
        shown: Decimal(sql("Ethan Global", SALES.format(categories=categories))[0][0])
        for shown, categories in (("Cycling", "'Cycling'"), ("2 categories", "'Cycling', 'Running'"))
    }
    page.set_viewport_size({"width": 1280, "height": 600})
    visitor.open_as("Ethan Global", "/cities?period=30d&category=Cycling")
    visitor.metric()
    renewed = len(demo.events("renewal"))
    connected = len(visitor.connections)
    page.evaluate("window.neverReloaded = true")
    _watch_for_breaks(page)
    chosen = "Cycling"
    scrolled = _scroll(visitor)
    while len(demo.events("renewal")) < renewed + RENEWALS:
        before = len(demo.events("renewal"))
        while len(demo.events("renewal")) == before:
            page.wait_for_timeout(MEANWHILE_MS)
            page.get_by_role("button", name="Refresh").dispatch_event("click")
            expect(page.get_by_test_id("stSpinner")).to_have_count(0)
        assert_shows(visitor, "Total sales", exact[chosen])
        assert _scroll_position(page) == scrolled
        if before == renewed + RENEWALS // 2:
            visitor.choose("Category", "Running")
            chosen = "2 categories"
            expect(visitor.chip("Cycling")).to_be_visible()
            expect(visitor.chip("Running")).to_be_visible()
            assert_shows(visitor, "Total sales", exact[chosen])
            scrolled = _scroll(visitor)
    assert scrolled == 200
    assert page.evaluate("window.neverReloaded")
    assert page.evaluate("window.breaks") == []
    expect(page).to_have_url(demo.url + "/cities?period=30d&category=Cycling&category=Running")
    assert len(visitor.connections) == connected
    assert len(demo.uses()) == len(set(demo.uses())) > 1
    assert demo.reuses() == []


@pytest.mark.on("renewing")
def test_a_sign_in_that_the_provider_ended_is_asked_for_again_over_the_same_page(visitor):
    answers = []
    visitor.page.context.on("request", lambda request: answers.append(request.url))
    visitor.sign_in("Frank Amer", "/cities?period=30d&category=Cycling")
    shown = visitor.metric()
    _end_family(visitor.demo.env, answers)

    dialog = visitor.page.get_by_role("dialog")
    visitor.until(lambda: _refresh_until(visitor, dialog))
    expect(dialog).to_contain_text("Your sign-in has run out.")
    expect(dialog).to_contain_text("Code RL-234")
    visitor.shows_nothing_of("Frank Amer")

    visitor.enter("Frank Amer")
    expect(visitor.page).to_have_url(visitor.demo.url + "/cities?period=30d&category=Cycling")
    expect(visitor.chip("Cycling")).to_be_visible()
    assert visitor.metric() == shown
    assert visitor.demo.reuses() == []


@pytest.mark.on("ending")
def test_an_end_is_told_ahead_and_signing_in_again_leads_back(visitor):
    visitor.open_as("Frank Amer", "/cities?period=30d&category=Cycling")
    shown = visitor.metric()
    notice = visitor.page.get_by_text(re.compile(r"Your sign-in ends at \d\d:\d\d"))
    expect(notice).to_be_visible()
    expect(notice.get_by_role("link", name="Sign in again")).to_be_visible()

    dialog = visitor.page.get_by_role("dialog")  # comes by itself
    expect(dialog).to_contain_text("Your working day in this app is over.")
    expect(dialog).to_contain_text("Code RL-231")
    visitor.shows_nothing_of("Frank Amer")

    visitor.enter("Frank Amer")
    expect(visitor.page).to_have_url(visitor.demo.url + "/cities?period=30d&category=Cycling")
    expect(visitor.chip("Cycling")).to_be_visible()
    assert visitor.metric() == shown


def _watch_for_breaks(page) -> None:
    """Notes whatever a person would see as a break, even for a moment."""
    page.evaluate(
        """(broken) => {
            window.breaks = [];
            const look = () => document.querySelectorAll(broken).forEach((found) =>
                window.breaks.push(found.outerHTML.slice(0, 300)));
            new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
            look();
        }""",
        BROKEN,
    )


_MAIN = "document.querySelector('[data-testid=stMain]')"


def _scroll(visitor) -> int:
    visitor.until(lambda: visitor.page.evaluate(f"{_MAIN}.scrollHeight > {_MAIN}.clientHeight + 200"))
    visitor.page.evaluate(f"{_MAIN}.scrollTop = 200")
    return _scroll_position(visitor.page)


def _scroll_position(page) -> int:
    return page.evaluate(f"{_MAIN}.scrollTop")


def _refresh_until(visitor, dialog) -> bool:
    if dialog.count() == 0:
        # Whichever buttons there are at this moment: the page may end between two looks.
        buttons = visitor.page.get_by_role("button", name="Refresh")
        buttons.evaluate_all("found => found.forEach((each) => each.click())")
    return dialog.count() > 0


def _end_family(env, addresses) -> None:
    """Sends the code a second time: the provider then ends all that came of it."""
    (code, uri), *_ = [
        (httpx.URL(address).params["code"], str(httpx.URL(address).copy_with(query=None)))
        for address in addresses
        if address.startswith(env["APP_URL"]) and "code" in httpx.URL(address).params
    ]
    answer = httpx.post(
        f"{env['OIDC_ISSUER']}/token",
        auth=(env["OIDC_CLIENT_ID"], env["OIDC_CLIENT_SECRET"]),
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": uri,
            "code_verifier": "v" * 43,
        },
    )
    assert answer.json()["error"] == "invalid_grant"
