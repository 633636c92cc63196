"""Tables that are painted on a canvas, as they tell their cells to a screen reader."""

from playwright.sync_api import Locator, expect

STILL_MS = 500


def cells(rows: Locator, count: int) -> list[list[str]]:
    """The first rows, each cell's text: told a while after they were painted, so read until they stay."""
    before, told = None, []
    while told != before or not told:
        expect(rows.nth(count - 1)).to_be_attached()
        before, told = told, [rows.nth(place).locator("td").all_inner_texts() for place in range(count)]
        rows.page.wait_for_timeout(STILL_MS)
    return told
