"""A browser's tab without a browser: Streamlit's own WebSocket, and what a run of the script says over it."""

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

RUN_SECONDS = 60
_AGAIN = ForwardMsg.FINISHED_EARLY_FOR_RERUN


@dataclass
class Page:
    """What one run of the script told the browser."""

    elements: list[Any] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    first: float = 0.0  # the moment of the first figure

    def kind(self, name: str) -> list[Any]:
        """The elements of a kind, such as "metric", as Streamlit's protocol has them."""
        return [getattr(each, name) for each in self.elements if each.WhichOneof("type") == name]

    @property
    def metrics(self) -> dict[str, str]:
        return {each.label: each.body for each in self.kind("metric")}

    @property
    def text(self) -> str:
        """All that a person could read, and all that stands beside it."""
        return "\n".join(text for element in self.elements for text in _strings(element))


class Tab:
    """A connection to a process of the app, which knows it by the app's own address."""

    def __init__(
        self, app_url: str, *, port: int, cookies: Mapping[str, str], trust: ssl.SSLContext | None = None
    ) -> None:
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        place = urlsplit(app_url)
        self._open = ExitStack()
        self._socket = self._open.enter_context(
            connect(
                f"{'wss' if trust else 'ws'}://{place.netloc}/_stcore/stream",
                ssl=trust,
                sock=socket.create_connection(("127.0.0.1", port), RUN_SECONDS),
                origin=app_url,
                subprotocols=["streamlit"],
                additional_headers={"Cookie": cookie},
                open_timeout=RUN_SECONDS,
                max_size=None,
            )
        )

    def run(self, *states: WidgetState, query: str = "") -> Page:
        """Has the script run to its end, as after a change of these widgets."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.widget_states.widgets.extend(states)
        self._socket.send(message.SerializeToString())
        page = Page()
        deadline = time.monotonic() + RUN_SECONDS
        while True:
            told = ForwardMsg.FromString(self._socket.recv(timeout=deadline - time.monotonic()))
            kind = told.WhichOneof("type")
            if kind == "new_session":
                page = Page()
            elif kind == "page_config_changed":
                page.titles.append(told.page_config_changed.title)
            elif kind == "delta" and told.delta.WhichOneof("type") == "new_element":
                page.elements.append(told.delta.new_element)
                if not page.first and told.delta.new_element.WhichOneof("type") == "metric":
                    page.first = time.perf_counter()
            elif kind == "script_finished" and told.script_finished != _AGAIN:
                return page

    def press(self, page: Page, label: str) -> Page:
        """Presses the button with this label of a page that the script drew."""
        (button,) = [each for each in page.kind("button") if label in each.label]
        return self.run(WidgetState(id=button.id, trigger_value=True))

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _strings(message: Message) -> Iterator[str]:
    for _, value in message.ListFields():
        # A field that repeats has a container of its values.
        for each in [value] if isinstance(value, str | bytes | bool | int | float | Message) else value:
            if isinstance(each, Message):
                yield from _strings(each)
            elif isinstance(each, str):
                yield each
