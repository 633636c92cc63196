"""Where in each provider's console a setting of the app's client is: the steps that a cure names."""

import re
from collections.abc import Mapping

from infra.provision.doctor.chain import Chain
from infra.provision.specification.providers import PROVIDERS

SECRET, REDIRECT, SIGN_OUT, GRANTS, SCOPES, ALGORITHM, ISSUER, CLAIMS = SETTINGS = (
    "secret",
    "redirect",
    "sign-out",
    "grants",
    "scopes",
    "algorithm",
    "issuer",
    "claims",
)

_OKTA = "Applications > Applications > the app > General"
_ENTRA = "App registrations > the app"
_AUTH0 = "Applications > Applications > the app > Settings"
_KEYCLOAK = "the realm > Clients > the client"
_PING = "Applications > Applications > the app"
_GOOGLE = "Google Auth Platform > Clients > the client"

_STEPS: Mapping[str, Mapping[str, str]] = {
    "okta": {
        SECRET: f"{_OKTA} > Client Credentials",
        REDIRECT: f"{_OKTA} > Login > Sign-in redirect URIs",
        SIGN_OUT: f"{_OKTA} > Login > Sign-out redirect URIs",
        GRANTS: f"{_OKTA} > General Settings > Grant type",
        SCOPES: "Security > API > Authorization Servers > the server > Scopes, and its Access Policies",
        ISSUER: "Security > API > Authorization Servers > Issuer URI",
    },
    "entra": {
        SECRET: f"{_ENTRA} > Certificates & secrets > Client secrets (copy the value, not the secret's id)",
        REDIRECT: f"{_ENTRA} > Authentication > Web > Redirect URIs",
        SIGN_OUT: f"{_ENTRA} > Authentication > Web > Redirect URIs (it needs no list of its own)",
        GRANTS: f"{_ENTRA} > Authentication > Web",
        SCOPES: " > API permissions > Microsoft Graph > Delegated (openid, email, profile, offline_access)",
        CLAIMS: f"{_ENTRA} > Token configuration > Add optional claim > ID",
        ISSUER: f"{_ENTRA} > Overview > Endpoints > OpenID Connect metadata document",
    },
    "auth0": {
        SECRET: f"{_AUTH0} > Basic Information > Client Secret",
        REDIRECT: f"{_AUTH0} > Application URIs > Allowed Callback URLs",
        SIGN_OUT: " > Application URIs > Allowed Logout URLs (and, for the address itself, the"
        " tenant's Settings > Advanced > RP-Initiated Logout End Session Endpoint"
        " Discovery)",
        GRANTS: f"{_AUTH0} > Advanced Settings > Grant Types",
        ALGORITHM: f"{_AUTH0} > Advanced Settings > OAuth > JSON Web Token (JWT) Signature Algorithm",
        ISSUER: f"{_AUTH0} > Basic Information > Domain, as https://<domain>/ with the slash",
    },
    "keycloak": {
        SECRET: f"{_KEYCLOAK} > Credentials > Client Secret",
        REDIRECT: f"{_KEYCLOAK} > Settings > Valid redirect URIs",
        SIGN_OUT: f"{_KEYCLOAK} > Settings > Valid post logout redirect URIs",
        GRANTS: " > Settings > Capability config > Standard flow; for PKCE, Advanced > Proof Key for"
        " Code Exchange Code Challenge Method",
        SCOPES: f"{_KEYCLOAK} > Client scopes",
        ALGORITHM: " > Advanced > Fine grain OpenID Connect configuration > ID token signature algorithm",
        ISSUER: "the realm > Realm settings > General > OpenID Endpoint Configuration",
    },
    "ping": {
        SECRET: f"{_PING} > Overview > Client Secret",
        REDIRECT: f"{_PING} > Configuration > Redirect URIs",
        SIGN_OUT: f"{_PING} > Configuration > Signoff URLs",
        GRANTS: f"{_PING} > Configuration > Grant Type, and PKCE Enforcement",
        SCOPES: f"{_PING} > Resources",
        ISSUER: f"{_PING} > Configuration > URLs > Issuer ID",
    },
    "google": {
        SECRET: f"{_GOOGLE} > Client secrets",
        REDIRECT: f"{_GOOGLE} > Authorized redirect URIs",
        SCOPES: "Google Auth Platform > Data Access",
    },
}

# By what an issuer looks like; on a domain of one's own it looks like nothing.
_LOOKS = {
    "okta": r"\.okta(preview|-emea|-gov)?\.com(/|$)",
    "entra": r"//(login\.microsoftonline\.(com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net)/",
    "auth0": r"\.auth0\.com/?$",
    "keycloak": r"/realms/[^/]+$",
    "ping": r"//auth\.pingone\.[a-z.]+/",
    "google": r"//accounts\.google\.com$",
}


def kind(chain: Chain) -> str:
    """Which provider it is, by its issuer, or by rowlight.toml; "other" where neither says."""
    told = chain.spec.provider if chain.spec else "other"
    return next((name for name, look in _LOOKS.items() if re.search(look, chain.issuer)), told)


def where(chain: Chain, setting: str) -> str:
    """The step in the provider's console, in words that go on from "in"."""
    known = kind(chain)
    step = _STEPS.get(known, {}).get(setting)
    if step is None:
        return f"the console of {PROVIDERS[known].title}" if known != "other" else "the provider's console"
    return f"the console of {PROVIDERS[known].title}: {step}"
