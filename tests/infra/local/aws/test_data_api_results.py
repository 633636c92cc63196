"""The Data API: what becomes of a statement, and how its result is read."""

import csv
import datetime as dt
import decimal
import io
import threading
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.aws.results import AS_AWS, Limits
from infra.local.warehouse import Column, Result, SqlError
from tests.infra.local.aws.known_warehouse import (
    MING,
    MINUTE,
    Api,
    table,
)


@pytest.fixture
def api() -> Api:
    return Api()


# What becomes of it


def test_a_failed_statement_says_why(api: Api) -> None:
    api.warehouse.answers["select 1"] = SqlError("ERROR: permission denied for relation sales_data", "42501")
    answer = api.execute()
    described = api.call("DescribeStatement", Id=answer["Id"])
    assert (answer["Status"], answer["HasResultSet"]) == ("FAILED", False)
    assert described["Error"] == "ERROR: permission denied for relation sales_data"
    assert api.refused("GetStatementResult", Id=answer["Id"]).code == "ResourceNotFoundException"


def test_an_internal_error_ends_the_statement_and_tells_nothing(api: Api) -> None:
    api.warehouse.answers["select 1"] = RuntimeError("secret detail")
    described = api.call("DescribeStatement", Id=api.execute()["Id"])
    assert described["Status"] == "FAILED"
    assert "secret" not in described["Error"]


def test_an_unknown_database_fails_the_statement(api: Api) -> None:
    described = api.call("DescribeStatement", Id=api.execute(Database="prod")["Id"])
    assert described["Error"] == 'FATAL: database "prod" does not exist'
    assert api.warehouse.users == []


def test_waiting_ends_as_soon_as_the_statement_does(api: Api) -> None:
    statement = api.execute("wait", WaitTimeSeconds=None)["Id"]
    assert api.call("DescribeStatement", Id=statement)["Duration"] == -1
    threading.Timer(0.05, api.warehouse.released.set).start()
    assert api.call("DescribeStatement", Id=statement, WaitTimeSeconds=30)["Status"] == "FINISHED"


def test_without_waiting_the_answer_has_no_status(api: Api) -> None:
    answer = api.execute(WaitTimeSeconds=None)
    assert "Status" not in answer
    assert "HasResultSet" not in answer


def test_few_requests_may_wait_for_one_statement() -> None:
    api = Api(waiting_requests=1)
    statement = api.execute("wait", WaitTimeSeconds=None)["Id"]
    waits = threading.Thread(
        target=api.call, args=("DescribeStatement",), kwargs={"Id": statement, "WaitTimeSeconds": 30}
    )
    waits.start()
    while (
        api.service._statements.find(
            statement, api.service._statements._kept[statement].request.owner
        ).waiting
        == 0
    ):
        pass
    refused = api.refused("GetStatementResult", Id=statement, WaitTimeSeconds=1)
    assert refused.code == "ActiveWaitingRequestsExceededException"
    api.warehouse.released.set()
    waits.join()


def test_cancelling_stops_the_statement(api: Api) -> None:
    statement = api.execute("wait", WaitTimeSeconds=None)["Id"]
    assert api.call("CancelStatement", Id=statement) == {"Status": True}
    assert api.call("DescribeStatement", Id=statement, WaitTimeSeconds=30)["Status"] == "ABORTED"
    assert api.refused("CancelStatement", Id=statement).code == "ValidationException"


def test_closing_cancels_what_is_under_way(api: Api) -> None:
    statement = api.execute("wait", WaitTimeSeconds=None)["Id"]
    api.service.close()
    assert api.call("DescribeStatement", Id=statement, WaitTimeSeconds=30)["Status"] == "ABORTED"


def test_a_finished_statement_cannot_be_cancelled(api: Api) -> None:
    assert api.refused("CancelStatement", Id=api.execute()["Id"]).code == "ValidationException"


def test_statements_are_forgotten_after_a_day(api: Api) -> None:
    statement = api.execute()["Id"]
    api.now += 24 * 60 * MINUTE - 1
    assert api.call("DescribeStatement", Id=statement)["Status"] == "FINISHED"
    api.now += 2
    assert api.refused("DescribeStatement", Id=statement).code == "ResourceNotFoundException"


def test_a_batch_has_a_result_for_each_part(api: Api) -> None:
    api.warehouse.answers["create table t (a int)"] = Result((), None, 0, False)
    batch = api.batch("create table t (a int)", "select 1")
    described = api.call("DescribeStatement", Id=batch["Id"])
    assert [part["Id"] for part in described["SubStatements"]] == [f"{batch['Id']}:1", f"{batch['Id']}:2"]
    assert [part["HasResultSet"] for part in described["SubStatements"]] == [False, True]
    assert api.call("GetStatementResult", Id=f"{batch['Id']}:2")["Records"] == [[{"stringValue": "x"}]]
    assert api.refused("GetStatementResult", Id=batch["Id"]).code == "ValidationException"
    for none in (f"{batch['Id']}:1", f"{batch['Id']}:0", f"{batch['Id']}:3"):
        assert api.refused("GetStatementResult", Id=none).code == "ResourceNotFoundException"


def test_a_part_of_somebody_elses_batch_does_not_exist(api: Api) -> None:
    batch = api.batch("select 1", "select 2")
    assert api.refused("GetStatementResult", MING, Id=f"{batch['Id']}:1").code == "ResourceNotFoundException"


def test_a_failing_part_fails_a_transaction_whole(api: Api) -> None:
    api.warehouse.answers["bad"] = SqlError("ERROR: no", "42601")
    batch = api.batch("select 1", "bad")
    assert batch["Status"] == "FAILED"
    assert api.refused("GetStatementResult", Id=f"{batch['Id']}:1").code == "ResourceNotFoundException"


def test_auto_commit_keeps_what_succeeded(api: Api) -> None:
    api.warehouse.answers["bad"] = SqlError("ERROR: no", "42601")
    batch = api.batch("bad", "select 1", ExecutionMode="AUTO_COMMIT")
    described = api.call("DescribeStatement", Id=batch["Id"])
    assert [part["Status"] for part in described["SubStatements"]] == ["FAILED", "FINISHED"]
    assert api.call("GetStatementResult", Id=f"{batch['Id']}:2")["TotalNumRows"] == 1


# Results


def test_json_fields_have_the_types_of_aws(api: Api) -> None:
    api.warehouse.answers["select 1"] = table(
        n=pa.array([7, None]),
        money=pa.array([decimal.Decimal("12.50"), None]),
        day=pa.array([dt.date(2026, 1, 2), None]),
        moment=pa.array(["2026-01-02T03:04:05.6", "2026-01-02"]).cast(pa.timestamp("us")),
        zoned=pa.array([dt.datetime(2026, 1, 2, tzinfo=dt.UTC), None], pa.timestamp("us", "UTC")),
        flag=pa.array([True, None]),
        share=pa.array([0.5, None]),
        text=pa.array(["", None]),
    )
    page = api.call("GetStatementResult", Id=api.execute()["Id"])
    assert page["Records"][0] == [
        {"longValue": 7},
        {"stringValue": "12.50"},
        {"stringValue": "2026-01-02"},
        {"stringValue": "2026-01-02 03:04:05.6"},
        {"stringValue": "2026-01-02 00:00:00+00"},
        {"booleanValue": True},
        {"doubleValue": 0.5},
        {"stringValue": ""},
    ]
    assert page["Records"][1][3] == {"stringValue": "2026-01-02 00:00:00"}
    assert [field for index, field in enumerate(page["Records"][1]) if index != 3] == [{"isNull": True}] * 7
    assert page["TotalNumRows"] == 2


def test_small_decimals_are_written_out(api: Api) -> None:
    api.warehouse.answers["select 1"] = table(
        n=pa.array([decimal.Decimal("0.00000001"), decimal.Decimal("0E-8")])
    )
    page = api.call("GetStatementResult", Id=api.execute()["Id"])
    assert page["Records"] == [[{"stringValue": "0.00000001"}], [{"stringValue": "0.00000000"}]]


def test_csv_tells_null_from_the_empty_string(api: Api) -> None:
    api.warehouse.answers["select 1"] = table(
        a=pa.array(["plain", None, "", 'say "hi"', "one,two", "two\nlines"]),
        b=pa.array([1, 2, None, 4, 5, 6]),
    )
    page = api.call("GetStatementResultV2", Id=api.execute(ResultFormat="CSV")["Id"])
    assert page["Records"] == [
        {"CSVRecords": 'a,b\r\nplain,1\r\n,2\r\n"",\r\n"say ""hi""",4\r\n"one,two",5\r\n"two\nlines",6\r\n'}
    ]
    assert page["ResultFormat"] == "CSV"


def test_the_header_of_csv_can_be_left_out() -> None:
    api = Api(csv_header=False)
    page = api.call("GetStatementResultV2", Id=api.execute(ResultFormat="CSV")["Id"])
    assert page["Records"] == [{"CSVRecords": "x\r\n"}]


def test_an_empty_result_has_its_columns(api: Api) -> None:
    api.warehouse.answers["select 1"] = table(a=pa.array([], pa.string()))
    statement = api.execute(ResultFormat="CSV")
    page = api.call("GetStatementResultV2", Id=statement["Id"])
    assert statement["HasResultSet"] is True
    assert page["Records"] == [{"CSVRecords": "a\r\n"}]
    assert [column["name"] for column in page["ColumnMetadata"]] == ["a"]
    assert page["TotalNumRows"] == 0


@pytest.mark.parametrize(
    ("asked", "operation"), [("CSV", "GetStatementResult"), ("JSON", "GetStatementResultV2")]
)
def test_a_result_is_read_in_its_own_format(api: Api, asked: str, operation: str) -> None:
    statement = api.execute(ResultFormat=asked)["Id"]
    assert api.refused(operation, Id=statement).code == "ValidationException"


@given(
    st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)), min_size=1)
)
def test_pages_of_csv_put_together_are_the_result(values: list[str | None]) -> None:
    api = Api(limits=Limits(page_bytes=40))
    numbers = list(range(len(values)))
    api.warehouse.answers["select 1"] = table(n=pa.array(numbers), a=pa.array(values, pa.string()))
    text, pages = "", list(_pages(api, api.execute(ResultFormat="CSV")["Id"], "GetStatementResultV2"))
    for page in pages:
        text += page["Records"][0]["CSVRecords"]
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["n", "a"], *([str(n), value or ""] for n, value in zip(numbers, values, strict=True))]
    assert all(
        len(page["Records"][0]["CSVRecords"].encode()) <= 40 + 5 for page in pages if len(page["Records"]) > 1
    )


def test_pages_of_json_put_together_are_the_result() -> None:
    api = Api(limits=Limits(page_bytes=200))
    api.warehouse.answers["select 1"] = table(n=pa.array(range(100)))
    pages = list(_pages(api, api.execute()["Id"], "GetStatementResult"))
    assert [field["longValue"] for page in pages for (field,) in page["Records"]] == list(range(100))
    assert len(pages) > 5


def _pages(api: Api, statement: str, operation: str) -> Any:
    page = api.call(operation, Id=statement)
    yield page
    while "NextToken" in page:
        page = api.call(operation, Id=statement, NextToken=page["NextToken"])
        yield page


def test_a_forged_next_token_is_refused() -> None:
    api = Api(limits=Limits(page_bytes=200))
    api.warehouse.answers["select 1"] = table(n=pa.array(range(100)))
    one, other = api.execute()["Id"], api.execute()["Id"]
    token = api.call("GetStatementResult", Id=one)["NextToken"]
    flipped = token[:5] + ("A" if token[5] != "A" else "B") + token[6:]
    for forged in (flipped, "AAAAAAAAAAE=", "5", "\N{SNOWMAN}", "=", token[:-4]):
        assert api.refused("GetStatementResult", Id=one, NextToken=forged).code == "ValidationException"
    assert api.refused("GetStatementResult", Id=other, NextToken=token).code == "ValidationException"


def test_a_row_over_64_kb_fails_the_statement(api: Api) -> None:
    api.warehouse.answers["select 1"] = table(a=pa.array(["x" * 65_536]))
    described = api.call("DescribeStatement", Id=api.execute()["Id"])
    assert described["Status"] == "FAILED"
    assert described["Error"].startswith("Packet for query is too large")


def test_a_result_over_the_limit_fails_the_statement() -> None:
    assert AS_AWS.result_bytes == 500 * 1024 * 1024
    api = Api(limits=Limits(result_bytes=1000))
    api.warehouse.answers["select 1"] = table(a=pa.array(["x" * 98] * 11))
    described = api.call("DescribeStatement", Id=api.execute()["Id"])
    assert described["Error"] == "Database response exceeded size limit"


def test_metadata_names_the_types(api: Api) -> None:
    money = Column("price", "numeric", 10, 2, 0, False, "public", "sales_data")
    city = Column("city", "varchar", 0, 0, 100, True, "public", "sales_data")
    data = pa.table({"price": pa.array([decimal.Decimal("1.00")]), "city": pa.array(["Lima"])})
    api.warehouse.answers["select 1"] = Result((money, city), data, 0, True)
    metadata = api.call("GetStatementResult", Id=api.execute()["Id"])["ColumnMetadata"]
    assert metadata[0] == {
        "name": "price",
        "label": "price",
        "typeName": "numeric",
        "precision": 10,
        "scale": 2,
        "length": 0,
        "nullable": 0,
        "schemaName": "public",
        "tableName": "sales_data",
        "isCaseSensitive": False,
        "isSigned": True,
        "isCurrency": False,
    }
    assert (metadata[1]["precision"], metadata[1]["isCaseSensitive"]) == (100, True)
