"""A browser as people have it, for measuring: a profile on disk, and nobody who listens while a page opens.

Playwright has the browser tell it of every request and every message, which takes the two cores that the page
is to be drawn with. It signs in and clicks; while a page opens, it is not there.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, ViewportSize, sync_playwright
from websockets.sync.client import ClientConnection, connect

from tests.browser.chromium import FLAGS

# Without a window it would take itself for unwatched, and for a device without a mouse.
_WATCHED = (
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
)
_START_SECONDS = 30
_PATIENCE_SECONDS = 60
_REST_SECONDS = 0.3
SIZE: ViewportSize = {"width": 1440, "height": 1000}


class _Gone(Exception):
    """The page that was asked is not there any more."""


class Tab:
    """A tab that is driven by the browser's own protocol, of which nothing is switched on."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._sent = 0

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Has the browser do something; what it answers."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while (answer := json.loads(self._socket.recv(_PATIENCE_SECONDS))).get("id") != self._sent:
            pass  # an event, of which nobody asked to hear
        if "error" in answer:
            raise _Gone(answer["error"]["message"])
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str) -> None:
        """Goes to an address, from an empty page: what leaves a page before is not counted."""
        self.send("Page.navigate", url="about:blank")
        time.sleep(_REST_SECONDS)
        self.send("Page.navigate", url=url)

    def until(self, function: str, argument: Any) -> Any:
        """What the function gives of the argument, once it gives anything; asked inside of the page."""
        expression = f"""(async () => {{
          for (;;) {{
            const found = ({function})({json.dumps(argument)});
            if (found) return found;
            await new Promise(done => setTimeout(done, 50));
          }}
        }})()"""
        while True:
            with suppress(_Gone):  # the page before took the question along
                found = self.send(
                    "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
                )
                if "value" in found["result"]:
                    return found["result"]["value"]


class Chromium:
    """A running Chromium with a profile of its own."""

    def __init__(self, port: str) -> None:
        self._address = f"127.0.0.1:{port}"

    @contextmanager
    def driven(self) -> Iterator[BrowserContext]:
        """The profile, in Playwright's hands meanwhile."""
        with sync_playwright() as playwright:
            browser = playwright.chromium.connect_over_cdp(f"http://{self._address}")
            yield browser.contexts[0]
            browser.close()  # lets go of it

    @contextmanager
    def alone(self, *scripts: str) -> Iterator[Tab]:
        """A new tab with nobody listening; the scripts run before a page's own."""
        target = httpx.put(f"http://{self._address}/json/new?about:blank").json()
        with connect(target["webSocketDebuggerUrl"], max_size=None) as socket:
            tab = Tab(socket)
            tab.send("Page.enable")  # without it, no script is run before a page's own
            tab.send("Emulation.setDeviceMetricsOverride", **SIZE, deviceScaleFactor=1, mobile=False)
            for script in scripts:
                tab.send("Page.addScriptToEvaluateOnNewDocument", source=script)
            yield tab
        httpx.get(f"http://{self._address}/json/close/{target['id']}")


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Debian's Chromium; what it kept is gone afterwards."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("Chromium is not installed.")
    # The last of its processes end a moment after it, and write until then.
    with TemporaryDirectory(prefix="rowlight-bench-", ignore_cleanup_errors=True) as home:
        window = f"--window-size={SIZE['width']},{SIZE['height']}"
        process = subprocess.Popen(
            [
                program,
                *FLAGS,
                *_WATCHED,
                window,
                "--lang=en-US",
                "--remote-debugging-port=0",
                f"--user-data-dir={home}",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Chromium(_port(Path(home) / "DevToolsActivePort"))
        finally:
            process.terminate()
            process.wait(30)


def _port(told: Path) -> str:
    """Where the browser listens, which it writes down once it does."""
    until = time.monotonic() + _START_SECONDS
    while not (told.exists() and (lines := told.read_text().splitlines())):
        if time.monotonic() > until:
            raise SystemExit("Chromium did not start.")
        time.sleep(0.05)
    return lines[0]
