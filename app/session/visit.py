"""The Streamlit side of a session: which browser this tab belongs to, and what it is in the middle of."""

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.auth.attempt import Attempt, SignedIn
from app.errors import SessionExpired
from app.session.assembly import Services
from app.session.beside import Beside
from app.session.cookies import said_name, session_name, visitor_name, well_formed
from app.session.pop_up import PopUp
from app.session.sessions import owner
from app.session.user import UserSession

_KEY = "rowlight"


@dataclass(frozen=True)
class Cookies:
    """What a browser sent as its tab connected; it stays so until the tab connects again."""

    session: str = field(default="", repr=False)
    visitor: str = field(default="", repr=False)
    said: str = ""


def cookies(shared: Services) -> Cookies:
    """The cookies of this tab's connection, each empty when it is not there or not ours."""
    sent, secure = st.context.cookies, shared.settings.secure
    return Cookies(
        session=well_formed(sent.get(session_name(secure=secure))),
        visitor=well_formed(sent.get(visitor_name(secure=secure))),
        said=sent.get(said_name(secure=secure), ""),
    )


def here() -> str:
    """The path and query of the page at which this tab is."""
    try:
        path = urlsplit(st.context.url or "/").path or "/"
    except ValueError:  # the browser says where it is, and may say anything
        path = "/"
    query = urlencode([(name, value) for name in st.query_params for value in st.query_params.get_all(name)])
    return f"{path}?{query}" if query else path


def current_tab() -> str:
    """The id that Streamlit gave to the browser tab for which the script runs now."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context is not None else ""


class Visit(PopUp):
    """One tab's visit; the only thing of ours in Streamlit's session state that is not a filter."""

    def __init__(self, sent: Cookies) -> None:
        super().__init__("popup")
        self._sent = sent
        self.owner = owner(sent.session, sent.visitor)
        self.ticket: str | None = None  # for the browser, once somebody has signed in
        self.served = False  # somebody has seen a page in this tab
        self.beside = Beside(sent.session)

    @property
    def signed_out(self) -> bool:
        """Whether this browser's last word from us was that it signed out."""
        return bool(self._sent.said) and not self._sent.session

    @property
    def said(self) -> str:
        """What the sign-out left for this browser to be told (see `sign_in.farewell`), or an empty text."""
        return self._sent.said if self.signed_out else ""

    @property
    def takes_cookies(self) -> bool:
        """Whether this browser keeps cookies: without them nobody can be signed in."""
        return bool(self._sent.visitor)

    def user(self, shared: Services) -> UserSession | None:
        """The person; None when nobody has signed in; SessionExpired when somebody had."""
        if not self._sent.session:
            return None
        return shared.sessions.find(self._sent.session)

    def expire(self, expired: SessionExpired, shared: Services) -> None:
        """Ends the session for all tabs, for the reason that this one met."""
        shared.sessions.expire(self._sent.session, expired)

    def attempt(self, shared: Services) -> Attempt:
        """The pop-up sign-in under way, or a new one."""
        # Somebody who signed out wants the next person to be asked who they are; and where two people share a
        # browser, the provider may know it as the other's.
        asks = self.signed_out or shared.settings.compares
        return self._ongoing(shared, prompt="login" if asks else None)

    def answer(self, value: object, shared: Services) -> None:
        """Ends the attempt: there is a ticket for the browser, or a notice says why there is none."""

        def hand_over(signed_in: SignedIn) -> None:
            self.ticket = shared.sessions.ticket(signed_in, visitor=self._sent.visitor)

        self._end_attempt(value, shared, hand_over)


def visit(shared: Services) -> Visit:
    """This tab's visit; state that another person left in the tab is gone before anything can read it."""
    sent = cookies(shared)
    left = found = st.session_state.get(_KEY)
    if not isinstance(found, Visit) or found.owner != owner(sent.session, sent.visitor):
        for key in list(st.session_state):
            del st.session_state[key]
        found = st.session_state[_KEY] = Visit(sent)
        shared.sessions.note_tab(current_tab(), sent.session, sent.visitor)
        if isinstance(left, Visit):
            left.beside.end(shared)
    return found
