"""Who passes, decided before Streamlit sees anything."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Literal
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app import telemetry
from app.errors import AppError, SettingsError
from app.session import cookies

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Doors:
    """Where the app is, how people come in, and whom it knows."""

    origin: str
    sign_in: Literal["popup", "redirect"]
    secure: bool
    holds: Callable[[str], bool]  # a session cookie's value → whether a session stands behind it
    resumes: Callable[[str, str, str], bool]  # a tab, a session and a visitor → whether the tab is theirs
    compares: bool = False  # whoever is signed in may sign in a second person, by the pop-up

    @property
    def hosts(self) -> frozenset[str]:
        """The origin's host as a Host header spells it."""
        parts = urlsplit(self.origin)
        host = parts.netloc.lower()
        port = {"http": ":80", "https": ":443"}[parts.scheme]
        return frozenset({host, host.removesuffix(port) if parts.port else host + port})

    @property
    def origins(self) -> frozenset[str]:
        """The origin as an Origin header spells it."""
        return frozenset(f"{urlsplit(self.origin).scheme}://{host}" for host in self.hosts)


# What this app uses of all that Streamlit serves, by the decoded path that Starlette routes by. Whatever has
# no name here is refused to everybody: metrics, the agent's way in, uploads, other components, Streamlit's
# own sign-in, and any spelling that another reader could take for another path.
_STEP = r"/(?!\.{1,2}(?:/|\Z))[^/\\;%?#\x00-\x1f\x7f\ud800-\udfff]+"
_RESERVED = "_stcore|media|app|component|static|auth|oauth2callback"
_WAYS = {
    "health": re.compile("/_stcore/health"),
    "host-config": re.compile("/_stcore/host-config"),
    # Where else the app might be, as Streamlit's browser half asks on any page but the first. It takes 404
    # for no, and 403 for a fault that it shows.
    "probe": re.compile(f"(?:{_STEP})+/_stcore/(?:health|host-config)"),
    "auth": re.compile(r"/auth/[a-z0-9][a-z0-9._-]*"),
    "static": re.compile(f"/static(?:{_STEP})+"),
    "button": re.compile(rf"/component/streamlit_oauth\.authorize_button(?:{_STEP})+"),
    "script": re.compile(r"/_stcore/bidi-components/rowlight\.(editor|file)/\1\.(?:js|css)"),
    "app-static": re.compile(f"/app/static(?:{_STEP})+"),
    # Streamlit answers any other path with its page; its browser half decides which one that is.
    "page": re.compile(rf"/|(?!/(?:{_RESERVED})(?:/|\Z))(?:(?!/_stcore(?:/|\Z)){_STEP})+/?", re.IGNORECASE),
}
_SIGN_IN_PAGE = {"page", "static", "host-config", "button"}
_ANONYMOUS: dict[str, set[str]] = {"popup": _SIGN_IN_PAGE, "redirect": set()}
_SIGNED_IN = {
    "popup": _SIGN_IN_PAGE | {"script", "app-static"},
    "redirect": {"page", "static", "host-config", "script", "app-static"},
}
_FOR_ANYBODY = {"health", "probe"}
_NOT_SET_UP = {"page", "static", "host-config"}
_STREAM = "/_stcore/stream"
_READS = {"GET", "HEAD"}
_SAFE = _READS | {"OPTIONS"}
_MOST_RETURN_TO = 2000
_NO_STORE = {"Cache-Control": "no-store"}

# Needs no other file: by a wrong name, and without the store, none could be had.
_PAGE = Template((Path(__file__).parent / "gate.html").read_text())
_FORBIDDEN = PlainTextResponse("Forbidden", status_code=403, headers=_NO_STORE)
_NOT_FOUND = PlainTextResponse("Not found", status_code=404, headers=_NO_STORE)
_CLOSED = WebSocketClose(code=1008)
_TRY_AGAIN_LATER = WebSocketClose(code=1013)


def way(scope: Scope) -> str | None:
    """The name of what the path leads to, or None where it leads nowhere that this app uses."""
    if scope.get("root_path"):
        return None  # Starlette would route by the rest of the path, and APP_URL has no path
    return next((name for name, path in _WAYS.items() if path.fullmatch(scope["path"])), None)


class Gate:
    """Lets through who may pass, and nothing that two readers could read differently."""

    def __init__(self, app: ASGIApp, doors: Callable[[], Doors]) -> None:
        self._app = app
        self._doors = doors
        self._known: Doors | None = None  # once the settings are right, they stay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope = dict(scope)  # whoever stands outside keeps what came in
        judge = self._judge_request if scope["type"] == "http" else self._judge_socket
        try:
            answer = await judge(scope)
        except AppError as error:
            telemetry.measure("rowlight.errors", code=error.code)
            log.warning("error=%s %s", error.code, error.message)
            answer = _unavailable(error) if scope["type"] == "http" else _TRY_AGAIN_LATER
        await answer(scope, receive, send)

    async def _ask_doors(self) -> Doors:
        if self._known is None:
            self._known = await run_in_threadpool(self._doors)
        return self._known

    async def _judge_request(self, scope: Scope) -> ASGIApp:
        name = way(scope)
        # The routes of /auth/ know their methods; of all else this app only reads.
        if name is None or (name != "auth" and scope["method"] not in _SAFE):
            return _FORBIDDEN
        if name in _FOR_ANYBODY:
            return self._app if name == "health" else _NOT_FOUND
        try:
            doors = await self._ask_doors()
        except SettingsError:
            return self._app if name in _NOT_SET_UP else _FORBIDDEN
        if not _called_by_name(scope, doors):
            return _elsewhere(doors.origin)
        return await self._judge_person(scope, name, doors)

    async def _judge_person(self, scope: Scope, name: str, doors: Doors) -> ASGIApp:
        session, visitor = _identify(scope, doors)
        anonymous = _ANONYMOUS[doors.sign_in]
        if name == "auth" or name in anonymous - {"page"}:
            return self._app  # whoever it is: the store need not be asked
        if await _stands(session, doors):
            second = doors.compares and name == "button"
            return self._app if second or name in _SIGNED_IN[doors.sign_in] else _FORBIDDEN
        if name in anonymous:
            return self._app if visitor else _giving_visitor(self._app, secure=doors.secure)
        return _to_sign_in(scope) if name == "page" and _navigates(scope) else _FORBIDDEN

    async def _judge_socket(self, scope: Scope) -> ASGIApp:
        headers = Headers(scope=scope)
        origins, tabs = headers.getlist("origin"), headers.getlist("sec-websocket-protocol")
        if scope.get("root_path") or scope["path"] != _STREAM or len(origins) != 1 or len(tabs) > 1:
            return _CLOSED
        try:
            doors = await self._ask_doors()
        except SettingsError:
            _begin_anew(scope)
            same = headers.getlist("host") == [urlsplit(origins[0]).netloc]
            return _in_bytes(self._app) if same else _CLOSED
        if not _called_by_name(scope, doors) or origins[0].lower() not in doors.origins:
            log.warning("A connection from %.200r was refused: the app is at %s.", origins[0], doors.origin)
            return _CLOSED
        session, visitor = _identify(scope, doors)
        if doors.sign_in == "redirect" and not await _stands(session, doors):
            return _CLOSED
        tab = _tab(tabs)
        if tab and not await run_in_threadpool(doors.resumes, tab, session, visitor):
            _begin_anew(scope)
        return _in_bytes(self._app)


def _called_by_name(scope: Scope, doors: Doors) -> bool:
    """Whether the browser knows the app by its own address: any other name may be an attacker's."""
    hosts = Headers(scope=scope).getlist("host")
    return len(hosts) == 1 and hosts[0].lower() in doors.hosts


async def _stands(session: str, doors: Doors) -> bool:
    return bool(session) and await run_in_threadpool(doors.holds, session)


def _identify(scope: Scope, doors: Doors) -> tuple[str, str]:
    """The session's and the visitor's cookies; what is not plainly one of them is taken out of the request.

    The script reads the cookies again, as Starlette does: what it finds has to be what was judged here.
    """
    names = cookies.session_name(secure=doors.secure), cookies.visitor_name(secure=doors.secure)
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    # Cut and stripped as Starlette's cookie_parser does.
    chunks = [
        (chunk.partition("=")[0].strip(), chunk)
        for name, value in headers
        if name.lower() == b"cookie"
        for chunk in value.decode("latin-1").split(";")
    ]
    ours = {name: _only([chunk for key, chunk in chunks if key == name]) for name in names}
    kept = [chunk for key, chunk in chunks if ours.get(key, "another's")]
    if len(kept) < len(chunks):
        scope["headers"] = [(name, value) for name, value in headers if name.lower() != b"cookie"]
        scope["headers"].append((b"cookie", ";".join(kept).encode("latin-1")))
    return ours[names[0]], ours[names[1]]


def _only(chunks: list[str]) -> str:
    """The value of a cookie that came once and as it was given out, else an empty text."""
    return cookies.well_formed(chunks[0].partition("=")[2].strip()) if len(chunks) == 1 else ""


def _tab(protocols: list[str]) -> str:
    """Streamlit's id of the session to resume, which it sends as the third subprotocol."""
    entries = [entry.strip() for entry in ",".join(protocols).split(",")]
    return "".join(entries[2:3])


def _begin_anew(scope: Scope) -> None:
    """Takes the session to resume out of the request, so that Streamlit begins another."""
    headers = MutableHeaders(raw=list(scope["headers"]))
    if protocols := headers.get("sec-websocket-protocol"):
        first = [entry.strip() for entry in protocols.split(",")][:2]
        headers["sec-websocket-protocol"] = ", ".join(first)
        scope["headers"] = headers.raw
        scope["subprotocols"] = [entry for entry in first if entry]


def _navigates(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if scope["method"] not in _READS:
        return False
    destination = headers.get("sec-fetch-dest")
    return destination == "document" if destination else "text/html" in headers.get("accept", "")


def _to_sign_in(scope: Scope) -> ASGIApp:
    query = quote(scope["query_string"], safe="/:?&=+,;@!$'()*%~")
    address = quote(scope["path"]) + (f"?{query}" if query else "")
    return_to = f"?return_to={quote(address, safe='')}" if len(address) <= _MOST_RETURN_TO else ""
    return RedirectResponse(f"/auth/sign-in{return_to}", status_code=303, headers=_NO_STORE)


def _giving_visitor(app: ASGIApp, *, secure: bool) -> ASGIApp:
    """The app, whose page brings a cookie that a sign-in can be bound to."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
                headers = MutableHeaders(scope=message)
                # Other files of the same folder may be kept by caches that many share.
                if headers.get("content-type", "").startswith("text/html"):
                    name = cookies.visitor_name(secure=secure)
                    headers.append("Set-Cookie", cookies.set_cookie(name, cookies.new_id(), secure=secure))
            await send(message)

        await app(scope, receive, send_with_cookie)

    return answer


def _in_bytes(app: ASGIApp) -> ASGIApp:
    """The app, for which text ends a connection: no page sends any, and Streamlit would fail at it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        over = False

        async def say(message: Message) -> None:
            if not over:
                await send(message)

        async def hear() -> Message:
            nonlocal over
            message = await receive()
            if message["type"] != "websocket.receive" or message.get("bytes") is not None:
                return message
            telemetry.measure("rowlight.errors", code="message")
            log.warning("A connection was closed on which somebody sent text, as no page does.")
            await send({"type": "websocket.close", "code": 1003})
            over = True
            return {"type": "websocket.disconnect", "code": 1003}

        await app(scope, hear, say)

    return answer


def _elsewhere(origin: str) -> ASGIApp:
    """Says where the app is, to somebody who called it by another name."""
    link = f'<a href="{escape(origin)}">{escape(origin)}</a>'
    html = _PAGE.substitute(headline="Rowlight is at another address", rest=f"<p>Go to {link}.</p>")
    return HTMLResponse(html, status_code=421, headers=_NO_STORE)


def _unavailable(error: AppError) -> ASGIApp:
    rest = f"<p>{escape(error.remedy)}</p><small>Code {escape(error.code)}</small>"
    html = _PAGE.substitute(headline=escape(error.message), rest=rest)
    return HTMLResponse(html, status_code=503, headers=_NO_STORE)
