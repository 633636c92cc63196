"""One sign-in's connections to Redshift: opened with a token that is not kept, never anybody else's."""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.redshift.wire import Open, Token, Wire

# For somebody who goes on at the next click; then Redshift gets its connection back.
_IDLE_SECONDS = 60.0
_SWEEP_SECONDS = 15.0
# Days are read as ISO writes them, whatever the database sets for its users.
_DAYS = "SET datestyle TO 'ISO'"


@dataclass(eq=False)
class Connection:
    """One that is open: its process at Redshift, and under which rights and until when it may be used."""

    wire: Wire
    pid: int
    rights: object
    era: int
    ends_at: datetime
    idle_since: float = 0.0


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


class Connections:
    """Those of one sign-in that wait for its next statement."""

    def __init__(
        self,
        open_: Open,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._open = open_
        self._clock = clock
        self._now = now
        self._idle: list[Connection] = []
        self._era = 0  # a sign-out begins the next
        self._lock = threading.Lock()
        _SWEEPER.sees(self)

    def take(self, rights: object, token: Callable[[], Token]) -> Connection:
        """One that was opened under these rights, or a new one."""
        self.sweep()
        with self._lock:
            era = self._era
            fitting = [connection for connection in self._idle if connection.rights == rights]
            if fitting:
                self._idle.remove(fitting[-1])
                return fitting[-1]
        return self._opened(rights, era, token())

    def give_back(self, connection: Connection) -> None:
        """Keeps it for the next statement, unless the sign-in ended meanwhile."""
        connection.idle_since = self._clock()
        with self._lock:
            if connection.era == self._era:
                self._idle.append(connection)
                return
        connection.wire.close()

    def sweep(self) -> None:
        """Closes what nobody has used for a while, and what outlived its token."""
        now, since = self._now(), self._clock() - _IDLE_SECONDS
        with self._lock:
            over = [one for one in self._idle if one.ends_at <= now or one.idle_since <= since]
            self._idle = [one for one in self._idle if one not in over]
        for connection in over:
            connection.wire.close()

    def close(self) -> None:
        """Closes those that wait; those at work are closed when they come back."""
        with self._lock:
            self._era += 1
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.wire.close()

    def _opened(self, rights: object, era: int, token: Token) -> Connection:
        wire = self._open(token)
        try:
            wire.ask(_DAYS)
            ((pid,),) = wire.ask("SELECT pg_backend_pid()")
        except BaseException:
            wire.close()
            raise
        return Connection(wire, pid, rights, era, token.expires_at)


class _Sweeper:
    """One thread for the process, from the first direct connection on."""

    def __init__(self) -> None:
        self._all: weakref.WeakSet[Connections] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._runs = False

    def sees(self, connections: Connections) -> None:
        with self._lock:
            self._all.add(connections)
            begins, self._runs = not self._runs, True
        if begins:
            threading.Thread(target=self._run, name="rowlight-sweeps", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(_SWEEP_SECONDS)
            self._sweep()

    def _sweep(self) -> None:
        with self._lock:
            connections = list(self._all)
        for each in connections:
            each.sweep()


_SWEEPER = _Sweeper()
