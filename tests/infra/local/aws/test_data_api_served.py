"""The Data API over HTTP, by boto3, on the real warehouse: what people get, and what they do not."""

import csv
import io
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests import outside

ROWS = "SELECT * FROM public.sales_data ORDER BY timestamp, sku, city, quantity"
ENDLESS = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)
    SELECT count(*) FROM n"""
OPERATIONS = ["describe_statement", "get_statement_result", "get_statement_result_v2", "cancel_statement"]


@pytest.fixture(scope="module")
def people(env: dict[str, str]) -> dict[str, Any]:
    return {name: outside.credentials_of(env, name) for name in ("Frank Amer", "Ming Apac")}


@pytest.fixture(scope="module")
def frank(env: dict[str, str], people: dict[str, Any]) -> Any:
    return outside.aws(env, "redshift-data", people["Frank Amer"])


@pytest.fixture(scope="module")
def ming(env: dict[str, str], people: dict[str, Any]) -> Any:
    return outside.aws(env, "redshift-data", people["Ming Apac"])


@pytest.fixture(scope="module")
def target(env: dict[str, str]) -> dict[str, str]:
    return {"WorkgroupName": env["REDSHIFT_WORKGROUP"], "Database": env["REDSHIFT_DATABASE"]}


@pytest.fixture(scope="module")
def admin(env: dict[str, str], target: dict[str, str]) -> Any:
    """Runs SQL as the superuser and gives back how it ended."""
    client = outside.aws(env, "redshift-data", outside.administrator(env))

    def run(*sqls: str, **parameters: Any) -> dict[str, Any]:
        statement = client.batch_execute_statement(
            Sqls=list(sqls), SecretArn=env["ADMIN_SECRET_ARN"], **target, **parameters
        )
        ended: dict[str, Any] = client.describe_statement(Id=statement["Id"], WaitTimeSeconds=30)
        return ended

    return run


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def pages(client: Any, operation: str, statement: str) -> Iterator[dict[str, Any]]:
    yield from client.get_paginator(operation).paginate(Id=statement)


def test_csv_and_json_tell_the_same(frank: Any, target: dict[str, str]) -> None:
    read: dict[str, list[list[str]]] = {}
    statements = {
        form: frank.execute_statement(Sql=ROWS, ResultFormat=form, WaitTimeSeconds=30, **target)["Id"]
        for form in ("CSV", "JSON")
    }
    text = "".join(
        record["CSVRecords"]
        for page in pages(frank, "get_statement_result_v2", statements["CSV"])
        for record in page["Records"]
    )
    header, *read["CSV"] = csv.reader(io.StringIO(text, newline=""))
    found = list(pages(frank, "get_statement_result", statements["JSON"]))
    read["JSON"] = [
        ["" if "isNull" in field else str(next(iter(field.values()))) for field in row]
        for page in found
        for row in page["Records"]
    ]
    assert header == [column["name"] for column in found[0]["ColumnMetadata"]]
    assert read["CSV"] == read["JSON"]
    assert len(read["CSV"]) == found[0]["TotalNumRows"] > 0
    assert len(found) > 1


def test_metadata_names_table_and_types(frank: Any, target: dict[str, str]) -> None:
    statement = frank.execute_statement(Sql=f"{ROWS} LIMIT 1", WaitTimeSeconds=30, **target)["Id"]
    columns = {
        column["name"]: column for column in frank.get_statement_result(Id=statement)["ColumnMetadata"]
    }
    money = columns["sales_price"]
    assert (money["typeName"], money["precision"], money["scale"]) == ("numeric", 10, 2)
    assert (money["schemaName"], money["tableName"]) == ("public", "sales_data")
    assert columns["city"]["precision"] == 100
    assert columns["timestamp"]["typeName"] == "timestamp"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_another_person_finds_no_statement(
    frank: Any, ming: Any, target: dict[str, str], operation: str
) -> None:
    for form in ("JSON", "CSV"):
        mine = frank.execute_statement(Sql=ROWS, ResultFormat=form, WaitTimeSeconds=30, **target)["Id"]
        assert refused(getattr(ming, operation), Id=mine) == "ResourceNotFoundException"


def test_next_tokens_of_others_and_forged_ones_are_refused(
    frank: Any, ming: Any, target: dict[str, str]
) -> None:
    mine = frank.execute_statement(Sql=ROWS, WaitTimeSeconds=30, **target)["Id"]
    theirs = ming.execute_statement(Sql=ROWS, WaitTimeSeconds=30, **target)["Id"]
    token = frank.get_statement_result(Id=mine)["NextToken"]
    assert refused(ming.get_statement_result, Id=theirs, NextToken=token) == "ValidationException"
    assert refused(ming.get_statement_result, Id=mine, NextToken=token) == "ResourceNotFoundException"
    for forged in (token[::-1], "1", "AAAAAAAAAAE="):
        assert refused(frank.get_statement_result, Id=mine, NextToken=forged) == "ValidationException"


def test_parameters_are_values(frank: Any, target: dict[str, str]) -> None:
    statement = frank.execute_statement(
        Sql="SELECT count(*), max(city) FROM public.sales_data WHERE city = :city OR category = :city",
        Parameters=[{"name": "city", "value": "x' OR '1'='1"}],
        WaitTimeSeconds=30,
        **target,
    )
    assert frank.get_statement_result(Id=statement["Id"])["Records"] == [[{"longValue": 0}, {"isNull": True}]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"WaitTimeSeconds": 0},
        {"WaitTimeSeconds": 31},
        {"Sql": "SELECT '" + "x" * 102_400 + "'"},
        {"Sql": ""},
        {"Parameters": [{"name": "unused", "value": "1"}]},
        {"Parameters": [{"name": "", "value": "1"}]},
        {"Parameters": []},
        {"ResultFormat": "XML"},
        {"DbUser": "admin"},
        {"ClusterIdentifier": "another"},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_what_aws_would_refuse_is_refused(
    env: dict[str, str], people: dict[str, Any], target: dict[str, str], wrong: dict[str, Any]
) -> None:
    keys = people["Frank Amer"]
    client = boto3.client(
        "redshift-data",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        region_name=env["AWS_REGION"],
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        config=Config(parameter_validation=False, retries={"max_attempts": 1}),
    )
    assert (
        refused(client.execute_statement, **{"Sql": "SELECT 1", **target, **wrong}) == "ValidationException"
    )


def test_cancelling_interrupts_the_warehouse(frank: Any, target: dict[str, str]) -> None:
    statement = frank.execute_statement(Sql=ENDLESS, WaitTimeSeconds=1, **target)
    assert statement["Status"] == "STARTED"
    assert frank.cancel_statement(Id=statement["Id"])["Status"] is True
    assert frank.describe_statement(Id=statement["Id"], WaitTimeSeconds=30)["Status"] == "ABORTED"


def test_one_persons_endless_statements_keep_nobody_from_running(
    frank: Any, ming: Any, target: dict[str, str]
) -> None:
    endless = [frank.execute_statement(Sql=ENDLESS, **target)["Id"] for _ in range(10)]
    served = ming.execute_statement(
        Sql="SELECT count(*) FROM public.sales_data", WaitTimeSeconds=30, **target
    )
    for statement in endless:
        frank.cancel_statement(Id=statement)
    assert served["Status"] == "FINISHED"
    ended = [frank.describe_statement(Id=statement, WaitTimeSeconds=30)["Status"] for statement in endless]
    assert ended == ["ABORTED"] * 10


def test_a_later_statement_of_a_batch_is_interrupted_too(frank: Any, target: dict[str, str]) -> None:
    batch = frank.batch_execute_statement(
        Sqls=["SELECT 1", ENDLESS, "SELECT 2"], ExecutionMode="AUTO_COMMIT", **target
    )["Id"]
    assert frank.describe_statement(Id=f"{batch}:1", WaitTimeSeconds=30)["Status"] == "FINISHED"
    frank.describe_statement(Id=f"{batch}:2", WaitTimeSeconds=1)
    assert frank.cancel_statement(Id=batch)["Status"] is True
    ended = frank.describe_statement(Id=batch, WaitTimeSeconds=30)
    assert [part["Status"] for part in ended["SubStatements"]] == ["FINISHED", "ABORTED", "ABORTED"]
    assert frank.get_statement_result(Id=f"{batch}:1")["Records"] == [[{"longValue": 1}]]


def test_auto_commit_keeps_what_succeeded_and_a_transaction_nothing(admin: Any) -> None:
    for mode, expected in (("AUTO_COMMIT", 2), ("TRANSACTION", 0)):
        name = f"kept_{uuid.uuid4().hex[:8]}"
        admin(f"CREATE TABLE public.{name} (a INT)")
        inserts = [f"INSERT INTO public.{name} VALUES ({value})" for value in ("1", "'no number'", "2")]
        assert admin(*inserts, ExecutionMode=mode)["Status"] == "FAILED"
        (counted,) = admin(f"SELECT a FROM public.{name}")["SubStatements"]
        admin(f"DROP TABLE public.{name}")
        assert counted["ResultRows"] == expected


def test_a_result_that_cannot_be_returned_undoes_what_came_with_it(admin: Any) -> None:
    name = f"wide_{uuid.uuid4().hex[:8]}"
    admin(f"CREATE TABLE public.{name} (a INT)")
    large = "SELECT repeat('x', 40000) AS a, repeat('y', 40000) AS b"
    ended = admin(f"INSERT INTO public.{name} VALUES (1)", large, f"INSERT INTO public.{name} VALUES (2)")
    assert ended["Error"].startswith("Packet for query is too large")
    assert [part["Status"] for part in ended["SubStatements"]] == ["ABORTED", "FAILED", "ABORTED"]
    (counted,) = admin(f"SELECT a FROM public.{name}")["SubStatements"]
    admin(f"DROP TABLE public.{name}")
    assert counted["ResultRows"] == 0


def test_whoever_waits_to_change_a_table_can_be_cancelled(env: dict[str, str], admin: Any) -> None:
    name = f"busy_{uuid.uuid4().hex[:8]}"
    admin(f"CREATE TABLE public.{name} (a BIGINT)")
    client = outside.aws(env, "redshift-data", outside.administrator(env))
    target = {
        "WorkgroupName": env["REDSHIFT_WORKGROUP"],
        "Database": env["REDSHIFT_DATABASE"],
        "SecretArn": env["ADMIN_SECRET_ARN"],
    }
    changing = client.execute_statement(Sql=f"INSERT INTO public.{name} {ENDLESS}", **target)["Id"]
    waiting = client.execute_statement(
        Sql=f"INSERT INTO public.{name} VALUES (1)", WaitTimeSeconds=1, **target
    )
    for statement in (waiting["Id"], changing):
        client.cancel_statement(Id=statement)
        assert client.describe_statement(Id=statement, WaitTimeSeconds=30)["Status"] == "ABORTED"
    (counted,) = admin(f"SELECT a FROM public.{name}")["SubStatements"]
    admin(f"DROP TABLE public.{name}")
    assert counted["ResultRows"] == 0


def test_the_history_knows_statements_by_the_same_ids(admin: Any) -> None:
    mark = uuid.uuid4().hex
    batch = admin(f"SELECT 1 AS a_{mark}", f"SELECT 2 AS a_{mark}")
    ids = [str(part["RedshiftQueryId"]) for part in batch["SubStatements"]]
    history = "SELECT query_id FROM sys_query_history WHERE query_id IN"
    (found,) = admin(f"{history} ({', '.join(ids)}) AND query_text LIKE '%{mark}%'")["SubStatements"]
    assert found["ResultRows"] == 2


def test_temporary_tables_live_in_a_session(env: dict[str, str], target: dict[str, str]) -> None:
    client = outside.aws(env, "redshift-data", outside.administrator(env))
    opened = client.execute_statement(
        Sql="CREATE TEMP TABLE mine (a INT)",
        SecretArn=env["ADMIN_SECRET_ARN"],
        SessionKeepAliveSeconds=60,
        WaitTimeSeconds=30,
        **target,
    )
    assert opened["Status"] == "FINISHED"
    within = {"SessionId": opened["SessionId"], "WaitTimeSeconds": 30}
    for sql in ("INSERT INTO mine VALUES (1)", "SELECT a FROM mine"):
        answer = client.execute_statement(Sql=sql, **within)
        assert answer["Status"] == "FINISHED"
    assert client.get_statement_result(Id=answer["Id"])["Records"] == [[{"longValue": 1}]]
    elsewhere = client.execute_statement(
        Sql="SELECT a FROM mine", SecretArn=env["ADMIN_SECRET_ARN"], WaitTimeSeconds=30, **target
    )
    assert elsewhere["Status"] == "FAILED"


def test_sessions_are_one_persons(frank: Any, ming: Any, target: dict[str, str]) -> None:
    opened = frank.execute_statement(Sql="SELECT 1", SessionKeepAliveSeconds=60, WaitTimeSeconds=30, **target)
    session = opened["SessionId"]
    again = frank.execute_statement(Sql="SELECT current_user", SessionId=session, WaitTimeSeconds=30)
    records = frank.get_statement_result(Id=again["Id"])["Records"]
    assert records == [[{"stringValue": "AWSIDC:frank@example.com"}]]
    assert refused(ming.execute_statement, Sql="SELECT 1", SessionId=session) == "ValidationException"


def test_a_client_token_inserts_once(admin: Any) -> None:
    name, token = f"once_{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    admin(f"CREATE TABLE public.{name} (a INT)")
    for _ in range(2):
        admin(f"INSERT INTO public.{name} VALUES (1)", ClientToken=token)
    (counted,) = admin(f"SELECT a FROM public.{name}")["SubStatements"]
    admin(f"DROP TABLE public.{name}")
    assert counted["ResultRows"] == 1


def test_a_failed_batch_leaves_nothing_behind(admin: Any) -> None:
    name = f"gone_{uuid.uuid4().hex[:8]}"
    failed = admin(f"CREATE TABLE public.{name} (a INT)", "SELECT 1 FROM public.no_such_table")
    assert failed["Status"] == "FAILED"
    assert "does not exist" in failed["Error"]
    assert "does not exist" in admin(f"SELECT 1 FROM public.{name}")["Error"]


def test_people_list_their_own_statements(frank: Any, ming: Any, target: dict[str, str]) -> None:
    name = f"mine-{uuid.uuid4()}"
    mine = frank.execute_statement(Sql="SELECT 1", StatementName=name, WaitTimeSeconds=30, **target)["Id"]
    listing = {"StatementName": name, "WorkgroupName": target["WorkgroupName"]}
    assert [line["Id"] for line in frank.list_statements(**listing)["Statements"]] == [mine]
    assert ming.list_statements(**listing)["Statements"] == []
    assert refused(frank.list_statements) == "ValidationException"


@pytest.mark.parametrize("mode", ["TRANSACTION", "AUTO_COMMIT"])
def test_a_statement_of_a_batch_names_some_of_its_parameters(
    frank: Any, target: dict[str, str], mode: str
) -> None:
    batch = frank.batch_execute_statement(
        Sqls=["SELECT :a AS x", "SELECT :b AS y", "SELECT 3 AS z"],
        Parameters=[{"name": "a", "value": "one"}, {"name": "b", "value": "two"}],
        ExecutionMode=mode,
        WaitTimeSeconds=10,
        **target,
    )
    values = [frank.get_statement_result(Id=f"{batch['Id']}:{part}")["Records"][0][0] for part in (1, 2, 3)]
    assert values == [{"stringValue": "one"}, {"stringValue": "two"}, {"longValue": 3}]


def test_the_system_views_know_a_statement_by_its_process(
    env: dict[str, str], frank: Any, target: dict[str, str]
) -> None:
    answer = frank.execute_statement(Sql="SELECT 1", WaitTimeSeconds=30, **target)
    query = frank.describe_statement(Id=answer["Id"])
    wanted = f"SELECT session_id FROM sys_query_history WHERE query_id = {query['RedshiftQueryId']}"
    assert outside.rows(frank, env, wanted) == [(query["RedshiftPid"],)]
