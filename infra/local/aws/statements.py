"""Statements of the Data API: from submission to a kept result, each for its owner alone."""

import datetime as dt
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from infra.local.aws.data_sessions import Sessions
from infra.local.aws.kept_results import KeptResults
from infra.local.aws.model import AwsError
from infra.local.aws.statement import Owner, Part, Request, Statement
from infra.local.aws.statement_runs import StatementRuns
from infra.local.aws.turns import Turns

# However long it runs: a statement is stopped, and its result is gone, a day after it was submitted.
RETENTION_SECONDS = 24 * 3600
CLIENT_TOKEN_SECONDS = 8 * 3600
ACTIVE_STATEMENTS = 500
# Unlike AWS: the oldest that are over are forgotten before their day, so that memory does not grow with it.
KEPT_STATEMENTS = 10_000
KEPT_CHARACTERS = 32_000_000  # of their texts, altogether
WAITING_REQUESTS = 10


class Statements:
    """Runs statements in everybody's turn and keeps each for a day, for its owner alone."""

    def __init__(
        self,
        runs: StatementRuns,
        *,
        new_query_id: Callable[[], int],
        sessions: Sessions,
        kept: KeptResults,
        clock: Callable[[], float],
        active_statements: int = ACTIVE_STATEMENTS,
        kept_statements: int = KEPT_STATEMENTS,
        kept_characters: int = KEPT_CHARACTERS,
    ) -> None:
        self._runs = runs
        self._new_query_id = new_query_id
        self._sessions = sessions
        self._results = kept
        self._clock = clock
        self._active_statements = active_statements
        self._kept_statements = kept_statements
        self._kept_characters = kept_characters
        self._characters = 0
        self._turns = Turns(most=active_statements)
        self._lock = threading.Lock()
        self._kept: dict[str, Statement] = {}
        self._active: set[str] = set()
        self._client_tokens: dict[tuple[Owner, str], tuple[Mapping[str, Any], Statement]] = {}

    def submit(self, request: Request, *, client_token: str, asked: Mapping[str, Any]) -> Statement:
        """Starts the request; a client token that was sent before gives the statement that it started."""
        self.end_overdue()
        with self._lock:
            repeated = self._repeated(request.owner, client_token, asked)
            if repeated is not None:
                return repeated
            statement = self._admit(request, client_token)
            if client_token:
                self._client_tokens[(request.owner, client_token)] = (asked, statement)
            surplus = self._surplus()
            for each in surplus:
                self._forget(each)
        for each in surplus:
            self._results.drop(each.parts)
        statement.future = self._turns.take(request.owner, lambda: self._runs.run(statement))
        statement.future.add_done_callback(lambda future: self._settle(statement, future))
        return statement

    def find(self, statement_id: str, owner: Owner) -> Statement | None:
        """The owner's statement; somebody else's is as unknown as one that never was."""
        self.end_overdue()
        statement = self._kept.get(statement_id)
        return statement if statement is not None and statement.request.owner == owner else None

    def owned(self, owner: Owner) -> list[Statement]:
        """The owner's statements, newest first."""
        self.end_overdue()
        with self._lock:
            return [each for each in reversed(self._kept.values()) if each.request.owner == owner]

    def cancel(self, statement: Statement) -> bool:
        """Stops the statement for real, wherever it is; False when it is over already."""
        with statement.changed:
            if statement.done:
                return False
            statement.cancellation.cancel()
        # One that is still waiting for its turn will not have it.
        if statement.future is not None:
            statement.future.cancel()
        return True

    def end_overdue(self) -> None:
        """Stops and forgets what is past its time; what is kept is in the order of submission."""
        now = self._clock()
        without_session = self._sessions.end_overdue()
        with self._lock:
            interrupted = [self._kept[each] for each in without_session if each in self._kept]
            overdue = _before(now - RETENTION_SECONDS, self._kept.values())
            for statement in overdue:
                self._forget(statement)
            for statement in _before(
                now - CLIENT_TOKEN_SECONDS, (each for _, each in self._client_tokens.values())
            ):
                del self._client_tokens[(statement.request.owner, statement.client_token)]
        for statement in overdue:
            self._results.drop(statement.parts)
        for statement in [*overdue, *interrupted]:
            self.cancel(statement)

    def close(self) -> None:
        """Cancels whatever is under way, so that nothing keeps the process from ending."""
        with self._lock:
            active = [self._kept[each] for each in self._active if each in self._kept]
        for statement in active:
            self.cancel(statement)
        self._turns.close()
        self._sessions.close_all()

    def _repeated(self, owner: Owner, client_token: str, asked: Mapping[str, Any]) -> Statement | None:
        before, statement = self._client_tokens.get((owner, client_token), (asked, None))
        if before != asked:
            raise AwsError("ValidationException", "The ClientToken was used before, for another request.")
        return statement

    def _surplus(self) -> list[Statement]:
        """The oldest that are over, as many as are to be forgotten for what is kept to stay within bounds."""
        number, characters = len(self._kept), self._characters
        found = []
        for statement in self._kept.values():
            if number <= self._kept_statements and characters <= self._kept_characters:
                break
            if statement.done:
                found.append(statement)
                number, characters = number - 1, characters - statement.characters
        return found

    def _forget(self, statement: Statement) -> None:
        del self._kept[statement.id]
        self._characters -= statement.characters
        token = (statement.request.owner, statement.client_token)
        if token in self._client_tokens and self._client_tokens[token][1] is statement:
            del self._client_tokens[token]  # what was asked under it holds the text, too

    def _admit(self, request: Request, client_token: str) -> Statement:
        if len(self._active) >= self._active_statements:
            raise AwsError(
                "ActiveStatementsExceededException",
                f"Active statements exceeded the allowed quota ({self._active_statements}).",
            )
        parts = [self._part(sql) for sql in request.sqls]
        statement = Statement(request, parts, client_token=client_token, ending=self._ending)
        self._connect(statement)
        self._kept[statement.id] = statement
        self._characters += statement.characters
        self._active.add(statement.id)
        return statement

    def _connect(self, statement: Statement) -> None:
        """The session that the statement is to run in, a new one if it asks for one to be kept alive."""
        request = statement.request
        if request.session is not None:
            self._sessions.lend(request.session, statement.id, keep_alive=request.keep_alive)
            statement.session = request.session
        elif request.keep_alive is not None:
            statement.session = self._sessions.open(
                owner=request.owner,
                user_id=request.session_user_id,
                connection=request.connection,
                keep_alive=request.keep_alive,
                statement_id=statement.id,
            )

    def _ending(self, statement: Statement) -> None:
        with self._lock:
            self._active.discard(statement.id)
        session = statement.session
        if session is not None:
            if session.engine is None:
                self._sessions.close(session)  # it has never connected: there is nothing to keep alive
            self._sessions.give_back(session)

    def _settle(self, statement: Statement, future: "Future[None]") -> None:
        self._runs.end(statement, None if future.cancelled() else future.exception())

    def _part(self, sql: str) -> Part:
        now = dt.datetime.fromtimestamp(self._clock(), dt.UTC)
        return Part(sql, self._new_query_id(), created_at=now, updated_at=now)


def _before(moment: float, statements: Iterable[Statement]) -> list[Statement]:
    return list(itertools.takewhile(lambda s: s.created_at.timestamp() < moment, statements))
