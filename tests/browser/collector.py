"""Everything that leaves the app's process, and what of it should not have."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebSocket

from tests.browser.demo import Demo
from tests.browser.wire import Wire

SHAPES = {
    "a JSON Web Token": re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\."),
    "an AWS key": re.compile(r"\bA[SK]IA[A-Z0-9]{12,}\b|aws_session_token|SecretAccessKey|SessionToken"),
}
# On the wire a cookie stands in its own two headers.
_COOKIES = re.compile(r"(?im)^(?:set-)?cookie: .*$")
_HINT = re.compile(r"(?<=[?&])id_token_hint=[^\s&]+")
_STORED = "JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])"


class Collector:
    """Watches one browser profile, which reaches everything over the wire, and the demonstration's log."""

    def __init__(self, context: BrowserContext, wire: Wire, demo: Demo) -> None:
        self._context = context
        self._wire = wire
        self._demo = demo
        logged = len(demo.log())
        self.read_log = lambda: demo.log()[logged:]
        self._sessions: set[str] = set()
        self._codes: set[str] = set()
        self.told: dict[str, list[str]] = {
            name: [] for name in ("page", "console", "frame received", "frame sent", "URL")
        }
        context.on("console", self._console)
        context.on("request", self._request)
        for page in context.pages:
            self._page(page)
        context.on("page", self._page)

    def look(self) -> None:
        """Reads every open page as it stands, frames and storage too, and the cookies."""
        for page in self._context.pages:
            for frame in page.frames:
                self.told["page"].append(frame.content())
            self.told["page"].append(page.evaluate(_STORED))
        for cookie in self._context.cookies(self._demo.url):
            if cookie["name"] in ("rowlight_session", "rowlight_visitor"):
                self._sessions.add(cookie["value"])

    def secrets(self) -> dict[str, set[str]]:
        """What must be nowhere, by its kind, as it really was."""
        env = self._demo.env
        return {
            "a session id": self._sessions,
            "a code": self._codes,
            "the client's secret": {env["OIDC_CLIENT_SECRET"]},
            "the administrator's key": {env["ADMIN_AWS_SECRET_ACCESS_KEY"]},
        }

    def found(self) -> set[tuple[str, str]]:
        """(place, kind of secret) wherever there is one."""
        return {
            (place, kind)
            for place, texts in self.collected().items()
            for text in texts
            for kind in self._kinds_in(text, place)
        }

    def collected(self) -> dict[str, list[str]]:
        """All texts by where they were."""
        carried = [
            text for tunnel in self._wire.tunnels for text in (tunnel.sent_text(), tunnel.received_text())
        ]
        return {**self.told, "HTTP": carried, "log": [self.read_log()]}

    def _kinds_in(self, text: str, place: str) -> Iterable[str]:
        kept = self._without_what_must_be(text, place)
        for kind, values in self.secrets().items():
            # The pop-up's button hands its answer to the app in a frame.
            if (place, kind) != ("frame sent", "a code") and any(value in kept for value in values):
                yield kind
        yield from (kind for kind, shape in SHAPES.items() if shape.search(kept))

    def _without_what_must_be(self, text: str, place: str) -> str:
        """The text without cookies in their headers, a code on its redirect, and the hint at sign-out."""
        env = self._demo.env
        if place == "URL" and text.startswith(f"{env['OIDC_ISSUER']}/end_session?"):
            return _HINT.sub("", text)
        if place == "URL" and text.startswith(_redirect_uris(env)):
            return re.sub(r"(?<=[?&])code=[^&]+", "", text)
        if place != "HTTP":
            return text
        kept = _COOKIES.sub("", text)
        # A request may follow another's body, which ends without a line's end.
        leave = rf"(?im)(^location: {re.escape(env['OIDC_ISSUER'])}|GET )/end_session\?\S+"
        kept = re.sub(leave, lambda found: _HINT.sub("", found[0]), kept)
        for uri in _redirect_uris(env):
            path = re.escape(urlsplit(uri).path)
            kept = re.sub(rf"(?im)(^location: {re.escape(uri)}|GET {path})\?\S+", "", kept)
        return kept

    def _console(self, message: ConsoleMessage) -> None:
        self.told["console"].append(message.text)

    def _request(self, request: Request) -> None:
        self.told["URL"].append(request.url)
        if request.url.startswith(tuple(_redirect_uris(self._demo.env))):
            self._codes.update(parse_qs(urlsplit(request.url).query).get("code", ()))

    def _page(self, page: Page) -> None:
        page.on("websocket", self._socket)

    def _socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: self.told["frame received"].append(_as_text(payload)))
        socket.on("framesent", lambda payload: self.told["frame sent"].append(_as_text(payload)))


def _as_text(payload: str | bytes) -> str:
    return payload.decode("latin-1") if isinstance(payload, bytes) else payload


def _redirect_uris(env: dict[str, str]) -> tuple[str, str]:
    return (
        f"{env['APP_URL']}/component/streamlit_oauth.authorize_button/index.html",
        f"{env['APP_URL']}/auth/callback",
    )
