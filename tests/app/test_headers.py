"""The security headers, by kind of page and way of signing in."""

import asyncio
import base64
import hashlib
import re
from pathlib import Path

import pytest
from starlette.responses import Response
from streamlit.file_util import get_static_dir

from app.assets import own
from app.headers import Facing, SecurityHeaders, map_sources

PROVIDERS = ("https://idp.example", "https://sign-out.idp.example")
BUTTON = "/component/streamlit_oauth.authorize_button/index.html"
PATHS = (
    "/",
    "/cities",
    "/_stcore/health",
    "/media/x",
    "/app/static/x",
    "/static/x.js",
    "/auth/sign-in",
    BUTTON,
)


def headers(
    path="/",
    sign_in="popup",
    *,
    secure=True,
    inner=(),
    content_type="text/html; charset=utf-8",
    maps=(),
    compares=False,
):
    """What a browser gets of an answer: the headers, each with all of its values."""

    def facing():
        return Facing(sign_in, secure, PROVIDERS, maps, compares)

    response = Response("inside", media_type=content_type, headers=dict(inner))
    return sent(SecurityHeaders(response, facing), path)


def sent(app, path):
    found = {}

    async def send(message):
        for name, value in message.get("headers", ()):
            found.setdefault(name.decode().lower(), []).append(value.decode())

    asyncio.run(app({"type": "http", "method": "GET", "path": path, "headers": []}, None, send))
    return found


def policy(found):
    (text,) = found["content-security-policy"]
    return {name: values.split() for name, values in (part.split(" ", 1) for part in text.split("; "))}


@pytest.mark.parametrize("sign_in", ["popup", "redirect"])
@pytest.mark.parametrize("path", PATHS)
class TestEveryAnswer:
    def test_has_each_header_once(self, path, sign_in):
        theirs = {
            "Content-Security-Policy": "default-src *",
            "X-Frame-Options": "ALLOWALL",
            "Referrer-Policy": "unsafe-url",
            "Cache-Control": "public",
        }
        found = headers(path, sign_in, inner=theirs.items())
        assert {name for name, values in found.items() if len(values) != 1} == set()
        assert found["x-content-type-options"] == ["nosniff"]
        returns = path.startswith("/component/") and sign_in == "popup"  # with the code in its address
        assert found["referrer-policy"] == ["no-referrer" if returns else "same-origin"]
        assert found["cross-origin-resource-policy"] == ["same-origin"]
        assert "*" not in found["content-security-policy"][0]

    def test_runs_no_script_that_is_not_ours(self, path, sign_in):
        scripts = policy(headers(path, sign_in))["script-src"]
        assert "'unsafe-inline'" not in scripts
        assert "'unsafe-eval'" not in scripts
        assert not [source for source in scripts if source.endswith(":")]

    def test_sends_forms_to_us_and_to_the_provider_alone(self, path, sign_in):
        assert policy(headers(path, sign_in))["form-action"] == ["'self'", *PROVIDERS]

    def test_takes_the_browsers_powers_away(self, path, sign_in):
        (powers,) = headers(path, sign_in)["permissions-policy"]
        assert {"camera=()", "geolocation=()", "microphone=()", "payment=()"} < set(powers.split(", "))
        assert all(re.fullmatch(r"[a-z-]+=\((self)?\)", power) for power in powers.split(", "))

    def test_asks_for_https_where_there_is_https(self, path, sign_in):
        hsts = headers(path, sign_in)["strict-transport-security"]
        assert hsts == ["max-age=63072000; includeSubDomains"]
        assert "strict-transport-security" not in headers(path, sign_in, secure=False)

    def test_lets_no_other_origin_read(self, path, sign_in):
        found = headers(path, sign_in, inner=[("Access-Control-Allow-Origin", "*")])
        assert "access-control-allow-origin" not in found


class TestFrames:
    @pytest.mark.parametrize(("path", "sign_in"), [(path, "popup") for path in PATHS if path != BUTTON])
    def test_no_page_can_be_framed(self, path, sign_in):
        found = headers(path, sign_in)
        assert policy(found)["frame-ancestors"] == ["'none'"]
        assert found["x-frame-options"] == ["DENY"]

    def test_the_buttons_frame_is_framed_here_and_stays_within_its_openers_reach(self):
        found = headers(BUTTON)
        assert policy(found)["frame-ancestors"] == ["'self'"]
        assert found["x-frame-options"] == ["SAMEORIGIN"]
        assert "cross-origin-opener-policy" not in found

    def test_without_a_pop_up_there_is_no_such_frame(self):
        found = headers(BUTTON, "redirect")
        assert policy(found)["frame-ancestors"] == ["'none'"]
        assert found["cross-origin-opener-policy"] == ["same-origin"]

    @pytest.mark.parametrize(
        ("sign_in", "value"), [("popup", "same-origin-allow-popups"), ("redirect", "same-origin")]
    )
    def test_a_page_keeps_its_pop_up_within_reach_and_nothing_else(self, sign_in, value):
        for path in set(PATHS) - {BUTTON}:
            assert headers(path, sign_in)["cross-origin-opener-policy"] == [value]

    @pytest.mark.parametrize("path", PATHS)
    def test_a_second_persons_pop_up_is_as_the_firsts(self, path):
        assert headers(path, "redirect", compares=True) == headers(path, "popup")


class TestPolicies:
    def test_our_own_pages_load_nothing_from_anywhere_else(self):
        assert policy(headers("/auth/sign-in")) == {
            "default-src": ["'none'"],
            "script-src": ["'self'"],
            "style-src": ["'self'"],
            "img-src": ["'self'"],
            "font-src": ["'self'"],
            "form-action": ["'self'", *PROVIDERS],
            "frame-ancestors": ["'none'"],
            "base-uri": ["'none'"],
        }

    def test_streamlits_page_runs_the_scripts_that_stand_in_it(self):
        page = own((Path(get_static_dir()) / "index.html").read_bytes()).decode()
        written = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
        hashes = {
            f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'"
            for each in written
        }
        assert hashes
        assert set(policy(headers())["script-src"]) == {"'self'", "'wasm-unsafe-eval'", *hashes}

    def test_a_page_talks_to_us_alone(self):
        found = policy(headers())
        assert found["default-src"] == ["'self'"]
        assert found["connect-src"] == ["'self'", "data:", "blob:"]
        assert found["object-src"] == ["'none'"]


class TestMaps:
    STYLE, TILES = "https://styles.example:8443/world.json", "https://tiles.example"

    def test_a_page_may_ask_the_styles_origins_and_nothing_more(self):
        origins = map_sources(self.STYLE, f"{self.TILES} https://letters.example")
        usual, found = policy(headers()), policy(headers(maps=origins))
        assert found.pop("connect-src") == [
            *usual.pop("connect-src"),
            "https://styles.example:8443",
            self.TILES,
            "https://letters.example",
        ]
        assert found == usual

    def test_our_own_pages_ask_them_nothing(self):
        assert headers("/auth/sign-in", maps=map_sources(self.STYLE, "")) == headers("/auth/sign-in")

    @pytest.mark.parametrize(
        ("style_url", "origins", "sources"),
        [
            ("", "", ()),
            ("", "https://tiles.example", ()),  # nobody asks them without a style
            ("http://localhost:8761/style.json", "", ("http://localhost:8761",)),
            ("https://a.example/s.json", "https://a.example", ("https://a.example",)),
            ("https://a.example;script-src/s.json", "", ()),
            ("https://a.example/s.json", "https://b.example; *", ("https://a.example",)),
            ("https://*.example/s.json", "* https: 'unsafe-inline'", ()),
        ],
    )
    def test_what_is_no_origin_is_none(self, style_url, origins, sources):
        assert map_sources(style_url, origins) == sources


class TestKeeping:
    @pytest.mark.parametrize(
        ("path", "content_type", "theirs", "ours"),
        [
            ("/", "text/html; charset=utf-8", "no-cache", "no-store"),
            ("/cities", "text/html", None, "no-store"),
            (BUTTON, "text/html", "no-cache", "no-store"),
            ("/auth/sign-in", "text/html", None, "no-store"),
            ("/auth/session", None, "no-cache", "no-store"),
            ("/auth/source-sans.woff2", "font/woff2", "no-cache", "public, max-age=86400"),
            ("/static/x.js", "text/javascript", "public, immutable", "public, immutable"),
            ("/favicon.png", "image/png", "public, immutable", "public, immutable"),
        ],
    )
    def test_what_is_somebodys_is_not_kept(self, path, content_type, theirs, ours):
        inner = [("Cache-Control", theirs)] if theirs else []
        assert headers(path, inner=inner, content_type=content_type)["cache-control"] == [ours]


class TestNotSetUp:
    def test_the_strictest_headers_stand_until_the_settings_do(self):
        found = sent(SecurityHeaders(Response("inside", media_type="text/html"), lambda: None), "/")
        assert policy(found)["form-action"] == ["'self'"]
        assert found["cross-origin-opener-policy"] == ["same-origin"]
        assert "strict-transport-security" not in found


def test_a_socket_passes_as_it_is():
    passed = []

    async def app(scope, receive, send):
        passed.append((scope, receive, send))

    asyncio.run(SecurityHeaders(app, None)({"type": "websocket"}, "receive", "send"))
    assert passed == [({"type": "websocket"}, "receive", "send")]
