"""Signing out: whose session ends, and where the browser goes."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.infra.local.idp.conftest import Party, asked, parameters_of

SIGNED_OUT = "You are signed out"


def signed_in(party) -> bool:
    return "code" in parameters_of(party.authorize(asked(prompt="none")))


def end(party, **parameters):
    return party.get("/end_session", query_string=parameters)


@pytest.mark.parametrize("path", ["", "/", "/auth/signed-out"])
def test_the_browser_returns_to_a_registered_place(party, config, path):
    tokens = party.tokens()
    target = f"{config.app_url}{path}"
    response = end(party, id_token_hint=tokens["id_token"], post_logout_redirect_uri=target, state="s 1")
    assert response.location == f"{target}?state=s+1"
    assert not signed_in(party)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "http://localhost:8501.evil.example/",
        "http://localhost:8501@evil.example/",
        "http://localhost:8501/other",
        "http://localhost:8501/auth/signed-out/",
        "http://localhost:8501?next=evil",
        "//evil.example",
        "javascript:alert(1)",
        "http://localhost:9999/callback",
    ],
)
def test_a_stranger_is_never_returned_to(party, target):
    tokens = party.tokens()
    response = end(party, id_token_hint=tokens["id_token"], post_logout_redirect_uri=target)
    assert response.status_code == 200
    assert "Location" not in response.headers
    assert SIGNED_OUT in response.text
    assert not signed_in(party)


def test_an_expired_id_token_still_signs_out(party, clock, config):
    tokens = party.tokens()
    clock.move(config.id_token_seconds + 10)
    response = end(party, id_token_hint=tokens["id_token"], post_logout_redirect_uri=config.app_url)
    assert response.location == config.app_url
    assert not signed_in(party)


def test_a_forged_id_token_neither_signs_out_nor_redirects(party, config):
    genuine = party.claims(party.tokens()["id_token"])
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (key,) = party.get("/jwks").json["keys"]
    for forged in (
        jwt.encode(genuine, stranger, "RS256", headers={"kid": key["kid"]}),
        jwt.encode(genuine, None, "none"),
        jwt.encode(genuine, key["n"], "HS256", headers={"kid": key["kid"]}),
        "not.a.token",
        "x",
        "\u00e9",
    ):
        response = end(party, id_token_hint=forged, post_logout_redirect_uri=config.app_url)
        assert response.status_code == 400
        assert "Location" not in response.headers
        assert signed_in(party)


def test_another_clients_id_token_is_refused(party):
    tokens = party.tokens()
    response = end(party, id_token_hint=tokens["id_token"], client_id="somebody-else")
    assert response.status_code == 400
    assert signed_in(party)


def test_one_persons_sign_out_is_not_anothers(party, config):
    franks = party.tokens("Frank Amer")
    party.tokens("Alex Emea")
    response = end(party, id_token_hint=franks["id_token"], post_logout_redirect_uri=config.app_url)
    assert response.location == config.app_url
    assert signed_in(party)


def test_without_an_id_token_the_person_is_asked(party, config):
    party.tokens()
    page = end(party, client_id="rowlight-demo", post_logout_redirect_uri=config.app_url)
    assert page.status_code == 200
    assert "Sign out, Frank Amer?" in page.text
    assert signed_in(party)
    assert SIGNED_OUT in party.press(page, "Sign out").text
    assert not signed_in(party)


def test_a_form_from_elsewhere_signs_nobody_out(party):
    party.tokens()
    page = end(party)
    assert party.press(page, "Sign out", csrf="guessed").status_code == 400
    assert signed_in(party)


def test_a_post_with_the_id_token_signs_out(party, config):
    tokens = party.tokens()
    data = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": config.app_url}
    assert party.post("/end_session", data=data).location == config.app_url
    assert not signed_in(party)


def test_who_is_not_signed_in_is_told_so(party):
    assert SIGNED_OUT in end(party).text


def test_a_kept_cookie_is_worth_nothing_after_sign_out(party):
    tokens = party.tokens()
    kept = party.browser.get_cookie("rowlight_demo_idp_8502").value
    end(party, id_token_hint=tokens["id_token"])
    thief = Party(party.config, party.app)
    thief.browser.set_cookie("rowlight_demo_idp_8502", kept)
    assert not signed_in(thief)
