"""How a statement runs on the warehouse: picked, started, its results converted, ended."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from infra.local.aws.kept_results import KeptResults
from infra.local.aws.results import AS_AWS, Failure, Limits, ResultSet
from infra.local.aws.statement import Connection, Part, State, Statement
from infra.local.warehouse import (
    Redshift,
    Result,
    Session,
    SqlCancelled,
    SqlError,
    named_parameters,
)

log = logging.getLogger(__name__)


class StatementRuns:
    """Runs statements to their end, one at a time in the thread that calls."""

    def __init__(
        self,
        redshift: Redshift,
        *,
        refusal: Callable[[Connection], str],
        now: Callable[[], dt.datetime],
        kept: KeptResults,
        csv_header: bool = True,
        limits: Limits = AS_AWS,
    ) -> None:
        self._redshift = redshift
        self._refusal = refusal
        self._now = now
        self._kept = kept
        self._csv_header = csv_header
        self._limits = limits

    def run(self, statement: Statement) -> None:
        """Runs the statement; raises what ended it before its time."""
        statement.cancellation.check()
        try:
            if statement.request.auto_commit:
                for part in statement.parts:
                    self._run_alone(statement, part)
            else:
                self._run_together(statement, statement.parts)
        finally:
            if statement.session is None and statement.engine is not None:
                statement.engine.close()

    def end(self, statement: Statement, error: BaseException | None) -> None:
        """Whatever ended the run ends the statement too: nobody waits for a statement that died."""
        if error is not None and not isinstance(error, SqlError | Failure):
            log.error("Statement %s ended in an internal error", statement.id, exc_info=error)
        self._stop(statement, statement.unfinished(), error or SqlCancelled())

    def _run_alone(self, statement: Statement, part: Part) -> None:
        """One statement of an AUTO_COMMIT batch: its failure leaves the others alone."""
        statement.cancellation.check()
        try:
            self._run_together(statement, [part])
        except SqlCancelled:
            raise
        except (SqlError, Failure) as error:
            self._stop(statement, [part], error)

    def _run_together(self, statement: Statement, parts: Sequence[Part]) -> None:
        """Statements in one transaction: all of them succeed, or none."""
        self._move(statement, parts, State("PICKED"))
        session = self._connect(statement)
        self._move(statement, parts, State("STARTED"))
        started = time.perf_counter_ns()
        states: list[State] = []
        try:
            self._redshift.execute_batch(
                [part.sql for part in parts],
                user=statement.request.connection.user,
                parameters=_named(parts, statement.request.parameters),
                cancel=statement.cancellation,
                session=session,
                query_ids=[part.query_id for part in parts],
                accept=lambda result: states.append(self._finished(statement, result)),
            )
        except (SqlError, Failure):
            self._roll_back(statement, parts)
            raise
        duration = time.perf_counter_ns() - started
        self._finish(statement, dict(zip(parts, states, strict=True)), duration)

    def _roll_back(self, statement: Statement, parts: Sequence[Part]) -> None:
        """Where one statement failed, the others of its transaction are undone or never ran."""
        records = self._redshift.history.records()
        failed = {record.statement.query_id for record in records if record.status == "failed"}
        others = [part for part in parts if part.query_id not in failed]
        if len(others) < len(parts):
            self._move(statement, others, State("ABORTED"))

    def _connect(self, statement: Statement) -> Session:
        """Opens the statement's session unless it is open; one that cannot be opened fails the statement."""
        connection, session = statement.request.connection, statement.session
        if refusal := self._refusal(connection):
            raise Failure(refusal)
        kept = session.engine if session is not None else statement.engine
        statement.engine = kept or self._redshift.open_session(connection.user)
        if session is not None:
            session.engine = statement.engine
        return statement.engine

    def _finish(self, statement: Statement, states: Mapping[Part, State], duration: int) -> None:
        with statement.changed:
            # Reading can be cancelled up to the last moment; a change is there for good once it is committed.
            if all(state.has_result_set for state in states.values()):
                statement.cancellation.check()
            self._change(statement, {part: replace(s, duration=duration) for part, s in states.items()})
        self._kept.add(states)

    def _finished(self, statement: Statement, result: Result) -> State:
        """What the statement comes to with the result; Failure when that is too large to be returned."""
        if not result.has_result_set:
            return State("FINISHED", rows=result.affected_rows, size=0)
        kept = ResultSet(
            result,
            result_format=statement.request.result_format,
            csv_header=self._csv_header,
            limits=self._limits,
            check=statement.cancellation.check,
        )
        return State("FINISHED", rows=kept.rows, size=kept.size, has_result_set=True, result=kept)

    def _stop(self, statement: Statement, parts: Sequence[Part], error: BaseException) -> None:
        status = "ABORTED" if isinstance(error, SqlCancelled) else "FAILED"
        known = isinstance(error, SqlError | Failure)
        self._move(statement, parts, State(status, str(error) if known else _INTERNAL))

    def _move(self, statement: Statement, parts: Sequence[Part], state: State) -> None:
        self._change(statement, dict.fromkeys(parts, state))

    def _change(self, statement: Statement, states: Mapping[Part, State]) -> None:
        statement.change(states, now=self._now())


_INTERNAL = "ERROR: internal error of the warehouse"


def _named(parts: Sequence[Part], parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters that these statements name: in a batch, each may name some of them."""
    named = (named_parameters(part.sql, parameters) for part in parts)
    return {name: value for each in named for name, value in each.items()}
