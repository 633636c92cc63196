"""The identity provider: what it publishes, and whether the app and AWS can work with that."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from infra.provision.doctor.chain import EMAIL_VERIFIED
from infra.provision.doctor.check import Check
from infra.provision.doctor.consoles import ALGORITHM, CLAIMS, GRANTS, ISSUER, SIGN_OUT, kind, where
from infra.provision.doctor.context import Context, Waits
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.faults import provider as faults
from infra.provision.specification.providers import PROVIDERS

LINK = "Identity provider"
WELL_KNOWN = "/.well-known/openid-configuration"
_LOOPBACK = {"localhost", "127.0.0.1"}
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL_ENDPOINTS = ("revocation_endpoint", "end_session_endpoint")
_LEAST_KEY_BITS = 2048


def discovery_url(context: Context) -> str:
    """Where the provider describes itself."""
    return context.need("issuer").rstrip("/") + WELL_KNOWN


def fetched(context: Context, url: str) -> httpx.Response:
    """The answer of the provider to a plain question."""
    return context.http.get(url, headers={"Accept": "application/json"})


def discovery(context: Context) -> Mapping[str, Any]:
    """What the provider says of itself; waits where that is of no use."""
    try:
        document = json_of(context.ask(fetched, discovery_url(context)))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Waits("the discovery document") from error
    if not document.get("issuer"):
        raise Waits("the discovery document")
    return document


def json_of(response: httpx.Response) -> Mapping[str, Any]:
    """The members of an answer; none where it is no JSON object, or an error."""
    try:
        found = response.json() if response.is_success else None
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list that the provider sent."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def published(context: Context) -> Iterator[Finding]:
    """The discovery document is there."""
    url = discovery_url(context)
    try:
        response = context.ask(fetched, url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        yield unreachable(context, error)
        return
    if not json_of(response).get("issuer"):
        what = (
            "with a document that names no issuer" if response.is_success else f"with {response.status_code}"
        )
        yield faults.NO_DISCOVERY.found(f"{url} answers {what}.", url=url, where=where(context.chain, ISSUER))


def unreachable(context: Context, error: Exception) -> Finding:
    """The finding of a provider that does not answer, or not as somebody whom one can trust."""
    host = urlsplit(context.chain.issuer).netloc
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return faults.UNTRUSTED_CERTIFICATE.found(
            f"The certificate of {host} is not signed by an authority that this computer trusts.",
            host=host,
            provider=context.chain.provider_arn,
        )
    return faults.UNREACHABLE.found(
        f"{host} does not answer ({type(error).__name__}).", url=discovery_url(context)
    )


def named(context: Context) -> Iterator[Finding]:
    """The provider calls itself as the settings do."""
    issuer, found = context.need("issuer"), context.ask(discovery)["issuer"]
    if found != issuer:
        alike = str(found).rstrip("/") == issuer.rstrip("/")
        more = " They differ in the slash at the end alone." if alike else ""
        yield faults.ISSUER_DIFFERS.found(
            f"The provider says {str(found)[:200]}; OIDC_ISSUER is {issuer}.{more}",
            published=str(found)[:200],
        )


def safe(context: Context) -> Iterator[Finding]:
    """Each endpoint is there and reached over https, or on this machine as its issuer is."""
    document = context.ask(discovery)
    for name in (*_ENDPOINTS, *(name for name in _OPTIONAL_ENDPOINTS if document.get(name) is not None)):
        if not is_safe(context, document.get(name)):
            found = document.get(name)
            what = f"{name} is {str(found)[:200]}." if found else f"{name} is not there."
            yield faults.UNSAFE_ENDPOINT.found(what, endpoint=name, url=discovery_url(context))


def is_safe(context: Context, url: object) -> bool:
    """Whether the app would send a secret there."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        own = urlsplit(context.chain.issuer).hostname in _LOOPBACK and parts.hostname in _LOOPBACK
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and own))


def endpoint(context: Context, name: str) -> str:
    """One of the provider's endpoints; waits for one that is not there or not safe."""
    document = context.ask(discovery)
    # The client's secret goes there: not by the word of somebody else.
    if document["issuer"] != context.need("issuer"):
        raise Waits("the provider's own name")
    url = document.get(name)
    if not is_safe(context, url):
        raise Waits(f"the provider's {name}")
    return str(url)


def keys(context: Context) -> Iterator[Finding]:
    """There is a key that verifies ID tokens."""
    url = context.ask(endpoint, "jwks_uri")
    try:
        response = context.ask(fetched, url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        yield faults.NO_KEYS_DOCUMENT.found(f"{url} does not answer ({type(error).__name__}).", url=url)
        return
    listed = json_of(response).get("keys")
    if not isinstance(listed, list):
        yield faults.NO_KEYS_DOCUMENT.found(f"{url} answers {response.status_code}, without keys.", url=url)
    elif not any(_usable(key) for key in listed):
        kinds = ", ".join(sorted({_kind(key) for key in listed})) or "none at all"
        yield faults.NO_USABLE_KEY.found(f"{url} has these keys: {kinds}.", url=url)


def _usable(key: Any) -> bool:
    if not isinstance(key, dict) or key.get("kty") != "RSA" or not isinstance(key.get("kid"), str):
        return False
    if key.get("use", "sig") != "sig" or key.get("alg", "RS256") != "RS256":
        return False
    try:
        found = jwt.PyJWK(key, algorithm="RS256").key
    except jwt.PyJWTError:
        return False
    return isinstance(found, RSAPublicKey) and found.key_size >= _LEAST_KEY_BITS


def _kind(key: Any) -> str:
    members = key if isinstance(key, dict) else {}
    kind = " ".join(str(members.get(name, ""))[:20] for name in ("kty", "alg", "use")).split()
    return " ".join(kind or ["unreadable"]) + ("" if members.get("kid") else " without kid")


def signing(context: Context) -> Iterator[Finding]:
    """ID tokens can be had with RS256."""
    offered = texts(context.ask(discovery).get("id_token_signing_alg_values_supported"))
    if offered and "RS256" not in offered:
        yield faults.NO_RS256.found(
            f"It offers {', '.join(offered)[:200]} alone.",
            url=discovery_url(context),
            where=where(context.chain, ALGORITHM),
        )


def flows(context: Context) -> Iterator[Finding]:
    """The code flow with PKCE is offered."""
    document = context.ask(discovery)
    responses, grants = (
        texts(document.get(name)) for name in ("response_types_supported", "grant_types_supported")
    )
    if (responses and "code" not in responses) or (grants and "authorization_code" not in grants):
        yield faults.NO_CODE_FLOW.found(
            f"It offers the response types {', '.join(responses)[:200] or 'it does not say'} and the grant"
            f" types {', '.join(grants)[:200] or 'it does not say'}.",
            client=context.need("client_id"),
            where=where(context.chain, GRANTS),
        )
    methods = document.get("code_challenge_methods_supported")
    # Some take S256 and do not say so (Entra ID).
    if methods is not None and "S256" not in texts(methods):
        yield faults.NO_PKCE.found(
            f"It offers {', '.join(texts(methods))[:200] or 'no method'}.",
            client=context.need("client_id"),
            where=where(context.chain, GRANTS),
        )


def lasting(context: Context) -> Iterator[Finding]:
    """Sign-ins can be renewed, and ended."""
    document = context.ask(discovery)
    grants, scopes = (texts(document.get(name)) for name in ("grant_types_supported", "scopes_supported"))
    if grants and "refresh_token" not in grants and "offline_access" not in scopes:
        yield faults.NO_REFRESH.found(
            "It offers neither the grant refresh_token nor the scope offline_access.",
            client=context.need("client_id"),
            where=where(context.chain, GRANTS),
        )
    if document.get("end_session_endpoint") is None:
        yield faults.NO_SIGN_OUT.found(
            "It publishes no end_session_endpoint.",
            url=discovery_url(context),
            where=where(context.chain, SIGN_OUT),
        )


def vouching(context: Context) -> Iterator[Finding]:
    """The claim by which the provider vouches for an address is the one that the app reads."""
    context.need("issuer")
    name, read = kind(context.chain), context.chain.email_verified
    claim = PROVIDERS[name].email_verified or EMAIL_VERIFIED
    if name != "other" and read != claim:
        yield faults.EMAIL_CLAIM.found(
            f"OIDC_EMAIL_VERIFIED is {read}; {PROVIDERS[name].title} has {claim}.",
            claim=claim,
            where=where(context.chain, CLAIMS),
        )


CHECKS = (
    Check(LINK, "it answers, with a discovery document", published),
    Check(LINK, "it calls itself as OIDC_ISSUER does, to the slash", named),
    Check(LINK, "each of its endpoints is safe to use", safe),
    Check(LINK, "it publishes a key that verifies ID tokens", keys),
    Check(LINK, "it signs ID tokens with RS256", signing),
    Check(LINK, "it offers the code flow with PKCE", flows),
    Check(LINK, "sign-ins can be renewed there, and ended", lasting),
    Check(LINK, "it vouches for e-mail addresses by the claim that the app reads", vouching),
)
