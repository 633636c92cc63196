"""CloudTrail: each call of the endpoint is an event, and LookupEvents reads them."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_timestamp

from infra.local.aws.cloudtrail_events import is_management_event, record, user_name
from infra.local.aws.data_requests import Cursors
from infra.local.aws.exchange import Exchange
from infra.local.aws.model import AwsError, Call
from infra.local.aws.wire import HttpResponse, not_implemented

KEPT_SECONDS = 90 * 86_400
MOST_EVENTS = 10_000
MOST_BYTES = 32 * 1024 * 1024
_PAGE = 50


@dataclass(frozen=True)
class _Event:
    """An event with what it can be found by."""

    number: int
    at: float
    attributes: Mapping[str, str]
    resources: tuple[tuple[str, str], ...]  # type and name
    text: str

    def has(self, key: str, value: str) -> bool:
        if key in ("ResourceType", "ResourceName"):
            return value in {pair[key == "ResourceName"] for pair in self.resources}
        return self.attributes.get(key) == value

    def listed(self) -> dict[str, Any]:
        named = [{"ResourceType": kind, "ResourceName": name} for kind, name in self.resources]
        at = datetime.fromtimestamp(int(self.at), UTC)
        return {**self.attributes, "EventTime": at, "Resources": named, "CloudTrailEvent": self.text}


class CloudTrail:
    """The account's event history: management events, newest first, for 90 days and within a bound."""

    def __init__(
        self,
        *,
        identity_store_arn: str,
        clock: Callable[[], float],
        most_events: int = MOST_EVENTS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._identity_store_arn = identity_store_arn
        self._clock = clock
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._events: deque[_Event] = deque()
        self._bytes = 0
        self._last = 0
        self._lock = threading.Lock()
        self._cursors = Cursors()
        self.operations: Mapping[str, Callable[[Call], Mapping[str, Any]]] = {"LookupEvents": self.lookup}

    def record(self, exchange: Exchange, response: HttpResponse) -> None:
        """Keeps what the caller was told; calls of which CloudTrail has data events leave none here."""
        if not is_management_event(exchange):
            return
        now = self._clock()
        written = record(
            exchange,
            response,
            at=datetime.fromtimestamp(now, UTC),
            identity_store_arn=self._identity_store_arn,
        )
        text = json.dumps(written, default=str)
        attributes = _attributes(written, user_name(exchange))
        resources = tuple(
            (found["type"], found["ARN"].removeprefix("arn:aws:s3:::"))
            for found in written.get("resources", ())
        )
        with self._lock:
            self._last += 1
            self._events.append(_Event(self._last, now, attributes, resources, text))
            self._bytes += len(text)
            self._forget(now)

    def _forget(self, now: float) -> None:
        while (
            len(self._events) > self._most_events
            or self._bytes > self._most_bytes
            or (self._events and self._events[0].at < now - KEPT_SECONDS)
        ):
            self._bytes -= len(self._events.popleft().text)

    def lookup(self, call: Call) -> Mapping[str, Any]:
        """A page of the events that have one attribute, within a time."""
        asked = dict(call.parameters)
        if "EventCategory" in asked:
            raise not_implemented("cloudtrail", "LookupEvents of insights")
        token, most = asked.pop("NextToken", None), asked.pop("MaxResults", _PAGE)
        found = self._found(asked, before=self._opened(repr(sorted(asked.items())), token))
        page = [event for _, event in zip(range(most), found, strict=False)]
        answer: dict[str, Any] = {"Events": [event.listed() for event in page]}
        if next(found, None) is not None:
            answer["NextToken"] = self._cursors.seal(repr(sorted(asked.items())), page[-1].number)
        return answer

    def _opened(self, listing: str, token: str | None) -> int:
        try:
            return self._cursors.open(listing, token)
        except AwsError as error:
            raise AwsError(
                "InvalidNextTokenException", "The token is not one that this lookup returned."
            ) from error

    def _found(self, asked: Mapping[str, Any], *, before: int) -> Iterator[_Event]:
        attributes = asked.get("LookupAttributes", [])
        if len(attributes) > 1:
            raise AwsError("InvalidLookupAttributesException", "Give one lookup attribute at most.")
        since, until = _times(asked)
        oldest = self._clock() - KEPT_SECONDS
        with self._lock:
            events = tuple(self._events)
        return (
            event
            for event in reversed(events)
            if (not before or event.number < before)
            and event.at >= oldest
            and (since is None or event.at >= since)
            and (until is None or int(event.at) <= until)
            and all(event.has(each["AttributeKey"], each["AttributeValue"]) for each in attributes)
        )


def _attributes(written: Mapping[str, Any], name: str) -> dict[str, str]:
    key = written["userIdentity"].get("accessKeyId")
    return {
        "EventId": written["eventID"],
        "EventName": written["eventName"],
        "EventSource": written["eventSource"],
        "ReadOnly": str(written["readOnly"]).lower(),
        **({"Username": name} if name else {}),
        **({"AccessKeyId": key} if key else {}),
    }


def _times(asked: Mapping[str, Any]) -> tuple[float | None, float | None]:
    try:
        since, until = (
            parse_timestamp(asked[name]).timestamp() if name in asked else None
            for name in ("StartTime", "EndTime")
        )
    except (ValueError, RuntimeError, OverflowError, OSError) as error:
        raise AwsError("InvalidTimeRangeException", "A time cannot be read.") from error
    if since is not None and until is not None and since > until:
        raise AwsError("InvalidTimeRangeException", "StartTime is after EndTime.")
    return since, until
