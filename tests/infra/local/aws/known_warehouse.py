"""The Data API over an engine whose answers are known, and the people who call it."""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest

from infra.local.aws.data_api import STATEMENT_OWNER, DataApi
from infra.local.aws.data_connections import SESSION_OWNER
from infra.local.aws.model import AwsError, Call, Caller, Person
from infra.local.warehouse import Cancellation, Column, DbUser, Result, SqlCancelled
from infra.local.warehouse.system.history import History
from infra.local.warehouse.system.history import Statement as HistoryStatement

WORKGROUP = "redshift-tip-enabled"
WORKGROUP_ARN = "arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/0f0f"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:redshift!admin"
DATA_ROLE = "RedshiftDataAPIClientRole"
MINUTE = 60
_NUMBERS = itertools.count(7)
ON_WORKGROUP = {
    *("ExecuteStatement", "BatchExecuteStatement", "ListDatabases", "ListSchemas", "ListTables"),
    "DescribeTable",
}


def person(name: str, *groups: str) -> Person:
    return Person(f"id-of-{name}", f"{name}@example.com", f"{name}@example.com", groups)


def caller(who: Person | None, *, role: str = DATA_ROLE, session: str = "app") -> Caller:
    return Caller(
        account="123456789012",
        arn=f"arn:aws:sts::123456789012:assumed-role/{role}/{session}",
        principal_arn=f"arn:aws:iam::123456789012:role/{role}",
        user_id=f"AROA{role.upper()}:{session}",
        role_name=role,
        session_name=session,
        person=who,
    )


FRANK = caller(person("frank", "amer-sales"), session="frank")
MING = caller(person("ming", "apac-sales"), session="ming")
BRIDGE = caller(None, role="IDCBridgeRole")
ADMIN = Caller(
    "123456789012", "arn:aws:iam::123456789012:user/root", "arn:aws:iam::123456789012:user/root", "AIDA1"
)


def table(**columns: pa.Array) -> Result:
    return Result(
        tuple(Column(name, "varchar", 0, 0, 50, True, "public", "t") for name in columns),
        pa.table(columns),
        0,
        True,
    )


def authorize(
    caller: Caller, action: str, resource: str, *, code: str = "AccessDeniedException", context: Any = None
) -> None:
    """The policies of the roles: the data role, and an administrator who may do everything."""
    allowed = caller == ADMIN or (
        caller.role_name == DATA_ROLE
        and (
            (resource == WORKGROUP_ARN and action.removeprefix("redshift-data:") in ON_WORKGROUP)
            or (
                action.startswith("redshift-data:")
                and caller.user_id in {(context or {}).get(key) for key in (STATEMENT_OWNER, SESSION_OWNER)}
            )
        )
    )
    if not allowed:
        raise AwsError(code, f"{caller.arn} is not authorized to perform: {action}", 403)


class Warehouse:
    """An engine whose answers are known: the statement's text is looked up in `answers`."""

    database, superuser, namespace, identity_providers = "dev", "admin", "AWSIDC", ()

    def __init__(self) -> None:
        self.answers: dict[str, Result | BaseException] = {}
        self.users: list[DbUser] = []
        self.texts: list[str] = []
        self.sessions: list[Session] = []
        self.used: list[Session | None] = []
        self.bound: list[dict[str, str]] = []
        self.released = threading.Event()
        self.gates: dict[str, threading.Event] = {}  # of statements that are released by themselves
        self.history = History()
        self.connects = threading.Event()
        self.connects.set()
        self.committed: Callable[[], object] = lambda: None

    def execute(
        self,
        sql: str,
        *,
        user: DbUser,
        parameters: Mapping[str, str] | None,
        cancel: Cancellation | None = None,
    ) -> Result:
        self.users.append(user)
        self.texts.append(sql)
        self.bound.append(dict(parameters or {}))
        if sql.startswith("wait"):
            self._wait(self.gates.get(sql, self.released), cancel)
        if sql.endswith("whose"):
            return table(a=pa.array([user.name]))
        answer = self.answers.get(sql, table(a=pa.array(["x"])))
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _wait(self, gate: threading.Event, cancel: Cancellation | None) -> None:
        for _ in range(2_000):  # a test that forgets to release it fails, and does not hang
            if gate.wait(0.005):
                return
            if cancel is not None and cancel.cancelled:
                raise SqlCancelled

    def execute_batch(
        self,
        statements: Sequence[str],
        *,
        user: DbUser,
        parameters: Mapping[str, str] | None,
        cancel: Cancellation | None,
        session: "Session | None" = None,
        query_ids: Sequence[int] | None = None,
        accept: Callable[[Result], None],
    ) -> list[Result]:
        assert session is None or not session.closed
        self.used.append(session)
        results = []
        for sql, query_id in zip(statements, query_ids or (), strict=True):
            statement = HistoryStatement(user.name, sql, "dev", 1, 1, query_id)
            with self.history.recording(statement):
                results.append(self.execute(sql, user=user, parameters=parameters, cancel=cancel))
                accept(results[-1])
        self.committed()
        return results

    def open_session(self, user: DbUser) -> "Session":
        assert self.connects.wait(20)
        self.sessions.append(Session(user))
        return self.sessions[-1]


class Session:
    def __init__(self, user: DbUser) -> None:
        self.user = user
        self.number = next(_NUMBERS)
        self._closed = threading.Event()
        self.closings = 0

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def was_closed(self) -> bool:
        return self._closed.wait(20) and self.closings == 1

    def close(self) -> None:
        self.closings += 1
        self._closed.set()


class Api:
    """Calls operations as boto3 would, straight at the service."""

    def __init__(self, **options: Any) -> None:
        self.warehouse = Warehouse()
        self.now = 1_700_000_000.0
        self.service = DataApi(
            redshift=self.warehouse,  # type: ignore[arg-type] - an engine of known answers
            authorize=authorize,
            workgroup_arn={WORKGROUP: WORKGROUP_ARN}.get,
            admin_secrets={SECRET: "admin"}.get,
            clock=lambda: self.now,
            **options,
        )

    def call(self, operation: str, as_: Caller = FRANK, **parameters: Any) -> dict[str, Any]:
        call = Call("redshift-data", operation, parameters, "us-east-1", as_, "request")
        return dict(self.service.operations[operation](call))

    def execute(self, sql: str = "select 1", as_: Caller = FRANK, **parameters: Any) -> dict[str, Any]:
        target = {"WorkgroupName": WORKGROUP, "Database": "dev", "WaitTimeSeconds": 30}
        return self.call("ExecuteStatement", as_, Sql=sql, **{**target, **parameters})

    def batch(self, *sqls: str, **parameters: Any) -> dict[str, Any]:
        target = {"WorkgroupName": WORKGROUP, "Database": "dev", "WaitTimeSeconds": 30}
        return self.call("BatchExecuteStatement", FRANK, Sqls=list(sqls), **{**target, **parameters})

    def refused(self, operation: str, as_: Caller = FRANK, **parameters: Any) -> AwsError:
        with pytest.raises(AwsError) as caught:
            self.call(operation, as_, **parameters)
        return caught.value

    def not_executed(self, sql: str = "select 1", as_: Caller = FRANK, **parameters: Any) -> str:
        with pytest.raises(AwsError) as caught:
            self.execute(sql, as_, **parameters)
        assert self.warehouse.users == []
        return caught.value.code
