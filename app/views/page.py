"""What every page has: its heading, how fresh it is and for whom, and the states without figures.

Text that comes from data or from a person's name goes into HTML, escaped; never into Markdown, where it could
become a link, an image or a formula.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.errors import QueryDenied
from app.redshift.query import Query
from app.redshift.table import Table
from app.redshift.warehouse import Warehouse
from app.views import filters
from app.views.choice import Filters
from app.views.formats import Separators, separators, span
from app.views.palette import Palette, palette

NOTHING_VISIBLE = "RL-412"
_DRAWN = "page drawn"

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

    def ask(self, warehouse: Warehouse, query: Query, *, shapes: Sequence[Shapes]) -> Table:
        """The page's one question to the warehouse; the heading then says how fresh the answer is."""
        # Where figures stand already they stay, paler; only an empty page shows where they will be.
        empty = st.session_state.get(_DRAWN) != self.path
        body = _skeleton(shapes) if empty else nullcontext()
        with body, self.as_of, st.spinner("Asking the warehouse", show_time=True):
            table = warehouse.fetch(query, fresh=self.fresh)
        st.session_state[_DRAWN] = self.path
        self.as_of.html(f'<p class="rl-note">as of {_time(table.as_of)} ·</p>', width="content")
        return table


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
    )


@contextmanager
def _skeleton(shapes: Sequence[Shapes]) -> Iterator[None]:
    """Shows where the figures will be, until they are there."""
    place = st.empty()
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
