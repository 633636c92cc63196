"""The documentation as a site, as a browser has it: of its own files alone, for every eye, with a search."""

import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.conftest import profile
from tests.test_docs_site import site  # noqa: F401 - builds it

PAGES = ("index.html", "docs/tutorial.html", "docs/settings.html", "docs/python.html", "docs/deploy-ecs.html")
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(chromium, site):  # noqa: F811
    """Opens a page of the site in a window and a colour scheme, and has it load nothing from elsewhere."""

    def open_in(window, scheme):
        with profile(chromium, viewport=window, color_scheme=scheme) as context:
            asked = []
            context.on("request", lambda request: asked.append(request.url))
            page = context.new_page()
            for each in PAGES:
                page.goto((site / each).as_uri())
                yield each, page
            assert not [url for url in asked if not url.startswith(("file:", "data:"))]

    return open_in


def test_it_is_for_every_eye_and_fits_every_window(opened):
    found = {}
    for window in (WIDE, PHONE):
        for scheme in ("light", "dark"):
            for name, page in opened(window, scheme):
                found[name, window["width"], scheme] = axe.faults(page)
                assert page.evaluate("document.documentElement.scrollWidth") <= window["width"]
    assert not {where: faults for where, faults in found.items() if faults}


def test_its_search_needs_no_server(chromium, site):  # noqa: F811
    with profile(chromium) as context:
        page = context.new_page()
        page.goto(f"{(site / 'search.html').as_uri()}?q=SESSION_IDLE_MINUTES")
        expect(page.locator("#search-results").get_by_role("link", name="Settings").first).to_be_visible()
