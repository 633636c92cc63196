"""The browser's files: Streamlit's own compressed and under the app's name, the button's in its colours."""

import asyncio
import gzip
import posixpath
import re
from collections.abc import Iterable, Mapping, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ButtonStyle:
    """Serves the app's own style for the sign-in button in place of streamlit-oauth's."""

    _BUTTON = "/component/streamlit_oauth.authorize_button/"

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        style = (Path(__file__).parent / "auth" / "sign_in_button.css").read_bytes()
        self._style = Response(style, media_type="text/css", headers={"Cache-Control": "no-cache"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        styles = scope["type"] == "http" and path.startswith(self._BUTTON) and path.endswith(".css")
        await (self._style if styles else self._app)(scope, receive, send)


# Streamlit's browser half asks for two answers before it connects; on any page but the first for two more,
# which are 404. Told where the app is, it connects at once and asks beside that. It takes no list without a
# name: `.invalid` is nobody's.
_CONNECTS = b"""<script>
      window.prerenderReady = false
      window.__streamlit = {
        BACKEND_BASE_URL: location.origin,
        HOST_CONFIG: { allowedOrigins: ["https://nobody.invalid"], useExternalAuthToken: false },
      }
      addEventListener("DOMContentLoaded", () =>
        document.querySelectorAll("data").forEach(each => import(each.value).catch(() => {})))
    </script>"""
# With the pointer to an interface that the gate refuses, whose room this takes.
_SCRIPT = re.compile(
    rb"<!--\s+Machine-readable pointer.*?<script>\s+window\.prerenderReady = false\s+</script>", re.DOTALL
)
# It tells programs of the interface that the gate refuses.
_NO_SCRIPT = re.compile(rb"<noscript>.*?</noscript>", re.DOTALL)
_NEEDS_SCRIPT = b"<noscript><p>Rowlight needs JavaScript, which this browser does not run.</p></noscript>"
_NAMED = (
    (b"<title>Streamlit</title>", b"<title>Rowlight</title>"),
    (b'href="./favicon.png" />', b'href="/auth/icon.svg">'),
)


def own(page: bytes, files: Iterable[str] = ()) -> bytes:
    """Streamlit's page with what is ours, padded to the length of what was theirs: no header changes.

    A browser gets the modules and styles at these addresses ready while Redshift works.
    """
    for theirs, ours in _NAMED:
        page = page.replace(theirs, ours.ljust(len(theirs)))
    page = _SCRIPT.sub(lambda found: _CONNECTS.ljust(len(found[0])), page)
    listed = "".join(
        f'<link rel="stylesheet" crossorigin href="{each}">'
        if each.endswith(".css")
        else f'<data value="{each}"></data>'
        for each in files
    )
    return _NO_SCRIPT.sub(lambda found: (_NEEDS_SCRIPT + listed.encode()).ljust(len(found[0])), page)


class OwnName:
    """Serves Streamlit's page under the app's name and icon, which a tab shows until the script has run.

    `files` has, by a page's address, those of the modules and styles that it is drawn with.
    """

    _OTHERS = ("/static/", "/media/", "/app/", "/component/", "/_stcore/", "/auth/")

    def __init__(self, app: ASGIApp, files: Mapping[str, Iterable[str]]) -> None:
        self._app = app
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self._OTHERS):
            await self._app(scope, receive, send)
            return
        # Streamlit compresses its page everywhere but at the root: to change it, it has to be readable.
        headers = [each for each in scope["headers"] if each[0] != b"accept-encoding"]
        files = self._files.get(scope["path"], ())
        page = False

        async def send_named(message: Message) -> None:
            nonlocal page
            if message["type"] == "http.response.start":
                page = Headers(raw=message["headers"]).get("content-type", "").startswith("text/html")
            elif page and message["type"] == "http.response.body":
                message = {**message, "body": own(message.get("body", b""), files)}
            await send(message)

        await self._app({**scope, "headers": headers}, receive, send_named)


class CompressedAssets:
    """Serves Streamlit's own scripts and styles compressed, each compressed once.

    Streamlit sends them as they are, seven megabytes, because compressing them at each request costs much.
    """

    # Their names carry a hash of their content, and Streamlit says so in this header.
    _IMMUTABLE = "immutable"
    _TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/wasm")
    # A module is UTF-8, whatever a header says of it. But what Chromium can parse of modules while they come,
    # it compiles anew at each visit; of a charset that it cannot parse so, it takes what it kept compiled.
    _SCRIPTS = ("text/javascript", "application/javascript")
    _KEPT_COMPILED = "text/javascript; charset=iso-8859-2"
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
        if not messages or messages[0]["status"] != HTTPStatus.OK:
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
        if headers["content-type"].startswith(self._SCRIPTS):
            headers["Content-Type"] = self._KEPT_COMPILED
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(compressed))
        headers.add_vary_header("Accept-Encoding")
        self._compressed[path] = (headers, compressed)
        return True
