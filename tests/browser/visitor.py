"""Somebody at a browser: their tabs, and what they do and see there."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urljoin

from playwright.sync_api import BrowserContext, Locator, Page, WebSocket, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests import outside
from tests.browser.demo import Demo

# Two cores share the browser, the app and the stand-in: long enough that no expectation is about time.
PATIENCE_MS = 120_000
UNITS = {"": 1, "k": 1_000, "M": 1_000_000, "B": 1_000_000_000}
expect.set_options(timeout=PATIENCE_MS)


def number(text: str) -> tuple[Decimal, Decimal]:
    """A short figure such as $1.24M, and how far it may be rounded."""
    found = re.fullmatch(r"\$?([\d,]+(?:\.(\d+))?)([kMB]?)", text.strip())
    assert found, text
    digits, unit = len(found[2] or ""), UNITS[found[3]]
    return Decimal(found[1].replace(",", "")) * unit, Decimal(unit) / 2 / 10**digits


@dataclass
class Connection:
    """A WebSocket of a page to the app, and the session of Streamlit's that it came to."""

    socket: WebSocket
    session: str = ""

    def __post_init__(self) -> None:
        self.socket.on("framereceived", self._read)

    def _read(self, payload: str | bytes) -> None:
        if isinstance(payload, bytes) and not self.session:
            self.session = ForwardMsg.FromString(payload).new_session.initialize.session_id


@dataclass
class Seen:
    """What a browser was told: console lines and URLs; and which scripts failed."""

    texts: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self.texts.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self.texts.append(request.url))
        page.on("popup", self.watch)


@dataclass
class Visitor:
    """Somebody at a tab of a browser."""

    page: Page
    demo: Demo
    seen: Seen = field(default_factory=Seen)
    connections: list[Connection] = field(default_factory=list)
    waits: Callable[[], bool] | None = None  # for what the app asks by itself once a first page stands

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.seen.watch(self.page)
        self.page.on("websocket", lambda socket: self.connections.append(Connection(socket)))

    @classmethod
    def at(cls, context: BrowserContext, demo: Demo) -> "Visitor":
        """Somebody at a new tab."""
        return cls(context.new_page(), demo)

    def tab(self) -> "Visitor":
        """The same person at another tab of their browser."""
        return Visitor.at(self.page.context, self.demo)

    def open(self, path: str = "/") -> None:
        self.page.goto(self.demo.url + path)

    # Signing in and out.

    def button(self) -> Locator:
        """What signs in: the pop-up's button in its component's frame, or the link to the provider."""
        name = re.compile("^Sign in with")
        if self.demo.way == "popup":
            return self.page.frame_locator("iframe[title*='authorize_button']").get_by_role(
                "button", name=name
            )
        return self.page.get_by_role("link", name=name)

    def provider(self) -> Page:
        """Goes to the provider; returns the page on which it asks: a window, or this one."""
        expect(self.button()).to_be_visible()
        if self.demo.way == "redirect":
            self.button().click()
            return self.page
        with self.page.expect_popup() as popup:
            self.button().click()
        return popup.value

    def enter(self, name: str) -> None:
        """Signs in from where the sign-in is offered."""
        self._expect_to_be_asked_about(name)
        self.provider().get_by_role("button", name=name).click()
        expect(self.leave()).to_be_visible()

    def sign_in(self, name: str, path: str = "/") -> None:
        """Opens a page, and signs in there by the pages as they are drawn."""
        self.open(path)
        self.enter(name)

    def open_as(self, name: str, path: str = "/") -> None:
        """Opens a page as this person, who signed in by the whole-page way before any page was drawn."""
        self._expect_to_be_asked_about(name)
        browser = self.page.context.request
        asked = browser.get(f"{self.demo.url}/auth/login", params={"return_to": path})
        form = outside.pressed(asked.text(), name)
        address = urljoin(asked.url, form.action)
        assert browser.fetch(address, method=form.method, form=form.fields).ok
        self.open(path)
        expect(self.leave()).to_be_visible()

    def _expect_to_be_asked_about(self, name: str) -> None:
        asked = re.compile(rf"person={name.split(maxsplit=1)[0].lower()}@.* query=\"Who administers\"")

        def count() -> int:
            return sum(bool(asked.search(line)) for line in self.demo.events("query"))

        before = count()
        self.waits = lambda: count() > before

    def second_button(self) -> Locator:
        """What signs in a second person beside whoever is signed in."""
        frame = self.page.frame_locator("iframe[title*='authorize_button']")
        return frame.get_by_role("button", name="Sign in a second person")

    def end_of(self, name: str) -> Locator:
        """What ends the second person's side."""
        return self.page.get_by_role("button", name=f"End {name}'s side")

    def sign_in_beside(self, name: str) -> None:
        """A second person signs in, without leaving the page."""
        expect(self.second_button()).to_be_visible()
        with self.page.expect_popup() as popup:
            self.second_button().click()
        popup.value.get_by_role("button", name=name).click()
        expect(self.end_of(name)).to_be_visible()

    def leave(self) -> Locator:
        """What signs out."""
        return self.page.get_by_role("button", name="Sign out", exact=True)

    def sign_out(self) -> None:
        self.leave().click()
        expect(self.page.get_by_text("You are signed out.")).to_be_visible()
        expect(self.button()).to_be_visible()

    # Working.

    def metric(self, label: str = "Total sales") -> tuple[Decimal, Decimal]:
        box = self.page.get_by_test_id("stMetric").filter(has_text=label).first
        expect(box).to_be_visible()
        self.settle()
        return number(box.get_by_test_id("stMetricValue").inner_text())

    def settle(self) -> None:
        """Waits for what the app asks by itself: from then on, only what somebody does here is asked."""
        if self.waits is not None:
            self.until(self.waits)
            self.waits = None

    def refresh(self) -> None:
        self.page.get_by_role("button", name="Refresh").click()

    def refreshed(self) -> tuple[Decimal, Decimal]:
        """The figure that the warehouse gives anew."""
        before = len(self.demo.events("query"))
        self.refresh()
        self.until(lambda: len(self.demo.events("query")) > before)
        return self.metric()

    def choose(self, box: str, *options: str) -> None:
        self.page.get_by_role("combobox", name=box).click()
        for option in options:
            self.page.get_by_role("option", name=option).click()
        self.page.keyboard.press("Escape")

    def chip(self, category: str) -> Locator:
        """What says that a category is chosen."""
        return self.page.get_by_role("button", name=f"Category: {category}", exact=True)

    def open_cities(self) -> None:
        self.page.get_by_role("link", name="Total sales by city").first.click()
        expect(self.page.get_by_role("heading", name="Total sales by city", level=1)).to_be_visible()

    def until(self, holds: Callable[[], object]) -> None:
        """Waits, while the browser goes on, until it holds."""
        for _ in range(PATIENCE_MS // 50):
            if holds():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("It never came to hold.")

    # What a page must not show.

    def shows_nothing_of(self, name: str) -> None:
        """Neither the name nor the address, nor any figure, stands anywhere in the page."""
        for test_id in ("stMetric", "stDataFrame", "stDeckGlJsonChart", "stVegaLiteChart"):
            expect(self.page.get_by_test_id(test_id)).to_have_count(0)
        self.names_not(name)

    def names_not(self, name: str) -> None:
        html = self.page.content()
        assert name not in html
        assert f"{name.split(maxsplit=1)[0].lower()}@example.com" not in html
