"""Where sessions, sign-ins under way and tickets are kept: by the digest of a random value, for a while."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from app.session.cookies import digest

Clock = Callable[[], float]  # seconds since 1970


def key(kind: str, secret: str) -> str:
    """By what the store has something: who reads it there learns no secret."""
    return f"{kind}#{digest(secret)}"


@dataclass(frozen=True)
class Entry:
    """A value, and the version that a change has to name."""

    value: bytes = field(repr=False)
    version: int


class Store(Protocol):
    """Keys → values that leave by themselves at `expires_at`; safe to share between threads.

    Every method may raise StoreUnavailable. Keys are `<kind>#<digest>`.
    """

    def add(self, key: str, value: bytes, *, expires_at: float) -> bool:
        """Keeps a new value; tells whether the key was free."""

    def get(self, key: str) -> Entry | None:
        """The value as of now, also where another process wrote it; None when there is none."""

    def swap(self, key: str, value: bytes, *, version: int, expires_at: float) -> bool:
        """Replaces the value unless somebody else has replaced or taken it since."""

    def take(self, key: str) -> Entry | None:
        """Takes the value away: of all who try at once, one gets it."""

    def entries(self, kind: str) -> Iterator[tuple[str, Entry]]:
        """All of a kind; for lists, not for looking one up."""

    def purge(self) -> None:
        """Lets go of what has expired."""


@dataclass
class _Kept:
    entry: Entry
    expires_at: float


class MemoryStore:
    """The store of one process, bounded; what it holds ends with the process."""

    def __init__(self, *, most: int, clock: Clock = time.time) -> None:
        """`most` is the number of entries of each kind; beyond it, the one unchanged for longest leaves."""
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[str, OrderedDict[str, _Kept]] = {}

    def add(self, key: str, value: bytes, *, expires_at: float) -> bool:
        """See Store."""
        with self._lock:
            kept = self._kind(key)
            if self._live(kept.get(key)) is not None:
                return False
            kept[key] = _Kept(Entry(value, 1), expires_at)
            self._make_room(kept)
            return True

    def get(self, key: str) -> Entry | None:
        """See Store."""
        with self._lock:
            return self._live(self._kind(key).get(key))

    def swap(self, key: str, value: bytes, *, version: int, expires_at: float) -> bool:
        """See Store."""
        with self._lock:
            kept = self._kind(key)
            entry = self._live(kept.get(key))
            if entry is None or entry.version != version:
                return False
            kept[key] = _Kept(Entry(value, version + 1), expires_at)
            kept.move_to_end(key)
            return True

    def take(self, key: str) -> Entry | None:
        """See Store."""
        with self._lock:
            return self._live(self._kind(key).pop(key, None))

    def entries(self, kind: str) -> Iterator[tuple[str, Entry]]:
        """See Store."""
        with self._lock:
            found = [(key, self._live(kept)) for key, kept in self._kinds.get(kind, {}).items()]
        return iter([(key, entry) for key, entry in found if entry is not None])

    def purge(self) -> None:
        """See Store."""
        with self._lock:
            for kept in self._kinds.values():
                self._drop_expired(kept)

    def _kind(self, key: str) -> OrderedDict[str, _Kept]:
        return self._kinds.setdefault(key.partition("#")[0], OrderedDict())

    def _live(self, kept: _Kept | None) -> Entry | None:
        return kept.entry if kept is not None and kept.expires_at > self._clock() else None

    def _make_room(self, kept: OrderedDict[str, _Kept]) -> None:
        if len(kept) > self._most:
            self._drop_expired(kept)
        while len(kept) > self._most:
            kept.popitem(last=False)

    def _drop_expired(self, kept: OrderedDict[str, _Kept]) -> None:
        now = self._clock()
        for key in [key for key, each in kept.items() if each.expires_at <= now]:
            del kept[key]
