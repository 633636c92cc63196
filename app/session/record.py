"""What the store keeps of one sign-in."""

import json
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from app.auth.standing import Standing
from app.errors import SessionExpired
from app.session.cookies import digest, new_id

log = logging.getLogger(__name__)

# How a value is refused that another version wrote: a member too many, one too few, one of another shape.
STRANGE = (TypeError, ValueError, LookupError, AttributeError)
_ABSOLUTE, _IDLE, GONE, TAKEN = "RL-231", "RL-232", "RL-233", "RL-241"
_WHY = {
    _ABSOLUTE: "Your working day in this app is over.",
    _IDLE: "You were signed out because this page was not used for a while.",
    GONE: "You are signed out.",
    "RL-234": "Your sign-in has run out.",
    TAKEN: "An administrator ended your sign-in.",
    "RL-230": "AWS does not accept your sign-in any more.",
}


def over(code: str = GONE) -> SessionExpired:
    """The error that says why a session is over."""
    code = code if code in _WHY else GONE
    return SessionExpired(_WHY[code], "Sign in again.", code=code)


@dataclass(frozen=True)
class Record:
    """A session: who, since when, until when, and everything that renews it."""

    standing: Standing
    reference: str  # names the session in logs and lists; opens nothing
    started_at: datetime
    used_at: datetime
    ends_at: datetime
    renew_at: datetime | None = None  # when its credentials are to be renewed
    lease: str = ""  # who renews them now, and until when others leave that to them
    leased_until: datetime | None = None
    trace: str = ""  # where telemetry goes on with the sign-in

    def check(self, now: datetime, idle: timedelta) -> None:
        """Raises SessionExpired when it is over."""
        if now >= self.ends_at:
            raise over(_ABSOLUTE)
        if now >= self.used_at + idle:
            raise over(_IDLE)

    @property
    def rights(self) -> str:
        """Changes whenever what the person may see may have changed: by a sign-in, and by each renewal.

        With new credentials Redshift reads the person's groups anew. Equal in all processes, and no secret.
        """
        keys = self.standing.credentials
        return digest(f"{self.reference} {keys.access_key_id}") if keys is not None else ""

    def over_at(self, *, bridge: bool) -> datetime:
        """When the person has to sign in again, however much they work until then."""
        ends_at = self.standing.ends_at(bridge=bridge)
        return min(self.ends_at, ends_at) if ends_at is not None else self.ends_at

    def released(self) -> Self:
        """The same, with nobody renewing it."""
        return replace(self, lease="", leased_until=None)

    def to_bytes(self) -> bytes:
        """JSON; `read` reads it back."""
        moments = {name: getattr(self, name) for name in _MOMENTS}
        members = {
            "reference": self.reference,
            "lease": self.lease,
            "standing": self.standing.to_members(),
            "trace": self.trace,
        }
        return json.dumps(members | moments, default=datetime.isoformat, separators=(",", ":")).encode()


_MOMENTS = ("started_at", "used_at", "ends_at", "renew_at", "leased_until")


def read(value: bytes) -> Record:
    """Reads what `to_bytes` wrote; raises SessionExpired where `ended` or another version did."""
    try:
        members: dict[str, Any] = json.loads(value)
        if "ended" not in members:
            return _record(members)
        expired = over(members["ended"])
    except STRANGE as error:
        # Its text may have the value in it. The session stays as it is, for the processes that can read it.
        log.warning("A session is of another version, and treated as absent: %s.", type(error).__name__)
        expired = over()
    raise expired


def _record(members: dict[str, Any]) -> Record:
    for name in _MOMENTS:
        members[name] = members[name] and datetime.fromisoformat(members[name])
    return Record(**{**members, "standing": Standing.from_members(members["standing"])})


def ended(code: str) -> bytes:
    """What stays of a session that ended by itself, so that its person is told why: the code, and a mark."""
    # By the mark, whoever ended it knows that it was them.
    return json.dumps({"ended": code, "by": new_id()}).encode()
