"""A refresh as the browser sees it: from the press of Refresh to the last word from the server."""

import re
import shutil
import time
from collections.abc import Mapping

from playwright.sync_api import Page, expect, sync_playwright

from bench.report import figure, value
from tests.browser.chromium import FLAGS

QUIET = 0.4  # seconds without a frame: the server has said all


def measure(url: str, queries: Mapping[str, float], *, runs: int) -> None:
    """Prints the first visit, and what a refresh of each page takes beside its query."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        frames: list[float] = []
        page.on(
            "websocket",
            lambda socket: socket.on("framereceived", lambda _: frames.append(time.perf_counter())),
        )
        started = time.perf_counter()
        page.goto(url)
        button = page.frame_locator("iframe[title*='authorize_button']").get_by_role(
            "button", name=re.compile("^Sign in")
        )
        expect(button).to_be_visible(timeout=30_000)
        value("browser: first visit to sign-in", time.perf_counter() - started, "s")
        with page.expect_popup() as popup:
            button.click()
        popup.value.get_by_role("button", name="Ethan Global").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=60_000)
        _refreshes(page, frames, "Overview", queries["Overview"], runs)
        page.get_by_role("link", name="Total sales by city").first.click()
        expect(page.get_by_role("heading", name="Total sales by city")).to_be_visible()
        _refreshes(page, frames, "Total sales by city", queries["Total sales by city"], runs)
        browser.close()


def _refreshes(page: Page, frames: list[float], name: str, query: float, runs: int) -> None:
    expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=60_000)
    seconds = []
    for _ in range(runs):
        page.wait_for_timeout(1500)
        frames.clear()
        started = time.perf_counter()
        page.get_by_role("button", name="Refresh").click()
        while not frames or time.perf_counter() - frames[-1] < QUIET:
            page.wait_for_timeout(20)
        seconds.append(frames[-1] - started)
    figure(f"{name}: press to last frame", seconds)
    figure(f"{name}: draw", [each - query for each in seconds], "script and socket: the rest of it")
