"""What the app asks of an identity provider is what a certified one understands, and the other way round."""

import json
import time
from dataclasses import replace

import httpx
import pytest

from app.auth.attempt import Attempt
from app.auth.identity import verify
from app.errors import SignInError
from tests.certified import browser
from tests.certified.provider import HERE, running

LOGIN = "ethan@example.com"


@pytest.fixture
def client():
    with httpx.Client() as client:
        yield client


@pytest.fixture
def provider(certified):
    return certified.provider()


@pytest.fixture
def attempt(certified, provider):
    return Attempt.begin(provider, certified.redirect_uri)


def answer(client, attempt):
    """What the provider gives the browser to bring back."""
    back = browser.sign_in(client, attempt.url, login=LOGIN, until=attempt.redirect_uri)
    return browser.parameters(back)


def refused(code):
    return pytest.raises(SignInError, check=lambda error: error.code == code)


def test_a_person_signs_in(client, attempt, provider):
    signed_in = attempt.complete(answer(client, attempt), provider)
    identity = signed_in.identity
    assert (identity.subject, identity.email, identity.name) == (LOGIN, LOGIN, "Ethan")
    assert (identity.groups, identity.issuer) == (("certified",), provider.issuer)
    assert signed_in.refresh_token


def test_the_answer_names_its_issuer_and_no_other_is_believed(client, attempt, provider):
    given = answer(client, attempt)
    assert given["iss"] == provider.issuer
    without = {name: value for name, value in given.items() if name != "iss"}
    for forged in (given | {"iss": "https://elsewhere.example"}, without):
        with refused("RL-224"):
            attempt.complete(forged, provider)
    assert attempt.complete(given, provider).identity.email == LOGIN


@pytest.mark.parametrize(
    ("secret", "code"), [("state", "RL-223"), ("verifier", "RL-225"), ("nonce", "RL-217")]
)
def test_an_answer_to_another_attempt_signs_nobody_in(client, attempt, provider, secret, code):
    given = answer(client, attempt)
    other = replace(attempt, **{secret: "A" * 43})
    with refused(code):
        other.complete(given, provider)


def test_a_code_is_good_once(client, attempt, provider):
    given = answer(client, attempt)
    attempt.complete(given, provider)
    with refused("RL-225"):
        attempt.complete(given, provider)


def test_who_cancels_is_told_so(client, attempt, provider):
    back = browser.decline(client, attempt.url, until=attempt.redirect_uri)
    with refused("RL-221"):
        attempt.complete(browser.parameters(back), provider)


def test_a_wrong_client_secret_is_the_apps_fault_and_not_the_persons(client, attempt, certified):
    given = answer(client, attempt)
    with refused("RL-226"):
        attempt.complete(given, replace(certified, client_secret="x" * 43).provider())


def test_the_provider_insists_on_pkce(client, attempt, provider):
    url = httpx.URL(attempt.url)
    for name in ("code_challenge", "code_challenge_method"):
        url = url.copy_remove_param(name)
    back = client.get(url).headers["location"]
    assert browser.parameters(back)["error"] == "invalid_request"
    with refused("RL-222"):
        attempt.complete(browser.parameters(back), provider)


def renewed(tokens, signed_in, provider):
    return verify(
        tokens.id_token,
        keys=provider,
        issuer=provider.issuer,
        client_id=provider.client_id,
        nonce=signed_in.nonce,
        renews=signed_in.identity,
    )


def test_each_renewal_is_about_the_same_person_and_brings_another_refresh_token(client, attempt, provider):
    signed_in = attempt.complete(answer(client, attempt), provider)
    first = provider.refresh(signed_in.refresh_token)
    second = provider.refresh(first.refresh_token)
    assert len({signed_in.refresh_token, first.refresh_token, second.refresh_token}) == 3
    for tokens in (first, second):
        assert renewed(tokens, signed_in, provider).subject == LOGIN
        assert tokens.id_token != signed_in.identity.token


def test_a_refresh_token_used_twice_ends_its_successors_too(client, attempt, provider):
    signed_in = attempt.complete(answer(client, attempt), provider)
    successor = provider.refresh(signed_in.refresh_token)
    for token in (signed_in.refresh_token, successor.refresh_token):
        with refused("RL-225"):
            provider.refresh(token)


def test_a_revoked_refresh_token_renews_nothing(client, attempt, provider):
    signed_in = attempt.complete(answer(client, attempt), provider)
    provider.revoke(signed_in.refresh_token)
    with refused("RL-225"):
        provider.refresh(signed_in.refresh_token)


def test_a_refresh_token_ends_in_its_time(client, tmp_path):
    with running(tmp_path / "log.txt", REFRESH_TOKENS="always", REFRESH_TOKEN_SECONDS="1") as certified:
        provider = certified.provider()
        attempt = Attempt.begin(provider, certified.redirect_uri)
        signed_in = attempt.complete(answer(client, attempt), provider)
        time.sleep(2.1)  # its clock counts whole seconds
        with refused("RL-225"):
            provider.refresh(signed_in.refresh_token)


def test_by_the_letter_of_the_standard_a_refresh_token_takes_consent(client, tmp_path):
    """OpenID Connect Core, 11: offline access without `prompt=consent` is passed over, and no fault."""
    with running(tmp_path / "log.txt") as certified:
        provider = certified.provider()
        given = {}
        for prompt in (None, "consent"):
            attempt = Attempt.begin(provider, certified.redirect_uri, prompt=prompt)
            given[prompt] = attempt.complete(answer(client, attempt), provider).refresh_token
        assert given[None] is None
        assert provider.refresh(given["consent"]).refresh_token


@pytest.mark.parametrize("hinted", [True, False])
def test_who_signs_out_comes_back_and_is_asked_who_they_are(client, attempt, provider, certified, hinted):
    signed_in = attempt.complete(answer(client, attempt), provider)
    again = Attempt.begin(provider, certified.redirect_uri)
    silent = browser.follow(client, client.get(again.url), until=certified.redirect_uri)
    assert silent.is_redirect  # signed in there: no page in between

    hint = signed_in.identity.token if hinted else None
    url = provider.end_session_url(back=certified.signed_out_uri, id_token_hint=hint)
    assert browser.sign_out(client, url, until=certified.signed_out_uri) == certified.signed_out_uri

    again = Attempt.begin(provider, certified.redirect_uri)
    assert browser.asks_who(browser.follow(client, client.get(again.url), until=certified.redirect_uri))


def test_an_id_token_that_has_run_out_still_says_who_signs_out(client, tmp_path):
    with running(tmp_path / "log.txt", ID_TOKEN_SECONDS="1") as certified:
        provider = certified.provider()
        attempt = Attempt.begin(provider, certified.redirect_uri)
        hint = attempt.complete(answer(client, attempt), provider).identity.token
        time.sleep(2.1)
        url = provider.end_session_url(back=certified.signed_out_uri, id_token_hint=hint)
        assert browser.sign_out(client, url, until=certified.signed_out_uri) == certified.signed_out_uri


def test_the_lock_has_a_hash_for_every_package_and_no_host():
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    del packages[""]
    assert "node_modules/oidc-provider" in packages
    for package in packages.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
