"""Faults on demand: a chosen call is throttled, fails, hangs, is late, loses its credential, is cut off."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from infra.local.aws import sigv4
from infra.local.aws.credentials import Credentials
from infra.local.aws.exchange import Exchange
from infra.local.aws.identity_center import IdentityCenter
from infra.local.aws.model import AwsError, Caller
from infra.local.aws.wire import HttpResponse, failure

log = logging.getLogger(__name__)

ANY = "*"
MOST_FAULTS = 100
# A held call keeps one of the server's threads; the others go on serving, the control endpoint too.
MOST_HELD = 16
# What a service calls it: (throttled, broken), each with the code and the HTTP status.
_CODES = {
    "dynamodb": (("ThrottlingException", 400), ("InternalServerError", 500)),
    "iam": (("Throttling", 400), ("ServiceFailure", 500)),
    "redshift": (("Throttling", 400), ("InternalFailure", 500)),
    "s3": (("SlowDown", 503), ("InternalError", 500)),
    "secretsmanager": (("ThrottlingException", 400), ("InternalServiceError", 500)),
    "sso-oidc": (("SlowDownException", 400), ("InternalServerException", 500)),
    "sts": (("Throttling", 400), ("InternalFailure", 500)),
}
_COMMON = (("ThrottlingException", 400), ("InternalServerException", 500))
_OAUTH_NAMES = {"SlowDownException": "slow_down", "InternalServerException": "server_error"}


@dataclass(frozen=True)
class Fault:
    """What is to happen to which calls of whom, how often, and after how many that are let through."""

    what: str
    service: str
    operation: str = ANY
    role: str | None = None
    person: str | None = None
    access_key_id: str | None = None
    times: int | None = 1  # None: until it is removed
    after: int = 0
    code: str | None = None
    status: int | None = None
    seconds: float | None = None

    def concerns(self, exchange: Exchange) -> bool:
        """Whether the call is one of those."""
        if self.service not in (ANY, exchange.service) or self.operation not in (ANY, exchange.operation):
            return False
        return self._is_of(exchange.caller) and self._can_happen_to(exchange.caller)

    def _is_of(self, caller: Caller | None) -> bool:
        if caller is None:
            return self.role is self.person is self.access_key_id is None
        names = {caller.session_name, caller.person.email if caller.person else None}
        return (
            self.role in (None, caller.role_name)
            and (self.person is None or self.person in names)
            and self.access_key_id in (None, caller.access_key_id)
        )

    def _can_happen_to(self, caller: Caller | None) -> bool:
        """A user's own key has no end, and only a session with a person in it has a context."""
        if self.what == "end-context":
            return caller is not None and caller.person is not None
        return self.what != "expire" or (caller is not None and caller.role_name is not None)


@dataclass
class _Kept:
    """A fault with what became of it."""

    number: int
    fault: Fault
    seen: int = 0
    hits: int = 0
    held: int = 0
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def used_up(self) -> bool:
        return self.fault.times is not None and self.hits >= self.fault.times

    def told(self) -> dict[str, Any]:
        fault = {name: value for name, value in vars(self.fault).items() if value is not None}
        return {
            "id": str(self.number),
            **fault,
            "times": "until removed" if self.fault.times is None else self.fault.times,
            "hits": self.hits,
            "held": self.held,
        }


class Faults:
    """The faults that somebody asked for; of several that concern a call, the oldest happens."""

    def __init__(self, *, credentials: Credentials, identity_center: IdentityCenter) -> None:
        self._credentials = credentials
        self._identity_center = identity_center
        self._kept: dict[str, _Kept] = {}
        self._last = 0
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_HELD)
        self._effects: Mapping[str, Callable[[Exchange, _Kept], None]] = {
            "throttle": _throttle,
            "fail": _fail,
            "hang": self._hold,
            "late": self._hold,
            "expire": self._expire,
            "end-context": self._end_context,
            "drop": _drop,
        }

    def add(self, fault: Fault) -> dict[str, Any]:
        """Keeps a fault; LookupError when there are too many that can still happen."""
        with self._lock:
            for number in [number for number, kept in self._kept.items() if kept.used_up and not kept.held]:
                if len(self._kept) >= MOST_FAULTS:
                    del self._kept[number]
            if len(self._kept) >= MOST_FAULTS:
                raise LookupError(MOST_FAULTS)
            self._last += 1
            kept = self._kept[str(self._last)] = _Kept(self._last, fault)
        log.info("fault %d asked for: %s of %s %s", kept.number, fault.what, fault.service, fault.operation)
        return kept.told()

    def listed(self) -> list[dict[str, Any]]:
        """Each fault and how often it happened."""
        with self._lock:
            return [kept.told() for kept in self._kept.values()]

    def remove(self, number: str) -> bool:
        """Takes one away and lets go what it holds; tells whether there was one."""
        with self._lock:
            kept = self._kept.pop(number, None)
        if kept is not None:
            kept.gone.set()
        return kept is not None

    def clear(self) -> None:
        """Takes all away."""
        for number in list(self._kept):
            self.remove(number)

    def meet(self, exchange: Exchange) -> None:
        """Before a call is carried out: raises what is to be its answer, or sees to how its answer leaves."""
        if not self._kept:
            return
        kept = self._take(exchange)
        if kept is None:
            return
        log.info(
            "fault %d: %s of %s %s by %s",
            kept.number,
            kept.fault.what,
            exchange.service,
            exchange.operation,
            exchange.principal,
        )
        self._effects[kept.fault.what](exchange, kept)

    def _take(self, exchange: Exchange) -> _Kept | None:
        with self._lock:
            for kept in self._concerning(exchange):
                kept.seen += 1
                if kept.seen > kept.fault.after:
                    kept.hits += 1
                    return kept
        return None

    def _concerning(self, exchange: Exchange) -> Iterator[_Kept]:
        return (kept for kept in self._kept.values() if not kept.used_up and kept.fault.concerns(exchange))

    def _expire(self, exchange: Exchange, _kept: _Kept) -> None:
        if exchange.caller is not None:
            self._credentials.expire(exchange.caller.access_key_id)
        raise _expired(exchange)

    def _end_context(self, exchange: Exchange, _kept: _Kept) -> None:
        if exchange.caller is not None and exchange.caller.person is not None:
            user_id = exchange.caller.person.user_id
            self._identity_center.end_contexts(user_id)
            self._credentials.expire_all_of(user_id)
        raise _expired(exchange)

    def _hold(self, exchange: Exchange, kept: _Kept) -> None:
        exchange.leave = partial(self._leave_later, exchange, kept)

    def _leave_later(self, exchange: Exchange, kept: _Kept, response: HttpResponse) -> HttpResponse:
        if not self._places.acquire(blocking=False):
            error = AwsError("ServiceUnavailable", f"{MOST_HELD} calls are held already.", 503)
            return failure(error, exchange.model, exchange.request_id)
        self._count(kept, 1)
        try:
            kept.gone.wait(kept.fault.seconds)
        finally:
            self._count(kept, -1)
            self._places.release()
        return response

    def _count(self, kept: _Kept, more: int) -> None:
        with self._lock:
            kept.held += more


def _throttle(exchange: Exchange, _kept: _Kept) -> None:
    code, status = _CODES.get(exchange.service, _COMMON)[0]
    raise _error(exchange, code, status, "Rate exceeded")


def _fail(exchange: Exchange, kept: _Kept) -> None:
    code, status = _CODES.get(exchange.service, _COMMON)[1]
    fault = kept.fault
    raise _error(
        exchange, fault.code or code, fault.status or status, "A fault that was asked for at the stand-in."
    )


def _drop(exchange: Exchange, _kept: _Kept) -> None:
    exchange.leave = partial(replace, cut=True)


def _error(exchange: Exchange, code: str, status: int, message: str) -> AwsError:
    members = {}
    if exchange.service == "sso-oidc":
        members = {"error": _OAUTH_NAMES.get(code, "invalid_request"), "error_description": message}
    return AwsError(code, message, status, **members)


def _expired(exchange: Exchange) -> AwsError:
    return sigv4.fault("expired", exchange.protocol, "The security token included in the request is expired.")
