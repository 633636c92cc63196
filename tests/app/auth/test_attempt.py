"""From the browser's answer to a person, or to a plain refusal."""

import base64
import hashlib
import traceback
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth.attempt import Attempt
from app.errors import SignInError, SignInRefused
from tests.app.auth.conftest import ISSUER

BACK = "https://app.example.com/component/streamlit_oauth.authorize_button/index.html"


@pytest.fixture
def attempt(provider):
    return Attempt.begin(provider, BACK)


def token_answer(idp, attempt, **changes):
    changes = {"nonce": attempt.nonce, **changes}
    return httpx.Response(200, json={"id_token": idp.token(**changes), "refresh_token": "refresh-1"})


def signed_in(idp, provider, attempt):
    idp.answers["/token"] = token_answer(idp, attempt)
    return attempt.complete({"code": "code-1", "state": attempt.state}, provider)


def refused(attempt, answer, provider):
    with pytest.raises(SignInError) as caught:
        attempt.complete(answer, provider)
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.remedy
    assert not [
        secret for secret in (attempt.state, attempt.nonce, attempt.verifier, "code-1") if secret in shown
    ]
    return caught.value.code


def test_a_code_and_the_state_make_a_person(idp, provider, attempt):
    assert signed_in(idp, provider, attempt).identity.email == "frank@example.com"
    form = idp.forms("/token")[0]
    query = parse_qs(urlsplit(attempt.url).query)
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert query["code_challenge"] == [base64.urlsafe_b64encode(digest).decode().rstrip("=")]
    assert query["code_challenge_method"] == ["S256"]
    assert (query["state"], query["nonce"]) == ([attempt.state], [attempt.nonce])
    assert form["redirect_uri"] == query["redirect_uri"][0] == BACK


def test_no_two_attempts_share_a_secret(provider):
    attempts = [Attempt.begin(provider, BACK) for _ in range(20)]
    secrets = [value for each in attempts for value in (each.state, each.nonce, each.verifier)]
    assert len(set(secrets)) == 60
    assert all(len(value) >= 43 for value in secrets)  # what RFC 7636 asks of a verifier, and enough for all


def test_an_attempt_does_not_show_its_secrets(attempt):
    shown = repr(attempt)
    assert not [s for s in (attempt.state, attempt.nonce, attempt.verifier, attempt.url) if s in shown]


def forgeries(idp, attempt):
    token = {"id_token": idp.token(nonce=attempt.nonce), "access_token": "a"}
    yield "RL-223", {"token": token}
    yield "RL-223", {"token": token, "id_token": token["id_token"]}
    yield "RL-224", {"token": token, "state": attempt.state}
    yield "RL-224", {"id_token": token["id_token"], "state": attempt.state}
    yield "RL-223", {"code": "code-1"}
    yield "RL-223", {"code": "code-1", "state": ""}
    yield "RL-223", {"code": "code-1", "state": None}
    yield "RL-223", {"code": "code-1", "state": [attempt.state]}
    yield "RL-223", {"code": "code-1", "state": attempt.state + "x"}
    yield "RL-223", {"code": "code-1", "state": "é"}
    yield "RL-223", {"code": "code-1", "state": "\ud800"}  # half a character, as JSON can hold it
    yield "RL-224", {"code": "\ud800", "state": attempt.state}
    yield "RL-224", {"code": ["code-1"], "state": attempt.state}
    yield "RL-224", {"code": "", "state": attempt.state}
    yield "RL-224", {"code": "c" * 5000, "state": attempt.state}
    yield "RL-224", {"code": "code-1", "state": attempt.state, "iss": "https://evil.example.com"}
    yield "RL-223", {"error": "access_denied"}
    yield "RL-223", [attempt.state]
    yield "RL-223", attempt.state
    yield "RL-223", True
    yield "RL-223", 7


def test_every_forged_answer_is_refused_before_anything_is_asked(idp, provider, attempt):
    for code, answer in forgeries(idp, attempt):
        assert refused(attempt, answer, provider) == code, answer
    assert idp.count("/token") == 0


def test_a_token_beside_a_good_code_changes_nothing(idp, provider, attempt):
    idp.answers["/token"] = token_answer(idp, attempt)
    ethan = idp.token(nonce=attempt.nonce, email="ethan@example.com", sub="person-2")
    answer = {"code": "code-1", "state": attempt.state, "token": {"id_token": ethan}, "id_token": ethan}
    assert attempt.complete(answer, provider).identity.email == "frank@example.com"


def test_the_answer_of_another_attempt_is_refused(idp, provider, attempt):
    other = Attempt.begin(provider, BACK)
    assert refused(attempt, {"code": "code-1", "state": other.state}, provider) == "RL-223"


def test_a_token_with_the_nonce_of_another_attempt_is_refused(idp, provider, attempt):
    idp.answers["/token"] = token_answer(idp, attempt, nonce=Attempt.begin(provider, BACK).nonce)
    assert refused(attempt, {"code": "code-1", "state": attempt.state}, provider) == "RL-217"


def test_a_provider_that_names_itself_has_to(idp, provider, attempt):
    idp.metadata["authorization_response_iss_parameter_supported"] = True
    provider._metadata = None
    idp.answers["/token"] = token_answer(idp, attempt)
    answer = {"code": "code-1", "state": attempt.state}
    assert refused(attempt, answer, provider) == "RL-224"
    assert attempt.complete({**answer, "iss": ISSUER}, provider).identity


@pytest.mark.parametrize(
    ("error", "code"), [("access_denied", "RL-221"), ("login_required", "RL-221"), ("server_error", "RL-222")]
)
def test_a_denial_is_told_plainly(idp, provider, attempt, error, code):
    answer = {"error": error, "error_description": "<script>", "state": attempt.state}
    assert refused(attempt, answer, provider) == code
    assert idp.count("/token") == 0


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answer=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["code", "state", "error", "iss", "token", "x"]), inner, max_size=4
            )
        ),
        max_leaves=5,
    )
)
def test_whatever_the_browser_sends_nobody_is_signed_in_by_it(idp, provider, attempt, answer):
    with pytest.raises(SignInRefused):
        attempt.complete(answer, provider)


def test_who_has_signed_in_does_not_show_what_the_provider_gave(idp, provider, attempt):
    person = signed_in(idp, provider, attempt)
    assert person.refresh_token == "refresh-1"
    assert person.nonce == attempt.nonce
    shown = repr(person)
    assert not [secret for secret in ("refresh-1", person.identity.token, attempt.nonce) if secret in shown]


def test_without_a_refresh_token_there_is_none(idp, provider, attempt):
    idp.answers["/token"] = httpx.Response(200, json={"id_token": idp.token(nonce=attempt.nonce)})
    answer = {"code": "code-1", "state": attempt.state}
    assert attempt.complete(answer, provider).refresh_token is None


def test_a_provider_out_of_reach_is_told_before_anybody_leaves_the_page(idp, provider):
    idp.answers["/.well-known/openid-configuration"] = httpx.ConnectError("no")
    with pytest.raises(SignInRefused) as caught:
        Attempt.begin(provider, BACK)
    assert caught.value.code == "RL-227"
