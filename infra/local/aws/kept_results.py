"""What all kept results together may hold in memory."""

import threading
from collections.abc import Iterable
from dataclasses import replace

from infra.local.aws.statement import Part

KEPT_BYTES = 1024 * 1024 * 1024


class KeptResults:
    """Bounds the results that are kept for a day: the oldest make way for newer ones.

    A result that had to go answers as one that is past its time; the newest one stays however large it is.
    """

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._held: dict[Part, int] = {}
        self._total = 0

    def add(self, parts: Iterable[Part]) -> None:
        """Counts what has just been finished."""
        with self._lock:
            for part in parts:
                if part.state.result is not None:
                    self._held[part] = part.state.result.memory
                    self._total += part.state.result.memory
            while self._total > self._most and len(self._held) > 1:
                self._release(next(iter(self._held)))

    def drop(self, parts: Iterable[Part]) -> None:
        """Gives up results before their turn."""
        with self._lock:
            for part in parts:
                self._release(part)

    def _release(self, part: Part) -> None:
        held = self._held.pop(part, None)
        if held is not None:
            self._total -= held
            part.state = replace(part.state, result=None)
