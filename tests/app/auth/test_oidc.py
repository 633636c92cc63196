"""What the app asks of the provider, and what it makes of each answer."""

import base64
import json
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pydantic import SecretStr

from app.auth.oidc import KEYS_REFETCH_SECONDS, KEYS_SECONDS, METADATA_SECONDS, Tokens
from app.errors import InvalidToken, SignInRefused
from tests.app.auth.conftest import CLIENT_ID, CLIENT_SECRET, ISSUER, make_provider

SECRETS = (
    CLIENT_SECRET,
    "code-1",
    "verifier-1",
    "refresh-1",
    base64.b64encode(CLIENT_SECRET.encode()).decode()[:20],
)
URL = {"redirect_uri": "https://app.example.com/back", "state": "s", "nonce": "n", "code_challenge": "c"}


def refused(call, *arguments, **keywords):
    """The refusal, after a look at everything that hangs on it for a secret."""
    with pytest.raises(SignInRefused) as caught:
        call(*arguments, **keywords)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caught.value.remedy
    assert not [secret for secret in SECRETS if secret in shown]
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


def exchange(provider):
    return provider.exchange_code(
        code="code-1", verifier="verifier-1", redirect_uri="https://app.example.com/back"
    )


def test_the_authorization_url_carries_everything(provider):
    url = urlsplit(provider.authorization_url(**URL, prompt="login"))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{ISSUER}/authorize"
    assert query == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": "https://app.example.com/back",
        "scope": "openid profile email groups offline_access",
        "state": "s",
        "nonce": "n",
        "code_challenge": "c",
        "code_challenge_method": "S256",
        "prompt": "login",
    }


def test_scopes_that_the_provider_does_not_publish_are_not_asked_for(idp, provider):
    del idp.metadata["scopes_supported"]
    assert "scope=openid+profile+email&" in provider.authorization_url(**URL)


def test_a_query_in_the_authorization_endpoint_is_kept(idp, provider):
    idp.metadata["authorization_endpoint"] = f"{ISSUER}/authorize?tenant=1"
    assert provider.authorization_url(**URL).startswith(f"{ISSUER}/authorize?tenant=1&response_type=code")


def test_metadata_is_asked_for_once_an_hour(idp, provider, clock):
    provider.metadata()
    provider.metadata()
    assert idp.count("/.well-known/openid-configuration") == 1
    clock.now += METADATA_SECONDS
    provider.metadata()
    assert idp.count("/.well-known/openid-configuration") == 2


def test_the_providers_origins_are_told_without_asking_it(idp, provider):
    assert provider.origins == (ISSUER,)
    assert idp.count("/.well-known/openid-configuration") == 0
    idp.metadata["end_session_endpoint"] = "https://sign-out.example.com/end?x=y"
    provider.metadata()
    assert provider.origins == (ISSUER, "https://sign-out.example.com")


@pytest.mark.parametrize("issuer", ["https://evil.example.com", ISSUER + "/", None, [ISSUER]])
def test_a_provider_that_calls_itself_otherwise_is_refused(idp, provider, issuer):
    idp.metadata["issuer"] = issuer
    assert refused(provider.metadata).code == "RL-228"


@pytest.mark.parametrize(
    "endpoint",
    ["authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint", "end_session_endpoint"],
)
@pytest.mark.parametrize(
    "url",
    [
        "http://id.example.com/x",
        "http://localhost/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "",
        7,
        "https:",
    ],
)
def test_an_endpoint_that_is_not_https_is_refused(idp, provider, endpoint, url):
    idp.metadata[endpoint] = url
    assert refused(provider.metadata).code == "RL-228"


@pytest.mark.parametrize(
    ("url", "code"), [("http://localhost:9/t", None), ("http://id.example.com/t", "RL-228")]
)
def test_a_provider_on_this_machine_may_speak_http_on_this_machine_alone(idp, clock, url, code):
    here = "http://localhost:9"
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    idp.metadata = {"issuer": here, **dict.fromkeys(names, f"{here}/x"), "token_endpoint": url}
    provider = make_provider(idp, clock, issuer=here)
    if code is None:
        assert provider.metadata().token_endpoint == url
    else:
        assert refused(provider.metadata).code == code


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(302),
    ],
)
def test_what_is_no_provider_is_refused(idp, provider, answer):
    idp.answers["/.well-known/openid-configuration"] = answer
    assert refused(provider.metadata).code == "RL-228"


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), httpx.ReadTimeout("late"), httpx.ProtocolError("odd")]
)
def test_a_provider_that_cannot_be_reached_is_told_plainly(idp, provider, error):
    provider.metadata()
    idp.answers["/token"] = error
    refusal = refused(exchange, provider)
    assert refusal.code == "RL-227"
    assert "id.example.com cannot be reached" in refusal.message


def test_nobody_waits_behind_somebody_elses_request(idp, clock):
    asked, answer = threading.Barrier(2), idp.handle

    def together(request):
        if request.url.path == "/.well-known/openid-configuration":
            asked.wait(10)  # passes once two have asked, and breaks if one has to wait for the other
        return answer(request)

    provider = make_provider(idp, clock, http=httpx.Client(transport=httpx.MockTransport(together)))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: provider.metadata(), range(2))
    assert first == second


def test_a_failure_to_read_the_metadata_is_not_remembered(idp, provider):
    idp.answers["/.well-known/openid-configuration"] = httpx.ConnectError("no")
    refused(provider.metadata)
    del idp.answers["/.well-known/openid-configuration"]
    assert provider.metadata().token_endpoint == f"{ISSUER}/token"


def test_a_code_is_exchanged_with_its_verifier_and_the_clients_secret(idp, provider):
    tokens = exchange(provider)
    assert tokens.refresh_token == "refresh-1"
    assert idp.forms("/token") == [
        {
            "grant_type": "authorization_code",
            "code": "code-1",
            "redirect_uri": "https://app.example.com/back",
            "code_verifier": "verifier-1",
        }
    ]
    credentials = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    assert idp.requests[-1].headers["authorization"] == f"Basic {credentials}"


def test_a_client_whose_id_has_a_colon_is_told_from_its_secret(idp, clock):
    provider = make_provider(idp, clock, client_id="rowlight: test", client_secret=SecretStr("50% of it"))
    exchange(provider)
    credentials = base64.b64encode(b"rowlight%3A+test:50%25+of+it").decode()
    assert idp.requests[-1].headers["authorization"] == f"Basic {credentials}"


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(idp, clock, status):
    elsewhere = httpx.Response(status, headers={"Location": f"{ISSUER}/elsewhere"})
    idp.answers["/token"] = elsewhere
    follows = httpx.Client(transport=httpx.MockTransport(idp.handle), follow_redirects=True)
    with pytest.raises(SignInRefused) as caught:
        exchange(make_provider(idp, clock, http=follows))
    assert caught.value.code == "RL-226"
    assert idp.count("/elsewhere") == 0


def test_the_secret_goes_in_the_form_where_the_provider_takes_no_header(idp, provider):
    idp.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    exchange(provider)
    assert idp.forms("/token")[0]["client_secret"] == CLIENT_SECRET
    assert "authorization" not in idp.requests[-1].headers


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"error": "invalid_grant", "error_description": "code-1 verifier-1"}, "RL-225"),
        (401, {"error": "invalid_client", "error_description": CLIENT_SECRET}, "RL-226"),
        (400, {"error": f"code-1 {CLIENT_SECRET}"}, "RL-226"),
        (400, {"error": ["invalid_grant"]}, "RL-226"),
        (500, {}, "RL-226"),
        (200, {"access_token": "a"}, "RL-229"),
        (200, {"id_token": ["x"]}, "RL-229"),
        (200, [], "RL-229"),
    ],
)
def test_each_refusal_of_the_token_endpoint_has_its_code(idp, provider, status, body, code):
    idp.answers["/token"] = httpx.Response(status, json=body)
    assert refused(exchange, provider).code == code


def test_a_refresh_keeps_the_old_refresh_token_where_there_is_no_new_one(idp, provider):
    idp.answers["/token"] = httpx.Response(200, json={"id_token": "a.b.c"})
    assert provider.refresh("refresh-1").refresh_token == "refresh-1"
    assert idp.forms("/token") == [{"grant_type": "refresh_token", "refresh_token": "refresh-1"}]


def test_tokens_do_not_show_themselves(provider):
    tokens = exchange(provider)
    assert isinstance(tokens, Tokens)
    assert repr(tokens) == "Tokens()"
    assert CLIENT_SECRET not in repr(vars(provider))


def test_revoking_tells_the_provider(idp, provider):
    provider.revoke("refresh-1")
    assert idp.forms("/revoke") == [{"token": "refresh-1", "token_type_hint": "refresh_token"}]


@pytest.mark.parametrize(
    "answer", [httpx.Response(503), httpx.Response(400, json={"error": "unsupported_token_type"})]
)
def test_a_revocation_that_is_not_confirmed_is_told(idp, provider, answer):
    idp.answers["/revoke"] = answer
    assert refused(provider.revoke, "refresh-1").code == "RL-235"


def test_who_leaves_is_not_told_to_sign_in_because_the_provider_is_out_of_reach(idp, provider):
    provider.metadata()
    idp.answers["/revoke"] = httpx.ConnectError("no")
    assert refused(provider.revoke, "refresh-1").code == "RL-235"


def test_a_provider_that_cannot_revoke_is_told(idp, provider):
    del idp.metadata["revocation_endpoint"]
    assert refused(provider.revoke, "refresh-1").code == "RL-235"


BACK = "https://app.example.com/auth/signed-out"


def test_the_way_out_leads_back_and_carries_no_token_unasked(provider):
    url = urlsplit(provider.end_session_url(back=BACK))
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{ISSUER}/logout"
    assert parse_qs(url.query) == {"client_id": [CLIENT_ID], "post_logout_redirect_uri": [BACK]}


def test_with_a_token_the_way_out_says_whose_session_ends(provider):
    query = parse_qs(urlsplit(provider.end_session_url(back=BACK, id_token_hint="a.b.c")).query)
    assert query["id_token_hint"] == ["a.b.c"]


def test_a_query_in_the_way_out_is_kept(idp, provider):
    idp.metadata["end_session_endpoint"] = f"{ISSUER}/logout?tenant=1"
    assert provider.end_session_url(back=BACK).startswith(f"{ISSUER}/logout?tenant=1&client_id={CLIENT_ID}&")


def test_a_provider_without_a_way_out_has_none(provider, idp):
    del idp.metadata["end_session_endpoint"]
    assert provider.end_session_url(back=BACK) is None


def test_a_browser_may_meet_the_provider_where_its_pages_are(idp, provider):
    assert provider.origins == (ISSUER,)
    idp.metadata["authorization_endpoint"] = "https://login.example.com/authorize"
    provider.metadata()
    assert provider.origins == (ISSUER, "https://login.example.com")


class TestKeys:
    def test_keys_are_fetched_once(self, idp, provider):
        assert provider.key("key-1").public_numbers() == idp.keys["key-1"].public_key().public_numbers()
        provider.key("key-1")
        assert idp.count("/keys") == 1

    def test_an_unknown_key_has_them_fetched_again(self, idp, provider):
        provider.key("key-1")
        idp.keys["key-2"] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        assert provider.key("key-2")
        assert idp.count("/keys") == 2

    def test_made_up_keys_do_not_hammer_the_provider(self, idp, provider, clock):
        provider.key("key-1")
        for number in range(20):
            with pytest.raises(InvalidToken) as caught:
                provider.key(f"made-up-{number}")
            assert caught.value.code == "RL-213"
        assert idp.count("/keys") == 2
        assert provider.key("key-1")
        clock.now += KEYS_REFETCH_SECONDS
        with pytest.raises(InvalidToken):
            provider.key("made-up")
        assert idp.count("/keys") == 3

    def test_a_key_that_is_withdrawn_is_not_trusted_for_long(self, idp, provider, clock):
        provider.key("key-1")
        idp.keys = {"key-2": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        clock.now += KEYS_SECONDS
        with pytest.raises(InvalidToken):
            provider.key("key-1")

    def test_keys_that_cannot_sign_for_us_are_passed_over(self, idp, provider):
        weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the point
        good = json.loads(RSAAlgorithm.to_jwk(idp.keys["key-1"].public_key()))
        entries = [
            "not a key",
            {**json.loads(RSAAlgorithm.to_jwk(weak.public_key())), "kid": "weak"},
            {**json.loads(RSAAlgorithm.to_jwk(idp.keys["key-1"])), "kid": "private"},
            {
                **json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key())),
                "kid": "ec",
            },
            {"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"},
            {**good, "kid": "encryption", "use": "enc"},
            {**good, "kid": "other-algorithm", "alg": "PS256"},
            {**good, "kid": 7},
            {"kty": "RSA", "kid": "broken", "n": "!", "e": []},
            {**good, "kid": "key-1"},
        ]
        idp.answers["/keys"] = httpx.Response(200, json={"keys": entries})
        assert provider.key("key-1")
        for kid in ("weak", "private", "ec", "shared", "encryption", "other-algorithm", "7", "broken"):
            with pytest.raises(InvalidToken):
                provider.key(kid)

    @pytest.mark.parametrize("document", [{"keys": None}, {"keys": {}}, {"no": "keys"}])
    def test_a_document_without_keys_has_none(self, idp, provider, document):
        idp.answers["/keys"] = httpx.Response(200, json=document)
        with pytest.raises(InvalidToken):
            provider.key("key-1")
