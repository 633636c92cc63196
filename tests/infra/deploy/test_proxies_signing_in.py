"""Through each of the example proxies: a person signs in, sees rows, and every header is the app's own."""

import pytest

from tests import outside, proxies, replica, stand_in
from tests.conftest import free_ports
from tests.raw_socket import Tab


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A process of the app that is opened by https and a name of its own, and on which port that will be."""
    folder = tmp_path_factory.mktemp("behind")
    (port,) = free_ports(1)
    told = {"DEMO_URL": proxies.url(port), "SIGN_IN": "redirect"}
    with (
        stand_in.running(folder / "stand-in.log", **told) as world,
        replica.running(world.env, folder / "app.log") as running,
    ):
        yield running, port


@pytest.fixture(params=["nginx", "caddy"])
def proxy(request, app, tmp_path):
    """One proxy after the other, in the same place."""
    running, port = app
    (http_port,) = free_ports(1)
    if request.param == "nginx":
        started = proxies.nginx(tmp_path, [running.port], port=port, http_port=http_port)
    else:
        started = proxies.caddy(tmp_path, running.port, port=port, http_port=http_port)
    with started as proxy:
        yield proxy


def test_a_person_signs_in_through_it_and_sees_rows(proxy):
    with proxies.client(proxy) as somebody:
        answer = somebody.get("/auth/login", params={"return_to": "/"})
        while answer.is_redirect:
            answer = somebody.get(answer.headers["location"])
        answer = outside.press(somebody, answer, "Frank Amer")
        while answer.is_redirect and "/auth/callback" not in str(answer.url):
            answer = somebody.get(answer.headers["location"])
        assert answer.headers["location"] == "/"
        page = somebody.get("/", headers={"Accept": "text/html", "Sec-Fetch-Dest": "document"})
        assert page.is_success
        assert len(page.headers.get_list("strict-transport-security")) == 1
        assert len(page.headers.get_list("content-security-policy")) == 1
        cookies = {name: value for name, value in somebody.cookies.items() if "rowlight_" in name}
        assert "__Host-rowlight_session" in cookies
        with Tab(proxy.url, port=proxy.port, cookies=cookies, trust=proxy.trust) as tab:
            shown = tab.run()
    assert "Total sales" in shown.metrics
    assert shown.metrics["Total sales"] not in {"", "$0"}
    assert cookies["__Host-rowlight_session"] not in proxy.logs()
    assert "code=" not in proxy.logs()


def test_what_a_stranger_forges_changes_no_answer(proxy):
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil"}
    with proxies.client(proxy) as somebody:
        plain = somebody.get("/auth/sign-in")
        answer = somebody.get("/auth/sign-in", headers=forged)
    assert answer.is_success
    assert answer.text == plain.text
    assert "evil" not in answer.text + str(answer.headers)


def test_the_app_itself_takes_nothing_from_such_headers(app):
    running, port = app
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil", "Host": "evil.example"}
    with proxies.httpx.Client(base_url=f"http://127.0.0.1:{running.port}") as somebody:
        own = {"Host": f"{proxies.NAME}:{port}"}
        assert (
            somebody.get("/auth/sign-in", headers=forged | own).text
            == somebody.get("/auth/sign-in", headers=own).text
        )
        assert somebody.get("/", headers=forged | {"X-Forwarded-Host": own["Host"]}).status_code == 421
