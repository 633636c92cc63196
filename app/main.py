"""The script that Streamlit runs for each page: settings, who is signed in, the page."""

import logging
import re
import secrets
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st

from app import session
from app.auth import sign_in
from app.errors import AccessError, AppError, QueryError, SessionExpired, SettingsError
from app.session import Services, UserSession, Visit
from app.views import VIEWS, View, filters

log = logging.getLogger("app.main")

_ICON = Path(__file__).parent / "static" / "icon.svg"
# An address that is an example must not become a link.
_ADDRESS = re.compile(r"(https?://[^\s,;]*[^\s,;.])")

_PERSON = """<div style="line-height:1.4"><strong>{}</strong>
<div style="font-size:0.875rem;opacity:0.72;overflow-wrap:anywhere">{}<br>{}</div></div>"""


def main() -> None:
    """Draws the page that the browser asks for."""
    try:
        shared = session.services()
    except SettingsError as error:
        st.set_page_config(page_title="Rowlight", page_icon=_ICON, layout="centered")
        explain(error)
        return
    visit = session.visit()
    try:
        if visit.user is None:
            _welcome(visit, shared)
        else:
            _serve(visit, visit.user)
    except SessionExpired as expired:
        visit.end(expired)
        st.rerun()


def _welcome(visit: Visit, shared: Services) -> None:
    """The sign-in page, at whichever page's address the browser is."""
    st.set_page_config(
        page_title="Rowlight: sign in",
        page_icon=_ICON,
        layout="centered",
        initial_sidebar_state="collapsed",
    )
    # The address stays, so that signing in leads to the page that was asked for.
    st.navigation(_pages(lambda _: None), position="hidden")
    try:
        url = visit.attempt(shared).url
    except AppError as error:
        with sign_in.frame():
            explain(error)
            st.button("Try again")
        return
    answer = sign_in.show(
        url,
        provider=shared.provider,
        app_url=shared.settings.app_url,
        notice=visit.notice,
        signed_out=visit.signed_out,
    )
    if answer is not None:
        visit.answer(answer, shared)
        st.rerun()


def _serve(visit: Visit, user: UserSession) -> None:
    """The page itself, for somebody who is signed in."""
    user.touch()
    filters.follow_address()
    page = st.navigation(_pages(lambda view: _draw(view, visit, user)), position="top")
    st.set_page_config(
        page_title=f"{page.title} · Rowlight",
        page_icon=_ICON,
        layout="wide",
        initial_sidebar_state="auto",
    )
    _account(visit, user)
    page.run()


def _pages(draw: Callable[[View], None]) -> list[st.Page]:
    return [
        st.Page(partial(draw, view), title=view.title, url_path=view.path, default=view is VIEWS[0])
        for view in VIEWS
    ]


def _account(visit: Visit, user: UserSession) -> None:
    """Who is signed in, and the way out."""
    person = user.identity
    groups = ", ".join(person.groups) or "In no group"
    with st.sidebar:
        st.html(_PERSON.format(*map(escape, (person.name, person.email, groups))))
        st.button("Sign out", on_click=visit.end, width="stretch")


def _draw(view: View, visit: Visit, user: UserSession) -> None:
    """One view; what it could not get is told in its place."""
    try:
        view.render(user.warehouse, user.identity.name)
    except SessionExpired:
        raise
    except AccessError as error:
        explain(error)
        st.button("Sign out and sign in again", on_click=visit.end)
    except AppError as error:
        explain(error)
        st.button("Try again")


def explain(error: AppError) -> None:
    """Says what happened, what to do, and by which code and reference it is found in the log."""
    reference = _reference()
    log.warning("reference=%s error=%s %s%s", reference, error.code, error.message, _statement(error))
    headline, _, rest = error.message.partition("\n")
    st.header(headline, anchor=False)
    st.markdown(_ADDRESS.sub(r"`\1`", f"{rest}\n\n{error.remedy}"))
    st.caption(f"Code {error.code} · Reference {reference}")


def on_script_error(error: Exception) -> bool:
    """What `main` cannot catch: errors of fragments and callbacks, and mistakes of our own."""
    if isinstance(error, SessionExpired):
        session.visit().end(error)
    if isinstance(error, AppError):
        explain(error)
        return True
    reference = _reference()
    log.error("reference=%s %s", reference, type(error).__name__, exc_info=error)
    st.header("This part of the page failed.", anchor=False)
    st.markdown(
        "It is a fault of the app, not of yours. Reload the page; if it happens again, report the reference."
    )
    st.caption(f"Reference {reference}")
    return True


def _reference() -> str:
    return secrets.token_hex(4)


def _statement(error: AppError) -> str:
    if not isinstance(error, QueryError):
        return ""
    return f" query={error.query_name} statement={error.statement_id}"


if __name__ == "__main__":
    main()
