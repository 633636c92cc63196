"""No page has a serious accessibility fault, light or dark, wide or on a phone, with what opens on it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.views import VIEWS, admin, explore, how
from tests.browser import axe, drawn
from tests.browser.conftest import profile
from tests.browser.pictures import path_of

pytestmark = pytest.mark.browser
WIDE, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}
LOOKS = [("light", WIDE), ("dark", WIDE), ("light", PHONE)]


def look_at(page: Page, theme, window) -> None:
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.set_viewport_size(window)


def opened(page: Page) -> Iterator[str]:
    """Opens what the frame of the pages offers, one after another; one page stands for all."""
    for opener in page.get_by_test_id("stMain").get_by_test_id("stPopoverButton").all():
        opener.click()
        expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
        drawn.wait(page)
        yield opener.inner_text().partition("\n")[0]
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("combobox", name="What")).to_be_visible()
    drawn.wait(page)
    yield "Export"
    page.get_by_role("button", name="Make the file").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Download (")).to_be_visible()
    drawn.wait(page)
    yield "the file"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="How do I see this?").click()
    expect(page.get_by_role("dialog").get_by_text("aws cloudtrail lookup-events")).to_be_visible()
    drawn.wait(page)
    yield "How do I see this?"
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    # On a phone the sidebar is closed at first.
    if (sidebar := page.get_by_test_id("stExpandSidebarButton")).is_visible():
        sidebar.click()
        expect(page.get_by_role("combobox", name="Category")).to_be_visible()
        yield "the filters"


def test_the_pages_and_what_opens_on_them(visitor, context):
    drawn.watch(context)
    visitor.open_as("Ethan Global")
    page, found = visitor.page, {}
    for theme, window in LOOKS:
        look = f"{theme}, {window['width']} wide"
        look_at(page, theme, window)
        for view in reversed(VIEWS):
            visitor.open(path_of(view))
            drawn.wait(page)
            found[view.title, look] = axe.faults(page)
        for name in opened(page):
            found[name, look] = axe.faults(page)
        visitor.open(f"/{how.PROOF.path}")
        expect(page.get_by_role("heading", name="On record")).to_be_visible()
        drawn.wait(page)
        found[how.PROOF.title, look] = axe.faults(page)
    assert not any(found.values()), "\n".join(f"{name}: {line}" for name in found for line in found[name])


def test_the_administrators_page(visitor, context):
    drawn.watch(context)
    visitor.open_as("Ada Admin", f"/{admin.PROOF.path}")
    page, found = visitor.page, {}
    for theme, window in LOOKS:
        look_at(page, theme, window)
        tabs = page.get_by_role("tab")
        expect(tabs.first).to_be_visible()
        for tab in tabs.all() if theme == "light" and window is WIDE else tabs.all()[0:3:2]:
            tab.click()
            expect(tab).to_have_attribute("aria-selected", "true")
            drawn.wait(page)
            for opener in page.locator("summary").all()[:2]:
                opener.click()
            found[tab.inner_text(), theme, window["width"]] = axe.faults(page)
    assert not any(found.values()), "\n".join(f"{name}: {line}" for name in found for line in found[name])


def test_the_editor_and_what_comes_of_it(visitor, context):
    drawn.watch(context)
    visitor.open_as("Frank Amer", f"/{explore.PROOF.path}")
    page, found = visitor.page, {}
    for theme, window in LOOKS:
        look_at(page, theme, window)
        visitor.open(f"/{explore.PROOF.path}")
        editor = page.get_by_role("textbox", name="SQL")
        editor.press("Control+Enter")
        expect(page.get_by_role("heading", name="Result")).to_be_visible()
        page.get_by_text("Your statements").click()
        expect(page.get_by_role("combobox", name="Bring a statement back")).to_be_visible()
        drawn.wait(page)
        editor.press_sequentially(" c")
        expect(page.get_by_role("listbox", name="Names")).to_be_visible()
        found["answered", theme, window["width"]] = axe.faults(page)
        editor.fill("DELETE")
        editor.press("Control+Enter")
        expect(page.get_by_text("RL-460")).to_be_visible()
        found["refused", theme, window["width"]] = axe.faults(page)
    assert not any(found.values()), "\n".join(f"{name}: {line}" for name in found for line in found[name])


def test_the_sign_in_page(visitor):
    for theme, window in LOOKS:
        look_at(visitor.page, theme, window)
        visitor.open()
        expect(visitor.button()).to_be_visible()
        assert axe.faults(visitor.page) == []


def test_a_fault_is_told_by_its_rule_and_where_it_is(chromium):
    with profile(chromium) as context:
        page = context.new_page()
        page.set_content("<html lang=en><title>A</title><main><h1>A</h1><button id=nameless></button></main>")
        (line,) = axe.faults(page)
    assert line.startswith("button-name (critical) at #nameless: <button id=")
