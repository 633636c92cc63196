"""A tab's visit: the pop-up's answer as anybody could write it, and whose tab it is."""

from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.errors import SessionExpired, StoreUnavailable
from app.session import Services
from app.session import visit as visits
from app.session.cookies import new_id
from app.session.visit import Cookies, Visit
from tests.app.session.scene import code

MIDDAY = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def shared(scene):
    sessions = scene.sessions()
    return Services(scene.settings, sessions._provider, sessions)


@pytest.fixture
def streamlit(monkeypatch):
    """Streamlit, as far as a visit asks it anything."""
    context = SimpleNamespace(cookies={}, url="https://app.example.com/", timezone=None)
    stand_in = SimpleNamespace(context=context, session_state={}, query_params=Query())
    monkeypatch.setattr(visits, "st", stand_in)
    monkeypatch.setattr(visits, "current_tab", lambda: "tab-1")
    return stand_in


class Query(dict):
    def get_all(self, name):
        return self[name]


@pytest.fixture
def tab(scene):
    """A tab of a browser in which nobody is signed in."""
    return Visit(Cookies(visitor=scene.visitor))


def grant(scene, visit, shared, **claims):
    """What the pop-up brings after the person agreed at the provider."""
    return scene.idp.grant(visit.attempt(shared).url, **claims)


def redeem(scene, visit, shared):
    return shared.sessions.find(
        shared.sessions.redeem(visit.ticket, visitor=scene.visitor, replaces="")
    ).identity


class TestThePopUpsAnswer:
    def test_an_attempt_stays_until_it_is_answered(self, tab, shared):
        assert tab.attempt(shared) is tab.attempt(shared)

    def test_it_is_under_way_to_the_pop_ups_own_page(self, tab, shared):
        query = parse_qs(urlsplit(tab.attempt(shared).url).query)
        assert query["redirect_uri"] == [shared.settings.popup_uri]

    def test_a_good_answer_is_a_ticket_for_this_browser(self, scene, tab, shared):
        tab.answer(grant(scene, tab, shared), shared)
        assert redeem(scene, tab, shared).email == "frank@example.com"
        assert tab.notice is None

    def test_an_answer_is_good_once(self, scene, tab, shared):
        answer = grant(scene, tab, shared)
        tab.answer(answer, shared)
        tab.ticket = None
        tab.attempt(shared)
        tab.answer(answer, shared)
        assert (tab.ticket, tab.notice.code) == (None, "RL-223")
        assert scene.idp.count("/token") == 1

    def test_an_answer_to_no_attempt_is_nothing(self, scene, tab, shared):
        tab.answer({"code": "code-1", "state": ""}, shared)
        assert (tab.ticket, tab.notice) == (None, None)
        assert scene.idp.requests == []

    def test_a_bad_answer_spends_the_attempt_and_leaves_a_notice(self, scene, tab, shared):
        answer = grant(scene, tab, shared)
        before = tab.attempt(shared).state
        tab.answer({**answer, "state": "forged"}, shared)
        assert (tab.ticket, tab.notice.code) == (None, "RL-223")
        assert tab.attempt(shared).state != before

    @pytest.mark.parametrize("extra", ["token", "id_token", "access_token", "session", "identity"])
    def test_a_forged_value_signs_nobody_in(self, scene, tab, shared, extra):
        """The component's value comes from the browser: whoever it names, the provider's word counts."""
        ethan = scene.idp.token(nonce=tab.attempt(shared).nonce, email="ethan@example.com", sub="person-2")
        forged = {extra: {"id_token": ethan, "access_token": "a"}, "id_token": ethan}
        tab.answer({**forged, "state": tab.attempt(shared).state}, shared)
        assert (tab.ticket, tab.notice.code) == (None, "RL-224")
        assert scene.idp.count("/token") == 0
        tab.answer({**forged, **grant(scene, tab, shared)}, shared)
        assert redeem(scene, tab, shared).email == "frank@example.com"

    def test_a_token_of_another_sign_in_is_no_ticket(self, scene, tab, shared):
        tab.answer(grant(scene, tab, shared, nonce="of-another"), shared)
        assert (tab.ticket, tab.notice.code) == (None, "RL-217")

    def test_a_store_out_of_reach_is_told(self, scene, tab, shared, monkeypatch):
        answer = grant(scene, tab, shared)

        def fail(*_, **__):
            raise StoreUnavailable("no", "later")

        monkeypatch.setattr(scene.store, "add", fail)
        tab.answer(answer, shared)
        assert (tab.ticket, tab.notice.code) == (None, "RL-110")

    def test_a_provider_out_of_reach_is_told(self, scene, tab, shared):
        answer = grant(scene, tab, shared)
        scene.idp.answers["/token"] = httpx.ConnectError("no")
        tab.answer(answer, shared)
        assert (tab.ticket, tab.notice.code) == (None, "RL-227")

    def test_nothing_of_it_shows_a_secret(self, scene, shared):
        sent = Cookies(scene.sign_in(shared.sessions), scene.visitor)
        tab = Visit(sent)
        attempt = tab.attempt(shared)
        shown = [repr(tab), repr(vars(tab)), repr(sent), repr(shared)]
        tab.answer(grant(scene, tab, shared), shared)
        assert tab.ticket
        shown += [repr(tab), repr(tab.user(shared)), repr(tab.notice)]
        secrets = [sent.session, sent.visitor, attempt.state, attempt.nonce, attempt.verifier]
        secrets += ["client-secret-never", *scene.refresh_tokens]
        assert not [secret for secret in secrets for text in shown if secret in text]


class TestWho:
    def test_nobody_where_there_is_no_cookie(self, tab, shared):
        assert tab.user(shared) is None

    def test_the_person_of_the_cookie(self, scene, shared):
        session_id = scene.sign_in(shared.sessions)
        assert Visit(Cookies(session_id, scene.visitor)).user(shared).identity.email == "frank@example.com"

    def test_a_session_that_is_over_says_why_in_every_tab(self, scene, shared):
        session_id = scene.sign_in(shared.sessions)
        tabs = [Visit(Cookies(session_id, scene.visitor)) for _ in range(2)]
        tabs[0].expire(SessionExpired("over", "again", code="RL-234"), shared)
        assert [code(SessionExpired, each.user, shared) for each in tabs] == ["RL-234", "RL-234"]

    def test_a_browser_without_cookies_is_known_for_it(self, tab):
        assert tab.takes_cookies
        assert not Visit(Cookies()).takes_cookies

    def test_after_a_sign_out_the_next_person_is_asked_who_they_are(self, scene, shared):
        left = Visit(Cookies(visitor=scene.visitor, said="RL-235"))
        assert (left.signed_out, left.said) == (True, "RL-235")
        assert "prompt=login" in left.attempt(shared).url

    def test_who_has_signed_in_again_has_not_signed_out(self, scene):
        back = Visit(Cookies(new_id(), scene.visitor, "signed-out"))
        assert (back.signed_out, back.said) == (False, "")


class TestTheTab:
    @pytest.fixture
    def connect(self, streamlit, shared):
        """The tab connects with these cookies, and the script runs."""

        def connect(session="", visitor=""):
            streamlit.context.cookies = {
                "__Host-rowlight_session": session,
                "__Host-rowlight_visitor": visitor,
            }
            return visits.visit(shared)

        return connect

    def test_it_stays_the_same_from_run_to_run(self, connect):
        visitor = new_id()
        assert connect(visitor=visitor) is connect(visitor=visitor)

    def test_what_another_left_in_it_is_gone(self, connect, streamlit):
        first, session, visitor = connect(visitor=new_id()), new_id(), new_id()
        streamlit.session_state["search"] = "what Frank looked for"
        second = connect(session, visitor)
        assert second is not first
        assert list(streamlit.session_state.values()) == [second]
        streamlit.session_state["search"] = "what Ethan looked for"
        assert connect(session, new_id()) is second  # the same person still
        assert "search" in streamlit.session_state
        connect(new_id(), visitor)
        assert "search" not in streamlit.session_state

    def test_what_is_no_visit_is_not_taken_for_one(self, connect, streamlit):
        streamlit.session_state |= {visits._KEY: "forged", "x": 1}
        found = connect(visitor=new_id())
        assert list(streamlit.session_state.values()) == [found]

    def test_its_state_is_resumed_by_its_browser_alone(self, connect, shared):
        session, visitor = new_id(), new_id()
        connect(session, visitor)
        assert shared.sessions.resumes("tab-1", session, visitor)
        assert not shared.sessions.resumes("tab-1", "", visitor)
        assert not shared.sessions.resumes("tab-1", new_id(), visitor)

    @pytest.mark.parametrize(
        "name", ["rowlight_session", "__Secure-rowlight_session", "__host-rowlight_session"]
    )
    def test_a_cookie_by_another_name_is_none(self, streamlit, shared, name):
        streamlit.context.cookies = {name: new_id()}
        assert visits.cookies(shared) == Cookies()

    @pytest.mark.parametrize("secure", [True, False])
    def test_cookies_are_read_by_the_names_under_which_they_are_given_out(self, streamlit, secure):
        values = {"session": new_id(), "visitor": new_id(), "said": "signed-out"}
        ours, others = ("__Host-", "") if secure else ("", "__Host-")
        streamlit.context.cookies = {f"{others}rowlight_{name}": new_id() for name in values}
        streamlit.context.cookies |= {f"{ours}rowlight_{name}": value for name, value in values.items()}
        assert visits.cookies(SimpleNamespace(settings=SimpleNamespace(secure=secure))) == Cookies(**values)

    @pytest.mark.parametrize(
        "value", ["", "x", "A" * 42, "A" * 44, "é" * 43, "x" * 42 + "\n", "../" + "x" * 40]
    )
    def test_a_cookie_that_was_made_up_is_none(self, streamlit, shared, value):
        streamlit.context.cookies = {"__Host-rowlight_session": value, "__Host-rowlight_visitor": value}
        assert visits.cookies(shared) == Cookies()


class TestHere:
    def test_it_is_the_page_with_its_choice(self, streamlit):
        streamlit.context.url = "https://app.example.com/cities?stale=1"
        streamlit.query_params |= {"year": ["2024", "2025"], "q": ["a b&c=d"]}
        assert visits.here() == "/cities?year=2024&year=2025&q=a+b%26c%3Dd"

    @pytest.mark.parametrize("url", [None, "", "https://app.example.com"])
    def test_without_an_address_it_is_the_first_page(self, streamlit, url):
        streamlit.context.url = url
        assert visits.here() == "/"
