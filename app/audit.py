"""Who did what, and when: one line in the log for each event, under an id that AWS's own records repeat."""

import logging
import re
import secrets
from dataclasses import dataclass
from typing import Literal

log = logging.getLogger(__name__)

Event = Literal["sign-in", "refusal", "renewal", "sign-out", "query", "export", "exchange"]

_REFERENCE = re.compile(r"[0-9a-f]{8}")


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
        log.info(event, extra=about)
        return event_id


NOBODY = Trail("", "")
"""The trail of nobody who is known yet, such as in a refused sign-in."""
