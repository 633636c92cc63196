"""One person's warehouse: their questions, what they asked a moment ago, and the trail that they leave."""

import time
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from functools import partial

from app import telemetry
from app.audit import NOBODY, Trail, new_id
from app.errors import AppError
from app.redshift.memory import Flight, Memory
from app.redshift.path import Answer, QueryPath, Statement
from app.redshift.query import Query
from app.redshift.table import Table, Timings

_CACHE_SECONDS = 60.0


def _always() -> str:
    """For a path whose credentials are good for as long as its process."""
    return ""


class Warehouse:
    """What one person may ask; what they get to see is decided by Redshift, there, at each query."""

    def __init__(
        self,
        path: QueryPath,
        *,
        timeout_seconds: float,
        cache_seconds: float = _CACHE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        trail: Trail = NOBODY,
        person: str = "",
        admit: Callable[[], str] = _always,
        ready: Callable[[], str] = _always,
    ) -> None:
        """`admit` raises SessionExpired when the sign-in is over, and tells under which rights it stands.

        So does `ready`, and has the credentials made that sign. Rights are a name that changes whenever what
        the person may see may have changed.
        """
        self._path = path
        self._timeout = timeout_seconds
        self._clock = clock
        self._trail = trail
        self._person = person
        self._admit = admit
        self._ready = ready
        self._memory = Memory(person=person, seconds=cache_seconds, clock=clock)

    def fetch(self, query: Query, *, fresh: bool = False) -> Table:
        """The query's rows; for a while from this person's memory, unless they are to be `fresh`."""
        return self.begin(query, fresh=fresh).table()

    def begin(self, query: Query, *, fresh: bool = False) -> Flight:
        """The same without waiting for the rows: they are asked for, or known, or on their way already."""
        key = self._key(query, self._admit())
        make = partial(self._ask, query, started=self._clock())
        span = telemetry.span("question", whose=self._trail, query=query.name)
        return self._memory.fly(key, make, fresh=fresh, span=span)

    def run(self, query: Query) -> None:
        """Has a statement that changes something run once; whatever is asked after it is asked anew.

        Nobody else waits for it, and nothing but its deadline stops it, not even a sign-out.
        """
        self._admit()
        started = self._clock()
        statement = self._statement(query, started=started, sent=lambda _: None, changes=True)
        try:
            self._run(statement, started=started)
        finally:
            # Also where it failed: Redshift may have run it, and only its answer was lost.
            self._memory.outdate()

    def holds(self, table: Table) -> bool:
        """Whether the person's rights are still those under which the rows were read."""
        return table.rights == self._admit()

    def sweep(self) -> None:
        """Lets go of answers that are too old to be given."""
        self._memory.sweep()

    def cancel(self) -> None:
        """Stops what is running and forgets what was asked, as a sign-out must; waits for nothing."""
        self._memory.forget()
        self._path.close()

    def _key(self, query: Query, rights: str) -> Hashable:
        # The memory is this person's alone. Were it ever anybody else's too, they would find nothing in it.
        return self._person, rights, query.key

    def _ask(self, query: Query, flight: Flight, *, started: float) -> Table:
        # Whoever asks from now on has the rights that it is sent with; before the first exchange of a sign-in
        # there are none, and a renewal may have come between.
        statement = self._statement(
            query, started=started, sent=lambda rights: flight.keep_under(self._key(query, rights))
        )
        flight.on_abandoned(partial(self._stop, statement))
        answer = self._run(statement, started=started)
        return Table(
            columns=answer.columns,
            truncated=answer.truncated,
            statement_id=statement.id or "",
            elapsed=answer.timings.total,
            timings=answer.timings,
            as_of=datetime.now(UTC),
            rights=statement.rights,
            label=statement.label,
        )

    def _statement(
        self, query: Query, *, started: float, sent: Callable[[str], None], changes: bool = False
    ) -> Statement:
        event_id = new_id()
        return Statement(
            query,
            event_id=event_id,
            # The query's name first: ListStatements looks for names by how they begin. Not in the SQL, where
            # a text that is new each time would keep Redshift from answering out of its result cache.
            label=f"{query.name} {self._trail.mark(event_id)}",
            deadline=started + self._timeout,
            clock=self._clock,
            admit=self._admit,
            prepare=partial(self._prepare, sent),
            changes=changes,
        )

    def _prepare(self, sent: Callable[[str], None], statement: Statement) -> None:
        statement.rights = self._ready()
        sent(statement.rights)

    def _stop(self, statement: Statement) -> None:
        statement.stop()
        self._path.cancel(statement)

    def _run(self, statement: Statement, *, started: float) -> Answer:
        with telemetry.span("statement", whose=self._trail) as span:
            answer = self._recorded(statement, started=started)
            span.tell(bytes=answer.columns.nbytes)
        return answer

    def _recorded(self, statement: Statement, *, started: float) -> Answer:
        """Runs it; an audit event tells how it ended, whichever way it did."""
        outcome, answer, cause = "fault", None, None
        try:
            answer = self._path.run(statement)
            outcome = statement.query.judge(answer.columns)
        except AppError as error:
            outcome, cause = error.code, getattr(error, "cause", None)
            raise
        finally:
            self._trail.record(
                "query",
                event_id=statement.event_id,
                outcome=outcome,
                cause=cause,
                query=statement.query.name,
                statement=statement.id,
                rows=answer and answer.columns.num_rows,
                milliseconds=round((self._clock() - started) * 1000),
                **(_parts(answer.timings) if answer else {}),
            )
        return answer


def _parts(timings: Timings) -> dict[str, int]:
    seconds = {"warehouse": timings.warehouse, "transfer": timings.transfer, "parse": timings.parse}
    return {f"{part}_milliseconds": round(value * 1000) for part, value in seconds.items()}
