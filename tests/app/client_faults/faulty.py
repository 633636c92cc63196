"""One person's way to a stand-in on which faults happen, and what an observer outside the app sees of it."""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.errors import AppError
from app.redshift.query import Query
from app.redshift.table import Table
from app.redshift.warehouse import Warehouse
from app.session.assembly import Services, assemble
from app.settings import load
from tests import outside
from tests.app.test_sign_in_to_rows import open_session

# Far above every deadline that a test sets: nothing here is to be measured, only to end.
SLACK_SECONDS = 20
OVER = {"FINISHED", "FAILED", "ABORTED"}
_NUMBERS = itertools.count(1)

COUNT = "SELECT count(*) AS orders FROM public.sales_data WHERE {number} <> 0"
# Several pages of a stand-in whose pages are small.
ROWS = "SELECT * FROM public.sales_data WHERE {number} <> 0"
FAILS = "SELECT {number} / (count(*) - count(*)) AS nothing FROM public.sales_data"
ENDLESS = """WITH RECURSIVE n(i) AS (SELECT {number} UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)
    SELECT count(*) AS never FROM n"""


def query(sql: str = COUNT) -> Query:
    """A query that nobody asked before, and whose statements are told from all others by its name."""
    number = next(_NUMBERS)
    return Query(f"faulty {number:04d}.", sql.format(number=number))


@contextlib.contextmanager
def services(env: Mapping[str, str], none: str, **settings: str) -> Iterator[Services]:
    """The app's services, set up by what the stand-in tells and these settings over it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CONFIG_FILE", none)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", none)
        for name, value in {**env, **settings}.items():
            if not name.startswith("ADMIN_"):
                patch.setenv(name, value)
        yield assemble(load(None))


@dataclass
class Asked:
    """A question on its way, asked from a thread of its own."""

    thread: threading.Thread
    got: list[Table | BaseException] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return bool(self.got)

    def outcome(self, seconds: float = SLACK_SECONDS) -> Table | BaseException:
        """What came of it; fails when it has not ended by then."""
        self.thread.join(seconds)
        assert self.got, f"still under way after {seconds} seconds"
        return self.got[0]

    def table(self) -> Table:
        outcome = self.outcome()
        assert isinstance(outcome, Table), outcome
        return outcome

    def error(self) -> AppError:
        outcome = self.outcome()
        assert isinstance(outcome, AppError), outcome
        return outcome


def ask(call: Callable[[], Table]) -> Asked:
    """Calls on another thread."""
    asked = Asked(threading.Thread(target=lambda: asked.got.append(_outcome(call)), daemon=True))
    asked.thread.start()
    return asked


def _outcome(call: Callable[[], Table]) -> Table | BaseException:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - whatever it is, the test judges it
        return error


class Person:
    """Somebody signed in to the app, and the same person's client outside, which sees their statements."""

    def __init__(self, shared: Services, env: Mapping[str, str], name: str) -> None:
        self.name = name
        self.email = f"{name.partition(' ')[0].lower()}@example.com"
        self.user = shared.sessions.find(open_session(shared, name))
        self._env = env
        self._client: Any = None

    @property
    def warehouse(self) -> Warehouse:
        return self.user.warehouse

    def ask(self, asked: Query, *, fresh: bool = True) -> Asked:
        return ask(lambda: self.warehouse.fetch(asked, fresh=fresh))

    @contextlib.contextmanager
    def in_a_hurry(self, seconds: float = 2) -> Iterator[None]:
        """Inside, QUERY_TIMEOUT_SECONDS is so short, the whole time from a question to its answer."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.warehouse, "_timeout", seconds)
            yield

    def _new_client(self) -> Any:
        # In a session of the same name: a statement is its session's.
        id_token = outside.sign_in(self._env, self.name).id_token
        return outside.aws(self._env, "redshift-data", outside.exchange(self._env, id_token, self.email))

    @property
    def outside(self) -> Any:
        """The same person's client outside the app; a new one when a fault ended the last one's sign-in."""
        if self._client is None or self._is_over():
            self._client = self._new_client()
        return self._client

    def _is_over(self) -> bool:
        try:
            self._client.list_sessions(WorkgroupName=self._env["REDSHIFT_WORKGROUP"])
        except ClientError as error:
            return error.response["Error"]["Code"] == "ExpiredTokenException"
        return False

    def statements(self, asked: Query) -> list[dict[str, Any]]:
        """The statements that ran for the query, newest first, as the same person sees them elsewhere."""
        workgroup = self._env["REDSHIFT_WORKGROUP"]
        found = self.outside.list_statements(StatementName=asked.name, Status="ALL", WorkgroupName=workgroup)
        return list(found["Statements"])

    def cancel(self, statement_id: str) -> None:
        """Stops a statement from outside the app."""
        self.outside.cancel_statement(Id=statement_id)

    def running(self, asked: Query) -> str:
        """The id of the query's one statement, as soon as it runs."""
        found: list[dict[str, Any]] = []

        def runs() -> bool:
            found[:] = self.statements(asked)
            return [each["Status"] for each in found] == ["STARTED"]

        eventually(runs)
        return str(found[0]["Id"])

    def has_nothing_running(self, asked: Query) -> bool:
        return all(each["Status"] in OVER for each in self.statements(asked))

    def rows(self, asked: Query) -> int:
        """How many rows the person has to get, by another client."""
        return len(outside.rows(self.outside, self._env, asked.sql))


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SLACK_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
