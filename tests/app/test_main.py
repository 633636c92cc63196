"""The script's pages for somebody who is signed in, and what it says when something fails."""

import gc
import logging
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from streamlit import config

from app import main, session
from app.errors import (
    InvalidToken,
    NotAssigned,
    QueryFailed,
    RoleRefused,
    SessionExpired,
    SettingsError,
    SignInRefused,
    StoreUnavailable,
    WarehouseBusy,
)
from app.session.user import UserSession
from tests.app.auth.conftest import CLIENT_SECRET
from tests.app.tabs import Browser, House

EVIL = "<img src=x onerror=alert(1)> [click](https://evil.example.com) **bold**"
SIGN_OUT = '<form method="post" action="/auth/sign-out" target="_self"><button class="rl-button">{}</button>'
# What an exception may hold, and a page never.
TOKEN = "eyJhbGciOiJSUzI1NiJ9.payload.signature"


@pytest.fixture
def house(monkeypatch):
    return House(monkeypatch)


def raising(error):
    def render(warehouse, name):
        raise error

    return render


def store_out_of_reach(*_, **__):
    raise StoreUnavailable("The store does not answer (ReadTimeout).", "Try again in a moment.")


def run_out():
    return SessionExpired("Your sign-in has run out.", "Sign in again.", code="RL-234")


class TestSettings:
    @pytest.fixture
    def wrong(self, house, monkeypatch):
        def told(message, remedy="Set them."):
            def broken():
                raise SettingsError(message, remedy)

            monkeypatch.setattr(session, "services", broken)
            return house.tab()

        return told

    def test_wrong_ones_are_told_and_nothing_else(self, wrong):
        tab = wrong("Rowlight is not set up.\n\n- OIDC_ISSUER is not set.")
        assert tab.page.header[0].value == "Rowlight is not set up."
        assert "- OIDC_ISSUER is not set." in tab.text
        assert "Code RL-100 · Reference " in tab.text
        assert tab.buttons == tab.links == []
        assert tab.components == 0

    def test_an_address_that_is_an_example_is_no_link(self, wrong):
        shown = wrong(
            "Not set up.\n\n- A. Such as https://example.okta.com.", "Set http://localhost:8501, then."
        ).text
        assert "`https://example.okta.com`." in shown
        assert "`http://localhost:8501`, then." in shown


class TestSignedIn:
    def test_the_view_is_drawn_for_the_person_with_their_warehouse(self, house):
        browser = house.browser()
        seen = []
        house.shows(lambda warehouse, name: seen.append((warehouse, name)))
        tab = house.tab(browser)
        assert seen == [(house.sessions.find(browser.cookies.session).warehouse, "Frank Amer")]
        assert tab.dialog == ""
        assert tab.components == 0

    def test_who_it_is_and_the_way_out_stand_beside_it(self, house):
        shown = house.tab(house.browser(groups=["amer-sales", "exec-global"])).text
        assert "<strong>Frank Amer</strong>" in shown
        assert "frank@example.com<br>amer-sales, exec-global" in shown
        assert SIGN_OUT.format("Sign out") in shown
        assert '<script src="/auth/page.js"></script>' in shown

    def test_somebody_in_no_group_reads_so(self, house):
        assert "<br>In no group<" in house.tab(house.browser(groups=[])).text

    def test_names_are_text_whatever_they_hold(self, house):
        house.shows(lambda *_: None)
        shown = house.tab(house.browser(name=EVIL, groups=[EVIL, "</div>"])).text
        assert "<img" not in shown
        assert EVIL in unescape(shown)
        assert "&lt;/div&gt;" in shown

    def test_nothing_secret_is_on_the_page(self, house):
        browser = house.browser()
        user = house.sessions.find(browser.cookies.session)
        keys = user.keys()
        sent = house.tab(browser).sent
        secrets = [browser.cookies.session, browser.cookies.visitor, user.key, user.identity.token]
        secrets += [keys.secret_access_key, keys.session_token, CLIENT_SECRET, *house.scene.idp.given]
        assert all(secrets)
        assert not [secret for secret in secrets if secret in sent]

    def test_a_rerun_exchanges_nothing_again(self, house):
        browser = house.browser()
        house.shows(lambda *_: house.sessions.find(browser.cookies.session).keys())
        house.tab(browser).run()
        house.tab(browser).run()
        assert len(house.scene.aws.grants) == 1

    def test_a_rerun_sets_nothing_aside_that_would_never_be_collected(self, house):
        tab = house.tab(house.browser())
        aside = gc.get_freeze_count()
        tab.run()
        assert gc.get_freeze_count() <= aside
        assert config.get_option("runner.postScriptGC") is False  # it would look through everybody's objects


class TestTheNotice:
    """What is said before a session ends that nothing can renew."""

    def ending(self, monkeypatch, left, timezone="Europe/Berlin", **where):
        house = House(monkeypatch, session_hours=left.total_seconds() / 3600)
        tab = house.tab(house.browser(), timezone=timezone, **where)
        now = house.scene.clock()
        return tab, now + left

    def test_it_comes_five_minutes_ahead_with_the_persons_own_time_and_a_link(self, monkeypatch):
        tab, end = self.ending(
            monkeypatch,
            timedelta(minutes=4, seconds=50),
            "Asia/Kolkata",
            at="/cities",
            query={"period": "7d"},
        )
        local = end.astimezone(UTC) + timedelta(hours=5, minutes=30)
        assert f'role="status">Your sign-in ends at {local:%H:%M}. ' in tab.text
        assert tab.links == ["/auth/login?return_to=/cities%3Fperiod%3D7d"]
        assert "For Frank Amer" in tab.text

    def test_none_comes_earlier(self, monkeypatch):
        tab, _ = self.ending(monkeypatch, timedelta(minutes=5, seconds=40))
        assert "Your sign-in ends" not in tab.text

    def test_it_comes_by_itself(self, monkeypatch):
        tab, _ = self.ending(monkeypatch, timedelta(minutes=5, seconds=40))
        soon = datetime.now(UTC) + timedelta(minutes=4)
        monkeypatch.setattr(UserSession, "ends_at", property(lambda _: soon))
        assert "Your sign-in ends" in tab.wait().text

    def test_none_comes_while_renewal_needs_nobody(self, house):
        assert "Your sign-in ends" not in house.tab(house.browser()).text

    def test_it_comes_where_the_provider_gave_nothing_to_renew_with(self, house):
        house.scene.idp.offline = False
        soon = int(house.scene.clock.seconds()) + 240
        assert "Your sign-in ends" in house.tab(house.browser(exp=soon)).text

    @pytest.mark.parametrize(
        "hostile",
        [None, "", "../../etc/passwd", "/etc/passwd", "<b>x", "A" * 5000, "a/" * 3000 + "b", "America", "\0"],
    )
    def test_a_time_zone_that_is_none_gives_the_time_in_utc(self, monkeypatch, hostile):
        tab, end = self.ending(monkeypatch, timedelta(minutes=4), hostile)
        assert f"Your sign-in ends at {end.astimezone(UTC):%H:%M} UTC. " in tab.text


class TestFailures:
    @pytest.mark.parametrize(
        "error",
        [
            QueryFailed("The question is at fault.", "Report it.", query_name="Overview", statement_id="abc"),
            WarehouseBusy("No room.", "Wait.", query_name="Overview", statement_id=None),
            SignInRefused("The identity provider cannot be reached.", "Wait.", code="RL-227"),
            InvalidToken("Not to be trusted.", "Sign in again.", code="RL-212"),
        ],
    )
    def test_a_view_that_fails_leaves_the_rest_working(self, house, caplog, error):
        caplog.set_level(logging.INFO, logger="app")
        house.shows(raising(error))
        tab = house.tab(house.browser())
        assert error.message in tab.text
        assert error.remedy in tab.text
        [reference] = re.findall(rf"Code {error.code} · Reference ([0-9a-f]{{8}})", tab.text)
        assert f"reference={reference} error={error.code}" in caplog.text
        assert tab.buttons == ["Try again"]
        house.shows(lambda *_: main.st.subheader("All is well"))
        assert "All is well" in tab.press("Try again").text

    @pytest.mark.parametrize(
        "error",
        [
            NotAssigned("No access.", "Ask for it.", code="RL-331"),
            RoleRefused("No role.", "Ask for it.", code="RL-325"),
        ],
    )
    def test_who_has_no_access_is_told_and_can_sign_out(self, house, error):
        house.shows(raising(error))
        tab = house.tab(house.browser())
        assert f"Code {error.code} · Reference " in tab.text
        assert (
            SIGN_OUT.format("Sign out and sign in again").replace("rl-button", "rl-button rl-fit") in tab.text
        )

    def test_a_store_out_of_reach_is_told_and_nobody_is_signed_out_by_it(self, house, monkeypatch):
        tab = house.tab(house.browser())
        with monkeypatch.context() as patch:
            patch.setattr(house.scene.store, "get", store_out_of_reach)
            tab.run()
            assert "The store does not answer" in tab.text
            assert "Code RL-110 · Reference " in tab.text
            assert tab.buttons == ["Try again"]
            assert "Frank Amer" not in tab.text
        assert "For Frank Amer" in tab.press("Try again").text

    def test_a_look_at_the_session_does_not_disturb_while_the_store_is_out_of_reach(self, house, monkeypatch):
        tab = house.tab(house.browser())
        with monkeypatch.context() as patch:
            patch.setattr(house.scene.store, "get", store_out_of_reach)
            assert "RL-110" not in tab.wait().text
        assert "For Frank Amer" in tab.run().text

    def test_strangers_are_told_so_too_and_can_sign_in(self, house, monkeypatch):
        monkeypatch.setattr(house.scene.store, "get", store_out_of_reach)
        assert house.tab().components == 1
        assert "Code RL-110" in house.tab(Browser(session="x" * 43)).text

    def test_a_mistake_of_ours_shows_a_reference_and_nothing_of_it(self, house, caplog):
        house.shows(raising(ValueError(TOKEN)))
        tab = house.tab(house.browser())
        assert "This part of the page failed." in tab.text
        assert TOKEN not in tab.sent
        assert "ValueError" not in tab.sent
        [reference] = re.findall(r"Reference ([0-9a-f]{8})", tab.text)
        assert f"reference={reference} ValueError" in caplog.text
        house.shows(lambda *_: main.st.subheader("All is well"))
        assert "All is well" in tab.run().text

    def test_so_does_one_in_a_part_of_the_page(self, house):
        def render(*_):
            main.st.fragment(raising(ValueError(TOKEN)))(None, None)

        house.shows(render)
        tab = house.tab(house.browser())
        assert "This part of the page failed." in tab.text
        assert TOKEN not in tab.sent

    def test_an_error_in_a_part_of_the_page_is_explained_there(self, house):
        def render(*_):
            main.st.fragment(raising(NotAssigned("No access.", "Ask for it.", code="RL-331")))(None, None)

        house.shows(render)
        assert "Code RL-331 · Reference " in house.tab(house.browser()).text


class TestASessionThatRunsOut:
    """Wherever on a page it is noticed, every tab is told the same at its next action."""

    def told(self, house, tab, other):
        for each in (tab.run(), other.run()):
            assert each.dialog == "Sign in again"
            assert "Your sign-in has run out." in each.text
            assert "Code RL-234" in each.text
            assert "Frank Amer" not in each.text
        assert house.scene.revoked == house.scene.idp.given

    @pytest.fixture
    def tabs(self, house):
        browser = house.browser()
        return house.tab(browser), house.tab(browser)

    def test_by_a_query(self, house, tabs):
        house.shows(raising(run_out()))
        assert tabs[0].run().dialog == "Sign in again"
        self.told(house, *tabs)

    def test_the_rows_of_a_tab_that_stays_open_go(self, house, tabs):
        rows = object()

        def render(_warehouse, _name):
            main.st.session_state["page shown"] = "view-0", "question", rows

        house.shows(render)
        state = tabs[0].run().page.session_state
        assert rows in state["page shown"]
        house.shows(raising(run_out()))
        assert "page shown" not in tabs[0].run().page.session_state

    def test_in_the_middle_of_a_page_of_which_nothing_stays(self, house, tabs):
        def render(_, name):
            main.st.subheader(f"Sales of {name}")
            with main.st.sidebar:
                main.st.text(f"Filters of {name}")
            raise run_out()

        house.shows(render)
        shown = tabs[0].run().text
        assert "Code RL-234" in shown
        assert "Frank Amer" not in shown
        assert "/auth/sign-out" not in shown

    def test_in_a_part_of_the_page(self, house, tabs):
        house.shows(lambda *_: main.st.fragment(raising(run_out()))(None, None))
        assert "Code RL-234 · Reference " in tabs[0].run().text
        self.told(house, *tabs)

    def test_in_a_callback(self, house, tabs):
        def fails():
            raise run_out()

        house.shows(lambda *_: main.st.button("Act", on_click=fails))
        assert "Code RL-234 · Reference " in tabs[0].run().press("Act").text
        self.told(house, *tabs)
