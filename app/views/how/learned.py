"""What is learned of one page's chain: the questions to the warehouse, side by side. No Streamlit in it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from app.chain import Chain
from app.errors import AppError, SessionExpired, StoreUnavailable
from app.redshift.memory import Flight
from app.redshift.query import Query
from app.redshift.table import Table
from app.redshift.warehouse import Warehouse
from app.views.how import asked
from app.views.how.asked import Attached, Counted, Plan, Rights, Who
from app.views.reader import Reader

_T = TypeVar("_T")
Wait = Callable[[Sequence[Flight]], object]


@dataclass(frozen=True)
class Proven:
    """What was learned of a table; an error stands where the warehouse did not say."""

    table: str
    counted: Counted | AppError
    plan: Plan | AppError | None = None  # None where the person holds nothing by which it could be read
    attached: tuple[Attached, ...] | AppError | None = None  # None for who may not read the policies


@dataclass(frozen=True)
class Known:
    """All that was learned for one page: who the person is to Redshift, what they hold, and its tables."""

    chain: Chain
    who: Who | AppError
    rights: Rights | AppError
    tables: tuple[Proven, ...] = ()
    statement_id: str = ""  # by which Redshift was asked who they are


def learn(reader: Reader, tables: Sequence[str], wait: Wait, *, fresh: bool = False) -> Known:
    """Asks who the person is and what they hold, and then what of each table comes through.

    Whatever is refused stands in its place as an error; a sign-in that is over is raised. `wait` waits for
    what is on its way, and may raise what takes the person elsewhere: then all of it is stopped.
    """
    ask = partial(_ask, reader.warehouse, wait, fresh=fresh)
    first = ask({"who": asked.WHO, "rights": asked.rights_query(tables)})
    who, held = _of(first["who"], asked.who), first["rights"]
    if isinstance(who, AppError):
        return Known(reader.chain(), who, who)
    rights = _of(held, lambda table: asked.rights(table, who))
    answers = ask(_questions(tables, rights))
    statement_id = first["who"].statement_id if isinstance(first["who"], Table) else ""
    proven = tuple(_proven(table, answers) for table in tables)
    return Known(reader.chain(), who, rights, proven, statement_id)


def _questions(tables: Sequence[str], rights: Rights | AppError) -> dict[str, Query]:
    """What there is to be asked of each table, under names by which `_proven` finds the answers."""
    found = {f"count {table}": asked.count_query(table) for table in tables}
    for table in tables:
        # Without SELECT the count is refused, which is the proof; a plan would be refused as well.
        if isinstance(rights, AppError) or rights.select(table) or rights.columns(table):
            found[f"plan {table}"] = asked.plan_query(table)
    if isinstance(rights, Rights) and rights.reads_policies:
        found["policies"] = asked.policies_query(tables)
    return found


def _proven(table: str, answers: Mapping[str, Table | AppError]) -> Proven:
    plan, policies = answers.get(f"plan {table}"), answers.get("policies")
    return Proven(
        table,
        _of(answers[f"count {table}"], partial(asked.counted, table)),
        _of(plan, asked.plan) if plan is not None else None,
        _of(policies, partial(asked.attached, table)) if policies is not None else None,
    )


def _of(answer: Table | AppError, read: Callable[[Table], _T]) -> _T | AppError:
    return answer if isinstance(answer, AppError) else read(answer)


def _ask(
    warehouse: Warehouse, wait: Wait, queries: Mapping[str, Query], *, fresh: bool
) -> dict[str, Table | AppError]:
    """The answers, or why there are none; all are on their way at once."""
    flights: dict[str, Flight] = {}
    with ExitStack() as leaving:
        for name, query in queries.items():
            flights[name] = warehouse.begin(query, fresh=fresh)
            leaving.callback(flights[name].leave)
        wait(list(flights.values()))
        return {name: _landed(flight) for name, flight in flights.items()}


def _landed(flight: Flight) -> Table | AppError:
    try:
        return flight.table()
    except (SessionExpired, StoreUnavailable):
        raise
    except AppError as error:
        return error
