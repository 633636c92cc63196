"""A cure at the identity provider names the step in that provider's own console."""

import pytest

from infra.provision.doctor.chain import Chain
from infra.provision.doctor.consoles import SETTINGS, kind, where
from infra.provision.specification.providers import PROVIDERS

TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
ISSUERS = {
    "https://example.okta.com": "okta",
    "https://example.okta.com/oauth2/default": "okta",
    f"https://login.microsoftonline.com/{TENANT}/v2.0": "entra",
    "https://example.eu.auth0.com/": "auth0",
    "https://id.example.com/realms/sales": "keycloak",
    f"https://auth.pingone.eu/{TENANT}/as": "ping",
    "https://accounts.google.com": "google",
    "https://id.example.com": "other",
    "https://okta.com.example.net": "other",
}


@pytest.mark.parametrize("issuer", ISSUERS)
def test_an_issuer_tells_whose_it_is(issuer: str) -> None:
    assert kind(Chain(issuer=issuer)) == ISSUERS[issuer]


@pytest.mark.parametrize("issuer", ISSUERS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_each_setting_is_somewhere(issuer: str, setting: str) -> None:
    told = where(Chain(issuer=issuer), setting)
    name = PROVIDERS[ISSUERS[issuer]].title
    assert told.startswith(
        f"the console of {name}" if ISSUERS[issuer] != "other" else "the provider's console"
    )


def test_the_redirect_uri_of_okta() -> None:
    assert where(Chain(issuer="https://example.okta.com"), "redirect").endswith(
        "General > Login > Sign-in redirect URIs"
    )
