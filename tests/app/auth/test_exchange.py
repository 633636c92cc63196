"""The three steps: what is sent, what comes of it, and what AWS's refusals become."""

import logging
import re
import traceback
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.session import Session
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from app.audit import Trail
from app.auth.aws import ONCE, UNSIGNED_REQUESTS, Aws
from app.auth.exchange import (
    CONTEXT_PROVIDER,
    IdentityContext,
    assume_bridge_role,
    assume_data_role,
    create_context,
    exchange,
    session_name,
)
from app.auth.refusals import CONTEXT, DATA_ROLE, WEB_IDENTITY
from app.errors import AccessError, AppError, ExchangeRefused, NotAssigned, RoleRefused, SessionExpired

BRIDGE = "arn:aws:iam::123456789012:role/IDCBridgeRole"
DATA = "arn:aws:iam::123456789012:role/RedshiftDataAPIClientRole"
APPLICATION = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.id-token-of-frank.signature"
CONTEXT_ASSERTION = "context-assertion-of-frank"
SECRETS = (TOKEN, CONTEXT_ASSERTION, "secret-key-1", "session-token-1", "identity-center-refresh")
TRAIL = Trail("frank@example.com", "0a1b2c3d")
ENDS = datetime(2030, 1, 1, tzinfo=UTC)
KEYS = {
    "Credentials": {
        "AccessKeyId": "ASIAEXAMPLEEXAMPLE12",
        "SecretAccessKey": "secret-key-1",
        "SessionToken": "session-token-1",
        "Expiration": ENDS,
    }
}
CONTEXT_ANSWER = {
    "accessToken": "a",
    "expiresIn": 900,
    "refreshToken": "identity-center-refresh",
    "awsAdditionalDetails": {"identityContext": CONTEXT_ASSERTION},
}


@pytest.fixture(scope="module")
def aws():
    return Aws("us-east-1")


@pytest.fixture
def sts(aws):
    return aws.client("sts", config=UNSIGNED_REQUESTS)


@pytest.fixture
def sso(aws):
    return aws.client("sso-oidc", config=UNSIGNED_REQUESTS.merge(ONCE))


def bridge(sts, _):
    return assume_bridge_role(
        sts, role_arn=BRIDGE, token=TOKEN, session_name="frank@example.com", trail=TRAIL
    )


def context(_, sso):
    return create_context(sso, application_arn=APPLICATION, token=TOKEN, trail=TRAIL)


def data(sts, _):
    sealed = IdentityContext(CONTEXT_ASSERTION, None)
    return assume_data_role(sts, role_arn=DATA, context=sealed, session_name="frank@example.com", trail=TRAIL)


STEPS = {
    "bridge": ("assume_role_with_web_identity", bridge),
    "context": ("create_token_with_iam", context),
    "data": ("assume_role", data),
}


def run(step, sts, sso, *, answer=None, expected=None, error=None):
    operation, call = STEPS[step]
    with Stubber(sso if step == "context" else sts) as stub:
        if error:
            code, message = error
            stub.add_client_error(operation, code, message)
        else:
            stub.add_response(operation, answer, expected)
        return call(sts, sso)


def refusal(step, sts, sso, code, message="no"):
    with pytest.raises(AppError) as caught:
        run(step, sts, sso, error=(code, message))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caught.value.remedy
    assert not [secret for secret in SECRETS if secret in shown]
    return caught.value


def test_the_bridge_role_is_asked_for_with_the_token_and_the_persons_name(sts, sso):
    expected = {
        "RoleArn": BRIDGE,
        "RoleSessionName": "frank@example.com",
        "WebIdentityToken": TOKEN,
        "DurationSeconds": 3600,
    }
    credentials = run("bridge", sts, sso, answer=KEYS, expected=expected)
    assert credentials.secret_access_key == "secret-key-1"
    assert credentials.expires_at == ENDS


def test_the_context_is_asked_for_with_the_token(sts, sso):
    expected = {
        "clientId": APPLICATION,
        "grantType": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": TOKEN,
    }
    context = run("context", sts, sso, answer=CONTEXT_ANSWER, expected=expected)
    assert context.assertion == CONTEXT_ASSERTION
    assert context.refresh_token == "identity-center-refresh"


def test_a_context_is_renewed_without_the_token(sts, sso):
    expected = {
        "clientId": APPLICATION,
        "grantType": "refresh_token",
        "refreshToken": "identity-center-refresh",
    }
    with Stubber(sso) as stub:
        stub.add_response("create_token_with_iam", {**CONTEXT_ANSWER, "refreshToken": "next"}, expected)
        context = create_context(
            sso,
            application_arn=APPLICATION,
            token=TOKEN,
            trail=TRAIL,
            refresh_token="identity-center-refresh",
        )
    assert context.refresh_token == "next"


def test_a_refresh_token_stays_good_where_no_new_one_comes(sso):
    answer = {name: value for name, value in CONTEXT_ANSWER.items() if name != "refreshToken"}
    with Stubber(sso) as stub:
        stub.add_response("create_token_with_iam", answer)
        context = create_context(
            sso, application_arn=APPLICATION, token=TOKEN, trail=TRAIL, refresh_token="first"
        )
    assert context.refresh_token == "first"


def test_the_data_role_is_asked_for_with_the_context_for_an_hour(sts, sso):
    expected = {
        "RoleArn": DATA,
        "RoleSessionName": "frank@example.com",
        "DurationSeconds": 3600,
        "ProvidedContexts": [{"ProviderArn": CONTEXT_PROVIDER, "ContextAssertion": CONTEXT_ASSERTION}],
    }
    assert run("data", sts, sso, answer=KEYS, expected=expected).session_token == "session-token-1"


def test_nothing_shows_a_secret(sts, sso):
    credentials = run("data", sts, sso, answer=KEYS)
    context = run("context", sts, sso, answer=CONTEXT_ANSWER)
    shown = f"{credentials!r}{credentials}{context!r}{context}"
    assert not [secret for secret in (*SECRETS, "ASIAEXAMPLEEXAMPLE12") if secret in shown]


def test_an_answer_without_a_context_is_refused(sts, sso):
    with pytest.raises(ExchangeRefused) as caught:
        run("context", sts, sso, answer={"accessToken": "a"})
    assert caught.value.code == "RL-314"


@pytest.mark.parametrize(
    ("step", "aws_code", "expected"),
    [
        ("bridge", "InvalidIdentityToken", (RoleRefused, "RL-321", "OIDC_CLIENT_ID")),
        ("bridge", "IDPCommunicationError", (RoleRefused, "RL-322", "OIDC_ISSUER")),
        ("bridge", "IDPRejectedClaim", (RoleRefused, "RL-323", "")),
        ("bridge", "AccessDenied", (RoleRefused, "RL-324", "BRIDGE_ROLE_ARN")),
        ("bridge", "ExpiredTokenException", (SessionExpired, "RL-234", "")),
        ("bridge", "ValidationError", (RoleRefused, "RL-320", "BRIDGE_ROLE_ARN")),
        ("bridge", "RegionDisabledException", (RoleRefused, "RL-329", "AWS_REGION")),
        ("context", "AccessDeniedException", (NotAssigned, "RL-331", "IDC_APPLICATION_ARN")),
        ("context", "InvalidGrantException", (ExchangeRefused, "RL-312", "OIDC_ISSUER")),
        ("context", "InvalidClientException", (ExchangeRefused, "RL-313", "IDC_APPLICATION_ARN")),
        ("context", "UnauthorizedClientException", (ExchangeRefused, "RL-317", "IDC_APPLICATION_ARN")),
        ("context", "InvalidScopeException", (ExchangeRefused, "RL-314", "IDC_APPLICATION_ARN")),
        ("context", "InvalidRequestException", (ExchangeRefused, "RL-315", "OIDC_ISSUER")),
        ("context", "InvalidRequestRegionException", (ExchangeRefused, "RL-316", "AWS_REGION")),
        ("context", "UnsupportedGrantTypeException", (ExchangeRefused, "RL-317", "IDC_APPLICATION_ARN")),
        ("context", "SlowDownException", (ExchangeRefused, "RL-318", "")),
        ("context", "InvalidClientTokenId", (ExchangeRefused, "RL-319", "BRIDGE_ROLE_ARN")),
        ("context", "ExpiredTokenException", (SessionExpired, "RL-234", "")),
        ("context", "SomethingNew", (ExchangeRefused, "RL-310", "IDC_APPLICATION_ARN")),
        ("data", "AccessDenied", (RoleRefused, "RL-325", "DATA_ROLE_ARN")),
        ("data", "InvalidContextAssertion", (RoleRefused, "RL-326", "")),
        ("data", "SignatureDoesNotMatch", (RoleRefused, "RL-328", "BRIDGE_ROLE_ARN")),
        ("data", "Throttling", (RoleRefused, "RL-329", "")),
        ("data", "SomethingNew", (RoleRefused, "RL-327", "DATA_ROLE_ARN")),
    ],
)
def test_each_refusal_of_aws_has_its_error_its_code_and_names_the_setting(sts, sso, step, aws_code, expected):
    error, code, setting = expected
    refused = refusal(step, sts, sso, aws_code)
    assert (type(refused), refused.code) == (error, code)
    assert setting in refused.remedy


def test_a_bridge_role_that_may_not_exchange_is_told_from_a_person_without_access(sts, sso):
    message = (
        "User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: sso-oauth:CreateTokenWithIAM"
    )
    refused = refusal("context", sts, sso, "AccessDeniedException", message)
    assert type(refused) is ExchangeRefused
    assert refused.code == "RL-311"
    assert "BRIDGE_ROLE_ARN" in refused.remedy


@pytest.mark.parametrize("step", STEPS)
def test_a_message_of_aws_that_repeats_a_token_goes_no_further(sts, sso, step, caplog):
    caplog.set_level(logging.DEBUG, logger="app")
    refused = refusal(step, sts, sso, "ValidationError", f"Value '{TOKEN}' and '{CONTEXT_ASSERTION}' failed")
    assert refused.__cause__ is None
    assert refused.__context__ is None
    told = caplog.text + repr([vars(record) for record in caplog.records])
    assert not [secret for secret in SECRETS if secret in told]
    assert [record.outcome for record in caplog.records] == ["ValidationError"]


@pytest.mark.parametrize(
    ("raised", "codes"),
    [
        (
            EndpointConnectionError(endpoint_url="https://sts"),
            {"bridge": "RL-329", "context": "RL-318", "data": "RL-329"},
        ),
        (
            ReadTimeoutError(endpoint_url="https://sts"),
            {"bridge": "RL-329", "context": "RL-318", "data": "RL-329"},
        ),
        (NoCredentialsError(), {"bridge": "RL-328", "context": "RL-319", "data": "RL-328"}),
    ],
)
@pytest.mark.parametrize("step", STEPS)
def test_a_network_that_fails_is_told_plainly(step, raised, codes):
    class Broken:
        def __getattr__(self, name):
            def call(**parameters):
                raise raised

            return call

    with pytest.raises(AccessError) as caught:
        STEPS[step][1](Broken(), Broken())
    assert caught.value.code == codes[step]


@pytest.mark.parametrize(
    ("service", "table"), [("sts", WEB_IDENTITY), ("sso-oidc", CONTEXT), ("sts", DATA_ROLE)]
)
def test_every_error_that_aws_documents_for_a_step_is_in_its_table(service, table):
    operation = {
        id(WEB_IDENTITY): "AssumeRoleWithWebIdentity",
        id(CONTEXT): "CreateTokenWithIAM",
        id(DATA_ROLE): "AssumeRole",
    }[id(table)]
    # These speak of what this app never sends: session policies, a device's code; or of AWS's own faults.
    never = {"MalformedPolicyDocument", "PackedPolicyTooLarge", "AuthorizationPending", "InternalServer"}
    shapes = Session().get_service_model(service).operation_model(operation).error_shapes
    names = {(shape.error_code or shape.name).removesuffix("Exception") for shape in shapes}
    assert names - never <= set(table.by_code)


@pytest.fixture
def events(caplog):
    caplog.set_level(logging.INFO, logger="app.audit")
    fields = ("event", "person", "session", "step", "outcome", "role", "application", "grant", "request")
    return lambda: [
        {name: vars(record)[name] for name in fields if name in vars(record)} for record in caplog.records
    ]


COMMON = {"event": "exchange", "person": "frank@example.com", "session": "0a1b2c3d"}
BY_ID_TOKEN = {"application": APPLICATION, "grant": "id token"}
ON_RECORD = {
    "bridge": {**COMMON, "step": "AssumeRoleWithWebIdentity", "role": BRIDGE},
    "context": {**COMMON, "step": "CreateTokenWithIAM", **BY_ID_TOKEN},
    "data": {**COMMON, "step": "AssumeRole", "role": DATA},
}


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_on_record_with_awss_id_for_it(sts, sso, events, caplog, step):
    answer = {**(CONTEXT_ANSWER if step == "context" else KEYS), "ResponseMetadata": {"RequestId": "r-1"}}
    run(step, sts, sso, answer=answer)
    assert events() == [{**ON_RECORD[step], "outcome": "ok", "request": "r-1"}]
    assert caplog.records[0].milliseconds >= 0
    assert not [secret for secret in SECRETS if secret in repr(vars(caplog.records[0]))]


@pytest.mark.parametrize("step", STEPS)
def test_a_refusal_is_on_record_under_awss_own_code(sts, sso, events, step):
    refusal(step, sts, sso, "SlowDownException")
    assert events() == [{**ON_RECORD[step], "outcome": "SlowDownException"}]


def test_a_step_that_gets_no_answer_is_on_record(events):
    class Unreachable:
        def assume_role(self, **_):
            raise EndpointConnectionError(endpoint_url="https://sts")

    with pytest.raises(AccessError):
        data(Unreachable(), None)
    assert events() == [{**ON_RECORD["data"], "outcome": "EndpointConnectionError"}]


def test_a_renewal_by_identity_centers_refresh_token_is_told_from_one_by_an_id_token(sso, events):
    with Stubber(sso) as stub:
        stub.add_response("create_token_with_iam", CONTEXT_ANSWER)
        create_context(sso, application_arn=APPLICATION, token=TOKEN, trail=TRAIL, refresh_token=SECRETS[-1])
    assert [event["grant"] for event in events()] == ["refresh token"]


class TestWhole:
    """The three steps in a row, each client the one that the step before made possible."""

    class OneAws:
        def __init__(self):
            self.signers = []

        def client(self, _, *, credentials=None, **_config):
            self.signers.append(credentials.access_key_id if credentials else None)
            return SimpleNamespace(
                assume_role_with_web_identity=lambda **_: KEYS,
                create_token_with_iam=lambda **_: CONTEXT_ANSWER,
                assume_role=lambda **_: KEYS,
            )

    @pytest.mark.parametrize(
        ("bridge_role", "steps"),
        [
            (BRIDGE, ["AssumeRoleWithWebIdentity", "CreateTokenWithIAM", "AssumeRole"]),
            ("", ["CreateTokenWithIAM", "AssumeRole"]),
        ],
    )
    def test_each_step_leaves_one_line(self, identity, events, bridge_role, steps):
        settings = SimpleNamespace(
            propagation="identity_center",
            bridge_role_arn=bridge_role,
            idc_application_arn=APPLICATION,
            data_role_arn=DATA,
        )
        aws = self.OneAws()
        credentials = exchange(identity, aws=aws, settings=settings, trail=TRAIL)
        assert credentials.expires_at == ENDS
        assert [event["step"] for event in events()] == steps
        assert {event["session"] for event in events()} == {"0a1b2c3d"}
        assert aws.signers[0] is None


def test_a_one_time_token_is_never_sent_again_by_the_sdk(sso):
    with Stubber(sso) as stub:
        stub.add_client_error("create_token_with_iam", "InternalServerException", http_status_code=500)
        stub.add_response("create_token_with_iam", CONTEXT_ANSWER)
        with pytest.raises(ExchangeRefused):
            create_context(sso, application_arn=APPLICATION, token=TOKEN, trail=TRAIL)
    assert sso.meta.config.retries["total_max_attempts"] == 1


class TestSessionName:
    @pytest.mark.parametrize("email", ["frank@example.com", "f+o=o,b@x.de", "a" * 52 + "@example.com"])
    def test_an_address_that_fits_is_the_name(self, email):
        assert session_name(email) == email

    def test_an_address_that_is_too_long_by_one_is_cut(self):
        assert len(session_name("a" * 53 + "@example.com")) == 64

    @given(st.emails() | st.text(min_size=1, max_size=254))
    def test_every_name_is_one_that_aws_takes_and_stays_the_same(self, email):
        name = session_name(email)
        assert re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII)
        assert session_name(email) == name

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("ä@example.com", "ö@example.com"),
            ("a" * 80 + "@x.de", "a" * 81 + "@x.de"),
            ("a" * 61 + "@x.de", "a" * 61 + "@x.dk"),
            ("a b@x.de", "a_b@x.de"),
        ],
    )
    def test_no_two_people_share_one(self, one, other):
        assert session_name(one) != session_name(other)
