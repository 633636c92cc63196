"""The routes under /auth/: signing in by the whole page, the pop-up's last step, signing out."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from html import escape
from pathlib import Path
from string import Template
from typing import ParamSpec, TypeVar
from urllib.parse import parse_qsl, quote

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app import session, telemetry
from app.auth import sign_in
from app.errors import AppError, SignInError, SignInRefused
from app.session import cookies
from app.session.assembly import Services
from app.session.sessions import refused

log = logging.getLogger(__name__)
_AUTH = Path(__file__).parent / "auth"
_PAGE = Template((_AUTH / "sign_in.html").read_text())
_FILES = {
    "parts.css": "text/css",
    "sign_in.css": "text/css",
    "pop_up.js": "text/javascript",
    "hand_over.js": "text/javascript",
    "page.js": "text/javascript",
}
_LONGEST_PATH = 2000
_NOT_OURS = 503  # the provider, the store or the settings fail, not whoever signs in
_LONGEST_FORM = 8192
# A path of ours: one slash, no backslash (browsers read it as a slash), nothing that is not printable.
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_SAID_SECONDS = 120
# What waits for the provider or the warehouse waits in threads of its own: the gate asks in the common ones
# who passes, and however many strangers ask for a slow answer, those who are signed in must not stand behind;
# nor those who leave behind somebody who asks for the list again and again.
_AT_THE_DOOR, _LEAVING, _LISTING = map(anyio.CapacityLimiter, (16, 16, 4))
SIGNED_OUT = "signed-out"

P = ParamSpec("P")
Answer = TypeVar("Answer")


def own_path(value: str | None) -> str:
    """The path if it leads to a page of this app, else the first page."""
    if value is None or len(value) > _LONGEST_PATH or not _OWN_PATH.fullmatch(value):
        return "/"
    # Back to signing in or out would go round in a circle.
    return "/" if value.startswith("/auth/") or "#" in value else value


class _Browser:
    """What a request says about its browser."""

    def __init__(self, request: Request, shared: Services) -> None:
        self.secure = shared.settings.secure
        self.session = self._cookie(request, cookies.session_name(secure=self.secure))
        self.visitor = self._cookie(request, cookies.visitor_name(secure=self.secure))
        self.from_us = request.headers.getlist("origin") == [shared.settings.origin]

    @staticmethod
    def _cookie(request: Request, name: str) -> str:
        return cookies.well_formed(request.cookies.get(name))

    def keep(self, response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
        header = cookies.set_cookie(name, value, secure=self.secure, max_age=max_age)
        response.headers.append("Set-Cookie", header)

    def drop(self, response: Response, name: str) -> None:
        response.headers.append("Set-Cookie", cookies.expire_cookie(name, secure=self.secure))

    def signed_in(self, session_id: str, return_to: str) -> Response:
        """Onward with the session's cookie."""
        response = _onward(return_to)
        self.keep(response, cookies.session_name(secure=self.secure), session_id)
        self.drop(response, cookies.said_name(secure=self.secure))
        return response


async def show(request: Request) -> Response:
    """GET /auth/sign-in: the sign-in page of the full-page way."""
    shared = session.services()
    said = request.cookies.get(cookies.said_name(secure=shared.settings.secure), "")
    return _page(shared, return_to=own_path(request.query_params.get("return_to")), said=said)


async def login(request: Request) -> Response:
    """GET /auth/login: on to the provider."""
    shared = session.services()
    browser = _Browser(request, shared)
    visitor = browser.visitor or cookies.new_id()
    return_to = own_path(request.query_params.get("return_to"))
    # Where two people share a browser, the provider may know it as the other's.
    asks = shared.settings.compares or bool(
        request.cookies.get(cookies.said_name(secure=shared.settings.secure))
    )
    try:
        url = await _aside(
            _AT_THE_DOOR,
            shared.sessions.begin,
            visitor=visitor,
            return_to=return_to,
            prompt="login" if asks else None,
        )
    except AppError as error:
        return _page(shared, return_to=return_to, error=error, status=503)
    response = _onward(url)
    if not browser.visitor:
        browser.keep(response, cookies.visitor_name(secure=shared.settings.secure), visitor)
    return response


async def callback(request: Request) -> Response:
    """GET /auth/callback: back from the provider."""
    shared = session.services()
    browser = _Browser(request, shared)
    answer = dict(request.query_params)
    return_to = "/"
    try:
        pending = await _aside(
            _AT_THE_DOOR, shared.sessions.claim, state=answer.get("state", ""), visitor=browser.visitor
        )
        return_to = pending.return_to
        signed_in = await _aside(_AT_THE_DOOR, pending.attempt.complete, answer, shared.provider)
        session_id = await _aside(_AT_THE_DOOR, shared.sessions.open, signed_in, replaces=browser.session)
    except SignInError as error:
        refused(error, way="redirect")
        return _page(shared, return_to=return_to, error=error, status=403)
    except AppError as error:
        return _page(shared, return_to=return_to, error=error, status=503)
    return browser.signed_in(session_id, return_to)


async def redeem(request: Request) -> Response:
    """POST /auth/session: the pop-up's ticket for the session's cookie."""
    shared = session.services()
    browser = _Browser(request, shared)
    form = await _form(request)
    return_to = own_path(form.get("return_to"))
    try:
        if not browser.from_us:
            raise _cross_origin()
        session_id = await _aside(
            _AT_THE_DOOR,
            shared.sessions.redeem,
            form.get("ticket", ""),
            visitor=browser.visitor,
            replaces=browser.session,
        )
    except SignInError as error:
        refused(error, way="popup")
        return _page(shared, return_to=return_to, error=error, status=403)
    except AppError as error:
        return _page(shared, return_to=return_to, error=error, status=503)
    return browser.signed_in(session_id, return_to)


async def stands(request: Request) -> Response:
    """GET /auth/session: whether this browser is signed in, for a tab that comes back to life."""
    shared = session.services()
    try:
        holds = await run_in_threadpool(shared.sessions.holds, _Browser(request, shared).session)
    except AppError:
        return Response(status_code=503)
    return Response(status_code=204 if holds else 401)


async def people(request: Request) -> Response:
    """GET /auth/sessions: who is signed in, for administrators of the warehouse."""
    shared = session.services()
    browser = _Browser(request, shared)
    try:
        user = await _aside(_LISTING, shared.sessions.find, browser.session)
        administers = await _aside(_LISTING, user.administers)
        listing = await _aside(_LISTING, shared.sessions.listing) if administers else []
    except SignInError:
        administers = False
    except AppError as error:
        return JSONResponse({"message": error.message, "code": error.code}, 503)
    if not administers:
        return JSONResponse({"message": "This list is for administrators of the warehouse."}, 403)
    return JSONResponse({"sessions": [asdict(each) for each in listing]})


async def sign_out(request: Request) -> Response:
    """POST /auth/sign-out: the session ends here, in every tab, and then at the provider."""
    shared = session.services()
    browser = _Browser(request, shared)
    if not browser.from_us:
        error = _cross_origin()
        refused(error, way="sign-out")
        return _page(shared, return_to="/", error=error, status=403)
    try:
        farewell = await _aside(_LEAVING, shared.sessions.end, browser.session)
    except AppError as error:
        return _page(shared, return_to="/", error=error, status=503)
    response = _onward(farewell.url)
    browser.drop(response, cookies.session_name(secure=browser.secure))
    said = farewell.problem.code if farewell.problem else SIGNED_OUT
    browser.keep(response, cookies.said_name(secure=browser.secure), said, max_age=_SAID_SECONDS)
    return response


async def signed_out(_: Request) -> Response:
    """GET /auth/signed-out: back from the provider's sign-out."""
    return _onward("/auth/sign-in" if session.services().settings.sign_in == "redirect" else "/")


async def _aside(
    threads: anyio.CapacityLimiter, call: Callable[P, Answer], *arguments: P.args, **named: P.kwargs
) -> Answer:
    """What the call gives, waited for in one of these threads."""
    return await anyio.to_thread.run_sync(partial(call, *arguments, **named), limiter=threads)


def _file(path: Path, media_type: str, name: str = "") -> Route:
    content = path.read_bytes()

    async def send(_: Request) -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return Route(f"/auth/{name or path.name}", send, methods=["GET"])


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of a small form; none of a large one."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True))


def _page(
    shared: Services, *, return_to: str, error: AppError | None = None, said: str = "", status: int = 200
) -> Response:
    """The static sign-in page, with what there is to say above its button."""
    if error is not None and status == _NOT_OURS:
        # Nobody is known yet, so no event tells of it: without this line, nothing would.
        telemetry.measure("rowlight.errors", code=error.code)
        log.warning("error=%s %s", error.code, error.message)
    notice = sign_in.farewell(said) if error is None else error
    html = _PAGE.substitute(
        notice="" if notice is None else sign_in.told(notice),
        login=escape("/auth/login?return_to=" + quote(return_to, safe="/")),
        provider=escape(sign_in.account(shared.provider)),
    )
    return HTMLResponse(html, status)


def _onward(url: str) -> Response:
    # 303: a POST becomes a GET, whatever the browser.
    return RedirectResponse(url, 303)


def _cross_origin() -> SignInRefused:
    return SignInRefused(
        "This request comes from another site, and was not carried out.",
        "Open Rowlight by its own address, and try again there.",
        code="RL-237",
    )


ROUTES = [
    Route("/auth/sign-in", show, methods=["GET"]),
    Route("/auth/login", login, methods=["GET"]),
    Route("/auth/callback", callback, methods=["GET"]),
    Route("/auth/session", stands, methods=["GET"]),
    Route("/auth/session", redeem, methods=["POST"]),
    Route("/auth/sessions", people, methods=["GET"]),
    Route("/auth/sign-out", sign_out, methods=["POST"]),
    Route("/auth/signed-out", signed_out, methods=["GET"]),
    *(_file(_AUTH / name, media_type) for name, media_type in _FILES.items()),
    _file(_AUTH.parent / "static" / "icon.svg", "image/svg+xml"),
    _file(sign_in.FONT, "font/woff2", "source-sans.woff2"),
]
