"""The log tells who used what, and how it ended; never a token, code or secret."""

import logging

import pytest

from tests.infra.local.idp.conftest import asked


@pytest.fixture
def told(caplog):
    """The lines of the provider's own log, as LOG_LEVEL=INFO shows them."""
    caplog.set_level(logging.DEBUG)

    def lines() -> list[str]:
        found = [each.getMessage() for each in caplog.records if each.name.startswith("infra.local.idp")]
        caplog.clear()
        return found

    return lines


FRANK = "person=frank@example.com"


def test_a_code_is_one_line_and_its_second_use_another(party, told):
    request = asked()
    code = party.sign_in(request)
    party.redeem(request, code)
    assert told() == [f"code exchange {FRANK}: accepted"]
    party.redeem(request, code)
    assert told() == [f"code exchange {FRANK}: refused: used before"]
    party.redeem(request, "guessed")
    assert told() == ["code exchange person=nobody: refused: invalid_grant"]


def test_a_refresh_is_one_line_and_its_second_use_another(party, told):
    first = party.tokens()["refresh_token"]
    told()
    second = party.refresh(first).json["refresh_token"]
    assert told() == [f"refresh {FRANK}: accepted"]
    party.refresh(first)
    assert told() == [f"refresh {FRANK}: refused: used before"]
    party.refresh(second)
    assert told() == [f"refresh {FRANK}: refused: revoked"]


def test_a_wrong_secret_is_told(party, told):
    request = asked()
    party.redeem(request, party.sign_in(request), secret="guessed")
    assert told() == ["code exchange person=nobody: refused: invalid_client"]


def test_a_request_for_no_known_grant_writes_nothing_of_its_own(party, told):
    party.server("/token", {"grant_type": "made\nup"})
    assert told() == ["token request person=nobody: refused: unsupported_grant_type"]
    party.post("/token?code=in-the-address")
    assert told() == ["token request person=nobody: refused: invalid_request"]


def test_a_revocation_is_one_line(party, told):
    token = party.tokens()["refresh_token"]
    told()
    party.server("/revoke", {"token": token})
    assert told() == [f"revocation {FRANK}: accepted"]
    party.server("/revoke", {"token": "unknown"})
    # RFC 7009: a token that is not there is as good as revoked.
    assert told() == ["revocation person=nobody: accepted"]


def test_a_sign_out_is_one_line(party, config, told):
    tokens = party.tokens()
    told()
    page = party.get("/end_session")
    assert told() == [f"end_session {FRANK}: asked"]
    party.press(page, "Sign out")
    assert told() == [f"end_session {FRANK}: accepted"]
    party.get("/end_session", query_string={"id_token_hint": tokens["id_token"]})
    assert told() == [f"end_session {FRANK}: accepted"]
    party.get("/end_session", query_string={"id_token_hint": "not.a.token"})
    assert told() == ["end_session person=nobody: refused: invalid_request"]


def test_nothing_of_a_whole_visit_is_a_secret(party, config, caplog):
    caplog.set_level(logging.DEBUG)
    request = asked()
    code = party.sign_in(request)
    tokens = party.redeem(request, code).json
    renewed = party.refresh(tokens["refresh_token"]).json
    party.server("/revoke", {"token": renewed["refresh_token"]})
    party.get(
        "/end_session",
        query_string={
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": f"{config.app_url}/auth/signed-out",
        },
    )
    kept = [tokens[name] for name in ("access_token", "refresh_token", "id_token")]
    kept += [renewed[name] for name in ("access_token", "refresh_token", "id_token")]
    assert caplog.records
    for secret in (*kept, code, request.verifier, request.parameters["nonce"], config.client_secret):
        assert secret not in caplog.text
