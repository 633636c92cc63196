"""The way to Redshift through its Data API, as the person whose client it was handed."""

import csv
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from app import telemetry
from app.redshift import faults
from app.redshift.calls import Calls, Reply, begin, end, never
from app.redshift.columns import Bounds
from app.redshift.csv_format import CsvPages
from app.redshift.json_format import JsonPages
from app.redshift.limiter import Turn, at_once
from app.redshift.path import Answer, Statement
from app.redshift.table import Timings
from app.redshift.workers import T

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.client import RedshiftDataAPIServiceClient

_LONGEST_WAIT = 30  # the Data API's limit
# How long rows are waited for by the call for them. Such calls are the scarcest: what takes longer is
# waited for by DescribeStatement.
_FIRST_WAIT = 2
# What a call for rows says while there are none, and if there will never be: DescribeStatement tells which.
_NO_RESULT = {"ResourceNotFoundException", "ValidationException"}
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_OVER = {"FINISHED", "FAILED", "ABORTED"}
# What reading raises at pages that are not of the columns that they say, nor of any.
_UNREADABLE = (pa.ArrowException, csv.Error, ArithmeticError, LookupError, TypeError, ValueError)


class DataApi:
    """One person's way to the warehouse: what they may see is decided by Redshift, there, at each query."""

    def __init__(
        self,
        client: "RedshiftDataAPIServiceClient",
        *,
        target: Mapping[str, str],
        database: str,
        bounds: Bounds,
        result_format: Literal["csv", "json"] = "csv",
        person: str = "",
        renew: Callable[[], None] = never,
        turn: Turn = at_once,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`renew` gets the client new credentials; `turn` holds a call back until it may go out."""
        self._calls = Calls(client, person=person, renew=renew, turn=turn, sleep=sleep)
        self._person = person
        self._target = dict(target)
        self._database = database
        self._bounds = bounds
        self._format = result_format
        self._result = "GetStatementResultV2" if result_format == "csv" else "GetStatementResult"
        self._clock = clock
        self._sleep = sleep
        self._waits = True

    def run(self, statement: Statement) -> Answer:
        """See QueryPath."""
        started = self._clock()
        try:
            first, ended = self._first_page(statement)
            columns, truncated, parse = self._read(first, statement)
        except (ClientError, BotoCoreError) as error:
            raise faults.translate(
                error, query_name=statement.query.name, statement_id=statement.id
            ) from error
        finally:
            statement.stop()  # whatever still runs has nobody who waits for it
            self._calls.cancel(statement)
        return Answer(columns, truncated, Timings(ended - started, self._clock() - ended - parse, parse))

    def cancel(self, statement: Statement) -> None:
        """See QueryPath."""
        self._calls.cancel(statement)

    def close(self) -> None:
        """See QueryPath: nothing is kept here."""

    def _first_page(self, statement: Statement) -> tuple[Reply | None, float]:
        """Runs the statement; the first page of its rows, None where it has none, and when it had ended."""
        answer, page = self._made(self._begin, statement)
        if page:
            self._over(statement)
            return page, self._clock()
        answer, ended = self._ended(answer, statement), self._clock()
        if not _has_rows(answer, statement):
            return None, ended
        return self._made(partial(self._page, token=None), statement), ended

    def _ended(self, answer: Reply, statement: Statement) -> Reply:
        """What DescribeStatement tells of a statement once it has ended."""
        pause = _FIRST_PAUSE
        while not _is_over(answer):
            statement.admit()
            asked = self._clock()
            answer = self._made(self._describe, statement)
            # A server that does not wait must not be hammered.
            if not _is_over(answer) and self._clock() - asked < pause:
                self._sleep(min(pause, statement.left()) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                pause = min(pause * 2, _LONGEST_PAUSE)
        self._over(statement)
        return answer

    @staticmethod
    def _over(statement: Statement) -> None:
        statement.end()
        statement.admit()  # who signed out while it ran sees nothing of it, in no tab

    def _read(self, first: Reply | None, statement: Statement) -> tuple[pa.Table, bool, float]:
        """The rows, whether there were more, and the seconds that it took to make columns of them."""
        pages = CsvPages(self._bounds) if self._format == "csv" else JsonPages(self._bounds)
        try:
            more, seconds = self._fill(pages, first, statement) if first is not None else (False, 0.0)
            began = self._clock()
            columns, truncated = pages.table(more=more)
        except _UNREADABLE as error:
            cause = type(error).__name__
            raise faults.unreadable(statement.query.name, statement.id, cause) from error
        return columns, truncated, seconds + self._clock() - began

    def _fill(self, pages: CsvPages | JsonPages, page: Any, statement: Statement) -> tuple[bool, float]:
        """Adds page after page until they are full; whether there are more, and the seconds it took to."""
        seconds = 0.0
        while True:
            arrived = self._clock()
            token = page.get("NextToken")
            # While this page is parsed the next is on its way; never one that may not be needed, for calls
            # for results are the scarcest.
            ahead = self._following(statement, token) if token and pages.leaves_room(page) else None
            with telemetry.span("parse"):
                pages.add(page)
            del page
            seconds += self._clock() - arrived
            if not token or pages.full:
                return bool(token), seconds
            page = end(statement, ahead or self._following(statement, token))

    def _following(self, statement: Statement, token: str) -> Future[Reply]:
        return begin(self._person, statement, partial(self._page, statement, token))

    def _made(self, job: Callable[[Statement], T], statement: Statement) -> T:
        return end(statement, begin(self._person, statement, partial(job, statement)))

    def _begin(self, statement: Statement) -> tuple[Reply, Reply]:
        """What its submission answers, and the first page of its rows if that comes soon."""
        answer = self._submit(statement)
        # Asked for while the statement runs, the rows of a short one are a call's way nearer than if the
        # submission waited; and its id is known at once, by which it can be cancelled.
        early = self._waits and not statement.changes and not _is_over(answer)
        return answer, self._early_page(statement) if early else {}

    def _submit(self, statement: Statement) -> Reply:
        statement.prepare()
        query = statement.query
        request: dict[str, Any] = {
            **self._target,
            "Database": self._database,
            "Sql": query.sql,
            "StatementName": statement.label,
            "ResultFormat": self._format.upper(),
            "ClientToken": statement.client_token,
        }
        if query.parameters:
            request["Parameters"] = [
                {"name": name, "value": value} for name, value in query.parameters.items()
            ]
        ask = partial(self._calls.call, "ExecuteStatement", request, statement)
        answer = self._calls.again(ask, statement)
        statement.known_as(answer["Id"])
        self._calls.cancel(statement)  # if it was stopped before anybody knew its id
        return answer

    def _describe(self, statement: Statement) -> Reply:
        def ask() -> Reply:
            request = {"Id": statement.id}
            return self._waiting("DescribeStatement", request, statement, longest=_LONGEST_WAIT)

        answer = self._calls.again(ask, statement)
        # An answer without the words of the failure must not be asked for again and again.
        return {"Error": "", "HasResultSet": False, **answer} if answer["Status"] in _OVER else answer

    def _early_page(self, statement: Statement) -> Reply:
        """The first page as soon as there is one; nothing where there is none within seconds, or never."""

        def ask() -> Reply:
            try:
                return self._waiting(self._result, {"Id": statement.id}, statement, longest=_FIRST_WAIT)
            except ClientError as error:
                if faults.error_code(error) not in _NO_RESULT:
                    raise
            return {}

        return self._calls.again(ask, statement)

    def _page(self, statement: Statement, token: str | None) -> Reply:
        request = {"Id": statement.id} if token is None else {"Id": statement.id, "NextToken": token}
        return self._calls.again(partial(self._calls.call, self._result, request, statement), statement)

    def _waiting(
        self, operation: str, request: Mapping[str, Any], statement: Statement, *, longest: int
    ) -> Reply:
        """Calls with a long poll where the SDK and the Region know it, without where they do not."""
        if self._waits:
            seconds = max(1, int(min(longest, statement.left())))
            try:
                return self._calls.call(operation, {**request, "WaitTimeSeconds": seconds}, statement)
            except (ClientError, BotoCoreError) as error:
                if not faults.refuses_waiting(error):
                    raise
                self._waits = not faults.does_not_know_waiting(error)
        return self._calls.call(operation, request, statement)


def _is_over(answer: Reply) -> bool:
    """Whether an answer says all that is to be known of how a statement ended."""
    status = answer.get("Status")
    if status == "FAILED":
        return "Error" in answer  # ExecuteStatement says that it failed, DescribeStatement why
    return status in _OVER and (status == "ABORTED" or "HasResultSet" in answer)


def _has_rows(answer: Reply, statement: Statement) -> bool:
    if answer["Status"] == "FAILED":
        raise faults.failed(answer["Error"], query_name=statement.query.name, statement_id=statement.id)
    if answer["Status"] == "ABORTED":
        raise faults.stopped(statement.query.name, statement.id)
    return bool(answer["HasResultSet"])
