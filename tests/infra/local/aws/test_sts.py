"""Role sessions: from ID tokens, from other sessions, with an identity context."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.infra.local.aws.conftest import ACCOUNT, CLIENT_ID, PROVIDER, Issuer, allow, policy, refusal
from tests.infra.local.aws.serving import IDC_TOKEN_SECONDS

HOUR = 3600


def test_an_id_token_becomes_a_role_session(world):
    answer = world.web_identity(world.issuer.token())
    assert answer["SubjectFromWebIdentityToken"] == "sub-frank"
    assert answer["Provider"] == world.issuer.url
    assert answer["Audience"] == CLIENT_ID
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/Bridge/frank@example.com"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    identity = world.served.client("sts", answer["Credentials"]).get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (arn, answer["AssumedRoleUser"]["AssumedRoleId"])


def hs256_with_the_public_key(issuer: Issuer) -> str:
    """The old confusion: the public key as the secret of an HMAC."""
    pem = (
        issuer.keys["first"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    token = issuer.token()
    signing_input = jwt.utils.base64url_encode(b'{"alg":"HS256","typ":"JWT","kid":"first"}') + b"."
    signing_input += token.split(".")[1].encode()
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(signing_input, pem)
    return (signing_input + b"." + jwt.utils.base64url_encode(signature)).decode()


def tampered(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


FORGERIES = {
    "unsigned": lambda issuer: issuer.token(algorithm="none"),
    "HMAC with the public key": hs256_with_the_public_key,
    "unknown key": lambda issuer: issuer.token(
        kid="other", key=rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ),
    "another key under a known name": lambda issuer: issuer.token(
        key=rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ),
    "tampered": lambda issuer: tampered(issuer.token()),
    "no expiry": lambda issuer: issuer.token(exp=None),
    "from the future": lambda issuer: issuer.token(iat=4_000_000_000),
    "not valid yet": lambda issuer: issuer.token(nbf=4_000_000_000),
    "not a token": lambda _: "not.a.token",
    "no issuer": lambda issuer: issuer.token(iss=None),
    "unregistered issuer": lambda issuer: issuer.token(iss="http://localhost:1"),
    "issuer without its port": lambda issuer: issuer.token(iss="http://localhost"),
    "wrong audience": lambda issuer: issuer.token(aud="another-app"),
    "wrong authorized party": lambda issuer: issuer.token(azp="another-app"),
    "authorized for us, but meant for another": lambda issuer: issuer.token(aud="another-app", azp=CLIENT_ID),
    "two audiences": lambda issuer: issuer.token(aud=[CLIENT_ID, "another-app"]),
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_token_that_cannot_be_trusted_gets_no_role(world, kind):
    assert refusal(world.web_identity, token=FORGERIES[kind](world.issuer)) == "InvalidIdentityToken"


def test_an_expired_token_is_told_so(world):
    assert refusal(world.web_identity, token=world.issuer.token(exp=1_000_000_000)) == "ExpiredTokenException"


def test_clocks_may_differ_by_five_seconds_and_no_more(world):
    token = world.issuer.token()
    with world.served.later(HOUR + 3):
        world.web_identity(token)
    with world.served.later(HOUR + 8):
        assert refusal(world.web_identity, token=token) == "ExpiredTokenException"


def test_a_new_key_of_the_issuer_is_fetched(world):
    world.issuer.keys["second"] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with world.served.later(30):
        assert world.web_identity(world.issuer.token(kid="second"))["Credentials"]


def test_an_issuer_that_is_down_is_told_so(world):
    silent = Issuer()
    world.served.client("iam").create_open_id_connect_provider(Url=silent.url, ClientIDList=[CLIENT_ID])
    silent.server.shutdown()
    silent.server.server_close()
    assert refusal(world.web_identity, token=silent.token()) == "IDPCommunicationError"


def test_an_issuer_that_calls_itself_otherwise_is_none(world):
    class Misnamed(Issuer):
        def document(self, path):
            found = super().document(path)
            return {**found, "issuer": "http://localhost:1"} if "issuer" in found else found

    other = Misnamed()
    world.served.client("iam").create_open_id_connect_provider(Url=other.url, ClientIDList=[CLIENT_ID])
    assert refusal(world.web_identity, token=other.token()) == "IDPCommunicationError"
    other.server.shutdown()
    other.server.server_close()


def test_a_trust_policy_that_does_not_name_the_provider_refuses(world):
    assert refusal(world.web_identity, token=world.issuer.token(), role="Data") == "AccessDenied"
    assert refusal(world.web_identity, token=world.issuer.token(), role="Nothing") == "AccessDenied"


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("ForAnother", {"StringEquals": {"{issuer}:sub": "sub-ethan"}}),
        ("UnknownKey", {"StringEquals": {"{issuer}:name": "Frank"}}),
        ("AnotherAddress", {"StringEquals": {"{issuer}:email": "ethan@example.com"}}),
        ("UnknownOperator", {"StringMatches": {"{issuer}:sub": "sub-frank"}}),
        ("MissingClaim", {"ForAnyValue:StringEquals": {"{issuer}:amr": "mfa"}}),
    ],
)
def test_a_condition_that_is_not_met_refuses(world, name, condition):
    issuer = world.issuer.url.partition("://")[2]
    conditions = {
        operator: {key.format(issuer=issuer): value for key, value in keys.items()}
        for operator, keys in condition.items()
    }
    world.role(name, world.federated_trust(**conditions))
    assert refusal(world.web_identity, token=world.issuer.token(), role=name) == "AccessDenied"


def test_conditions_on_subject_and_method_are_met(world):
    issuer = world.issuer.url.partition("://")[2]
    conditions = {
        "StringLike": {f"{issuer}:sub": "sub-*"},
        "ForAnyValue:StringEquals": {f"{issuer}:amr": ["mfa", "hwk"]},
    }
    world.role("WithMethod", world.federated_trust(**conditions))
    assert world.web_identity(world.issuer.token(amr=["pwd", "mfa"]), "WithMethod")["Credentials"]


def test_a_session_lasts_as_long_as_the_role_allows(world):
    token = world.issuer.token()
    assert refusal(world.web_identity, token=token, DurationSeconds=HOUR + 1) == "ValidationError"
    short = world.web_identity(token, DurationSeconds=900)["Credentials"]
    with world.served.later(901):
        assert refusal(world.served.client("sts", short).get_caller_identity) == "ExpiredToken"


def test_session_policies_are_not_ignored(world):
    narrowed = policy(allow("sts:AssumeRole"))
    assert refusal(world.web_identity, token=world.issuer.token(), Policy=narrowed) == "NotImplemented"


# --- AssumeRole -------------------------------------------------------------------------------------


def test_a_context_makes_an_identity_enhanced_session(world):
    answer = world.assume(world.context())
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/Data/frank@example.com")
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")


def test_only_the_trusted_principal_takes_the_role(world):
    # The administrator's own policies allow everything; the role does not trust them.
    assert (
        refusal(
            lambda: world.assume(
                None, keys={"AccessKeyId": world.served.key, "SecretAccessKey": world.served.secret}
            )
        )
        == "AccessDenied"
    )
    world.role("Stranger", world.federated_trust(), allow(["sts:AssumeRole", "sts:SetContext"]))
    stranger = world.bridge(role="Stranger")
    context = world.context()
    assert refusal(world.assume, context=context, keys=stranger) == "AccessDenied"


def test_the_context_needs_a_permission_of_its_own(world):
    world.role(
        "Contextless", world.federated_trust(), allow(["sts:AssumeRole", "sso-oauth:CreateTokenWithIAM"])
    )
    trust = allow(
        ["sts:AssumeRole", "sts:SetContext"],
        None,
        Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/Contextless"},
    )
    world.role("ForContextless", trust)
    keys, context = world.bridge(role="Contextless"), world.context()
    assert world.assume(None, keys=keys, role="ForContextless")["Credentials"]
    assert refusal(world.assume, context=context, keys=keys, role="ForContextless") == "AccessDenied"


def test_the_trust_policy_must_admit_the_context(world):
    trust = allow("sts:AssumeRole", None, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/Bridge"})
    world.role("NoContext", trust)
    assert world.assume(None, role="NoContext")["Credentials"]
    assert refusal(world.assume, context=world.context(), role="NoContext") == "AccessDenied"


def test_a_context_that_was_not_sealed_here_is_refused(world):
    genuine = world.context()
    middle = len(genuine) // 2
    altered = genuine[:middle] + ("A" if genuine[middle] != "A" else "B") + genuine[middle + 1 :]
    for forged in ("x" * 200, altered, genuine[:-4], "é" * 10, world.issuer.token()):
        assert refusal(world.assume, context=forged) == "InvalidContextAssertion"


def test_the_audit_context_opens_nothing(world):
    token = world.exchange(world.issuer.token())["idToken"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert refusal(world.assume, context=claims["sts:audit_context"]) == "InvalidContextAssertion"
    assert world.assume(claims["sts:identity_context"])["Credentials"]


def test_a_context_that_is_over_is_refused(world):
    context, keys = world.context(), world.bridge()
    with world.served.later(IDC_TOKEN_SECONDS + 1):
        assert refusal(world.assume, context=context, keys=keys) == "InvalidContextAssertion"


@pytest.mark.parametrize("asked", [{}, {"DurationSeconds": 900}])
def test_a_session_ends_with_its_context(world, asked):
    """A choice of the stand-in, so that a whole chain can be as short as a test wants it."""
    before = time.time()
    credentials = world.assume(world.context(), **asked)["Credentials"]
    left = credentials["Expiration"].timestamp() - before
    assert IDC_TOKEN_SECONDS - 1 <= left <= IDC_TOKEN_SECONDS + 3
    client = world.served.client("redshift-data", credentials)
    asked_for = {"WorkgroupName": "redshift-tip-enabled"}
    with world.served.later(left - 2):
        assert client.list_statements(**asked_for)["Statements"] == []
    with world.served.later(left + 1):
        assert refusal(client.list_statements, **asked_for) == "ExpiredTokenException"
        assert refusal(world.served.client("sts", credentials).get_caller_identity) == "ExpiredToken"


def test_a_session_without_a_context_lasts_as_long_as_was_asked(world):
    credentials = world.assume(None, DurationSeconds=900)["Credentials"]
    assert 890 < credentials["Expiration"].timestamp() - time.time() <= 900


def test_a_context_has_its_limits_and_its_provider(world):
    assert refusal(world.assume, context="x" * 3073) == "ValidationError"
    other = "arn:aws:iam::aws:contextProvider/Another"
    assert refusal(world.assume, context=world.context(), provider=other) == "ValidationError"
    both = [{"ProviderArn": PROVIDER, "ContextAssertion": world.context()} for _ in range(2)]
    assert refusal(world.assume, context=None, ProvidedContexts=both) == "ValidationError"


def test_a_role_assumed_by_a_role_lasts_an_hour(world):
    trust = allow("sts:AssumeRole", None, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/Bridge"})
    world.role("Long", trust)
    world.served.client("iam").update_role(RoleName="Long", MaxSessionDuration=4 * HOUR)
    assert refusal(world.assume, context=None, role="Long", DurationSeconds=HOUR + 1) == "ValidationError"
    assert world.assume(None, role="Long", DurationSeconds=HOUR)["Credentials"]


def test_a_role_that_was_made_anew_is_another_role(world):
    world.role("Phoenix", world.federated_trust())
    old = world.bridge(role="Phoenix")
    world.served.client("iam").delete_role(RoleName="Phoenix")
    world.role("Phoenix", world.federated_trust())
    assert refusal(world.served.client("sts", old).get_caller_identity) == "InvalidClientTokenId"


def test_session_tokens_for_users_are_not_played(world):
    assert refusal(world.served.client("sts").get_session_token) == "NotImplemented"
