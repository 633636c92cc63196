"""The cheapest way to the next credentials, and what is kept before each step that could be the last."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError

from app.audit import NOBODY
from app.auth.attempt import SignedIn
from app.auth.aws import ONCE, UNSIGNED_REQUESTS
from app.auth.identity import verify
from app.auth.renewal import Renewer
from app.auth.standing import Standing
from app.errors import ExchangeRefused, InvalidToken, NotAssigned, RoleRefused, SessionExpired, SignInRefused
from app.settings import Settings
from tests.app.auth.conftest import CLIENT_ID, ISSUER, NONCE
from tests.app.auth.fake_aws import STEPS, Clock, FakeAws

BRIDGE = "arn:aws:iam::123456789012:role/Bridge"


@pytest.fixture
def now():
    return Clock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def aws(now):
    return FakeAws(now)


@pytest.fixture
def fresh(idp, provider):
    """Where somebody stands who has just signed in."""
    identity = verify(idp.token(jti="1"), keys=provider, issuer=ISSUER, client_id=CLIENT_ID, nonce=NONCE)
    return Standing.of(SignedIn(identity, NONCE, "refresh-1"))


class Renewing:
    """A renewer, and all that it had kept."""

    def __init__(self, aws, provider, now, bridge=BRIDGE):
        settings = Settings.model_construct(
            bridge_role_arn=bridge, idc_application_arn="application", data_role_arn="data-role"
        )
        self._renewer = Renewer(aws=aws, provider=provider, settings=settings, clock=now)
        self.kept = []

    def __call__(self, standing):
        return self._renewer.renew(standing, trail=NOBODY, keep=self.kept.append)

    def refused(self, error, standing):
        with pytest.raises(error) as caught:
            self(standing)
        return caught.value.code

    def revoke(self, standing):
        return self._renewer.revoke(standing)


@pytest.fixture
def renew(aws, provider, now):
    return Renewing(aws, provider, now)


@pytest.fixture
def by_host(aws, provider, now):
    return Renewing(aws, provider, now, bridge="")


def refreshes(idp, **claims):
    """The provider answers the next refresh with a token that differs by these claims."""
    answer = {"id_token": idp.token(**{"nonce": None, "jti": "2", **claims}), "refresh_token": "refresh-2"}
    idp.answers["/token"] = httpx.Response(200, json=answer)


def test_the_id_token_goes_unsigned_to_sts_and_once_to_identity_center(aws, renew, fresh):
    renewed = renew(fresh)
    assert [(operation, signer) for operation, signer, _ in aws.calls] == [
        (STEPS[0], "host"),
        (STEPS[1], "ASIAKEY1"),
        (STEPS[2], "ASIAKEY1"),
    ]
    assert aws.configs[STEPS[0]] is UNSIGNED_REQUESTS
    assert aws.configs[STEPS[1]] is ONCE
    assert renewed.credentials.access_key_id == "ASIAKEY3"
    assert (renewed.token_sent, renewed.context_refresh_token) == (True, "idc-refresh-2")


def test_without_a_bridge_role_the_host_signs(aws, by_host, fresh):
    by_host(fresh)
    assert [call[:2] for call in aws.calls] == [(STEPS[1], "host"), (STEPS[2], "host")]


def test_the_roles_sessions_bear_the_persons_name(aws, renew, fresh):
    renew(fresh)
    assert {parameters.get("RoleSessionName") for _, _, parameters in aws.calls} == {
        "frank@example.com",
        None,
    }


def test_that_a_token_is_sent_is_known_before_it_is(aws, renew, fresh):
    aws.before[STEPS[1]] = lambda: known.append(renew.kept[-1].token_sent)
    known = []
    renew(fresh)
    assert known == [True]


def test_identity_centers_refresh_token_is_known_before_the_last_step(aws, renew, fresh):
    aws.fail[STEPS[2]] = "ThrottlingException"
    assert renew.refused(RoleRefused, fresh) == "RL-329"
    assert renew.kept[-1].context_refresh_token == "idc-refresh-2"
    aws.fail.clear()
    assert renew(renew.kept[-1]).credentials
    assert aws.grants == [fresh.identity.token, "idc-refresh-2"]


def test_it_comes_before_the_providers(aws, idp, renew, fresh):
    renewed = renew(renew(fresh))
    assert aws.grants == [fresh.identity.token, "idc-refresh-2"]
    assert renewed.context_refresh_token == "idc-refresh-5"
    assert idp.count("/token") == 0


def test_with_a_bridge_role_it_is_of_use_while_the_id_token_lasts(aws, idp, renew, fresh, now):
    first = renew(fresh)
    now.forward(minutes=61)
    refreshes(idp)
    assert renew(first).identity.token != fresh.identity.token
    assert aws.jtis == ["1", "2"]


def test_with_the_hosts_role_it_needs_no_id_token_at_all(aws, idp, by_host, fresh, now):
    standing = fresh
    for _ in range(4):
        standing = by_host(standing)
        now.forward(minutes=61)
    assert aws.jtis == ["1"]
    assert idp.count("/token") == 0


def test_an_id_token_that_ran_out_unused_is_not_sent(aws, idp, renew, fresh, now):
    now.forward(minutes=61)
    refreshes(idp)
    renew(fresh)
    assert aws.jtis == ["2"]


def test_the_providers_rotated_token_is_known_before_anything_else_can_fail(aws, idp, renew, fresh):
    aws.refresh_tokens = False
    sent = renew(fresh)
    refreshes(idp, email_verified=False)
    assert renew.refused(InvalidToken, sent) == "RL-218"
    assert renew.kept[-1].refresh_token == "refresh-2"
    assert renew.kept[-1].identity == fresh.identity


def test_the_next_token_may_be_about_the_same_person_alone(aws, idp, renew, fresh):
    aws.refresh_tokens = False
    sent = renew(fresh)
    refreshes(idp, sub="person-2")
    assert renew.refused(InvalidToken, sent) == "RL-219"
    assert aws.jtis == ["1"]


def test_a_refresh_token_that_is_refused_is_never_sent_again(aws, idp, renew, fresh):
    aws.refresh_tokens = False
    sent = renew(fresh)
    idp.answers["/token"] = httpx.Response(400, json={"error": "invalid_grant"})
    assert renew.refused(SessionExpired, sent) == "RL-234"
    assert renew.kept[-1].refresh_token is None
    assert renew.kept[-1].ends_at(bridge=True) is not None
    assert renew.refused(SessionExpired, renew.kept[-1]) == "RL-234"
    assert idp.count("/token") == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.ConnectError("no"), "RL-227"),
        (httpx.Response(401, json={"error": "invalid_client"}), "RL-226"),
        (httpx.Response(503), "RL-226"),
        (httpx.Response(200, json={"access_token": "a"}), "RL-229"),
    ],
)
def test_what_is_no_word_about_the_token_does_not_end_the_sign_in(  # noqa: PLR0917 - fixtures and a table of two
    aws, idp, renew, fresh, answer, code
):
    aws.refresh_tokens = False
    sent = renew(fresh)
    idp.answers["/token"] = answer
    assert renew.refused(SignInRefused, sent) == code
    refreshes(idp)
    assert renew(renew.kept[-1]).credentials


@pytest.mark.parametrize(
    "code", ["InvalidGrantException", "ExpiredTokenException", "UnsupportedGrantTypeException"]
)
def test_one_of_identity_center_that_is_refused_gives_way(aws, idp, by_host, fresh, code):
    first = by_host(fresh)
    refreshes(idp)
    aws.fail[STEPS[1]] = code
    aws.before[STEPS[1]] = aws.fail.clear
    assert by_host(first).credentials
    assert aws.grants == [fresh.identity.token, "idc-refresh-1", renewed_token(by_host)]
    assert [standing.context_refresh_token for standing in by_host.kept[2:4]] == [None, None]


def renewed_token(renewing):
    return renewing.kept[-1].identity.token


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (EndpointConnectionError(endpoint_url="https://sso"), "RL-318"),
        ("SlowDownException", "RL-318"),
        ("ThrottlingException", "RL-318"),
        ("UnrecognizedClientException", "RL-319"),
    ],
)
def test_one_that_met_a_fault_of_aws_stays_good(  # noqa: PLR0917 - fixtures and a table of two
    aws, idp, by_host, fresh, fault, code
):
    first, kept = by_host(fresh), len(by_host.kept)
    aws.fail[STEPS[1]] = fault
    assert by_host.refused(ExchangeRefused, first) == code
    assert len(by_host.kept) == kept
    assert idp.count("/token") == 0


def test_somebody_whose_assignment_ended_is_told(aws, by_host, fresh):
    first = by_host(fresh)
    aws.fail[STEPS[1]] = "AccessDeniedException"
    assert by_host.refused(NotAssigned, first) == "RL-331"


def test_with_nothing_left_the_sign_in_has_run_out(aws, idp, renew, now):
    aws.refresh_tokens = False
    identity = verify(
        idp.token(), keys=renew._renewer._provider, issuer=ISSUER, client_id=CLIENT_ID, nonce=NONCE
    )
    sent = Standing(identity, NONCE, None, token_sent=True)
    assert sent.ends_at(bridge=True) - now() <= timedelta(hours=1)
    assert renew.refused(SessionExpired, sent) == "RL-234"
    assert aws.calls == []


class TestRevoking:
    def test_the_provider_forgets(self, idp, renew, fresh):
        assert renew.revoke(fresh) is None
        assert [form["token"] for form in idp.forms("/revoke")] == ["refresh-1"]

    def test_where_nothing_was_given_nothing_is_to_be_forgotten(self, idp, renew, fresh):
        assert renew.revoke(Standing(fresh.identity, NONCE, None)) is None
        assert idp.requests == [] or idp.count("/revoke") == 0

    def test_what_is_not_certain_is_logged_and_returned(self, idp, renew, fresh, caplog):
        idp.answers["/revoke"] = httpx.Response(503)
        assert renew.revoke(fresh).code == "RL-235"
        assert "RL-235" in caplog.text
        assert "refresh-1" not in caplog.text
