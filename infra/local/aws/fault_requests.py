"""A fault as it is asked for in JSON: checked whole, each mistake told in a sentence."""

import json
import re
from collections.abc import Collection
from typing import Any

from botocore.exceptions import UnknownServiceError

from infra.local.aws import wire
from infra.local.aws.faults import ANY, Fault
from infra.local.aws.s3_operations import OPERATION_NAMES as OPERATIONS_OF_S3

KINDS = ("throttle", "fail", "hang", "late", "expire", "end-context", "drop")
MOST_SECONDS = 600
MOST_TIMES = 10_000
UNTIL_REMOVED = "until removed"
# Whatever their kind, and what only some have.
_MEMBERS = ("what", "service", "operation", "role", "person", "access_key_id", "times", "after")
_OF_KIND = {"fail": ("code", "status"), "late": ("seconds",)}
_CALLERS = ("role", "person", "access_key_id")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,79}")
_STATUSES = range(400, 600)


class BadFault(ValueError):
    """What was asked for is no fault; the text says why."""


def fault(body: bytes, *, services: Collection[str]) -> Fault:
    """The fault that a request's body describes; raises BadFault."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadFault("The body is not JSON.") from error
    if not isinstance(asked, dict):
        raise BadFault("The body must be an object.")
    what = _one_of(asked, "what", KINDS)
    _check_members(asked, (*_MEMBERS, *_OF_KIND.get(what, ())), what)
    service = _one_of(asked, "service", (*sorted(services), ANY))
    return Fault(
        what=what,
        service=service,
        operation=_operation(asked, service),
        **{name: _text(asked, name) for name in _CALLERS},
        times=_times(asked),
        after=_whole(asked, "after", default=0, least=0, most=MOST_TIMES),
        code=_code(asked),
        status=_status(asked),
        seconds=_seconds(asked, what),
    )


def _check_members(asked: dict[str, Any], known: Collection[str], what: str) -> None:
    for name in asked:
        if name not in known:
            raise BadFault(f"{ascii(name)[:40]} is not a member of {what}: it may have {', '.join(known)}.")


def _one_of(asked: dict[str, Any], name: str, allowed: Collection[str]) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or value not in allowed:
        raise BadFault(f"{name} must be one of {', '.join(allowed)}.")
    return value


def _operation(asked: dict[str, Any], service: str) -> str:
    name = asked.get("operation", ANY)
    if name == ANY:
        return ANY
    if service == ANY:
        raise BadFault("With any service, operation must be *.")
    if not isinstance(name, str) or name not in _operations(service):
        raise BadFault(f"operation must be one of {service}'s, such as its API reference names them, or *.")
    return name


def _operations(service: str) -> Collection[str]:
    if service == "s3":
        return OPERATIONS_OF_S3
    try:
        names: Collection[str] = wire.model_of(service).operation_names
    except UnknownServiceError:
        return ()
    return names


def _text(asked: dict[str, Any], name: str) -> str | None:
    value = asked.get(name)
    if name in asked and not (isinstance(value, str) and 0 < len(value) <= 256):  # noqa: PLR2004
        raise BadFault(f"{name} must be a text of 1 to 256 characters.")
    return value


def _times(asked: dict[str, Any]) -> int | None:
    if asked.get("times") == UNTIL_REMOVED:
        return None
    try:
        return _whole(asked, "times", default=1, least=1, most=MOST_TIMES)
    except BadFault as error:
        raise BadFault(f"{str(error).removesuffix('.')}, or {UNTIL_REMOVED!r}.") from error


def _whole(asked: dict[str, Any], name: str, *, default: int, least: int, most: int) -> int:
    value = asked.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadFault(f"{name} must be a whole number from {least} to {most}.")
    return value


def _code(asked: dict[str, Any]) -> str | None:
    value = asked.get("code")
    if "code" in asked and not (isinstance(value, str) and _CODE.fullmatch(value)):
        raise BadFault("code must be the name of an error: letters, digits and dots, 80 at most.")
    return value


def _status(asked: dict[str, Any]) -> int | None:
    if "status" not in asked:
        return None
    return _whole(asked, "status", default=500, least=_STATUSES[0], most=_STATUSES[-1])


def _seconds(asked: dict[str, Any], what: str) -> float | None:
    if what != "late":
        return None
    value = asked.get("seconds")
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= MOST_SECONDS:
        raise BadFault(f"seconds must be a number above 0, {MOST_SECONDS} at most.")
    return float(value)
