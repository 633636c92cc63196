"""People through a long day: pages and files, pauses, tabs that close and open, sign-outs and sign-ins.

`python -m bench.people` is `python -m bench.tabs` with such people; bench/soak.py starts it.
"""

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace

import httpx
from streamlit.proto.WidgetStates_pb2 import WidgetState

from bench.tabs import Action, Tab, serve
from tests.replica import Browser

# How often in a hundred actions.
USUAL = {
    "filter": 46,
    "refresh": 25,
    "page": 16,
    "idle": 4,
    "reconnect": 3,
    "reopen": 3,
    "export": 2,
    "sign-in": 1,
}
_PAGES = ("", "cities", "products", "customers")
_IDLE = (15.0, 45.0)
# A sign-in at a time: its place among all of them says whose tab the audit trail tells of.
_OURS = {"rowlight_session", "rowlight_visitor"}
_signing_in = asyncio.Lock()


class Person(Tab):
    """Somebody who does now this and now that."""

    async def act(self, kind: str) -> Action:
        """One action: of this kind, or of any as people do them."""
        if kind == "anything":
            (kind,) = self._random.choices(list(USUAL), list(USUAL.values()))
        others = {
            "page": self._turn,
            "idle": self._rest,
            "export": self._take_along,
            "reconnect": self._come_back,
            "reopen": self._open_another,
            "sign-in": self._sign_in_again,
        }
        return await (others[kind]() if kind in others else super().act(kind))

    async def _rest(self) -> Action:
        await asyncio.sleep(self._random.uniform(*_IDLE))
        return await self._act("look", self._look)

    async def _come_back(self) -> Action:
        """The connection is lost, and the browser connects anew: the tab's state is still there."""
        await self.close()
        return await self._opened("reconnect", resumes=self._session)

    async def _open_another(self) -> Action:
        """The tab is closed, and another opened at the same address."""
        await self.close()
        self._leave_page()
        return await self._opened("reopen")

    async def _opened(self, kind: str, *, resumes: str = "") -> Action:
        started, before = time.time(), self._session
        action = await self.open(resumes=resumes)
        if resumes and self._session != before:
            action.fault = "the tab's state is gone"
        action.kind, action.began, action.seconds = kind, started, time.time() - started
        return action

    async def _turn(self) -> Action:
        """To a page of the menu, whose links have no parameters."""
        self._leave_page()
        self._page, self._query = self._pages[self._random.choice(_PAGES)], ""
        return await self._act("page", "")

    def _leave_page(self) -> None:
        self._widgets.clear()
        self._values.clear()

    async def _take_along(self) -> Action:
        """The whole page, or one part of it, as what is offered first: a PDF, or a CSV."""
        dialog = await self._press("export", "Export")
        if dialog.fault:
            return dialog
        what, self._file = self._widgets["What"], b""
        choice = WidgetState(id=what.id, string_value=self._random.choice(what.options))
        action = await self._act("export", what.fragment, choice)
        if not action.fault:
            action = await self._press("export", "Make the file", choice)
        if not action.fault and not self._file:
            action.fault = "no file"
        action.began, action.seconds = dialog.began, time.time() - dialog.began
        return action

    async def _sign_in_again(self) -> Action:
        await self.close()
        self._leave_page()
        self._query = self._page = ""
        started = time.time()
        async with _signing_in:
            fault = await _aside(self._sign_out_and_in)
        action = await self._opened("sign-in")
        action.began = started
        action.fault = action.fault or fault
        return action

    def _sign_out_and_in(self) -> str:
        """Ends the session and begins another in the same browser; returns what is wrong with that."""
        browser = Browser(self._job["app_url"], SimpleNamespace(port=self._job["port"]))
        with browser.http as http:
            for name, value in self._jar.items():
                http.cookies.set(name, value, domain="localhost.local")  # as Python's jar calls it
            if not browser.post("/auth/sign-out").is_redirect:
                return "the sign-out was refused"
            before = self._jar
            browser.sign_in(self._name)
            self._jar = {name: value for name, value in http.cookies.items() if name in _OURS}
        return "" if self._jar["rowlight_session"] != before["rowlight_session"] else "no other session"


async def _aside(call: Callable[..., str], *arguments: str) -> str:
    """What a call on a thread finds wrong, an answer that does not come included."""
    try:
        return await asyncio.to_thread(call, *arguments)
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    asyncio.run(serve(Person))
