"""Tabs of signed-in browsers, many in one process: they press Refresh, change filters, and read what comes.

`python -m bench.tabs` reads a job and then commands from its input, and prints what came of each;
bench/load.py starts it. It does what Streamlit's own front end does: it sends all widgets' values, the
fragment that a widget is in, the address, and which large messages it still has.
"""

import asyncio
import contextlib
import json
import random
import re
import resource
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

CUSTOM = "Custom dates"
TOTAL = "Total sales"
RUN_SECONDS = 60
_CONNECTING = 10  # at once
_LOOK_SECONDS = 30.0
_KEPT_RUNS = 2  # Streamlit's front end forgets a message that so many runs did not name
_CODE = re.compile(rb"RL-\d{3}")
_CHOICES = {"selectbox", "multiselect"}
_OFFERED = _CHOICES | {"button"}
_FIGURES = {"first", "filter", "refresh", "page"}  # what leaves the page with its figures
_DONE = {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}


@dataclass(frozen=True)
class Widget:
    """What the page offers: where to send its value, and which values there are."""

    id: str
    fragment: str
    options: tuple[str, ...] = ()


@dataclass
class Action:
    """What one action of one person came to."""

    tab: int
    kind: str
    chosen: str
    began: float = 0.0  # by the clock, as the log has it
    seconds: float = 0.0
    received: int = 0
    total: str = ""
    named: list[str] = field(default_factory=list)
    fault: str = ""


class Tab:
    """One tab, and what its browser knows of the page."""

    def __init__(self, place: int, session: Mapping[str, Any], job: Mapping[str, Any]) -> None:
        self.place = place
        self._job = job
        self._name = session["person"][1]
        self._jar: dict[str, str] = session["cookies"]
        self._others = [each.encode() for each in job["people"] if each not in session["person"]]
        self._socket: ClientConnection
        self._widgets: dict[str, Widget] = {}  # by label
        self._values: dict[str, WidgetState] = {}
        self._kept: dict[str, int] = {}
        self._query = ""
        self._page = ""  # Streamlit's name of it; at first whichever is the first
        self._pages: dict[str, str] = {}  # its path: Streamlit's name of it
        self._session = ""  # Streamlit's name of this tab's state on the server
        self._file = b""  # to take along
        self._look = ""  # the fragment that asks to be run now and then
        self._looked = time.monotonic()
        self._choice = ["", ""]
        self._random = random.Random(place)  # noqa: S311 - no secret

    @property
    def _cookies(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._jar.items())

    async def open(self, *, resumes: str = "") -> Action:
        """Connects, to the state that it had if it still is on the server, and draws the page."""
        self._socket = await connect(
            f"{self._job['app_url'].replace('http', 'ws', 1)}/_stcore/stream",
            ssl=self._job.get("trust"),
            host="127.0.0.1",
            port=self._job["port"],
            origin=self._job["app_url"],
            subprotocols=["streamlit", *(["PLACEHOLDER_AUTH_TOKEN", resumes] if resumes else [])],
            additional_headers={"Cookie": self._cookies},
            compression=None,
            max_size=None,
            open_timeout=RUN_SECONDS,
        )
        return await self._act("first", "")

    async def act(self, kind: str) -> Action:
        """One action of the person."""
        if time.monotonic() - self._looked > _LOOK_SECONDS and self._look:
            self._looked = time.monotonic()
            await self._act("look", self._look)
        if kind == "refresh":
            return await self._press(kind, "Refresh")
        return await self._act(kind, self._change())

    async def _press(self, kind: str, label: str, *states: WidgetState) -> Action:
        button = self._widgets[label]
        return await self._act(kind, button.fragment, WidgetState(id=button.id, trigger_value=True), *states)

    def _change(self) -> str:
        """Chooses another period or other categories; returns the fragment that this runs again."""
        period, category = self._widgets["Period"], self._widgets.get("Category")
        if category is None or self._random.random() < 0.5:  # noqa: PLR2004 - as often the one as the other
            others = [each for each in period.options if each not in (CUSTOM, self._choice[0])]
            self._choice[0] = self._random.choice(others)
            self._values[period.id] = WidgetState(id=period.id, string_value=self._choice[0])
            return period.fragment
        others = [each for each in ("", *category.options) if each != self._choice[1]]
        self._choice[1] = self._random.choice(others)
        chosen = WidgetState(id=category.id)
        chosen.string_array_value.data.extend([self._choice[1]] if self._choice[1] else [])
        self._values[category.id] = chosen
        return category.fragment

    async def _act(self, kind: str, fragment: str, *triggers: WidgetState) -> Action:
        action = Action(self.place, kind, "")
        try:
            async with asyncio.timeout(RUN_SECONDS):
                await self._run(action, fragment, triggers)
        except (OSError, WebSocketException, TimeoutError) as error:
            action.fault = f"{type(error).__name__}: {error}"
        action.chosen = self._query
        if kind in _FIGURES and not (action.total or action.fault):
            action.fault = "no figures"
        return action

    async def _run(self, action: Action, fragment: str, triggers: Iterable[WidgetState]) -> None:
        message = BackMsg()
        told = message.rerun_script
        told.query_string, told.fragment_id, told.page_script_hash = self._query, fragment, self._page
        told.is_auto_rerun = action.kind == "look"
        told.widget_states.widgets.extend([*self._values.values(), *triggers])
        told.cached_message_hashes.extend(self._kept)
        sent = message.SerializeToString()
        action.began, started = time.time(), time.perf_counter()
        await self._socket.send(sent)
        finished = None
        while finished not in _DONE:
            data = await self._socket.recv(decode=False)
            action.received += len(data)
            self._check(action, data)
            finished = self._take(action, ForwardMsg.FromString(data))
            if finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                action.fault = "the script failed"
                break
        action.seconds = time.perf_counter() - started
        self._kept = {name: age + 1 for name, age in self._kept.items() if age < _KEPT_RUNS}

    def _check(self, action: Action, data: bytes) -> None:
        """Somebody else on the page, or an error instead of figures."""
        action.named += [other.decode() for other in self._others if other in data]
        for code in _CODE.findall(data):
            action.fault = code.decode()

    def _take(self, action: Action, told: ForwardMsg) -> int | None:
        """What one message changes in what the browser knows; the end of the run, if it is that."""
        kind = told.WhichOneof("type")
        if told.metadata.cacheable:
            self._kept[told.hash] = 0
        if kind == "ref_hash":
            self._kept[told.ref_hash] = 0
        elif kind == "script_finished":
            return int(told.script_finished)
        elif kind == "page_info_changed":
            self._query = told.page_info_changed.query_string
        elif kind == "auto_rerun":
            self._look = told.auto_rerun.fragment_id
        elif kind == "new_session":
            self._session = told.new_session.initialize.session_id
        elif kind == "navigation":
            self._pages = {each.url_pathname: each.page_script_hash for each in told.navigation.app_pages}
            self._page = told.navigation.page_script_hash
        elif kind == "delta":
            self._draw(action, told.delta)
        return None

    def _draw(self, action: Action, delta: Delta) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        kind = delta.new_element.WhichOneof("type")
        if kind == "exception":
            action.fault = "an exception on the page"
        elif kind == "metric" and delta.new_element.metric.label == TOTAL:
            action.total = delta.new_element.metric.help or delta.new_element.metric.body
        elif kind == "bidi_component":
            self._file = delta.new_element.bidi_component.bytes
        elif kind in _OFFERED:
            drawn = getattr(delta.new_element, kind)
            label = drawn.label.removeprefix(":primary[").removesuffix("]")
            options = tuple(drawn.options) if kind in _CHOICES else ()
            self._widgets[label] = Widget(drawn.id, delta.fragment_id, options)
            if label == "Period":
                value = drawn.raw_value if drawn.set_value else drawn.options[drawn.default]
                self._set(drawn.id, WidgetState(id=drawn.id, string_value=value), forced=drawn.set_value)
                self._choice[0] = self._values[drawn.id].string_value
            elif kind == "multiselect":
                state = WidgetState(id=drawn.id)
                state.string_array_value.data.extend(drawn.raw_values if drawn.set_value else [])
                self._set(drawn.id, state, forced=drawn.set_value)
                if label == "Category":
                    self._choice[1] = "".join(self._values[drawn.id].string_array_value.data[:1])

    def _set(self, name: str, state: WidgetState, *, forced: bool) -> None:
        if forced or name not in self._values:
            self._values[name] = state

    async def close(self) -> None:
        with contextlib.suppress(OSError, WebSocketException):
            await self._socket.close()


async def opened(tabs: Iterable[Tab]) -> list[Action]:
    """All tabs open and draw their page, a few at a time."""
    turns = asyncio.Semaphore(_CONNECTING)

    async def one(tab: Tab) -> Action:
        async with turns:
            return await tab.open()

    return list(await asyncio.gather(*(one(tab) for tab in tabs)))


async def worked(tabs: Iterable[Tab], command: Mapping[str, Any]) -> list[Action]:
    """All people work for so many seconds, each one action after the other, with or without pauses."""
    ends = time.monotonic() + command["seconds"]
    think: list[float] = command["think"]

    async def one(tab: Tab) -> list[Action]:
        chance = random.Random(tab.place)  # noqa: S311 - no secret
        found: list[Action] = []
        # Not all of them begin at the same moment.
        await asyncio.sleep(chance.uniform(0, think[1]) if think else 0)
        while time.monotonic() < ends and not (found and found[-1].fault):
            kinds = command["kinds"]
            found.append(await tab.act(kinds[(tab.place + len(found)) % len(kinds)]))
            if think:
                await asyncio.sleep(chance.uniform(*think))
        return found

    return [action for each in await asyncio.gather(*(one(tab) for tab in tabs)) for action in each]


async def serve(kind: type[Tab] = Tab) -> None:
    """A job, then commands, each a line; an answer for each, until the input ends."""
    job = json.loads(sys.stdin.readline())
    tabs = [kind(place, session, job) for place, session in enumerate(job["sessions"])]
    _answer(await opened(tabs))
    # Pings and late messages are taken between commands, too.
    while line := await asyncio.to_thread(sys.stdin.readline):
        _answer(await worked(tabs, json.loads(line)))
    await asyncio.gather(*(tab.close() for tab in tabs))


def _answer(actions: Iterable[Action]) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    said = {"cpu": usage.ru_utime + usage.ru_stime, "actions": [asdict(each) for each in actions]}
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(serve())
