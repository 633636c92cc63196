"""JSON Web Tokens of OpenID Connect issuers, verified with the keys that the issuer publishes."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt

LEEWAY_SECONDS = 5
_TIMEOUT_SECONDS = 5
# A token with an unknown `kid` makes the keys be fetched again, but not more often than this.
_REFETCH_SECONDS = 1
_MAX_BYTES = 1_000_000
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class TokenRejected(Exception):
    """The token is not what it has to be; the text says why, and repeats nothing of it."""


class TokenExpired(TokenRejected):
    """The token was good, and is over."""


class IssuerUnreachable(Exception):
    """The issuer's keys cannot be had."""


@dataclass(frozen=True)
class _Keys:
    by_id: Mapping[str, jwt.PyJWK]
    fetched_at: float


class TokenVerifier:
    """Verifies tokens of the issuers that the caller names, and of no other."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._keys: dict[str, _Keys] = {}
        self._lock = threading.Lock()

    def verify(self, token: str, *, issuer: str) -> Mapping[str, Any]:
        """The claims of a token that `issuer` signed (RS256) and that is valid now."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise TokenRejected("It is not a JSON Web Token.") from error
        if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
            raise TokenRejected("It must be signed with RS256 and name its key.")
        key = self._key(issuer, header["kid"])
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=issuer,
                # The times are checked below against the endpoint's own clock.
                options={
                    "require": ["iss", "sub", "aud", "exp", "iat"],
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise TokenRejected(f"Its signature or its claims are wrong ({type(error).__name__}).") from error
        self._check_times(claims)
        return claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in times.values()):
            raise TokenRejected("Its times must be whole numbers.")
        now = self._clock()
        if now >= times["exp"] + LEEWAY_SECONDS:
            raise TokenExpired("It has expired.")
        if times["iat"] > now + LEEWAY_SECONDS or times.get("nbf", now) > now + LEEWAY_SECONDS:
            raise TokenRejected("It is not valid yet.")

    def _key(self, issuer: str, kid: str) -> jwt.PyJWK:
        with self._lock:
            keys = self._keys.get(issuer)
            stale = keys is None or (
                kid not in keys.by_id and self._clock() - keys.fetched_at >= _REFETCH_SECONDS
            )
            if keys is None or stale:
                keys = self._keys[issuer] = _Keys(_fetch_keys(issuer), self._clock())
        if kid not in keys.by_id:
            raise TokenRejected("Its key is not one of the issuer's.")
        return keys.by_id[kid]


def unverified_issuer(token: str) -> str:
    """The issuer that a token claims to be from: for looking up whether it is trusted, and nothing else."""
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.InvalidTokenError, ValueError) as error:
        raise TokenRejected("It is not a JSON Web Token.") from error
    if not isinstance(issuer, str):
        raise TokenRejected("It names no issuer.")
    return issuer


def audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The audiences of verified claims."""
    audience = claims["aud"]
    return tuple(audience) if isinstance(audience, list) else (str(audience),)


def _fetch_keys(issuer: str) -> dict[str, jwt.PyJWK]:
    configuration = _get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if configuration.get("issuer") != issuer:
        raise IssuerUnreachable("The discovery document is of another issuer.")
    found = _get(str(configuration.get("jwks_uri"))).get("keys")
    keys = {}
    for key in found if isinstance(found, list) else []:
        if (
            isinstance(key, dict)
            and key.get("kty") == "RSA"
            and key.get("use", "sig") == "sig"
            and "kid" in key
        ):
            try:
                keys[str(key["kid"])] = jwt.PyJWK(key, algorithm="RS256")
            except jwt.PyJWKError as error:
                raise IssuerUnreachable("The issuer's keys cannot be read.") from error
    return keys


def _get(url: str) -> Mapping[str, Any]:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise IssuerUnreachable("An issuer is reached over https, or over http on this machine.")
    try:
        response = httpx.get(url, timeout=_TIMEOUT_SECONDS, follow_redirects=False)
        response.raise_for_status()
        found = response.json() if len(response.content) <= _MAX_BYTES else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise IssuerUnreachable("The issuer does not answer as an OpenID Connect provider does.") from error
    if not isinstance(found, dict):
        raise IssuerUnreachable("The issuer does not answer as an OpenID Connect provider does.")
    return found
