"""Statements of the Data API: their life from submission to a kept result, and whose they are."""

import datetime as dt
import itertools
import logging
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from infra.local.aws.model import AwsError
from infra.local.aws.results import PAGE_BYTES, Failure, ResultSet
from infra.local.warehouse import Cancellation, DbUser, Redshift, Result, SqlCancelled, SqlError

log = logging.getLogger(__name__)

RETENTION_SECONDS = 24 * 3600
CLIENT_TOKEN_SECONDS = 8 * 3600
ACTIVE_STATEMENTS = 500
WAITING_REQUESTS = 10
DONE = frozenset({"FINISHED", "FAILED", "ABORTED"})


@dataclass(frozen=True)
class Owner:
    """Whose a statement is: an IAM principal's and, in an identity-enhanced session, one person's."""

    principal_arn: str
    person_id: str | None


@dataclass(frozen=True)
class Request:
    """What was submitted."""

    sqls: tuple[str, ...]
    owner: Owner
    session_user_id: str  # aws:userid of the session that submitted it
    user: DbUser
    database: str
    workgroup: str
    batch: bool = False
    auto_commit: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    result_format: str = "JSON"
    name: str | None = None
    secret_arn: str | None = None


@dataclass
class Part:
    """One SQL statement of a request, and what came of it."""

    sql: str
    query_id: int
    created_at: dt.datetime
    updated_at: dt.datetime
    status: str = "SUBMITTED"
    error: str | None = None
    duration: int = 0
    rows: int = -1
    size: int = -1
    result: ResultSet | None = None


class Statement:
    """A request on its way through the warehouse; every change of it happens under `changed`."""

    def __init__(self, request: Request, parts: Sequence[Part], *, client_token: str) -> None:
        self.client_token = client_token
        self.id = str(uuid.uuid4())
        self.pid = 1_073_741_824 + secrets.randbelow(2**20)
        self.request = request
        self.parts = tuple(parts)
        self.changed = threading.Condition()
        self.cancellation = Cancellation()
        self.waiting = 0
        self.future: Future[None] | None = None

    @property
    def status(self) -> str:
        """The status of the whole."""
        found = {part.status for part in self.parts}
        if found <= DONE:
            return next((status for status in ("FAILED", "ABORTED") if status in found), "FINISHED")
        return "SUBMITTED" if found == {"SUBMITTED"} else "STARTED"

    @property
    def done(self) -> bool:
        return self.status in DONE

    @property
    def has_result_set(self) -> bool:
        return any(part.result is not None for part in self.parts)

    def readable(self, part: Part) -> bool:
        """Whether a part's result may be read: in a transaction, only once all of it is done."""
        return part.status == "FINISHED" and (self.request.auto_commit or self.status == "FINISHED")

    def wait(self, seconds: int, *, most: int) -> None:
        """Returns once the statement is done, or after `seconds`; refuses more than `most` at a time."""
        with self.changed:
            if self.waiting >= most:
                raise AwsError(
                    "ActiveWaitingRequestsExceededException",
                    f"More than {most} requests with WaitTimeSeconds wait for statement {self.id}.",
                )
            self.waiting += 1
            try:
                self.changed.wait_for(lambda: self.done, timeout=seconds)
            finally:
                self.waiting -= 1


class Statements:
    """Runs statements on the warehouse and keeps each for a day, for its owner alone."""

    def __init__(
        self,
        redshift: Redshift,
        *,
        database: str,
        clock: Callable[[], float] = time.time,
        csv_header: bool = True,
        page_bytes: int = PAGE_BYTES,
        active_statements: int = ACTIVE_STATEMENTS,
        threads: int = 8,
    ) -> None:
        self._redshift = redshift
        self._database = database
        self._clock = clock
        self._csv_header = csv_header
        self._page_bytes = page_bytes
        self._active_statements = active_statements
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="redshift-data")
        self._lock = threading.Lock()
        self._query_ids = itertools.count(1000)
        self._kept: dict[str, Statement] = {}
        self._active: set[str] = set()
        self._client_tokens: dict[tuple[Owner, str], tuple[Mapping[str, Any], Statement]] = {}

    def submit(self, request: Request, *, client_token: str, asked: Mapping[str, Any]) -> Statement:
        """Starts the request; a client token that was sent before gives the statement that it started."""
        with self._lock:
            self._forget()
            key = (request.owner, client_token)
            if client_token and key in self._client_tokens:
                before, statement = self._client_tokens[key]
                if before != asked:
                    raise AwsError(
                        "ValidationException", "The ClientToken was used before, for another request."
                    )
                return statement
            if len(self._active) >= self._active_statements:
                raise AwsError(
                    "ActiveStatementsExceededException",
                    f"Active statements exceeded the allowed quota ({self._active_statements}).",
                )
            statement = Statement(
                request, [self._part(sql) for sql in request.sqls], client_token=client_token
            )
            self._kept[statement.id] = statement
            self._active.add(statement.id)
            if client_token:
                self._client_tokens[key] = (asked, statement)
        statement.future = self._pool.submit(self._run, statement)
        statement.future.add_done_callback(lambda future: self._settle(statement, future))
        return statement

    def find(self, statement_id: str, owner: Owner) -> Statement | None:
        """The owner's statement; somebody else's is as unknown as one that never was."""
        with self._lock:
            self._forget()
            statement = self._kept.get(statement_id)
        return statement if statement is not None and statement.request.owner == owner else None

    def owned(self, owner: Owner) -> list[Statement]:
        """The owner's statements, newest first."""
        with self._lock:
            self._forget()
            kept = list(self._kept.values())
        return [statement for statement in reversed(kept) if statement.request.owner == owner]

    def cancel(self, statement: Statement) -> bool:
        """Stops the statement for real; False when it is over already."""
        with statement.changed:
            if statement.done:
                return False
            statement.cancellation.cancel()
        if statement.future is not None:
            statement.future.cancel()
        return True

    def close(self) -> None:
        """Cancels whatever is under way, so that nothing keeps the process from ending."""
        with self._lock:
            active = [statement for statement in self._kept.values() if statement.id in self._active]
        for statement in active:
            self.cancel(statement)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _part(self, sql: str) -> Part:
        now = self._now()
        return Part(sql, next(self._query_ids), created_at=now, updated_at=now)

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock(), dt.UTC)

    def _forget(self) -> None:
        """Drops what is past its time; both are kept in the order of submission."""
        now = self._clock()
        for statement in _before(now - RETENTION_SECONDS, self._kept.values()):
            del self._kept[statement.id]
        for statement in _before(now - CLIENT_TOKEN_SECONDS, (s for _, s in self._client_tokens.values())):
            del self._client_tokens[(statement.request.owner, statement.client_token)]

    def _run(self, statement: Statement) -> None:
        if statement.request.database != self._database:
            raise Failure(f'FATAL: database "{statement.request.database}" does not exist')
        if statement.request.auto_commit:
            for part in statement.parts:
                self._run_alone(statement, part)
            return
        if statement.cancellation.cancelled:
            self._change(statement, statement.parts, status="ABORTED")
            return
        self._change(statement, statement.parts, status="STARTED")
        started = time.perf_counter_ns()
        results = self._execute(statement)
        for part, result in zip(statement.parts, results, strict=True):
            self._finish(statement, part, result, started)

    def _execute(self, statement: Statement) -> Sequence[Result]:
        request = statement.request
        if request.batch:
            return self._redshift.execute_batch(
                request.sqls,
                user=request.user,
                parameters=request.parameters,
                cancel=statement.cancellation,
            )
        return [self._execute_one(statement, request.sqls[0])]

    def _execute_one(self, statement: Statement, sql: str) -> Result:
        request = statement.request
        return self._redshift.execute(
            sql, user=request.user, parameters=request.parameters, cancel=statement.cancellation
        )

    def _run_alone(self, statement: Statement, part: Part) -> None:
        """One statement of an AUTO_COMMIT batch: its failure leaves the others alone."""
        if statement.cancellation.cancelled:
            self._change(statement, [part], status="ABORTED")
            return
        self._change(statement, [part], status="STARTED")
        started = time.perf_counter_ns()
        try:
            self._finish(statement, part, self._execute_one(statement, part.sql), started)
        except (SqlError, Failure) as error:
            self._change(statement, [part], error=_message(error), status=_failed(error))

    def _finish(self, statement: Statement, part: Part, result: Result, started: int) -> None:
        kept = None
        if result.has_result_set:
            kept = ResultSet(
                result,
                result_format=statement.request.result_format,
                csv_header=self._csv_header,
                page_bytes=self._page_bytes,
            )
        self._change(
            statement,
            [part],
            duration=time.perf_counter_ns() - started,
            result=kept,
            rows=kept.rows if kept else result.affected_rows,
            size=kept.size if kept else 0,
            status="FINISHED",
        )

    def _settle(self, statement: Statement, future: "Future[None]") -> None:
        """Whatever ended the run ends the statement too: nobody waits for a statement that died."""
        with self._lock:
            self._active.discard(statement.id)
        if future.cancelled():
            self._change(statement, statement.parts, status="ABORTED")
            return
        error = future.exception()
        if error is None:
            return
        if not isinstance(error, SqlError | Failure):
            log.error("Statement %s ended in an internal error", statement.id, exc_info=error)
        self._change(statement, statement.parts, error=_message(error), status=_failed(error))

    def _change(self, statement: Statement, parts: Sequence[Part], **values: Any) -> None:
        """Sets `values` in their order: the status comes last, for whoever sees it done reads the rest."""
        with statement.changed:
            for part in parts:
                for name, value in values.items():
                    setattr(part, name, value)
                part.updated_at = self._now()
            statement.changed.notify_all()


def _before(moment: float, statements: Iterable[Statement]) -> list[Statement]:
    return list(itertools.takewhile(lambda s: s.parts[0].created_at.timestamp() < moment, statements))


def _failed(error: BaseException) -> str:
    return "ABORTED" if isinstance(error, SqlCancelled) else "FAILED"


def _message(error: BaseException) -> str:
    if isinstance(error, SqlError | Failure):
        return str(error)
    return "ERROR: internal error of the warehouse"
