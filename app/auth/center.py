"""What IAM Identity Center tells about the person that it sealed: to be shown, and never to be trusted."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

# The ids of users and of stores as IAM Identity Center forms them; anything else is not shown.
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_LONGEST = 16_384
_MOST_SECONDS = 10**8


@dataclass(frozen=True)
class Told:
    """A user's id, their identity store's, and how long the context holds; empty where nothing is told."""

    user_id: str = ""
    identity_store: str = ""
    holds: timedelta | None = None


def told(answer: Mapping[str, Any]) -> Told:
    """What an answer of CreateTokenWithIAM tells.

    Its ID token is read without its signature: the context that STS takes is another member, which nobody
    here can read, and nothing is decided by this.
    """
    claims, seconds = _claims(answer.get("idToken")), answer.get("expiresIn")
    return Told(
        user_id=_id(claims.get("sub")),
        identity_store=_id(claims.get("aws:identity_store_id")),
        holds=timedelta(seconds=seconds) if type(seconds) is int and 0 < seconds <= _MOST_SECONDS else None,
    )


def _claims(token: object) -> Mapping[str, Any]:
    parts = token.split(".") if isinstance(token, str) and len(token) <= _LONGEST else []
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _id(value: object) -> str:
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""
