"""The exchange: an ID token, once, by who may, at an application that trusts its issuer."""

import contextlib
import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.infra.local.aws.conftest import ACCOUNT, JWT_BEARER, Issuer, allow, refusal
from tests.infra.local.aws.serving import IDC_TOKEN_SECONDS
from tests.infra.local.aws.test_sts import FORGERIES

ACTION = "sso-oauth:CreateTokenWithIAM"


def test_a_token_becomes_a_context(world):
    answer = world.exchange(world.issuer.token())
    claims = jwt.decode(answer["idToken"], options={"verify_signature": False})
    assert claims["sts:identity_context"] == answer["awsAdditionalDetails"]["identityContext"]
    assert claims["sub"] == world.users["frank"]
    assert answer["tokenType"] == "Bearer"
    assert answer["expiresIn"] == IDC_TOKEN_SECONDS
    assert {"openid", "aws", "sts:identity_context", "redshift:connect"} == set(answer["scope"])
    assert len(answer["awsAdditionalDetails"]["identityContext"]) <= 3072


def test_a_token_is_exchanged_once(world):
    token = world.issuer.token()
    world.exchange(token)
    assert refusal(world.exchange, token=token) == "InvalidGrantException"
    again = world.issuer.token(jti=jwt.decode(token, options={"verify_signature": False})["jti"])
    assert refusal(world.exchange, token=again) == "InvalidGrantException"


@contextlib.contextmanager
def hours_later(world, monkeypatch, hours: float):
    """Inside, both sides believe that it is so much later; gives the bridge role's credentials of then."""
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(hours=hours)
    with world.served.later(hours * 3600), monkeypatch.context() as patched:
        patched.setattr("botocore.auth.get_current_datetime", lambda: now)
        token = world.issuer.token(exp=int(time.time() + (hours + 1) * 3600))
        yield world.web_identity(token)["Credentials"]


def test_a_token_is_remembered_for_as_long_as_it_is_valid(world, monkeypatch):
    token = world.issuer.token(exp=int(time.time()) + 48 * 3600)
    world.exchange(token)
    with hours_later(world, monkeypatch, 25) as keys:
        assert refusal(world.exchange, token=token, keys=keys) == "InvalidGrantException"


def test_of_many_at_once_one_wins(world):
    token, client = world.issuer.token(), world.served.client("sso-oidc", world.bridge())

    def attempt(_):
        try:
            client.create_token_with_iam(clientId=world.application, grantType=JWT_BEARER, assertion=token)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "exchanged"

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(attempt, range(6)))
    assert outcomes == ["InvalidGrantException"] * 5 + ["exchanged"]


@pytest.mark.parametrize(
    "kind", [kind for kind in FORGERIES if kind not in ("two audiences", "wrong authorized party")]
)
def test_a_token_that_cannot_be_trusted_is_not_exchanged(world, kind):
    assert refusal(world.exchange, token=FORGERIES[kind](world.issuer)) == "InvalidGrantException"


@pytest.mark.parametrize(
    "claims",
    [
        {"jti": None},
        {"jti": ""},
        {"email": None},
        {"email": ["frank@example.com"]},
        {"email": "stranger@example.com"},
        {"email": "FRANK@example.com"},
    ],
)
def test_claims_that_name_no_one_user_are_refused(world, claims):
    assert refusal(world.exchange, token=world.issuer.token(**claims)) == "InvalidGrantException"


def test_an_expired_token_is_told_so(world):
    token = world.issuer.token(exp=1_000_000_000)
    assert refusal(world.exchange, token=token) == "ExpiredTokenException"


def test_two_users_of_one_address_are_none(world):
    store = world.served.client("identitystore")
    for name in ("twin-1", "twin-2"):
        store.create_user(
            IdentityStoreId=world.served.identity_store_id,
            UserName=name,
            DisplayName=name,
            Name={"GivenName": name, "FamilyName": "Twin"},
            Emails=[{"Value": "twin@example.com"}],
        )
    assert refusal(world.exchange, token=world.issuer.token("twin")) == "InvalidGrantException"


def test_an_issuer_of_iams_is_not_thereby_trusted_here(world):
    other = Issuer()
    assert refusal(world.exchange, token=other.token()) == "InvalidGrantException"


def test_the_exchange_must_be_signed(world):
    import httpx

    body = {"clientId": world.application, "grantType": JWT_BEARER, "assertion": world.issuer.token()}
    answer = httpx.post(f"{world.served.url}/token?aws_iam=t", json=body)
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


def test_the_callers_policy_must_allow_it(world):
    world.role("NoExchange", world.federated_trust(), allow("sts:*"))
    client = world.served.client("sso-oidc", world.bridge(role="NoExchange"))
    with pytest.raises(ClientError) as caught:
        client.create_token_with_iam(
            clientId=world.application, grantType=JWT_BEARER, assertion=world.issuer.token()
        )
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert f"is not authorized to perform: {ACTION}" in caught.value.response["Error"]["Message"]


def test_the_permission_may_be_for_one_application(world):
    other = world.new_application("narrow")
    world.role("Narrow", world.federated_trust(), allow(ACTION, world.application))
    keys = world.bridge(role="Narrow")
    assert refusal(world.exchange, token=world.issuer.token(), keys=keys, application=other) == (
        "AccessDeniedException"
    )


def test_the_applications_actor_policy_must_admit_the_caller(world):
    service = allow("sso-oauth:*", Principal={"Service": "redshift-data.amazonaws.com"})
    application = world.new_application("for a service", actors=service)
    assert refusal(world.exchange, token=world.issuer.token(), application=application) == (
        "AccessDeniedException"
    )
    account = allow(ACTION, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    application = world.new_application("for the account", actors=account)
    assert world.exchange(world.issuer.token(), application=application)["accessToken"]


def test_an_application_without_a_method_admits_nobody(world):
    application = world.new_application("methodless")
    world.served.client("sso-admin").delete_application_authentication_method(
        ApplicationArn=application, AuthenticationMethodType="IAM"
    )
    assert refusal(world.exchange, token=world.issuer.token(), application=application) == (
        "AccessDeniedException"
    )


def test_an_application_that_is_not_there_or_off_is_no_client(world):
    gone = world.application[:-16] + "0" * 16
    assert refusal(world.exchange, token=world.issuer.token(), application=gone) == "InvalidClientException"
    off = world.new_application("off")
    world.served.client("sso-admin").update_application(ApplicationArn=off, Status="DISABLED")
    assert refusal(world.exchange, token=world.issuer.token(), application=off) == "InvalidClientException"


def test_the_audience_must_be_authorized(world):
    grant = [{"TrustedTokenIssuerArn": world.token_issuer, "AuthorizedAudiences": ["another-app"]}]
    application = world.new_application("another audience", grant=grant)
    token = world.issuer.token()
    assert refusal(world.exchange, token=token, application=application) == "InvalidGrantException"


def test_a_grant_must_be_configured_and_known(world):
    application = world.new_application("grantless")
    world.served.client("sso-admin").delete_application_grant(
        ApplicationArn=application, GrantType=JWT_BEARER
    )
    assert refusal(world.exchange, token=world.issuer.token(), application=application) == (
        "UnauthorizedClientException"
    )
    client = world.served.client("sso-oidc", world.bridge())
    code = refusal(client.create_token_with_iam, clientId=world.application, grantType="authorization_code")
    assert code == "UnsupportedGrantTypeException"
    code = refusal(client.create_token_with_iam, clientId=world.application, grantType=JWT_BEARER)
    assert code == "InvalidRequestException"


def test_a_refusal_does_not_use_the_token_up(world):
    token = world.issuer.token("nora")
    application = world.new_application("assigned")
    sso = world.served.client("sso-admin")
    sso.put_application_assignment_configuration(ApplicationArn=application, AssignmentRequired=True)
    assert refusal(world.exchange, token=token, application=application) == "AccessDeniedException"
    sso.create_application_assignment(
        ApplicationArn=application, PrincipalType="USER", PrincipalId=world.users["nora"]
    )
    assert world.exchange(token, application=application)["accessToken"]


def test_a_group_can_be_assigned(world):
    application = world.new_application("assigned to a group")
    sso = world.served.client("sso-admin")
    sso.put_application_assignment_configuration(ApplicationArn=application, AssignmentRequired=True)
    sso.create_application_assignment(
        ApplicationArn=application, PrincipalType="GROUP", PrincipalId=world.groups["amer-sales"]
    )
    assert world.exchange(world.issuer.token("frank"), application=application)["accessToken"]
    token = world.issuer.token("nora")
    assert refusal(world.exchange, token=token, application=application) == "AccessDeniedException"


def test_scopes_are_those_of_the_application(world):
    token = world.issuer.token()
    assert refusal(world.exchange, token=token, scope=["s3:access_grants:read_write"]) == (
        "InvalidScopeException"
    )
    answer = world.exchange(token, scope=["openid"])
    assert answer["scope"] == ["openid"]
    assert "awsAdditionalDetails" not in answer
    assert "sts:identity_context" not in jwt.decode(answer["idToken"], options={"verify_signature": False})


def test_without_the_scope_a_context_does_not_open_redshift(world):
    application = world.new_application("scopeless", scopes=())
    credentials = world.assume(world.context(application=application))["Credentials"]
    list_statements = world.served.client("redshift-data", credentials).list_statements
    assert refusal(list_statements, WorkgroupName="redshift-tip-enabled") == "AccessDeniedException"
    allowed = world.served.client("redshift-data", world.person()).list_statements
    assert allowed(WorkgroupName="redshift-tip-enabled")["Statements"] == []


# --- refresh ----------------------------------------------------------------------------------------


def refresh(world, token: str, application: str = "", *, keys=None, **more):
    return world.served.client("sso-oidc", keys or world.bridge()).create_token_with_iam(
        clientId=application or world.application, grantType="refresh_token", refreshToken=token, **more
    )


def test_a_refresh_token_gives_a_new_context(world):
    first = world.exchange(world.issuer.token())
    second = refresh(world, first["refreshToken"])
    assert world.assume(second["awsAdditionalDetails"]["identityContext"])["Credentials"]
    assert second["refreshToken"]


def test_a_refresh_token_is_its_applications_own(world):
    token = world.exchange(world.issuer.token())["refreshToken"]
    other = world.new_application("another")
    assert refusal(refresh, world=world, token=token, application=other) == "InvalidGrantException"
    assert refusal(refresh, world=world, token="x" * 128) == "InvalidGrantException"


def test_a_refresh_token_lasts_eight_hours(world, monkeypatch):
    token = world.exchange(world.issuer.token())["refreshToken"]
    with hours_later(world, monkeypatch, 7.9) as keys:
        assert refresh(world, token, keys=keys)["accessToken"]
    with hours_later(world, monkeypatch, 8.1) as keys:
        assert refusal(refresh, world=world, token=token, keys=keys) == "ExpiredTokenException"


def test_a_refresh_token_is_checked_against_the_assignments_of_now(world):
    application = world.new_application("later assigned")
    token = world.exchange(world.issuer.token(), application=application)["refreshToken"]
    world.served.client("sso-admin").put_application_assignment_configuration(
        ApplicationArn=application, AssignmentRequired=True
    )
    assert refusal(refresh, world=world, token=token, application=application) == "AccessDeniedException"


def test_a_refresh_does_not_widen_the_scopes(world):
    token = world.exchange(world.issuer.token(), scope=["openid"])["refreshToken"]
    assert refresh(world, token)["scope"] == ["openid"]


def test_without_the_grant_there_is_no_refresh_token(world):
    application = world.new_application("no refresh")
    world.served.client("sso-admin").delete_application_grant(
        ApplicationArn=application, GrantType="refresh_token"
    )
    assert "refreshToken" not in world.exchange(world.issuer.token(), application=application)


def test_membership_is_read_when_it_is_used(world):
    """Who leaves the identity store loses the session that they have."""
    store = world.served.client("identitystore")
    gone = store.create_user(
        IdentityStoreId=world.served.identity_store_id,
        UserName="leaver@example.com",
        DisplayName="Leaver",
        Name={"GivenName": "Le", "FamilyName": "Aver"},
        Emails=[{"Value": "leaver@example.com"}],
    )["UserId"]
    credentials = world.person("leaver")
    assert world.served.client("sts", credentials).get_caller_identity()
    store.delete_user(IdentityStoreId=world.served.identity_store_id, UserId=gone)
    assert refusal(world.served.client("sts", credentials).get_caller_identity) == "InvalidClientTokenId"


def test_a_key_that_is_no_key_of_the_issuer_stays_out_after_a_refetch(world):
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = world.issuer.token(kid="third", key=stranger)
    with world.served.later(10):
        assert refusal(world.exchange, token=token) == "InvalidGrantException"


# --- the log ----------------------------------------------------------------------------------------


def test_each_use_of_a_token_is_one_line_in_the_log(world):
    """Whoever reads it can tell that no token was used twice, and can use nothing of it."""
    token = world.issuer.token(jti="the-first")
    answer = world.exchange(token)
    assert refusal(world.exchange, token=token) == "InvalidGrantException"
    assert refusal(world.exchange, token=world.issuer.token(jti="stale", exp=1_000_000_000))
    assert refusal(world.exchange, token=world.issuer.token(jti="two\nlines"), scope=["none"])
    again = refresh(world, answer["refreshToken"])
    text = world.served.log_file.read_text()
    mark = "infra.local.aws.sso_oidc:"
    lines = [line.partition(mark)[2] for line in text.splitlines() if mark in line][-5:]
    assert lines == [
        "jwt-bearer jti=the-first person=frank@example.com: accepted",
        "jwt-bearer jti=the-first person=frank@example.com: refused: The assertion was used before.",
        "jwt-bearer jti=- person=nobody: refused: The assertion has expired.",
        (
            "jwt-bearer jti=two\\nlines person=frank@example.com: refused: "
            "A scope is not configured for the application."
        ),
        "refresh_token jti=- person=frank@example.com: accepted",
    ]
    for secret in (token, answer["refreshToken"], answer["accessToken"], again["refreshToken"]):
        assert secret not in text
