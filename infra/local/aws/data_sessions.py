"""Sessions of the Data API: connections that stay open between statements, each for its owner alone."""

import itertools
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from infra.local.aws.model import AwsError
from infra.local.aws.statement import Connection, Owner
from infra.local.warehouse import Session

MOST_SESSIONS = 500
# However long it is kept alive, a session ends a day after it was opened, and is listed no longer.
LIFETIME_SECONDS = 24 * 3600


@dataclass(eq=False)
class DataSession:
    """One session; only `Sessions` changes it, but for `engine`, which whoever runs its statement opens."""

    id: str
    number: int  # in the order of opening
    owner: Owner
    user_id: str  # aws:userid of the role session that opened it
    connection: Connection
    keep_alive: int
    created_at: float
    updated_at: float
    statement_id: str | None
    closed: bool = False
    engine: Session | None = None

    @property
    def status(self) -> str:
        if self.closed:
            return "CLOSED"
        return "AVAILABLE" if self.statement_id is None else "BUSY"

    @property
    def ends_at(self) -> float:
        """When it will be closed if nothing more runs in it; what runs keeps it open, for a day at most."""
        last = self.created_at + LIFETIME_SECONDS
        return last if self.status == "BUSY" else min(self.updated_at + self.keep_alive, last)


class Sessions:
    """Opens sessions, lends each to one statement at a time, and closes them when their time is over."""

    def __init__(self, *, clock: Callable[[], float], most: int = MOST_SESSIONS) -> None:
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._sessions: dict[str, DataSession] = {}

    def open(
        self, *, owner: Owner, user_id: str, connection: Connection, keep_alive: int, statement_id: str
    ) -> DataSession:
        """A new session, busy with its first statement."""
        now = self._clock()
        with self._lock:
            if sum(not session.closed for session in self._sessions.values()) >= self._most:
                raise AwsError(
                    "ActiveSessionsExceededException",
                    f"Active sessions exceeded the allowed quota ({self._most}).",
                )
            session = DataSession(
                str(uuid.uuid4()),
                next(self._numbers),
                owner,
                user_id,
                connection,
                keep_alive,
                now,
                now,
                statement_id,
            )
            self._sessions[session.id] = session
        return session

    def find(self, session_id: str, owner: Owner) -> DataSession | None:
        """The owner's session; somebody else's is as unknown as one that never was."""
        session = self._sessions.get(session_id)
        return session if session is not None and self._is_of(session, owner) else None

    def owned(self, owner: Owner) -> list[DataSession]:
        """The owner's sessions of the last day, newest first."""
        with self._lock:
            return [each for each in reversed(self._sessions.values()) if self._is_of(each, owner)]

    def _is_of(self, session: DataSession, owner: Owner) -> bool:
        return session.owner == owner and self._clock() < session.created_at + LIFETIME_SECONDS

    def lend(self, session: DataSession, statement_id: str, *, keep_alive: int | None) -> None:
        """Gives the session to a statement; one that is busy or closed is not available."""
        with self._lock:
            if session.status != "AVAILABLE":
                raise AwsError("ValidationException", "Session is not available")
            session.statement_id = statement_id
            session.updated_at = self._clock()
            if keep_alive is not None:
                session.keep_alive = keep_alive

    def give_back(self, session: DataSession) -> None:
        """The session's statement is over; from now on its time runs."""
        with self._lock:
            session.statement_id = None
            session.updated_at = self._clock()
            ended = session.closed or session.ends_at <= session.updated_at
            session.closed = ended
        if ended:
            _disconnect(session)

    def close(self, session: DataSession) -> None:
        """Ends the session: nothing more runs in it. What runs in it must be stopped by its owner."""
        with self._lock:
            if not session.closed:
                session.closed, session.updated_at = True, self._clock()
            idle = session.statement_id is None
        if idle:
            _disconnect(session)

    def close_all(self) -> None:
        """Ends every session."""
        for session in list(self._sessions.values()):
            self.close(session)

    def end_overdue(self) -> list[str]:
        """Closes what is past its time, and tells which statements thereby lost their session."""
        now = self._clock()
        with self._lock:
            sessions = list(self._sessions.values())
        interrupted = []
        for session in sessions:
            if not session.closed and session.ends_at <= now:
                if session.statement_id is not None:
                    interrupted.append(session.statement_id)
                self.close(session)
            if (
                session.closed
                and session.statement_id is None
                and now >= session.created_at + LIFETIME_SECONDS
            ):
                with self._lock:
                    self._sessions.pop(session.id, None)
        return interrupted


def _disconnect(session: DataSession) -> None:
    engine, session.engine = session.engine, None
    if engine is not None:
        # It waits for whoever is changing tables; nobody's call should wait for that.
        threading.Thread(target=engine.close, name="disconnect", daemon=True).start()
