"""The page: what there is to read, an editor, what came of a statement, and those of before."""

from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.errors import QueryError
from app.redshift.table import Table
from app.views import formats, head, states, waiting
from app.views.explore import desk, history, names, result, rows, running
from app.views.explore.names import Catalogue
from app.views.explore.running import Answered, Failed
from app.views.page import Proof
from app.views.palette import palette
from app.views.reader import Limits, Reader
from app.views.waiting import Places

_STYLE = f"<style>{(Path(__file__).parent / 'explore.css').read_text()}</style>"
_TABLES = "explore tables"


def draw(reader: Reader) -> None:
    """Draws the page for whoever the warehouse knows as its caller."""
    asked = running.take()
    colours, marks = palette(st.context.theme.type), formats.marks(st.context.locale, reader.currency)
    head.dress(colours)
    st.html(_STYLE)
    _, _, fresh = head.heading(result.TITLE, running.PATH)
    states.note(
        f"Each statement runs as you: it reads what Redshift lets {reader.name} see, and changes nothing."
    )
    catalogue = _catalogue(reader, fresh=fresh)
    desk.draw(catalogue, reader)
    places = Places(_buttons(reader.limits), st.empty())
    body = st.container()
    outcome = running.outcome(asked, reader, desk.text(catalogue.relations), places)
    with body:
        if isinstance(outcome, Failed):
            result.failed(outcome.error, reader)
        elif isinstance(outcome, Answered):
            result.draw(outcome, reader, colours, marks)
    history.draw(reader, anew=fresh or asked != "nothing")


def _catalogue(reader: Reader, *, fresh: bool) -> Catalogue:
    """What the warehouse says there is to read; kept while the person's rights are the same."""
    kept = st.session_state.get(_TABLES)
    if fresh or not isinstance(kept, Table) or not reader.warehouse.holds(kept):
        try:
            kept = waiting.fetch(reader.warehouse, names.CATALOGUE, fresh=fresh)
        except QueryError as error:
            st.html(states.trouble(f"The list of tables is missing. {error.message}", error.quoted))
            return Catalogue((), whole=True)
        st.session_state[_TABLES] = kept
    return names.catalogue(kept)


def _buttons(limits: Limits) -> DeltaGenerator:
    """What runs and explains; beside it the place where a statement on its way is told of."""
    with st.container(key="explore.bar", horizontal=True, vertical_alignment="center"):
        st.button("Run", type="primary", key=desk.RUN, on_click=partial(running.ask, "run"))
        st.button("Explain", key=desk.EXPLAIN, on_click=partial(running.ask, "explain"))
        asked = st.empty()
        most = (
            f"{limits.rows:,} rows, {min(limits.megabytes, rows.MOST_KEPT_MB)} MB, {limits.seconds:g} seconds"
        )
        states.note(f"Ctrl+Enter runs. At most {most}.")
    return asked


PROOF = Proof("Explore", running.PATH, draw)
