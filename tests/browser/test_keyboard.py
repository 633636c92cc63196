"""Everything by the keyboard alone, from signing in to signing out; where one is can always be seen."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from app.views import VIEWS
from tests.browser import drawn
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
MOST_STOPS = 120  # of a page, round and back again: more would be a trap
# The element with the focus, in frames too, unless a ring, a shadow or a border in the accent shows so. The
# grid paints a ring of its own around the cell.
_UNSEEN = """accent => {
  let held = document.activeElement;
  while (held?.tagName === "IFRAME") held = held.contentDocument.activeElement;
  if (!held || held === held.ownerDocument.body || held.closest("[data-testid=data-grid-canvas]"))
    return null;
  const style = each => held.ownerDocument.defaultView.getComputedStyle(each);
  const { outlineStyle, outlineWidth, boxShadow } = style(held);
  const around = [held, held.parentElement, held.parentElement?.parentElement].filter(Boolean);
  const shown = (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none"
    || around.some(each => style(each).borderColor === accent);
  return shown ? null : held.outerHTML.slice(0, 300);
}"""
_HELD = "held => held === held.ownerDocument.activeElement"
_ACCENT = "rgb(11, 110, 110)"
_AT_ONCE = "*, *::before, *::after { transition: none !important; }"


@dataclass
class Typist:
    """Somebody without a mouse, who presses Tab until they are where they want to be."""

    page: Page

    def reach(self, target: Locator, *, key: str = "Tab") -> None:
        expect(target).to_be_visible()
        for _ in range(MOST_STOPS):
            self.page.keyboard.press(key)
            unseen = self.page.evaluate(_UNSEEN, _ACCENT)
            assert unseen is None, f"the focus is not seen: {unseen}"
            if target.evaluate(_HELD):
                return
        raise AssertionError(f"the keyboard does not lead to {target}")

    def press(self, target: Locator) -> None:
        self.reach(target)
        self.page.keyboard.press("Enter")

    def choose(self, box: str, option: str) -> None:
        self.reach(self.page.get_by_role("combobox", name=box, exact=True))
        self.page.keyboard.type(option)
        expect(self.page.get_by_role("option", name=option)).to_be_visible()
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Escape")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)


def sign_in(visitor: Visitor, typist: Typist, name: str) -> None:
    visitor.open()
    with visitor.page.expect_popup() as popup:
        typist.press(visitor.button())
    at_provider = Typist(popup.value)
    at_provider.press(popup.value.get_by_role("button", name=name))
    expect(visitor.leave()).to_be_visible()
    visitor.page.add_style_tag(content=_AT_ONCE)
    drawn.wait(visitor.page)


def test_a_day_s_work(visitor, context, demo):
    drawn.watch(context)
    typist, page = Typist(visitor.page), visitor.page
    sign_in(visitor, typist, "Ethan Global")

    typist.choose("Period", "Last 7 days")
    expect(page).to_have_url(demo.url + "/?period=7d")
    chip = typist.button("Category: Cycling")
    typist.choose("Category", "Cycling")
    typist.press(chip)
    expect(chip).to_have_count(0)
    typist.choose("Category", "Cycling")
    expect(chip).to_be_visible()
    typist.press(typist.button("Reset filters"))
    expect(page).to_have_url(demo.url + "/")

    drawn.wait(page)
    asked = len(demo.events("query"))
    typist.press(typist.button("Refresh"))
    visitor.until(lambda: len(demo.events("query")) > asked)

    drawn.wait(page)
    for opener in page.get_by_test_id("stMain").get_by_test_id("stPopoverButton").all():
        typist.press(opener)
        opened = page.get_by_test_id("stPopoverBody")
        expect(opened).to_be_visible()
        drawn.wait(page)
        page.keyboard.press("Escape")
        expect(opened).to_have_count(0)
        expect(opener).to_be_focused()

    for view in [*VIEWS[1:], VIEWS[0]]:
        typist.press(page.get_by_role("link", name=view.title, exact=True))
        expect(page.get_by_role("heading", name=view.title, level=1)).to_be_visible()
        drawn.wait(page)
        # All the way round, through everything that the page has.
        typist.reach(page.get_by_test_id("stSkipToContent"))

    typist.press(visitor.leave())
    expect(page.get_by_text("You are signed out.")).to_be_visible()
