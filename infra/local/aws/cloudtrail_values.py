"""Parameters and answers as CloudTrail records them: in its spelling, and without what is secret."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape
from botocore.utils import parse_timestamp

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
OMITTED = "***OMITTED***"
# CloudTrail's bound on one of the two elements.
MOST_BYTES = 100 * 1024
# Beside what botocore's models mark as sensitive. AWS records session tokens; nothing here does.
_SECRET = frozenset({"SessionToken", "ContextAssertion", "TokenCode", "code", "identityContext"})
_LEFT_OUT = frozenset({"SecretAccessKey"})
# What the Data API leaves out of its events; its documents name the SQL, the values are part of it.
_SQL = frozenset({"Sql", "Sqls", "Parameters"})


class Values:
    """Writes values down and remembers which texts it hid, so that no message repeats them."""

    def __init__(self, service: str) -> None:
        self._sql = _SQL if service == "redshift-data" else frozenset()
        self._hidden: set[str] = set()

    def written(self, value: Mapping[str, Any], shape: Shape) -> dict[str, Any] | None:
        """A structure as the record has it; None where there is nothing in it."""
        found = self._structure(value, shape)
        size = len(json.dumps(found, default=str))
        return {"omitted": True, "originalSize": size} if size > MOST_BYTES else found or None

    def without_hidden(self, message: str) -> str:
        """A message in which no hidden text stands."""
        for text in sorted(self._hidden, key=len, reverse=True):
            message = message.replace(text, HIDDEN)
        return message

    def _structure(self, value: Mapping[str, Any], shape: Any) -> dict[str, Any]:
        return {
            name[:1].lower() + name[1:]: self._member(name, value[name], shape.members[name])
            for name in value
            if name in shape.members and name not in _LEFT_OUT and value[name] is not None
        }

    def _member(self, name: str, value: Any, shape: Any) -> Any:
        if name in self._sql:
            self._hide(value)
            return OMITTED
        if name in _SECRET:
            self._hide(value)
            return HIDDEN
        return self._value(value, shape)

    def _value(self, value: Any, shape: Any) -> Any:
        kind = shape.type_name
        if shape.metadata.get("sensitive") or kind == "blob":
            self._hide(value)
            return HIDDEN
        if kind == "structure" and not shape.is_document_type:
            return self._structure(value, shape)
        if kind == "list":
            return [self._value(item, shape.member) for item in value]
        if kind == "map":
            return {str(key): self._value(item, shape.value) for key, item in value.items()}
        return _date(value) if kind == "timestamp" else value

    def _hide(self, value: Any) -> None:
        if isinstance(value, str):
            self._hidden |= {value} if value else set()
        elif isinstance(value, Mapping):
            for item in value.values():
                self._hide(item)
        elif isinstance(value, list | tuple):
            for item in value:
                self._hide(item)


def _date(value: Any) -> str:
    """A time as CloudTrail writes it inside the elements."""
    try:
        moment = value if isinstance(value, datetime) else parse_timestamp(value)
    except (ValueError, RuntimeError, OverflowError, OSError):
        return OMITTED
    at = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{at:%b} {at.day}, {at.year}, {at.hour % 12 or 12}:{at:%M:%S} {at:%p}"


def instant(moment: datetime) -> str:
    """A time as CloudTrail writes it everywhere else."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
