"""Processes that end or dawdle in the middle of a renewal, and sessions that end meanwhile."""

import pytest

from app.auth.oidc import Provider
from app.errors import InvalidToken, SessionExpired
from app.session import record as records
from app.session.user import LEASE
from tests.app.session.scene import a_long_day, code, exchanged_once_each


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def scene():
    return a_long_day()


def record(scene, user):
    """What the store has of the session."""
    return records.read(scene.store.get(user.key).value)


class TestProcessesThatEnd:
    """Each at its worst moment; the next process goes on without sending a token again."""

    def crash(self, scene, user, operation, when=lambda: True):
        def end():
            if when():
                raise Crash

        scene.aws.before[operation] = end
        with pytest.raises(Crash):
            user.keys()
        scene.aws.before.clear()

    def test_in_the_middle_of_the_first_exchange(self, scene, session_id, user):
        self.crash(scene, user, "create_token_with_iam")
        scene.clock.forward(seconds=LEASE.total_seconds())
        assert scene.sessions().find(session_id).keys()
        assert scene.aws.jtis == ["jti-1", "jti-2"]

    def test_before_the_token_was_sent_at_all_nobody_knows_that(self, scene, session_id, user):
        self.crash(scene, user, "assume_role_with_web_identity")
        scene.clock.forward(seconds=LEASE.total_seconds())
        assert scene.sessions().find(session_id).keys()
        assert scene.aws.jtis == ["jti-2"]

    def test_between_the_exchange_and_its_last_step(self, scene, session_id, user):
        self.crash(scene, user, "assume_role")
        scene.clock.forward(seconds=LEASE.total_seconds())
        assert scene.sessions().find(session_id).keys()
        assert scene.aws.grants == [user.identity.token, "idc-refresh-2"]

    def test_with_a_rotated_refresh_token_in_hand(self, scene, session_id, user):
        scene.aws.refresh_tokens = False
        user.keys()
        scene.clock.forward(minutes=61)
        self.crash(scene, user, "create_token_with_iam")
        scene.clock.forward(seconds=LEASE.total_seconds())
        other = scene.sessions()
        other.expire(session_id, SessionExpired("x", "y", code="RL-233"))
        assert scene.revoked == scene.refresh_tokens[-1:]

    def crash_at_the_provider(self, scene, user, monkeypatch, *, heard):
        """The process ends while the refresh token is on its way, or the one that takes its place is."""
        scene.aws.refresh_tokens = False
        user.keys()
        scene.clock.forward(minutes=61)
        refresh = Provider.refresh

        def end(provider, token):
            if heard:
                refresh(provider, token)
            raise Crash

        with monkeypatch.context() as patched:
            patched.setattr(Provider, "refresh", end)
            with pytest.raises(Crash):
                user.keys()
        scene.clock.forward(seconds=LEASE.total_seconds())

    def test_before_the_provider_heard_of_it_nobody_is_signed_out(self, scene, session_id, user, monkeypatch):
        self.crash_at_the_provider(scene, user, monkeypatch, heard=False)
        assert scene.sessions().find(session_id).keys()
        assert record(scene, user).standing.refresh_token == scene.refresh_tokens[-1]

    def test_a_rotated_refresh_token_that_nobody_heard_of_is_lost(self, scene, session_id, user, monkeypatch):
        """No process can know it, and the provider does not take the old one: its person signs in again."""
        self.crash_at_the_provider(scene, user, monkeypatch, heard=True)
        other = scene.sessions()
        assert code(SessionExpired, other.find(session_id).keys) == "RL-234"
        # The old one is sent once more and then never again.
        assert record(scene, user).standing.refresh_token is None
        assert code(SessionExpired, other.find(session_id).keys) == "RL-234"

    def test_where_the_provider_does_not_rotate_nothing_is_lost(self, scene, session_id, user, monkeypatch):
        refreshed = scene.idp._refreshed

        def kept(token):
            held = scene.idp.refresh_tokens.get(token)
            answer = refreshed(token)
            scene.idp.refresh_tokens[token] = held
            return answer

        monkeypatch.setattr(scene.idp, "_refreshed", kept)
        self.crash_at_the_provider(scene, user, monkeypatch, heard=True)
        assert scene.sessions().find(session_id).keys()

    def test_a_token_that_proves_nothing_does_not_cost_the_rotated_refresh_token(self, scene, user):
        scene.aws.refresh_tokens = False
        user.keys()
        scene.clock.forward(minutes=61)
        token = scene.refresh_tokens[-1]
        nonce, _ = scene.idp.refresh_tokens[token]
        scene.idp.refresh_tokens[token] = nonce, {"email_verified": False}
        assert code(InvalidToken, user.keys) == "RL-218"
        assert record(scene, user).standing.refresh_token == scene.refresh_tokens[-1] != token

    def test_the_others_wait_as_long_as_its_lease_and_no_longer(self, scene, session_id, user):
        self.crash(scene, user, "create_token_with_iam")
        began, slept = scene.clock(), []

        def sleep(seconds):
            slept.append(seconds)
            scene.clock.forward(seconds=seconds)

        assert scene.sessions(sleep=sleep).find(session_id).keys()
        assert LEASE <= scene.clock() - began < LEASE * 1.1
        assert len(slept) < 1000

    def test_before_the_end_of_the_old_credentials_nobody_waits_for_it(self, scene, session_id, user):
        keys = user.keys()
        scene.clock.forward(minutes=46)
        self.crash(scene, user, "create_token_with_iam")

        assert scene.sessions(sleep=nobody_has_to_wait).find(session_id).keys() == keys

    def test_one_that_was_only_slow_overwrites_nothing(self, scene, session_id, user, caplog):
        scene.aws.refresh_tokens = False
        user.keys()
        scene.clock.forward(minutes=61)
        others = []

        def slow():
            scene.aws.before.clear()
            scene.clock.forward(seconds=LEASE.total_seconds())
            others.append(scene.sessions().find(session_id).keys())

        scene.aws.before["assume_role"] = slow
        assert user.keys() == others[0]
        assert record(scene, user).standing.credentials == others[0]
        assert record(scene, user).standing.refresh_token == scene.refresh_tokens[-1]
        assert "another took over" in caplog.text
        assert exchanged_once_each(scene.aws)

    def test_an_answer_of_the_store_that_got_lost_keeps_nobody_waiting(self, scene, session_id, monkeypatch):
        """DynamoDB's client asks again, and hears that somebody was faster: it was itself."""
        user = scene.sessions(sleep=nobody_has_to_wait).find(session_id)
        swap = scene.store.swap
        lost = iter([True])
        monkeypatch.setattr(
            scene.store, "swap", lambda *what, **how: swap(*what, **how) and not next(lost, False)
        )
        assert user.keys()
        assert scene.aws.jtis == ["jti-1"]


def nobody_has_to_wait(_):
    raise AssertionError("nobody has to wait")


class TestEndedMeanwhile:
    def test_a_session_that_ends_while_it_begins_gets_nothing(self, scene, session_id, user):
        scene.aws.before["create_token_with_iam"] = lambda: scene.sessions().end(session_id)
        assert code(SessionExpired, user.keys) == "RL-233"
        assert scene.store.get(user.key) is None

    def test_a_refresh_token_that_comes_meanwhile_is_revoked_too(self, scene, session_id, user):
        user.keys()
        scene.clock.forward(minutes=61)
        scene.idp.after["/token"] = lambda: scene.sessions().end(session_id)
        assert code(SessionExpired, user.keys) == "RL-233"
        assert scene.revoked == scene.refresh_tokens
        assert scene.idp.refresh_tokens == {}
