"""Credentials that begin when needed and renew themselves, with AWS replaced at its border."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from app.auth.aws import ONCE, UNSIGNED_REQUESTS, Aws
from app.auth.credentials import IdentityCredentials, data_api_client
from app.errors import AccessError, ExchangeRefused, NotAssigned, RoleRefused, SessionExpired

START = datetime(2026, 1, 1, tzinfo=UTC)


class FakeAws:
    """Hands out clients that note what they are asked; each ID token is good once, as at AWS."""

    def __init__(self, clock):
        self.clock = clock
        self.calls = []
        self.configs = {}  # operation: the configuration of the client that was last asked for it
        self.tokens_seen = set()
        self.fail = {}  # operation: AWS's code
        self.refresh_tokens = True

    def client(self, _service, *, credentials=None, config=None):
        signer = credentials.access_key_id if credentials else "host"
        return SimpleNamespace(
            **{
                name: lambda _name=name, **parameters: self._ask(_name, signer, parameters, config)
                for name in ("assume_role_with_web_identity", "create_token_with_iam", "assume_role")
            }
        )

    def _ask(self, operation, signer, parameters, config):
        self.configs[operation] = config
        return self._call(operation, signer, parameters)

    def _call(self, operation, signer, parameters):
        self.calls.append((operation, signer, parameters))
        code = self.fail.get(operation)
        if operation == "create_token_with_iam" and "assertion" in parameters:
            if parameters["assertion"] in self.tokens_seen:
                code = "InvalidGrantException"
            self.tokens_seen.add(parameters["assertion"])
        if code:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
        if operation == "create_token_with_iam":
            answer = {"awsAdditionalDetails": {"identityContext": "c"}, "expiresIn": 3600}
            return {**answer, "refreshToken": "idc-refresh"} if self.refresh_tokens else answer
        number = len(self.calls)
        keys = {"AccessKeyId": f"key-{number}", "SecretAccessKey": f"secret-{number}", "SessionToken": "t"}
        return {"Credentials": {**keys, "Expiration": self.clock.now + timedelta(hours=1)}}

    @property
    def grants(self):
        return [
            parameters.get("refreshToken") or parameters["assertion"]
            for operation, _, parameters in self.calls
            if operation == "create_token_with_iam"
        ]


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


class Provider:
    """Renews the identity as often as it was told to."""

    def __init__(self, identity, times=0):
        self.identity, self.times = identity, times

    def __call__(self):
        if self.times == 0:
            raise SessionExpired("Your sign-in has run out.", "Sign in again.", code="RL-234")
        self.times -= 1
        self.identity = replace(
            self.identity,
            token=self.identity.token + "+",
            expires_at=self.identity.expires_at + timedelta(hours=1),
        )
        return self.identity


@pytest.fixture
def now():
    return Clock()


@pytest.fixture
def aws(now):
    return FakeAws(now)


def make(aws, now, identity, *, renewals=0, bridge="arn:aws:iam::123456789012:role/Bridge"):
    identity = replace(identity, token="id-token", expires_at=START + timedelta(hours=1))
    settings = SimpleNamespace(
        bridge_role_arn=bridge, idc_application_arn="application", data_role_arn="data-role"
    )
    provider = Provider(identity, renewals)
    return IdentityCredentials(identity, aws=aws, settings=settings, renew=provider, clock=now).load()


def test_nothing_is_asked_until_the_first_request_is_signed(aws, now, identity):
    credentials = make(aws, now, identity)
    assert aws.calls == []
    assert credentials.get_frozen_credentials().secret_key == "secret-3"
    assert [call[0] for call in aws.calls] == [
        "assume_role_with_web_identity",
        "create_token_with_iam",
        "assume_role",
    ]


def test_the_bridge_role_signs_the_second_and_third_step(aws, now, identity):
    make(aws, now, identity).get_frozen_credentials()
    assert [call[1] for call in aws.calls] == ["host", "key-1", "key-1"]


def test_the_id_token_goes_unsigned_to_sts_and_once_to_identity_center(aws, now, identity):
    make(aws, now, identity).get_frozen_credentials()
    assert aws.configs["assume_role_with_web_identity"] is UNSIGNED_REQUESTS
    assert aws.configs["create_token_with_iam"] is ONCE


def test_without_a_bridge_role_the_host_signs(aws, now, identity):
    make(aws, now, identity, bridge="").get_frozen_credentials()
    assert [call[:2] for call in aws.calls] == [("create_token_with_iam", "host"), ("assume_role", "host")]


def test_the_roles_sessions_bear_the_persons_name(aws, now, identity):
    make(aws, now, identity).get_frozen_credentials()
    names = {call[2]["RoleSessionName"] for call in aws.calls if call[0] != "create_token_with_iam"}
    assert names == {"frank@example.com"}


def test_within_the_hour_nothing_is_asked_again(aws, now, identity):
    credentials = make(aws, now, identity)
    first = credentials.get_frozen_credentials()
    now.now += timedelta(minutes=44)
    assert credentials.get_frozen_credentials() == first
    assert len(aws.calls) == 3


def test_renewal_uses_identity_centers_own_refresh_token(aws, now, identity):
    credentials = make(aws, now, identity)
    first = credentials.get_frozen_credentials()
    now.now += timedelta(minutes=46)
    assert credentials.get_frozen_credentials() != first
    assert aws.grants == ["id-token", "idc-refresh"]


def test_renewal_after_the_id_tokens_end_gets_a_new_one_from_the_provider(aws, now, identity):
    credentials = make(aws, now, identity, renewals=1)
    credentials.get_frozen_credentials()
    now.now += timedelta(minutes=61)
    credentials.get_frozen_credentials()
    assert aws.grants == ["id-token", "id-token+"]


def test_the_hosts_role_renews_without_any_id_token(aws, now, identity):
    credentials = make(aws, now, identity, bridge="")
    for _ in range(4):
        credentials.get_frozen_credentials()
        now.now += timedelta(minutes=61)
    assert aws.grants == ["id-token", "idc-refresh", "idc-refresh", "idc-refresh"]


def test_without_a_refresh_token_of_identity_center_the_provider_renews(aws, now, identity):
    aws.refresh_tokens = False
    credentials = make(aws, now, identity, renewals=2)
    for _ in range(3):
        credentials.get_frozen_credentials()
        now.now += timedelta(minutes=61)
    assert aws.grants == ["id-token", "id-token+", "id-token++"]


def test_a_refresh_token_that_is_refused_gives_way_to_the_provider(aws, now, identity):
    credentials = make(aws, now, identity, renewals=1)
    credentials.get_frozen_credentials()
    now.now += timedelta(minutes=46)
    aws.fail["create_token_with_iam"] = "ExpiredTokenException"
    original = aws._call

    def fails_once(operation, signer, parameters):
        try:
            return original(operation, signer, parameters)
        finally:
            if operation == "create_token_with_iam":
                aws.fail.clear()

    aws._call = fails_once
    credentials.get_frozen_credentials()
    assert aws.grants == ["id-token", "idc-refresh", "id-token+"]


def test_a_refresh_token_that_was_refused_is_not_sent_again(aws, now, identity):
    credentials = make(aws, now, identity, bridge="")
    credentials.get_frozen_credentials()
    aws.fail["create_token_with_iam"] = "ExpiredTokenException"
    for _ in range(2):
        now.now += timedelta(minutes=61)
        with pytest.raises(SessionExpired):
            credentials.get_frozen_credentials()
    assert aws.grants == ["id-token", "idc-refresh"]


def test_a_refusal_that_was_overcome_is_not_told_at_the_end(aws, now, identity):
    aws.refresh_tokens = False
    aws.fail["create_token_with_iam"] = "AccessDeniedException"
    credentials = make(aws, now, identity, renewals=1)
    with pytest.raises(NotAssigned):
        credentials.get_frozen_credentials()
    aws.fail.clear()
    credentials.get_frozen_credentials()
    now.now += timedelta(minutes=61)
    with pytest.raises(SessionExpired):
        credentials.get_frozen_credentials()


def test_no_two_raisings_are_one_error(aws, now, identity):
    aws.fail["create_token_with_iam"] = "AccessDeniedException"
    credentials = make(aws, now, identity)
    raised = []
    for _ in range(3):
        with pytest.raises(NotAssigned) as caught:
            credentials.get_frozen_credentials()
        raised.append(caught.value)
    assert len({id(error) for error in raised}) == 3  # or each would lengthen the others' traceback


def test_when_nothing_is_left_to_renew_with_the_session_is_over(aws, now, identity):
    aws.refresh_tokens = False
    credentials = make(aws, now, identity)
    credentials.get_frozen_credentials()
    now.now += timedelta(minutes=55)
    with pytest.raises(SessionExpired):
        credentials.get_frozen_credentials()
    assert aws.grants == ["id-token"]


@pytest.mark.parametrize(
    ("operation", "code", "expected"),
    [
        ("assume_role_with_web_identity", "AccessDenied", (RoleRefused, "RL-324")),
        ("create_token_with_iam", "AccessDeniedException", (NotAssigned, "RL-331")),
        ("create_token_with_iam", "InvalidClientException", (ExchangeRefused, "RL-313")),
        ("assume_role", "AccessDenied", (RoleRefused, "RL-325")),
    ],
)
def test_a_refusal_stays_the_same_and_no_token_is_sent_twice(  # noqa: PLR0917 - three fixtures, a table of three
    aws, now, identity, operation, code, expected
):
    aws.fail[operation] = code
    credentials = make(aws, now, identity)
    for _ in range(3):
        with pytest.raises(AccessError) as caught:
            credentials.get_frozen_credentials()
        assert (type(caught.value), caught.value.code) == expected
    assert len(aws.grants) <= 1


def test_what_an_administrator_repairs_works_after_the_next_renewal(aws, now, identity):
    aws.fail["create_token_with_iam"] = "AccessDeniedException"
    credentials = make(aws, now, identity, renewals=1)
    with pytest.raises(NotAssigned):
        credentials.get_frozen_credentials()
    aws.fail.clear()
    assert credentials.get_frozen_credentials().access_key
    assert aws.grants == ["id-token", "id-token+"]


def test_many_threads_share_one_exchange(aws, now, identity):
    credentials = make(aws, now, identity)
    gate = threading.Barrier(8)

    def use(_):
        gate.wait()
        return credentials.get_frozen_credentials()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(use, range(8)))) == 1
    assert aws.grants == ["id-token"]


class TestClient:
    def test_a_persons_client_never_signs_as_the_host(self, aws, now, identity, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAHOSTHOSTHOSTHOST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "host-secret")
        aws.fail["assume_role"] = "AccessDenied"
        settings = SimpleNamespace(bridge_role_arn="", idc_application_arn="a", data_role_arn="d")
        own = IdentityCredentials(identity, aws=aws, settings=settings, renew=Provider(identity), clock=now)
        client = data_api_client(own, Aws("us-east-1"))
        with pytest.raises(RoleRefused):
            client.execute_statement(Sql="SELECT 1", WorkgroupName="sales", Database="dev")

    def test_two_people_on_one_setup_keep_their_own_credentials(self, now, identity):
        shared = Aws("us-east-1")
        clients = []
        for person in ("frank", "ethan"):
            own_aws = FakeAws(now)
            settings = SimpleNamespace(bridge_role_arn="", idc_application_arn="a", data_role_arn=person)
            own = IdentityCredentials(
                identity, aws=own_aws, settings=settings, renew=Provider(identity), clock=now
            )
            clients.append((data_api_client(own, shared), own_aws))
        frozen = [client._request_signer._credentials for client, _ in clients]
        assert frozen[0] is not frozen[1]
        frozen[0].get_frozen_credentials()
        assert clients[0][1].grants
        assert not clients[1][1].grants
