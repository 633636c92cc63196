"""A tab and whose it is: what a session's end shows, and that no person's state reaches another."""

from urllib.parse import parse_qs, urlsplit

import pytest

from app import main
from app.session.cookies import new_id
from tests.app.tabs import Browser, House

DENIED = {"error": "access_denied"}


@pytest.fixture
def house(monkeypatch):
    return House(monkeypatch)


def idle(house, browser):
    house.scene.clock.forward(minutes=31)


def day_over(house, browser):
    for _ in range(17):
        house.scene.clock.forward(minutes=29)
        if house.sessions.holds(browser.cookies.session):
            house.sessions.find(browser.cookies.session)


def signed_out(house, browser):
    house.sessions.end(browser.cookies.session)


def ended_by_an_administrator(house, browser):
    assert house.sessions.end_all("frank@example.com", by="ada@example.com")


ENDS = [
    pytest.param(idle, "RL-232", "this page was not used for a while", id="idle"),
    pytest.param(day_over, "RL-231", "Your working day in this app is over.", id="day over"),
    pytest.param(signed_out, "RL-233", "You are signed out.", id="signed out elsewhere"),
    pytest.param(
        ended_by_an_administrator, "RL-241", "An administrator ended your sign-in.", id="by an administrator"
    ),
]


class TestOver:
    @pytest.mark.parametrize(("end", "code", "reason"), ENDS)
    def test_a_dialog_over_an_empty_page_says_why_in_every_tab(self, house, end, code, reason):
        browser = house.browser()
        tabs = [house.tab(browser), house.tab(browser)]
        end(house, browser)
        rendered = []
        house.shows(lambda *_: rendered.append(1))
        for tab in tabs:
            tab.run()
            assert tab.dialog == "Sign in again"
            assert reason in tab.text
            assert f"Code {code}" in tab.text
            assert "Frank Amer" not in tab.text
            assert "/auth/sign-out" not in tab.text
            assert tab.components == 1
        assert rendered == []

    @pytest.mark.parametrize(("end", "code", "reason"), ENDS)
    def test_a_tab_in_which_nobody_does_anything_finds_out(self, house, end, code, reason):
        browser = house.browser()
        tab = house.tab(browser)
        end(house, browser)
        assert tab.wait().dialog == "Sign in again"
        assert reason in tab.text
        assert f"Code {code}" in tab.text
        assert "Frank Amer" not in tab.text

    def test_looking_is_no_use_of_the_session(self, house):
        browser = house.browser()
        tab = house.tab(browser)
        for _ in range(4):
            house.scene.clock.forward(minutes=8)
            tab.wait()
        assert "Code RL-232" in tab.text

    @pytest.mark.parametrize(("end", "code", "reason"), ENDS)
    def test_a_new_tab_shows_the_sign_in_page_with_the_reason(self, house, end, code, reason):
        browser = house.browser()
        end(house, browser)
        tab = house.tab(browser)
        assert tab.dialog == ""
        assert tab.page.title[0].value == "Rowlight"
        assert reason in tab.text
        assert f"Code {code}" in tab.text
        assert tab.components == 1

    def test_a_session_that_nobody_opened_is_none(self, house):
        tab = house.tab(Browser(session=new_id()))
        assert "Code RL-233" in tab.text
        assert house.sessions.listing() == []

    def test_the_end_is_told_to_the_provider_once(self, house):
        browser = house.browser()
        tabs = [house.tab(browser), house.tab(browser)]
        idle(house, browser)
        for tab in tabs * 2:
            tab.run()
        assert house.scene.revoked == house.scene.idp.given


class TestSigningInOverThePage:
    @pytest.fixture
    def over(self, house):
        browser = house.browser()
        tab = house.tab(browser, at="/cities", query={"period": "7d"})
        idle(house, browser)
        return tab.run()

    def test_it_leads_back_to_the_same_page_and_filters(self, house, over):
        over.answer(house.scene.idp.grant(over.authorization_url))
        assert over.fields("/auth/session")["return_to"] == "/cities?period=7d"
        assert "For Frank Amer" in house.tab(over.hand_over()).text

    def test_the_way_without_a_pop_up_does_too(self, over):
        assert over.links == ["/auth/login?return_to=/cities%3Fperiod%3D7d"]

    def test_a_denial_is_told_there_with_what_to_do(self, over):
        [state] = parse_qs(urlsplit(over.authorization_url).query)["state"]
        over.answer({**DENIED, "state": state})
        assert over.dialog == "Sign in again"
        assert "it was declined at the identity provider.</strong>" in over.text
        assert "Sign in again when you are ready." in over.text
        assert "Code RL-221" in over.text
        assert state not in over.authorization_url

    def test_by_the_full_page_there_is_one_link(self, monkeypatch):
        house = House(monkeypatch, sign_in="redirect")
        browser = house.browser()
        tab = house.tab(browser, at="/cities", query={"period": "7d"})
        signed_out(house, browser)
        assert tab.run().dialog == "Sign in again"
        assert tab.links == ["/auth/login?return_to=/cities%3Fperiod%3D7d"]
        assert tab.components == 0


class TestAnotherPersonInTheSameTab:
    """The gate begins a tab anew for another browser; should it ever fail to, nothing is there to be read."""

    @pytest.fixture
    def left(self, house):
        """A tab in which Frank chose, searched and was served."""
        tab = house.tab(house.browser(), query={"period": "7d"})
        tab.page.session_state["search"] = "what Frank looked for"
        tab.page.session_state["overview.period"] = "Last 7 days"
        tab.run()
        self.visit = tab.page.session_state["rowlight"]
        tab.page.query_params = {}
        return tab

    def nothing_is_left(self, tab):
        state = tab.page.session_state
        assert "search" not in state
        assert "overview.period" not in state
        assert state["rowlight"] is not self.visit
        assert "Frank Amer" not in tab.sent

    def test_finds_nothing_of_the_first(self, house, left):
        seen = []

        def render(_, name):
            seen.append((name, sorted(main.st.session_state), main.st.session_state["filters"].period))

        house.shows(render)
        left.browser = house.browser(sub="person-2", email="alex@example.com", name="Alex Emea")
        left.run()
        assert seen == [("Alex Emea", ["filters", "rowlight"], "Last 90 days")]
        self.nothing_is_left(left)

    def test_finds_nothing_even_when_it_is_the_same_person_signed_in_anew(self, house, left):
        left.browser = house.browser()
        house.shows(lambda *_: None)
        left.run()
        assert "search" not in left.page.session_state
        assert left.page.session_state["rowlight"] is not self.visit

    @pytest.mark.parametrize("visitor", [None, ""])
    def test_somebody_anonymous_finds_the_sign_in_page_alone(self, left, visitor):
        left.browser = Browser(visitor=visitor)
        left.run()
        assert left.page.title[0].value == "Rowlight"
        assert "filters" not in left.page.session_state
        self.nothing_is_left(left)

    def test_a_ticket_stays_with_the_browser_that_signed_in(self, house):
        tab = house.tab()
        tab.answer(house.scene.idp.grant(tab.authorization_url))
        ticket = tab.fields("/auth/session")["ticket"]
        tab.browser = Browser()
        assert ticket not in tab.run().sent
        assert tab.components == 1

    def test_the_same_browser_keeps_everything(self, left):
        left.run()
        assert left.page.session_state["search"] == "what Frank looked for"
        assert left.page.session_state["rowlight"] is self.visit
