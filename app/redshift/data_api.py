"""The way to Redshift through its Data API, as the person whose client it was handed."""

import logging
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from app.errors import AppError
from app.redshift import faults
from app.redshift.columns import Bounds
from app.redshift.csv_format import CsvPages
from app.redshift.json_format import JsonPages
from app.redshift.limiter import Turn, at_once
from app.redshift.path import Answer, Statement
from app.redshift.table import Timings
from app.redshift.workers import Workers

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.client import RedshiftDataAPIServiceClient

_log = logging.getLogger(__name__)

_LONGEST_WAIT = 30  # the Data API's limit
# Until the first call returns nobody knows the statement's id, so nobody can cancel it: it waits for less.
_FIRST_WAIT = 2
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
# What only reads is asked again when no answer came, after the SDK's own attempts.
_READ_AGAIN = (0.2, 0.5, 1.0)
_OVER = {"FINISHED", "FAILED", "ABORTED"}

# For the calls themselves, apart from the threads that wait for them: a call that hangs keeps one of these
# until the SDK lets go of it, and whoever waits goes on at the statement's deadline.
CALLS = Workers(most=128, most_of_one=12)

_METHODS = {
    "ExecuteStatement": "execute_statement",
    "DescribeStatement": "describe_statement",
    "GetStatementResult": "get_statement_result",
    "GetStatementResultV2": "get_statement_result_v2",
}

Job = Callable[[Statement], Mapping[str, Any]]


def _never() -> None:
    """For a client whose credentials nobody here can renew."""


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
        renew: Callable[[], None] = _never,
        turn: Turn = at_once,
        calls: Workers = CALLS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`renew` gets the client new credentials; `turn` holds a call back until it may go out."""
        self._client = client
        self._target = dict(target)
        self._database = database
        self._bounds = bounds
        self._format = result_format
        self._person = person
        self._renew = renew
        self._turn = turn
        self._calls = calls
        self._clock = clock
        self._sleep = sleep
        self._waits = True

    def run(self, statement: Statement) -> Answer:
        """See QueryPath."""
        started = self._clock()
        try:
            has_rows = self._execute(statement)
            warehouse = self._clock() - started
            columns, truncated, transfer, parse = self._read(statement, has_rows=has_rows)
        except (ClientError, BotoCoreError) as error:
            raise faults.translate(
                error, query_name=statement.query.name, statement_id=statement.id
            ) from error
        finally:
            statement.stop()  # whatever still runs has nobody who waits for it
            self.cancel(statement)
        return Answer(columns, truncated, Timings(warehouse, transfer, parse))

    def cancel(self, statement: Statement) -> None:
        """See QueryPath."""
        statement_id = statement.to_cancel()
        if statement_id is not None:
            self._calls.submit(self._person, partial(self._cancel, statement_id))

    def _execute(self, statement: Statement) -> bool:
        """Runs the statement to its end; tells whether it has rows."""
        answer = self._made(statement, self._submit)
        pause = _FIRST_PAUSE
        while not _is_over(answer):
            statement.admit()
            asked = self._clock()
            answer = self._made(statement, self._describe)
            # A server that does not wait must not be hammered.
            if not _is_over(answer) and self._clock() - asked < pause:
                self._sleep(min(pause, statement.left()) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                pause = min(pause * 2, _LONGEST_PAUSE)
        statement.end()
        statement.admit()  # who signed out while it ran sees nothing of it, in no tab
        return _has_rows(answer, statement)

    def _read(self, statement: Statement, *, has_rows: bool) -> tuple[pa.Table, bool, float, float]:
        """The rows, whether there were more, and the seconds for which pages were waited for and parsed."""
        pages = CsvPages(self._bounds) if self._format == "csv" else JsonPages(self._bounds)
        transfer = parse = 0.0
        token: str | None = None
        following = self._begun(statement, self._page) if has_rows else None
        try:
            while following is not None:
                asked = self._clock()
                page: Any = self._ended(statement, following)
                arrived = self._clock()
                token = page.get("NextToken")
                ask = partial(self._page, token=token)
                # While this page is parsed the next is on its way; never one that may not be needed, for
                # calls for results are the scarcest.
                ahead = bool(token) and pages.leaves_room(page)
                following = self._begun(statement, ask) if ahead else None
                pages.add(page)
                del page
                if token and not ahead and not pages.full:
                    following = self._begun(statement, ask)
                transfer += arrived - asked
                parse += self._clock() - arrived
            columns, truncated = pages.table(more=bool(token))
        except (pa.ArrowInvalid, ValueError) as error:
            cause = type(error).__name__
            raise faults.unreadable(statement.query.name, statement.id, cause) from error
        return columns, truncated, transfer, parse

    def _made(self, statement: Statement, call: Job) -> Mapping[str, Any]:
        return self._ended(statement, self._begun(statement, call))

    def _begun(self, statement: Statement, job: Job) -> Future[Mapping[str, Any]]:
        future: Future[Mapping[str, Any]] = Future()
        future.add_done_callback(lambda _: statement.wake())
        self._calls.submit(self._person, partial(_fulfil, future, partial(job, statement)))
        return future

    @staticmethod
    def _ended(statement: Statement, future: Future[Mapping[str, Any]]) -> Mapping[str, Any]:
        """What a call gave; a call that outlasts the statement is left to end by itself."""
        while not statement.wait_for(future.done):
            statement.check()
        return future.result()

    def _submit(self, statement: Statement) -> Mapping[str, Any]:
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
        seconds = max(1, int(min(_FIRST_WAIT, statement.left())))
        answer = self._waiting("ExecuteStatement", request, statement, seconds=seconds)
        statement.known_as(answer["Id"])
        self.cancel(statement)  # if it was stopped before anybody knew its id
        return answer

    def _describe(self, statement: Statement) -> Mapping[str, Any]:
        def ask() -> Mapping[str, Any]:
            seconds = max(1, int(min(_LONGEST_WAIT, statement.left())))
            return self._waiting("DescribeStatement", {"Id": statement.id}, statement, seconds=seconds)

        answer = self._again(ask, statement)
        # An answer without the words of the failure must not be asked for again and again.
        return {"Error": "", "HasResultSet": False, **answer} if answer["Status"] in _OVER else answer

    def _page(self, statement: Statement, token: str | None = None) -> Mapping[str, Any]:
        operation = "GetStatementResultV2" if self._format == "csv" else "GetStatementResult"
        request = {"Id": statement.id} if token is None else {"Id": statement.id, "NextToken": token}
        return self._again(partial(self._call, operation, request, statement), statement)

    def _again(self, ask: Callable[[], Mapping[str, Any]], statement: Statement) -> Mapping[str, Any]:
        """Asks what only reads, and asks again within the statement's time if no answer came."""
        for pause in _READ_AGAIN:
            try:
                return ask()
            except (ClientError, BotoCoreError) as error:
                if not faults.passes(error) or statement.stopped or statement.left() <= pause:
                    raise
            self._sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        return ask()

    def _waiting(
        self, operation: str, request: Mapping[str, Any], statement: Statement, *, seconds: int
    ) -> Mapping[str, Any]:
        """Calls with a long poll where the SDK and the Region know it, without where they do not."""
        if self._waits:
            try:
                return self._call(operation, {**request, "WaitTimeSeconds": seconds}, statement)
            except (ClientError, BotoCoreError) as error:
                if not faults.refuses_waiting(error):
                    raise
                self._waits = not faults.does_not_know_waiting(error)
        return self._call(operation, request, statement)

    def _call(self, operation: str, request: Mapping[str, Any], statement: Statement) -> Mapping[str, Any]:
        """Calls, and once in a statement's life calls again with new credentials, if the old ones ended."""
        call: Callable[..., Mapping[str, Any]] = getattr(self._client, _METHODS[operation])
        self._turn(operation, statement)
        statement.check()
        statement.sent = True
        try:
            return call(**request)
        except ClientError as error:
            if statement.renewed or not faults.credentials_ended(error):
                raise
        statement.renewed = True
        self._renew()
        self._turn(operation, statement)
        statement.check()
        return call(**request)

    def _cancel(self, statement_id: str) -> None:
        """Asks Redshift to stop a statement; one that ended meanwhile needs no stopping."""
        try:
            self._client.cancel_statement(Id=statement_id)
        except (ClientError, BotoCoreError, AppError) as error:
            _log.warning("statement=%s could not be cancelled: %s", statement_id, type(error).__name__)


def _fulfil(future: Future[Mapping[str, Any]], job: Callable[[], Mapping[str, Any]]) -> None:
    try:
        answer = job()
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        future.set_exception(error)
    else:
        future.set_result(answer)


def _is_over(answer: Mapping[str, Any]) -> bool:
    """Whether an answer says all that is to be known of how a statement ended."""
    status = answer.get("Status")
    if status == "FAILED":
        return "Error" in answer  # ExecuteStatement says that it failed, DescribeStatement why
    return status in _OVER and (status == "ABORTED" or "HasResultSet" in answer)


def _has_rows(answer: Mapping[str, Any], statement: Statement) -> bool:
    if answer["Status"] == "FAILED":
        raise faults.failed(answer["Error"], query_name=statement.query.name, statement_id=answer["Id"])
    if answer["Status"] == "ABORTED":
        raise faults.stopped(statement.query.name, statement.id)
    return bool(answer["HasResultSet"])
