"""Credentials for a person at work: begun once, renewed in time by one, known to all, in whatever order."""

import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError

from app.errors import (
    AccessError,
    ExchangeRefused,
    InvalidToken,
    NotAssigned,
    RoleRefused,
    SessionExpired,
    SignInRefused,
)
from app.redshift.query import Query
from app.session import record as records
from app.session.user import LEASE
from tests.app.session.scene import Scene

SALES = Query("sales", "SELECT 1 AS one")
THREADS = 20


class Crash(BaseException):
    """The process ends here."""


def code(error, call, *arguments, **keywords):
    with pytest.raises(error) as caught:
        call(*arguments, **keywords)
    return caught.value.code


def at_once(calls):
    """What each call gives, all begun at one moment."""
    gate = threading.Barrier(len(calls))

    def wait_and_call(call):
        gate.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(wait_and_call, calls))


@pytest.fixture
def scene():
    """A long day, in which nobody is signed out for being idle: here it is about credentials."""
    return Scene(session_hours=24, session_idle_minutes=1440)


@pytest.fixture
def session_id(scene):
    return scene.sign_in(scene.sessions())


@pytest.fixture
def user(scene, session_id):
    return scene.sessions().find(session_id)


@pytest.fixture
def elsewhere(scene, session_id):
    """The same session in another process."""
    return scene.sessions().find(session_id)


def record(scene, user):
    return records.read(scene.store.get(user.key).value)


def exchanged_once_each(aws):
    """Whether IAM Identity Center has seen no ID token twice."""
    return len(aws.jtis) == len(set(aws.jtis))


class TestFirstUse:
    def test_it_takes_the_three_steps(self, scene, user):
        keys = user.keys()
        assert [call[0] for call in scene.aws.calls] == [
            "assume_role_with_web_identity",
            "create_token_with_iam",
            "assume_role",
        ]
        assert keys.access_key_id == "ASIAKEY3"
        assert scene.aws.jtis == ["jti-1"]

    def test_twenty_at_once_in_two_processes_exchange_once(self, scene, user, elsewhere):
        keys = at_once([user.keys, elsewhere.keys] * (THREADS // 2))
        assert len({each.access_key_id for each in keys}) == 1
        assert scene.aws.grants == [user.identity.token]

    def test_a_further_process_takes_what_is_there(self, scene, session_id, user):
        keys = user.keys()
        for _ in range(3):
            assert scene.sessions().find(session_id).keys() == keys
        assert scene.aws.jtis == ["jti-1"]

    def test_later_than_the_token_lasts_it_gets_another(self, scene):
        scene = Scene(session_hours=24, session_idle_minutes=120)
        sessions = scene.sessions()
        user = sessions.find(scene.sign_in(sessions))
        scene.clock.forward(minutes=61)
        user.keys()
        assert scene.aws.jtis == ["jti-2"]

    def test_without_a_bridge_role_the_host_signs(self):
        scene = Scene(bridge_role_arn="")
        sessions = scene.sessions()
        sessions.find(scene.sign_in(sessions)).keys()
        assert [call[:2] for call in scene.aws.calls] == [
            ("create_token_with_iam", "host"),
            ("assume_role", "host"),
        ]


class TestRefused:
    def test_a_refusal_is_told_again_and_not_as_an_end(self, scene):
        scene.idp.offline = False
        sessions = scene.sessions()
        user = sessions.find(scene.sign_in(sessions))
        scene.aws.fail["create_token_with_iam"] = "AccessDeniedException"
        for _ in range(3):
            assert code(NotAssigned, user.keys) == "RL-331"
        assert scene.aws.jtis == ["jti-1"]

    @pytest.mark.parametrize(
        ("operation", "aws_code", "error", "ours"),
        [
            ("assume_role_with_web_identity", "AccessDenied", RoleRefused, "RL-324"),
            ("create_token_with_iam", "AccessDeniedException", NotAssigned, "RL-331"),
            ("create_token_with_iam", "InvalidClientException", ExchangeRefused, "RL-313"),
            ("assume_role", "AccessDenied", RoleRefused, "RL-325"),
        ],
    )
    def test_each_step_is_told_by_its_code_and_no_token_is_sent_twice(  # noqa: PLR0917 - a table of four
        self, scene, user, operation, aws_code, error, ours
    ):
        scene.aws.fail[operation] = aws_code
        for _ in range(3):
            with pytest.raises(AccessError) as caught:
                user.keys()
            assert (type(caught.value), caught.value.code) == (error, ours)
        assert exchanged_once_each(scene.aws)

    def test_what_an_administrator_repairs_works_at_the_next_try(self, scene, user):
        scene.aws.fail["create_token_with_iam"] = "AccessDeniedException"
        assert code(NotAssigned, user.keys) == "RL-331"
        scene.aws.fail.clear()
        assert user.keys()
        assert scene.aws.jtis == ["jti-1", "jti-2"]

    def test_a_last_step_that_fails_does_not_cost_the_token(self, scene):
        """IAM Identity Center's own refresh token was kept before the step that failed."""
        scene.idp.offline = False
        sessions = scene.sessions()
        session_id = scene.sign_in(sessions)
        scene.aws.fail["assume_role"] = "ThrottlingException"
        assert code(RoleRefused, sessions.find(session_id).keys) == "RL-329"
        scene.aws.fail.clear()
        assert scene.sessions().find(session_id).keys()
        assert scene.aws.grants[1] == "idc-refresh-2"
        assert exchanged_once_each(scene.aws)

    def test_no_two_raisings_are_one_error(self, scene, user):
        scene.aws.fail["create_token_with_iam"] = "AccessDeniedException"
        raised = []
        for _ in range(3):
            with pytest.raises(NotAssigned) as caught:
                user.keys()
            raised.append(caught.value)
        assert len({id(error) for error in raised}) == 3

    def test_who_waits_for_one_that_fails_does_not_try_again(self, scene, user):
        waiting = threading.Event()
        scene.aws.fail["assume_role_with_web_identity"] = EndpointConnectionError(endpoint_url="https://sts")
        scene.aws.before["assume_role_with_web_identity"] = lambda: waiting.wait(10)
        with ThreadPoolExecutor(THREADS) as pool:
            told = [pool.submit(user.keys) for _ in range(THREADS)]
            while user._renewing.locked() and len(scene.aws.calls) < 1:
                pass
            threading.Timer(0.3, waiting.set).start()
            assert {each.exception(20).code for each in told} == {"RL-329"}
        assert len(scene.aws.calls) == 1

    def test_no_refusal_carries_a_secret(self, scene, user):
        scene.aws.fail["create_token_with_iam"] = "InvalidGrantException"
        with pytest.raises(ExchangeRefused) as caught:
            user.keys()
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        secrets = [user.identity.token, *scene.refresh_tokens, "ASIAKEY", "secret-1", "session-token-1"]
        assert not [secret for secret in secrets if secret in shown]


class TestRenewal:
    def test_within_three_quarters_of_the_time_nothing_is_asked(self, scene, user):
        keys = user.keys()
        scene.clock.forward(minutes=44)
        assert user.keys() == keys
        assert scene.aws.renewals == 1

    def test_then_identity_centers_own_refresh_token_renews(self, scene, user):
        keys = user.keys()
        scene.clock.forward(minutes=46)
        assert user.keys() != keys
        assert scene.aws.grants == [user.identity.token, "idc-refresh-2"]

    def test_its_rotated_refresh_tokens_are_used_one_after_the_other(self, scene):
        scene = Scene(bridge_role_arn="")
        user = scene.sessions().find(scene.sign_in(scene.sessions()))
        for _ in range(4):
            user.keys()
            scene.clock.forward(minutes=46)
        assert scene.aws.grants[1:] == ["idc-refresh-1", "idc-refresh-3", "idc-refresh-5"]
        assert scene.idp.jti == 1

    def test_after_the_tokens_end_the_provider_gives_another(self, scene, user):
        user.keys()
        scene.clock.forward(minutes=61)
        user.keys()
        assert scene.aws.jtis == ["jti-1", "jti-2"]

    def test_without_identity_centers_the_providers_rotate(self, scene, user):
        scene.aws.refresh_tokens = False
        for _ in range(5):
            user.keys()
            scene.clock.forward(minutes=46)
        sent = [form["refresh_token"] for form in scene.idp.forms("/token") if "refresh_token" in form]
        assert sent == scene.refresh_tokens[:4]
        assert scene.aws.jtis == [f"jti-{number}" for number in range(1, 6)]

    def test_ten_renewals_in_turns_of_two_processes_send_no_token_twice(self, scene, user, elsewhere):
        for turn in range(11):
            [user, elsewhere][turn % 2].keys()
            scene.clock.forward(minutes=47)
        assert scene.aws.renewals == 11
        assert exchanged_once_each(scene.aws)
        assert scene.idp.count("/revoke") == 0

    def test_a_refresh_token_that_is_refused_gives_way_and_is_never_sent_again(self, scene, user):
        user.keys()
        scene.clock.forward(minutes=46)
        scene.aws.fail["create_token_with_iam"] = "ExpiredTokenException"
        scene.aws.before["create_token_with_iam"] = scene.aws.fail.clear
        user.keys()
        assert scene.aws.grants == [scene.aws.grants[0], "idc-refresh-2", user.identity.token]
        assert scene.aws.jtis == ["jti-1", "jti-2"]

    @pytest.mark.parametrize("offline", [True, False])
    def test_that_aws_is_out_of_reach_costs_no_token_and_ends_nothing(self, scene, offline):
        scene = Scene(bridge_role_arn="")
        scene.idp.offline = offline
        user = scene.sessions().find(scene.sign_in(scene.sessions()))
        user.keys()
        scene.clock.forward(minutes=61)
        scene.aws.fail["create_token_with_iam"] = EndpointConnectionError(endpoint_url="https://sso")
        for _ in range(3):
            assert code(ExchangeRefused, user.keys) == "RL-318"
        scene.aws.fail.clear()
        assert user.keys()
        assert scene.idp.jti == 1
        assert scene.aws.grants[1:] == ["idc-refresh-1"] * 4

    def test_twenty_at_the_end_renew_once(self, scene, user, elsewhere):
        user.keys()
        scene.clock.forward(minutes=61)
        keys = at_once([user.keys, elsewhere.keys] * (THREADS // 2))
        assert len({each.access_key_id for each in keys}) == 1
        assert scene.aws.renewals == 2
        assert scene.aws.jtis == ["jti-1", "jti-2"]

    def test_twenty_before_the_end_renew_once_and_nobody_waits(self, scene, user, elsewhere):
        old = user.keys()
        elsewhere.keys()
        scene.clock.forward(minutes=46)
        keys = at_once([user.keys, elsewhere.keys] * (THREADS // 2))
        assert scene.aws.renewals == 2
        assert {each.access_key_id for each in keys} <= {old.access_key_id, user.keys().access_key_id}
        assert user.keys() == elsewhere.keys() != old

    def test_another_processs_credentials_are_taken(self, scene, user, elsewhere):
        user.keys()
        elsewhere.keys()
        scene.clock.forward(minutes=61)
        keys = user.keys()
        assert elsewhere.keys() == keys
        assert scene.aws.renewals == 2

    def test_for_somebody_else_it_is_refused(self, scene, user):
        user.keys()
        token = scene.refresh_tokens[-1]
        nonce, _ = scene.idp.refresh_tokens[token]
        scene.idp.refresh_tokens[token] = nonce, {"sub": "person-2", "email": "ethan@example.com"}
        scene.clock.forward(minutes=61)
        assert code(InvalidToken, user.keys) == "RL-219"
        assert user.identity.subject == "person-1"
        assert scene.aws.jtis == ["jti-1"]

    def test_each_leaves_a_line_in_the_audit_trail(self, scene, user, caplog):
        with caplog.at_level(logging.INFO, "app.audit"):
            user.keys()
            scene.clock.forward(minutes=46)
            user.keys()
        events = [(entry.event, entry.outcome) for entry in caplog.records if entry.event == "renewal"]
        assert events == [("renewal", "ok")]
        assert {entry.session for entry in caplog.records} == {user.reference}


class TestEarlyFailure:
    @pytest.fixture
    def old(self, scene, user):
        """Credentials that are to be renewed when AWS has no room for it."""
        keys = user.keys()
        scene.clock.forward(minutes=46)
        scene.aws.fail["assume_role"] = "ThrottlingException"
        return keys

    def test_the_old_credentials_stay_in_use(self, user, old, caplog):
        assert user.keys() == old
        assert "renewal failed early: RL-329" in caplog.text

    def test_it_is_tried_again_later_and_not_at_once(self, scene, user, old):
        for _ in range(5):
            user.keys()
        assert scene.aws.renewals == 2
        scene.clock.forward(seconds=31)
        scene.aws.fail.clear()
        assert user.keys() != old
        assert exchanged_once_each(scene.aws)

    def test_at_the_end_it_is_told(self, scene, user, old):
        assert user.keys() == old
        scene.clock.forward(minutes=14)
        assert code(RoleRefused, user.keys) == "RL-329"

    def test_a_sign_in_that_the_provider_ended_has_an_end(self, scene, user):
        """So that its person can be told ahead."""
        scene.aws.refresh_tokens = False
        keys = user.keys()
        scene.idp.refresh_tokens.clear()
        scene.clock.forward(minutes=46)
        assert user.keys() == keys
        assert (user.ends_at - scene.clock()).total_seconds() == 14 * 60
        for _ in range(3):
            scene.clock.forward(seconds=31)
            user.keys()
        assert len([form for form in scene.idp.forms("/token") if "refresh_token" in form]) == 1
        scene.clock.forward(minutes=14)
        assert code(SessionExpired, user.keys) == "RL-234"

    def test_a_provider_out_of_reach_ends_nothing(self, scene, user):
        scene.aws.refresh_tokens = False
        user.keys()
        scene.clock.forward(minutes=61)
        scene.idp.answers["/token"] = httpx.ConnectError("no")
        assert code(SignInRefused, user.keys) == "RL-227"
        scene.idp.answers.clear()
        assert user.keys()
        assert scene.aws.jtis == ["jti-1", "jti-2"]


class TestQueries:
    def test_one_that_aws_refuses_for_its_credentials_renews_once_and_is_run(self, scene, user):
        old = user.keys()
        scene.aws.ended.add(old.access_key_id)
        user.warehouse.fetch(SALES)
        assert scene.aws.signed == [old.access_key_id, user.keys().access_key_id]
        assert scene.aws.renewals == 2

    def test_twenty_that_are_refused_renew_once(self, scene, user, elsewhere):
        old = user.keys()
        elsewhere.keys()
        scene.aws.ended.add(old.access_key_id)
        meeting = threading.Barrier(THREADS)
        first = threading.local()

        def together():
            # All have signed with the old credentials before the first of them is refused.
            if not hasattr(first, "met"):
                first.met = meeting.wait(10)

        scene.aws.before["execute_statement"] = together
        queries = [Query("sales", f"SELECT {number} AS one") for number in range(THREADS)]
        users = [user, elsewhere] * (THREADS // 2)
        at_once(
            [
                lambda each=each, query=query: each.warehouse.fetch(query)
                for each, query in zip(users, queries, strict=True)
            ]
        )
        assert scene.aws.signed.count(old.access_key_id) == THREADS
        assert len(scene.aws.signed) == 2 * THREADS
        assert scene.aws.renewals == 2
        assert exchanged_once_each(scene.aws)

    def test_who_is_refused_late_takes_what_another_renewed(self, scene, user):
        old = user.keys()
        scene.aws.ended.add(old.access_key_id)
        renewed, late = threading.Event(), threading.local()

        def wait_for_the_other():
            if threading.current_thread().name.startswith("late") and not hasattr(late, "waited"):
                late.waited = renewed.wait(10)

        scene.aws.before["execute_statement"] = wait_for_the_other
        with ThreadPoolExecutor(1, thread_name_prefix="late") as pool:
            slow = pool.submit(user.warehouse.fetch, Query("slow", "SELECT 2"))
            while not scene.aws.signed:
                pass
            user.warehouse.fetch(SALES)
            renewed.set()
            slow.result(20)
        assert scene.aws.renewals == 2

    def test_once_the_session_is_over_nothing_is_asked(self, scene, session_id, user):
        user.keys()
        scene.sessions().end(session_id)
        assert code(SessionExpired, user.warehouse.fetch, SALES) == "RL-233"
        assert scene.aws.signed == []


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

        def sleep(_):
            raise AssertionError("nobody has to wait")

        assert scene.sessions(sleep=sleep).find(session_id).keys() == keys

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


def test_an_answer_of_aws_that_nobody_knows_is_told_too(scene, user):
    scene.aws.fail["assume_role_with_web_identity"] = "SomethingNewException"
    assert code(RoleRefused, user.keys) == "RL-320"
