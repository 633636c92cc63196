"""redshift_connector at its border: connections that ask, and one error for whatever it raises."""

import importlib
import logging
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from app.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.type_defs import ColumnMetadataTypeDef

_PORT = 5439
# Of Redshift's types by their numbers; whatever is not here is text.
_NAMES = {
    16: "bool",
    20: "int8",
    21: "int2",
    23: "int4",
    26: "oid",
    700: "float4",
    701: "float8",
    1082: "date",
    1114: "timestamp",
    1184: "timestamptz",
    1700: "numeric",
}
# Those that the driver reads to the last digit. All others come as Redshift writes them: the driver's own
# reading turns infinite moments and the years before 1 into other days.
_EXACT = (16, 20, 21, 23, 26, 700, 701)
_AS_TEXT = 0
_DATA_ROW = b"D"
# What it raises when an answer breaks off: it has no one error for that.
_BROKEN = (OSError, EOFError, struct.error, ValueError, LookupError, AttributeError, TypeError)


class Token(Protocol):
    """What signs a person in."""

    @property
    def value(self) -> str:
        """The secret."""
        ...

    @property
    def expires_at(self) -> datetime:
        """From when on Redshift takes it no more."""
        ...


class WireError(Exception):
    """Redshift refused with this SQLSTATE, or there is none and the connection is of no more use.

    Never with a text: that may hold SQL.
    """

    def __init__(self, sqlstate: str | None, cause: str) -> None:
        super().__init__(cause)
        self.sqlstate = sqlstate
        self.cause = cause


@dataclass(frozen=True)
class Rows:
    """Some rows of an answer, and what its columns are."""

    metadata: "Sequence[ColumnMetadataTypeDef]"
    rows: Sequence[Sequence[Any]]


Take = Callable[[Rows], int]  # → how many rows are to come at once next; 0: no more are wanted


class _EnoughError(Exception):
    """Breaks off the reading of an answer."""


class Wire:
    """One open connection; for one thread at a time."""

    def __init__(self, connection: Any, errors: type[Exception]) -> None:
        """`errors` is the class of those that the driver itself raises."""
        self._connection = connection
        self._errors = (errors, *_BROKEN)
        # Asked for once, used once: the driver would keep it.
        connection.web_identity_token = None
        # Without this the driver begins transactions of its own, which may write.
        connection.autocommit = True
        connection.redshift_types = _Types({oid: connection.redshift_types[oid] for oid in _EXACT})

    def ask(self, sql: str) -> Sequence[Sequence[Any]]:
        """Runs a statement of few rows, and gives them."""
        found: list[Sequence[Any]] = []

        def take(page: Rows) -> int:
            found.extend(page.rows)
            return 1

        self.read(sql, (), size=1, take=take)
        return found

    def read(self, sql: str, values: Sequence[str], *, size: int, take: Take) -> bool:
        """Runs a statement and hands on its rows as they come, so many at once; True at their end.

        Where no more are wanted they are on their way still: the connection is of no more use then. The
        driver by itself holds all rows that there are before it hands on the first.
        """
        # A new one each time: it remembers the columns of its last answer.
        cursor = self._connection.cursor()
        cursor.paramstyle = "qmark"  # which leaves `$1` as it is
        handlers = self._connection.message_types
        keep, held = handlers[_DATA_ROW], 0

        def row(data: bytes, cursor: Any) -> None:
            nonlocal held, size
            keep(data, cursor)
            held += 1
            if held == size:
                held, size = 0, take(_rows(cursor, held))
                if not size:
                    raise _EnoughError

        handlers[_DATA_ROW] = row
        try:
            cursor.execute(sql, list(values) if values else None)
            if cursor.ps["row_desc"]:
                take(_rows(cursor, held))
        except _EnoughError:
            return False
        except self._errors as error:
            raise _of(error) from None
        finally:
            handlers[_DATA_ROW] = keep
        return True

    def close(self) -> None:
        """Ends it, however it is."""
        with suppress(*self._errors):
            self._connection.close()


Open = Callable[[Token], Wire]


def opener(*, host: str, database: str, longest_seconds: float) -> Open:
    """Opens connections with redshift_connector; raises SettingsError where that is not installed."""
    try:
        driver = importlib.import_module("redshift_connector")
    except ImportError:
        raise SettingsError(
            "QUERY_PATH is driver, but redshift_connector is not installed.",
            "Install requirements-driver.txt in place of requirements.txt, or set QUERY_PATH=data-api; then "
            "start the app again.",
            code="RL-103",
        ) from None
    # At DEBUG it writes statements, values and answers.
    logging.getLogger("redshift_connector").setLevel(logging.WARNING)
    name, _, port = host.partition(":")

    def open_(token: Token) -> Wire:
        try:
            connection = driver.connect(
                host=name,
                port=int(port or _PORT),
                database=database,
                credentials_provider="IdpTokenAuthPlugin",
                token=token.value,
                token_type="SUBJECT_TOKEN",
                ssl=True,
                sslmode="verify-full",
                application_name="rowlight",
                # Of the socket: above a statement's own, or what Redshift says of that would not be heard.
                timeout=longest_seconds,
                # One that is prepared is found again by its text, with the columns of another answer.
                max_prepared_statements=0,
            )
        except (driver.Error, *_BROKEN) as error:
            raise _of(error) from None
        return Wire(connection, driver.Error)

    return open_


class _Types(dict[int, tuple[int, Any]]):
    def __missing__(self, oid: int) -> tuple[int, Any]:
        return _AS_TEXT, _text


def _text(data: bytes, offset: int, length: int) -> str:
    return str(data[offset : offset + length], "utf-8")


def _rows(cursor: Any, number: int) -> Rows:
    return Rows([_metadata(column) for column in cursor.ps["row_desc"]], cursor.fetchmany(number))


def _of(error: Exception) -> WireError:
    told = error.args[0] if error.args else None
    sqlstate = told.get("C") if isinstance(told, dict) else None
    return WireError(sqlstate, sqlstate or type(error).__name__)


def _metadata(column: dict[str, Any]) -> "ColumnMetadataTypeDef":
    name = _NAMES.get(column["type_oid"], "varchar")
    modifier = column["type_modifier"] - 4 if name == "numeric" and column["type_modifier"] >= 0 else 0
    return {
        "label": column["label"].decode("utf-8", "replace"),
        "typeName": name,
        "precision": modifier >> 16 & 0xFFFF,
        "scale": modifier & 0xFFFF,
    }
