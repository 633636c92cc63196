"""What ran in the warehouse: by person, the slowest, those that failed, and what it cost. No Streamlit in it.

Redshift charges for capacity, not for statements. So a person's cost is an estimate: what was charged for the
whole period, shared out by how long each person's statements took.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString

import pyarrow as pa

from app.redshift.query import Query

MOST = 25  # of the slowest statements, and of those that failed
PERIODS: Mapping[str, timedelta] = {
    "Last hour": timedelta(hours=1),
    "Last 24 hours": timedelta(hours=24),
    "Last 7 days": timedelta(days=7),
}
_SECONDS_OF_HOUR = 3_600
_MICROSECONDS = 1_000_000

_STATEMENT: LiteralString = """
    query_id, CAST(TRIM(username) AS VARCHAR(256)) AS person, CAST(TRIM(query_type) AS VARCHAR(32)) AS kind,
    CAST(TRIM(status) AS VARCHAR(16)) AS status, start_time, end_time, elapsed_time, execution_time,
    queue_time, returned_rows, CAST(TRIM(error_message) AS VARCHAR(512)) AS error,
    CAST(SUBSTRING(query_text, 1, 1000) AS VARCHAR(4000)) AS text"""
_ROWS: LiteralString = (
    "query_id, person, kind, status, start_time, end_time, elapsed_time, execution_time, queue_time,"
    " returned_rows, error, text"
)
_FOUND: LiteralString = f"""
    SELECT {_STATEMENT}
    FROM sys_query_history
    WHERE start_time >= CAST(:since AS TIMESTAMP)"""  # noqa: S608 - of our own texts alone
_OF_PEOPLE: LiteralString = f"""
SELECT CAST('person' AS VARCHAR(8)) AS part, CAST(NULL AS BIGINT) AS query_id, person,
       CAST(NULL AS VARCHAR(32)) AS kind, CAST(NULL AS VARCHAR(16)) AS status,
       MAX(start_time) AS start_time, MAX(end_time) AS end_time,
       CAST(SUM(elapsed_time) AS BIGINT) AS elapsed_time,
       CAST(SUM(execution_time) AS BIGINT) AS execution_time,
       CAST(MAX(elapsed_time) AS BIGINT) AS queue_time, CAST(SUM(returned_rows) AS BIGINT) AS returned_rows,
       CAST(NULL AS VARCHAR(512)) AS error, CAST(NULL AS VARCHAR(4000)) AS text,
       COUNT(*) AS statements, SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS failed
FROM ({_FOUND}) AS everybodys
GROUP BY person"""  # noqa: S608
_USED: LiteralString = """
SELECT 'usage', NULL, NULL, NULL, NULL, MIN(start_time), MAX(end_time),
       CAST(SUM(charged_seconds) AS BIGINT), NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM sys_serverless_usage
WHERE start_time >= CAST(:since AS TIMESTAMP)"""


def _first(part: LiteralString, where: LiteralString, order: LiteralString) -> LiteralString:
    """The first statements in an order."""
    return f"""
SELECT '{part}', {_ROWS}, NULL, NULL
FROM (SELECT {_ROWS} FROM ({_FOUND}) AS found WHERE {where} ORDER BY {order} LIMIT {MOST}) AS {part}"""  # noqa: S608


def query(since: datetime, *, person: str = "", priced: bool) -> Query:
    """The tab's one statement: all people, the statements of one of them or of all, and what was charged."""
    of_person: LiteralString = "person = :person" if person else "1 = 1"
    parts: list[LiteralString] = [
        _OF_PEOPLE,
        _first("slow", of_person, "elapsed_time DESC, query_id DESC"),
        _first("failed", f"{of_person} AND status = 'failed'", "start_time DESC, query_id DESC"),
    ]
    if priced:
        parts.append(_USED)
    parameters = {"since": since.isoformat(sep=" ", timespec="seconds")} | (
        {"person": person} if person else {}
    )
    return Query("Admin: statements", "\nUNION ALL".join(parts), parameters)


@dataclass(frozen=True)
class Ran:
    """A statement that ran; times are the warehouse's, in UTC."""

    query_id: int
    person: str
    kind: str
    status: str
    began: datetime
    ended: datetime | None
    elapsed: timedelta
    queued: timedelta
    rows: int
    error: str
    text: str


@dataclass(frozen=True)
class Share:
    """What one person had run, and their share of what was charged."""

    person: str
    statements: int
    failed: int
    elapsed: timedelta
    longest: timedelta
    rows: int
    cost: Decimal | None  # None where there is no price


@dataclass(frozen=True)
class Work:
    """What the warehouse did in a period."""

    people: tuple[Share, ...]
    slowest: tuple[Ran, ...]
    failed: tuple[Ran, ...]
    charged_seconds: int
    cost: Decimal | None


def read(columns: pa.Table, price: Decimal | None) -> Work:
    """What the statement's rows tell; the price is of an RPU-hour."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in columns.to_pylist():
        rows.setdefault(row["part"].strip(), []).append(row)
    charged = sum(int(row["elapsed_time"] or 0) for row in rows.get("usage", ()))
    cost = price * charged / _SECONDS_OF_HOUR if price is not None else None
    whole = sum(row["elapsed_time"] or 0 for row in rows.get("person", ()))
    people = (_share(row, cost, whole) for row in rows.get("person", ()))
    return Work(
        people=tuple(sorted(people, key=lambda share: (-share.elapsed, share.person))),
        slowest=tuple(map(_ran, _ordered(rows.get("slow", ()), "elapsed_time"))),
        failed=tuple(map(_ran, _ordered(rows.get("failed", ()), "start_time"))),
        charged_seconds=charged,
        cost=cost,
    )


def _ordered(rows: Iterable[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    """Parts of a UNION come in no order."""
    return sorted(rows, key=lambda row: (row[by], row["query_id"]), reverse=True)


def _share(row: Mapping[str, Any], cost: Decimal | None, whole: int) -> Share:
    elapsed = row["elapsed_time"] or 0
    shared = cost * elapsed / whole if cost is not None and whole else cost
    return Share(
        person=row["person"] or "",
        statements=int(row["statements"]),
        failed=int(row["failed"]),
        elapsed=_time(elapsed),
        longest=_time(row["queue_time"]),
        rows=int(row["returned_rows"] or 0),
        cost=shared,
    )


def _ran(row: Mapping[str, Any]) -> Ran:
    return Ran(
        query_id=int(row["query_id"]),
        person=row["person"] or "",
        kind=row["kind"] or "",
        status=row["status"] or "",
        began=row["start_time"],
        ended=row["end_time"],
        elapsed=_time(row["elapsed_time"]),
        queued=_time(row["queue_time"]),
        rows=int(row["returned_rows"] or 0),
        error=row["error"] or "",
        text=row["text"] or "",
    )


def _time(microseconds: int | None) -> timedelta:
    return timedelta(seconds=(microseconds or 0) / _MICROSECONDS)


def seconds(time: timedelta) -> str:
    """12.3 s, 0.004 s, 3 min 20 s."""
    found = time.total_seconds()
    if found >= 60:  # noqa: PLR2004 - a minute
        return f"{int(found // 60)} min {int(found % 60)} s"
    return f"{found:.1f} s" if found >= 1 else f"{found:.3f} s"
