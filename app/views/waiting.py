"""A page's question on its way: what stands on the page meanwhile, Stop, and what stays when it fails."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.errors import AppError, QueryCancelled, QueryDenied, QueryError, SessionExpired
from app.redshift import faults
from app.redshift.memory import Flight
from app.redshift.query import Query
from app.redshift.table import Table
from app.redshift.warehouse import Warehouse
from app.views import clock, states

_SHOWN = "page shown"  # what stands on the page: its path, its question, the answer
_STOPPED = "page stopped"
# An answer that comes at once needs no sign of waiting; Stop is for who has begun to wonder.
_AT_ONCE, _LONG = 0.15, 2.0
_SLICE = 0.1

Shapes = tuple[Sequence[float], int]  # a row of a page: its columns' weights, and its height


@dataclass(frozen=True)
class Places:
    """Where a page tells of its question: beside its heading, and before the figures."""

    as_of: DeltaGenerator
    body: DeltaGenerator


def ask(
    warehouse: Warehouse, query: Query, *, path: str, fresh: bool, places: Places, shapes: Sequence[Shapes]
) -> Table:
    """The page's one question to the warehouse; the heading then says how fresh the answer is.

    When it fails or is stopped, and the page had an answer to the same question, that one stays, and a line
    says so; never after anybody refused the person, be it the warehouse, AWS or the app itself, and never
    once the person's rights may have changed.
    """
    shown = st.session_state.get(_SHOWN)
    try:
        if stopped(path):
            raise faults.stopped(query.name, None)
        # Where figures stand already they stay, paler; only an empty page shows where they will be.
        empty = shown is None or shown[0] != path
        table = _answer(warehouse.begin(query, fresh=fresh), path, places, shapes if empty else ())
    except AppError as error:
        st.session_state.pop(_SHOWN, None)
        if not isinstance(error, QueryError) or isinstance(error, QueryDenied):
            raise
        if shown is None or shown[:2] != (path, query.key) or not warehouse.holds(shown[2]):
            raise
        table = shown[2]
        places.body.html(_told(error, table))
    st.session_state[_SHOWN] = path, query.key, table
    tell_as_of(table, places)
    return table


def tell_as_of(table: Table, places: Places) -> None:
    """Says beside the heading how fresh an answer is."""
    places.as_of.html(f'<p class="rl-note">as of {clock.time_of(table.as_of)} ·</p>', width="content")


def run(warehouse: Warehouse, query: Query, *, path: str, places: Places, fresh: bool = True) -> Table:
    """A question asked just now: it is asked anew, and nothing of before stands for its answer.

    Unless it need not be `fresh`: then what was asked a moment ago still holds.
    """
    return _answer(warehouse.begin(query, fresh=fresh), path, places, ())


def fetch(warehouse: Warehouse, query: Query, *, fresh: bool = False) -> Table:
    """The answer to what a part of a page asks for itself; whatever takes the person elsewhere stops it."""
    flight = warehouse.begin(query, fresh=fresh)
    try:
        until_landed([flight])
        return flight.table()
    finally:
        flight.leave()


def until_landed(flights: Sequence[Flight]) -> None:
    """Waits for all; a press, or another choice, comes through meanwhile."""
    while not _landed(flights, _SLICE):
        st.session_state.get(_STOPPED)  # where Streamlit lets it through


def stopped(path: str) -> bool:
    """Whether the person has pressed Stop on this page since this was last asked."""
    return bool(st.session_state.pop(_STOPPED, None) == path)


def check(warehouse: Warehouse, table: Table) -> None:
    """Has the whole page drawn anew unless its person may still see the table.

    For a part that is drawn by itself, without the page and what stands before it.
    """
    try:
        holds = warehouse.holds(table)
    except SessionExpired:
        holds = False  # the whole page says so
    if not holds:
        st.rerun()


def last(path: str | None = None) -> tuple[str, Table] | None:
    """Which page stood last in this tab and with which answer; of one page, if it was that."""
    shown = st.session_state.get(_SHOWN)
    return (shown[0], shown[2]) if shown is not None and path in (None, shown[0]) else None


def forget() -> None:
    """Lets go of the figures that stand in this tab, for its person is signed out."""
    st.session_state.pop(_SHOWN, None)


def _answer(flight: Flight, path: str, places: Places, shapes: Sequence[Shapes]) -> Table:
    settle([flight], path, places, shapes)
    return flight.table()


def settle(flights: Sequence[Flight], path: str, places: Places, shapes: Sequence[Shapes]) -> None:
    """Waits for all that is on its way; whatever takes the person elsewhere stops it at the warehouse."""
    try:
        if not _landed(flights, _AT_ONCE):
            with (
                _skeleton(places.body, shapes),
                places.as_of.container(horizontal=True, vertical_alignment="center", width="content"),
                st.spinner("Asking the warehouse", show_time=True),
            ):
                _wait(flights, path)
    finally:
        for flight in flights:
            flight.leave()


def _landed(flights: Sequence[Flight], seconds: float) -> bool:
    """Whether all have landed, after so many seconds at the latest."""
    until = time.monotonic() + seconds
    return all(flight.wait(max(0.0, until - time.monotonic())) for flight in flights)


def _wait(flights: Sequence[Flight], path: str) -> None:
    began, stop = time.monotonic(), st.empty()
    offered = False
    while not _landed(flights, _SLICE):
        # A look at the session's state is where Streamlit lets a press, or another choice, come through.
        st.session_state.get(_STOPPED)
        if not offered and time.monotonic() - began >= _LONG - _AT_ONCE:
            offered = True
            stop.button(":primary[Stop]", type="tertiary", key=f"{path}.stop", on_click=_stop, args=(path,))


def _stop(path: str) -> None:
    st.session_state[_STOPPED] = path


def _told(error: QueryError, table: Table) -> str:
    """Why the figures are still those of before, in a line over them."""
    why, code = error.message, error.quoted
    if isinstance(error, QueryCancelled):
        why, code = "Stopped.", ""
    as_of = clock.time_of(table.as_of)
    text = f"{why} These are the figures from before, as of {as_of}. {error.remedy}"
    return states.trouble(text, code, role="status")


@contextmanager
def _skeleton(place: DeltaGenerator, shapes: Sequence[Shapes]) -> Iterator[None]:
    """Shows where the figures will be, until they are there."""
    with place.container():
        for weights, height in shapes:
            for column in st.columns(weights, gap="large"):
                column.skeleton(height=height)
    try:
        yield
    finally:
        place.empty()
