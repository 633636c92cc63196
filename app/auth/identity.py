"""From an ID token that anybody may have written to an Identity that the provider vouches for."""

import hmac
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NewType, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.types import Options

from app.auth.tags import UNTAGGED, SessionTags, session_tags
from app.errors import InvalidToken

UnverifiedToken = NewType("UnverifiedToken", str)
"""An ID token of which nothing is known yet; nothing reads claims from it but `verify`."""

# Well-kept clocks differ by less than a second; a minute forgives a laptop and opens no window worth having.
LEEWAY_SECONDS = 60
# The standard's claim; and the one of Microsoft Entra ID, which never sends that: the owner of the address's
# domain is verified. Anything else there, upn too, is whatever the tenant's administrators typed.
EMAIL_VERIFIED, DOMAIN_OWNER_VERIFIED = "email_verified", "xms_edov"
# STS takes at most 20,000 characters; what is larger is no ID token of ours and not worth parsing.
MAX_TOKEN_LENGTH = 16_384
_MAX_EMAIL_LENGTH = 254
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # neither shown nor sent anywhere
# Every claim is checked here, by name: the library skips one that is missing, and asks the system's clock.
_SIGNATURE_ALONE: Options = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}
_AGAIN = "Sign in again. If it happens again, give the code below to your administrator."


class Keys(Protocol):
    """The provider's public keys."""

    def key(self, kid: str) -> RSAPublicKey:
        """The key of that id; one that the provider does not publish raises InvalidToken."""


@dataclass(frozen=True)
class Identity:
    """A person, as the provider vouches for them; made by `verify`, and read back by `Standing` alone."""

    subject: str
    email: str
    name: str
    groups: tuple[str, ...]  # for display; Redshift decides by IAM Identity Center's groups, or by the tags
    issuer: str
    expires_at: datetime
    token: str = field(repr=False)
    tags: SessionTags = UNTAGGED  # where PROPAGATION is session_tags, STS gives them to the role session


def verify(
    token: UnverifiedToken,
    *,
    keys: Keys,
    issuer: str,
    client_id: str,
    nonce: str,
    email_verified: str = EMAIL_VERIFIED,
    renews: Identity | None = None,
    clock: Callable[[], float] = time.time,
) -> Identity:
    """Makes an Identity of an ID token that has just arrived, or raises InvalidToken.

    `email_verified` is the claim by which the provider vouches for the address. A token that `renews` an
    identity may leave out the nonce, but has to be about the same person.
    """
    claims = _signed_claims(token, keys)
    _check_parties(claims, issuer=issuer, client_id=client_id)
    expires_at = _check_time(claims, clock())
    _check_nonce(claims, nonce, optional=renews is not None)
    identity = Identity(
        subject=_text(claims, "sub"),
        email=_verified_email(claims, email_verified),
        name=_text(claims, "name") if "name" in claims else _text(claims, "email"),
        groups=_groups(claims),
        issuer=issuer,
        expires_at=expires_at,
        token=token,
        tags=session_tags(claims),
    )
    if renews is not None and (identity.subject, identity.email) != (renews.subject, renews.email):
        raise InvalidToken(
            "The identity provider renewed the sign-in for somebody else.", _AGAIN, code="RL-219"
        )
    return identity


def _signed_claims(token: UnverifiedToken, keys: Keys) -> Mapping[str, Any]:
    """The claims of a token that one of the provider's keys has signed with RS256."""
    if not isinstance(token, str) or len(token) > MAX_TOKEN_LENGTH:
        raise _malformed("it is too large")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, RecursionError, UnicodeError):
        header = {}
    if not header:
        raise _malformed("it is not a JSON Web Token")
    # One algorithm, asymmetric: with a choice, a token could pick HS256 and be signed with the public key.
    # Keys come from the configured provider alone; `jwk`, `jku` and `x5u` in the header are never looked at.
    if header.get("alg") != "RS256":
        raise InvalidToken("The ID token is not signed with RS256.", _AGAIN, code="RL-212")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise InvalidToken("The ID token does not name its key.", _AGAIN, code="RL-213")
    return _decode(token, keys.key(kid))


def _decode(token: str, key: RSAPublicKey) -> Mapping[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=["RS256"], options=_SIGNATURE_ALONE)
    except jwt.InvalidSignatureError:
        signed = False
    except (jwt.InvalidTokenError, jwt.InvalidKeyError, RecursionError, UnicodeError):
        signed = True
    if signed:
        raise _malformed("it cannot be read")
    raise InvalidToken("The ID token's signature is not the identity provider's.", _AGAIN, code="RL-212")


def _check_parties(claims: Mapping[str, Any], *, issuer: str, client_id: str) -> None:
    """By whom, and for whom: a token for another app proves nothing to this one."""
    if claims.get("iss") != issuer:
        raise InvalidToken("The ID token comes from another identity provider.", _AGAIN, code="RL-214")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or client_id not in audiences:
        raise InvalidToken("The ID token is meant for another app.", _AGAIN, code="RL-215")
    # With several audiences the authorised party has to be named, and it has to be us whenever it is.
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        raise InvalidToken("The ID token was handed to another app.", _AGAIN, code="RL-215")


def _check_time(claims: Mapping[str, Any], now: float) -> datetime:
    """When: the token has just arrived, so one that is not of this minute tells of a wrong clock."""
    issued, expires = _instant(claims, "iat"), _instant(claims, "exp")
    not_before = _instant(claims, "nbf") if "nbf" in claims else issued
    if max(issued, not_before) > now + LEEWAY_SECONDS:
        raise _wrong_clock(max(issued, not_before) - now, "behind")
    if expires < now - LEEWAY_SECONDS:
        raise _wrong_clock(now - issued, "ahead of")
    try:
        return datetime.fromtimestamp(expires, UTC)
    except (OverflowError, OSError, ValueError):
        pass
    raise _malformed("exp is not a moment")


def _wrong_clock(seconds: float, direction: str) -> InvalidToken:
    minutes = round(seconds / 60)
    off = f"{minutes} minutes" if minutes > 1 else f"{round(seconds)} seconds"
    return InvalidToken(
        f"This computer's clock is about {off} {direction} the identity provider's, so its sign-in looks "
        "as if it were not of now.",
        "Have the clock of the computer that runs Rowlight set by a time server, then sign in again.",
        code="RL-216",
    )


def _check_nonce(claims: Mapping[str, Any], nonce: str, *, optional: bool) -> None:
    """For which sign-in: a token of another one, even of the same person, is a replay."""
    if optional and "nonce" not in claims:
        return
    if not hmac.compare_digest(_text(claims, "nonce", code="RL-217").encode(), nonce.encode()):
        raise InvalidToken("The ID token belongs to another sign-in.", _AGAIN, code="RL-217")


def _verified_email(claims: Mapping[str, Any], email_verified: str) -> str:
    """The email address, by which IAM Identity Center finds the person."""
    email = _text(claims, "email", code="RL-218")
    if len(email) > _MAX_EMAIL_LENGTH or not _EMAIL.fullmatch(email):
        raise InvalidToken("The ID token's email address is not one.", _AGAIN, code="RL-218")
    if not _vouched(claims.get(email_verified), email_verified):
        raise InvalidToken(
            "The identity provider has not verified this email address.",
            "Have the address verified at the identity provider, then sign in again.",
            code="RL-218",
        )
    return email


def _vouched(value: object, claim: str) -> bool:
    """Exactly true: "false" and 1 are truthy as well; but Microsoft writes its own claim in several ways."""
    return value is True or (claim == DOMAIN_OWNER_VERIFIED and value in (1, "1", "true"))


def _groups(claims: Mapping[str, Any]) -> tuple[str, ...]:
    groups = claims.get("groups", [])
    groups = [groups] if isinstance(groups, str) else groups
    if not isinstance(groups, list) or not all(
        isinstance(group, str) and not _UNFIT.search(group) for group in groups
    ):
        raise _malformed("groups is not a list of names")
    return tuple(groups)


def _text(claims: Mapping[str, Any], claim: str, *, code: str = "RL-211") -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not value.strip() or _UNFIT.search(value):
        raise _malformed(f"{claim} is missing or is not text", code=code)
    return value


def _instant(claims: Mapping[str, Any], claim: str) -> float:
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _malformed(f"{claim} is missing or is not a moment")
    return float(value)


def _malformed(reason: str, *, code: str = "RL-211") -> InvalidToken:
    return InvalidToken(f"The ID token cannot be used: {reason}.", _AGAIN, code=code)
