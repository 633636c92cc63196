"""What a page is: settings, who is signed in, the page itself. app/script.py has it drawn."""

import logging
import re
import secrets
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.state.session_state import WStates

from app import session, telemetry
from app.auth import sign_in
from app.errors import AccessError, AppError, QueryError, SessionExpired, SettingsError, StoreUnavailable
from app.session import visit as visits
from app.session.assembly import Services
from app.session.beside import Beside
from app.session.outcomes import Ended, Listed
from app.session.user import UserSession
from app.session.visit import Visit
from app.views import PROOFS, VIEWS, clock, filters, tools, waiting
from app.views.frame import render
from app.views.page import Proof, View
from app.views.reader import Limits, Person, Present, Reader, Second, SignedOut

log = logging.getLogger(__name__)

# Its text, not its path: that would make a file of it, which nobody may fetch who is not signed in.
_ICON = (Path(__file__).parent / "static" / "icon.svg").read_text()
# An address that is an example must not become a link.
_ADDRESS = re.compile(r"(https?://[^\s,;]*[^\s,;.])")
_AHEAD = timedelta(minutes=5)
_LOOK = timedelta(seconds=30)
_SHAPES = (48, 190, 350)


def main() -> None:
    """Draws the page that the browser asks for."""
    try:
        shared = session.services()
    except SettingsError as error:
        st.set_page_config(page_title="Rowlight", page_icon=_ICON, layout="centered")
        explain(error)
        return
    visit = visits.visit(shared)
    try:
        user = visit.user(shared)
        if user is None:
            _welcome(visit, shared, notice=visit.notice or sign_in.farewell(visit.said))
        else:
            with telemetry.span("page", parent=user.trace, whose=user.trail):
                _serve(visit, user, shared)
    except SessionExpired as expired:
        visit.expire(expired, shared)
        _over(visit, shared, expired)
    except StoreUnavailable as error:
        explain(error)
        st.button("Try again")


def _welcome(visit: Visit, shared: Services, *, notice: AppError | str | None) -> None:
    """The sign-in page, at whichever page's address the browser is."""
    st.set_page_config(
        page_title="Rowlight: sign in",
        page_icon=_ICON,
        layout="centered",
        initial_sidebar_state="collapsed",
    )
    # The address stays, so that signing in leads to the page that was asked for.
    st.navigation(_pages(lambda _: None), position="hidden")
    with sign_in.frame(notice):
        _offer(visit, shared)


def _offer(visit: Visit, shared: Services) -> None:
    """The way to sign in, and what comes of it."""
    return_to = visits.here()
    if shared.settings.sign_in == "redirect":
        sign_in.link(f"Sign in with {sign_in.account(shared.provider)}", return_to=return_to)
        return
    if not visit.takes_cookies:
        _tell(sign_in.cookieless())
        return
    if visit.ticket is not None:
        sign_in.hand_over(visit.ticket, return_to=return_to)
        return
    try:
        url = visit.attempt(shared).url
    except AppError as error:
        _tell(error)
        st.button("Try again", width="stretch")
        return
    answer = sign_in.button(url, provider=shared.provider, return_to=return_to)
    if answer is not None:
        visit.answer(answer, shared)
        st.rerun()


def _over(visit: Visit, shared: Services, expired: SessionExpired) -> None:
    """A session that ended: over the page that was there, or on the sign-in page where none was."""
    waiting.forget()
    if not visit.served:
        _welcome(visit, shared, notice=visit.notice or expired)
        return
    filters.follow_address()
    page = st.navigation(_pages(lambda _: None), position="top")
    st.set_page_config(page_title="Rowlight: sign in again", page_icon=_ICON, layout="wide")
    page.run()
    for height in _SHAPES:  # nothing of the person's stays under the dialog
        st.skeleton(height=height)
    _again(visit, shared, visit.notice or expired)


@st.dialog("Sign in again", dismissible=False)
def _again(visit: Visit, shared: Services, notice: AppError) -> None:
    """Signing in over the page; afterwards it is the same page, with the same filters."""
    st.html('<span id="rl-over"></span>')
    if isinstance(notice, SessionExpired):
        st.markdown(notice.message)  # "Sign in again" stands over it already
        _offer(visit, shared)
        st.caption(f"Code {notice.code}")
    else:
        sign_in.tell(notice)
        _offer(visit, shared)
    sign_in.watch()


def _serve(visit: Visit, user: UserSession, shared: Services) -> None:
    """The page itself, for somebody who is signed in."""
    visit.served = True
    filters.follow_address()
    tools.receive()
    reader = _reader(user, shared, visit.beside)
    page = st.navigation(
        _pages(lambda drawn: _draw(drawn, reader), lambda proof: proof.shown(reader)), position="top"
    )
    st.set_page_config(
        page_title=f"{page.title} · Rowlight",
        page_icon=_ICON,
        layout="wide",
        initial_sidebar_state="auto",
    )
    _account(user)
    left = user.ends_at - datetime.now(UTC)
    look = max(timedelta(seconds=1), min(_LOOK, left))
    st.fragment(_ending, run_every=look)(user)
    try:
        page.run()
        _learn(user, reader)
    except SessionExpired as expired:
        visit.expire(expired, shared)
        st.rerun()  # what has been drawn so far must not stay under the dialog


def _learn(user: UserSession, reader: Reader) -> None:
    """Once the page stands: whether the person administers, so that the menu shows their page."""
    flight = user.administration.beside()
    if flight is not None:
        waiting.until_landed([flight])  # or until the next run, which goes on
        with suppress(AppError):
            user.administration.settle()
    if user.administration.known and not reader.is_administrator:
        st.rerun()


def _ending(user: UserSession) -> None:
    """Looks now and then whether the session still stands, and says so before it ends."""
    with suppress(StoreUnavailable):  # the person's next action tells it; a look by itself does not disturb
        try:
            user.admit()
        except SessionExpired:
            st.rerun()
    if user.ends_at - datetime.now(UTC) <= _AHEAD:
        sign_in.ending(clock.time_of(user.ends_at), return_to=visits.here())


def _pages(
    draw: Callable[[View | Proof], None], shown: Callable[[Proof], bool] = lambda _: True
) -> list[st.Page]:
    return [
        *(
            st.Page(partial(draw, view), title=view.title, url_path=view.path, default=view is VIEWS[0])
            for view in VIEWS
        ),
        *(
            st.Page(
                partial(draw, proof),
                title=proof.title,
                url_path=proof.path,
                visibility="visible" if shown(proof) else "hidden",
            )
            for proof in PROOFS
        ),
    ]


def _account(user: UserSession) -> None:
    """Who is signed in, and the way out."""
    person = user.identity
    groups = ", ".join(person.groups) or "In no group"
    with st.sidebar:
        sign_in.signed_in(person.name, person.email, groups)


def _reader(user: UserSession, shared: Services, beside: Beside) -> Reader:
    settings = shared.settings
    return Reader(
        name=user.identity.name,
        warehouse=user.warehouse,
        trail=user.trail,
        currency=settings.currency,
        personal_tables=settings.personal_tables == "on",
        map_style_url=settings.map_style_url,
        limits=Limits(settings.max_rows, settings.max_result_mb, settings.query_timeout_seconds),
        chain=user.chain,
        at_work=user.touch,
        is_administrator=user.administration.known,
        administers=partial(user.administers, waiting.until_landed),
        signed_in=lambda: [_present(each) for each in shared.sessions.listing()],
        end_sign_ins=lambda person: _signed_out(shared.sessions.end_all(person, by=user.identity.email)),
        rpu_hour_price=settings.rpu_hour_price,
        groups=user.identity.groups,
        second=_second(beside, shared) if settings.compares else None,
    )


def _present(listed: Listed) -> Present:
    moments = (listed.started_at, listed.used_at, listed.ends_at)
    return Present(
        listed.reference, listed.person, listed.groups, *(datetime.fromisoformat(each) for each in moments)
    )


def _signed_out(ended: Sequence[Ended]) -> SignedOut:
    return SignedOut(len(ended), sum(each.problem is not None for each in ended))


def _second(beside: Beside, shared: Services) -> Second:
    """The place beside whoever reads, as a page may use it."""

    def who() -> Person | None:
        user = beside.user(shared)
        return Person(user.identity.name, user.identity.groups, user.warehouse) if user is not None else None

    return Second(
        who=who,
        offer=lambda over: _offer_beside(beside, shared, over),
        end=lambda: beside.end(shared),
        over=lambda expired: beside.expire(expired, shared),
    )


def _offer_beside(beside: Beside, shared: Services, over: SessionExpired | None) -> None:
    """The second person's way to sign in, and what comes of it."""
    notice = beside.notice or over
    if notice is not None:
        sign_in.tell(notice)
    try:
        url = beside.attempt(shared).url
    except AppError as error:
        _tell(error)
        st.button("Try again", key="compare.again")
        return
    answer = sign_in.second_button(url)
    if answer is not None:
        beside.answer(answer, shared)
        st.rerun()


def _draw(page: View | Proof, reader: Reader) -> None:
    """One page; what it could not get is told in its place."""
    telemetry.current().tell(page=page.path)
    try:
        if isinstance(page, Proof):
            page.draw(reader)
        else:
            render(page, reader)
    except (SessionExpired, StoreUnavailable):
        raise
    except AccessError as error:
        explain(error)
        sign_in.sign_out("Sign out and sign in again")
    except AppError as error:
        explain(error)
        st.button("Try again")


def explain(error: AppError) -> None:
    """Says what happened, what to do, and by which code and reference it is found in the log."""
    reference = _noted(error)
    headline, _, rest = error.message.partition("\n")
    st.header(headline, anchor=False)
    st.markdown(_ADDRESS.sub(r"`\1`", f"{rest}\n\n{error.remedy}"))
    st.caption(f"Code {error.code} · Reference {reference}")


def _tell(error: AppError) -> None:
    """The same beside the sign-in, in its measure."""
    sign_in.tell(error, reference=_noted(error))


def on_script_error(error: Exception) -> bool:
    """What `main` cannot catch: errors of fragments and callbacks, and mistakes of our own."""
    if isinstance(error, SessionExpired):
        # Out of a fragment or a callback: the whole page has to say so, at its next action.
        shared = session.services()
        visits.visit(shared).expire(error, shared)
    if isinstance(error, AppError):
        explain(error)
        return True
    reference = _reference()
    strange = _of_the_browser(error)
    telemetry.measure("rowlight.errors", code="message" if strange else "fault")
    level = logging.WARNING if strange else logging.ERROR
    log.log(level, "reference=%s %s", reference, type(error).__name__, exc_info=error)
    st.header("This part of the page failed.", anchor=False)
    st.markdown(
        "It is a fault of the app, not of yours. Reload the page; if it happens again, report the reference."
    )
    st.caption(f"Reference {reference}")
    return True


def _of_the_browser(error: Exception) -> bool:
    """Whether a widget cannot have the value that the browser says it has: no page of ours sends such."""
    reads = WStates.__getitem__.__code__
    return any(frame.f_code is reads for frame, _ in traceback.walk_tb(error.__traceback__))


def _noted(error: AppError) -> str:
    """The reference under which the error is found in the log."""
    telemetry.current().fail(error)
    telemetry.measure("rowlight.errors", code=error.code)
    reference = _reference()
    log.warning("reference=%s error=%s %s%s", reference, error.code, error.message, _statement(error))
    return reference


def _reference() -> str:
    return secrets.token_hex(4)


def _statement(error: AppError) -> str:
    if not isinstance(error, QueryError):
        return ""
    return f" query={error.query_name} statement={error.statement_id} cause={error.cause}"
