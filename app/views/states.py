"""What a page says where it has no figures, and its quiet lines.

Text that comes from data or from a person's name goes into HTML, escaped; never into Markdown, where it could
become a link, an image or a formula.
"""

from collections.abc import Sequence
from html import escape
from typing import Literal

import streamlit as st

from app.errors import QueryDenied
from app.redshift.panels import NOTHING_VISIBLE
from app.redshift.table import Table
from app.views import filters


def note(text: str, *, width: Literal["stretch", "content"] = "stretch") -> None:
    """A quiet line; whatever it holds stays text."""
    st.html(f'<p class="rl-note">{escape(text)}</p>', width=width)


def trouble(text: str, code: str = "", *, role: str = "alert") -> str:
    """A line about what went wrong, as HTML; whatever it holds stays text."""
    quoted = f" <span>{escape(code)}</span>" if code else ""
    return f'<p class="rl-trouble" role="{role}">{escape(text)}{quoted}</p>'


def nothing_visible(table: Table) -> None:
    """Explains a table without a single row that the person may see."""
    _nothing_here(
        "Redshift shows rows that a policy for one of your groups lets through. No policy lets any through.",
        "Ask the person who looks after access to add you to a group that sees these rows. "
        "Give them this code:",
        f"{NOTHING_VISIBLE} {table.statement_id}",
    )


def denied(error: QueryDenied) -> None:
    """Explains a warehouse that does not let the person ask at all."""
    _nothing_here(
        error.message,
        f"{error.remedy} Give them this code:",
        f"{error.code} {error.statement_id or ''}".strip(),
    )


def no_match(said: Sequence[str]) -> None:
    """Says which choice leaves nothing, and offers the way back."""
    st.header("No sales match these filters", anchor=False)
    period, *others = said
    note(f"There are none from {period}{' with ' if others else ''}{', '.join(others)}.")
    st.button("Reset filters", key="nothing.reset", on_click=filters.reset)


def no_room() -> None:
    """Says that a cap on rows took even the figures: that there are none would not be true."""
    st.header("There are more rows than a page takes", anchor=False)
    note("Not even the figures are among those that came. Ask the person who looks after the app for more.")


def _nothing_here(why: str, ask: str, code: str) -> None:
    st.header("There is nothing here for you yet.", anchor=False)
    st.html(f"<p>{escape(why)}</p><p>{escape(ask)}</p>")
    st.code(code, language=None, wrap_lines=True, width="content")
