"""A person's statement on its way: asked once, stopped by whatever stops it, and what came of it."""

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app.errors import AppError, QueryError, StatementRefused
from app.redshift import faults
from app.redshift.query import Query
from app.redshift.read_only import read_only
from app.redshift.table import Table
from app.views import waiting
from app.views.explore import rows
from app.views.reader import Reader
from app.views.waiting import Places

PATH = "explore"
_ASKED, _OUTCOME = "explore asked", "explore outcome"
_RUN, _PLAN = "Explore", "Explore: plan"


@dataclass(frozen=True)
class Nothing:
    """No statement was run yet."""


@dataclass(frozen=True)
class Answered:
    """What the warehouse answered, or how it would."""

    sql: str
    plan: bool
    table: Table


@dataclass(frozen=True)
class Failed:
    """Why there is no answer."""

    error: AppError


Asked = Literal["nothing", "run", "explain"]
Outcome = Nothing | Answered | Failed


def ask(what: Asked) -> None:
    """Notes what is to be done with what stands in the editor."""
    st.session_state[_ASKED] = what


def is_asked() -> bool:
    """Whether something is to be done that the page has not taken in hand yet."""
    return _ASKED in st.session_state


def take() -> Asked:
    """What is to be done now; asked once, it is taken once."""
    taken: Asked = st.session_state.pop(_ASKED, "nothing")
    return taken


def outcome(asked: Asked, reader: Reader, text: str, places: Places) -> Outcome:
    """What came of the statement: of the one asked just now, else of the last."""
    waiting.stopped(PATH)  # what was on its way has been stopped: the press is not for what comes next
    if asked != "nothing":
        # Stands until there is another: whatever takes the person elsewhere meanwhile has stopped it.
        st.session_state[_OUTCOME] = Failed(faults.stopped(_RUN, None))
        st.session_state[_OUTCOME] = _run(reader, text, plan=asked == "explain", places=places)
    found: Outcome = st.session_state.get(_OUTCOME, Nothing())
    if isinstance(found, Answered) and not reader.warehouse.holds(found.table):
        found = st.session_state[_OUTCOME] = Nothing()
    return found


def _run(reader: Reader, text: str, *, plan: bool, places: Places) -> Outcome:
    try:
        statement = read_only(text)
        plan = plan or statement.explains
        query = Query(_PLAN, statement.explained) if plan else Query(_RUN, statement.sql)
        table = waiting.run(reader.warehouse, query, path=PATH, places=places)
        return Answered(query.sql, plan, rows.kept(table))
    except (StatementRefused, QueryError) as error:
        if isinstance(error, StatementRefused):
            reader.trail.record("query", outcome=error.code, query=_RUN)
        return Failed(error.anew())
