"""The Data API: sessions that stay open between statements."""

import threading
import uuid
from typing import Any
from unittest.mock import Mock

import pytest

from infra.local.aws.model import AwsError
from infra.local.warehouse import SqlError
from tests.infra.local.aws.known_warehouse import (
    ADMIN,
    FRANK,
    MING,
    SECRET,
    WORKGROUP,
    WORKGROUP_ARN,
    Api,
    caller,
)

DAY = 24 * 3600


@pytest.fixture
def api() -> Api:
    return Api()


def open_session(api: Api, seconds: int = 60, **more: Any) -> str:
    session: str = api.execute(SessionKeepAliveSeconds=seconds, **more)["SessionId"]
    return session


def within(api: Api, session: str, sql: str = "select 1", **more: Any) -> dict[str, Any]:
    """Runs a statement in the session, and nothing else is said about where."""
    asked = {"Sql": sql, "SessionId": session, "WaitTimeSeconds": 30, **more}
    return api.call("ExecuteStatement", asked.pop("as_", FRANK), **asked)


def refusal(api: Api, session: str, **more: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        within(api, session, **more)
    return caught.value.code, caught.value.message


def sessions(api: Api, **more: Any) -> list[dict[str, Any]]:
    asked = {} if "SessionId" in more else {"WorkgroupName": WORKGROUP}
    found: list[dict[str, Any]] = api.call("ListSessions", **asked, **more)["Sessions"]
    return found


# Opening and using


def test_statements_of_a_session_share_a_connection(api: Api) -> None:
    session = open_session(api)
    answer = within(api, session)
    (connection,) = api.warehouse.sessions
    assert api.warehouse.used == [connection, connection]
    assert connection.user == api.warehouse.users[0]
    assert (answer["SessionId"], answer["Database"], answer["WorkgroupName"]) == (session, "dev", WORKGROUP)
    assert api.call("DescribeStatement", Id=answer["Id"])["SessionId"] == session
    listed = api.call("ListStatements", WorkgroupName=WORKGROUP)["Statements"]
    assert {line["SessionId"] for line in listed} == {session}


def test_a_statement_without_a_session_has_a_connection_of_its_own(api: Api) -> None:
    for sql in ("select 1", "fails"):
        api.warehouse.answers["fails"] = SqlError("no")
        assert "SessionId" not in api.execute(sql)
    first, second = api.warehouse.sessions
    assert api.warehouse.used == [first, second]
    assert first.was_closed()
    assert second.was_closed()


@pytest.mark.parametrize("mode", ["TRANSACTION", "AUTO_COMMIT"])
def test_the_statements_of_a_batch_share_a_connection(api: Api, mode: str) -> None:
    api.batch("select 1", "select 2", ExecutionMode=mode)
    (connection,) = api.warehouse.sessions
    assert set(api.warehouse.used) == {connection}
    assert connection.was_closed()


def test_a_statement_has_its_connections_process(api: Api) -> None:
    session = open_session(api)
    first, second = within(api, session), api.execute()
    numbers = [connection.number for connection in api.warehouse.sessions]
    assert [first["RedshiftPid"], second["RedshiftPid"]] == numbers
    assert api.call("DescribeStatement", Id=first["Id"])["RedshiftPid"] == numbers[0]


def test_a_statement_that_is_not_connected_yet_has_no_process(api: Api) -> None:
    api.warehouse.connects.clear()
    statement = api.execute(WaitTimeSeconds=None)["Id"]
    assert api.call("DescribeStatement", Id=statement)["RedshiftPid"] == 0
    api.warehouse.connects.set()
    assert api.call("DescribeStatement", Id=statement, WaitTimeSeconds=30)["RedshiftPid"] > 0


def test_a_batch_runs_in_a_session_too(api: Api) -> None:
    session = api.batch("select 1", "select 2", SessionKeepAliveSeconds=60)["SessionId"]
    parts = {"Sqls": ["select 3", "select 4"], "SessionId": session, "WaitTimeSeconds": 30}
    assert api.call("BatchExecuteStatement", ExecutionMode="AUTO_COMMIT", **parts)["Status"] == "FINISHED"
    assert len(api.warehouse.sessions) == 1
    assert len(api.warehouse.used) == 3


def test_a_failed_statement_leaves_its_session_open(api: Api) -> None:
    session = open_session(api)
    api.warehouse.answers["bad"] = RuntimeError("no")
    assert within(api, session, "bad")["Status"] == "FAILED"
    assert within(api, session)["Status"] == "FINISHED"


@pytest.mark.parametrize("seconds", [-1, 86_401])
def test_sessions_are_kept_alive_for_a_day_at_most(api: Api, seconds: int) -> None:
    assert api.not_executed(SessionKeepAliveSeconds=seconds) == "ValidationException"


@pytest.mark.parametrize(
    "beside",
    [
        {"WorkgroupName": WORKGROUP},
        {"ClusterIdentifier": "cluster"},
        {"SecretArn": SECRET},
        {"DbUser": "admin"},
        {"Database": "prod"},
    ],
    ids=str,
)
def test_a_session_says_where_and_as_whom_by_itself(api: Api, beside: dict[str, str]) -> None:
    session = open_session(api)
    assert refusal(api, session, **beside)[0] == "ValidationException"
    assert len(api.warehouse.users) == 1


def test_the_sessions_own_database_may_be_named(api: Api) -> None:
    assert within(api, open_session(api), Database="dev")["Status"] == "FINISHED"


def test_a_session_that_cannot_connect_is_closed(api: Api) -> None:
    session = open_session(api, Database="prod")
    assert sessions(api, SessionId=session)[0]["Status"] == "CLOSED"
    assert refusal(api, session) == ("ValidationException", "Session is not available")


# One statement at a time


def test_a_busy_session_is_not_available(api: Api) -> None:
    session = open_session(api)
    running = within(api, session, "wait", WaitTimeSeconds=None)["Id"]
    assert refusal(api, session) == ("ValidationException", "Session is not available")
    (line,) = sessions(api)
    assert (line["Status"], line["CurrentStatementId"]) == ("BUSY", running)
    api.warehouse.released.set()
    api.call("DescribeStatement", Id=running, WaitTimeSeconds=30)
    assert within(api, session)["Status"] == "FINISHED"


def test_whoever_sees_a_statement_done_finds_its_session_available(api: Api) -> None:
    session = open_session(api)
    for _ in range(50):
        statement = within(api, session, WaitTimeSeconds=None)["Id"]
        while api.call("DescribeStatement", Id=statement)["Status"] != "FINISHED":
            pass


def test_cancelling_frees_the_session(api: Api) -> None:
    session = open_session(api)
    running = within(api, session, "wait", WaitTimeSeconds=None)["Id"]
    api.call("CancelStatement", Id=running)
    assert api.call("DescribeStatement", Id=running, WaitTimeSeconds=30)["Status"] == "ABORTED"
    assert within(api, session)["Status"] == "FINISHED"


def test_a_repeated_request_finds_its_statement_though_the_session_is_busy(api: Api) -> None:
    session = open_session(api)
    first = within(api, session, "wait", WaitTimeSeconds=None, ClientToken="once")
    again = within(api, session, "wait", WaitTimeSeconds=1, ClientToken="once")
    assert (again["Id"], again["SessionId"]) == (first["Id"], session)
    api.warehouse.released.set()


# Whose it is


@pytest.mark.parametrize(
    "stranger",
    [MING, ADMIN, caller(None, session="frank"), caller(FRANK.person, role="Other", session="frank")],
    ids=["another person", "administrator", "no person", "another role"],
)
def test_somebody_elses_session_does_not_exist(monkeypatch: pytest.MonkeyPatch, stranger: Any) -> None:
    monkeypatch.setattr("tests.infra.local.aws.known_warehouse.authorize", lambda *_, **__: None)
    api = Api()
    session, nobodys = open_session(api), str(uuid.uuid4())
    for name in (session, nobodys):
        assert refusal(api, name, as_=stranger) == (
            "ValidationException",
            f"Session with Id: {name} is invalid",
        )
        unknown = api.refused("ListSessions", stranger, SessionId=name)
        assert (unknown.code, unknown.members) == ("ResourceNotFoundException", {"ResourceId": name})
    assert api.call("ListSessions", stranger, WorkgroupName=WORKGROUP)["Sessions"] == []
    assert len(api.warehouse.users) == 1


def test_a_session_of_the_admin_secret_asks_for_the_secret_again(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api()
    session = open_session(api, as_=ADMIN, SecretArn=SECRET)
    assert within(api, session, as_=ADMIN)["SecretArn"] == SECRET
    asked = Mock()
    monkeypatch.setattr(api.service._connections, "_authorize", asked)
    within(api, session, as_=ADMIN)
    asked.assert_any_call(ADMIN, "secretsmanager:GetSecretValue", SECRET)


def test_policies_may_hold_a_session_to_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Mock()
    api = Api()
    session = open_session(api)
    monkeypatch.setattr(api.service._connections, "_authorize", asked)
    another = caller(FRANK.person, session="another")
    within(api, session, as_=another)
    owner = {"redshift-data:session-owner-iam-userid": FRANK.user_id}
    asked.assert_called_once_with(another, "redshift-data:ExecuteStatement", WORKGROUP_ARN, context=owner)


@pytest.mark.parametrize("name", ["1", "x" * 36, "b7a01fe9-9f4c-4c5e-8d54-0d8f6a1c2e3b:1", ""])
def test_an_id_that_is_none_is_refused(api: Api, name: str) -> None:
    assert refusal(api, name)[0] == "ValidationException"
    assert api.refused("ListSessions", SessionId=name).code == "ValidationException"


# How long it lasts


def test_a_session_ends_when_nothing_ran_in_it_for_as_long_as_it_is_kept_alive(api: Api) -> None:
    session = open_session(api, 60)
    for _ in range(3):
        api.now += 59
        assert within(api, session)["Status"] == "FINISHED"
    assert not api.warehouse.sessions[0].closed
    api.now += 60
    assert refusal(api, session) == ("ValidationException", "Session is not available")
    assert api.warehouse.sessions[0].was_closed()


def test_keeping_alive_can_be_changed(api: Api) -> None:
    session = open_session(api, 60)
    within(api, session, SessionKeepAliveSeconds=600)
    api.now += 599
    assert within(api, session)["Status"] == "FINISHED"


def test_a_session_that_is_not_kept_alive_is_closed_at_once(api: Api) -> None:
    session = open_session(api, 0)
    assert api.warehouse.sessions[0].was_closed()
    assert sessions(api, SessionId=session)[0]["Status"] == "CLOSED"


def test_time_does_not_run_while_a_statement_does(api: Api) -> None:
    session = open_session(api, 60)
    running = within(api, session, "wait", WaitTimeSeconds=None)["Id"]
    api.now += 3600
    assert sessions(api)[0]["Status"] == "BUSY"
    api.warehouse.released.set()
    api.call("DescribeStatement", Id=running, WaitTimeSeconds=30)
    api.now += 59
    assert within(api, session)["Status"] == "FINISHED"


def test_after_a_day_a_session_ends_and_what_runs_in_it(api: Api) -> None:
    session = open_session(api, DAY)
    api.now += DAY - 10
    running = within(api, session, "wait", WaitTimeSeconds=None)["Id"]
    api.now += 10
    described = api.call("DescribeStatement", Id=running, WaitTimeSeconds=30)
    assert described["Status"] == "ABORTED"
    assert api.warehouse.sessions[0].was_closed()
    assert refusal(api, session)[1] == f"Session with Id: {session} is invalid"


def test_closing_closes_every_session(api: Api) -> None:
    session = open_session(api)
    open_session(api)
    running = within(api, session, "wait", WaitTimeSeconds=None)["Id"]
    api.service.close()
    api.call("DescribeStatement", Id=running, WaitTimeSeconds=30)
    assert [each.was_closed() for each in api.warehouse.sessions] == [True, True]


def test_open_sessions_are_limited() -> None:
    api = Api(active_sessions=2)
    first = open_session(api, 60)
    open_session(api, as_=MING, seconds=600)
    with pytest.raises(AwsError) as refused:
        open_session(api)
    assert refused.value.code == "ActiveSessionsExceededException"
    assert api.execute()["Status"] == "FINISHED"
    api.now += 60
    assert open_session(api) != first


# ListSessions


def test_sessions_are_listed(api: Api) -> None:
    session = open_session(api, 60)
    (line,) = sessions(api)
    assert line.pop("UpdatedAt") == line["CreatedAt"]
    assert (line.pop("SessionTtl") - line.pop("CreatedAt")).total_seconds() == 60
    assert line == {
        "SessionId": session,
        "Status": "AVAILABLE",
        "Database": "dev",
        "DbUser": "AWSIDC:frank@example.com",
        "WorkgroupName": WORKGROUP,
        "SessionAliveSeconds": 60,
    }


def test_sessions_are_listed_by_status(api: Api) -> None:
    closed, busy, free = open_session(api, 0), open_session(api), open_session(api)
    within(api, busy, "wait", WaitTimeSeconds=None)
    for status, expected in (("CLOSED", closed), ("BUSY", busy), ("AVAILABLE", free)):
        assert [line["SessionId"] for line in sessions(api, Status=status)] == [expected]
    assert [line["SessionId"] for line in sessions(api)] == [free, busy]
    assert sessions(api, Database="prod") == []
    assert api.refused("ListSessions", WorkgroupName=WORKGROUP, Status="ALL").code == "ValidationException"
    api.now += DAY
    assert sessions(api, Status="CLOSED") == []
    api.warehouse.released.set()


def test_a_listing_of_sessions_is_paged(api: Api) -> None:
    opened = [open_session(api) for _ in range(3)]
    first = api.call("ListSessions", WorkgroupName=WORKGROUP, MaxResults=2)
    rest = api.call("ListSessions", WorkgroupName=WORKGROUP, MaxResults=2, NextToken=first["NextToken"])
    assert [line["SessionId"] for line in first["Sessions"] + rest["Sessions"]] == opened[::-1]
    assert "NextToken" not in rest
    for wrong in (
        {"as_": MING, "NextToken": first["NextToken"]},
        {"NextToken": first["NextToken"], "Status": "CLOSED"},
        {"MaxResults": 101},
    ):
        assert api.refused("ListSessions", WorkgroupName=WORKGROUP, **wrong).code == "ValidationException"


def test_a_listing_of_sessions_may_be_of_one_role_session_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.infra.local.aws.known_warehouse.authorize", lambda *_, **__: None)
    api = Api()
    here = open_session(api)
    there = open_session(api, as_=caller(FRANK.person, session="another"))
    assert [line["SessionId"] for line in sessions(api)] == [there, here]
    assert [line["SessionId"] for line in sessions(api, RoleLevel=False)] == [here]


def test_a_person_names_the_workgroup_to_list_sessions(api: Api) -> None:
    assert api.refused("ListSessions").code == "ValidationException"
    session = open_session(api)
    for beside in ({"Status": "BUSY"}, {"WorkgroupName": WORKGROUP}, {"Database": "dev"}):
        assert api.refused("ListSessions", SessionId=session, **beside).code == "ValidationException"


def test_only_one_of_many_at_once_gets_the_session(api: Api) -> None:
    session = open_session(api)
    got, start = [], threading.Barrier(8)

    def submit() -> None:
        start.wait()
        try:
            got.append(within(api, session, "wait", WaitTimeSeconds=None)["Id"])
        except AwsError as error:
            got.append(error.message)

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got.count("Session is not available") == 7
    api.warehouse.released.set()
