"""Each known provider as its documentation has it: no false alarm, and its refusals understood."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.provision.doctor.chain import Chain
from infra.provision.doctor.check import Outcome, examine
from infra.provision.doctor.checks import client, provider
from infra.provision.doctor.context import Context
from infra.provision.specification.providers import PROVIDERS
from tests.app.auth.test_providers import DOCUMENTS

APP = "https://app.example.com"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
KEYS = {"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY)), "kid": "1", "use": "sig"}]}

# What the token endpoint says to a client that is not who it says, and to a code that nobody was given.
REFUSED = {
    "okta": (401, "invalid_client"),
    "entra": (401, "invalid_client"),
    "auth0": (401, "access_denied"),
    "keycloak": (401, "unauthorized_client"),
    "ping": (401, "invalid_client"),
    "google": (401, "invalid_client"),
}
# Where a sign-in that would lead elsewhere ends: a status, and an address of the provider's own.
LOST = dict.fromkeys(DOCUMENTS, (400, "")) | {
    "auth0": (403, ""),
    "google": (302, "https://accounts.google.com/signin/oauth/error?authError=x"),
}


def diagnosed(
    kind: str,
    *,
    told: str = "right",
    app: str = APP,
    entra_first: bool = False,
    answer: Callable[[httpx.Request], httpx.Response | None] = lambda _: None,
) -> tuple[Outcome, ...]:
    document = DOCUMENTS[kind]

    def asked(request: httpx.Request) -> httpx.Response:
        url = str(request.url.copy_with(query=None))
        if found := answer(request):
            return found
        if url == document["issuer"].rstrip("/") + "/.well-known/openid-configuration":
            return httpx.Response(200, json=document)
        if url == document["jwks_uri"]:
            return httpx.Response(200, json=KEYS)
        if url == document["token_endpoint"]:
            return _token(kind, request, entra_first=entra_first)
        return _signed_out(request) if url == document.get("end_session_endpoint") else _begun(kind, request)

    chain = Chain(
        issuer=document["issuer"],
        client_id="rowlight",
        client_secret=told,
        app_url=app,
        email_verified=PROVIDERS[kind].email_verified or "email_verified",
    )
    context = Context(
        chain,
        session=boto3.Session(region_name="us-east-1"),
        http=lambda: httpx.Client(transport=httpx.MockTransport(asked)),
    )
    return examine((*provider.CHECKS, *client.CHECKS[1:]), context)


def _token(kind: str, request: httpx.Request, *, entra_first: bool) -> httpx.Response:
    if entra_first:
        return httpx.Response(400, json={"error": "invalid_grant", "error_codes": [9002313]})
    # rowlight:right, in a Basic header.
    right = request.headers["authorization"] == "Basic cm93bGlnaHQ6cmlnaHQ="
    status, error = (400, "invalid_grant") if right else REFUSED[kind]
    return httpx.Response(status, json={"error": error, "error_description": "planted-description"})


def _begun(kind: str, request: httpx.Request) -> httpx.Response:
    uri = parse_qs(urlsplit(str(request.url)).query)["redirect_uri"][0]
    status, location = (302, f"{uri}?error=login_required&state=s") if uri.startswith(APP) else LOST[kind]
    return httpx.Response(status, headers={"location": location} if location else {})


def _signed_out(request: httpx.Request) -> httpx.Response:
    asked = parse_qs(urlsplit(str(request.url)).query)
    uri = asked.get("post_logout_redirect_uri", [APP])[0]
    return httpx.Response(302, headers={"location": uri}) if uri.startswith(APP) else httpx.Response(400)


def codes(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [finding.fault.code for outcome in outcomes for finding in outcome.findings]


def states(outcomes: tuple[Outcome, ...]) -> set[str]:
    return {outcome.state for outcome in outcomes}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_provider_that_is_set_up_gives_no_false_alarm(kind: str) -> None:
    # Google has no address for signing out, and a warning is due.
    assert codes(diagnosed(kind)) == (["RLD-112"] if kind == "google" else [])


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_wrong_secret_is_told_from_a_wrong_code(kind: str) -> None:
    outcomes = diagnosed(kind, told="planted-wrong")
    assert [code for code in codes(outcomes) if code != "RLD-112"] == ["RLD-120"]
    (finding,) = [each for outcome in outcomes for each in outcome.findings if each.fault.code == "RLD-120"]
    assert REFUSED[kind][1] in finding.what
    assert f"the console of {PROVIDERS[kind].title}: " in finding.cure
    assert "planted" not in repr(finding)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_an_address_that_is_not_registered_is_told_from_one_that_is(kind: str) -> None:
    found = codes(diagnosed(kind, app="https://other.example.com"))
    assert [code for code in found if code not in ("RLD-112", "RLD-125")] == ["RLD-122"]


def test_entra_looks_at_the_code_first_and_nobody_says_that_the_secret_is_right() -> None:
    outcomes = diagnosed("entra", entra_first=True)
    assert codes(outcomes) == []
    assert [outcome.check.title for outcome in outcomes if outcome.state == "unclear"] == [
        "the provider accepts its id and secret"
    ]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_provider_that_is_busy_is_not_taken_for_a_fault(status: int) -> None:
    def busy(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(status) if "authorize" in request.url.path else None

    outcomes = diagnosed("okta", answer=busy)
    assert codes(outcomes) == []
    assert "unclear" in states(outcomes)


# What a hostile or broken provider may answer, at any of its addresses: no answer ends in a traceback.
ANSWERS: dict[str, Any] = {
    "nothing": httpx.Response(204),
    "text": httpx.Response(200, text="ok"),
    "a list": httpx.Response(200, json=["issuer"]),
    "null": httpx.Response(200, json=None),
    "deep": httpx.Response(200, text="[" * 100_000),
    "bytes": httpx.Response(200, content=b"\xff\xfe\x00"),
    "wrong kinds": httpx.Response(
        200,
        json={
            "issuer": ["https://example.okta.com"],
            "jwks_uri": 1,
            "keys": {"kty": "RSA"},
            "error": {"a": 1},
            "error_codes": 1,
            "scopes_supported": "openid",
            "code_challenge_methods_supported": 5,
        },
    ),
    "keys of wrong kinds": httpx.Response(
        200, json={"keys": [1, None, {"kty": "RSA", "kid": "1", "n": "!", "e": 1}]}
    ),
    "a loop": httpx.Response(302, headers={"location": "https://example.okta.com/"}),
    "an address that is none": httpx.Response(302, headers={"location": "http://[::1"}),
}


@pytest.mark.parametrize("where", ["well-known", "keys", "token", "authorize", "logout"])
@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_it_answers_doctor_comes_to_an_end(name: str, where: str) -> None:
    def hostile(request: httpx.Request) -> httpx.Response | None:
        return ANSWERS[name] if where in request.url.path else None

    outcomes = diagnosed("okta", answer=hostile)
    assert len(outcomes) == len(provider.CHECKS) + len(client.CHECKS) - 1
    assert states(outcomes) - {"healthy"} or where == "logout"


def test_entra_without_its_own_claim() -> None:
    chain = Chain(issuer=str(DOCUMENTS["entra"]["issuer"]))
    context = Context(chain, session=boto3.Session(region_name="us-east-1"))
    (finding,) = provider.vouching(context)
    assert finding.fault.code == "RLD-115"
    assert "OIDC_EMAIL_VERIFIED to xms_edov" in finding.cure
    assert "Token configuration" in finding.cure
