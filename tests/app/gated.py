"""A gate with something behind it, and ways to knock."""

import asyncio
from dataclasses import dataclass, field

from app.errors import SettingsError, StoreUnavailable
from app.gate import Doors
from app.session.cookies import session_name, visitor_name

SESSION, VISITOR, STRANGER = "s" * 43, "v" * 43, "x" * 43
ORIGIN, HOST = "https://rowlight.example", b"rowlight.example"
SESSION_COOKIE, VISITOR_COOKIE = session_name(secure=True), visitor_name(secure=True)
TAB = "0f8fad5b-d9cb-469f-a165-70867728950e"
DOCUMENT = {"accept": "text/html,*/*", "sec-fetch-dest": "document"}

# Paths by what they lead to, and those that lead nowhere for anybody.
PAGE = ("/", "/cities", "/cities/", "/a/b", "/favicon.png", "/manifest.json", "/é page", "/mediation", "/a.b")
FILES = ("/static/js/index.js", "/_stcore/host-config")
BUTTON = ("/component/streamlit_oauth.authorize_button/index.html",)
EDITOR = "/_stcore/bidi-components/rowlight.editor/editor"
FILE = "/_stcore/bidi-components/rowlight.file/file"
DATA = ("/app/static/countries-110m.geojson", f"{EDITOR}.js", f"{EDITOR}.css", f"{FILE}.js", f"{FILE}.css")
NOBODY = (
    "/_stcore/metrics",
    "/_stcore/metrics/",
    "/_stcore//metrics",
    "/_stcore/./metrics",
    "//_stcore/metrics",
    "/x/../_stcore/metrics",
    "/base/_stcore/metrics",
    "/_STCORE/metrics",
    "/_stcore/Metrics",
    "/_stcore/%6detrics",
    "/_stcore\\metrics",
    "/_stcore;x/metrics/../",
    "/_stcore",
    f"{EDITOR}.py",
    f"{EDITOR}.js/",
    f"{EDITOR}.js/../../view.py",
    "/_stcore/bidi-components/rowlight.editor/../view.py",
    "/_stcore/bidi-components/rowlight.editor/",
    "/_stcore/bidi-components/rowlight.other/editor.js",
    "/_stcore/bidi-components/rowlightxeditor/editor.js",
    "/_stcore/bidi-components/rowlight.file/editor.js",
    "/_stcore/bidi-components/rowlight.file/../pressing.py",
    "/_stcore/",
    "/_stcore/agent",
    "/_stcore/agent/mcp",
    "/_stcore/agent/interact",
    "/_stcore/agent/openapi.json",
    "/a/_stcore/agent/mcp",
    "/_stcore/script-health-check",
    "/_stcore/stream",
    "/_stcore/upload_file/a/b",
    "/_stcore/bidi-components/x/index.js",
    "/_stcore/health/",
    "/_stcore/health/x",
    "/component/other.component/index.html",
    "/component/streamlit_oauth.authorize_button",
    "/component/streamlit_oauth.authorize_button/../other/index.html",
    "/component/streamlit_oauthXauthorize_button/index.html",
    "/oauth2callback",
    "/media",
    "/media/",
    "/media/abc.csv",
    "/Media/abc.csv",
    "/media/../media/abc.csv",
    "/media//abc.csv",
    "//media/abc.csv",
    "/./media/abc.csv",
    "/\\media/abc.csv",
    "/x\\..\\media",
    "/media/%2e%2e/x",
    "/app",
    "/app/static",
    "/app/x",
    "/static",
    "/static/",
    "/static/../media/abc.csv",
    "/static/..%2fmedia/abc.csv",
    "/auth",
    "/auth/",
    "/auth/a/b",
    "/auth/..",
    "/auth/../media/abc.csv",
    "/auth/logout/../../media/x",
    "/AUTH/login",
    "/cities;x",
    "/cities?x",
    "/cities#x",
    "/cit\x00ies",
    "/cit\nies",
    "/cities\n",
    "/..",
    "/.",
    "//",
    "//evil.example",
    "",
    "*",
    "cities",
    "http://rowlight.example/media/abc.csv",
    "/\ud800",
)


@dataclass
class Inside:
    """What is behind the gate: it answers everything, and remembers what reached it."""

    reached: list[dict] = field(default_factory=list)
    content_type: bytes = b"text/html; charset=utf-8"
    status: int = 200

    async def __call__(self, scope, _receive, send):
        self.reached.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        headers = [(b"content-type", self.content_type)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"inside"})


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str


def doors(sign_in="popup", **changes):
    facts = {
        "origin": ORIGIN,
        "sign_in": sign_in,
        "secure": True,
        "holds": lambda session: session == SESSION,
        "resumes": lambda tab, session, visitor: (
            (tab, session, visitor) in {(TAB, SESSION, ""), (TAB, SESSION, VISITOR), (TAB, "", VISITOR)}
        ),
    }
    return Doors(**{**facts, **changes})


def not_set_up():
    raise SettingsError("Rowlight is not set up.", "Set it up.")


def out_of_reach(*_):
    raise StoreUnavailable("The session store is out of reach.", "Try again in a minute.")


def raw(headers):
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def cookie(**values):
    names = {"session": SESSION_COOKIE, "visitor": VISITOR_COOKIE}
    return ("cookie", "; ".join(f"{names[name]}={value}" for name, value in values.items()))


def ask(gate, path, *headers, method="GET", host=HOST, query=b"", **scope):
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(b"host", host), *raw(headers)] if host is not None else raw(headers),
        "root_path": "",
        **scope,
    }
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(gate(scope, None, send))
    head = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:]).decode()
    return Answer(sent[0]["status"], head, body)


def connect(gate, *headers, path="/_stcore/stream", host=HOST, origin=ORIGIN, **scope):
    """What the gate answers to a WebSocket: "accept", or the code that it closes with."""
    given = [("host", host.decode())] if host is not None else []
    given += [("origin", origin)] if origin is not None else []
    scope = {
        "type": "websocket",
        "path": path,
        "query_string": b"",
        "headers": raw([*given, *headers]),
        "root_path": "",
        "subprotocols": [],
        **scope,
    }
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(gate(scope, None, send))
    return "accept" if sent[0]["type"] == "websocket.accept" else sent[0]["code"]
