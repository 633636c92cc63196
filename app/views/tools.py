"""What a person keeps for themselves, beside a page's heading: saved views, links for others, and alerts.

Names and values are anybody's text (see personal): they go into HTML, escaped, never into Markdown.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from html import escape
from urllib.parse import urlsplit

import streamlit as st

from app.errors import QueryError
from app.redshift.query import Query
from app.views import VIEWS, clock, filters, formats, personal, states, waiting
from app.views.page import Page
from app.views.personal import Alert, Personal, SavedView, Watch

_TITLES = {view.path: view.title for view in VIEWS}
_LEAVING = "tools.leaving"  # what is to go, once the person says so again
_RECEIVED = "tools.received"  # the page and the filters of a link that somebody shared
_EXAMPLE = Decimal(15_000)
_BADGE = (
    '<span style="background:{accent};color:{background};border-radius:1rem;padding:0.125rem 0.5rem;'
    'font-size:0.75rem;font-weight:600;white-space:nowrap" role="status">{text}</span>'
)
_ITEM = '<div style="overflow-wrap:anywhere;font-size:0.875rem;line-height:1.4">{}</div>'


def receive() -> None:
    """Notes that the address is a link that somebody shared, and takes the mark out of it.

    To be called after filters.follow_address.
    """
    if personal.SHARED in st.query_params:
        del st.query_params[personal.SHARED]
        st.session_state[_RECEIVED] = "", filters.kept()


def tell_shared(page: str, name: str) -> None:
    """Says, while the page is as the link says, that it was shared and with whose rows it comes."""
    if _RECEIVED not in st.session_state:
        return
    at, choice = st.session_state[_RECEIVED]
    if at not in ("", page) or choice != filters.kept():
        del st.session_state[_RECEIVED]
        return
    st.session_state[_RECEIVED] = page, choice
    states.note(f"This view was shared as a link. You see it with the rows that Redshift lets {name} see.")


def kept(this: Page, mine: Personal) -> None:
    """The ways to alerts, with how many have something to tell, and to saved views and a link for others."""
    with this.tools:
        # A page of their own: they stand as long as the tab, and would keep all that this one comes to offer.
        _kept(replace(this, parts=[]), mine)


# Opened, closed or used, they are drawn without the page beside them. Both together: where one closes as the
# other opens, the browser tells of both at once, and has one fragment run.
@st.fragment
def _kept(this: Page, mine: Personal) -> None:
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", width="content"):
        if mine.holding:
            text = "1 alert" if mine.holding == 1 else f"{mine.holding} alerts"
            badge = _BADGE.format(text=text, accent=this.colours.accent, background=this.colours.background)
            st.html(badge, width="content")
        _alerts(this, mine)
        _views(this, mine)


def _views(this: Page, mine: Personal) -> None:
    popover = st.popover("Views", key="tools.views", type="tertiary", on_change="rerun")
    if not popover.open:
        return
    waiting.check(this.reader.warehouse, this.table)
    kept, more = mine.views(_TITLES, clock.today())
    with popover:
        for place, view in enumerate(kept):
            _item(
                f"view.{place}",
                _link(view),
                view.name,
                partial(_run, this, personal.delete_view(view.name)),
            )
        if more:
            _more("saved views", partial(_run, this, personal.DELETE_ALL_VIEWS))
        _save(this, kept)
        _share(this)


def _link(view: SavedView) -> str:
    address = personal.link(_path(view.page), view.choice)
    title = _TITLES[view.page]
    # In the page's own colour: a link's blue is too faint on the dark theme.
    here = f'<a href="{escape(address)}" target="_self" style="color:inherit">{escape(view.name)}</a>'
    return f"{here} · {escape(title)}"


def _path(page: str) -> str:
    """Where a page is: the first of them at the root."""
    return "" if page == VIEWS[0].path else page


def _save(this: Page, kept: Sequence[SavedView]) -> None:
    # Another key each time the list has grown: the field is empty again.
    with st.form(f"tools.save.{len(kept)}", border=False):
        name = st.text_input("Save this view as", max_chars=personal.LONGEST_NAME, placeholder="A name")
        states.note("The page and its filters. A view that has this name already is replaced.")
        pressed = st.form_submit_button("Save view")
    if not pressed:
        return
    name = " ".join(name.split())
    if not personal.is_name(name):
        _trouble(f"A name has 1 to {personal.LONGEST_NAME} characters that can be seen.")
    elif len(kept) >= personal.MOST_VIEWS and name not in {view.name for view in kept}:
        _trouble(f"You have {personal.MOST_VIEWS} views, the most that are kept. Delete one first.")
    elif not personal.is_whole(filters.kept()):
        _trouble("More is chosen than an address can say. Choose fewer values, then save.")
    else:
        _run(this, *personal.save_view(name, this.view.path, filters.kept()))


def _share(this: Page) -> None:
    """A link that opens the same page with the same filters, to be copied."""
    st.html(_ITEM.format("<strong>Copy link</strong>"))
    if not personal.is_whole(filters.kept()):
        states.note("More is chosen than a link can say. Choose fewer values.")
        return
    address = personal.link(_path(this.view.path), filters.kept(), shared=True)
    st.code(_origin() + address, language=None, wrap_lines=True)
    states.note(
        "It opens this page with these filters. Others see it with the rows that Redshift lets them see."
    )


def _origin() -> str:
    """Where the browser says that the app is; it says so to its own person alone."""
    try:
        parts = urlsplit(st.context.url or "")
    except ValueError:  # it may say anything
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else ""


def _alerts(this: Page, mine: Personal) -> None:
    popover = st.popover("Alerts", key="tools.alerts", type="tertiary", on_change="rerun")
    if not popover.open:
        return
    waiting.check(this.reader.warehouse, this.table)
    with popover:
        for place, alert in enumerate(mine.alerts):
            said = personal.said(alert, this.marks)
            text = f"<strong>{escape(said)}</strong>" if alert.holds else escape(said)
            _item(f"alert.{place}", text, said, partial(_run, this, personal.delete_alert(alert.watch)))
        if mine.more_alerts:
            _more("alerts", partial(_run, this, personal.DELETE_ALL_ALERTS))
        _set_alert(this, mine.alerts)


def _set_alert(this: Page, kept: Sequence[Alert]) -> None:
    scope, several = personal.scope_of(this.filters)
    if several:
        names = " and ".join(filters.LABELS[name].lower() for name in several)
        states.note(f"An alert looks at one value of each filter. To set one, choose one {names}, or all.")
        return
    with st.form(f"tools.alert.{len(kept)}", border=False):
        st.html(_ITEM.format(f"Tell me when sales of <strong>{escape(personal.scope_said(scope))}</strong>"))
        days = st.selectbox("in the last", personal.DAYS, format_func=lambda days: f"{days} days")
        direction = st.selectbox("are", personal.DIRECTIONS)
        example = formats.money(_EXAMPLE, this.marks)
        entered = st.text_input("Amount", max_chars=40, placeholder=example)
        states.note(_counted(this))
        pressed = st.form_submit_button("Set alert")
    if not pressed:
        return
    threshold = personal.amount(entered, this.marks)
    if threshold is None:
        _trouble(f"Write an amount above zero, such as {example} or 15k.")
        return
    watch = Watch(scope, days, direction, threshold)
    if len(kept) >= personal.MOST_ALERTS and not any(watch.replaces(alert.watch) for alert in kept):
        _trouble(f"You have {personal.MOST_ALERTS} alerts, the most that are kept. Delete one first.")
        return
    _run(this, *personal.save_alert(watch))


def _counted(this: Page) -> str:
    least = " Orders of every size count." if this.filters.least is not None else ""
    return (
        f"Whole days, up to yesterday, of the rows that you see. Looked at whenever a page is drawn.{least}"
    )


def _item(key: str, text: str, what: str, delete: Callable[[], None]) -> None:
    """A line of a list, with the way to delete it; it goes once the person has said so again."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(_ITEM.format(text), width="stretch")
        if st.session_state.get(_LEAVING) != what:
            st.button("Delete", key=f"tools.{key}.delete", type="tertiary", on_click=_leave, args=(what,))
            return
        sure = st.button("Yes, delete", key=f"tools.{key}.sure", type="tertiary")
        st.button("Keep", key=f"tools.{key}.keep", type="tertiary", on_click=_leave, args=(None,))
    if sure:
        _leave(None)
        delete()


def _leave(what: str | None) -> None:
    st.session_state[_LEAVING] = what


def _more(what: str, delete: Callable[[], None]) -> None:
    text = f"There may be other {what}: the list is full, or has rows that the app did not write."
    _item(what, text, f"all {what}", delete)


def _run(this: Page, *changes: Query) -> None:
    """Has the warehouse change what is kept, and the page ask anew; what fails is told in its place."""
    try:
        for change in changes:
            this.reader.warehouse.run(change)
    except QueryError as error:
        _trouble(f"{error.message} {error.remedy} {error.quoted}")
    else:
        st.rerun()


def _trouble(text: str) -> None:
    st.html(states.trouble(text))
