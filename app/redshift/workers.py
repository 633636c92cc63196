"""Threads on which people's questions are asked, so that a page can go on, or be stopped, while one runs."""

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from app import telemetry

MOST = 256
# So that nobody's many tabs take the threads that other people's pages need.
MOST_OF_ONE = 6
IDLE_SECONDS = 30.0

Call = Callable[[], None]
T = TypeVar("T")


class Workers:
    """A bounded number of threads, and a few of them for any one person; those who wait come in turn.

    While more than half of them are at work, only those who have none get another: a dozen people whose
    questions hang keep nobody else waiting. A thread that has had nothing to do for a while ends.

    They are daemons: a statement that takes its time does not keep a process from ending.
    """

    def __init__(
        self,
        name: str,
        *,
        most: int = MOST,
        most_of_one: int = MOST_OF_ONE,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`name` is what its threads are called."""
        self._name = name
        self._most = most
        self._most_of_one = most_of_one
        self._idle_seconds = idle_seconds
        self._threads = 0
        # Each that waits, by what wakes it; the last to come is the first to go, so that the others may end.
        self._idle: list[threading.Event] = []
        self._busy: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[Call]] = OrderedDict()
        self._lock = threading.Lock()

    def submit(self, person: str, call: Call) -> None:
        """Has a thread make the call when it is this person's turn."""
        call = telemetry.carried(call)
        with self._lock:
            if self._idle:
                self._idle.pop().set()
            elif self._threads < self._most:
                self._grow()
            self._waiting.setdefault(person, deque()).append(call)

    def _grow(self) -> None:
        try:
            self._begin()
        except RuntimeError:  # the process may have no more: those that there are will make the call
            if not self._threads:
                raise
        else:
            self._threads += 1

    def _begin(self) -> None:
        threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        try:
            while self._one():
                pass
        except BaseException:
            self._begin()  # in its place: only a mistake of the call's ends a thread so, which tells of it
            raise

    def _one(self) -> bool:
        """Makes a call when there is one; False when there was none for long."""
        # Its names end with it: a thread that waits must not hold what the last call gave, somebody's rows.
        found = self._next()
        if found is None:
            return False
        person, call = found
        try:
            call()
        finally:
            with self._lock:
                self._busy[person] -= 1
                if not self._busy[person]:
                    del self._busy[person]
        return True

    def _next(self) -> tuple[str, Call] | None:
        woken = threading.Event()
        while True:
            with self._lock:
                most = self._most_of_one if 2 * self._busy.total() < self._most else 1
                for person, calls in self._waiting.items():
                    if self._busy[person] < most:
                        return person, self._taken(person, calls)
                woken.clear()
                self._idle.append(woken)
            if not woken.wait(self._idle_seconds) and self._ends(woken):
                return None

    def _ends(self, woken: threading.Event) -> bool:
        """Whether a thread that waited in vain may end: not where it was woken just now."""
        with self._lock:
            if woken not in self._idle:
                return False
            self._idle.remove(woken)
            self._threads -= 1
        return True

    def _taken(self, person: str, calls: deque[Call]) -> Call:
        call = calls.popleft()
        self._busy[person] += 1
        self._waiting.move_to_end(person)
        if not calls:
            del self._waiting[person]
        if self._waiting and self._idle:
            self._idle.pop().set()  # where one ended, another person may have become the next, too
        return call


def fulfil(future: Future[T], job: Callable[[], T]) -> None:
    """Makes a future of what a job gives or raises."""
    try:
        answer = job()
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        future.set_exception(error)
    else:
        future.set_result(answer)


WORKERS = Workers("rowlight-asks")
"""The process's threads: nothing of any person is in them."""
