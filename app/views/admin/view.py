"""The page of administrators: a tab for each question, asked only while somebody looks at it."""

from pathlib import Path

import streamlit as st

from app.views import head, policy_tests, states
from app.views.admin import policies, sign_ins, statements, who
from app.views.admin.asking import GRANT, PATH, NoAnswer
from app.views.page import Proof
from app.views.palette import palette
from app.views.reader import Reader
from app.views.waiting import Places

TITLE = "Admin"
NOT_AN_ADMINISTRATOR = "RL-415"
_STYLE = f"<style>{(Path(__file__).parent / 'admin.css').read_text()}</style>"
_TABS = ("Who sees what", "Sign-ins", "Statements", "Policies", "Policy tests")


def draw(reader: Reader) -> None:
    """Draws the page for whom the warehouse shows its policies, and explains it to everybody else."""
    colours = palette(st.context.theme.type)
    head.dress(colours)
    st.html(_STYLE.replace("LINE-COLOUR", colours.line))
    as_of, _, fresh = head.heading(TITLE, PATH)
    if not reader.administers():
        _explain(reader)
        return
    states.note(f"What Redshift's system views tell {reader.name} · No row of anybody's data is on this page")
    places = Places(as_of, st.empty())
    for name, tab in zip(_TABS, st.tabs(_TABS, on_change="rerun", key="admin.tab"), strict=True):
        if tab.open:
            with tab:
                _tab(name, reader, places, fresh=fresh)


def _tab(name: str, reader: Reader, places: Places, *, fresh: bool) -> None:
    try:
        match name:
            case "Who sees what":
                who.draw(reader, places, fresh=fresh)
            case "Sign-ins":
                sign_ins.draw(reader)
            case "Statements":
                statements.draw(reader, places, fresh=fresh)
            case "Policies":
                policies.draw(reader, places, fresh=fresh)
            case "Policy tests":
                policy_tests.draw(reader, places, fresh=fresh)
    except NoAnswer:
        return


def _explain(reader: Reader) -> None:
    """Which grant is missing, and whom to ask."""
    st.header("This page is for administrators of the warehouse.", anchor=False)
    st.html(
        "<p>It reads Redshift's system views of policies, grants and statements. Redshift does not show them "
        f"to you: none of your roles has <code>{GRANT}</code>.</p>"
        "<p>Ask the person who looks after access to add you to a group whose role has it, or to grant it to "
        "a role of yours. Give them this code:</p>"
    )
    session = f" {reader.trail.session}" if reader.trail.session else ""
    st.code(f"{NOT_AN_ADMINISTRATOR}{session}", language=None, wrap_lines=True, width="content")
    states.note("What you may read yourself, and why, is on every page under How do I see this.")


PROOF = Proof(TITLE, PATH, draw, shown=lambda reader: reader.is_administrator)
