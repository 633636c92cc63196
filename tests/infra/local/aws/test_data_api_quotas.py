"""The Data API: how often it may be called in a second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.aws.model import AwsError
from infra.local.aws.quotas import PER_SECOND, Quotas
from tests.infra.local.aws.known_warehouse import FRANK, MING, WORKGROUP, Api

STATEMENT = {"Sql": "select 1", "WorkgroupName": WORKGROUP, "Database": "dev"}


@pytest.mark.parametrize(
    ("operation", "calls"), [("ExecuteStatement", 30), ("DescribeStatement", 100), ("GetStatementResult", 20)]
)
def test_calls_beyond_the_quota_are_throttled(operation: str, calls: int) -> None:
    api = Api(quotas=True)
    parameters = STATEMENT
    if operation != "ExecuteStatement":
        parameters = {"Id": api.execute()["Id"]}
    for _ in range(calls):
        api.call(operation, **parameters)
    refused = api.refused(operation, **parameters)
    assert (refused.code, refused.status, refused.message) == ("ThrottlingException", 400, "Rate exceeded")
    api.now += 1 / calls + 1e-6
    api.call(operation, **parameters)
    assert api.refused(operation, **parameters).code == "ThrottlingException"


def test_a_quota_is_the_accounts_not_a_persons() -> None:
    api = Api(quotas=True)
    for _ in range(30):
        api.call("ExecuteStatement", FRANK, **STATEMENT)
    assert api.refused("ExecuteStatement", MING, **STATEMENT).code == "ThrottlingException"
    assert api.call("ListStatements", MING, WorkgroupName=WORKGROUP)["Statements"] == []


def test_without_quotas_nothing_is_throttled() -> None:
    api = Api()
    statement = api.execute()["Id"]
    for _ in range(200):
        api.call("DescribeStatement", Id=statement)


def test_every_operation_has_a_quota() -> None:
    assert set(Api().service.operations) == set(PER_SECOND)


@given(st.lists(st.floats(-5, 5), max_size=60))
def test_no_more_than_twice_a_seconds_calls_pass_in_any_second(steps: list[float]) -> None:
    now, passed = 1000.0, []
    quotas = Quotas(clock=lambda: now, per_second={"List": 3})
    for step in steps:
        now += max(step, 0.0) / 10
        try:
            quotas.take("List", account="1", region="here")
        except AwsError:
            continue
        passed.append(now)
    assert all(sum(then <= moment < then + 1 for moment in passed) <= 2 * 3 for then in passed)


@given(st.floats(-1e6, -1))
def test_a_clock_that_is_set_back_gives_no_more(back: float) -> None:
    now = 1000.0
    quotas = Quotas(clock=lambda: now, per_second={"List": 1})
    quotas.take("List", account="1", region="here")
    now += back
    with pytest.raises(AwsError):
        quotas.take("List", account="1", region="here")
