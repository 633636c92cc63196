"""The Data API: the states of a statement, waiting for it, stopping it, and whom it keeps from running."""

import datetime as dt
import threading
from typing import Any

import pyarrow as pa
import pytest

from infra.local.aws import results
from infra.local.warehouse import Result, SqlError
from tests.infra.local.aws.known_warehouse import MING, WORKGROUP, Api, table

DAY = 24 * 3600


@pytest.fixture
def api() -> Api:
    return Api()


def start(api: Api, sql: str = "wait", **more: Any) -> str:
    statement: str = api.execute(sql, WaitTimeSeconds=None, **more)["Id"]
    return statement


def status(api: Api, statement: str, wait: int | None = None) -> str:
    found: str = api.call("DescribeStatement", Id=statement, WaitTimeSeconds=wait)["Status"]
    return found


def parts(api: Api, statement: str) -> list[str]:
    described = api.call("DescribeStatement", Id=statement, WaitTimeSeconds=30)
    return [part["Status"] for part in described["SubStatements"]]


def until(api: Api, statement: str, expected: str) -> None:
    while status(api, statement) != expected:
        pass


# States


def test_a_statement_is_submitted_picked_started_and_finished(api: Api) -> None:
    api.warehouse.connects.clear()
    running = [start(api, SessionKeepAliveSeconds=60) for _ in range(8)]
    queued = start(api)
    until(api, running[0], "PICKED")
    assert status(api, queued) == "SUBMITTED"
    api.warehouse.connects.set()
    until(api, running[0], "STARTED")
    api.warehouse.released.set()
    assert {status(api, each, 30) for each in [*running, queued]} == {"FINISHED"}


@pytest.mark.parametrize("which", ["SUBMITTED", "STARTED", "FINISHED", "FAILED", "ABORTED"])
def test_statements_are_listed_by_their_state(api: Api, which: str) -> None:
    api.warehouse.answers["bad"] = SqlError("ERROR: no", "42601")
    aborted = start(api)
    api.call("CancelStatement", Id=aborted)
    status(api, aborted, 30)
    made = {"ABORTED": aborted, "FAILED": api.execute("bad")["Id"], "FINISHED": api.execute()["Id"]}
    endless = [start(api) for _ in range(8)]
    for each in endless:
        until(api, each, "STARTED")
    made |= {"SUBMITTED": start(api), "STARTED": endless}
    listed = api.call("ListStatements", WorkgroupName=WORKGROUP, Status=which)["Statements"]
    assert sorted(line["Id"] for line in listed) == sorted(endless if which == "STARTED" else [made[which]])
    assert {line["Status"] for line in listed} == {which}
    everything = api.call("ListStatements", WorkgroupName=WORKGROUP, Status="ALL")["Statements"]
    assert len(everything) == 12
    api.warehouse.released.set()


def test_an_unknown_state_is_refused(api: Api) -> None:
    assert api.refused("ListStatements", WorkgroupName=WORKGROUP, Status="DONE").code == "ValidationException"


def test_the_parts_of_an_auto_commit_batch_run_one_after_the_other(api: Api) -> None:
    batch = api.batch("select 1", "wait", "select 2", ExecutionMode="AUTO_COMMIT", WaitTimeSeconds=None)
    described = api.call("DescribeStatement", Id=f"{batch['Id']}:1", WaitTimeSeconds=30)
    assert described["Status"] == "FINISHED"
    until(api, f"{batch['Id']}:2", "STARTED")
    assert status(api, batch["Id"]) == "STARTED"
    assert status(api, f"{batch['Id']}:3") == "SUBMITTED"
    assert api.call("GetStatementResult", Id=f"{batch['Id']}:1")["TotalNumRows"] == 1
    api.warehouse.released.set()
    assert parts(api, batch["Id"]) == ["FINISHED"] * 3


# Waiting


def test_a_result_call_waits_for_the_statement_and_then_answers(api: Api) -> None:
    for form, operation in (("JSON", "GetStatementResult"), ("CSV", "GetStatementResultV2")):
        gate = api.warehouse.gates[f"wait {form}"] = threading.Event()
        statement = start(api, f"wait {form}", ResultFormat=form)
        threading.Timer(0.05, gate.set).start()
        assert api.call(operation, Id=statement, WaitTimeSeconds=30)["TotalNumRows"] == 1


def test_a_result_call_that_waited_in_vain_has_no_result(api: Api) -> None:
    refused = api.refused("GetStatementResult", Id=start(api), WaitTimeSeconds=1)
    assert refused.code == "ResourceNotFoundException"
    api.warehouse.released.set()


def test_a_batch_can_be_waited_for(api: Api) -> None:
    threading.Timer(0.05, api.warehouse.released.set).start()
    answer = api.batch("select 1", "wait", WaitTimeSeconds=30)
    assert (answer["Status"], answer["HasResultSet"]) == ("FINISHED", True)


# Client tokens


def test_how_long_a_request_waits_is_no_part_of_it(api: Api) -> None:
    first = start(api, ClientToken="once")
    assert start(api, ClientToken="once") == first
    answer = api.execute("wait", ClientToken="once", WaitTimeSeconds=1)
    assert (answer["Id"], answer["Status"]) == (first, "STARTED")
    api.warehouse.released.set()
    answer = api.execute("wait", ClientToken="once", WaitTimeSeconds=30)
    assert (answer["Id"], answer["Status"]) == (first, "FINISHED")
    assert api.warehouse.texts == ["wait"]


@pytest.mark.parametrize("token", ["", "x" * 65])
def test_client_tokens_have_1_to_64_characters(api: Api, token: str) -> None:
    assert api.not_executed(ClientToken=token) == "ValidationException"


def test_many_at_once_with_one_token_start_one_statement(api: Api) -> None:
    got, together = [], threading.Barrier(8)

    def submit() -> None:
        together.wait()
        got.append(start(api, ClientToken="once"))

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 1
    api.warehouse.released.set()


# Stopping


def test_a_statement_that_waits_for_its_turn_can_be_cancelled(api: Api) -> None:
    endless = [start(api) for _ in range(8)]
    for each in endless:
        until(api, each, "STARTED")
    queued = start(api, "select 1")
    assert api.call("CancelStatement", Id=queued) == {"Status": True}
    assert status(api, queued) == "ABORTED"
    api.warehouse.released.set()
    assert {status(api, each, 30) for each in endless} == {"FINISHED"}
    assert "select 1" not in api.warehouse.texts


def test_cancelling_an_auto_commit_batch_keeps_what_is_committed(api: Api) -> None:
    batch = api.batch("select 1", "wait", "select 2", ExecutionMode="AUTO_COMMIT", WaitTimeSeconds=None)["Id"]
    until(api, f"{batch}:2", "STARTED")
    api.call("CancelStatement", Id=batch)
    assert parts(api, batch) == ["FINISHED", "ABORTED", "ABORTED"]
    assert status(api, batch) == "ABORTED"
    assert api.call("GetStatementResult", Id=f"{batch}:1")["TotalNumRows"] == 1
    assert api.warehouse.texts == ["select 1", "wait"]


def test_a_result_can_be_cancelled_while_it_is_converted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    cancel_while_converting(api, monkeypatch)
    api.warehouse.answers["select 1"] = table(a=pa.array(["x"]), b=pa.array(["y"]))
    statement = start(api, "select 1", StatementName="mine")
    assert status(api, statement, 30) == "ABORTED"
    assert api.refused("GetStatementResult", Id=statement).code == "ResourceNotFoundException"


def test_a_change_whose_result_is_cancelled_is_not_committed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed: list[bool] = []
    api.warehouse.committed = lambda: committed.append(True)
    cancel_while_converting(api, monkeypatch)
    api.warehouse.answers["insert"] = Result((), None, 1, has_result_set=False)
    api.warehouse.answers["select 1"] = table(a=pa.array(["x"]), b=pa.array(["y"]))
    batch = api.batch("insert", "select 1", StatementName="mine", WaitTimeSeconds=None)["Id"]
    assert status(api, batch, 30) == "ABORTED"
    assert not committed


def test_a_cancel_after_the_commit_does_not_hide_the_change(api: Api) -> None:
    api.warehouse.committed = lambda: cancel_mine(api)
    api.warehouse.answers["insert"] = Result((), None, 1, has_result_set=False)
    for sqls, ended in ((("insert", "select 1"), "FINISHED"), (("select 1", "select 2"), "ABORTED")):
        batch = api.batch(*sqls, StatementName="mine", WaitTimeSeconds=None)["Id"]
        assert status(api, batch, 30) == ended


def cancel_mine(api: Api) -> None:
    (mine,) = api.call("ListStatements", WorkgroupName=WORKGROUP, Status="STARTED")["Statements"]
    assert api.call("CancelStatement", Id=mine["Id"]) == {"Status": True}


def cancel_while_converting(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancels the statement named mine when its first column is made text."""
    text = results.text

    def cancelling(values: pa.ChunkedArray) -> pa.ChunkedArray:
        cancel_mine(api)
        return text(values)

    monkeypatch.setattr(results, "text", cancelling)


def test_a_failed_transaction_tells_which_statement_failed(api: Api) -> None:
    api.warehouse.answers["bad"] = SqlError("ERROR: no", "42601")
    batch = api.batch("select 1", "bad", "select 2")["Id"]
    described = api.call("DescribeStatement", Id=batch)
    assert (described["Status"], described["Error"]) == ("FAILED", "ERROR: no")
    assert parts(api, batch) == ["ABORTED", "FAILED", "ABORTED"]
    assert [part.get("Error") for part in described["SubStatements"]] == [None, "ERROR: no", None]
    assert api.warehouse.texts == ["select 1", "bad"]


def test_a_cancelled_transaction_is_aborted_whole(api: Api) -> None:
    batch = api.batch("select 1", "wait", "select 2", WaitTimeSeconds=None)["Id"]
    until(api, batch, "STARTED")
    api.call("CancelStatement", Id=batch)
    assert parts(api, batch) == ["ABORTED"] * 3


def test_a_row_that_is_too_large_fails_the_whole_transaction(api: Api) -> None:
    api.warehouse.answers["large"] = table(a=pa.array(["x" * 65_536]))
    batch = api.batch("select 1", "large")["Id"]
    assert parts(api, batch) == ["ABORTED", "FAILED"]
    assert api.refused("GetStatementResult", Id=f"{batch}:1").code == "ResourceNotFoundException"


def test_a_statement_runs_for_a_day_at_most(api: Api) -> None:
    statement = start(api)
    until(api, statement, "STARTED")
    kept = api.service._statements._kept[statement]
    api.now += DAY + 1
    assert api.refused("DescribeStatement", Id=statement).code == "ResourceNotFoundException"
    kept.wait(20, most=1)
    assert kept.status == "ABORTED"


# Whom it keeps from running


def test_one_persons_endless_statements_keep_nobody_from_running(api: Api) -> None:
    endless = [start(api) for _ in range(30)]
    assert api.execute(as_=MING)["Status"] == "FINISHED"
    for each in endless:
        api.call("CancelStatement", Id=each)
    assert {status(api, each, 30) for each in endless} == {"ABORTED"}


# What is kept


def test_the_oldest_results_make_way_for_new_ones() -> None:
    api = Api(kept_bytes=3_000)
    for number in range(4):
        api.warehouse.answers[f"select {number}"] = table(a=pa.array([str(number) * 1_000]))
    made = [api.execute(f"select {number}")["Id"] for number in range(4)]
    for gone in made[:2]:
        assert api.refused("GetStatementResult", Id=gone).code == "ResourceNotFoundException"
        described = api.call("DescribeStatement", Id=gone)
        assert (described["Status"], described["HasResultSet"]) == ("FINISHED", True)
    for number, kept in enumerate(made[2:], 2):
        page = api.call("GetStatementResult", Id=kept)
        assert page["Records"] == [[{"stringValue": str(number) * 1_000}]]


def test_the_newest_result_is_kept_however_large() -> None:
    api = Api(kept_bytes=1)
    first, second = (api.execute(ResultFormat=form)["Id"] for form in ("JSON", "CSV"))
    assert api.refused("GetStatementResult", Id=first).code == "ResourceNotFoundException"
    assert api.call("GetStatementResultV2", Id=second)["TotalNumRows"] == 1


def test_results_that_are_past_their_time_take_no_place() -> None:
    api = Api(kept_bytes=3_000)
    api.warehouse.answers["select 1"] = table(a=pa.array(["x" * 1_000]))
    api.execute()
    api.now += DAY + 1
    api.execute()
    kept = api.execute()["Id"]
    assert len(api.service._statements._results._held) == 2
    assert api.call("GetStatementResult", Id=kept)["TotalNumRows"] == 1


def test_moments_are_told_by_the_clock(api: Api) -> None:
    statement = api.execute()["Id"]
    api.now += 60
    described = api.call("DescribeStatement", Id=statement)
    assert described["CreatedAt"] == dt.datetime.fromtimestamp(api.now - 60, dt.UTC)
