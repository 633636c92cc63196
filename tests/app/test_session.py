"""A session serves one person in one tab, for as long as it may."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest

from app import session
from app.auth.aws import Aws
from app.errors import SessionExpired
from app.session import Services, UserSession, Visit
from tests.app.auth.conftest import FakeProvider, make_provider

BACK = "https://app.example.com/component/streamlit_oauth.authorize_button/index.html"


class Warehouse:
    def __init__(self):
        self.cancelled = 0

    def cancel(self):
        self.cancelled += 1


class SignedIn:
    def __init__(self):
        self.identity = SimpleNamespace(name="Frank Amer", email="frank@example.com", groups=("amer-sales",))
        self.revoked = 0

    def revoke(self):
        self.revoked += 1


class Clock:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.now


class Tab:
    name = "tab-1"

    def __call__(self):
        return self.name


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tab():
    return Tab()


@pytest.fixture
def user(clock, tab):
    return UserSession(
        SignedIn(), Warehouse(), lasts=timedelta(hours=8), idle=timedelta(minutes=30), clock=clock, tab=tab
    )


def over(call):
    with pytest.raises(SessionExpired) as caught:
        call()
    return caught.value.code


def test_the_owner_is_served(user):
    user.touch()
    assert user.identity.name == "Frank Amer"
    assert user.warehouse.cancelled == 0


@pytest.mark.parametrize("stranger", ["tab-2", "", None])
def test_no_other_tab_is_served(user, tab, stranger):
    tab.name = stranger
    assert over(lambda: user.identity) == "RL-233"
    assert over(lambda: user.warehouse) == "RL-233"
    assert over(user.touch) == "RL-233"
    assert over(user.end) == "RL-233"


def test_a_session_made_outside_of_any_tab_serves_nobody(clock):
    nobody = UserSession(
        SignedIn(),
        Warehouse(),
        lasts=timedelta(hours=8),
        idle=timedelta(hours=1),
        clock=clock,
        tab=lambda: "",
    )
    assert over(lambda: nobody.warehouse) == "RL-233"


def test_the_working_day_ends(user, clock):
    for _ in range(31):
        clock.now += timedelta(minutes=15)
        user.touch()
    clock.now += timedelta(minutes=15)
    assert over(user.touch) == "RL-231"


def test_a_page_that_nobody_uses_is_signed_out(user, clock):
    clock.now += timedelta(minutes=29)
    user.touch()
    clock.now += timedelta(minutes=30)
    assert over(user.touch) == "RL-232"


def test_the_end_stops_what_runs_revokes_and_serves_nobody(user):
    warehouse, signed_in = user.warehouse, user._signed_in
    user.end()
    assert (warehouse.cancelled, signed_in.revoked) == (1, 1)
    assert over(lambda: user.warehouse) == "RL-233"
    assert over(user.end) == "RL-233"


class TestVisit:
    @pytest.fixture
    def idp(self):
        return FakeProvider()

    @pytest.fixture
    def shared(self, idp):
        settings = SimpleNamespace(
            redirect_uri=BACK,
            session_hours=8,
            session_idle_minutes=30,
            redshift_target={"WorkgroupName": "sales"},
            redshift_database="dev",
            query_timeout_seconds=5,
            max_rows=10,
            bridge_role_arn="",
        )
        return Services(settings, make_provider(idp, lambda: 0.0), Aws("us-east-1"))

    @pytest.fixture(autouse=True)
    def in_a_tab(self, monkeypatch):
        self.state = {}
        monkeypatch.setattr(session, "current_tab", lambda: "tab-1")
        monkeypatch.setattr(session.st, "session_state", self.state)

    def answer(self, visit, shared, idp):
        attempt = visit.attempt(shared)
        token = idp.token(nonce=attempt.nonce)
        idp.answers["/token"] = httpx.Response(200, json={"id_token": token, "refresh_token": "refresh-1"})
        return {"code": "code-1", "state": attempt.state}

    def test_an_attempt_stays_until_it_is_answered(self, shared):
        visit = Visit()
        assert visit.attempt(shared) is visit.attempt(shared)

    def test_a_good_answer_signs_in(self, shared, idp):
        visit = Visit()
        visit.answer(self.answer(visit, shared, idp), shared)
        assert visit.user.identity.email == "frank@example.com"
        assert visit.notice is None

    def test_an_answer_is_good_once(self, shared, idp):
        visit = Visit()
        answer = self.answer(visit, shared, idp)
        visit.answer(answer, shared)
        visit.end()
        visit.attempt(shared)
        visit.answer(answer, shared)
        assert visit.user is None
        assert visit.notice.code == "RL-223"
        assert idp.count("/token") == 1

    def test_an_answer_to_no_attempt_is_nothing(self, shared, idp):
        visit = Visit()
        visit.answer({"code": "code-1", "state": ""}, shared)
        assert visit.user is None
        assert idp.count("/token") == 0

    def test_a_bad_answer_spends_the_attempt_and_leaves_a_notice(self, shared):
        visit = Visit()
        before = visit.attempt(shared).state
        visit.answer({"code": "code-1", "state": "forged"}, shared)
        assert visit.user is None
        assert visit.notice.code == "RL-223"
        assert visit.attempt(shared).state != before

    def test_signing_out_revokes_and_has_the_next_person_asked(self, shared, idp):
        visit = Visit()
        visit.answer(self.answer(visit, shared, idp), shared)
        self.state.update({session._KEY: visit, "search": "what Frank looked for"})
        visit.end()
        assert visit.user is None
        assert visit.signed_out
        assert idp.forms("/revoke")[0]["token"] == "refresh-1"
        assert list(self.state) == [session._KEY]
        assert "prompt=login" in visit.attempt(shared).url

    def test_a_revocation_that_fails_is_shown(self, shared, idp):
        visit = Visit()
        visit.answer(self.answer(visit, shared, idp), shared)
        idp.answers["/revoke"] = httpx.Response(503)
        visit.end()
        assert visit.user is None
        assert visit.notice.code == "RL-235"

    def test_an_ended_session_leaves_its_reason(self, shared, idp):
        visit = Visit()
        visit.answer(self.answer(visit, shared, idp), shared)
        visit.end(SessionExpired("idle", "again", code="RL-232"))
        assert visit.notice.code == "RL-232"
        assert not visit.signed_out

    def test_a_session_asks_aws_nothing_until_it_is_used(self, shared, idp):
        visit = Visit()
        visit.answer(self.answer(visit, shared, idp), shared)
        assert visit.user.warehouse is visit.user.warehouse

    def test_nothing_of_a_visit_shows_a_secret(self, shared, idp):
        visit = Visit()
        attempt = visit.attempt(shared)
        answer = self.answer(visit, shared, idp)
        shown = [repr(visit), repr(vars(visit)), repr(shared)]
        visit.answer(answer, shared)
        shown += [repr(vars(visit)), repr(visit.user), repr(vars(visit.user)), repr(visit.user.identity)]
        token = visit.user.identity.token
        secrets = (token, "refresh-1", attempt.state, attempt.nonce, attempt.verifier, "client-secret-never")
        assert not [(secret, text) for secret in secrets for text in shown if secret in text]

    def test_two_sessions_share_no_warehouse(self, shared, idp):
        people = []
        for _ in range(2):
            visit = Visit()
            visit.answer(self.answer(visit, shared, idp), shared)
            people.append(visit.user)
        assert people[0].warehouse is not people[1].warehouse
