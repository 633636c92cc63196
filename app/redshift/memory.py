"""What one person asked a moment ago, and what they are asking now."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import partial

from app import telemetry
from app.errors import AppError, SessionExpired
from app.redshift.table import Table
from app.redshift.workers import WORKERS, Workers

# Of one person. A table above it is shown and not kept.
MOST_BYTES = 4 << 20
MOST_TABLES = 64

Make = Callable[["Flight"], Table]


class _Asking:
    """What the waiters of one asking share; all but its answer changes under its memory's lock alone."""

    def __init__(self, key: Hashable, *, number: int, era: int) -> None:
        self.key = key
        self.number = number
        self.era = era
        self.waiters = 0
        self.landed: float | None = None
        self.size = 0
        self.answer: Future[Table] = Future()
        self.abandoned = threading.Event()
        self.stops: list[Callable[[], None]] = []


class Flight:
    """One asking, under way or landed, as one of those who wait for it holds it."""

    def __init__(self, memory: "Memory", asking: _Asking, span: telemetry.Span | None = None) -> None:
        """`span` is ended by a waiter's leaving; what has none waits for nothing."""
        self._memory = memory
        self._asking = asking
        self._span = span

    @property
    def abandoned(self) -> threading.Event:
        """Set when nobody waits for it any more."""
        return self._asking.abandoned

    def wait(self, seconds: float) -> bool:
        """Waits for so long; True once it has landed, whether with rows or with an error."""
        try:
            self._asking.answer.exception(seconds)
        except TimeoutError:
            return False
        return True

    def table(self) -> Table:
        """The rows, in a table of this waiter's own; raises anew what the asking raised."""
        error = None
        try:
            error = self._asking.answer.exception()
        finally:
            self.leave(error)
        if isinstance(error, AppError):
            raise error.anew() from error.__cause__
        table = self._asking.answer.result()
        self._memory.check(self._asking)
        return table.copy()

    def leave(self, error: BaseException | None = None) -> None:
        """Gives up; when the last has left one that is under way, it is abandoned."""
        span, self._span = self._span, None
        if span is not None:
            span.end(error)
            self._memory.leave(self._asking)

    def on_abandoned(self, stop: Callable[[], None]) -> None:
        """Has this called once, when it is abandoned, or now if it is already; it must not wait."""
        self._memory.on_abandoned(self._asking, stop)

    def keep_under(self, key: Hashable) -> None:
        """Has later askers find it under this key: what its first one knew when it took off has changed."""
        self._memory.move(self._asking, key)


class Memory:
    """Tables by key, for a few seconds, of a bounded number and size; equal asks at one time are one.

    It belongs to one person's Warehouse: rows that one person may see must never be found by another.
    """

    def __init__(
        self,
        *,
        person: str,
        seconds: float,
        clock: Callable[[], float],
        most_bytes: int = MOST_BYTES,
        workers: Workers = WORKERS,
    ) -> None:
        self._person = person
        self._seconds = seconds
        self._clock = clock
        self._most_bytes = most_bytes
        self._workers = workers
        self._askings: dict[Hashable, _Asking] = {}  # the newest of each key; those that landed, in order
        self._under_way: set[_Asking] = set()
        self._number = 0
        self._era = 0
        self._lock = threading.Lock()

    def fly(
        self, key: Hashable, make: Make, *, fresh: bool = False, span: telemetry.Span = telemetry.NOTHING
    ) -> Flight:
        """The asking under this key, begun on another thread by the first who asks; `fresh` begins anew.

        `span` lasts as long as the flight.
        """
        with self._lock:
            self._drop_old()
            asking = None if fresh else self._askings.get(key)
            begins = asking is None
            if asking is None:
                self._number += 1
                asking = self._askings[key] = _Asking(key, number=self._number, era=self._era)
                self._under_way.add(asking)
            asking.waiters += 1
            answer = "asked" if begins else "shared" if asking.landed is None else "known"
        span.tell(answer=answer)
        telemetry.measure("rowlight.questions", answer=answer)
        if begins:
            self._begin(asking, make, span)
        return Flight(self, asking, span)

    def forget(self) -> None:
        """Lets go of everything, as a sign-out must: nothing asked before is given to anybody after."""
        with self._lock:
            self._era += 1
            self._askings.clear()
            stops = [stop for asking in self._under_way for stop in _abandon(asking)]
        _call(stops)

    def outdate(self) -> None:
        """Has whoever asks from now on begin anew; those who wait already get what they asked for."""
        with self._lock:
            self._askings.clear()

    def sweep(self) -> None:
        """Lets go of what is too old to be given to anybody, though its person asks nothing more."""
        with self._lock:
            self._drop_old()

    def check(self, asking: _Asking) -> None:
        """Raises SessionExpired for what was asked before the sign-out."""
        with self._lock:
            forgotten = asking.era != self._era
        if forgotten:
            raise SessionExpired("You are signed out.", "Sign in again.", code="RL-233")

    def leave(self, asking: _Asking) -> None:
        """One of its waiters waits no more."""
        stops: list[Callable[[], None]] = []
        with self._lock:
            asking.waiters -= 1
            if not asking.waiters and asking in self._under_way:
                # Whoever asks next begins anew: this one may have been stopped already.
                self._remove(asking)
                stops = _abandon(asking)
        _call(stops)

    def on_abandoned(self, asking: _Asking, stop: Callable[[], None]) -> None:
        """See Flight."""
        with self._lock:
            late = asking.abandoned.is_set()
            if not late:
                asking.stops.append(stop)
        if late:
            _call([stop])

    def move(self, asking: _Asking, key: Hashable) -> None:
        """See Flight; one that took off later stays where it is."""
        with self._lock:
            if self._askings.get(asking.key) is not asking:
                return
            del self._askings[asking.key]
            there = self._askings.get(key)
            if there is None or there.number < asking.number:
                asking.key = key
                self._askings[key] = asking

    def _begin(self, asking: _Asking, make: Make, span: telemetry.Span) -> None:
        try:
            self._workers.submit(self._person, span.carried(partial(self._make, asking, make)))
        except RuntimeError as error:  # no thread is to be had: nobody may wait for what nobody makes
            self._land(asking, None)
            asking.answer.set_exception(error)

    def _make(self, asking: _Asking, make: Make) -> None:
        try:
            table = make(Flight(self, asking))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            self._land(asking, None)
            asking.answer.set_exception(error)
        else:
            self._land(asking, table)
            asking.answer.set_result(table)

    def _land(self, asking: _Asking, table: Table | None) -> None:
        """Keeps a table, unless something newer is under its key; never a failure."""
        with self._lock:
            self._under_way.discard(asking)
            asking.stops.clear()
            if not self._remove(asking) or table is None or not self._seconds:
                return
            asking.size = table.columns.nbytes
            if asking.size <= self._most_bytes:
                asking.landed = self._clock()
                self._askings[asking.key] = asking
                self._drop_old()

    def _remove(self, asking: _Asking) -> bool:
        if self._askings.get(asking.key) is not asking:
            return False
        del self._askings[asking.key]
        return True

    def _drop_old(self) -> None:
        landed = [asking for asking in self._askings.values() if asking.landed is not None]
        number, size = len(landed), sum(asking.size for asking in landed)
        for asking in landed:
            age = self._clock() - (asking.landed or 0)
            if age < self._seconds and number <= MOST_TABLES and size <= self._most_bytes:
                break
            self._remove(asking)
            number, size = number - 1, size - asking.size


def _abandon(asking: _Asking) -> list[Callable[[], None]]:
    """What is to be called for it, under no lock."""
    asking.abandoned.set()
    stops, asking.stops = asking.stops, []
    return stops


def _call(stops: list[Callable[[], None]]) -> None:
    for stop in stops:
        stop()
