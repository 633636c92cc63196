"""A sign-in is the browser's, not the page's: reloads, tabs, windows, dropped connections, reruns."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.on("popup", "redirect")]


def test_a_reload_a_tab_and_a_rerun_show_the_same_and_exchange_nothing(visitor, stranger):
    visitor.sign_in("Frank Amer")
    shown = visitor.metric()
    uses = visitor.demo.uses()

    visitor.page.reload()
    assert visitor.metric() == shown

    tab = visitor.tab()
    tab.open("/cities")
    assert tab.metric() == shown
    assert tab.refreshed() == shown

    stranger.open()
    expect(stranger.button()).to_be_visible()
    stranger.shows_nothing_of("Frank Amer")

    assert visitor.refreshed() == shown
    assert visitor.demo.uses() == uses
    assert visitor.demo.reuses() == []


def test_a_dropped_connection_comes_back_signed_in_to_the_same_page(wired, wire):
    wired.sign_in("Frank Amer", "/cities?period=30d")
    shown = wired.metric()
    uses = wired.demo.uses()
    first = wired.connections[-1]
    known = len(wire.streams)

    wire.drop_streams()
    wired.until(lambda: wired.connections[-1] is not first and wired.connections[-1].session)

    again = wired.connections[-1]
    assert len(wire.streams) > known
    assert first.socket.is_closed()
    assert again.session == first.session
    assert wired.refreshed() == shown
    expect(wired.page).to_have_url(wired.demo.url + "/cities?period=30d")
    expect(wired.page.get_by_role("combobox", name="Period")).to_have_value("Last 30 days")
    assert wired.demo.uses() == uses


def test_nothing_is_left_of_one_person_for_the_next(wired, wire):
    wired.page.clock.install()
    wired.sign_in("Frank Amer", "/cities?category=Cycling")
    shown, _ = wired.metric()
    quiet = wired.tab()  # does nothing until its connection drops
    quiet.open("/")
    quiet.metric()
    other = wired.tab()
    other.open("/")
    other.metric()

    other.sign_out()
    other.enter("Ethan Global")
    ethans, _ = other.metric()
    assert ethans > shown
    other.names_not("Frank Amer")

    wired.refresh()
    expect(wired.page.get_by_role("dialog")).to_contain_text("Code RL-233")
    wired.shows_nothing_of("Frank Amer")

    franks = {quiet.connections[-1].session, wired.connections[-1].session}
    known = len(wire.streams)
    wire.drop_streams()
    wired.until(lambda: not wired.connections[-1].socket.is_closed() and len(wire.streams) >= known + 2)
    wired.page.clock.fast_forward(30_000)  # a dialog looks by itself whether somebody has signed in
    for tab in (quiet, wired):
        expect(tab.page.get_by_text("Rows that Redshift lets Ethan Global see")).to_be_visible()
        tab.metric()
        tab.names_not("Frank Amer")
        assert tab.connections[-1].session not in franks
    assert quiet.metric()[0] == ethans


def test_signing_out_ends_every_tab(visitor):
    visitor.sign_in("Frank Amer", "/cities?period=30d&category=Cycling")
    visitor.metric()
    acts, waits = visitor.tab(), visitor.tab()
    waits.page.clock.install()
    for tab, path in ((acts, "/?period=7d&category=Running"), (waits, "/cities?period=7d")):
        tab.open(path)
        tab.metric()

    visitor.sign_out()
    assert all(cookie["name"] != "rowlight_session" for cookie in visitor.page.context.cookies())

    acts.refresh()
    dialog = acts.page.get_by_role("dialog")
    expect(dialog).to_contain_text("You are signed out.")
    expect(dialog).to_contain_text("Code RL-233")
    acts.shows_nothing_of("Frank Amer")

    waits.page.clock.fast_forward(30_000)
    expect(waits.button()).to_be_visible()
    waits.shows_nothing_of("Frank Amer")
    expect(waits.page).to_have_url(re.compile(r"cities(\?|%3F)period(=|%3D)7d$"))  # or leads back there

    acts.enter("Frank Amer")
    expect(acts.page).to_have_url(acts.demo.url + "/?period=7d&category=Running")
    expect(acts.page.get_by_role("combobox", name="Period")).to_have_value("Last 7 days")
    expect(acts.chip("Running")).to_be_visible()
    acts.metric()
    expect(dialog).to_have_count(0)
