"""The direct way to Redshift: a database connection of the person's own, signed in with an identity token."""

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from app import telemetry
from app.errors import AppError, QueryTimedOut
from app.redshift import faults
from app.redshift.bound import bound
from app.redshift.calls import begin, end, never
from app.redshift.columns import TEXT, Bounds, Columns
from app.redshift.connections import Connection, Connections, utc_now
from app.redshift.path import Answer, Statement
from app.redshift.table import Timings
from app.redshift.wire import Open, Rows, Token, WireError

_log = logging.getLogger(__name__)

# At once, as the driver has them.
_ROWS = 1000
# Redshift stops a statement a little after its deadline, so that whoever waits hears of the deadline first.
_GRACE_SECONDS = 1.0
# The pauses before a token is asked for again that AWS was too busy for.
_AGAIN = (0.1, 0.5, 1.0)
# Between cancellations: the first may arrive before the statement does.
_CANCEL_AGAIN = (0.1, 0.5, 1.0, 2.0, 5.0)
_LABEL_BYTES = 320  # of a query group
_UNQUOTABLE = re.compile(r"['\\\x00-\x1f]")


class Driver:
    """One person's way to the warehouse: what they may see is decided by Redshift, there, at each query."""

    def __init__(
        self,
        open_: Open,
        token: Callable[[], Token],
        *,
        bounds: Bounds,
        person: str = "",
        renew: Callable[[], None] = never,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`token` asks AWS for one, signed as the person; `renew` gets what it signs with new credentials."""
        self._open = open_
        self._token = token
        self._bounds = bounds
        self._person = person
        self._renew = renew
        self._clock = clock
        self._sleep = sleep
        self._over: WeakKeyDictionary[Statement, threading.Event] = WeakKeyDictionary()
        self._connections = Connections(open_, clock=clock, now=now)

    def run(self, statement: Statement) -> Answer:
        """See QueryPath."""
        over = self._over[statement] = threading.Event()
        answer = begin(self._person, statement, partial(self._answer, statement))
        answer.add_done_callback(lambda _: over.set())
        try:
            return end(statement, answer)
        except QueryTimedOut as error:
            if statement.id is not None:
                raise
            name = statement.query.name
            raise faults.by_sqlstate(None, "no answer", query_name=name, statement_id=None) from error
        finally:
            statement.stop()  # whatever still runs has nobody who waits for it
            self.cancel(statement)

    def cancel(self, statement: Statement) -> None:
        """See QueryPath."""
        pid = statement.to_cancel()
        if pid is not None:
            cancel = telemetry.carried(partial(self._cancel, int(pid), self._over[statement]))
            threading.Thread(target=cancel, name="rowlight-cancels", daemon=True).start()

    def close(self) -> None:
        """See QueryPath."""
        self._connections.close()

    def _answer(self, statement: Statement) -> Answer:
        try:
            statement.check()
            statement.held = False
            statement.prepare()
            connection = self._connections.take(statement.admit(), partial(self._asked, statement))
            return self._on(connection, statement)
        except (ClientError, BotoCoreError) as error:
            raise faults.no_token(error, query_name=statement.query.name) from error
        except WireError as error:
            raise faults.by_sqlstate(
                error.sqlstate,
                error.cause,
                query_name=statement.query.name,
                statement_id=statement.id,
            ) from error

    def _on(self, connection: Connection, statement: Statement) -> Answer:
        kept = False
        try:
            statement.known_as(str(connection.pid))
            statement.check()  # whoever stopped it before found no process to cancel
            answer, ended = self._fetched(connection, statement)
            if ended:
                statement.end()
                # One that was stopped while it ran may be about to be cancelled: what that hits must not be
                # the next statement of its process.
                kept = not statement.stopped
        except WireError as error:
            if error.sqlstate is not None:
                statement.end()
            raise
        finally:
            if kept:
                self._connections.give_back(connection)
            else:
                connection.wire.close()
        statement.admit()  # who signed out while it ran sees nothing of it, in no tab
        return answer

    def _fetched(self, connection: Connection, statement: Statement) -> tuple[Answer, bool]:
        """The rows within the bounds, and whether the connection can be used again."""
        ask, started = connection.wire.ask, self._clock()
        sql, values = bound(statement.query.sql, statement.query.parameters)
        ask("BEGIN" if statement.changes else "BEGIN READ ONLY")
        ask(f"SET LOCAL query_group TO '{_label(statement.label)}'")
        ask(f"SET LOCAL statement_timeout TO {round((statement.left() + _GRACE_SECONDS) * 1000)}")
        pages = _Pages(self._bounds, statement, self._clock)
        ended = connection.wire.read(sql, values, size=pages.next_size, take=pages.add)
        if ended:
            ask("COMMIT" if statement.changes else "ROLLBACK")
        columns, truncated = pages.table(more=not ended)
        read = self._clock()
        first = pages.began or read
        transfer = read - first - pages.parse
        return Answer(columns, truncated, Timings(first - started, transfer, pages.parse)), ended

    def _asked(self, statement: Statement) -> Token:
        """A token, asked for again while AWS is too busy; with new credentials if the old ones ended."""
        for pause in _AGAIN:
            try:
                return self._token()
            except (ClientError, BotoCoreError) as error:
                if isinstance(error, ClientError) and faults.credentials_ended(error):
                    self._renew()
                    break
                if not faults.passes(error) or statement.stopped or statement.left() <= pause:
                    raise
            self._sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        return self._token()

    def _cancel(self, pid: int, over: threading.Event) -> None:
        """Ends what a process of the person's runs, from a second connection: a closed one ends nothing."""
        reason = "it runs on"
        try:
            wire = self._open(self._token())
            try:
                for pause in _CANCEL_AGAIN:
                    wire.ask(f"SELECT pg_cancel_backend({pid})")
                    if over.wait(pause):
                        return
            finally:
                wire.close()
        except (ClientError, BotoCoreError, WireError, AppError) as error:
            reason = type(error).__name__
        # It ends by its statement_timeout at the latest.
        _log.warning("process=%s could not be cancelled: %s", pid, reason)


class _Pages:
    """The rows of one answer, in the order in which they come."""

    def __init__(self, bounds: Bounds, statement: Statement, clock: Callable[[], float]) -> None:
        self.began: float | None = None
        self.parse = 0.0
        self._columns = Columns((), bounds)
        self._statement = statement
        self._clock = clock
        self._bounds = bounds
        self._error: Exception | None = None

    @property
    def next_size(self) -> int:
        """How many rows to take at once; one more than there is room for tells that there are more."""
        return min(_ROWS, self._columns.rows_left + 1)

    def add(self, page: Rows) -> int:
        """Takes the next rows; see wire.Take."""
        self._statement.check()
        started = self._clock()
        if self.began is None:
            self.began, self._columns = started, Columns(page.metadata, self._bounds)
        rows = page.rows[: self._columns.rows_left]
        if len(rows) < len(page.rows) or (rows and self._columns.full):
            self._columns.cut()
        try:
            if rows:
                self._columns.add(_table(rows, self._columns.kinds))
        except (pa.ArrowInvalid, OverflowError) as error:
            self._error = error
        self.parse += self._clock() - started
        return 0 if self._error or self._columns.full else self.next_size

    def table(self, *, more: bool) -> tuple[pa.Table, bool]:
        """The rows within the bounds, and whether there were more."""
        if self._error is not None:
            name, cause = self._statement.query.name, type(self._error).__name__
            raise faults.unreadable(name, self._statement.id, cause) from self._error
        return self._columns.table(total=0, more=more)


def _label(label: str) -> str:
    """The statement's name and its event's mark, the mark whole; nothing in it ends a literal."""
    name, _, mark = label.rpartition(" ")
    room = _LABEL_BYTES - len(mark) - 1
    name = _UNQUOTABLE.sub(" ", name).encode()[:room].decode(errors="ignore")
    return f"{name} {_UNQUOTABLE.sub(' ', mark)}"


def _table(rows: Sequence[Sequence[Any]], kinds: Sequence[pa.DataType]) -> pa.Table:
    columns = zip(*rows, strict=True)
    arrays = [_array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.Table.from_arrays(arrays, names=[str(place) for place in range(len(kinds))])


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """What the driver reads is typed already; all else is the text that Redshift wrote."""
    exact = pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return pa.array(values, kind if exact else TEXT)
