"""The app as it is started: what a browser, or somebody with worse in mind, gets over a real connection."""

import asyncio
import base64
import gc
import gzip
import hashlib
import http.client
import re
import statistics
import subprocess
import sys
import threading
import time
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.errors import SignInRefused
from tests.conftest import free_ports

ROOT = Path(__file__).parents[2]
VISITOR, STRANGER = "v" * 43, "x" * 43
BUTTON = "/component/streamlit_oauth.authorize_button/index.html"


@dataclass
class Running:
    port: int

    @property
    def url(self):
        return f"http://localhost:{self.port}"

    def get(self, path, **headers):
        return httpx.get(self.url + path, headers=headers)

    def raw(self, method, target, host=None):
        """The answer to a request line that no well-behaved client writes; none of it is tidied up."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
        connection.putrequest(method, target, skip_host=True)
        connection.putheader("Host", host or f"localhost:{self.port}")
        connection.endheaders()
        answer = connection.getresponse()
        try:
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def socket(self, *protocols, origin=None, path="/_stcore/stream", **headers):
        return connect(
            f"ws://localhost:{self.port}{path}",
            origin=origin or self.url,
            subprotocols=["streamlit", *protocols],
            additional_headers=headers,
            max_size=None,
        )

    def refused(self, *protocols, **options):
        with pytest.raises(InvalidStatus) as refusal:
            self.socket(*protocols, **options)
        assert "server" not in refusal.value.response.headers
        return refusal.value.response.status_code

    def tab(self, visitor, *resumed):
        """The id of the tab that Streamlit gives to a browser, which may ask for an earlier one."""
        with self.socket(
            *(("token", *resumed) if resumed else ()), cookie=f"rowlight_visitor={visitor}"
        ) as ws:
            run = BackMsg()
            run.rerun_script.query_string = ""
            ws.send(run.SerializeToString())
            ids, finished = set(), False
            while not finished:
                message = ForwardMsg.FromString(ws.recv(timeout=20))
                if message.WhichOneof("type") == "new_session":
                    ids.add(message.new_session.initialize.session_id)
                finished = message.WhichOneof("type") == "script_finished"
        (tab,) = ids
        return tab


@contextmanager
def started(home, **settings):
    """The app, started as the README says."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "streamlit", "run", "app/asgi.py", f"--server.port={port}"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    if settings:
        environment |= {**settings, "APP_URL": f"http://localhost:{port}"}
    with (home / "log").open("w+b") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        running = Running(port)
        try:
            for _ in range(300):
                try:
                    running.get("/_stcore/health")
                    break
                except httpx.TransportError:
                    assert process.poll() is None, (home / "log").read_text()
                    time.sleep(0.1)
            yield running
        finally:
            process.terminate()
            process.wait(10)


SETTINGS = {
    "OIDC_ISSUER": "http://localhost:1",  # nobody listens there
    "OIDC_CLIENT_ID": "rowlight",
    "OIDC_CLIENT_SECRET": "secret",
    "AWS_REGION": "us-east-1",
    "IDC_APPLICATION_ARN": "arn:aws:sso::123456789012:application/ssoins-1/apl-1",
    "DATA_ROLE_ARN": "arn:aws:iam::123456789012:role/Data",
    "REDSHIFT_WORKGROUP": "warehouse",
    "REDSHIFT_DATABASE": "dev",
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    with started(tmp_path_factory.mktemp("bare")) as running:
        yield running


@pytest.fixture(scope="module")
def popup(tmp_path_factory):
    with started(tmp_path_factory.mktemp("popup"), **SETTINGS, SIGN_IN="popup") as running:
        yield running


@pytest.fixture(scope="module")
def redirect(tmp_path_factory):
    with started(tmp_path_factory.mktemp("redirect"), **SETTINGS, SIGN_IN="redirect") as running:
        yield running


@pytest.fixture(params=["bare", "popup", "redirect"])
def running(request):
    return request.getfixturevalue(request.param)


def script_of(running):
    """The address of Streamlit's main script, as its page says it."""
    return running.get("/").text.split('crossorigin src=".')[1].split('"')[0]


class TestHoweverItIsSetUp:
    def test_it_is_healthy(self, running):
        answer = running.get("/_stcore/health", host="10.0.0.7")
        assert (answer.status_code, answer.text) == (200, "ok")

    @pytest.mark.parametrize(
        "target",
        [
            "/_stcore/metrics",
            "/_stcore/metrics/",
            "/_stcore/%6detrics",
            "//_stcore/metrics",
            "/./_stcore/metrics",
            "/x/../_stcore/metrics",
            "/_stcore/agent/mcp",
            "/_stcore/agent/openapi.json",
            "/_stcore%2fmetrics",
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
    def test_metrics_and_the_agents_way_in_are_refused(self, running, method, target):
        status, _, body = running.raw(method, target)
        assert (status, body) == (403, b"Forbidden")

    @pytest.mark.parametrize(
        "target",
        [
            "/media/x",
            "//media/x",
            "/static/../media/x",
            "/static/%2e%2e/media/x",
            "/app/static/icon.svg",
            "/static/..%2fapp/static/icon.svg",
            "/%6dedia/x",
            "/component/x/y",
            "/_stcore/upload_file/a/b",
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
    def test_an_anonymous_person_gets_no_data(self, running, method, target):
        assert running.raw(method, target)[0] == 403

    def test_whole_addresses_and_stars_are_no_way_around(self, running):
        assert running.raw("GET", f"{running.url}/media/x")[0] == 403
        assert running.raw("OPTIONS", "*")[0] in {400, 403}

    @pytest.mark.parametrize("target", ["/", "/_stcore/health", "/_stcore/metrics", "/media/x", "/auth/x"])
    def test_the_server_does_not_say_what_it_is(self, running, target):
        _, headers, _ = running.raw("GET", target)
        assert not {"server", "x-powered-by", "via"} & {name.lower() for name in headers}

    def test_nor_to_who_does_not_speak_its_language(self, running):
        status, headers, _ = running.raw("G=T", "/")
        assert status == 400
        assert not [name for name in headers if name.lower() == "server"]

    @pytest.mark.parametrize(
        "path", ["/", "/cities", "/_stcore/health", "/_stcore/host-config", "/media/x", "/auth/x"]
    )
    def test_every_answer_has_each_header_once(self, running, path):
        answer = running.get(path)
        names = [name for name, _ in answer.headers.multi_items() if name != "set-cookie"]
        assert len(names) == len(set(names))
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]

    def test_an_answer_makes_no_pause_between_its_headers_and_its_body(self, running):
        with httpx.Client(base_url=running.url) as browser:
            seconds = [browser.get("/_stcore/health").elapsed.total_seconds() for _ in range(30)]
        assert statistics.median(seconds[1:]) < 0.03

    def test_a_page_of_another_site_cannot_connect(self, running):
        for origin in (
            "https://evil.example",
            "http://localhost:3000",
            running.url.replace("localhost", "127.0.0.1"),
        ):
            assert running.refused(origin=origin) == 403

    def test_there_is_no_other_socket(self, running):
        for path in ("/", "/_stcore/stream/", "/_stcore/metrics", "/auth/login"):
            assert running.refused(path=path) == 403


class TestWithoutSettings:
    def test_every_page_opens_and_tells_so(self, bare):
        assert bare.get("/cities").status_code == 200
        assert bare.get(script_of(bare)).status_code == 200
        with bare.socket() as socket:
            assert socket.subprotocol == "streamlit"

    def test_nobody_can_begin_to_sign_in(self, bare):
        assert bare.get("/auth/login").status_code == 403


class TestPopUp:
    @pytest.mark.parametrize("path", ["/", "/cities", "/a/b"])
    def test_every_page_comes_as_ours_and_allows_exactly_the_scripts_in_it(self, popup, path):
        answer = popup.get(path, **{"accept-encoding": "gzip, br"})
        assert answer.headers["cache-control"] == "no-store"
        assert "<title>Rowlight</title>" in answer.text
        (script,) = re.findall("<script>(.*?)</script>", answer.text, re.DOTALL)
        assert "BACKEND_BASE_URL: location.origin" in script
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert re.findall("'sha256-(.*?)'", answer.headers["content-security-policy"]) == [digest]

    @pytest.mark.parametrize("path", ["/", "/cities", "/a/b"])
    def test_a_tab_shows_our_name_at_every_address(self, popup, path):
        page = popup.get(path, **{"accept-encoding": "gzip, br"})
        assert page.text.count("<title>Rowlight</title>") == 1
        assert int(page.headers["content-length"]) == len(page.content)

    def test_streamlits_scripts_come_compressed(self, popup):
        path = script_of(popup)
        plain = popup.get(path, **{"accept-encoding": "identity"})
        compressed = popup.get(path, **{"accept-encoding": "gzip"})
        assert compressed.headers["content-encoding"] == "gzip"
        assert compressed.content == plain.content
        assert len(gzip.compress(plain.content)) < len(plain.content) / 2

    def test_the_buttons_frame_can_be_framed_by_us(self, popup):
        answer = popup.get(BUTTON)
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
        assert "cross-origin-opener-policy" not in answer.headers

    def test_the_first_page_brings_one_cookie_and_the_next_none(self, popup):
        with httpx.Client(base_url=popup.url) as browser:
            assert browser.get("/").headers["set-cookie"].startswith("rowlight_visitor=")
            assert "set-cookie" not in browser.get("/").headers

    def test_by_another_name_it_says_where_it_is(self, popup):
        status, _, body = popup.raw("GET", "/", host=f"127.0.0.1:{popup.port}")
        assert status == 421
        assert f'<a href="{popup.url}">'.encode() in body

    def test_two_names_are_none(self, popup):
        head = f"GET /media/x HTTP/1.1\r\nHost: localhost:{popup.port}\r\nHost: evil.example\r\n\r\n"
        connection = http.client.HTTPConnection("localhost", popup.port, timeout=10)
        connection.connect()
        connection.sock.sendall(head.encode())
        assert connection.sock.recv(100).split()[1] in {b"400", b"421"}
        connection.close()

    def test_streamlits_own_sign_in_is_not_there(self, popup):
        assert popup.get("/auth/logout").status_code == 404
        assert popup.get("/auth/made-up").status_code == 404
        assert popup.get("/oauth2callback").status_code == 403

    def test_a_route_refuses_other_methods(self, popup):
        assert popup.get("/auth/sign-out").status_code == 405

    def test_a_page_below_another_is_told_that_the_app_is_not_there(self, popup):
        for path in ("/cities/_stcore/health", "/cities/_stcore/host-config"):
            assert popup.get(path).status_code == 404

    def test_a_browser_comes_back_to_its_own_tab_and_nobody_else_does(self, popup):
        tab = popup.tab(VISITOR)
        assert popup.tab(STRANGER, tab) != tab
        assert popup.tab(f"{STRANGER}; rowlight_visitor={VISITOR}", tab) != tab
        assert popup.tab(VISITOR, tab) == tab


class TestFullPage:
    def test_an_anonymous_person_is_led_to_the_sign_in_page(self, redirect):
        answer = redirect.get("/cities?from=2024-01", accept="text/html")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/auth/sign-in?return_to=%2Fcities%3Ffrom%3D2024-01"
        page = redirect.get(answer.headers["location"])
        assert page.status_code == 200
        assert page.headers["content-security-policy"].startswith("default-src 'none'; ")

    @pytest.mark.parametrize(
        "path", ["/", "/static/js/index.js", "/_stcore/host-config", BUTTON, "/favicon.png"]
    )
    def test_an_anonymous_program_gets_nothing_of_streamlit(self, redirect, path):
        assert redirect.get(path, accept="*/*").status_code == 403

    @pytest.mark.parametrize("cookie", ["a=b", f"rowlight_session={STRANGER}", "rowlight_session="])
    def test_an_anonymous_person_cannot_connect(self, redirect, cookie):
        assert redirect.refused(cookie=cookie) == 403


@pytest.fixture(scope="module")
def asgi():
    """The module, imported without what it does to this process's log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.logs.configure", lambda *_: None)
        from app import asgi
    return asgi


class Household:
    """Services of which every second chore fails, as a store that comes and goes would have it."""

    def __init__(self):
        self.provider = self.sessions = self
        self.swept = self.met = 0
        self.often = threading.Event()

    def sweep(self):
        self.swept += 1
        if self.swept == 4:
            self.often.set()
        if self.swept % 2:
            raise OSError("gone")

    def metadata(self):
        self.met += 1
        raise SignInRefused("The provider is out of reach.", "Try again.")


class TestHousekeeping:
    def test_it_goes_on_whatever_happens_and_the_log_tells(self, asgi, monkeypatch, caplog):
        household = Household()
        monkeypatch.setattr(asgi, "HOUSEKEEPING_SECONDS", 0.01)
        monkeypatch.setattr(asgi.session, "services", lambda: household)
        for part in (asgi.sign_in, asgi.scripts):
            monkeypatch.setattr(part, "ready", lambda: None)  # for Streamlit's runtime, which is not here

        async def live():
            async with asgi._lifespan(asgi.app):
                return await asyncio.to_thread(household.often.wait, 10)

        assert asyncio.run(live())
        assert household.met >= 4
        failures = [record for record in caplog.records if record.name == "app.asgi"]
        assert len(failures) >= 2
        assert {record.getMessage() for record in failures} == {"Could not sweep out what is over: OSError"}


class TestConnected:
    """Streamlit goes through the tabs, and waits in between; what they are meanwhile counts."""

    @pytest.fixture
    def manager(self, asgi):  # noqa: ARG002 - which changes Streamlit
        manager = WebsocketSessionManager(None, None, None, None)
        for name in "abc":
            self.connects(manager, name, "first")
        return manager

    def connects(self, manager, name, client):
        manager._active_session_info_by_id[name] = SimpleNamespace(
            session=SimpleNamespace(id=name), client=client
        )

    def test_a_tab_that_connects_anew_meanwhile_is_reached_over_its_new_connection(self, manager):
        met = []
        for each in manager.list_active_sessions():
            met.append((each.session.id, each.client))
            self.connects(manager, "b", "second")
        assert met == [("a", "first"), ("b", "second"), ("c", "first")]

    def test_one_that_leaves_meanwhile_is_passed_over_and_one_that_comes_has_its_turn_later(self, manager):
        met = []
        for each in manager.list_active_sessions():
            met.append(each.session.id)
            manager._active_session_info_by_id.pop("b", None)
            self.connects(manager, "d", "first")
        assert met == ["a", "c"]
        assert len(manager.list_active_sessions()) == 3


_LETS_GO_BETWEEN_WHAT_LASTS = """
import sys
from pathlib import Path
from app import asgi

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "told":
    asgi.give_back_what_is_free()
before = resident()
pieces = [(bytearray(100_000), bytearray(2_000)) for _ in range(1_000)]
lasting = [lasts for _, lasts in pieces]
del pieces
print(resident() - before)
"""


def test_memory_that_is_free_goes_back_though_what_lasts_lies_between():
    """By itself, the C library keeps all of the hundred megabytes."""
    program = [sys.executable, "-c", _LETS_GO_BETWEEN_WHAT_LASTS]
    kept = {
        how: int(subprocess.run([*program, how], cwd=ROOT, capture_output=True, check=True).stdout)
        for how in ("told", "by itself")
    }
    assert kept["told"] < 20_000_000
    assert kept["by itself"] > 80_000_000


class Ring:
    """What only a look for garbage finds."""

    def __init__(self):
        self.itself = self


class TestGarbage:
    def test_what_grew_old_is_looked_for_by_housekeeping_and_not_while_people_work(self, asgi, monkeypatch):
        monkeypatch.setattr(asgi, "HOUSEKEEPING_SECONDS", 0.01)
        monkeypatch.setattr(asgi.session, "services", Household)
        for part in (asgi.sign_in, asgi.scripts):
            monkeypatch.setattr(part, "ready", lambda: None)  # for Streamlit's runtime, which is not here
        usual = gc.get_threshold()

        async def live():
            async with asgi._lifespan(asgi.app):
                ring, gone = Ring(), threading.Event()
                weakref.finalize(ring, gone.set)
                gc.collect(1)
                del ring
                return await asyncio.to_thread(gone.wait, 10), gc.get_threshold()

        found, (young, middle, old) = asyncio.run(live())
        assert found
        assert (young, middle) == usual[:2]
        assert old > 10**6
        assert gc.get_threshold() == usual


class TestFaultOfOurs:
    def test_it_says_nothing_of_itself(self, asgi):
        def fail(_):
            raise ValueError("inner matters")

        app = Starlette(routes=[Route("/", fail)], exception_handlers={Exception: asgi._failed})

        async def ask():
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.get("/")

        answer = asyncio.run(ask())
        assert (answer.status_code, answer.text) == (500, "Internal Server Error")
        assert answer.headers["content-security-policy"] == "default-src 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
