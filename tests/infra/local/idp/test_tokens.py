"""From the code to the tokens, and what becomes of tokens: bound, once, new each time."""

import base64
import hashlib
import logging
import threading

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.config import Config
from infra.local.idp import create_idp
from infra.local.people import PEOPLE
from tests.infra.local.idp.conftest import Party, asked


def refused(response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert "access_token" not in response.json
    return response.json["error"]


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.username)
def test_the_id_token_says_who_it_is(party, clock, config, person):
    request = asked()
    response = party.redeem(request, party.sign_in(request, person.name))
    assert response.headers["Cache-Control"] == "no-store"
    tokens = response.json
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == config.id_token_seconds
    claims = party.claims(tokens["id_token"])
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    now = int(clock())
    assert claims == {
        "iss": config.issuer,
        "sub": claims["sub"],
        "aud": "rowlight-demo",
        "azp": "rowlight-demo",
        "iat": now,
        "exp": now + config.id_token_seconds,
        "auth_time": now,
        "jti": claims["jti"],
        "nonce": request.parameters["nonce"],
        "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        "email": person.email,
        "email_verified": True,
        "name": person.name,
        "given_name": person.name.split()[0],
        "family_name": person.name.split()[1],
        "preferred_username": person.email,
        "groups": list(person.groups),
    }


def test_subjects_are_opaque_stable_and_differ(party, config):
    again = Party(config, create_idp(config))
    subjects = {}
    for person in PEOPLE:
        subjects[person] = party.claims(party.tokens(person.name)["id_token"])["sub"]
        assert again.claims(again.tokens(person.name)["id_token"])["sub"] == subjects[person]
        assert person.username not in subjects[person]
    assert len(set(subjects.values())) == len(PEOPLE)


def test_a_scope_lets_out_its_claims_alone(party):
    claims = party.claims(party.tokens(scope="openid email")["id_token"])
    assert claims["email"] == "frank@example.com"
    assert {"name", "groups", "preferred_username"}.isdisjoint(claims)
    assert party.claims(party.tokens(scope="openid groups")["id_token"])["groups"] == ["amer-sales"]


def test_without_a_nonce_there_is_none(party):
    assert "nonce" not in party.claims(party.tokens(nonce=None)["id_token"])


def test_the_expiry_is_the_settings(clock):
    short = Config(id_token_seconds=5)
    party = Party(short, create_idp(short, clock=clock))
    tokens = party.tokens()
    claims = party.claims(tokens["id_token"])
    assert claims["exp"] - claims["iat"] == 5
    assert party.userinfo(tokens["access_token"]).status_code == 200
    clock.move(6)
    assert refused(party.userinfo(tokens["access_token"]), 401) == "invalid_token"


def test_a_refresh_token_is_for_those_who_ask(party):
    assert "refresh_token" not in party.tokens(scope="openid profile email groups")
    assert party.tokens()["refresh_token"]


def test_both_ways_of_client_authentication_will_do(party):
    for post in (False, True):
        request = asked()
        assert party.redeem(request, party.sign_in(request), post=post).status_code == 200


@pytest.mark.parametrize("post", [False, True])
@pytest.mark.parametrize("secret", ["wrong", "", "\u00e9\u4e2d"])
def test_a_wrong_secret_gets_nothing_and_spoils_nothing(party, secret, post):
    request = asked()
    code = party.sign_in(request)
    assert refused(party.redeem(request, code, secret=secret, post=post), 401) == "invalid_client"
    assert party.redeem(request, code).status_code == 200


@pytest.mark.parametrize(
    "header", ["Basic", "Basic \u00ff", "Basic /w==", "Basic %%%", "Bearer x", "Basic Og=="]
)
def test_a_broken_authorization_header_is_a_wrong_client(party, header):
    request = asked()
    data = {"grant_type": "authorization_code", "code": party.sign_in(request)}
    response = party.browser.post(
        "/token", base_url=party.config.issuer, data=data, headers={"Authorization": header}
    )
    assert refused(response, 401) == "invalid_client"


def test_a_public_client_is_no_client(party):
    request = asked()
    response = party.post(
        "/token",
        data={
            "grant_type": "authorization_code",
            "code": party.sign_in(request),
            "client_id": "rowlight-demo",
            "redirect_uri": request.parameters["redirect_uri"],
            "code_verifier": request.verifier,
        },
    )
    assert refused(response, 401) == "invalid_client"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "http://localhost:8501/auth/callback"}, "invalid_grant"),
        ({"redirect_uri": "http://localhost:9999/callback/"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "guessed"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
    ],
)
def test_a_code_is_bound_to_its_request(party, changes, error):
    request = asked()
    assert refused(party.redeem(request, party.sign_in(request), **changes)) == error


def test_the_challenge_itself_is_no_verifier(party):
    request = asked()
    code = party.sign_in(request)
    assert (
        refused(party.redeem(request, code, code_verifier=request.parameters["code_challenge"]))
        == "invalid_grant"
    )


def test_a_code_is_worth_nothing_with_another_requests_verifier(party):
    mine, theirs = asked(), asked()
    assert refused(party.redeem(mine, party.sign_in(theirs))) == "invalid_grant"


def test_a_code_lives_a_minute(party, clock):
    for age, status in ((59, 200), (61, 400), (700, 400)):
        request = asked()
        code = party.sign_in(request)
        clock.move(age)
        assert party.redeem(request, code).status_code == status


def test_a_replayed_code_ends_what_the_first_use_gave(party):
    request = asked()
    code = party.sign_in(request)
    tokens = party.redeem(request, code).json
    assert refused(party.redeem(request, code)) == "invalid_grant"
    assert refused(party.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert refused(party.userinfo(tokens["access_token"]), 401) == "invalid_token"


def test_a_replayed_code_ends_what_was_refreshed_since(party, clock):
    request = asked()
    code = party.sign_in(request)
    tokens = party.refresh(party.redeem(request, code).json["refresh_token"]).json
    clock.move(300)
    assert refused(party.redeem(request, code)) == "invalid_grant"
    assert refused(party.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a_code_that_is_sent_twice_at_once_is_redeemed_once_at_most(party):
    request = asked()
    code = party.sign_in(request)
    barrier = threading.Barrier(4)
    answers = []

    def redeem():
        barrier.wait()
        answers.append(party.redeem(request, code).status_code)

    threads = [threading.Thread(target=redeem) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 400, 400, 400]


def test_parameters_in_the_address_are_refused(party):
    request = asked()
    code = party.sign_in(request)
    response = party.post(f"/token?client_secret={party.config.client_secret}&code={code}")
    assert refused(response) == "invalid_request"


def test_a_refresh_gives_a_new_id_token_of_the_same_sign_in(party, clock):
    first = party.tokens()
    clock.move(1)
    second = party.refresh(first["refresh_token"]).json
    before, after = party.claims(first["id_token"]), party.claims(second["id_token"])
    assert after["jti"] != before["jti"]
    assert after["iat"] == before["iat"] + 1
    assert after["exp"] == before["exp"] + 1
    assert after["auth_time"] == before["auth_time"]
    assert "nonce" not in after
    same = ("iss", "sub", "aud", "azp", "email", "email_verified", "name", "groups")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]


def test_every_grant_has_its_own_jti(party):
    tokens = [party.tokens(), party.tokens()]
    tokens += [party.refresh(each["refresh_token"]).json for each in tokens]
    assert len({party.claims(each["id_token"])["jti"] for each in tokens}) == 4


def test_a_refresh_token_that_is_used_again_ends_its_family(party):
    first = party.tokens()
    second = party.refresh(first["refresh_token"]).json
    assert refused(party.refresh(first["refresh_token"])) == "invalid_grant"
    assert refused(party.refresh(second["refresh_token"])) == "invalid_grant"
    assert refused(party.userinfo(second["access_token"]), 401) == "invalid_token"


def test_one_familys_end_is_not_anothers(party):
    mine, theirs = party.tokens(), party.tokens("Alex Emea")
    party.refresh(mine["refresh_token"])
    party.refresh(mine["refresh_token"])
    assert party.refresh(theirs["refresh_token"]).status_code == 200


def test_a_refresh_token_ends_by_itself(party, clock):
    tokens = party.tokens()
    clock.move(24 * 3600 + 1)
    assert refused(party.refresh(tokens["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_a_refresh_needs_the_client(party, secret):
    tokens = party.tokens()
    data = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert refused(party.server("/token", data, secret=secret), 401) == "invalid_client"
    assert party.server("/token", data, post=True).status_code == 200


def test_a_refresh_may_ask_for_less_and_never_for_more(party):
    tokens = party.tokens(scope="openid email offline_access")
    more = party.refresh(tokens["refresh_token"], scope="openid email profile")
    assert refused(more) == "invalid_scope"
    less = party.refresh(tokens["refresh_token"], scope="openid").json
    assert "email" not in party.claims(less["id_token"])
    back = party.refresh(less["refresh_token"]).json
    assert party.claims(back["id_token"])["email"] == "frank@example.com"


def test_other_tokens_are_no_refresh_tokens(party):
    tokens = party.tokens()
    for other in ("access_token", "id_token"):
        assert refused(party.refresh(tokens[other])) == "invalid_grant"
        assert refused(party.userinfo(tokens["refresh_token"]), 401) == "invalid_token"


@pytest.mark.parametrize("post", [False, True])
def test_revoking_the_refresh_token_ends_the_family(party, post):
    tokens = party.tokens()
    assert party.server("/revoke", {"token": tokens["refresh_token"]}, post=post).status_code == 200
    assert refused(party.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert refused(party.userinfo(tokens["access_token"]), 401) == "invalid_token"


@pytest.mark.parametrize("hint", ["access_token", "refresh_token"])
def test_revoking_the_access_token_ends_it_alone_whatever_the_hint(party, hint):
    tokens = party.tokens()
    data = {"token": tokens["access_token"], "token_type_hint": hint}
    assert party.server("/revoke", data).status_code == 200
    assert refused(party.userinfo(tokens["access_token"]), 401) == "invalid_token"
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_revoking_nothing_succeeds_and_a_stranger_revokes_nothing(party):
    tokens = party.tokens()
    assert party.server("/revoke", {"token": "unknown"}).status_code == 200
    stranger = party.server("/revoke", {"token": tokens["refresh_token"]}, secret="wrong")
    assert refused(stranger, 401) == "invalid_client"
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_userinfo_is_the_id_tokens_person(party):
    tokens = party.tokens()
    info = party.userinfo(tokens["access_token"]).json
    claims = party.claims(tokens["id_token"])
    assert info == {name: claims[name] for name in info}
    assert {"sub", "email", "email_verified", "name", "groups"} <= info.keys()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
def test_userinfo_is_for_bearers(party, headers):
    response = party.get("/userinfo", headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].lower().startswith("bearer")


def test_discovery_names_what_is_there(party, config):
    document = party.get("/.well-known/openid-configuration").json
    assert document["issuer"] == config.issuer
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    endpoints = {name: url for name, url in document.items() if name.endswith(("_endpoint", "_uri"))}
    assert len(endpoints) == 6
    for url in endpoints.values():
        assert url.startswith(f"{config.issuer}/")
        assert party.get(url.removeprefix(config.issuer)).status_code != 404


def test_the_key_is_public_and_named_by_its_thumbprint(party):
    (key,) = party.get("/jwks").json["keys"]
    assert key.keys() == {"kty", "n", "e", "use", "alg", "kid"}
    canonical = f'{{"e":"{key["e"]}","kty":"RSA","n":"{key["n"]}"}}'
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
    assert key["kid"] == thumbprint


def test_each_start_has_its_own_key(party, config):
    other = Party(config, create_idp(config))
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(
            other.tokens()["id_token"],
            jwt.PyJWK(party.get("/jwks").json["keys"][0]).key,
            algorithms=["RS256"],
            audience="rowlight-demo",
        )


def test_no_log_tells_a_secret(party, config, caplog):
    with caplog.at_level(logging.DEBUG):
        request = asked()
        code = party.sign_in(request)
        tokens = party.redeem(request, code).json
        party.refresh(tokens["refresh_token"])
    assert config.client_secret not in repr(config)
    for secret in (
        code,
        config.client_secret,
        *(tokens[n] for n in ("access_token", "refresh_token", "id_token")),
    ):
        assert secret not in caplog.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.dictionaries(
        st.sampled_from(
            [
                "grant_type",
                "code",
                "redirect_uri",
                "code_verifier",
                "refresh_token",
                "scope",
                "token",
                "client_id",
            ]
        ),
        st.one_of(
            st.text(max_size=30), st.sampled_from(["authorization_code", "refresh_token", "rowlight-demo"])
        ),
    ),
    path=st.sampled_from(["/token", "/revoke"]),
)
def test_no_body_breaks_the_provider(party, data, path):
    assert party.server(path, data).status_code in {200, 400, 401}
