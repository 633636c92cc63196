"""What the provider remembers, in memory and bounded: codes, tokens, browser sessions."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oidc.core import AuthorizationCodeMixin

from infra.local.people import Person

Clock = Callable[[], float]
T = TypeVar("T")

CODE_SECONDS = 60
# A spent code or refresh token is remembered long enough for a replay to be told from a guess.
CODE_MEMORY_SECONDS = 600
REFRESH_TOKEN_SECONDS = 24 * 3600
SESSION_SECONDS = 8 * 3600
MOST_ENTRIES = 10_000


@dataclass(frozen=True)
class SignIn:
    """Who is there, and since when."""

    person: Person
    auth_time: int


@dataclass(eq=False)
class Family:
    """Everything that came of one code: one replay anywhere ends it all."""

    revoked: bool = False


@dataclass(eq=False)
class AuthorizationCode(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib is not typed
    """What a code stands for, and what its client must show to redeem it."""

    client_id: str
    redirect_uri: str
    scope: str
    sign_in: SignIn
    nonce: str | None
    code_challenge: str
    expires_at: float
    code_challenge_method: str = "S256"
    family: Family = field(default_factory=Family)
    used: bool = False

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.sign_in.auth_time


@dataclass(eq=False)
class Token(TokenMixin):  # type: ignore[misc]  # Authlib is not typed
    """What an access or refresh token stands for."""

    client: ClientMixin
    scope: str
    sign_in: SignIn
    family: Family
    used: bool = False
    revoked: bool = False

    def check_client(self, client: ClientMixin) -> bool:
        return bool(self.client.get_client_id() == client.get_client_id())

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return False  # the store lets go of a token when its time is over

    def is_revoked(self) -> bool:
        return self.revoked or self.family.revoked

    def get_user(self) -> SignIn:
        return self.sign_in

    def get_client(self) -> ClientMixin:
        return self.client


class Expiring(Generic[T]):
    """A bounded map whose entries leave after a fixed time, and the oldest of them when it is full."""

    def __init__(self, *, seconds: float, clock: Clock, most: int = MOST_ENTRIES) -> None:
        self._seconds = seconds
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: str, value: T) -> None:
        now = self._clock()
        with self._lock:
            self._entries[key] = (now + self._seconds, value)
            # All live equally long, so the first in is the first to go.
            while len(self._entries) > self._most or next(iter(self._entries.values()))[0] <= now:
                self._entries.popitem(last=False)

    def get(self, key: str) -> T | None:
        with self._lock:
            expires_at, value = self._entries.get(key, (0.0, None))
        return value if expires_at > self._clock() else None

    def drop(self, key: str) -> None:
        with self._lock:
            self._entries.pop(key, None)


class Ledger:
    """All that the provider has handed out."""

    def __init__(self, *, token_seconds: int, clock: Clock) -> None:
        self.codes: Expiring[AuthorizationCode] = Expiring(seconds=CODE_MEMORY_SECONDS, clock=clock)
        self.access_tokens: Expiring[Token] = Expiring(seconds=token_seconds, clock=clock)
        self.refresh_tokens: Expiring[Token] = Expiring(seconds=REFRESH_TOKEN_SECONDS, clock=clock)
        self.sessions: Expiring[SignIn] = Expiring(seconds=SESSION_SECONDS, clock=clock)
        self._lock = threading.Lock()

    def spend(self, credential: AuthorizationCode | Token) -> bool:
        """Takes a one-time credential; the second to try, even at the same moment, ends its family."""
        with self._lock:
            if credential.used:
                credential.family.revoked = True
            spent = not (credential.used or credential.family.revoked)
            credential.used = True
            return spent
