"""What every page has: its heading, how fresh it is and for whom, and the states without figures.

Text that comes from data or from a person's name goes into HTML, escaped; never into Markdown, where it could
become a link, an image or a formula.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.errors import AppError, QueryCancelled, QueryDenied, QueryError, SessionExpired
from app.redshift import faults
from app.redshift.memory import Flight
from app.redshift.query import Query
from app.redshift.table import Table
from app.redshift.warehouse import Warehouse
from app.views import filters
from app.views.choice import Filters
from app.views.formats import Separators, separators, span
from app.views.palette import Palette, palette

NOTHING_VISIBLE = "RL-412"
_SHOWN = "page shown"  # what stands on the page: its path, its question, the answer
_STOPPED = "page stopped"
# An answer that comes at once needs no sign of waiting; Stop is for who has begun to wonder.
_AT_ONCE, _LONG = 0.15, 2.0
_SLICE = 0.1

Shapes = tuple[Sequence[float], int]  # a row of a page: its columns' weights, and its height

_STYLE = f"<style>{(Path(__file__).parent / 'page.css').read_text()}</style>"


@dataclass(frozen=True)
class Page:
    """A page being drawn: what its reader chose, and how its reader reads."""

    path: str
    filters: Filters
    fresh: bool
    colours: Palette
    marks: Separators
    as_of: DeltaGenerator
    body: DeltaGenerator  # before the figures: where they will be, or why they are still those of before

    def ask(self, warehouse: Warehouse, query: Query, *, shapes: Sequence[Shapes]) -> Table:
        """The page's one question to the warehouse; the heading then says how fresh the answer is.

        When it fails or is stopped, and the page had an answer to the same question, that one stays, and a
        line says so; never after anybody refused the person, be it the warehouse, AWS or the app itself, and
        never once the person's rights may have changed.
        """
        shown = st.session_state.get(_SHOWN)
        try:
            if st.session_state.pop(_STOPPED, None) == self.path:
                raise faults.stopped(query.name, None)
            # Where figures stand already they stay, paler; only an empty page shows where they will be.
            empty = shown is None or shown[0] != self.path
            table = self._answer(warehouse.begin(query, fresh=self.fresh), shapes if empty else ())
        except AppError as error:
            st.session_state.pop(_SHOWN, None)
            if not isinstance(error, QueryError) or isinstance(error, QueryDenied):
                raise
            if shown is None or shown[:2] != (self.path, query.key) or not warehouse.holds(shown[2]):
                raise
            table = shown[2]
            self.body.html(_told(error, table))
        st.session_state[_SHOWN] = self.path, query.key, table
        self.as_of.html(f'<p class="rl-note">as of {_time(table.as_of)} ·</p>', width="content")
        return table

    def _answer(self, flight: Flight, shapes: Sequence[Shapes]) -> Table:
        """What is on its way; whatever takes the person elsewhere meanwhile stops it at the warehouse."""
        try:
            if not flight.wait(_AT_ONCE):
                with (
                    _skeleton(self.body, shapes),
                    self.as_of.container(horizontal=True, vertical_alignment="center", width="content"),
                    st.spinner("Asking the warehouse", show_time=True),
                ):
                    self._wait(flight)
            return flight.table()
        finally:
            flight.leave()

    def _wait(self, flight: Flight) -> None:
        began, stop = time.monotonic(), st.empty()
        offered = False
        while not flight.wait(_SLICE):
            # A look at the session's state is where Streamlit lets a press, or another choice, come through.
            st.session_state.get(_STOPPED)
            if not offered and time.monotonic() - began >= _LONG - _AT_ONCE:
                offered = True
                key = f"{self.path}.stop"
                stop.button(":primary[Stop]", type="tertiary", key=key, on_click=_stop, args=(self.path,))


def _stop(path: str) -> None:
    st.session_state[_STOPPED] = path


def _told(error: QueryError, table: Table) -> str:
    """Why the figures are still those of before, in a line over them."""
    why, code = error.message, f"Code {error.code} {error.statement_id or ''}".rstrip()
    if isinstance(error, QueryCancelled):
        why, code = "Stopped.", ""
    text = f"{why} These are the figures from before, as of {_time(table.as_of)}. {error.remedy}"
    return f'<p class="rl-trouble" role="status">{escape(text)} <span>{escape(code)}</span></p>'


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


def forget() -> None:
    """Lets go of the figures that stand in this tab, for its person is signed out."""
    st.session_state.pop(_SHOWN, None)


def begin(path: str, title: str, person: str) -> Page:
    """Draws what a page begins with."""
    colours = palette(st.context.theme.type)
    st.html(_STYLE.replace("ON-ACCENT", colours.background))
    chosen = filters.choose_period(path)
    with st.container(key="heading", horizontal=True, vertical_alignment="center"):
        st.title(title, anchor=False, width="stretch")
        with st.container(
            horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content"
        ):
            as_of = st.empty()
            fresh = st.button(":primary[Refresh]", type="tertiary", key=f"{path}.refresh")
    period = span(chosen.first_day, chosen.last_day)
    note(f"{period} · {_categories(chosen)} · Rows that Redshift lets {person} see")
    return Page(
        path=path,
        filters=chosen,
        fresh=fresh,
        colours=colours,
        marks=separators(st.context.locale),
        as_of=as_of,
        body=st.empty(),  # always there, so that what follows keeps its place
    )


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


def note(text: str) -> None:
    """A quiet line; whatever it holds stays text."""
    st.html(f'<p class="rl-note">{escape(text)}</p>')


def nothing_visible(table: Table) -> None:
    """Explains a table without a single row that the person may see."""
    _nothing_here(
        "Redshift shows rows that a policy for one of your groups lets through. No policy lets any through.",
        "Ask the person who looks after access to add you to a group that sees sales. Give them this code:",
        f"{NOTHING_VISIBLE} {table.statement_id}",
    )


def denied(error: QueryDenied) -> None:
    """Explains a warehouse that does not let the person ask at all."""
    _nothing_here(
        error.message,
        f"{error.remedy} Give them this code:",
        f"{error.code} {error.statement_id or ''}".strip(),
    )


def no_match(chosen: Filters) -> None:
    """Says which choice leaves nothing, and offers the way back."""
    st.header("No sales match these filters", anchor=False)
    period = span(chosen.first_day, chosen.last_day)
    what = f"There are none in {_categories(chosen)}" if chosen.categories else "There are none"
    note(f"{what} from {period}.")
    st.button("Reset filters", on_click=filters.reset)


def _nothing_here(why: str, ask: str, code: str) -> None:
    st.header("There is nothing here for you yet.", anchor=False)
    st.html(f"<p>{escape(why)}</p><p>{escape(ask)}</p>")
    st.code(code, language=None, wrap_lines=True, width="content")


def _categories(chosen: Filters) -> str:
    if len(chosen.categories) > 1:
        return f"{len(chosen.categories)} categories"
    return chosen.categories[0] if chosen.categories else "All categories"


def _time(moment: datetime) -> str:
    """The time on the person's own clock; the browser names its time zone, and may name anything."""
    try:
        return f"{moment.astimezone(ZoneInfo(st.context.timezone or '')):%H:%M}"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"{moment.astimezone(UTC):%H:%M} UTC"
