"""What surrounds the script on every request."""

import asyncio
import gzip
import logging
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.conftest import free_ports

ROOT = Path(__file__).parents[2]
SCRIPT = b"console.log('rowlight');\n" * 500


@pytest.fixture(scope="module")
def asgi():
    """The module; what importing it does to this process's log is undone."""
    factory, handlers, level = logging.getLogRecordFactory(), logging.root.handlers[:], logging.root.level
    from app import asgi

    logging.setLogRecordFactory(factory)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    return asgi


class Files:
    """Serves as Streamlit does, and counts."""

    def __init__(self):
        self.served = 0

    def serve(self, request):
        self.served += 1
        path = request.url.path
        if path.endswith(".js"):
            headers = {"Cache-Control": "public, immutable, max-age=31536000", "ETag": '"1"'}
            return Response(SCRIPT, media_type="text/javascript", headers=headers)
        if path.endswith(".png"):
            return Response(SCRIPT, media_type="image/png", headers={"Cache-Control": "public, immutable"})
        if path.endswith("small.css"):
            return Response(b"a{}", media_type="text/css", headers={"Cache-Control": "public, immutable"})
        return Response(SCRIPT, media_type="text/html", headers={"Cache-Control": "no-cache"})


def get(application, path, **headers):
    async def ask():
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers={"accept-encoding": "identity", **headers})

    return asyncio.run(ask())


async def answer(app, scope):
    """The body that an application sends, byte for byte."""
    sent = []

    async def send(message):
        sent.append(message.get("body", b""))

    await app(scope, None, send)
    return b"".join(sent)


class TestCompression:
    @pytest.fixture
    def files(self):
        return Files()

    @pytest.fixture
    def app(self, asgi, files):
        return asgi.CompressedAssets(Starlette(routes=[Route("/{path:path}", files.serve)]))

    def test_a_script_is_compressed_once_and_stays_the_same(self, app, files):
        for _ in range(3):
            answer = get(app, "/static/js/index.js", **{"accept-encoding": "gzip, br"})
            assert answer.content == SCRIPT
            assert answer.headers["content-encoding"] == "gzip"
            assert int(answer.headers["content-length"]) < len(SCRIPT) / 10
            assert answer.headers["cache-control"] == "public, immutable, max-age=31536000"
            assert answer.headers["vary"] == "Accept-Encoding"
            assert "etag" not in answer.headers
        assert files.served == 1

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"accept-encoding": "br"},
            {"accept-encoding": "br, gzip;q=0"},
            {"accept-encoding": "gzip; q=0.00, br"},
            {"accept-encoding": "gzip", "range": "bytes=0-9"},
        ],
    )
    def test_who_cannot_take_it_gets_it_as_it_is(self, app, headers):
        answer = get(app, "/static/js/index.js", **headers)
        assert "content-encoding" not in answer.headers
        assert answer.content == SCRIPT

    @pytest.mark.parametrize(
        "path", ["/static/made-up", "/static/media/a.png", "/static/small.css", "/", "/component/x.js"]
    )
    def test_what_may_change_or_gains_nothing_is_left_alone(self, app, files, path):
        for _ in range(2):
            assert "content-encoding" not in get(app, path, **{"accept-encoding": "gzip"}).headers
        assert files.served == 2

    def test_made_up_addresses_fill_no_memory(self, app):
        for number in range(50):
            get(app, f"/static/{number}", **{"accept-encoding": "gzip"})
        assert app._compressed == {}

    @pytest.mark.parametrize("detour", ["/static/./js/x.js", "/static//js/x.js", "/static/js/.///x.js"])
    def test_other_addresses_of_a_file_fill_no_memory(self, asgi, files, detour):
        app = asgi.CompressedAssets(Starlette(routes=[Route("/{path:path}", files.serve)]))
        scope = {"type": "http", "method": "GET", "path": detour, "query_string": b""}
        headers = [(b"accept-encoding", b"gzip")]
        body = asyncio.run(answer(app, {**scope, "headers": headers}))
        assert body == SCRIPT
        assert app._compressed == {}

    @pytest.mark.parametrize(
        "broken",
        [
            [{"body": SCRIPT[:5000], "more_body": True}],
            [{"body": SCRIPT[:5000], "more_body": False}],
            [{"body": b"", "more_body": False}],
        ],
    )
    def test_a_script_that_broke_off_is_not_kept_for_others(self, asgi, broken):
        whole = [{"body": SCRIPT[:5000], "more_body": True}, {"body": SCRIPT[5000:]}]
        parts = iter([broken, whole])

        async def serve(scope, receive, send):
            headers = [
                (b"content-type", b"text/javascript"),
                (b"cache-control", b"immutable"),
                (b"content-length", str(len(SCRIPT)).encode()),
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            for part in next(parts):
                await send({"type": "http.response.body", **part})

        app = asgi.CompressedAssets(serve)
        scope = {"type": "http", "method": "GET", "path": "/static/x.js", "query_string": b""}
        scope["headers"] = [(b"accept-encoding", b"gzip")]
        asyncio.run(answer(app, scope))
        assert app._compressed == {}
        for _ in range(2):
            assert gzip.decompress(asyncio.run(answer(app, scope))) == SCRIPT


class TestGuard:
    @pytest.fixture
    def app(self, asgi):
        def serve(_):
            return PlainTextResponse("inner", headers={"Content-Security-Policy": "default-src *"})

        return asgi.Guard(Starlette(routes=[Route("/{path:path}", serve)]))

    @pytest.mark.parametrize("path", ["/", "/_stcore/health", "/media/x", "/app/static/x", "/static/x.js"])
    def test_every_answer_has_the_headers(self, app, path):
        headers = get(app, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin-allow-popups"
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["frame-ancestors"] == "'none'"
        assert policy["object-src"] == "'none'"
        assert "'unsafe-inline'" not in policy["script-src"]
        assert "'unsafe-eval'" not in policy["script-src"]
        assert "*" not in headers["content-security-policy"]

    def test_the_buttons_frame_may_be_framed_here_and_stays_within_its_openers_reach(self, app):
        headers = get(app, "/component/streamlit_oauth.authorize_button/index.html").headers
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert "cross-origin-opener-policy" not in headers

    @pytest.mark.parametrize(
        "path",
        [
            "/_stcore/metrics",
            "/_stcore/metrics/",
            "/base/_stcore/metrics",
            "/_stcore/agent/interact",
            "/_stcore/agent/mcp",
            "/_stcore/%6detrics",
        ],
    )
    def test_metrics_and_the_agents_way_in_are_refused(self, app, path):
        answer = get(app, path)
        assert answer.status_code == 403
        assert answer.text == "Forbidden"
        assert "content-security-policy" in answer.headers

    def test_the_button_wears_the_apps_own_style(self, app):
        answer = get(app, "/component/streamlit_oauth.authorize_button/assets/index-x.css")
        assert answer.headers["content-type"].startswith("text/css")
        assert "--primary-color" in answer.text


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The app as it is started, without any settings."""
    (port,) = free_ports(1)
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "streamlit", "run", "app/asgi.py", f"--server.port={port}"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    with (home / "log").open("w+b") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        url = f"http://localhost:{port}"
        try:
            for _ in range(300):
                try:
                    httpx.get(f"{url}/_stcore/health")
                    break
                except httpx.TransportError:
                    assert process.poll() is None
                    time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            process.wait(10)


class TestRunning:
    def test_it_is_healthy(self, running):
        answer = httpx.get(f"{running}/_stcore/health")
        assert (answer.status_code, answer.text) == (200, "ok")

    def test_metrics_are_refused(self, running):
        assert httpx.get(f"{running}/_stcore/metrics").status_code == 403

    def test_the_page_allows_exactly_the_scripts_that_streamlit_wrote_into_it(self, running):
        answer = httpx.get(running)
        assert answer.text.count("<script>") == answer.headers["content-security-policy"].count("'sha256-")

    def test_streamlits_scripts_come_compressed(self, running):
        page = httpx.get(running).text
        path = page.split('crossorigin src=".')[1].split('"')[0]
        plain = httpx.get(running + path, headers={"accept-encoding": "identity"})
        compressed = httpx.get(running + path)
        assert compressed.headers["content-encoding"] == "gzip"
        assert compressed.text == plain.text
        assert len(gzip.compress(plain.content)) < len(plain.content) / 2

    def test_the_base_map_is_served(self, running):
        answer = httpx.get(f"{running}/app/static/countries-110m.geojson")
        assert answer.json()["type"] == "FeatureCollection"
