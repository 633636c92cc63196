"""The Data API over HTTP: many who wait for statements keep nobody else from being answered."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from infra.local.aws.data_api import DataApi
from infra.local.aws.statements import WAITING_REQUESTS
from tests import outside
from tests.infra.local.aws.test_data_api_served import ENDLESS

STATEMENTS = 12
WAITING = STATEMENTS * WAITING_REQUESTS


@pytest.fixture
def waiting(stack):
    """How many requests wait at this moment."""
    service = stack.endpoint._services["redshift-data"]
    assert isinstance(service, DataApi)
    return lambda: sum(each.waiting for each in service._statements._kept.values())


def test_more_than_a_hundred_who_wait_keep_nobody_from_being_answered(env, waiting):
    keys = outside.credentials_of(env, "Frank Amer")
    frank = outside.aws(env, "redshift-data", keys, max_pool_connections=WAITING)
    target = {"WorkgroupName": env["REDSHIFT_WORKGROUP"], "Database": env["REDSHIFT_DATABASE"]}
    ids = [frank.execute_statement(Sql=ENDLESS, **target)["Id"] for _ in range(STATEMENTS)]
    with ThreadPoolExecutor(WAITING) as pool:
        polls = [
            pool.submit(frank.describe_statement, Id=each, WaitTimeSeconds=30)
            for each in ids * WAITING_REQUESTS
        ]
        try:
            while waiting() < WAITING:
                assert not any(poll.done() for poll in polls)
                time.sleep(0.01)
            assert httpx.get(f"{env['AWS_ENDPOINT_URL']}/_local/health").status_code == 200
            ming = outside.aws(env, "redshift-data", outside.credentials_of(env, "Ming Apac"))
            assert outside.rows(ming, env, "SELECT 1 AS one") == [(1,)]
        finally:
            for each in ids:
                frank.cancel_statement(Id=each)
        assert {poll.result()["Status"] for poll in polls} == {"ABORTED"}
