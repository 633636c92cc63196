"""What every page has: its heading, how fresh it is and for whom, and the states without figures.

Text that comes from data or from a person's name goes into HTML, escaped; never into Markdown, where it could
become a link, an image or a formula.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.errors import QueryDenied
from app.redshift.query import Query
from app.redshift.table import Table
from app.redshift.warehouse import Warehouse
from app.views import filters
from app.views.filters import Filters
from app.views.formats import Separators, separators, span
from app.views.palette import Palette, palette

NOTHING_VISIBLE = "RL-412"
_DRAWN = "page drawn"

_STYLE = """<style>
.rl-note { margin: 0; font-size: 0.875rem; line-height: 1.4; opacity: 0.72; }
.rl-legend { display: flex; flex-wrap: wrap; align-items: center; gap: 1rem; font-size: 0.875rem; }
.rl-key { display: inline-flex; align-items: center; gap: 0.375rem; }
.rl-key i { display: inline-block; border-radius: 50%; }
[data-testid="stMainBlockContainer"] { padding-top: 4.5rem; padding-bottom: 3rem; }
.st-key-heading h1 { font-size: 1.5rem; padding: 0; }
[data-testid="stMain"] h3 { font-size: 1.125rem; }
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
.st-key-first-figure [data-testid="stMetricValue"] { font-size: 3rem; line-height: 1.15; }
[data-testid="stMetricDeltaDescription"] { flex-basis: 100%; }
:has(> [data-testid="stMetricDeltaDescription"]) { flex-wrap: wrap; row-gap: 0.125rem; }
[data-testid="stMetric"] [data-testid="stTooltipIcon"] { opacity: 0.45; }
[data-testid="stMetricChart"] .mark-line path { stroke: currentColor; opacity: 0.45; }
@media (max-width: 640px) {
  .st-key-figures [data-testid="stHorizontalBlock"] { flex-wrap: wrap; gap: 1rem; }
  .st-key-figures [data-testid="stColumn"] { min-width: 40%; flex: 1 1 40%; }
}
</style>"""


@dataclass(frozen=True)
class Page:
    """A page being drawn: what its reader chose, and how its reader reads."""

    path: str
    filters: Filters
    fresh: bool
    colours: Palette
    marks: Separators
    as_of: DeltaGenerator

    def ask(self, warehouse: Warehouse, query: Query) -> Table:
        """The page's one question to the warehouse; the heading then says how fresh the answer is."""
        # Where figures stand already they stay, paler; only an empty page shows where they will be.
        empty = st.session_state.get(_DRAWN) != self.path
        body = st.skeleton(height=560) if empty else nullcontext()
        with body, self.as_of, st.spinner("Asking the warehouse", show_time=True):
            table = warehouse.fetch(query, fresh=self.fresh)
        st.session_state[_DRAWN] = self.path
        self.as_of.html(f'<p class="rl-note">as of {_time(table.as_of)} ·</p>', width="content")
        return table


def begin(path: str, title: str, person: str) -> Page:
    """Draws what a page begins with."""
    st.html(_STYLE)
    chosen = filters.choose_period(path)
    with st.container(key="heading", horizontal=True, vertical_alignment="center"):
        st.title(title, anchor=False, width="stretch")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            as_of = st.empty()
            fresh = st.button(":primary[Refresh]", type="tertiary", key=f"{path}.refresh")
    period = span(chosen.first_day, chosen.last_day)
    note(f"{period} · {_categories(chosen)} · Rows that Redshift lets {person} see")
    return Page(
        path=path,
        filters=chosen,
        fresh=fresh,
        colours=palette(st.context.theme.type),
        marks=separators(st.context.locale),
        as_of=as_of,
    )


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
    st.subheader("No sales match these filters", anchor=False)
    period = span(chosen.first_day, chosen.last_day)
    what = f"There are none in {_categories(chosen)}" if chosen.categories else "There are none"
    note(f"{what} from {period}.")
    st.button("Reset filters", on_click=filters.reset)


def _nothing_here(why: str, ask: str, code: str) -> None:
    st.subheader("There is nothing here for you yet.", anchor=False)
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
