"""The identity provider: what it publishes, and what this app asks of it."""

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import SecretStr

from app.addresses import is_loopback
from app.auth.identity import EMAIL_VERIFIED, UnverifiedToken
from app.errors import InvalidToken, SignInRefused

SCOPE = ("openid", "profile", "email")
# Asked for where the provider publishes them; others refuse a scope that they do not know.
OPTIONAL_SCOPE = ("groups", "offline_access")
METADATA_SECONDS = 3600
# A key that the provider withdraws is trusted no longer than this.
KEYS_SECONDS = 300
# A made-up `kid` must not make this app a hammer on the provider.
KEYS_REFETCH_SECONDS = 30
LEAST_KEY_BITS = 2048
_TIMEOUT = httpx.Timeout(10, connect=5)
_ERROR_NAME = re.compile(r"[a-z_]{1,40}")
_TRY_AGAIN = "Sign in again in a moment. If it goes on, give the code below to your administrator."
_CHECK_ISSUER = "Have your administrator check OIDC_ISSUER."
_CHECK_CLIENT = (
    "Have your administrator check OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and this app's registration at the "
    "provider."
)


@dataclass(frozen=True)
class Metadata:
    """The part of the provider's discovery document that this app uses."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    revocation_endpoint: str | None
    end_session_endpoint: str | None
    scopes: frozenset[str]
    posts_secret: bool  # the client's secret goes in the form, not in a header
    names_itself: bool  # an authorization response has to carry `iss`


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint hands out, none of it verified yet."""

    id_token: UnverifiedToken = field(repr=False)
    refresh_token: str | None = field(repr=False)


@dataclass(frozen=True)
class _Keys:
    by_id: Mapping[str, RSAPublicKey]
    stale_at: float
    refetch_at: float  # not before then for an id that is not among them


class Provider:
    """One OpenID Connect provider, and this app as its client; safe to share between threads.

    What it publishes is kept in values that are replaced whole. There is no lock: while the provider is slow
    nobody waits behind somebody else's request.
    """

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: SecretStr,
        email_verified: str = EMAIL_VERIFIED,
        http: httpx.Client | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.email_verified = email_verified
        self._client_secret = client_secret
        self._http = http or httpx.Client(timeout=_TIMEOUT)
        self._clock = clock
        self._metadata: tuple[float, Metadata] | None = None
        self._keys = _Keys({}, stale_at=-math.inf, refetch_at=-math.inf)

    @property
    def host(self) -> str:
        """The provider's host, as people know it."""
        return urlsplit(self.issuer).netloc

    def metadata(self) -> Metadata:
        """What the provider publishes about itself; asked again once an hour."""
        known = self._metadata
        if known is None or self._clock() >= known[0] + METADATA_SECONDS:
            url = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
            known = self._metadata = (self._clock(), self._checked(self._get(url)))
        return known[1]

    @property
    def origins(self) -> tuple[str, ...]:
        """Where a browser may meet the provider, as far as it is known without asking."""
        urls: list[str | None] = [self.issuer]
        if self._metadata is not None:
            published = self._metadata[1]
            urls += [published.authorization_endpoint, published.end_session_endpoint]
        parts = [urlsplit(url) for url in urls if url is not None]
        return tuple(dict.fromkeys(f"{each.scheme}://{each.netloc}" for each in parts))

    def key(self, kid: str) -> RSAPublicKey:
        """The published key of that id; an unknown id has the keys fetched again, once in a while."""
        now, keys = self._clock(), self._keys
        if now >= (keys.stale_at if kid in keys.by_id else keys.refetch_at):
            found = _signing_keys(self._get(self.metadata().jwks_uri))
            refetch_at = now if kid in found else now + KEYS_REFETCH_SECONDS
            keys = self._keys = _Keys(found, stale_at=now + KEYS_SECONDS, refetch_at=refetch_at)
        if kid in keys.by_id:
            return keys.by_id[kid]
        raise InvalidToken(
            "The ID token is signed with a key that the identity provider does not publish.",
            "Sign in again in a minute: the provider may be changing its keys.",
            code="RL-213",
        )

    def authorization_url(
        self, *, redirect_uri: str, state: str, nonce: str, code_challenge: str, prompt: str | None = None
    ) -> str:
        """Where a person's browser starts to sign in."""
        metadata = self.metadata()
        optional = tuple(scope for scope in OPTIONAL_SCOPE if scope in metadata.scopes)
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(SCOPE + optional),
            "state": state,
            "nonce": nonce,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
        }
        if prompt:
            parameters["prompt"] = prompt
        joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return metadata.authorization_endpoint + joint + urlencode(parameters)

    def exchange_code(self, *, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """Turns an authorization code into tokens; raises SignInRefused when the provider does not."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._tokens(form | {"code_verifier": verifier})

    def refresh(self, refresh_token: str) -> Tokens:
        """Gets a new ID token; the refresh token stays the old one where the provider sends none."""
        tokens = self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})
        return Tokens(tokens.id_token, tokens.refresh_token or refresh_token)

    def revoke(self, refresh_token: str) -> None:
        """Has the provider forget a refresh token; raises SignInRefused when that is not certain."""
        if not self._revoked(refresh_token):
            raise SignInRefused(
                "You are signed out here, but the identity provider did not confirm it.",
                "Sign out at the identity provider too, so that nothing stays open there.",
                code="RL-235",
            )

    def _revoked(self, refresh_token: str) -> bool:
        form = {"token": refresh_token, "token_type_hint": "refresh_token"}
        try:
            endpoint = self.metadata().revocation_endpoint
            return endpoint is not None and self._post(endpoint, form).is_success
        except SignInRefused:
            # Out of reach: "sign in again" is no advice to somebody who leaves.
            return False

    def end_session_url(self, *, back: str, id_token_hint: str | None = None) -> str | None:
        """Where a person ends their session at the provider itself, if it has such a page.

        With the hint the provider knows whose session it is, and does not ask; then it leads `back`.
        """
        endpoint = self.metadata().end_session_endpoint
        if endpoint is None:
            return None
        parameters = {"client_id": self.client_id, "post_logout_redirect_uri": back}
        if id_token_hint is not None:
            parameters["id_token_hint"] = id_token_hint
        joint = "&" if urlsplit(endpoint).query else "?"
        return endpoint + joint + urlencode(parameters)

    def _checked(self, document: Mapping[str, Any]) -> Metadata:
        if document.get("issuer") != self.issuer:
            raise SignInRefused(
                "The identity provider calls itself by another name than OIDC_ISSUER.",
                _CHECK_ISSUER,
                code="RL-228",
            )
        methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        scopes = document.get("scopes_supported")
        return Metadata(
            authorization_endpoint=self._endpoint(document, "authorization_endpoint"),
            token_endpoint=self._endpoint(document, "token_endpoint"),
            jwks_uri=self._endpoint(document, "jwks_uri"),
            revocation_endpoint=self._optional_endpoint(document, "revocation_endpoint"),
            end_session_endpoint=self._optional_endpoint(document, "end_session_endpoint"),
            scopes=frozenset(map(str, scopes)) if isinstance(scopes, list) else frozenset(),
            posts_secret="client_secret_basic" not in methods,
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _endpoint(self, document: Mapping[str, Any], name: str) -> str:
        """An endpoint that is safe to use: https, or on this machine when the issuer is."""
        url = document.get(name)
        parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
        local = parts.scheme == "http" and is_loopback(self.issuer) and is_loopback(parts.geturl())
        if parts.hostname and (parts.scheme == "https" or local):
            return parts.geturl()
        raise SignInRefused(f"The identity provider publishes no safe {name}.", _CHECK_ISSUER, code="RL-228")

    def _optional_endpoint(self, document: Mapping[str, Any], name: str) -> str | None:
        return self._endpoint(document, name) if document.get(name) is not None else None

    def _tokens(self, form: Mapping[str, str]) -> Tokens:
        response = self._post(self.metadata().token_endpoint, form)
        answer = _json(response)
        if response.status_code != httpx.codes.OK:
            raise _refusal(answer.get("error"))
        id_token, refresh_token = answer.get("id_token"), answer.get("refresh_token")
        if not isinstance(id_token, str):
            raise SignInRefused("The identity provider sent no ID token.", _CHECK_CLIENT, code="RL-229")
        return Tokens(UnverifiedToken(id_token), refresh_token if isinstance(refresh_token, str) else None)

    def _post(self, url: str, form: Mapping[str, str]) -> httpx.Response:
        secret = self._client_secret.get_secret_value()
        if self.metadata().posts_secret:
            return self._send(
                "POST", url, data={**form, "client_id": self.client_id, "client_secret": secret}
            )
        # RFC 6749, 2.3.1: both are form-encoded before they become a header.
        auth = httpx.BasicAuth(quote_plus(self.client_id), quote_plus(secret))
        return self._send("POST", url, data=form, auth=auth)

    def _get(self, url: str) -> Mapping[str, Any]:
        response = self._send("GET", url)
        if response.status_code == httpx.codes.OK and (answer := _json(response)):
            return answer
        raise SignInRefused(
            f"{self.host} does not answer as an OpenID Connect provider.", _CHECK_ISSUER, code="RL-228"
        )

    def _send(self, method: str, url: str, **content: Any) -> httpx.Response:
        try:
            # A redirect would carry the client's secret elsewhere.
            return self._http.request(
                method, url, headers={"Accept": "application/json"}, follow_redirects=False, **content
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = type(error).__name__
        # Out of the handler: the caught error holds the request, and with it the client's secret.
        raise SignInRefused(
            f"The identity provider at {self.host} cannot be reached ({reason}).", _TRY_AGAIN, code="RL-227"
        )


def _json(response: httpx.Response) -> Mapping[str, Any]:
    """The answer's members; none when it is not a JSON object."""
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        answer = {}
    return answer if isinstance(answer, dict) else {}


def _refusal(error: object) -> SignInRefused:
    if error == "invalid_grant":
        return SignInRefused(
            "The identity provider no longer accepts this sign-in: it took too long or was used before.",
            "Sign in again.",
            code="RL-225",
        )
    # The name alone: a description may repeat what was sent.
    name = error if isinstance(error, str) and _ERROR_NAME.fullmatch(error) else "no reason given"
    return SignInRefused(f"The identity provider refuses this app ({name}).", _CHECK_CLIENT, code="RL-226")


def _signing_keys(document: Mapping[str, Any]) -> dict[str, RSAPublicKey]:
    """The RSA keys for signatures, by id; keys of other kinds are passed over."""
    found = {}
    entries = document.get("keys")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        if entry.get("alg", "RS256") != "RS256" or not isinstance(entry.get("kid"), str):
            continue
        try:
            key = jwt.PyJWK(entry, algorithm="RS256").key
        except jwt.PyJWTError:
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= LEAST_KEY_BITS:
            found[entry["kid"]] = key
    return found
