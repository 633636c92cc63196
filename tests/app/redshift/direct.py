"""redshift_connector as a test tells it to behave, at its border: connections, cursors, what they raise."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.redshift.columns import Bounds
from app.redshift.driver import Driver
from app.redshift.warehouse import Warehouse
from app.redshift.wire import Wire
from tests.app.redshift.data_api import column

PID = 1073840
OIDS = {
    "bool": 16,
    "int8": 20,
    "int2": 21,
    "int4": 23,
    "float8": 701,
    "varchar": 1043,
    "date": 1082,
    "time": 1083,
    "timestamp": 1114,
    "timestamptz": 1184,
    "numeric": 1700,
    "super": 4000,
}
EXACT = {"bool", "int2", "int4", "int8", "float8"}


class DriverError(Exception):
    """What the driver raises: with an answer of Redshift's, by its letters, or with words of its own."""


def refused(sqlstate: str) -> DriverError:
    return DriverError({"S": "ERROR", "C": sqlstate, "M": "the secret is in SELECT secret_column"})


@dataclass(frozen=True)
class Token:
    value: str = "token-1"
    expires_at: datetime = datetime(2030, 1, 1, tzinfo=UTC)


def described(metadata: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Columns as the driver has them from a RowDescription."""
    return [
        {
            "label": each["name"].encode(),
            "type_oid": OIDS[each["typeName"]],
            "type_modifier": (each["precision"] << 16 | each["scale"]) + 4
            if each["typeName"] == "numeric"
            else -1,
        }
        for each in metadata
    ]


@dataclass
class FakeRedshift:
    """One answer for every question, the statements that came, and the connections that are open."""

    metadata: Sequence[dict[str, Any]] = ()
    rows: Sequence[Sequence[Any]] = ()
    on: Callable[[str], None] = lambda _: None  # raises, or waits, at a statement
    statements: list[tuple[str, Any]] = field(default_factory=list)
    opened: list["FakeConnection"] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    most_held: int = 0  # rows, in a cursor
    cancelled: threading.Event = field(default_factory=threading.Event)

    def open(self, token: Token) -> Wire:
        self.tokens.append(token.value)
        connection = FakeConnection(self, token.value)
        self.opened.append(connection)
        return Wire(connection, DriverError)

    @property
    def open_now(self) -> int:
        return sum(not connection.closed for connection in self.opened)

    def sent(self, start: str) -> list[str]:
        return [sql for sql, _ in self.statements if sql.startswith(start)]


class FakeConnection:
    def __init__(self, redshift: FakeRedshift, token: str) -> None:
        self.redshift = redshift
        self.web_identity_token: str | None = token
        self.autocommit = False
        self.redshift_types = dict.fromkeys((16, 20, 21, 23, 26, 700, 701, 1082), (1, None))
        self.message_types = {b"D": self._hold}
        self.closed = False

    def _hold(self, row: Any, cursor: "FakeCursor") -> None:
        cursor.rows.append(row)
        self.redshift.most_held = max(self.redshift.most_held, len(cursor.rows))

    def cursor(self) -> "FakeCursor":
        return FakeCursor(self)

    def close(self) -> None:
        self.closed = True


class FakeCursor:
    def __init__(self, connection: FakeConnection) -> None:
        self.connection = connection
        self.paramstyle = "format"
        self.ps: dict[str, Any] = {"row_desc": []}
        self.rows: list[Any] = []

    def execute(self, sql: str, values: Any) -> None:
        redshift = self.connection.redshift
        redshift.statements.append((sql, values))
        if sql.startswith("SELECT pg_cancel_backend"):
            redshift.cancelled.set()
        redshift.on(sql)
        if sql.startswith("SELECT pg_"):
            self._answers([column("pid", "int4")], [[PID]])
        elif not sql.startswith(("BEGIN", "SET", "ROLLBACK", "COMMIT", "INSERT")):
            self._answers(redshift.metadata, redshift.rows, redshift.on)

    def _answers(
        self, metadata: Sequence[dict[str, Any]], rows: Sequence[Any], on: Callable[[str], None] = str.strip
    ) -> None:
        self.ps = {"row_desc": described(metadata)}
        for place, row in enumerate(rows):
            on(f"ROW {place}")
            self.connection.message_types[b"D"](row, self)

    def fetchmany(self, size: int) -> tuple[Any, ...]:
        taken, self.rows = self.rows[:size], self.rows[size:]
        return tuple(taken)


def build(
    redshift: FakeRedshift,
    *,
    token: Callable[[], Token] = Token,
    timeout: float = 20.0,
    max_rows: int = 10_000,
    max_bytes: int = 1 << 26,
    driver: dict[str, Any] | None = None,
    **signed_in: Any,
) -> Warehouse:
    path = Driver(redshift.open, token, bounds=Bounds(rows=max_rows, bytes=max_bytes), **(driver or {}))
    return Warehouse(path, timeout_seconds=timeout, **signed_in)
