"""The app as an ASGI application: what surrounds the script on every request."""

import asyncio
import base64
import gc
import gzip
import hashlib
import logging
import posixpath
import re
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.file_util import get_static_dir

from app import logs, session
from app.errors import SettingsError
from app.main import on_script_error

log = logging.getLogger(__name__)

_HERE = Path(__file__).parent
# Metrics name the app's functions and count its people; the agent API runs the script for anybody.
_REFUSED = re.compile(r"/_stcore/(metrics|agent)(/|$)")
_COMPONENT = "/component/"
_BUTTON = "/component/streamlit_oauth.authorize_button/"


def _inline_scripts() -> str:
    """The hashes of the scripts that stand in Streamlit's own page: none other may run in line."""
    page = (Path(get_static_dir()) / "index.html").read_bytes()
    digests = [
        hashlib.sha256(script).digest() for script in re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    ]
    return "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'wasm-unsafe-eval'" + _inline_scripts(),
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _policy(frame_ancestors: str) -> str:
    return "; ".join(
        f"{name} {value}" for name, value in {**_POLICY, "frame-ancestors": frame_ancestors}.items()
    )


_PAGE_HEADERS = {
    **_HEADERS,
    "Content-Security-Policy": _policy("'none'"),
    # The sign-in pop-up has to stay within reach of the page that opened it.
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
}
# The frame of the sign-in button, which is also where the provider sends the pop-up back to: an opener policy
# there would cut it off from the page that waits for it.
_COMPONENT_HEADERS = {**_HEADERS, "Content-Security-Policy": _policy("'self'")}


class Guard:
    """Adds the security headers, and refuses what is nobody's business."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        headers = _COMPONENT_HEADERS if path.startswith(_COMPONENT) else _PAGE_HEADERS

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._answer(path)(scope, receive, send_guarded)

    def _answer(self, path: str) -> ASGIApp:
        if _REFUSED.search(path):
            return PlainTextResponse("Forbidden", status_code=403)
        if path.startswith(_BUTTON) and path.endswith(".css"):
            return Response(_BUTTON_STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})
        return self._app


_BUTTON_STYLE = (_HERE / "auth" / "sign_in_button.css").read_bytes()


class CompressedAssets:
    """Serves Streamlit's own scripts and styles compressed, each compressed once.

    Streamlit sends them as they are, seven megabytes, because compressing them at each request costs much.
    """

    # Their names carry a hash of their content, and Streamlit says so in this header.
    _IMMUTABLE = "immutable"
    _TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/wasm")
    _LEAST_BYTES = 1024
    _GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))|,|$)", re.IGNORECASE)

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed: dict[str, tuple[Headers, bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._applies(scope):
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path not in self._compressed:
            messages = await self._collect(scope, receive)
            if not await self._keep(path, messages):
                for message in messages:
                    await send(message)
                return
        headers, body = self._compressed[path]
        await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})

    @staticmethod
    def _applies(scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/static/"):
            return False
        # One file has many addresses (`/static/./x`, `/static//x`): kept one by one, they would fill memory.
        if posixpath.normpath(scope["path"]) != scope["path"]:
            return False
        headers = Headers(scope=scope)
        accepted = headers.get("accept-encoding", "")
        return CompressedAssets._GZIP.search(accepted) is not None and "range" not in headers

    async def _collect(self, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: MutableMapping[str, Any]) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages

    async def _keep(self, path: str, messages: list[Message]) -> bool:
        """Compresses and keeps a response that will never change; tells whether it was one."""
        if not messages or messages[0]["status"] != 200:  # noqa: PLR2004 - OK
            return False
        headers = MutableHeaders(raw=list(messages[0]["headers"]))
        body = b"".join(message.get("body", b"") for message in messages[1:])
        if (
            # A response that broke off must not be kept for everybody who comes after.
            messages[-1].get("more_body", False)
            or headers.get("content-length", str(len(body))) != str(len(body))
            or "content-encoding" in headers
            or self._IMMUTABLE not in headers.get("cache-control", "")
            or not headers.get("content-type", "").startswith(self._TYPES)
            or len(body) < self._LEAST_BYTES
        ):
            return False
        compressed = await asyncio.to_thread(gzip.compress, body, 9)
        for name in ("etag", "last-modified", "accept-ranges"):  # they describe the file as it is on disk
            del headers[name]
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(compressed))
        headers.add_vary_header("Accept-Encoding")
        self._compressed[path] = (headers, compressed)
        return True


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    # Streamlit collects garbage after each run of the script: what was imported will never be garbage.
    gc.collect()
    gc.freeze()
    yield


def _log_level() -> str:
    try:
        return session.services().settings.log_level
    except SettingsError:
        return "INFO"  # every page tells what is wrong with them


# Before Streamlit starts: from then on, what stands in secrets.toml stands over the environment as well.
logs.configure(_log_level())

app = st.App(
    _HERE / "main.py",
    middleware=[Middleware(Guard), Middleware(CompressedAssets)],
    lifespan=_lifespan,
    on_script_error=on_script_error,
)
