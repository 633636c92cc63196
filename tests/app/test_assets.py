"""The browser's files, compressed once for everybody, and the sign-in button's own style."""

import asyncio
import gzip
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from streamlit.file_util import get_static_dir

from app.assets import ButtonStyle, CompressedAssets, OwnName
from app.views import scripts

FILES = scripts.files(["dataframe", "pydeck_chart", "vega_lite_chart"])  # all that there are
SCRIPT = b"console.log('rowlight');\n" * 500


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


class TestTheName:
    PAGE = (Path(get_static_dir()) / "index.html").read_bytes()

    @pytest.fixture
    def served(self):
        def serve(request):
            media_type = "text/javascript" if request.url.path.endswith(".js") else "text/html"
            return Response(self.PAGE, media_type=media_type)

        return OwnName(Starlette(routes=[Route("/{path:path}", serve)]), {"/map": FILES})

    def test_a_tab_never_shows_another_name_or_icon(self, served):
        page = get(served, "/")
        assert re.findall("<title>(.*?)</title>", page.text) == ["Rowlight"]
        assert re.findall('<link rel="shortcut icon" href="(.*?)"', re.sub(r"\s+", " ", page.text)) == [
            "/auth/icon.svg"
        ]
        assert len(page.content) == len(self.PAGE) == int(page.headers["content-length"])

    def test_a_browser_is_told_where_the_app_is_and_that_nobody_steers_it(self, served):
        """Else Streamlit's page has changed: it asks again before it connects, which no test would notice."""
        page = get(served, "/").text
        (script,) = re.findall("<script>(.*?)</script>", page, re.DOTALL)
        assert "window.prerenderReady = false" in script
        assert "BACKEND_BASE_URL: location.origin" in script
        assert re.findall('https?://[^"]*', script) == ["https://nobody.invalid"]
        assert "service-desc" not in page

    def test_a_page_names_the_files_that_it_is_drawn_with(self, served):
        page = get(served, "/map")
        styles = re.findall('<link rel="stylesheet" crossorigin href="(/[^"]*)">', page.text)
        modules = re.findall('<data value="([^"]*)"></data>', page.text)
        assert (styles, modules) == tuple(
            [each for each in FILES if each.endswith(kind)] for kind in (".css", ".js")
        )
        assert len(page.content) == len(self.PAGE) == int(page.headers["content-length"])
        assert "<data" not in get(served, "/").text

    def test_without_scripts_it_says_so_and_names_no_interface(self, served):
        page = get(served, "/").text
        assert re.findall("<noscript>(.*?)</noscript>", page, re.DOTALL) == [
            "<p>Rowlight needs JavaScript, which this browser does not run.</p>"
        ]
        assert "agent" not in page

    def test_other_files_stay_as_they_are(self, served):
        assert get(served, "/index.js").content == self.PAGE


class TestCompression:
    @pytest.fixture
    def files(self):
        return Files()

    @pytest.fixture
    def app(self, files):
        return CompressedAssets(Starlette(routes=[Route("/{path:path}", files.serve)]))

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

    def test_a_script_keeps_a_type_that_a_module_must_have(self, app):
        """Under another than JavaScript's, no browser would run it."""
        answer = get(app, "/static/js/index.js", **{"accept-encoding": "gzip"})
        assert answer.headers["content-type"].partition(";")[0] == "text/javascript"

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
    def test_other_addresses_of_a_file_fill_no_memory(self, files, detour):
        app = CompressedAssets(Starlette(routes=[Route("/{path:path}", files.serve)]))
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
    def test_a_script_that_broke_off_is_not_kept_for_others(self, broken):
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

        app = CompressedAssets(serve)
        scope = {"type": "http", "method": "GET", "path": "/static/x.js", "query_string": b""}
        scope["headers"] = [(b"accept-encoding", b"gzip")]
        asyncio.run(answer(app, scope))
        assert app._compressed == {}
        for _ in range(2):
            assert gzip.decompress(asyncio.run(answer(app, scope))) == SCRIPT


class TestButtonStyle:
    @pytest.fixture
    def app(self):
        return ButtonStyle(Starlette(routes=[Route("/{path:path}", lambda _: PlainTextResponse("inside"))]))

    def test_the_button_wears_the_apps_own_style(self, app):
        answer = get(app, "/component/streamlit_oauth.authorize_button/assets/index-x.css")
        assert answer.headers["content-type"].startswith("text/css")
        assert "--primary-color" in answer.text

    @pytest.mark.parametrize(
        "path", ["/component/streamlit_oauth.authorize_button/assets/index-x.js", "/static/css/index-x.css"]
    )
    def test_everything_else_stays_as_it_is(self, app, path):
        assert get(app, path).text == "inside"
