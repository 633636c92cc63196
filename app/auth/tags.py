"""Whom an ID token's tags for AWS name: the database user and the roles that a role session stands for.

STS alone decides what becomes of them; here they are read to be shown, and to be refused early.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CLAIM = "https://aws.amazon.com/tags"
_USER, _ROLES = "RedshiftDbUser", "RedshiftDbRoles"
_SEPARATOR = ":"
_LONGEST = 256
# What STS takes in a tag's value.
_VALUE = re.compile(r"[\w .:/=+@-]*")


@dataclass(frozen=True)
class SessionTags:
    """A database user and roles; empty where the token names none."""

    user: str = ""
    roles: tuple[str, ...] = ()


UNTAGGED = SessionTags()
"""What a token has that names nobody to Redshift."""


def session_tags(claims: Mapping[str, Any]) -> SessionTags:
    """The tags among the claims of an ID token, in either of the forms that STS reads."""
    user, roles = (_tag(claims, name) for name in (_USER, _ROLES))
    return SessionTags(user, tuple(dict.fromkeys(role for role in roles.split(_SEPARATOR) if role)))


def _tag(claims: Mapping[str, Any], name: str) -> str:
    claim = claims.get(_CLAIM)
    tags = claim.get("principal_tags") if isinstance(claim, dict) else None
    value = tags.get(name) if isinstance(tags, dict) else claims.get(f"{_CLAIM}/principal_tags/{name}")
    # A list of one, or the value itself.
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    fits = isinstance(value, str) and len(value) <= _LONGEST and _VALUE.fullmatch(value)
    return str(value) if fits else ""
