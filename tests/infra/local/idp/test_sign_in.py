"""From the authorization request to the code: who may ask, what the page does, where the answer goes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.people import PEOPLE
from tests.infra.local.idp.conftest import Forms, asked, parameters_of

REGISTERED = "http://localhost:9999/callback"


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.username)
def test_everybody_has_a_button_with_their_full_name(party, person):
    page = party.authorize(asked())
    assert page.status_code == 200
    assert "Demonstration provider" in page.text
    assert parameters_of(party.press(page, person.name))["code"]


def test_every_registered_redirect_uri_will_do(party, config):
    for uri in config.redirect_uris:
        answer = party.press(party.authorize(asked(redirect_uri=uri)), "Frank Amer")
        assert answer.status_code == 303
        assert answer.location.startswith(f"{uri}?")


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:9999/callback/",
        "http://localhost:9999/callback/../callback",
        "http://localhost:9999/callbac",
        "http://localhost:9999/callback?a=b",
        "http://localhost:9999/callback#fragment",
        "http://LOCALHOST:9999/callback",
        "http://localhost:9999@evil.example/callback",
        "http://localhost:9999.evil.example/callback",
        "https://evil.example/callback",
        "javascript:alert(1)",
        'http://localhost:9999/"quote',
        "http://localhost:9999/caf\u00e9",
        "",
        None,
    ],
)
@pytest.mark.parametrize("prompt", [None, "none"])
def test_another_redirect_uri_is_never_followed(party, uri, prompt):
    response = party.authorize(asked(redirect_uri=uri, prompt=prompt))
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "This request cannot be answered" in response.text


@pytest.mark.parametrize("client_id", ["somebody-else", "", None, 'a"b', "\u00e9"])
def test_an_unknown_client_is_never_answered_by_redirect(party, client_id):
    response = party.authorize(asked(client_id=client_id))
    assert response.status_code == 400
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/request"}, "request_uri_not_supported"),
    ],
)
def test_a_wrong_request_is_told_to_the_client(party, changes, error):
    request = asked(**changes)
    response = party.authorize(request)
    answer = parameters_of(response)
    assert response.location.startswith(f"{REGISTERED}?")
    assert answer["error"] == error
    assert answer["state"] == request.parameters["state"]
    assert answer["iss"] == party.config.issuer
    assert "code" not in answer


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "response_type"])
def test_a_parameter_that_is_sent_twice_is_refused(party, name):
    parameters = asked().parameters
    pairs = [*parameters.items(), (name, parameters[name])]
    assert party.get("/authorize", query_string=pairs).status_code == 400


def test_cancel_says_access_denied(party):
    request = asked()
    answer = parameters_of(party.press(party.authorize(request), "Cancel"))
    assert answer["error"] == "access_denied"
    assert answer["state"] == request.parameters["state"]
    assert "code" not in answer


def test_cancel_leaves_nobody_signed_in(party):
    party.press(party.authorize(asked()), "Cancel")
    assert parameters_of(party.authorize(asked(prompt="none")))["error"] == "login_required"


@pytest.mark.parametrize("csrf", [None, "", "guessed", "\u00e9"])
def test_a_form_from_elsewhere_signs_nobody_in(party, csrf):
    response = party.press(party.authorize(asked()), "Frank Amer", csrf=csrf)
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert parameters_of(party.authorize(asked(prompt="none")))["error"] == "login_required"


def test_a_form_of_another_browser_signs_nobody_in(party):
    from tests.infra.local.idp.conftest import Party

    page = party.authorize(asked())
    victim = Party(party.config, party.app)
    assert victim.press(page, "Frank Amer").status_code == 400
    victim.authorize(asked())
    assert victim.press(page, "Frank Amer").status_code == 400


def test_a_form_is_checked_as_strictly_as_the_request(party):
    page = party.authorize(asked())
    assert party.press(page, "Frank Amer", redirect_uri="https://evil.example/").status_code == 400
    assert party.press(page, "Frank Amer", client_id="somebody-else").status_code == 400
    answer = parameters_of(party.press(page, "Frank Amer", code_challenge_method="plain"))
    assert answer["error"] == "invalid_request"
    assert parameters_of(party.authorize(asked(prompt="none")))["error"] == "login_required"


def test_nobody_signs_in_as_somebody_who_is_not_there(party):
    assert party.press(party.authorize(asked()), "Frank Amer", person="root").status_code == 400


@pytest.mark.parametrize("hint", ["ethan@example.com", "ethan", "nobody@example.com"])
def test_silence_is_not_answered_for_somebody_else_than_the_client_means(party, hint):
    party.sign_in(asked(), "Alex Emea")
    answer = parameters_of(party.authorize(asked(prompt="none", login_hint=hint)))
    assert answer["error"] == "login_required"
    assert "code" in parameters_of(party.authorize(asked(prompt="none", login_hint="Alex@example.com")))


def test_silence_is_answered_for_who_is_signed_in(party):
    party.sign_in(asked(), "Alex Emea")
    request = asked(prompt="none")
    code = parameters_of(party.authorize(request))["code"]
    claims = party.claims(party.redeem(request, code).json["id_token"])
    assert claims["email"] == "alex@example.com"


def test_login_asks_again_in_spite_of_a_session(party):
    party.sign_in(asked())
    assert "Frank Amer" in Forms(party.authorize(asked(prompt="login")).text).buttons


def test_who_is_signed_in_may_deny_or_be_somebody_else(party):
    party.sign_in(asked(), "Alex Emea")
    request = asked()
    page = party.authorize(request)
    assert {person.name for person in PEOPLE} | {"Cancel"} == set(Forms(page.text).buttons)
    assert parameters_of(party.press(page, "Cancel"))["error"] == "access_denied"
    code = parameters_of(party.press(party.authorize(request), "Ming Apac"))["code"]
    assert party.claims(party.redeem(request, code).json["id_token"])["email"] == "ming@example.com"
    silent = asked(prompt="none")
    renewed = party.redeem(silent, parameters_of(party.authorize(silent))["code"]).json
    assert party.claims(renewed["id_token"])["email"] == "ming@example.com"


def test_a_session_ends_by_itself(party, clock):
    party.sign_in(asked())
    clock.move(8 * 3600 + 1)
    assert parameters_of(party.authorize(asked(prompt="none")))["error"] == "login_required"


def test_silence_is_refused_when_the_sign_in_is_older_than_asked(party, clock):
    party.sign_in(asked())
    clock.move(61)
    assert parameters_of(party.authorize(asked(prompt="none", max_age="60")))["error"] == "login_required"
    assert "code" in parameters_of(party.authorize(asked(prompt="none", max_age="62")))


def test_a_new_sign_in_takes_a_new_session(party):
    party.sign_in(asked())
    before = party.browser.get_cookie("rowlight_demo_idp_8502").value
    party.sign_in(asked(), "Ming Apac")
    party.browser.set_cookie("rowlight_demo_idp_8502", before)
    assert parameters_of(party.authorize(asked(prompt="none")))["error"] == "login_required"


def test_the_session_cookie_is_out_of_reach_of_scripts(party):
    page = party.authorize(asked())
    (cookie,) = page.headers.getlist("Set-Cookie")
    assert cookie.startswith("rowlight_demo_idp_8502=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("hint", ["ming@example.com", "MING@example.com", "ming"])
def test_a_hint_chooses_beforehand(party, hint):
    text = party.authorize(asked(login_hint=hint)).text
    assert text.count("autofocus") == 1
    assert "autofocus>Ming Apac<" in text


def test_a_hint_of_nobody_is_of_no_consequence(party):
    page = party.authorize(asked(login_hint='"><script>'))
    assert "autofocus" not in page.text
    assert "<script>" not in page.text


def test_what_the_client_sends_is_text_on_the_page(party):
    state = '"><script>alert(1)</script>'
    page = party.authorize(asked(state=state))
    assert "<script>" not in page.text
    assert parameters_of(party.press(page, "Frank Amer"))["state"] == state


def test_pages_defend_themselves(party):
    for page in (party.authorize(asked()), party.authorize(asked(client_id="x")), party.get("/nowhere")):
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self' http://localhost:8501 http://localhost:9999" in policy
        assert "unsafe" not in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        # The pop-up's opener reads where it ends up.
        assert "Cross-Origin-Opener-Policy" not in page.headers
        assert "style=" not in page.text
        assert "<script" not in page.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8502", "localhost.evil.example"])
def test_a_strangers_name_for_this_machine_is_refused(party, host):
    for path in ("/authorize", "/.well-known/openid-configuration", "/jwks"):
        response = party.browser.get(path, base_url=f"http://{host}", query_string=asked().parameters)
        assert response.status_code == 400


_ANY = st.text(max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(st.sampled_from([*asked().parameters, "prompt", "login_hint", "max_age"]), _ANY)
)
def test_no_request_breaks_the_provider_or_leads_elsewhere(party, changes):
    response = party.authorize(asked(**changes))
    assert response.status_code in {200, 302, 400}
    if "Location" in response.headers:
        assert response.location.startswith(f"{REGISTERED}?")
