"""What somebody else tries while Frank is at work: each try is refused, and Frank notices nothing."""

import re
import secrets
from dataclasses import dataclass
from decimal import Decimal

import httpx
import pytest
from playwright.sync_api import Page, Request, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests import outside
from tests.browser.conftest import profile
from tests.browser.foreign import Foreign
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
both = pytest.mark.on("popup", "redirect")
COOKIE = "rowlight_session"
SET_VALUE = """value => window.parent.postMessage(
    { isStreamlitMessage: true, type: "streamlit:setComponentValue", value, dataType: "json" }, "*")"""
POST = """([action, fields]) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action });
    for (const [name, value] of Object.entries(fields))
        form.append(Object.assign(document.createElement("input"), { name, value }));
    document.body.append(form);
    form.submit();
}"""
SEND = """address =>
    fetch(address, { method: "POST", mode: "no-cors", credentials: "include" }).catch(() => "kept away")"""
FRAME = """address => new Promise((done) => {
    const frame = Object.assign(document.createElement("iframe"), { src: address, onload: () => done(true) });
    document.body.append(frame);
})"""
SOCKET = """address => new Promise((done) => {
    const socket = new WebSocket(address, ["streamlit"]);
    socket.onopen = () => done("open");
    socket.onclose = (event) => done(event.code);
})"""


@dataclass
class Frank:
    """Somebody at work, with the requests by which he signed in."""

    visitor: Visitor
    requests: list[Request]
    shown: tuple[Decimal, Decimal]

    @property
    def session(self) -> str:
        return session_of(self.visitor)

    @property
    def cookie(self) -> dict[str, str]:
        return {COOKIE: self.session}

    def request(self, method: str, path: str) -> Request:
        """The first request of his to that path of the app."""
        return next(
            each for each in self.requests if each.method == method and httpx.URL(each.url).path == path
        )


def session_of(visitor: Visitor) -> str:
    return next((c["value"] for c in visitor.page.context.cookies() if c["name"] == COOKIE), "")


@pytest.fixture(scope="module")
def at_work(demo, chromium):
    with profile(chromium) as context:
        visitor, requests = Visitor.at(context, demo), []
        context.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - it is marked
        visitor.sign_in("Frank Amer")
        yield Frank(visitor, requests, visitor.metric())


@pytest.fixture
def frank(at_work, demo):
    """Frank, whom nothing that happens here may disturb; nobody comes in, and nobody goes."""
    before = at_work.session, demo.events("sign-in"), demo.events("sign-out")
    yield at_work
    assert (at_work.session, demo.events("sign-in"), demo.events("sign-out")) == before
    assert at_work.visitor.refreshed() == at_work.shown
    expect(at_work.visitor.page.get_by_role("dialog")).to_have_count(0)


@pytest.fixture
def foreign():
    with Foreign() as running:
        yield running
        running.shutdown()


@pytest.fixture
def lured(frank, foreign):
    """Frank's browser at somebody else's page."""
    page = frank.visitor.page.context.new_page()
    page.goto(foreign.origin)
    yield page
    page.close()


def refusal_of(answer: httpx.Response) -> str:
    """The code on a refusal's page."""
    return re.findall(r"Code (RL-\d+)", answer.text)[0]


@both
def test_a_forged_session_cookie_opens_nothing(frank, stranger, demo):
    forged = secrets.token_urlsafe(32)
    stranger.page.context.add_cookies([{"name": COOKIE, "value": forged, "url": demo.url}])
    stranger.open("/cities")
    expect(stranger.button()).to_be_visible()
    stranger.shows_nothing_of("Frank Amer")
    with httpx.Client(cookies={COOKIE: forged}, base_url=demo.url) as client:
        page = client.get("/cities", headers={"Accept": "text/html"})
        assert page.status_code == (200 if demo.way == "popup" else 303)
        assert client.get("/auth/session").status_code == 401
        assert client.get("/media/0123456789abcdef.csv").status_code == 403
        assert client.get("/app/static/countries-110m.geojson").status_code == 403
    if demo.way == "popup":
        expect(stranger.page.get_by_text("Code RL-233")).to_be_visible()
    else:
        assert page.headers["location"] == "/auth/sign-in?return_to=%2Fcities"
        assert handshake(demo.url, demo.url, {COOKIE: forged}) == 403


@pytest.mark.on("popup")
def test_a_forged_answer_of_the_button_signs_nobody_in(frank, stranger, demo):
    good = outside.sign_in(demo.env, "Ethan Global").id_token
    stolen, _, _ = outside.authorize(demo.env, "Ethan Global")
    issuer = {"iss": demo.env["OIDC_ISSUER"]}
    stranger.open()
    expect(stranger.button()).to_be_visible()
    for forge, code in (
        (lambda _: {"token": {"id_token": good}}, "RL-223"),
        (lambda _: {"token": {"id_token": good}, "code": "x", "state": "another", **issuer}, "RL-223"),
        (lambda state: {"token": {"id_token": good}, "state": state, **issuer}, "RL-224"),
        (lambda state: {"code": stolen["code"], "state": state, "iss": "https://other.example"}, "RL-224"),
        (lambda state: {"code": "forged", "state": state, **issuer}, "RL-225"),
        (lambda state: {"code": stolen["code"], "state": state, **issuer}, "RL-225"),
    ):
        before = len(demo.events("refusal"))
        state = current_state(stranger)
        frame = next(each for each in stranger.page.frames if "authorize_button" in each.url)
        frame.evaluate(SET_VALUE, forge(state))
        stranger.until(lambda before=before: len(demo.events("refusal")) > before)
        assert f"outcome={code} " in demo.events("refusal")[-1]
        expect(stranger.page.get_by_text(f"Code {code}")).to_be_visible()
        stranger.until(lambda state=state: current_state(stranger) != state)
    assert session_of(stranger) == ""
    stranger.shows_nothing_of("Ethan Global")


def current_state(visitor: Visitor) -> str:
    """The state of the sign-in that the page offers, which its own browser may well know."""
    urls = [text for text in visitor.seen.texts if text.startswith("authorization_url: ")]
    return httpx.URL(urls[-1].partition(" ")[2]).params["state"]


@pytest.mark.on("popup")
def test_a_replayed_ticket_is_worth_nothing(frank, demo):
    sent = frank.request("POST", "/auth/session")
    headers = {"Origin": demo.url, "Content-Type": "application/x-www-form-urlencoded"}
    again = frank.visitor.page.context.request.post(sent.url, data=sent.post_data, headers=headers)
    assert again.status == 403
    assert "Code RL-236" in again.text()
    elsewhere = httpx.post(sent.url, content=sent.post_data, headers=headers)
    assert (elsewhere.status_code, refusal_of(elsewhere)) == (403, "RL-236")
    assert "set-cookie" not in {**again.headers, **elsewhere.headers}


@pytest.mark.on("redirect")
def test_a_replayed_callback_is_worth_nothing(frank, demo):
    sent = frank.request("GET", "/auth/callback")
    again = frank.visitor.page.context.request.get(sent.url)
    assert again.status == 403
    assert "Code RL-223" in again.text()
    elsewhere = httpx.get(sent.url)
    assert (elsewhere.status_code, refusal_of(elsewhere)) == (403, "RL-223")
    assert "set-cookie" not in {**again.headers, **elsewhere.headers}
    assert demo.uses() == list(dict.fromkeys(demo.uses()))


@both
def test_a_callback_that_nobody_began_is_refused(frank, demo):
    for query in ("", "?code=x", "?code=x&state=y", "?error=access_denied&state=y"):
        answer = httpx.get(f"{demo.url}/auth/callback{query}", cookies=frank.cookie)
        assert (answer.status_code, refusal_of(answer)) == (403, "RL-223"), query


@both
def test_signing_in_leads_to_no_other_site(frank, demo):
    for place in ("//evil.example", "https://evil.example/", "/\\evil.example", "/auth/login"):
        answer = httpx.get(f"{demo.url}/auth/sign-in", params={"return_to": place})
        assert answer.status_code == 200
        assert 'href="/auth/login?return_to=/"' in answer.text, place


@both
@pytest.mark.parametrize("path", ["/auth/sign-out", "/auth/session"])
def test_another_sites_form_is_refused(path, lured: Page, demo):
    with lured.expect_navigation() as navigation:
        lured.evaluate(POST, [demo.url + path, {"ticket": secrets.token_urlsafe(32), "return_to": "/"}])
    assert COOKIE in navigation.value.request.all_headers()["cookie"]  # one site to the browser, two to us
    assert navigation.value.status == 403
    expect(lured.get_by_text("Code RL-237")).to_be_visible()


@both
def test_another_sites_script_is_refused(frank, lured: Page, demo):
    before = len(demo.events("refusal"))
    # The answer is kept from the script, and from whoever watches it: the audit trail tells.
    assert lured.evaluate(SEND, demo.url + "/auth/sign-out") == "kept away"
    frank.visitor.until(lambda: len(demo.events("refusal")) > before)
    assert "outcome=RL-237 way=sign-out" in demo.events("refusal")[-1]
    read = "address => fetch(address, { credentials: 'include' }).then(r => r.text(), () => 'kept away')"
    for path in ("/", "/auth/session", "/app/static/countries-110m.geojson"):
        assert lured.evaluate(read, demo.url + path) == "kept away"


@both
def test_another_sites_connection_is_refused(frank, lured: Page, foreign, demo):
    assert lured.evaluate(SOCKET, stream(demo.url)) == 1006  # closed before it was open
    assert handshake(demo.url, foreign.origin, frank.cookie) == 403
    assert handshake(demo.url, "null", frank.cookie) == 403
    assert handshake(demo.url, None, frank.cookie) == 403
    assert handshake(demo.url, demo.url, frank.cookie) == 101  # none of it was the cookie's fault


def stream(url: str) -> str:
    return url.replace("http", "ws", 1) + "/_stcore/stream"


def handshake(url: str, origin: str | None, cookies: dict[str, str]) -> int:
    """The status that a WebSocket's handshake is answered with."""
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    try:
        with connect(stream(url), origin=origin, additional_headers={"Cookie": cookie}) as socket:
            return socket.response.status_code
    except InvalidStatus as refused:
        return refused.response.status_code


@both
def test_no_page_of_ours_stands_in_a_frame_of_theirs(lured: Page, demo):
    for path in ("/", "/auth/sign-in", "/component/streamlit_oauth.authorize_button/index.html"):
        lured.evaluate(FRAME, demo.url + path)
        frame = lured.frames[-1]
        assert frame.url == "chrome-error://chromewebdata/"
        assert "Rowlight" not in frame.content()


@both
def test_what_is_behind_the_door_stays_there(frank, demo):
    for path, anonymous, franks in (
        ("/_stcore/health", 200, 200),
        ("/_stcore/metrics", 403, 403),
        ("/_stcore/upload_file/a/b", 403, 403),
        ("/app/static/countries-110m.geojson", 403, 200),
        ("/media/0123456789abcdef.csv", 403, 403),
    ):
        assert httpx.get(demo.url + path).status_code == anonymous, path
        answer = httpx.get(demo.url + path, cookies=frank.cookie)
        assert answer.status_code == franks, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "'unsafe-eval'" not in answer.headers["content-security-policy"]
