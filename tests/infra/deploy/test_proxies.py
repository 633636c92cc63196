"""The example proxies: what they let through to the app, what ends at them, and what they write down."""

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import httpx
import pytest

from tests import proxies
from tests.conftest import free_ports
from tests.infra.deploy import echo

FORGED = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=198.51.100.7;host=evil.example;proto=http",
}


@dataclass(frozen=True)
class Scene:
    """A proxy in front of a server that tells what reached it."""

    proxy: proxies.Proxy

    def get(self, path: str, **more: object) -> httpx.Response:
        """A request of somebody new."""
        with proxies.client(self.proxy) as somebody:
            return somebody.get(path, **more)


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def scene(request, tmp_path_factory):
    """Each of the proxies in front of one server."""
    port, http_port = free_ports(2)
    folder = tmp_path_factory.mktemp(request.param)
    with echo.running() as server:
        app = server.server_address[1]
        start = {"nginx": partial(proxies.nginx, folder, [app]), "caddy": partial(proxies.caddy, folder, app)}
        with start[request.param](port=port, http_port=http_port) as proxy:
            yield Scene(proxy)


@pytest.fixture(scope="module")
def before_two(tmp_path_factory):
    """nginx in front of two servers."""
    port, http_port = free_ports(2)
    folder = tmp_path_factory.mktemp("two")
    with echo.running() as one, echo.running() as other:
        apps = [server.server_address[1] for server in (one, other)]
        with proxies.nginx(folder, apps, port=port, http_port=http_port) as proxy:
            yield proxy


def values(answer: httpx.Response, name: str) -> list[str]:
    """What the app got under this header."""
    return [value for each, value in answer.json()["headers"] if each == name]


def test_http_leads_to_https_by_the_apps_own_name(scene):
    answer = httpx.get(
        f"http://127.0.0.1:{scene.proxy.http_port}/cities?a=b", headers={"Host": "evil.example"}
    )
    assert answer.status_code in {301, 308}
    assert answer.headers["location"] == f"{scene.proxy.url}/cities?a=b"


def test_the_app_hears_its_own_name_and_nothing_that_a_stranger_forged(scene):
    answer = scene.get("/", headers=FORGED)
    assert values(answer, "host") == [f"{proxies.NAME}:{scene.proxy.port}"]
    assert values(answer, "x-forwarded-for") == ["127.0.0.1"]
    assert values(answer, "x-forwarded-proto") == ["https"]
    assert values(answer, "forwarded") == []
    assert "evil.example" not in answer.text
    assert "198.51.100.7" not in answer.text


def test_another_name_gets_no_certificate(scene):
    blind = ssl.create_default_context()
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", scene.proxy.port)) as wire, pytest.raises(ssl.SSLError):
        blind.wrap_socket(wire, server_hostname="evil.example")


def test_another_name_inside_the_connection_is_not_answered(scene):
    try:
        answer = scene.get("/", headers={"Host": "evil.example"})
    except httpx.RemoteProtocolError:
        return  # nginx hangs up
    assert answer.status_code == 421


def test_security_headers_are_the_apps_and_each_comes_once(scene):
    answer = scene.get("/")
    assert answer.headers.get_list("strict-transport-security") == ["max-age=63072000; includeSubDomains"]
    assert "1." not in answer.headers.get("server", "")  # no version to look faults up by


def test_only_the_stream_becomes_a_web_socket(scene):
    asks = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert values(scene.get("/_stcore/stream", headers=asks), "upgrade") == ["websocket"]
    assert values(scene.get("/cities", headers=asks), "upgrade") == []
    assert values(scene.get("/cities", headers={"Upgrade": "h2c", "Connection": "Upgrade"}), "upgrade") == []


def test_the_path_arrives_as_it_was_written(scene):
    assert scene.get("/media//a%2Fb?c=%2F").json()["path"] == "/media//a%2Fb?c=%2F"


def test_what_is_longer_than_any_form_does_not_reach_the_app(scene):
    with proxies.client(scene.proxy) as somebody:
        assert somebody.post("/auth/session", content=b"x" * 8_000).json()["body"] == 8_000
        assert somebody.post("/auth/session", content=b"x" * 20_000).status_code in {413, 502}
        assert somebody.get("/", params={"filter": "x" * 4_000}).is_success


def test_what_is_longer_than_any_address_does_not_reach_the_app(before_two):
    with proxies.client(before_two) as somebody:
        assert somebody.get("/", params={"filter": "x" * 20_000}).status_code == 414
        assert somebody.get("/", headers={"X-Long": "x" * 40_000}).status_code == 400


def test_a_browser_stays_with_one_process_through_all_its_requests(before_two):
    ports = set()
    for _ in range(8):
        with proxies.client(before_two) as somebody:
            first = somebody.get("/").json()["port"]
            cookies = list(somebody.cookies.jar)
            assert all(cookie.secure and cookie.has_nonstandard_attr("HttpOnly") for cookie in cookies)
            assert {somebody.get(f"/static/{each}").json()["port"] for each in range(4)} == {first}
            assert somebody.get("/_stcore/stream").json()["port"] == first
            ports.add(first)
    assert len(ports) == 2


def test_where_its_process_is_gone_another_answers(tmp_path):
    nobody, port, http_port = free_ports(3)
    with (
        echo.running() as server,
        proxies.nginx(tmp_path, [nobody, server.server_address[1]], port=port, http_port=http_port) as proxy,
    ):
        for _ in range(8):
            with proxies.client(proxy) as somebody:
                assert somebody.post("/auth/session", data={"ticket": "x"}).status_code == 200
                assert somebody.get("/").status_code == 200


@pytest.fixture
def monday(tmp_path):
    """nginx as it stands before anybody came this morning."""
    port, http_port = free_ports(2)
    with (
        echo.running() as server,
        proxies.nginx(tmp_path, [server.server_address[1]], port=port, http_port=http_port) as proxy,
    ):
        yield proxy


def crowd(proxy, asked):
    """The status of each request, all from one address and as fast as eight at a time get through."""
    with proxies.client(proxy) as somebody, ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda each: somebody.request(*each).status_code, asked))


def test_two_hundred_people_of_one_address_sign_in_at_once(monday):
    """Each by whichever way: a proxy in front of their office makes one address of them."""
    one = [
        *(("GET", path) for path in ("/", "/auth/sign-in", "/auth/page.js", "/auth/session")),
        *(("GET", path) for path in ("/auth/login?return_to=/", "/auth/callback?code=x&state=y")),
        ("POST", "/auth/session"),
    ]
    assert 429 not in crowd(monday, one * 200)


FLOODS = {
    "of sign-ins": [("GET", "/auth/login"), ("GET", "/auth/%6Cogin"), ("GET", "/auth/login?return_to=/a")],
    "of answers": [("GET", "/auth/callback?code=x"), ("HEAD", "/auth/c%61llback"), ("POST", "/auth/session")],
    "of sign-outs": [("POST", "/auth/sign-out"), ("POST", "/auth/../auth/sign-out"), ("POST", "/auth/x")],
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_from_one_address_is_refused_however_the_path_is_spelt(monday, flood):
    answers = crowd(monday, flood * 600)
    assert answers.count(200) >= 200
    assert answers.count(429) >= 200
    # Who is signed in there already, and who only looks, goes on.
    assert 429 not in crowd(monday, [("GET", "/"), ("GET", "/auth/session"), ("GET", "/auth/sign-in")])


AWAY = {
    "nginx": partial(proxies.nginx, apps=[1]),
    "nginx, with no way there": partial(proxies.nginx, apps=["unix:/nowhere/rowlight"]),
    "caddy": partial(proxies.caddy, app=1),
}


@pytest.mark.parametrize("which", AWAY)
def test_no_log_has_the_code_where_no_process_can_be_reached(tmp_path, which):
    """An error's record would have the whole request, and nginx's is more urgent where there is no way."""
    port, http_port = free_ports(2)
    with AWAY[which](tmp_path, port=port, http_port=http_port) as proxy:
        with proxies.client(proxy) as somebody:
            answer = somebody.get("/auth/callback?code=a-code-of-ours", headers={"Referer": "/?of-ours"})
        assert answer.status_code == 502
        assert "of-ours" not in proxy.logs(until='"status":502')


def test_no_log_has_the_code_that_the_provider_sends(scene):
    scene.get("/auth/callback?code=a-code-of-ours&state=a-state-of-ours")
    scene.get("/", headers={"Referer": f"{scene.proxy.url}/auth/callback?code=a-code-of-ours"})
    scene.get("/auth/callback?code=a-code-of-ours" + "x" * 20_000)
    assert "of-ours" not in scene.proxy.logs(until="/auth/callback")
