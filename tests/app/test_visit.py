"""A tab and whose it is: what a session's end shows, and that no person's state reaches another."""

from datetime import datetime
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from app import main
from app.session import visit as visits
from app.session.cookies import new_id
from app.session.visit import Visit
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


ENDS = [
    pytest.param(idle, "RL-232", "this page was not used for a while", id="idle"),
    pytest.param(day_over, "RL-231", "Your working day in this app is over.", id="day over"),
    pytest.param(signed_out, "RL-233", "You are signed out.", id="signed out elsewhere"),
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


class TestCookies:
    @pytest.mark.parametrize("secure", [True, False])
    def test_they_are_read_by_the_names_under_which_they_are_given_out(self, monkeypatch, secure):
        values = {"session": new_id(), "visitor": new_id(), "said": "signed-out"}
        prefix = "__Host-" if secure else ""
        sent = {f"{prefix}rowlight_{name}": value for name, value in values.items()}
        other = {f"{'' if secure else '__Host-'}rowlight_{name}": new_id() for name in values}
        monkeypatch.setattr(visits, "st", SimpleNamespace(context=SimpleNamespace(cookies={**sent, **other})))
        read = visits.cookies(SimpleNamespace(settings=SimpleNamespace(secure=secure)))
        assert (read.session, read.visitor, read.said) == tuple(values.values())

    @pytest.mark.parametrize("value", ["", "short", "x" * 44, "x" * 42 + "\n", "../" + "x" * 40])
    def test_what_we_never_gave_out_is_none(self, monkeypatch, value):
        sent = {"rowlight_session": value, "rowlight_visitor": value}
        monkeypatch.setattr(visits, "st", SimpleNamespace(context=SimpleNamespace(cookies=sent)))
        read = visits.cookies(SimpleNamespace(settings=SimpleNamespace(secure=False)))
        assert (read.session, read.visitor, read.said) == ("", "", "")


def test_an_answer_to_no_attempt_is_nothing(house):
    visit = Visit(Browser().cookies)
    visit.answer({"code": "code-1", "state": ""}, house.shared)
    assert visit.ticket is None
    assert visit.notice is None
    assert house.scene.idp.requests == []


def test_nothing_of_a_visit_shows_a_secret(house):
    browser = house.browser()
    visit = Visit(browser.cookies)
    attempt = visit.attempt(house.shared)
    shown = [repr(visit), repr(vars(visit)), repr(browser.cookies), repr(house.shared)]
    visit.answer(house.scene.idp.grant(attempt.url), house.shared)
    shown += [repr(visit), repr(visit.user(house.shared)), repr(visit.notice)]
    secrets = [browser.cookies.session, browser.cookies.visitor]
    secrets += [attempt.state, attempt.nonce, attempt.verifier, *house.scene.idp.given]
    assert visit.ticket
    assert not [secret for secret in secrets for text in shown if secret in text]


def test_the_time_is_that_of_the_persons_own_clock(monkeypatch):
    moment = datetime.fromisoformat("2026-07-01T12:00:00+00:00")
    said = {}
    for name in ("Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+12", "UTC", "No/Such_Zone"):
        monkeypatch.setattr(visits, "st", SimpleNamespace(context=SimpleNamespace(timezone=name)))
        said[name] = visits.clock(moment)
    assert list(said.values()) == ["14:00", "09:00", "00:00", "12:00", "12:00 UTC"]
