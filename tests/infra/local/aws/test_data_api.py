"""The Data API: who runs a statement, whose it is, and what may be asked."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.aws.model import AwsError, Caller
from infra.local.warehouse import DbUser
from tests.infra.local.aws.known_warehouse import (
    ADMIN,
    BRIDGE,
    FRANK,
    MING,
    SECRET,
    WORKGROUP,
    Api,
    caller,
)

NOBODYS_ID = "b7a01fe9-9f4c-4c5e-8d54-0d8f6a1c2e3b"


@pytest.fixture
def api() -> Api:
    return Api()


# Who runs it


def test_a_person_runs_statements_as_themselves(api: Api) -> None:
    answer = api.execute()
    assert api.warehouse.users == [DbUser("AWSIDC:frank@example.com", frozenset({"amer-sales"}))]
    assert answer["DbUser"] == "AWSIDC:frank@example.com"
    assert answer["Status"] == "FINISHED"
    assert answer["HasResultSet"] is True


def test_the_admin_secret_runs_as_the_superuser(api: Api) -> None:
    answer = api.execute(as_=ADMIN, SecretArn=SECRET)
    assert api.warehouse.users == [DbUser("admin", superuser=True)]
    assert answer["SecretArn"] == SECRET


def test_an_iam_user_without_a_secret_is_a_user_without_roles(api: Api) -> None:
    api.execute(as_=ADMIN)
    assert api.warehouse.users == [DbUser("IAM:root")]


def test_a_person_cannot_use_the_admin_secret(api: Api) -> None:
    assert api.not_executed(SecretArn=SECRET) == "AccessDeniedException"


def test_an_unknown_secret_is_refused(api: Api) -> None:
    assert api.not_executed(as_=ADMIN, SecretArn="arn:aws:secretsmanager:::secret:x") == "ValidationException"


def test_the_data_role_without_a_persons_context_is_denied(api: Api) -> None:
    assert api.not_executed(as_=caller(None)) == "AccessDeniedException"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("ExecuteStatement", {"Sql": "select 1", "WorkgroupName": WORKGROUP, "Database": "dev"}),
        ("BatchExecuteStatement", {"Sqls": ["select 1"], "WorkgroupName": WORKGROUP, "Database": "dev"}),
        ("DescribeStatement", {"Id": NOBODYS_ID}),
        ("GetStatementResult", {"Id": NOBODYS_ID}),
        ("GetStatementResultV2", {"Id": NOBODYS_ID}),
        ("CancelStatement", {"Id": NOBODYS_ID}),
        ("ListStatements", {"WorkgroupName": WORKGROUP}),
    ],
)
def test_the_bridge_role_can_do_nothing_here(api: Api, operation: str, parameters: dict[str, Any]) -> None:
    assert api.refused(operation, BRIDGE, **parameters).code == "AccessDeniedException"


def test_a_caller_cannot_choose_the_database_user(api: Api) -> None:
    assert api.not_executed(DbUser="admin") == "ValidationException"
    assert api.not_executed(as_=ADMIN, DbUser="AWSIDC:ethan@example.com") == "ValidationException"


# Whose it is

OTHERS = {
    "another person": MING,
    "the same person in another role": caller(FRANK.person, role="Other", session="frank"),
    "the role without a person": caller(None, session="frank"),
    "an administrator": ADMIN,
}


@pytest.mark.parametrize("stranger", OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize(
    "operation", ["DescribeStatement", "GetStatementResult", "GetStatementResultV2", "CancelStatement"]
)
def test_somebody_elses_statement_does_not_exist(
    monkeypatch: pytest.MonkeyPatch, operation: str, stranger: Caller
) -> None:
    monkeypatch.setattr("tests.infra.local.aws.known_warehouse.authorize", lambda *_, **__: None)
    api = Api()
    for sql in ("select 1", "wait"):
        statement = api.execute(sql, WaitTimeSeconds=None)["Id"]
        answer = api.refused(operation, stranger, Id=statement)
        unknown = api.refused(operation, stranger, Id=str(uuid.uuid4()))
        assert answer.code == unknown.code == "ResourceNotFoundException"
        assert answer.message == unknown.message
        assert answer.members == {"ResourceId": statement}
    assert api.call("DescribeStatement", Id=statement)["Status"] in {"SUBMITTED", "STARTED"}
    api.warehouse.released.set()


def test_another_session_of_the_same_person_is_held_to_the_owner_condition(api: Api) -> None:
    statement = api.execute()["Id"]
    elsewhere = caller(FRANK.person, session="another")
    assert api.refused("DescribeStatement", elsewhere, Id=statement).code == "AccessDeniedException"


def test_statements_are_listed_for_their_owner_alone(api: Api) -> None:
    mine = api.execute(StatementName="sales")["Id"]
    api.execute(as_=MING, StatementName="sales")
    listed = api.call("ListStatements", WorkgroupName=WORKGROUP, StatementName="sal")["Statements"]
    assert [line["Id"] for line in listed] == [mine]


def test_a_person_names_the_workgroup_to_list(api: Api) -> None:
    assert api.refused("ListStatements").code == "ValidationException"


def test_a_listing_may_be_of_one_session_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.infra.local.aws.known_warehouse.authorize", lambda *_, **__: None)
    api = Api()
    here, there = (api.execute(as_=each)["Id"] for each in (FRANK, caller(FRANK.person, session="another")))
    for role_level, expected in ((True, [there, here]), (False, [here])):
        listed = api.call("ListStatements", WorkgroupName=WORKGROUP, RoleLevel=role_level)["Statements"]
        assert [line["Id"] for line in listed] == expected


def test_listing_is_asked_for_under_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        "tests.infra.local.aws.known_warehouse.authorize", lambda _, action, *__, **___: asked.append(action)
    )
    Api().call("ListStatements", WorkgroupName=WORKGROUP)
    assert asked == ["redshift-data:ListStatements"]


def test_a_batch_is_cancelled_as_a_whole(api: Api) -> None:
    batch = api.batch("wait", "select 1", WaitTimeSeconds=None)["Id"]
    assert api.refused("CancelStatement", Id=f"{batch}:1").code == "ValidationException"
    assert api.call("CancelStatement", Id=batch)["Status"]
    api.warehouse.released.set()


def test_a_listing_is_paged(api: Api) -> None:
    made = [api.execute()["Id"] for _ in range(3)]
    first = api.call("ListStatements", WorkgroupName=WORKGROUP, MaxResults=2)
    api.execute()
    second = api.call("ListStatements", WorkgroupName=WORKGROUP, MaxResults=2, NextToken=first["NextToken"])
    assert [line["Id"] for line in first["Statements"] + second["Statements"]] == made[::-1]
    assert "NextToken" not in second
    stranger = api.refused("ListStatements", MING, WorkgroupName=WORKGROUP, NextToken=first["NextToken"])
    assert stranger.code == "ValidationException"


# What may be asked


@pytest.mark.parametrize("seconds", [0, 31, -1])
def test_wait_time_is_from_1_to_30_seconds(api: Api, seconds: int) -> None:
    assert api.not_executed(WaitTimeSeconds=seconds) == "ValidationException"
    statement = api.execute()["Id"]
    for operation in ("DescribeStatement", "GetStatementResult", "GetStatementResultV2"):
        assert api.refused(operation, Id=statement, WaitTimeSeconds=seconds).code == "ValidationException"


@pytest.mark.parametrize(
    "wrong",
    [
        {"WorkgroupName": "no-such-workgroup"},
        {"ClusterIdentifier": "cluster"},
        {"Database": ""},
        {"ResultFormat": "XML"},
        {"ClusterIdentifier": "cluster", "WorkgroupName": ""},
    ],
    ids=str,
)
def test_wrong_targets_and_options_are_refused(api: Api, wrong: dict[str, Any]) -> None:
    assert api.not_executed(as_=ADMIN, **wrong) == "ValidationException"


def test_an_unknown_workgroup_looks_like_a_forbidden_one_to_a_person(api: Api) -> None:
    assert api.not_executed(WorkgroupName="no-such-workgroup") == "AccessDeniedException"


def test_what_is_not_implemented_never_looks_like_success(api: Api) -> None:
    assert api.not_executed(WithEvent=True) == "NotImplemented"


def test_a_statement_is_at_most_100_kb(api: Api) -> None:
    assert api.not_executed("select '" + "é" * 51_200 + "'") == "ValidationException"
    assert api.execute("select '" + "x" * 102_000 + "'")["Status"] == "FINISHED"


def test_an_empty_statement_is_refused(api: Api) -> None:
    assert api.not_executed(" \n") == "ValidationException"


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("select :a", [{"name": "b", "value": "1"}]),
        ("select ':a'", [{"name": "a", "value": "1"}]),
        ('select ":a"', [{"name": "a", "value": "1"}]),
        ("select 1 -- :a", [{"name": "a", "value": "1"}]),
        ("select 1 /* :a */", [{"name": "a", "value": "1"}]),
        # each comment that does not end reaches to the end: searched one by one, they would take minutes
        ("select 1 " + "/* :a " * 16_000, [{"name": "a", "value": "1"}]),
        ("select x::a", [{"name": "a", "value": "1"}]),
        ("select :a", [{"name": "a", "value": ""}]),
        ("select :a", [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]),
        ("select :a", [{"name": "a; drop table t", "value": "1"}]),
        ("select 1", []),
    ],
)
def test_misused_parameters_are_refused(api: Api, sql: str, parameters: list[dict[str, str]]) -> None:
    assert api.not_executed(sql, Parameters=parameters) == "ValidationException"


def test_a_parameter_after_text_with_quotes_counts_as_used(api: Api) -> None:
    sql = "select 'it''s', \":x\", y::int /* :z */ from t where c = :city"
    answer = api.execute(sql, Parameters=[{"name": "city", "value": "Lima' or 1=1 --"}])
    described = api.call("DescribeStatement", Id=answer["Id"])
    assert api.warehouse.bound == [{"city": "Lima' or 1=1 --"}]
    assert described["QueryParameters"] == [{"name": "city", "value": "Lima' or 1=1 --"}]
    assert described["QueryString"] == sql


@given(st.text(max_size=200))
def test_no_text_upsets_the_search_for_parameters(sql: str) -> None:
    api = Api()
    code = "ran"
    try:
        api.execute(sql, Parameters=[{"name": "a", "value": "1"}])
    except AwsError as error:
        code = error.code
    assert code == "ValidationException" or (code == "ran" and ":a" in sql)


@pytest.mark.parametrize("statement", ["1", "x" * 36, "../../etc", NOBODYS_ID.upper(), f"{NOBODYS_ID}:x"])
def test_an_id_that_is_none_is_refused(api: Api, statement: str) -> None:
    assert api.refused("DescribeStatement", Id=statement).code == "ValidationException"


def test_a_client_token_starts_one_statement(api: Api) -> None:
    first = api.execute(ClientToken="once")
    assert api.execute(ClientToken="once")["Id"] == first["Id"]
    assert len(api.warehouse.users) == 1
    with pytest.raises(AwsError) as other:
        api.execute("select 2", ClientToken="once")
    assert other.value.code == "ValidationException"
    assert api.execute(as_=MING, ClientToken="once")["Id"] != first["Id"]
    api.now += 8 * 3600 + 1
    assert api.execute(ClientToken="once")["Id"] != first["Id"]


def test_active_statements_are_limited() -> None:
    api = Api(active_statements=2)
    under_way = [api.execute("wait", WaitTimeSeconds=None)["Id"] for _ in range(2)]
    with pytest.raises(AwsError) as refused:
        api.execute()
    assert refused.value.code == "ActiveStatementsExceededException"
    api.warehouse.released.set()
    for statement in under_way:
        api.call("DescribeStatement", Id=statement, WaitTimeSeconds=30)
    for _ in range(3):
        assert api.execute()["Status"] == "FINISHED"


def ids(api: Api) -> list[str]:
    return [
        each["Id"] for each in api.call("ListStatements", WorkgroupName=WORKGROUP, Status="ALL")["Statements"]
    ]


def test_of_too_many_statements_the_oldest_that_are_over_are_forgotten() -> None:
    api = Api(kept_statements=3)
    first = api.execute("wait", WaitTimeSeconds=None)["Id"]
    over = [api.execute(ClientToken=f"token {number}")["Id"] for number in range(4)]
    assert ids(api) == [*reversed(over[-2:]), first]
    gone = api.refused("GetStatementResult", Id=over[0])
    assert gone.code == "ResourceNotFoundException"
    assert api.execute(ClientToken="token 3")["Id"] == over[3]
    assert api.execute(ClientToken="token 0")["Id"] != over[0]
    api.warehouse.released.set()
    assert api.call("DescribeStatement", Id=first, WaitTimeSeconds=30)["Status"] == "FINISHED"


def test_the_texts_of_statements_are_bounded_together() -> None:
    api = Api(kept_characters=100)
    found = [api.execute("select " + "1" * 33)["Id"] for _ in range(4)]
    assert ids(api) == [found[3], found[2]]
    longest = api.execute("select " + "1" * 200)["Id"]
    assert ids(api) == [longest]


def test_a_token_outlives_the_statement_that_had_it_before() -> None:
    api = Api(kept_statements=2)
    api.execute(ClientToken="again")
    api.now += 8 * 3600 + 1
    later = api.execute(ClientToken="again")["Id"]
    api.execute()
    assert api.execute(ClientToken="again")["Id"] == later
