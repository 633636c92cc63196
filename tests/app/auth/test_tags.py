"""Where there is no Identity Center: the ID token's tags, the one step that they take, and its renewal."""

import logging
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from botocore.exceptions import NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from app.audit import NOBODY, Trail
from app.auth.attempt import SignedIn
from app.auth.aws import UNSIGNED_REQUESTS
from app.auth.exchange import exchange
from app.auth.identity import verify
from app.auth.refusals import TAGGED_ROLE
from app.auth.renewal import Renewer
from app.auth.standing import Standing
from app.auth.tags import UNTAGGED, SessionTags, session_tags
from app.errors import ExchangeRefused, RoleRefused, SessionExpired
from app.settings import Settings
from tests.app.auth.conftest import CLIENT_ID, ISSUER, NONCE
from tests.app.auth.fake_aws import STEPS, Clock, FakeAws

TAGS = "https://aws.amazon.com/tags"
ROLE = "arn:aws:iam::123456789012:role/Data"
FRANK = "frank@example.com"
SETTINGS = Settings.model_construct(propagation="session_tags", data_role_arn=ROLE)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def claim(user=FRANK, roles="amer-sales"):
    return {TAGS: {"principal_tags": {"RedshiftDbUser": [user], "RedshiftDbRoles": [roles]}}}


@pytest.mark.parametrize(
    ("claims", "tags"),
    [
        (claim(), SessionTags(FRANK, ("amer-sales",))),
        (claim(roles="a:b::a"), SessionTags(FRANK, ("a", "b"))),
        ({TAGS: {"principal_tags": {"RedshiftDbUser": [FRANK]}}}, SessionTags(FRANK)),
        ({f"{TAGS}/principal_tags/RedshiftDbUser": FRANK}, SessionTags(FRANK)),
        ({}, UNTAGGED),
        (claim(user="two", roles="b" * 257), SessionTags("two")),
        (claim(user="<b>frank</b>"), SessionTags("", ("amer-sales",))),
        (claim(user="frank\u202e@example.com"), SessionTags("", ("amer-sales",))),
        ({TAGS: {"principal_tags": {"RedshiftDbUser": ["one", "two"]}}}, UNTAGGED),
    ],
)
def test_tags_are_read_as_sts_reads_them(claims, tags):
    assert session_tags(claims) == tags


@given(JSON, JSON, JSON)
def test_whatever_stands_there_is_no_error(claim, tags, value):
    for claims in (
        {TAGS: claim},
        {TAGS: {"principal_tags": tags}},
        {TAGS: {"principal_tags": {"RedshiftDbRoles": value}}},
    ):
        assert not any(":" in role for role in session_tags(claims).roles)


@pytest.fixture
def now(idp):
    return Clock()


@pytest.fixture
def aws(now):
    return FakeAws(now)


@pytest.fixture
def identity(idp, provider):
    return verify(idp.token(**claim()), keys=provider, issuer=ISSUER, client_id=CLIENT_ID, nonce=NONCE)


def take(identity, aws):
    return exchange(identity, aws=aws, settings=SETTINGS, trail=Trail(FRANK, "0a1b2c3d"))


def test_the_token_alone_is_sent_unsigned_under_the_persons_name(aws, identity):
    assert take(identity, aws).access_key_id == "ASIAKEY1"
    assert aws.calls == [
        (
            STEPS[0],
            "host",
            {
                "RoleArn": ROLE,
                "RoleSessionName": FRANK,
                "WebIdentityToken": identity.token,
                "DurationSeconds": 3600,
            },
        )
    ]
    assert aws.configs[STEPS[0]] is UNSIGNED_REQUESTS


def test_the_step_is_on_record_with_its_tags(aws, identity, caplog):
    caplog.set_level(logging.INFO, logger="app.audit")
    take(identity, aws)
    (record,) = caplog.records
    assert (record.step, record.role, record.database_user, record.database_roles) == (
        "AssumeRoleWithWebIdentity",
        ROLE,
        FRANK,
        "amer-sales",
    )


@pytest.mark.parametrize(
    ("email", "user", "code"),
    [
        (FRANK, "", "RL-343"),
        (FRANK, "ethan@example.com", "RL-344"),
        (FRANK, "admin", "RL-344"),
        (FRANK, "Frank@example.com", "RL-344"),
        ("ä@example.com", "ä@example.com", "RL-344"),
        ("a" * 60 + "@example.com", "a" * 60 + "@example.com", "RL-344"),
    ],
)
def test_a_token_that_does_not_name_its_person_is_not_sent(aws, identity, email, user, code):
    with pytest.raises(ExchangeRefused) as caught:
        take(replace(identity, email=email, tags=SessionTags(user)), aws)
    assert caught.value.code == code
    assert aws.calls == []


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        ("AccessDenied", (RoleRefused, "RL-341", "sts:TagSession")),
        ("PackedPolicyTooLarge", (RoleRefused, "RL-342", "RedshiftDbRoles")),
        ("InvalidIdentityToken", (RoleRefused, "RL-321", TAGS)),
        ("IDPCommunicationError", (RoleRefused, "RL-322", "OIDC_ISSUER")),
        ("ExpiredTokenException", (SessionExpired, "RL-234", "")),
        ("Throttling", (RoleRefused, "RL-329", "")),
        ("SomethingNew", (RoleRefused, "RL-327", "DATA_ROLE_ARN")),
        (NoCredentialsError(), (RoleRefused, "RL-328", "")),
    ],
)
def test_each_refusal_has_its_error_and_its_code(aws, identity, failure, expected):
    error, code, named = expected
    aws.fail[STEPS[0]] = failure
    with pytest.raises(error) as caught:
        take(identity, aws)
    assert (type(caught.value), caught.value.code) == (error, code)
    assert named in caught.value.remedy


def test_nobody_is_told_of_settings_that_have_to_be_empty():
    refusals = (*TAGGED_ROLE.by_code.values(), TAGGED_ROLE.other)
    assert not [each for each in refusals if "IDC_APPLICATION_ARN" in each.remedy]


class TestRenewal:
    @pytest.fixture
    def renew(self, aws, provider, now):
        renewer = Renewer(aws=aws, provider=provider, settings=SETTINGS, clock=now)
        return lambda standing: renewer.renew(standing, trail=NOBODY, keep=lambda _: None)

    @pytest.fixture
    def fresh(self, identity, now):
        now.now = identity.expires_at - timedelta(hours=1)
        return Standing.of(SignedIn(identity, NONCE, "refresh-1"))

    def test_it_takes_a_new_id_token_with_the_groups_of_now(self, aws, idp, renew, fresh):
        first = renew(fresh)
        answer = {
            "id_token": idp.token(nonce=None, **claim(roles="emea-sales")),
            "refresh_token": "refresh-2",
        }
        idp.answers["/token"] = httpx.Response(200, json=answer)
        renewed = renew(first)
        assert renewed.identity.tags.roles == ("emea-sales",)
        assert [call[2]["WebIdentityToken"] for call in aws.calls] == [
            fresh.identity.token,
            renewed.identity.token,
        ]
        assert (renewed.refresh_token, renewed.context_refresh_token, renewed.center) == (
            "refresh-2",
            None,
            None,
        )

    def test_without_a_refresh_token_the_same_id_token_goes_while_it_lasts(self, now, renew, fresh):
        first = renew(replace(fresh, refresh_token=None))
        now.forward(minutes=45)
        assert renew(first).credentials.access_key_id == "ASIAKEY2"
        now.forward(minutes=16)
        with pytest.raises(SessionExpired) as caught:
            renew(first)
        assert caught.value.code == "RL-234"

    def test_a_new_token_that_names_another_user_is_not_sent(self, aws, idp, renew, fresh):
        first = renew(fresh)
        answer = {"id_token": idp.token(nonce=None, **claim(user="ethan@example.com"))}
        idp.answers["/token"] = httpx.Response(200, json=answer)
        with pytest.raises(ExchangeRefused) as caught:
            renew(first)
        assert caught.value.code == "RL-344"
        assert len(aws.calls) == 1
