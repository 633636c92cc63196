"""Keeps this process under the account's quotas of the Data API, in turn for those who wait.

The quotas are an account's in a region and cannot be raised. Who meets them at AWS is refused, whoever used
them up; here they wait, and one with fifty tabs waits behind everybody else with one.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf

from app import telemetry
from app.redshift import faults
from app.redshift.path import Statement

# Calls a second of an account in a region. Cancelling waits for nobody: it makes room.
PER_SECOND: Mapping[str, int] = {
    "BatchExecuteStatement": 20,
    "DescribeStatement": 100,
    "ExecuteStatement": 30,
    "GetStatementResult": 20,
    "GetStatementResultV2": 20,
}
# AWS counts as calls arrive, and these overtake one another on the way.
_SECOND = 1.05
# How often who waits looks whether it is still wanted.
_LOOK = 0.05
# After AWS refused a call all the same: half of what was allowed, and all of it again after so many seconds.
_LESS = 0.5
_RECOVERY = 10.0

Clock = Callable[[], float]
Turn = Callable[[str, Statement], None]


def at_once(_operation: str, _statement: Statement) -> None:
    """The turn of whoever has the account's quotas to themselves."""


class Late(Exception):
    """The deadline passed before the call could go out."""


class GivenUp(Exception):
    """Nobody waits for the call any more."""


def _stays() -> bool:
    return False


@dataclass(eq=False)
class Place:
    """A place in the queue."""

    person: str
    came: threading.Event = field(default_factory=threading.Event)


class Lane:
    """One operation: when its last calls went out, and who waits, by person in the order of their turns."""

    def __init__(self, per_second: float) -> None:
        self._full = max(1, int(per_second))
        self._second = _SECOND / min(1.0, per_second)
        self._allowed = float(self._full)  # as it was at that moment
        self._refused = -inf
        self._gone: deque[float] = deque()
        self._waiting: OrderedDict[str, deque[Place]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, person: str, now: float) -> Place | None:
        """Lets a call out, or gives the turn that it has to wait for."""
        with self._lock:
            if not self._waiting and self._room(now) > 0:
                self._gone.append(now)
                return None
            turn = Place(person)
            self._waiting.setdefault(person, deque()).append(turn)
            return turn

    def serve(self, now: float) -> float:
        """Lets out as many of those who wait as may go; the seconds until another may."""
        with self._lock:
            room = self._room(now)
            while self._waiting and room > 0:
                person, turns = next(iter(self._waiting.items()))
                turns.popleft().came.set()
                self._gone.append(now)
                room -= 1
                self._waiting.move_to_end(person)
                if not turns:
                    del self._waiting[person]
            return self._gone[-min(room, 0)] + self._second - now if room <= 0 else 0.0

    def withdraw(self, turn: Place) -> bool:
        """Takes a turn out of the queue; False when it came meanwhile."""
        with self._lock:
            if turn.came.is_set():
                return False
            turns = self._waiting[turn.person]
            turns.remove(turn)
            if not turns:
                del self._waiting[turn.person]
            return True

    def slow_down(self, now: float) -> None:
        """Allows half of what was allowed; calls that were refused together count as one."""
        with self._lock:
            if now - self._refused >= self._second:
                self._allowed = max(1.0, self._allowed_at(now) * _LESS)
                self._refused = now

    def _room(self, now: float) -> int:
        """How many calls may go out now; below 0 when more have gone than are allowed by now."""
        gone = self._gone
        while gone and now - gone[0] >= self._second:
            gone.popleft()
        return int(self._allowed_at(now)) - len(gone)

    def _allowed_at(self, now: float) -> float:
        if self._allowed == self._full:
            return self._allowed
        allowed = self._allowed + (now - self._refused) * self._full / _RECOVERY
        if allowed < self._full:
            return allowed
        self._allowed = float(self._full)
        return self._allowed


class Limiter:
    """One for the process; nothing of any person is in it but who waits for a turn."""

    def __init__(self, *, share: float = 1.0, clock: Clock = time.monotonic) -> None:
        """`share` of the account's quotas is this process's."""
        self._clock = clock
        self._lanes = {operation: Lane(most * share) for operation, most in PER_SECOND.items()}

    def turn(
        self, operation: str, person: str, *, deadline: float, given_up: Callable[[], bool] = _stays
    ) -> None:
        """Returns when this call may go out; raises Late, or GivenUp soon after nobody waits for it."""
        lane = self._lanes.get(operation)
        if lane is None:
            return
        now = self._clock()
        if now >= deadline:
            raise Late
        turn = lane.take(person, now)
        if turn is not None:
            with telemetry.span("turn", operation=operation):
                self._wait(lane, turn, deadline=deadline, given_up=given_up)

    def turns_of(self, person: str) -> Turn:
        """The turns of one person's calls; they raise WarehouseBusy, or QueryCancelled once nobody waits."""
        return partial(self._turn_of, person)

    def _turn_of(self, person: str, operation: str, statement: Statement) -> None:
        about = statement.query.name, statement.id
        try:
            self.turn(operation, person, deadline=statement.deadline, given_up=lambda: statement.stopped)
        except Late:
            raise faults.crowded(*about) from None
        except GivenUp:
            raise faults.stopped(*about) from None

    def throttled(self, operation: str) -> None:
        """Slows down for a while: AWS refused such a call, because others use the account too."""
        telemetry.measure("rowlight.throttles", operation=operation)
        lane = self._lanes.get(operation)
        if lane is not None:
            lane.slow_down(self._clock())

    def _wait(self, lane: Lane, turn: Place, *, deadline: float, given_up: Callable[[], bool]) -> None:
        while not turn.came.is_set():
            now = self._clock()
            pause = lane.serve(now)
            if turn.came.is_set():
                return
            if (now >= deadline or given_up()) and lane.withdraw(turn):
                raise Late if now >= deadline else GivenUp
            turn.came.wait(max(0.0, min(pause, _LOOK, deadline - now)))
