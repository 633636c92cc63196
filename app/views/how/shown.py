"""The proof on the screen: why the person sees what a page shows, link by link."""

from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from app.audit import Trail
from app.errors import SessionExpired, StoreUnavailable
from app.views import clock, formats, personal, waiting
from app.views.how import records, told, words
from app.views.how.asked import Who
from app.views.how.learned import Known, learn
from app.views.page import View
from app.views.palette import palette
from app.views.reader import Reader

_STYLE = f"<style>{(Path(__file__).parent / 'how.css').read_text()}</style>"
# Between looks whether credentials were renewed; what is left of them ticks in the browser meanwhile.
_LOOK_SECONDS = 20


@st.fragment
def control(view: View, reader: Reader) -> None:
    """The quiet way from a page to its proof; nothing is asked before somebody takes it."""
    if st.button(":primary[How do I see this?]", type="tertiary", key=f"{view.path}.how"):
        st.dialog("How do I see this?", width="large")(_open)(view, reader)


def _open(view: View, reader: Reader) -> None:
    show(view, reader, fresh=st.button(":primary[Refresh]", type="tertiary", key=f"{view.path}.how.refresh"))


def show(view: View, reader: Reader, *, fresh: bool) -> None:
    """Draws the proof of a page; a part that cannot be learned says so, and the others stand."""
    _dress()
    question = personal.beside(view.question) if reader.personal_tables else view.question
    with st.container(key="how"):
        place = st.empty()
        with place, st.spinner("Asking Redshift who you are and what you may see", show_time=True):
            known = learn(reader, question.relations, waiting.until_landed, fresh=fresh)
        place.empty()
        _draw(known, view, reader)


def _dress() -> None:
    colours, style = palette(st.context.theme.type), _STYLE
    for name in ("background", "line", "accent", "worse"):
        style = style.replace(f"{name.upper()}-COLOUR", getattr(colours, name))
    st.html(style)


def _draw(known: Known, view: View, reader: Reader) -> None:
    marks = formats.marks(st.context.locale, reader.currency)
    if known.tables:
        st.html(told.reasons(words.verdict(known, known.tables[0], marks)))
    st.html(told.picture(words.links(known, marks)))
    st.fragment(_signed_in, run_every=_LOOK_SECONDS)(reader)
    st.html(told.redshift(known))
    for proven in known.tables:
        st.html(told.table(known, proven, marks))
    _records(known, view, reader.trail)


def _signed_in(reader: Reader) -> None:
    """The links before Redshift, looked at again and again: each renewal moves their ends."""
    try:
        chain = reader.chain()
    except SessionExpired:
        st.rerun()
    except StoreUnavailable as error:
        st.html(told.refused(error))
        return
    st.html(told.sign_in(chain, datetime.now(UTC), clock.time_of))


def _records(known: Known, view: View, trail: Trail) -> None:
    """What AWS and the app recorded of what the page showed last."""
    shown = waiting.last(view.path)
    if shown is None:
        st.html(told.section(None, "On record", f"{view.title} has shown nothing in this tab yet."))
        return
    _, table = shown
    st.html(told.records(known.chain, table, trail, clock.time_of))
    user = known.who.user if isinstance(known.who, Who) else ""
    for command in records.commands(known.chain, table, user):
        st.html(told.command(command))
        st.code(command.text, language=command.language, wrap_lines=True)
