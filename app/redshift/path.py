"""A way to Redshift: one run of a query goes in, its rows as typed columns come out."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from app.redshift import faults
from app.redshift.query import Query
from app.redshift.table import Timings


@dataclass(frozen=True)
class Answer:
    """The rows of a statement; `truncated` says that there were more than the caps let through."""

    columns: pa.Table
    truncated: bool
    timings: Timings


def _always(*_: object) -> None:
    """For statements that belong to no sign-in."""


class Statement:
    """One run of a query: what to ask, how long it may take, and whether anybody still waits for it.

    The threads that deal with a run share it; what changes does so under its lock alone.
    """

    def __init__(
        self,
        query: Query,
        *,
        event_id: str,
        label: str,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
        admit: Callable[[], object] = _always,
        prepare: Callable[["Statement"], None] = _always,
        changes: bool = False,
    ) -> None:
        """`label` names it at Redshift; `admit` raises SessionExpired when the person's sign-in is over.

        `prepare` is handed it just before it is sent. `changes` says that it writes and has no rows; any
        other must not be able to write.
        """
        self.query = query
        self.changes = changes
        self.event_id = event_id
        self.label = label
        self.deadline = deadline
        # Ours, for it must outlive the call: the SDK would make another for each, and both would run.
        self.client_token = secrets.token_hex(16)
        self.id: str | None = None
        self.rights = ""  # under which it is sent; see Warehouse
        self.held = True  # whether it waits for its turn to be sent or asked for, and not for Redshift
        self.renewed = False  # whether it has cost a renewal of credentials already
        self._clock = clock
        self.admit = admit
        # Without a hold on this statement: nothing but a look for garbage would end both.
        self._prepare = prepare
        self._stopped = False
        self._over = False
        self._cancelled = False
        self._changed = threading.Condition()

    @property
    def stopped(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._stopped

    def prepare(self) -> None:
        """To be called on the thread that sends it, just before it does."""
        self._prepare(self)

    def left(self) -> float:
        """The seconds until its deadline, never below 0."""
        return max(0.0, self.deadline - self._clock())

    def check(self) -> None:
        """Raises what ends it: it was stopped, or its time is up."""
        name, statement_id = self.query.name, self.id
        if self._stopped:
            self.admit()  # where the reason is a sign-out, that is what is to be said
            raise faults.stopped(name, statement_id)
        if not self.left():
            raise (faults.crowded if self.held else faults.timed_out)(name, statement_id)

    def wait_for(self, done: Callable[[], bool]) -> bool:
        """Waits until it is done, stopped or out of time; whoever makes it done calls `wake`."""
        with self._changed:
            self._changed.wait_for(lambda: done() or self._stopped, timeout=self.left())
            return done()

    def wake(self) -> None:
        """Has those who wait look again."""
        with self._changed:
            self._changed.notify_all()

    def known_as(self, statement_id: str) -> None:
        """Notes the id that it has at Redshift."""
        with self._changed:
            self.id = statement_id

    def stop(self) -> None:
        """Notes that nobody waits for it any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def end(self) -> None:
        """Notes that Redshift is done with it, so that nothing is left to cancel."""
        with self._changed:
            self._over = True

    def to_cancel(self) -> str | None:
        """The id of one that was stopped while it runs; to the first who asks, who then has to cancel it."""
        with self._changed:
            if self.id is None or not self._stopped or self._over or self._cancelled:
                return None
            self._cancelled = True
            return self.id


class QueryPath(Protocol):
    """A person's way to Redshift, as that person and nobody else."""

    def run(self, statement: Statement) -> Answer:
        """Runs it to its end; raises an AppError, by its deadline and at once when it is stopped."""
        ...

    def cancel(self, statement: Statement) -> None:
        """Has a stopped one cancelled at Redshift, as soon as it is known there; does not wait for that."""
        ...

    def close(self) -> None:
        """Lets go of what it keeps between statements, as a sign-out must; it can be used again."""
        ...
