"""What every page stands in: heading, filters, its one question, tools, and the states without figures."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from app import telemetry
from app.errors import QueryDenied
from app.redshift.conditions import Value
from app.redshift.panels import Panels
from app.views import clock, export, filters, formats, head, personal, states, tools, waiting
from app.views.choice import Filters
from app.views.how import shown
from app.views.page import Page, View
from app.views.palette import palette
from app.views.reader import Reader
from app.views.waiting import Places

_REFUSED = "kept refused"  # by the warehouse in this tab: to read what people keep


def render(view: View, reader: Reader) -> None:
    """Draws a page for whoever the warehouse knows as its caller."""
    colours, marks = palette(st.context.theme.type), formats.marks(st.context.locale, reader.currency)
    head.dress(colours)
    chosen = filters.choose_period(view.path)
    as_of, beside, fresh = head.heading(view.title, view.path)
    if _REFUSED in st.session_state:
        reader = replace(reader, personal_tables=False)
    with st.container(key="whose", horizontal=True, vertical_alignment="center", gap="small"):
        span = formats.span(chosen.first_day, chosen.last_day)
        states.note(f"{span} · Rows that Redshift lets {reader.name} see", width="content")
        shown.control(view, reader)
    tools.tell_shared(view.path, reader.name)
    filters.chips(view.path, chosen, view.dimensions, marks)
    places = Places(as_of, st.empty())  # always there, so that what follows keeps its place
    if reader.personal_tables:
        view = _with_what_is_kept(view)
    try:
        table = waiting.ask(
            reader.warehouse,
            view.query(chosen),
            path=view.path,
            fresh=fresh,
            places=places,
            shapes=view.shapes,
        )
    except QueryDenied as error:
        if reader.personal_tables:
            # Perhaps of what people keep alone: the figures do not depend on it.
            st.session_state[_REFUSED] = True
            st.rerun()
        states.denied(error)
        return
    with telemetry.span("draw"):
        _draw(view.question.split(table), Page(view, reader, chosen, colours, marks, table, beside))


def _with_what_is_kept(view: View) -> View:
    """The page, which also asks for what its reader keeps, in the same statement."""

    def parameters(chosen: Filters) -> Mapping[str, Value]:
        return {**view.parameters(chosen), **personal.parameters(clock.today())}

    return replace(view, question=personal.beside(view.question), parameters=parameters)


def _draw(panels: Panels, this: Page) -> None:
    if not panels.any("anything"):
        states.nothing_visible(this.table)
        return
    view = this.view
    filters.choose(view.path, view.offered(panels), this.marks, limits=view.limits, least=view.by_amount)
    if this.reader.personal_tables:
        tools.kept(this, personal.read(panels))
    elif _REFUSED in st.session_state:
        states.note("Saved views and alerts are not here: none of your groups may read them.")
    totals = panels["totals"]["orders"].to_pylist()
    if not totals and "totals" in panels.incomplete:
        states.no_room()
        return
    if not any(totals):
        states.no_match(this.said)
        return
    view.draw(panels, this)
    export.export(this)
