"""The Data API as a test tells it to behave: a real botocore client whose HTTP is answered by functions.

And a Warehouse in front of it, with a clock that goes when somebody waits.
"""

import csv
import functools
import io
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from app.redshift.columns import Bounds
from app.redshift.data_api import DataApi
from app.redshift.limiter import at_once
from app.redshift.query import Query
from app.redshift.warehouse import Warehouse

STATEMENT_ID = "11111111-2222-3333-4444-555555555555"
Handler = Callable[[dict[str, Any]], Mapping[str, Any]]


class Fault(Exception):
    """What a handler raises to have AWS answer with an error."""

    def __init__(self, code: str, message: str = "no", status: int = 400):
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status


@functools.cache
def _session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_credentials("AKIDEXAMPLE", "example")
    return session


class FakeDataApi:
    """Handlers by operation name, and the calls that reached them."""

    def __init__(self, **handlers: Handler):
        self.handlers = handlers
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.status = ""  # of the statement, as the last answer told it
        self.ends_soon = False  # whether a call for rows that waits has them
        self._called = threading.Condition()
        self.client = _session().create_client(
            "redshift-data",
            region_name="us-east-1",
            endpoint_url="http://localhost:1",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.client.meta.events.register("before-send.redshift-data.*", self._answer)

    def _answer(self, request, **_):
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        arguments = json.loads(request.body)
        with self._called:
            self.calls.append((operation, arguments))
            self._called.notify_all()
        try:
            answer, status = self._handled(operation, arguments), 200
        except Fault as fault:
            answer, status = (
                {"__type": fault.code, "Message": fault.message, "message": fault.message},
                fault.status,
            )
        raw = io.BytesIO(json.dumps(answer).encode())
        raw.stream = lambda *_args, **_kwargs: iter([raw.read()])
        return AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.1"}, raw)

    def cancelled(self) -> bool:
        """Waits until the statement is cancelled, which nobody else waits for."""
        cancel = ("CancelStatement", {"Id": STATEMENT_ID})
        with self._called:
            return self._called.wait_for(lambda: cancel in self.calls, timeout=10)

    def _handled(self, operation: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        early = operation.startswith("GetStatementResult") and self.status != "FINISHED"
        if early and not (self.ends_soon and "WaitTimeSeconds" in arguments):
            raise Fault("ResourceNotFoundException", "Query does not have result. Please check query status.")
        answer = self.handlers[operation](arguments)
        if operation in {"ExecuteStatement", "DescribeStatement"} and isinstance(answer, Mapping):
            self.status = answer.get("Status", "")
        return answer

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]


def column(name: str, type_name: str, *, precision: int = 0, scale: int = 0) -> dict[str, Any]:
    return {"name": name, "label": name, "typeName": type_name, "precision": precision, "scale": scale}


def csv_line(values: Sequence[str | None]) -> str:
    """A record of RFC 4180 in which NULL is an empty field and '' is two quotes."""
    quoted = (
        "" if value is None else '"' + value.replace('"', '""') + '"' if _needs_quotes(value) else value
        for value in values
    )
    return ",".join(quoted) + "\r\n"


def _needs_quotes(value: str) -> bool:
    return not value or any(mark in value for mark in '",\r\n')


def header(metadata: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([c["name"] for c in metadata])
    return out.getvalue()


def finished(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"Id": STATEMENT_ID, "Status": "FINISHED", "HasResultSet": True}


def csv_pages(metadata: Sequence[Mapping[str, Any]], chunks: Sequence[str], *, total: int | None) -> Handler:
    """GetStatementResultV2 that gives one chunk of text a page."""

    def answer(arguments):
        place = int(arguments.get("NextToken", 0))
        page = {"Records": [{"CSVRecords": chunks[place]}], "ColumnMetadata": metadata}
        if total is not None:
            page["TotalNumRows"] = total
        if place + 1 < len(chunks):
            page["NextToken"] = str(place + 1)
        return page

    return answer


def json_pages(metadata: Sequence[Mapping[str, Any]], pages: Sequence[Sequence[Any]]) -> Handler:
    """GetStatementResult that gives one list of records a page."""

    def answer(arguments):
        place = int(arguments.get("NextToken", 0))
        page = {
            "Records": pages[place],
            "ColumnMetadata": metadata,
            "TotalNumRows": sum(len(records) for records in pages),
        }
        if place + 1 < len(pages):
            page["NextToken"] = str(place + 1)
        return page

    return answer


SQL = "SELECT secret_column FROM t WHERE a = :x"
QUERY = Query("Overview", SQL, {"x": "1"})
ROWS = csv_pages([column("a", "int4")], ["1\r\n"], total=1)


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self):
        self.now = 0.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def build(clock=None, *, target=None, timeout=20.0, signed_in=None, turn=at_once, **handlers):
    """The API and a warehouse; `signed_in` holds the warehouse's trail, admit and renew."""
    clock = clock or Clock()
    handlers.setdefault("GetStatementResultV2", ROWS)
    handlers.setdefault("CancelStatement", lambda _: {"Status": True})
    api = FakeDataApi(**handlers)
    signed_in = dict(signed_in or {})
    path = DataApi(
        api.client,
        target=target or {"WorkgroupName": "sales"},
        database="analytics",
        bounds=Bounds(rows=100, bytes=1 << 20),
        renew=signed_in.pop("renew", lambda: None),
        turn=turn,
        clock=clock,
        sleep=getattr(clock, "sleep", time.sleep),
    )
    return api, Warehouse(path, timeout_seconds=timeout, clock=clock, **signed_in)


def started(_):
    return {"Id": STATEMENT_ID, "Status": "STARTED"}


def ends(status, **more):
    return lambda _: {"Id": STATEMENT_ID, "Status": status, "HasResultSet": status == "FINISHED", **more}


def in_turn(*answers):
    left = list(answers)

    def answer(arguments):
        return left.pop(0)(arguments)

    return answer


def raises(code, message="no"):
    def answer(_):
        raise Fault(code, message)

    return answer
