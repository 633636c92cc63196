"""The security headers of every answer."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.file_util import get_static_dir

from app.assets import own

_TWO_YEARS = 63_072_000
# What a policy takes as a source, and nothing that would end it.
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)
# Nothing of a browser's powers but the copy button of a code block, and a chart at full size.
_POWERS = (
    "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), display-capture=(), "
    "encrypted-media=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), "
    "local-fonts=(), magnetometer=(), microphone=(), midi=(), otp-credentials=(), payment=(), "
    "picture-in-picture=(), publickey-credentials-create=(), publickey-credentials-get=(), "
    "screen-wake-lock=(), serial=(), storage-access=(), sync-xhr=(), usb=(), "
    "window-management=(), xr-spatial-tracking=(), "
    "clipboard-write=(self), fullscreen=(self)"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: a form would then be sent with the origin `null`, which nobody could check.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": _POWERS,
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Facing:
    """What the headers depend on.

    `providers` are the origins to which a form of ours may lead, `maps` those that a map may ask.
    """

    sign_in: Literal["popup", "redirect"]
    secure: bool
    providers: tuple[str, ...]
    maps: tuple[str, ...] = ()
    compares: bool = False  # a second person signs in by the pop-up, whichever way the first came

    @property
    def pops_up(self) -> bool:
        """Whether a pop-up comes back to this app."""
        return self.sign_in == "popup" or self.compares


def map_sources(style_url: str, origins: str) -> tuple[str, ...]:
    """The origins that a map's style may make the browser ask; none without a style."""
    if not style_url:
        return ()
    parts = urlsplit(style_url)
    found = (f"{parts.scheme}://{parts.netloc}", *origins.split())
    return tuple(dict.fromkeys(origin for origin in found if _ORIGIN.fullmatch(origin)))


_NOT_SET_UP = Facing("redirect", secure=False, providers=())


@cache
def _inline_scripts() -> tuple[str, ...]:
    """The hashes of the scripts that stand in Streamlit's page as served: none other may run in line."""
    page = own((Path(get_static_dir()) / "index.html").read_bytes())
    scripts: list[bytes] = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    return tuple(f"'sha256-{base64.b64encode(hashlib.sha256(each).digest()).decode()}'" for each in scripts)


def _policy(facing: Facing, *, framed: bool) -> str:
    """What Streamlit's pages may load; measured with every kind of chart."""
    return _join(
        {
            "default-src": ("'self'",),
            "script-src": ("'self'", "'wasm-unsafe-eval'", *_inline_scripts()),
            "style-src": ("'self'", "'unsafe-inline'"),
            "img-src": ("'self'", "data:", "blob:"),
            "font-src": ("'self'", "data:"),
            # Tiles, sprites and letters too: the map's library asks for each of them itself.
            "connect-src": ("'self'", "data:", "blob:", *facing.maps),
            "worker-src": ("'self'", "blob:"),
            "object-src": ("'none'",),
            "base-uri": ("'self'",),
            # The provider too: a browser applies this to where the answer to a form leads.
            "form-action": ("'self'", *facing.providers),
            "frame-ancestors": ("'self'" if framed else "'none'",),
        }
    )


def _own_policy(facing: Facing) -> str:
    """What the few pages of our own may load, which is less."""
    return _join(
        {
            "default-src": ("'none'",),
            "script-src": ("'self'",),
            "style-src": ("'self'",),
            "img-src": ("'self'",),
            "font-src": ("'self'",),
            "form-action": ("'self'", *facing.providers),
            "frame-ancestors": ("'none'",),
            "base-uri": ("'none'",),
        }
    )


def _join(policy: Mapping[str, tuple[str, ...]]) -> str:
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())


Kind = Literal["page", "frame", "own"]


@lru_cache(maxsize=16)
def headers_for(kind: Kind, facing: Facing) -> Mapping[str, str]:
    """The headers of a page of Streamlit's, of the sign-in button's frame, or of a page of our own."""
    headers = dict(_ALWAYS)
    if facing.secure:
        headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS}; includeSubDomains"
    if kind == "frame":
        headers["X-Frame-Options"] = "SAMEORIGIN"
        # The pop-up comes back here with its code in the address, which its own files are not asked for with.
        headers["Referrer-Policy"] = "no-referrer"
        # No opener policy: the provider sends the pop-up back to this address, and it has to stay within
        # reach of the page that waits for it.
        headers["Content-Security-Policy"] = _policy(facing, framed=True)
        return headers
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups" if facing.pops_up else "same-origin"
    headers["Content-Security-Policy"] = (
        _own_policy(facing) if kind == "own" else _policy(facing, framed=False)
    )
    return headers


class SecurityHeaders:
    """Sets the security headers on every answer, whoever gives it, and each of them once."""

    def __init__(self, app: ASGIApp, facing: Callable[[], Facing | None]) -> None:
        self._app = app
        self._facing = facing  # must not block: the health check comes through here too

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        facing = self._facing() or _NOT_SET_UP
        security = headers_for(_kind(path, facing), facing)

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(security)
                # Streamlit lets other origins read some of its files; nobody has to.
                del headers["Access-Control-Allow-Origin"]
                if keeping := _keeping(path, headers.get("content-type", "")):
                    headers["Cache-Control"] = keeping
            await send(message)

        await self._app(scope, receive, send_secured)


def _kind(path: str, facing: Facing) -> Kind:
    if path.startswith("/auth/"):
        return "own"
    return "frame" if path.startswith("/component/") and facing.pops_up else "page"


def _keeping(path: str, content_type: str) -> str | None:
    """Who may keep the answer, where what Streamlit says would let others read it later."""
    if path.startswith("/auth/") and content_type == "font/woff2":
        return "public, max-age=86400"  # the same for everybody, and larger than all else there
    if path.startswith("/auth/") or content_type.startswith("text/html"):
        return "no-store"
    return None
