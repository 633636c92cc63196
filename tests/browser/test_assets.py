"""What a browser keeps of the app's files from one visit to the next."""

import pytest
from playwright.sync_api import Page

from tests.browser import chromium

pytestmark = pytest.mark.browser
VISITS = 8  # it keeps what it compiled of a script that it has met more than once


def test_a_browser_that_comes_again_does_not_compile_the_scripts_anew(demo, playwright, tmp_path):
    # A profile on disk, as people have: only there is anything kept.
    with playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=chromium.path(), args=chromium.FLAGS
    ) as context:
        page = context.new_page()
        visits = (kept_compiled(page, demo.url) for _ in range(VISITS))
        assert any("/static/js/index." in url for urls in visits for url in urls)


def kept_compiled(page: Page, url: str) -> list[str]:
    """The modules of a visit that were there compiled, and were taken so."""
    page.goto("about:blank")
    devtools = page.context.new_cdp_session(page)
    events, ended = [], []
    devtools.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    devtools.on("Tracing.tracingComplete", lambda _: ended.append(True))
    devtools.send("Tracing.start", {"traceConfig": {"includedCategories": ["devtools.timeline"]}})
    page.goto(url)
    page.frame_locator("iframe[title*='authorize_button']").get_by_role("button").wait_for()
    devtools.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(20)
    devtools.detach()
    compiled = [each["args"]["data"] for each in events if each["name"] == "v8.compileModule"]
    return [each["url"] for each in compiled if each.get("cacheRejected") is False]
