"""Credentials of somebody at work: renewed in time, by one of all who need them, without a break."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError

from app.errors import ExchangeRefused, InvalidToken, RoleRefused, SessionExpired, SignInRefused
from app.redshift.query import Query
from app.redshift.workers import MOST_OF_ONE
from tests.app.session.scene import Scene, a_long_day, at_once, code, exchanged_once_each

SALES = Query("sales", "SELECT 1 AS one")
THREADS = 20


@pytest.fixture
def scene():
    return a_long_day()


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
        scene.aws.dawdle()
        keys = at_once([user.keys, elsewhere.keys] * (THREADS // 2))
        assert len({each.access_key_id for each in keys}) == 1
        assert scene.aws.renewals == 2
        assert scene.aws.jtis == ["jti-1", "jti-2"]

    def test_twenty_before_the_end_renew_once_and_nobody_waits(self, scene, user, elsewhere):
        old = user.keys()
        elsewhere.keys()
        scene.clock.forward(minutes=46)
        scene.aws.dawdle()
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

    def test_all_that_are_refused_renew_once(self, scene, user, elsewhere):
        old = user.keys()
        elsewhere.keys()
        scene.aws.ended.add(old.access_key_id)
        meeting = threading.Barrier(MOST_OF_ONE)
        first = threading.local()

        def together():
            # All have signed with the old credentials before the first of them is refused.
            if not hasattr(first, "met"):
                first.met = meeting.wait(10)

        scene.aws.before["execute_statement"] = together
        queries = [Query("sales", f"SELECT {number} AS one") for number in range(MOST_OF_ONE)]
        users = [user, elsewhere] * (MOST_OF_ONE // 2)
        at_once(
            [
                lambda each=each, query=query: each.warehouse.fetch(query)
                for each, query in zip(users, queries, strict=True)
            ]
        )
        assert scene.aws.signed.count(old.access_key_id) == MOST_OF_ONE
        assert len(scene.aws.signed) == 2 * MOST_OF_ONE
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
