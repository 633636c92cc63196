"""Sessions that end, by their person or by themselves: here, in every tab, and at the provider."""

import logging
import threading
import weakref

import httpx
import pytest

from app.errors import SessionExpired
from app.redshift.query import Query
from tests.app.session.scene import Scene, code, over, people


@pytest.fixture
def elsewhere(scene, sessions):
    """A second process over the same store."""
    return scene.sessions()


class TestSweeping:
    def test_who_never_comes_back_is_forgotten_at_the_provider_too(self, scene, sessions):
        ids = [scene.sign_in(sessions) for _ in range(3)]
        scene.clock.forward(minutes=20)
        sessions.find(ids[2])
        sessions.sweep()
        assert scene.revoked == []
        scene.clock.forward(minutes=10)
        sessions.sweep()
        assert sorted(scene.revoked) == sorted(scene.refresh_tokens[:2])
        assert over(sessions, ids[0]) == "RL-232"
        assert sessions.find(ids[2])

    def test_of_two_processes_one_tells_the_provider(self, scene, sessions, elsewhere):
        elsewhere.find(scene.sign_in(sessions))
        scene.clock.forward(minutes=30)
        for each in (sessions, elsewhere):
            each.sweep()
        assert scene.revoked == scene.refresh_tokens

    def test_an_answer_that_is_too_old_to_be_given_is_kept_no_longer(self):
        scene = Scene(cache_seconds=1e-9)
        sessions, gone = scene.sessions(), threading.Event()
        user = sessions.find(scene.sign_in(sessions))
        weakref.finalize(user.warehouse.fetch(Query("sales", "SELECT 1")).columns, gone.set)
        sessions.sweep()
        assert gone.wait(10)


class TestLeaving:
    def test_it_ends_in_every_tab_and_every_process(self, scene, sessions, elsewhere):
        session_id = scene.sign_in(sessions)
        user = elsewhere.find(session_id)
        sessions.end(session_id)
        for each in (sessions, elsewhere):
            assert not each.holds(session_id)
            assert over(each, session_id) == "RL-233"
        assert code(SessionExpired, user.admit) == "RL-233"
        assert people(elsewhere) == []

    def test_what_runs_in_another_process_is_admitted_no_more(self, scene, sessions, elsewhere):
        session_id = scene.sign_in(sessions)
        warehouse = elsewhere.find(session_id).warehouse
        sessions.end(session_id)
        assert code(SessionExpired, warehouse.fetch, Query("sales", "SELECT 1")) == "RL-233"
        assert scene.aws.signed == []

    def test_the_provider_forgets_it_once(self, scene, sessions):
        session_id = scene.sign_in(sessions)
        sessions.end(session_id)
        sessions.end(session_id)
        assert scene.revoked == scene.refresh_tokens

    def test_what_runs_is_stopped(self, scene, sessions, monkeypatch):
        session_id = scene.sign_in(sessions)
        warehouse, stopped = sessions.find(session_id).warehouse, []
        monkeypatch.setattr(warehouse, "cancel", lambda: stopped.append(sessions.holds(session_id)))
        sessions.end(session_id)
        assert stopped == [False]

    def test_a_token_that_aws_has_not_seen_does_not_travel(self, scene, sessions):
        farewell = sessions.end(scene.sign_in(sessions))
        assert farewell.url.startswith("https://id.example.com/logout?client_id=")
        assert "post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Fauth%2Fsigned-out" in farewell.url
        assert "id_token_hint" not in farewell.url

    def test_a_token_that_was_exchanged_says_whose_session_ends(self, scene, sessions):
        session_id = scene.sign_in(sessions)
        user = sessions.find(session_id)
        user.keys()
        farewell = sessions.end(session_id)
        assert f"id_token_hint={user.identity.token}" in farewell.url
        assert user.identity.token not in repr(farewell)

    @pytest.mark.parametrize(
        "answer", [httpx.Response(503), httpx.Response(400, json={}), httpx.ConnectError("no")]
    )
    def test_a_revocation_that_fails_is_told_and_logged_and_the_session_is_gone(
        self, scene, sessions, answer, caplog
    ):
        session_id = scene.sign_in(sessions)
        scene.idp.answers["/revoke"] = answer
        with caplog.at_level(logging.INFO, "app"):
            farewell = sessions.end(session_id)
        assert farewell.problem.code == "RL-235"
        assert "RL-235" in caplog.text
        assert not [token for token in scene.refresh_tokens if token in caplog.text]
        assert over(sessions, session_id) == "RL-233"

    def test_with_the_provider_out_of_reach_the_person_is_out_all_the_same(self, scene, sessions):
        session_id = scene.sign_in(sessions)
        fresh = scene.sessions()  # has not read what the provider publishes
        paths = ("/.well-known/openid-configuration", "/revoke")
        scene.idp.answers |= dict.fromkeys(paths, httpx.ConnectError("no"))
        farewell = fresh.end(session_id)
        assert (farewell.url, farewell.problem.code) == ("https://app.example.com/auth/signed-out", "RL-235")
        assert over(sessions, session_id) == "RL-233"

    def test_a_provider_without_a_sign_out_leads_back(self, scene, sessions):
        del scene.idp.metadata["end_session_endpoint"]
        assert sessions.end(scene.sign_in(sessions)).url == "https://app.example.com/auth/signed-out"

    @pytest.mark.parametrize("nobody", ["", "x", "A" * 43])
    def test_who_is_not_signed_in_can_leave_too(self, scene, sessions, nobody):
        scene.sign_in(sessions)
        farewell = sessions.end(nobody)
        assert farewell.problem is None
        assert "id_token_hint" not in farewell.url
        assert people(sessions) == ["frank@example.com"]
        assert scene.revoked == []

    def test_a_session_that_ended_by_itself_was_revoked_then(self, scene, sessions):
        session_id = scene.sign_in(sessions)
        scene.clock.forward(minutes=30)
        over(sessions, session_id)
        assert sessions.end(session_id).problem is None
        assert scene.revoked == scene.refresh_tokens


class TestLeavingInTheMiddle:
    def test_what_ends_only_after_the_sign_out_is_shown_to_nobody(self, scene, sessions):
        """A statement that ends in its first call was never among those that a sign-out could stop."""
        session_id = scene.sign_in(sessions)
        warehouse, query = sessions.find(session_id).warehouse, Query("sales", "SELECT 1")
        scene.aws.before["execute_statement"] = lambda: sessions.end(session_id)
        assert code(SessionExpired, warehouse.fetch, query) == "RL-233"
        assert len(scene.aws.signed) == 1

    def test_nor_after_one_in_another_process(self, scene, sessions, elsewhere):
        session_id = scene.sign_in(sessions)
        warehouse, query = elsewhere.find(session_id).warehouse, Query("sales", "SELECT 1")
        scene.aws.before["execute_statement"] = lambda: sessions.end(session_id)
        assert code(SessionExpired, warehouse.fetch, query) == "RL-233"
        assert len(scene.aws.signed) == 1
