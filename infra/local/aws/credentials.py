"""Access keys: IAM users' own, and the temporary ones that STS hands out."""

import math
import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from infra.local.aws.iam import Iam, tags_of
from infra.local.aws.identity_center import IdentityCenter
from infra.local.aws.model import UNTAGGED, Caller, SessionTags
from infra.local.aws.session_tags import merged
from infra.local.config import ACCOUNT_ID

_KEY_CHARACTERS = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Session:
    """What STS remembers of the credentials it made."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    token: str = field(repr=False)
    role_arn: str
    role_id: str
    session_name: str
    began_at: float
    expires_at: float
    user_id: str | None  # the identity-store user of an identity-enhanced session
    scopes: frozenset[str]  # what that user's context may be used for
    provider_arn: str | None  # the identity provider whose token opened it
    tags: SessionTags


@dataclass(frozen=True)
class Key:
    """A secret to check a signature with, and whose it is."""

    secret_access_key: str = field(repr=False)
    caller: Caller


class UnknownKey(Exception):
    """No such access key, or not with this session token."""


class ExpiredKey(Exception):
    """The session of this access key is over."""


class Credentials:
    """Every access key that the endpoint accepts."""

    def __init__(self, *, iam: Iam, identity_center: IdentityCenter, clock: Callable[[], float]) -> None:
        self._iam = iam
        self._identity_center = identity_center
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def issue(
        self,
        *,
        role_arn: str,
        role_id: str,
        session_name: str,
        seconds: int,
        ends_by: float = math.inf,
        user_id: str | None = None,
        scopes: frozenset[str] = frozenset(),
        provider_arn: str | None = None,
        tags: SessionTags = UNTAGGED,
    ) -> Session:
        """Makes the credentials of a role session; it is over after `seconds`, and by `ends_by`."""
        now = self._clock()
        session = Session(
            access_key_id="ASIA" + "".join(secrets.choice(_KEY_CHARACTERS) for _ in range(16)),
            secret_access_key=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(192),
            role_arn=role_arn,
            role_id=role_id,
            session_name=session_name,
            began_at=now,
            expires_at=min(now + seconds, ends_by),
            user_id=user_id,
            scopes=scopes,
            provider_arn=provider_arn,
            tags=tags,
        )
        with self._lock:
            # A day longer than they last, so that a late caller is told that they expired.
            self._sessions = {
                key: kept for key, kept in self._sessions.items() if kept.expires_at + 86_400 > now
            }
            self._sessions[session.access_key_id] = session
        return session

    def expire(self, access_key_id: str) -> None:
        """Ends a session now; whoever signs with its credentials is told that they expired."""
        self._end(lambda session: session.access_key_id == access_key_id)

    def expire_all_of(self, user_id: str) -> None:
        """Ends now every session that carries the person's identity context."""
        self._end(lambda session: session.user_id == user_id)

    def _end(self, ends: Callable[[Session], bool]) -> None:
        with self._lock:
            now = self._clock()
            self._sessions = {
                key: replace(kept, expires_at=min(kept.expires_at, now)) if ends(kept) else kept
                for key, kept in self._sessions.items()
            }

    def find(self, access_key_id: str, token: str | None) -> Key:
        """The secret and the caller of an access key; raises UnknownKey or ExpiredKey."""
        session = self._sessions.get(access_key_id)
        if session is not None:
            return self._of_session(session, token)
        if token is not None:
            raise UnknownKey
        try:
            user, secret = self._iam.user_of_key(access_key_id)
        except LookupError as error:
            raise UnknownKey from error
        caller = Caller(
            account=ACCOUNT_ID,
            arn=user.arn,
            principal_arn=user.arn,
            user_id=user.id,
            access_key_id=access_key_id,
        )
        return Key(secret, caller)

    def _of_session(self, session: Session, token: str | None) -> Key:
        if token is None or not secrets.compare_digest(token.encode(), session.token.encode()):
            raise UnknownKey
        if self._clock() >= session.expires_at:
            raise ExpiredKey
        try:
            role = self._iam.role(session.role_arn)
            person = self._identity_center.person(session.user_id) if session.user_id else None
        except LookupError as error:
            raise UnknownKey from error
        if role.id != session.role_id:  # deleted and made anew: another role
            raise UnknownKey
        name = role.name
        caller = Caller(
            account=ACCOUNT_ID,
            arn=f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/{session.session_name}",
            principal_arn=role.arn,
            user_id=f"{role.id}:{session.session_name}",
            role_name=name,
            session_name=session.session_name,
            person=person,
            scopes=session.scopes,
            expires_at=datetime.fromtimestamp(session.expires_at, UTC),
            access_key_id=session.access_key_id,
            began_at=datetime.fromtimestamp(session.began_at, UTC),
            provider_arn=session.provider_arn,
            tags=merged(tags_of(role), session.tags.values),
            transitive_tags=session.tags.transitive,
        )
        return Key(session.secret_access_key, caller)
