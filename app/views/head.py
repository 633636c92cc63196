"""The head of a page: the look that all have, the title, and what stands beside it."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.views.palette import Palette

_STYLE = f"<style>{(Path(__file__).parent / 'page.css').read_text()}</style>"


def dress(colours: Palette) -> None:
    """Gives a page the look that all have."""
    st.html(_STYLE.replace("ON-ACCENT", colours.background))


def heading(title: str, path: str) -> tuple[DeltaGenerator, DeltaGenerator, bool]:
    """The title; beside it where to say how fresh the page is, the way to have it anew, and its tools."""
    with st.container(key="heading", horizontal=True, vertical_alignment="center"):
        st.title(title, anchor=False, width="stretch")
        with st.container(
            horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content"
        ):
            as_of = st.empty()
            fresh = st.button(":primary[Refresh]", type="tertiary", key=f"{path}.refresh")
            beside = st.container(key="tools", horizontal=True, vertical_alignment="center", width="content")
    return as_of, beside, fresh
