"""Whose work runs when: few at a time, everybody in turn, and what takes long makes way for the others."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

PLACES = 8
EACH = 8
PATIENCE_SECONDS = 1.0


@dataclass(eq=False)
class _Turn:
    who: Hashable
    work: Callable[[], None]
    future: "Future[None]" = field(default_factory=Future)


class Turns:
    """Runs work in threads, so that nobody's work keeps somebody else's from running.

    `places` pieces of work start side by side, which is fastest when each is short. Work that goes on for
    longer than `patience` seconds gives its place up and runs on beside the others, at most `each` of one
    person's. Whoever waits is served in turn, a piece at a time.
    """

    def __init__(
        self,
        *,
        most: int,
        places: int = PLACES,
        each: int = EACH,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._places = places
        self._each = each
        self._patience = patience
        self._lock = threading.RLock()
        self._waiting: dict[Hashable, deque[_Turn]] = {}  # who was served longest ago comes first
        self._running: dict[_Turn, float] = {}
        self._timer: threading.Timer | None = None
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="redshift-data")

    def take(self, who: Hashable, work: Callable[[], None]) -> "Future[None]":
        """Runs the work when it is its turn; until then the future can be cancelled."""
        turn = _Turn(who, work)
        turn.future.add_done_callback(lambda _: self._leave(turn))
        with self._lock:
            closed = not self._places
            if not closed:
                self._waiting.setdefault(who, deque()).append(turn)
        if closed:
            turn.future.cancel()
        self._serve()
        return turn.future

    def close(self) -> None:
        """Starts nothing any more; what runs must end by itself."""
        with self._lock:
            waiting = [turn for turns in self._waiting.values() for turn in turns]
            self._places = 0
            if self._timer is not None:
                self._timer.cancel()
            self._pool.shutdown(wait=False)
        for turn in waiting:
            turn.future.cancel()

    def _serve(self) -> None:
        """Starts whatever may start now, and comes back when somebody's patience ends."""
        started = []
        with self._lock:
            while (turn := self._next()) is not None:
                self._running[turn] = time.monotonic()
                started.append((turn, self._pool.submit(turn.work)))
            if self._waiting and self._timer is None and self._places and self._full():
                self._timer = threading.Timer(self._until_next_place(), self._on_time)
                self._timer.daemon = True
                self._timer.start()
        for turn, running in started:
            running.add_done_callback(partial(_pass_on, turn.future))

    def _on_time(self) -> None:
        with self._lock:
            self._timer = None
        self._serve()

    def _next(self) -> _Turn | None:
        if self._full():
            return None
        running = Counter(turn.who for turn in self._running)
        for who, turns in list(self._waiting.items()):
            while turns and running[who] < self._each:
                turn = turns.popleft()
                del self._waiting[who]
                if turns:
                    self._waiting[who] = turns
                if turn.future.set_running_or_notify_cancel():
                    return turn
        return None

    def _held(self) -> list[float]:
        """Since when each of those runs that have not yet given their places up."""
        now = time.monotonic()
        return [since for since in self._running.values() if now - since < self._patience]

    def _full(self) -> bool:
        return len(self._held()) >= self._places

    def _until_next_place(self) -> float:
        longest = min(self._held(), default=0.0)
        return max(longest + self._patience - time.monotonic(), 0.0)

    def _leave(self, turn: _Turn) -> None:
        with self._lock:
            self._running.pop(turn, None)
            turns = self._waiting.get(turn.who)
            if turns is not None and turn in turns:
                turns.remove(turn)
                if not turns:
                    del self._waiting[turn.who]
        self._serve()


def _pass_on(outcome: "Future[None]", inner: "Future[None]") -> None:
    error = inner.exception()
    if error is None:
        outcome.set_result(None)
    else:
        outcome.set_exception(error)
