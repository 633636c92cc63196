"""Each provider's discovery document and ID tokens are taken, as their documentation writes both."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from app.auth.oidc import Provider
from app.errors import InvalidToken, SignInRefused
from infra.provision.specification.providers import PROVIDERS
from tests.app.auth.test_identity import verified

TENANT = "0f0f0f0f-1111-2222-3333-0f0f0f0f0f0f"
_BASIC, _POST = "client_secret_basic", "client_secret_post"
_ENTRA = f"https://login.microsoftonline.com/{TENANT}"
_PING = f"https://auth.pingone.eu/{TENANT}/as"
_REALM = "https://id.example.com/realms/sales/protocol/openid-connect"

# Of each what the app reads, and what tells it from the others.
DOCUMENTS = {
    "okta": {
        "issuer": "https://example.okta.com",
        "authorization_endpoint": "https://example.okta.com/oauth2/v1/authorize",
        "token_endpoint": "https://example.okta.com/oauth2/v1/token",
        "jwks_uri": "https://example.okta.com/oauth2/v1/keys",
        "revocation_endpoint": "https://example.okta.com/oauth2/v1/revoke",
        "end_session_endpoint": "https://example.okta.com/oauth2/v1/logout",
        "scopes_supported": ["openid", "email", "profile", "address", "phone", "offline_access", "groups"],
        "token_endpoint_auth_methods_supported": [
            _BASIC,
            _POST,
            "client_secret_jwt",
            "private_key_jwt",
            "none",
        ],
        "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["RS256"],
    },
    "entra": {
        "issuer": f"{_ENTRA}/v2.0",
        "authorization_endpoint": f"{_ENTRA}/oauth2/v2.0/authorize",
        "token_endpoint": f"{_ENTRA}/oauth2/v2.0/token",
        "jwks_uri": f"{_ENTRA}/discovery/v2.0/keys",
        "end_session_endpoint": f"{_ENTRA}/oauth2/v2.0/logout",
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "token_endpoint_auth_methods_supported": [_POST, "private_key_jwt", _BASIC],
        "id_token_signing_alg_values_supported": ["RS256"],
        "request_uri_parameter_supported": False,
        "tenant_region_scope": "EU",
    },
    "auth0": {
        "issuer": "https://example.eu.auth0.com/",
        "authorization_endpoint": "https://example.eu.auth0.com/authorize",
        "token_endpoint": "https://example.eu.auth0.com/oauth/token",
        "jwks_uri": "https://example.eu.auth0.com/.well-known/jwks.json",
        "revocation_endpoint": "https://example.eu.auth0.com/oauth/revoke",
        "end_session_endpoint": "https://example.eu.auth0.com/oidc/logout",
        "scopes_supported": [
            "openid",
            "profile",
            "offline_access",
            "name",
            "email",
            "email_verified",
            "phone",
        ],
        "token_endpoint_auth_methods_supported": [_BASIC, _POST, "private_key_jwt"],
        "code_challenge_methods_supported": ["S256", "plain"],
        "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
    },
    "keycloak": {
        "issuer": "https://id.example.com/realms/sales",
        "authorization_endpoint": f"{_REALM}/auth",
        "token_endpoint": f"{_REALM}/token",
        "jwks_uri": f"{_REALM}/certs",
        "revocation_endpoint": f"{_REALM}/revoke",
        "end_session_endpoint": f"{_REALM}/logout",
        "scopes_supported": ["openid", "profile", "email", "roles", "web-origins", "acr", "offline_access"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", _BASIC, _POST, "tls_client_auth"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": True,
        "id_token_signing_alg_values_supported": ["PS384", "RS384", "EdDSA", "ES384", "HS256", "RS256"],
    },
    "ping": {
        "issuer": _PING,
        "authorization_endpoint": f"{_PING}/authorize",
        "token_endpoint": f"{_PING}/token",
        "jwks_uri": f"{_PING}/jwks",
        "revocation_endpoint": f"{_PING}/revoke",
        "end_session_endpoint": f"{_PING}/signoff",
        "scopes_supported": ["openid", "profile", "email", "address", "phone", "offline_access"],
        "token_endpoint_auth_methods_supported": [_BASIC, _POST, "private_key_jwt", "client_secret_jwt"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "id_token_signing_alg_values_supported": ["RS256"],
    },
    "google": {
        "issuer": "https://accounts.google.com",
        "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
        "revocation_endpoint": "https://oauth2.googleapis.com/revoke",
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": [_POST, _BASIC],
        "code_challenge_methods_supported": ["plain", "S256"],
        "id_token_signing_alg_values_supported": ["RS256"],
    },
}
OPTIONAL = {
    "okta": " groups offline_access",
    "entra": " offline_access",
    "auth0": " offline_access",
    "keycloak": " offline_access",
    "ping": " offline_access",
    "google": "",
}
# Claims of an ID token that differ from the standard's; None: it has none.
CLAIMS = {
    "okta": {
        "jti": "ID.1",
        "ver": 1,
        "amr": ["pwd"],
        "idp": "00o1",
        "preferred_username": "frank@example.com",
    },
    "entra": {
        "email_verified": None,
        "xms_edov": True,
        "uti": "1",
        "tid": TENANT,
        "ver": "2.0",
        "groups": None,
    },
    "auth0": {"sub": "auth0|1", "sid": "1", "picture": "https://example.com/1.png", "groups": None},
    "keycloak": {"jti": "1", "typ": "ID", "azp": "rowlight-test", "sid": "1", "acr": "1"},
    "ping": {"acr": "Single_Factor", "amr": ["pwd"], "env": TENANT, "groups": "sales"},
    "google": {"azp": "rowlight-test", "hd": "example.com", "at_hash": "1", "groups": None, "name": None},
}
URL = {
    "redirect_uri": "https://app.example.com/auth/callback",
    "state": "s",
    "nonce": "n",
    "code_challenge": "c",
}


def provider_of(kind, **changes):
    document = DOCUMENTS[kind] | changes

    def answer(request):
        expected = DOCUMENTS[kind]["issuer"].rstrip("/") + "/.well-known/openid-configuration"
        return httpx.Response(200, json=document) if str(request.url) == expected else httpx.Response(404)

    return Provider(
        issuer=DOCUMENTS[kind]["issuer"],
        client_id="rowlight-test",
        client_secret=SecretStr("secret"),
        email_verified=PROVIDERS[kind].email_verified or "email_verified",
        http=httpx.Client(transport=httpx.MockTransport(answer)),
    )


def test_there_is_a_document_of_each():
    assert DOCUMENTS.keys() == CLAIMS.keys() == OPTIONAL.keys() == PROVIDERS.keys() - {"other"}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_its_discovery_document_is_taken(kind):
    document, found = DOCUMENTS[kind], provider_of(kind).metadata()
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        assert getattr(found, name) == document[name]
    assert found.end_session_endpoint == document.get("end_session_endpoint")
    assert found.revocation_endpoint == document.get("revocation_endpoint")
    assert not found.posts_secret  # each takes the secret in a header
    assert not PROVIDERS[kind].issuer_fault(document["issuer"])


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_its_issuer_counts_to_the_slash(kind):
    issuer = DOCUMENTS[kind]["issuer"]
    other = issuer.rstrip("/") if issuer.endswith("/") else f"{issuer}/"
    with pytest.raises(SignInRefused) as refused:
        provider_of(kind, issuer=other).metadata()
    assert refused.value.code == "RL-228"
    assert PROVIDERS[kind].issuer_fault(other)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_it_is_asked_for_the_scopes_that_it_knows(kind):
    query = parse_qs(urlsplit(provider_of(kind).authorization_url(**URL)).query)
    assert query["scope"] == ["openid profile email" + OPTIONAL[kind]]
    assert query["code_challenge_method"] == ["S256"]


@pytest.mark.parametrize("kind", CLAIMS)
def test_its_id_token_makes_an_identity(signer, kind):
    provider = provider_of(kind)
    issuer = provider.issuer
    token = signer.token(iss=issuer, **CLAIMS[kind])
    identity = verified(signer, token, issuer=issuer, email_verified=provider.email_verified)
    assert identity.email == "frank@example.com"
    assert identity.issuer == issuer
    assert all(isinstance(group, str) for group in identity.groups)
    with pytest.raises(InvalidToken):
        verified(signer, signer.token(iss=issuer.strip("/") + "//"), issuer=issuer)
