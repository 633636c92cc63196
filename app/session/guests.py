"""Who sits beside whom, in all processes: the key of one session leads to another's, and opens neither."""

from app.session.store import Store

GUEST = "guest"


class Guests:
    """One place beside each session, for the key of another."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, first: str) -> str:
        """The key of the session beside this one, or an empty text."""
        entry = self._store.get(_place(first)) if first else None
        return entry.value.decode() if entry is not None else ""

    def seat(self, first: str, guest: str, *, expires_at: float) -> str:
        """Puts a session beside another; returns the key of the one that was there, or an empty text."""
        place, value, before = _place(first), guest.encode(), ""
        while True:
            entry = self._store.get(place)
            if entry is None:
                seated = self._store.add(place, value, expires_at=expires_at)
            elif entry.value == value:
                return before  # the store's answer got lost, was asked for again, and then said no
            else:
                before = entry.value.decode()
                seated = self._store.swap(place, value, version=entry.version, expires_at=expires_at)
            if seated:
                return before

    def clear(self, first: str) -> str:
        """Empties the place; returns the key of the session that was there, or an empty text."""
        entry = self._store.get(_place(first)) if first else None
        if entry is None:
            return ""
        # An answer that got lost is asked for again, and then nothing is there: what was seen is meant.
        return (self._store.take(_place(first)) or entry).value.decode()


def _place(first: str) -> str:
    return f"{GUEST}#{first.partition('#')[2]}"
