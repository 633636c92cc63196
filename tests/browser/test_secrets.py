"""The whole flow under a collector: no secret comes to light, and the collector would have seen one."""

import threading

import pytest
from playwright.sync_api import expect
from websockets.sync.server import serve

from tests.browser.collector import SHAPES, Collector
from tests.browser.foreign import Foreign

pytestmark = [pytest.mark.browser, pytest.mark.on("popup", "redirect")]
PLACES = {"page", "console", "frame received", "frame sent", "URL", "HTTP", "log"}
SHAPED = ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl", "ASIA" + 16 * "Z")
LEAK = """([socket, text]) => {
    document.body.append(text);
    console.log(text);
    return new Promise((done) => {
        const echo = new WebSocket(socket);
        echo.onopen = () => echo.send(text);
        echo.onmessage = done;
    });
}"""


def test_nothing_secret_comes_to_light(wired, wire):
    collector = Collector(wired.page.context, wire, wired.demo)
    wired.open("/")
    expect(wired.button()).to_be_visible()
    collector.look()
    provider = wired.provider()
    collector.look()
    provider.get_by_role("button", name="Frank Amer").click()
    wired.metric()
    collector.look()
    wired.choose("Period", "Last 30 days")
    wired.open_cities()
    wired.choose("Category", "Cycling")
    expect(wired.chip("Cycling")).to_be_visible()
    collector.look()
    wired.page.get_by_role("button", name="How do I see this?").click()
    expect(wired.page.get_by_text("aws cloudtrail lookup-events")).to_be_visible()
    collector.look()
    wired.page.reload()
    wired.refreshed()
    collector.look()
    wired.sign_out()
    collector.look()

    assert {place for place, texts in collector.collected().items() if any(texts)} == PLACES
    assert all(collector.secrets().values())
    assert "id_token_hint=eyJ" in "".join(collector.told["URL"])  # the one exception, to the provider alone
    for event in ("sign-in", "exchange", "query", "sign-out"):
        assert f"app.audit: {event} " in collector.read_log()
    assert collector.found() == set()

    _leak(wired.page, collector)
    kinds = collector.secrets().keys() | SHAPES.keys()
    leaked = collector.found()
    assert leaked >= {(place, kind) for place in PLACES for kind in kinds} - {("frame sent", "a code")}


def _leak(page, collector) -> None:
    """Puts what must be nowhere everywhere."""
    text = "&".join([*(min(values) for values in collector.secrets().values()), *SHAPED])
    with (
        Foreign(text) as other,
        serve(lambda socket: [socket.send(each) for each in socket], "127.0.0.1", 0) as echo,
    ):
        threading.Thread(target=echo.serve_forever, daemon=True).start()
        page.goto(f"{other.origin}/?{text}")
        page.evaluate(LEAK, [f"ws://127.0.0.1:{echo.socket.getsockname()[1]}", text])
        collector.look()
        other.shutdown()
    written = collector.read_log()
    collector.read_log = lambda: written + text
