"""One person's calls of the Data API: in turn, on threads of their own, again where that helps."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from app import telemetry
from app.errors import AppError
from app.redshift import faults
from app.redshift.limiter import Turn, at_once
from app.redshift.path import Statement
from app.redshift.workers import T, Workers, fulfil

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.client import RedshiftDataAPIServiceClient

_log = logging.getLogger(__name__)

# The pauses before a call is made again that AWS was too busy for, or that was not answered. Here and not in
# the SDK, which knows neither a statement's deadline nor that nobody waits for it any more. Every call of the
# Data API may be made again: a submission has its ClientToken.
_AGAIN = (0.1, 0.2, 0.5, 1.0, 2.0)
# For an answer to CancelStatement; one that hangs is asked for anew beside it.
_CANCEL_SECONDS = 5.0

# For the calls themselves, apart from the threads that wait for them: a call that hangs keeps one of these
# until the SDK lets go of it, and whoever waits goes on at the statement's deadline. No more for one person
# than their client keeps connections.
_CALLERS = Workers("rowlight-calls", most=256, most_of_one=10)
# Apart from those, for what hangs must not keep it from being cancelled.
_CANCELLERS = Workers("rowlight-stops", most=64, most_of_one=8)
_CANCELS = "rowlight-cancels"

# Each operation's method, and the member without which its answer is none.
_METHODS = {
    "ExecuteStatement": ("execute_statement", "Id"),
    "DescribeStatement": ("describe_statement", "Status"),
    "GetStatementResult": ("get_statement_result", "Records"),
    "GetStatementResultV2": ("get_statement_result_v2", "Records"),
}

Reply = Mapping[str, Any]


def never() -> None:
    """For a client whose credentials nobody here can renew."""


def begin(person: str, statement: Statement, job: Callable[[], T]) -> Future[T]:
    """Has a person's calls for a statement made on another thread."""
    future: Future[T] = Future()
    future.add_done_callback(lambda _: statement.wake())
    _CALLERS.submit(person, partial(fulfil, future, job))
    return future


def end(statement: Statement, future: Future[T]) -> T:
    """What calls gave; those that outlast the statement are left to end by themselves."""
    while not statement.wait_for(future.done):
        statement.check()
    return future.result()


class Calls:
    """The calls of one person's client, each for a statement and within its time."""

    def __init__(
        self,
        client: "RedshiftDataAPIServiceClient",
        *,
        person: str = "",
        renew: Callable[[], None] = never,
        turn: Turn = at_once,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`renew` gets the client new credentials; `turn` holds a call back until it may go out."""
        self._client = client
        self._person = person
        self._renew = renew
        self._turn = turn
        self._sleep = sleep

    def again(self, ask: Callable[[], Reply], statement: Statement) -> Reply:
        """Asks, and asks again within the statement's time while AWS is too busy or does not answer."""
        for pause in _AGAIN:
            try:
                return ask()
            except (ClientError, BotoCoreError) as error:
                if not faults.passes(error) or statement.stopped or statement.left() <= pause:
                    raise
            self._sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        return ask()

    def call(self, operation: str, request: Mapping[str, Any], statement: Statement) -> Reply:
        """Calls, and once in a statement's life calls again with new credentials, if the old ones ended."""
        try:
            return self._call(operation, request, statement)
        except ClientError as error:
            if statement.renewed or not faults.credentials_ended(error):
                raise
        statement.renewed = True
        self._renew()
        return self._call(operation, request, statement)

    def cancel(self, statement: Statement) -> None:
        """Has a stopped one cancelled, if it is known and still runs; waits for nothing."""
        statement_id = statement.to_cancel()
        if statement_id is not None:
            cancel = telemetry.carried(partial(self._cancel, statement, statement_id))
            threading.Thread(target=cancel, name=_CANCELS, daemon=True).start()

    def _call(self, operation: str, request: Mapping[str, Any], statement: Statement) -> Reply:
        statement.check()
        statement.held = True
        self._turn(operation, statement)
        statement.held = False
        method, needed = _METHODS[operation]
        call: Callable[..., Reply] = getattr(self._client, method)
        with telemetry.span(operation, statement=statement.id) as span:
            try:
                answer = call(**request)
            except ResponseParserError as error:
                raise faults.unreadable(statement.query.name, statement.id, type(error).__name__) from error
            span.tell(**_answered(answer))
            if needed not in answer:
                raise faults.unreadable(statement.query.name, statement.id, f"No{needed}")
        return answer

    def _cancel(self, statement: Statement, statement_id: str) -> None:
        """Asks until there is an answer; a statement that ended meanwhile needs no cancelling."""
        reason = ""
        for pause in _AGAIN:
            answer: Future[Reply] = Future()
            call = partial(self._cancelled, statement, statement_id)
            _CANCELLERS.submit(self._person, partial(fulfil, answer, call))
            try:
                answer.result(_CANCEL_SECONDS)
            except TimeoutError:
                reason = "no answer"
            except (ClientError, BotoCoreError, AppError) as error:
                reason = type(error).__name__
                if isinstance(error, AppError) or not faults.passes(error):
                    break
            else:
                return
            self._sleep(pause)
        _log.warning("statement=%s could not be cancelled: %s", statement_id, reason)

    def _cancelled(self, statement: Statement, statement_id: str) -> Reply:
        with telemetry.span("CancelStatement", statement=statement_id):
            try:
                return self._client.cancel_statement(Id=statement_id)
            except ClientError as error:
                if not faults.credentials_ended(error):
                    raise
            statement.admit()  # a sign-in that is over is not prolonged in order to end it
            self._renew()
            return self._client.cancel_statement(Id=statement_id)


def settle(seconds: float) -> None:
    """Waits, so long at most, until what was stopped is cancelled: a process ends without its threads."""
    deadline = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread.name == _CANCELS:
            thread.join(max(deadline - time.monotonic(), 0))


def _answered(answer: Reply) -> dict[str, object]:
    """By which names AWS knows a call that it answered."""
    about = answer.get("ResponseMetadata", {})
    return {"request": about.get("RequestId"), "status": about.get("HTTPStatusCode")}
