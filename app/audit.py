"""Who did what, and when: one line in the log for each event, under an id that AWS's own records repeat."""

import logging
import re
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from app import telemetry

log = logging.getLogger(__name__)

Event = Literal["sign-in", "refusal", "renewal", "sign-out", "query", "export", "exchange"]

_REFERENCE = re.compile(r"[0-9a-f]{8}")
# How many are remembered, by their kind: however many strangers are refused, no sign-in is forgotten for it.
_MOST: Mapping[Event, int] = {"sign-in": 200, "refusal": 200, "renewal": 200, "sign-out": 200, "query": 2_000}
_TOLD = ("way", "reason", "by", "cause", "query", "statement", "rows", "milliseconds")


@dataclass(frozen=True)
class Happened:
    """An event as administrators may know it: what its line in the log says, and nothing more."""

    at: datetime
    event: Event
    id: str
    outcome: str
    person: str = ""
    session: str = ""
    about: Mapping[str, str | int] = field(default_factory=dict)


_recent: dict[Event, deque[Happened]] = {event: deque(maxlen=most) for event, most in _MOST.items()}


def recent(*events: Event) -> list[Happened]:
    """The last events of these kinds in this process since it started, the newest first; so many of each."""
    found = [happened for event in events for happened in list(_recent.get(event, ()))]
    return sorted(found, key=lambda happened: happened.at, reverse=True)


def new_id() -> str:
    """A reference of eight hexadecimal digits, for an event or for a sign-in; it opens nothing."""
    return secrets.token_hex(4)


@dataclass(frozen=True)
class Trail:
    """Whose work it is, and the public reference of the sign-in under which it is done."""

    person: str
    session: str

    def __post_init__(self) -> None:
        # Nothing longer: a session's secret id must never get here by mistake.
        if self.session and not _REFERENCE.fullmatch(self.session):
            raise ValueError("A trail's session is a reference of eight hexadecimal digits.")

    def mark(self, event_id: str) -> str:
        """What names this event in records that are not ours: the sign-in's reference and the event's id."""
        return f"{self.session}-{event_id}" if self.session else event_id

    def record(
        self,
        event: Event,
        *,
        outcome: str = "ok",
        event_id: str | None = None,
        **fields: object,
    ) -> str:
        """Writes the event to the log and returns its id; fields that are None are left out."""
        event_id = event_id or new_id()
        about: dict[str, object] = {"event": event, "id": event_id, "outcome": outcome}
        if self.person:
            about["person"] = self.person
        if self.session:
            about["session"] = self.session
        about |= {name: value for name, value in fields.items() if value is not None}
        telemetry.happened(event, about)
        log.info(event, extra=about)
        self._remember(event, outcome, event_id, fields)
        return event_id

    def _remember(self, event: Event, outcome: str, event_id: str, fields: Mapping[str, object]) -> None:
        kept = _recent.get(event)
        if kept is None or (event == "renewal" and outcome == "ok"):
            return
        about = {name: found for name in _TOLD if isinstance(found := fields.get(name), str | int)}
        kept.append(Happened(datetime.now(UTC), event, event_id, outcome, self.person, self.session, about))


NOBODY = Trail("", "")
"""The trail of nobody who is known yet, such as in a refused sign-in."""
