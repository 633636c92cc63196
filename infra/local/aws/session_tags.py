"""Session tags as STS reads them in an ID token, and what policies are told of them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.local.aws.model import AwsError, SessionTags

_CLAIM = "https://aws.amazon.com/tags"
_FLAT = f"{_CLAIM}/principal_tags/"
_MOST, _LONGEST_KEY, _LONGEST_VALUE = 50, 128, 256
_CHARACTERS = re.compile(r"[\w\s.:/=+@-]*")


def read(claims: Mapping[str, Any]) -> SessionTags:
    """The tags of a verified token, in the nested or the flattened form; raises AwsError."""
    tags: dict[str, str] = {}
    for key, value in (*_nested(claims), *_flat(claims)):
        if not _fits(key, value) or key.lower() in {known.lower() for known in tags}:
            raise _malformed()
        tags[key] = value
    transitive = _transitive(claims)
    if len(tags) > _MOST or not set(transitive) <= tags.keys():
        raise _malformed()
    return SessionTags(tags, transitive)


def _nested(claims: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    claim = claims.get(_CLAIM, {})
    tags = claim.get("principal_tags", {}) if isinstance(claim, dict) else None
    if not isinstance(tags, dict):
        raise _malformed()
    for key, values in tags.items():
        if not (isinstance(values, list) and len(values) == 1 and isinstance(values[0], str)):
            raise _malformed()
        yield key, values[0]


def _flat(claims: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in claims.items():
        if name.startswith(_FLAT):
            if not isinstance(value, str):
                raise _malformed()
            yield name.removeprefix(_FLAT), value


def _transitive(claims: Mapping[str, Any]) -> tuple[str, ...]:
    nested = claims.get(_CLAIM, {}).get("transitive_tag_keys")
    keys = claims.get(f"{_CLAIM}/transitive_tag_keys") if nested is None else nested
    if keys is None:
        return ()
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise _malformed()
    return tuple(keys)


def _fits(key: str, value: str) -> bool:
    return (
        1 <= len(key) <= _LONGEST_KEY
        and len(value) <= _LONGEST_VALUE
        and not key.lower().startswith("aws:")
        and all(_CHARACTERS.fullmatch(text) for text in (key, value))
    )


def _malformed() -> AwsError:
    return AwsError("InvalidIdentityToken", "The session tags in the provided token are not valid.")


def merged(role: Mapping[str, str], session: Mapping[str, str]) -> dict[str, str]:
    """The principal's tags: the role's own, but for those that came with the session."""
    named = {key.lower() for key in session}
    return {**{key: value for key, value in role.items() if key.lower() not in named}, **session}
