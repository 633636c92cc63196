"""Credentials for somebody who has just signed in: asked for once whoever asks, refused in plain words."""

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import EndpointConnectionError

from app.errors import AccessError, ExchangeRefused, NotAssigned, RoleRefused
from tests.app.session.scene import Scene, a_long_day, at_once, code, exchanged_once_each

THREADS = 20


@pytest.fixture
def scene():
    return a_long_day()


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
        scene.aws.dawdle()
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


def test_an_answer_of_aws_that_nobody_knows_is_told_too(scene, user):
    scene.aws.fail["assume_role_with_web_identity"] = "SomethingNewException"
    assert code(RoleRefused, user.keys) == "RL-320"
