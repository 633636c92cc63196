"""What one person asked a moment ago, so that a redrawn page does not ask again."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field

from app.redshift.table import Table


@dataclass
class _Entry:
    flight: Future[Table] = field(default_factory=Future)
    landed: float | None = None


class Memory:
    """Tables by key, for a few seconds, a bounded number of them; who asks for one under way waits for it.

    It belongs to one person's Warehouse: rows that one person may see must never be found by another.
    """

    def __init__(self, *, seconds: float, most: int, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._entries: dict[Hashable, _Entry] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Table], *, fresh: bool = False) -> Table:
        """The table under this key, made by the first who asks; `fresh` makes it anew."""
        with self._lock:
            self._drop_old()
            known = None if fresh else self._entries.get(key)
            entry = known or _Entry()
            self._entries[key] = entry
        if known is None:
            self._make(key, entry, make)
        return entry.flight.result()

    def _make(self, key: Hashable, entry: _Entry, make: Callable[[], Table]) -> None:
        try:
            table = make()
        except BaseException as error:
            with self._lock:
                self._remove(key, entry)
            entry.flight.set_exception(error)
            raise
        with self._lock:
            entry.landed = self._clock()
        entry.flight.set_result(table)

    def forget(self) -> None:
        """Lets go of everything; what is under way still reaches those who wait for it."""
        with self._lock:
            self._entries.clear()

    def _remove(self, key: Hashable, entry: _Entry) -> None:
        if self._entries.get(key) is entry:
            del self._entries[key]

    def _drop_old(self) -> None:
        oldest_first = sorted(
            ((entry.landed, key) for key, entry in self._entries.items() if entry.landed is not None),
            key=lambda pair: pair[0],
        )
        spare = len(self._entries) - self._most + 1
        for place, (landed, key) in enumerate(oldest_first):
            if place < spare or self._clock() - landed >= self._seconds:
                del self._entries[key]
