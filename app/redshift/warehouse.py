"""Asks Amazon Redshift through the Data API, as the person whose client it was handed."""

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from app.audit import NOBODY, Trail, new_id
from app.errors import AppError, QueryError
from app.redshift import faults
from app.redshift.csv_format import CsvPages
from app.redshift.json_format import JsonPages
from app.redshift.memory import Memory
from app.redshift.query import Query
from app.redshift.table import Table, Timings

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.client import RedshiftDataAPIServiceClient

_log = logging.getLogger(__name__)

_LONGEST_WAIT = 30  # the Data API's limit
# Until the first call returns nobody knows the statement's id, so nobody can cancel it: it waits for less.
_FIRST_WAIT = 5
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_OVER = {"FINISHED", "FAILED", "ABORTED"}
_MEMORY_SECONDS = 60.0


def _always() -> None:
    """For a client whose credentials are good for as long as its process."""


def _never() -> None:
    """For a client whose credentials nobody here can renew."""


class Warehouse:
    """One person's way to the warehouse: what they may see is decided by Redshift, there, at each query."""

    def __init__(
        self,
        client: "RedshiftDataAPIServiceClient",
        *,
        target: Mapping[str, str],
        database: str,
        timeout_seconds: float,
        max_rows: int,
        result_format: Literal["CSV", "JSON"] = "CSV",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        trail: Trail = NOBODY,
        admit: Callable[[], None] = _always,
        renew: Callable[[], None] = _never,
    ) -> None:
        """`admit` raises SessionExpired when the sign-in is over; `renew` gets the client new credentials."""
        self._client = client
        self._target = dict(target)
        self._database = database
        self._timeout = timeout_seconds
        self._max_rows = max_rows
        self._format = result_format
        self._clock = clock
        self._sleep = sleep
        self._trail = trail
        self._admit = admit
        self._renew = renew
        self._waits = True
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._cancellations = 0
        self._memory = Memory(person=trail.person, seconds=_MEMORY_SECONDS, clock=clock)

    def fetch(self, query: Query, *, fresh: bool = False) -> Table:
        """The query's rows; within a minute from this person's memory, unless they are to be `fresh`."""
        self._admit()
        return self._memory.fly(query.key, lambda _: self._ask(query), fresh=fresh).table()

    def cancel(self) -> None:
        """Stops what is running and forgets what was asked, as a sign-out must."""
        with self._lock:
            self._cancellations += 1
            running = tuple(self._running)
        self._memory.forget()
        for statement_id in running:
            self._cancel(statement_id)

    def _ask(self, query: Query) -> Table:
        """The rows from Redshift; an audit event tells how the statement ended, whichever way it did."""
        started = self._clock()
        statement = _Statement(query.name, cancellations=self._cancellations)
        outcome, rows = "fault", None
        try:
            table = self._answer(query, statement, started=started)
            outcome, rows = "ok", len(table.frame)
        except AppError as error:
            outcome = error.code
            raise
        finally:
            self._trail.record(
                "query",
                event_id=statement.event_id,
                outcome=outcome,
                query=query.name,
                statement=statement.id,
                rows=rows,
                milliseconds=round((self._clock() - started) * 1000),
            )
        return table

    def _answer(self, query: Query, statement: "_Statement", *, started: float) -> Table:
        try:
            has_rows = self._run(query, statement, deadline=started + self._timeout)
            answered = self._clock()
            pages, more = self._pages(statement, has_rows=has_rows)
            transferred = self._clock()
        except (ClientError, BotoCoreError) as error:
            raise faults.translate(error, query_name=query.name, statement_id=statement.id) from error
        finally:
            self._forget(statement)
        frame, truncated = self._rows(pages, statement, more=more)
        timings = Timings(answered - started, transferred - answered, self._clock() - transferred)
        return Table(
            frame=frame,
            truncated=truncated,
            statement_id=statement.id or "",
            elapsed=timings.total,
            timings=timings,
            as_of=datetime.now(UTC),
        )

    def _run(self, query: Query, statement: "_Statement", *, deadline: float) -> bool:
        """Runs the statement to its end; tells whether it has rows."""
        answer = self._submit(query, statement)
        statement.id = answer["Id"]
        with self._lock:
            self._running.add(answer["Id"])
        pause = _FIRST_PAUSE
        while not self._is_over(answer):
            self._stop_if_due(statement, deadline)
            asked = self._clock()
            answer = self._describe(statement, deadline)
            # A server that does not wait must not be hammered.
            if not self._is_over(answer) and self._clock() - asked < pause:
                self._sleep(min(pause, max(0.0, deadline - self._clock())) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                pause = min(pause * 2, _LONGEST_PAUSE)
        self._admit()  # who signed out while it ran sees nothing of it, in no tab
        return self._has_rows(answer, statement)

    @staticmethod
    def _is_over(answer: Mapping[str, Any]) -> bool:
        """Whether an answer says all that is to be known of how a statement ended."""
        status = answer.get("Status")
        if status == "FAILED":
            return "Error" in answer  # ExecuteStatement says that it failed, DescribeStatement why
        return status in _OVER and (status == "ABORTED" or "HasResultSet" in answer)

    @staticmethod
    def _has_rows(answer: Mapping[str, Any], statement: "_Statement") -> bool:
        if answer["Status"] == "FAILED":
            raise faults.failed(answer["Error"], query_name=statement.query_name, statement_id=answer["Id"])
        if answer["Status"] == "ABORTED":
            raise faults.stopped(statement.query_name, statement.id)
        return bool(answer["HasResultSet"])

    def _submit(self, query: Query, statement: "_Statement") -> Mapping[str, Any]:
        request: dict[str, Any] = {
            **self._target,
            "Database": self._database,
            "Sql": query.sql,
            # The query's name first: ListStatements looks for names by how they begin. Not in the SQL, where
            # a text that is new each time would keep Redshift from answering out of its result cache.
            "StatementName": f"{query.name} {self._trail.mark(statement.event_id)}",
            "ResultFormat": self._format,
            # Ours, for it must outlive the call: the SDK would make another for each, and both would run.
            "ClientToken": statement.client_token,
        }
        if query.parameters:
            request["Parameters"] = [
                {"name": name, "value": value} for name, value in query.parameters.items()
            ]
        first_wait = max(1, int(min(_FIRST_WAIT, self._timeout)))
        return self._waiting(self._client.execute_statement, request, statement, seconds=first_wait)

    def _describe(self, statement: "_Statement", deadline: float) -> Mapping[str, Any]:
        left = max(1, int(min(_LONGEST_WAIT, deadline - self._clock())))
        request = {"Id": statement.id}
        answer = self._waiting(self._client.describe_statement, request, statement, seconds=left)
        # An answer without the words of the failure must not be asked for again and again.
        return {"Error": "", "HasResultSet": False, **answer} if answer["Status"] in _OVER else answer

    def _waiting(
        self,
        call: Callable[..., Mapping[str, Any]],
        request: Mapping[str, Any],
        statement: "_Statement",
        *,
        seconds: int,
    ) -> Mapping[str, Any]:
        """Calls with a long poll where the SDK and the Region know it, without where they do not."""
        if self._waits:
            try:
                return self._call(call, {**request, "WaitTimeSeconds": seconds}, statement)
            except (ClientError, BotoCoreError) as error:
                if not faults.refuses_waiting(error):
                    raise
                self._waits = not faults.does_not_know_waiting(error)
        return self._call(call, request, statement)

    def _call(
        self, call: Callable[..., Mapping[str, Any]], request: Mapping[str, Any], statement: "_Statement"
    ) -> Mapping[str, Any]:
        """Calls, and once in a statement's life calls again with new credentials, if the old ones ended."""
        try:
            return call(**request)
        except ClientError as error:
            if statement.renewed or not faults.credentials_ended(error):
                raise
        statement.renewed = True
        self._renew()
        return call(**request)

    def _stop_if_due(self, statement: "_Statement", deadline: float) -> None:
        try:
            self._admit()
        except AppError:
            self._cancel(statement.id or "")
            raise
        stopped = self._cancellations > statement.cancellations
        if not stopped and self._clock() < deadline:
            return
        self._cancel(statement.id or "")
        raise (faults.stopped if stopped else faults.timed_out)(statement.query_name, statement.id)

    def _cancel(self, statement_id: str) -> None:
        """Asks Redshift to stop a statement; one that ended meanwhile needs no stopping."""
        try:
            self._client.cancel_statement(Id=statement_id)
        except (ClientError, BotoCoreError, AppError) as error:
            _log.warning("statement=%s could not be cancelled: %s", statement_id, type(error).__name__)

    def _forget(self, statement: "_Statement") -> None:
        with self._lock:
            self._running.discard(statement.id or "")

    def _pages(self, statement: "_Statement", *, has_rows: bool) -> tuple[CsvPages | JsonPages, bool]:
        """The result's pages until the row cap, and whether there are more of them."""
        pages: CsvPages | JsonPages = CsvPages() if self._format == "CSV" else JsonPages()
        result: Callable[..., Any] = (
            self._client.get_statement_result_v2
            if self._format == "CSV"
            else self._client.get_statement_result
        )
        request = {"Id": statement.id}
        more = has_rows
        while more and (pages.rows < self._max_rows or "NextToken" not in request):
            page: Any = self._call(result, request, statement)
            pages.add(page)
            more = bool(page.get("NextToken"))
            request["NextToken"] = page.get("NextToken")
        return pages, more

    def _rows(
        self, pages: CsvPages | JsonPages, statement: "_Statement", *, more: bool
    ) -> tuple[pd.DataFrame, bool]:
        try:
            table = pages.table(self._max_rows)
        except (pa.ArrowInvalid, ValueError) as error:
            raise self._unreadable(statement) from error
        if pages.total and table.num_rows != min(pages.total, self._max_rows):
            raise self._unreadable(statement)
        return _frame(table), more or max(pages.rows, pages.total) > self._max_rows

    @staticmethod
    def _unreadable(statement: "_Statement") -> QueryError:
        return faults.unreadable(statement.query_name, statement.id)


def _frame(table: pa.Table) -> pd.DataFrame:
    """The same columns in pandas; types go by place, for names may repeat."""
    places = [str(place) for place in range(table.num_columns)]
    frame: pd.DataFrame = table.rename_columns(places).to_pandas(types_mapper=pd.ArrowDtype)
    frame.columns = pd.Index(table.column_names)
    return frame


class _Statement:
    """A query under way: AWS's id for it comes with the first answer."""

    def __init__(self, query_name: str, *, cancellations: int) -> None:
        self.query_name = query_name
        self.cancellations = cancellations
        self.id: str | None = None
        self.event_id = new_id()
        self.client_token = secrets.token_hex(16)  # AWS takes 1 to 64 characters
        self.renewed = False
