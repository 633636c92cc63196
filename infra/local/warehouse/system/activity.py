"""The system views of what ran: statements, their texts, and the capacity that they used."""

import base64
import hashlib
import math
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from infra.local.warehouse.system.history import Record, microseconds
from infra.local.warehouse.system.view import Cell, Moment, Row, SystemView, view
from infra.local.warehouse.system.visibility import sees_system_tables

_TEXT = 4_000  # characters of a statement in one row
_ERROR = 512
_LABEL = 320
_KEPT = timedelta(days=7)
_MINUTE = timedelta(minutes=1)
_LEAST_CHARGE = timedelta(seconds=60)  # once work begins after a pause
_VERSION = "1.0 (stand-in)"
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
_CREATING = re.compile(
    r"\s*create\s+(?:local\s+)?(?:temporary\s+|temp\s+)?table\s[^(]*(?:\([^()]*\)[^(]*)?\bas\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?:\s|\(|--[^\n]*+|/\*.*?\*/)*+([a-z]+)\s*([a-z]*)", re.IGNORECASE | re.DOTALL)
_OWN_TYPES = frozenset({"insert", "update", "delete", "copy", "unload"})
_OBJECTS = frozenset({"user", "group", "database"})  # made by utility statements, unlike tables and schemas
_DEFINING = frozenset({"create", "alter", "drop"})


def query_type(text: str) -> str:
    """The kind of statement, as SYS_QUERY_HISTORY classes it."""
    found = _WORD.match(text)
    word, what = (found[1].lower(), found[2].lower()) if found else ("", "")
    if word in ("select", "with"):
        return "SELECT"
    if word in _OWN_TYPES:
        return word.upper()
    if word in _DEFINING and what not in _OBJECTS:
        return "CTAS" if _CREATING.match(text) else "DDL"
    return "UTILITY" if word else "OTHER"


def _visible(moment: Moment) -> Iterator[Record]:
    """The statements of the last days that the asker may see: one's own, or everybody's."""
    everything = sees_system_tables(moment.rights)
    for record in moment.history.records():
        recent = record.began > moment.now - _KEPT
        if recent and (everything or record.statement.user == moment.user):
            yield record


def _history(moment: Moment) -> Iterator[Row]:
    for record in _visible(moment):
        statement = record.statement
        yield (
            *(moment.history.user_id(statement.user), statement.query_id, statement.label[:_LABEL]),
            *(statement.transaction_id, statement.session_id, statement.database),
            *(query_type(statement.text), record.status, False, *_times(record, moment.now)),
            *(record.error[:_ERROR], record.rows, record.size, statement.text[:_TEXT], _VERSION),
            *(None, "primary", 0, _planning(record, moment.now), 0, -1, "", "", ""),
            *(*_hashes(statement.text), 1, 0, statement.user),
        )


def _times(record: Record, now: datetime) -> tuple[Cell, ...]:
    """Beginning, end, and the microseconds altogether, of waiting and of running; so far, if it runs."""
    end = record.ended or max(now, record.began)
    ran = microseconds(record.ran, end) if record.ran else 0
    return record.began, end, microseconds(record.began, end), _waited(record, end), ran


def _waited(record: Record, end: datetime) -> int:
    since = record.waiting_since
    return record.waited + (microseconds(since, end) if since else 0)


def _planning(record: Record, now: datetime) -> int:
    """The microseconds before the statement ran, without those that it waited."""
    end = record.ran or record.ended or now
    return max(0, microseconds(record.began, end) - _waited(record, end))


def _hashes(text: str) -> tuple[str, str]:
    """What repeated statements share: with their literals, and without."""
    return _hash(text), _hash(_LITERAL.sub("?", text))


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.blake2b(text.encode(), digest_size=8).digest()).decode()


def _texts(moment: Moment) -> Iterator[Row]:
    for record in _visible(moment):
        statement = record.statement
        user = moment.history.user_id(statement.user)
        for sequence, start in enumerate(range(0, max(1, len(statement.text)), _TEXT)):
            yield (
                *(user, statement.query_id, statement.transaction_id, statement.session_id),
                *(record.began, sequence, statement.text[start : start + _TEXT]),
            )


_Span = tuple[datetime, datetime]


def _usage(moment: Moment) -> Iterator[Row]:
    """A row for each minute in which something ran, or for which a minimum is charged."""
    now, capacity = moment.now, moment.base_capacity
    spans = sorted(
        (record.began, max(record.began, record.ended or now))
        for record in moment.history.records()
        if record.began > now - _KEPT
    )
    busy = _minutes(_merged(spans))
    charged = _minutes(_charged(spans))
    for minute in sorted(m for m in busy.keys() | charged.keys() if m <= now):
        used = capacity * busy.get(minute, 0.0)
        bill = capacity * math.ceil(charged.get(minute, 0.0))
        yield minute, minute + _MINUTE, used, float(capacity), None, 0, bill


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """The spans, in order, with those that meet made one."""
    merged: list[_Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _charged(spans: Iterable[_Span]) -> list[_Span]:
    """What is charged for: each time that work begins, at least a minute."""
    return _merged((start, max(end, start + _LEAST_CHARGE)) for start, end in _merged(spans))


def _minutes(spans: Iterable[_Span]) -> dict[datetime, float]:
    """The seconds of the spans in each minute."""
    found: dict[datetime, float] = {}
    for start, end in spans:
        minute = start.replace(second=0, microsecond=0)
        while minute <= end:
            within = min(end, minute + _MINUTE) - max(start, minute)
            if within > timedelta() or minute <= start:
                found[minute] = found.get(minute, 0.0) + within.total_seconds()
            minute += _MINUTE
    return found


VIEWS: tuple[SystemView, ...] = (
    view(
        "sys_query_history",
        "user_id integer, query_id bigint, query_label character(320), transaction_id bigint,"
        "session_id integer, database_name character(128), query_type character(32), status character(10),"
        "result_cache_hit boolean, start_time timestamp, end_time timestamp, elapsed_time bigint,"
        "queue_time bigint, execution_time bigint, error_message character(512), returned_rows bigint,"
        "returned_bytes bigint, query_text character(4000), redshift_version character(256),"
        "usage_limit character(150), compute_type varchar(32), compile_time bigint, planning_time bigint,"
        "lock_wait_time bigint, service_class_id integer, service_class_name character(64),"
        "query_priority character(20), short_query_accelerated character(10), user_query_hash character(40),"
        "generic_query_hash character(40), query_hash_version integer, result_cache_query_id integer,"
        "username character(128)",
        _history,
    ),
    view(
        "sys_query_text",
        "user_id integer, query_id bigint, transaction_id bigint, session_id integer,"
        "start_time timestamp, sequence integer, text character(4000)",
        _texts,
    ),
    view(
        "sys_serverless_usage",
        "start_time timestamp, end_time timestamp, compute_seconds float8, compute_capacity float8,"
        "data_storage integer, cross_region_transferred_data integer, charged_seconds integer",
        _usage,
        allowed=sees_system_tables,
    ),
)
