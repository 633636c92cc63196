"""What one browser may take once, and soon: a sign-in under way, a ticket."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from app.session.cookies import digest
from app.session.record import STRANGE
from app.session.store import Store, key

T = TypeVar("T")


class Once:
    """Values under secrets, each for the browser of one visitor; the store knows no secret."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def keep(self, kind: str, secret: str, members: dict[str, Any], *, visitor: str, seconds: int) -> None:
        """Keeps what is to be taken within so many seconds."""
        value = json.dumps({**members, "visitor": digest(visitor)}, default=str).encode()
        expires_at = (self._clock() + timedelta(seconds=seconds)).timestamp()
        self._store.add(key(kind, secret), value, expires_at=expires_at)

    def take(self, kind: str, secret: str, read: Callable[[dict[str, Any]], T], *, visitor: str) -> T | None:
        """What was kept under this secret for this browser, once; None where there is nothing of its own."""
        entry = self._store.get(key(kind, secret)) if visitor else None
        # Looked at first: somebody else's request must not end it, nor a version that cannot read it.
        members: dict[str, Any] = json.loads(entry.value) if entry is not None else {}
        if members.pop("visitor", "") != digest(visitor):
            return None
        try:
            held = read(members)
        except STRANGE:
            return None
        return held if self._store.take(key(kind, secret)) is not None else None
