"""What the warehouse ran: the record behind SYS_QUERY_HISTORY and its kin, in memory and bounded."""

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from infra.local.warehouse.catalog import RDSDB
from infra.local.warehouse.errors import SqlCancelled, SqlError
from infra.local.warehouse.objects import TableKey

_KEPT_STATEMENTS = 10_000
_KEPT_CHARACTERS = 32_000_000  # of their texts, altogether
_FIRST_USER = 100  # Redshift numbers users from here; 1 is its own
_FIRST_QUERY = 1_001
_FAILURE = "the statement failed"  # what is not an error of SQL is told to nobody


def utc_now() -> datetime:
    """The moment in UTC, as timestamps are kept."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Statement:
    """A statement that somebody sent, and in which session."""

    user: str
    text: str
    database: str
    session_id: int
    transaction_id: int
    query_id: int
    label: str = ""


@dataclass(frozen=True)
class AppliedPolicy:
    """A policy that bounded what a statement saw of a relation; None: none applied, and no row was seen."""

    table: TableKey
    policy: str | None
    command: str = "s"  # s, u or d: SELECT, UPDATE or DELETE


@dataclass(frozen=True)
class Record:
    """What is known of one statement."""

    statement: Statement
    began: datetime
    status: str = "planning"  # planning, queued, running, success, failed or canceled
    waiting_since: datetime | None = None
    waited: int = 0  # microseconds for its turn
    ran: datetime | None = None  # since when it ran
    ended: datetime | None = None
    error: str = ""
    rows: int = 0
    size: int = 0
    policies: tuple[AppliedPolicy, ...] = ()


class Entry:
    """One statement under way, by whoever runs it."""

    def __init__(self, record: Record, clock: Callable[[], datetime]) -> None:
        self._record = record
        self._clock = clock
        self._changing = threading.Lock()

    @property
    def query_id(self) -> int:
        return self.record.statement.query_id

    @property
    def record(self) -> Record:
        """What is known of the statement at this moment."""
        return self._record

    def queued(self) -> None:
        """The statement waits for its turn."""
        self._change(lambda record, now: replace(record, status="queued", waiting_since=now))

    def planning(self) -> None:
        """The statement has its turn, and is read."""
        self._change(lambda record, now: _waited(record, now, status="planning"))

    def running(self) -> None:
        """The statement is understood and permitted, and runs."""
        self._change(lambda record, now: replace(_waited(record, now, status="running"), ran=now))

    def returned(self, rows: int, size: int) -> None:
        """The statement has a result of so many rows and bytes."""
        self._change(lambda record, _: replace(record, rows=rows, size=size))

    def applied(self, policies: Iterable[AppliedPolicy]) -> None:
        """These policies bound what the statement sees."""
        found = tuple(policies)
        self._change(lambda record, _: replace(record, policies=(*record.policies, *found)))

    def finish(self, status: str, error: str = "") -> None:
        """The statement is over; what is said later changes nothing."""
        self._change(lambda record, now: replace(_waited(record, now, status=status), error=error, ended=now))

    def _change(self, change: Callable[[Record, datetime], Record]) -> None:
        with self._changing:
            if self._record.ended is None:
                self._record = change(self._record, self._clock())


def _waited(record: Record, now: datetime, *, status: str) -> Record:
    if record.waiting_since is None:
        return replace(record, status=status)
    waited = record.waited + microseconds(record.waiting_since, now)
    return replace(record, status=status, waited=waited, waiting_since=None)


def microseconds(start: datetime, end: datetime) -> int:
    """The time between, never less than nothing: clocks are set back."""
    passed = end - start
    return max(0, (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds)


class History:
    """The statements of a warehouse, the last of them, and the numbers of its users. Thread-safe."""

    def __init__(self, *, kept: int = _KEPT_STATEMENTS, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._kept = kept
        self._entries: deque[Entry] = deque()
        self._characters = 0
        self._users = {RDSDB: 1}
        self._queries = itertools.count(_FIRST_QUERY)
        self._transactions = itertools.count(_FIRST_QUERY)
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forgets the statements; their numbers, and those of users, are never another's."""
        with self._lock:
            self._entries.clear()
            self._characters = 0

    def user_id(self, name: str) -> int:
        """The number of the database user of that name, always the same one."""
        with self._lock:
            return self._users.setdefault(name, _FIRST_USER + len(self._users) - 1)

    def new_query_id(self) -> int:
        """A number for a statement, given once."""
        return next(self._queries)

    def new_transaction_id(self) -> int:
        """A number for a transaction, given once."""
        return next(self._transactions)

    def begin(self, statement: Statement) -> Entry:
        """The record of a statement from now on; what is no character in its text is a question mark."""
        self.user_id(statement.user)
        statement = replace(statement, text=statement.text.encode(errors="replace").decode())
        entry = Entry(Record(statement, self._clock()), self._clock)
        with self._lock:
            self._entries.append(entry)
            self._characters += len(statement.text)
            while len(self._entries) > self._kept or self._characters > _KEPT_CHARACTERS:
                self._characters -= len(self._entries.popleft().record.statement.text)
        return entry

    @contextmanager
    def recording(self, statement: Statement) -> Iterator[Entry]:
        """The record of a statement that the block runs; what it raises says how that ended."""
        entry = self.begin(statement)
        try:
            yield entry
        except SqlCancelled as error:
            entry.finish("canceled", error.message)
            raise
        except SqlError as error:
            entry.finish("failed", error.message)
            raise
        except BaseException:
            entry.finish("failed", _FAILURE)
            raise
        entry.finish("success")

    def records(self) -> list[Record]:
        """The statements at this moment, the oldest first."""
        with self._lock:
            entries = list(self._entries)
        return [entry.record for entry in entries]
