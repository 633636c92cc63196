"""The demonstration as a person starts it, and Chromium in front of it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import free_ports

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
]
START_SECONDS = 90


@dataclass
class Demo:
    """The running demonstration: where it is, its settings, and what it wrote to its log."""

    url: str
    env: dict[str, str]


@dataclass
class Seen:
    """All that a browser was told: page texts, console lines, WebSocket frames, HTTP bodies and URLs."""

    texts: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self.texts.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("websocket", self._watch_socket)
        page.on("request", lambda request: self.texts.append(request.url))
        page.on("popup", self.watch)

    def _watch_socket(self, socket) -> None:
        for event in ("framereceived", "framesent"):
            socket.on(event, lambda payload: self.texts.append(_text(payload)))


def _text(payload: str | bytes) -> str:
    return payload.decode("latin-1") if isinstance(payload, bytes) else payload


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """`make demo`'s own command on free ports."""
    app_port, idp_port, aws_port = free_ports(3)
    log = tmp_path_factory.mktemp("demo") / "log.txt"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "APP_PORT": str(app_port),
        "IDP_PORT": str(idp_port),
        "AWS_PORT": str(aws_port),
        "DEMO_ROWS": "20000",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.demo"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(f"http://localhost:{app_port}/_stcore/health", process, log)
            env = httpx.get(f"http://localhost:{aws_port}/_local/env").json()
            yield Demo(f"http://localhost:{app_port}", env)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _wait_for(url: str, process: subprocess.Popen, log) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        path = shutil.which(os.environ.get("CHROMIUM", "chromium"))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody at a browser of their own."""

    page: Page
    seen: Seen
    demo: Demo

    def open(self, path: str = "/") -> None:
        self.page.goto(self.demo.url + path)

    def button(self):
        """The sign-in button, in its component's frame."""
        return self.page.frame_locator("iframe[title*='authorize_button']").get_by_role(
            "button", name=re.compile("^Sign in")
        )

    def provider(self) -> Page:
        """Presses the sign-in button and returns the provider's window."""
        expect(self.button()).to_be_visible(timeout=30_000)
        with self.page.expect_popup() as popup:
            self.button().click()
        return popup.value

    def sign_in(self, name: str) -> None:
        self.open()
        self.provider().get_by_role("button", name=name).click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible(timeout=60_000)


@pytest.fixture
def visitor(demo: Demo, chromium: Browser):
    """A fresh browser profile, watched from its first request."""
    with chromium.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US") as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        seen = Seen()
        seen.watch(page)
        yield Visitor(page, seen, demo)
