"""COPY reads S3 with the permissions of a role of the namespace, whoever runs it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.local.stack import ARTICLE_BUCKET
from tests import outside

ROLE = "RedshiftDataLoadRole"


@pytest.fixture(scope="module")
def account(env: dict[str, str]) -> dict[str, Any]:
    """The administrator's clients, and a file in a bucket of which COPY may read another folder."""
    keys = outside.administrator(env)
    clients = {name: outside.aws(env, name, keys) for name in ("iam", "s3", "redshift-data")}
    clients["s3"].put_object(Bucket=ARTICLE_BUCKET, Key="elsewhere/rows.csv", Body=b"1\n2\n")
    return clients


def copy(
    env: dict[str, str], account: dict[str, Any], location: str, role: str = "default"
) -> dict[str, Any]:
    sql = f"COPY public.sales_data (sku) FROM '{location}' IAM_ROLE {role} CSV"
    answer: dict[str, Any] = outside.run(
        account["redshift-data"], env, sql, SecretArn=env["ADMIN_SECRET_ARN"]
    )
    return answer


@contextmanager
def trusting(account: dict[str, Any], service: str) -> Iterator[None]:
    """The role while it trusts another service."""
    iam = account["iam"]
    before = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    other = json.dumps(before).replace("redshift", service)
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=other)
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(before))


@pytest.mark.parametrize(
    "place", ["elsewhere/rows.csv", "elsewhere/", "redshift-data-api", "redshift-data-api-idc-of-others/"]
)
def test_what_the_role_may_not_read_is_not_copied(
    env: dict[str, str], account: dict[str, Any], place: str
) -> None:
    answer = copy(env, account, f"s3://{ARTICLE_BUCKET}/{place}")
    assert answer["Status"] == "FAILED"
    assert "Access Denied" in answer["Error"]


def test_another_bucket_is_not_read(env: dict[str, str], account: dict[str, Any]) -> None:
    assert "Access Denied" in copy(env, account, "s3://another-bucket/sales_data/")["Error"]


@pytest.mark.parametrize("name", ["RedshiftDataAPIClientRole", "Nobody", "redshiftdataloadrole"])
def test_a_role_that_is_not_the_namespaces_is_not_taken(
    env: dict[str, str], account: dict[str, Any], name: str
) -> None:
    role = f"'arn:aws:iam::123456789012:role/{name}'"
    answer = copy(env, account, f"s3://{env['S3_BUCKET']}/sales_data/", role)
    assert answer["Status"] == "FAILED"
    assert "is not associated to cluster" in answer["Error"]


def test_a_role_of_the_namespace_can_be_named(env: dict[str, str], account: dict[str, Any]) -> None:
    role = f"'arn:aws:iam::123456789012:role/{ROLE}'"
    assert "is not associated" not in copy(env, account, "s3://another-bucket/rows/", role)["Error"]
    assert "does not exist" in copy(env, account, f"s3://{env['S3_BUCKET']}/nothing", role)["Error"]


def test_a_role_that_does_not_trust_redshift_is_not_taken(
    env: dict[str, str], account: dict[str, Any]
) -> None:
    with trusting(account, "lambda"):
        answer = copy(env, account, f"s3://{env['S3_BUCKET']}/sales_data/")
    assert answer["Status"] == "FAILED"
    assert "not authorized to assume IAM Role" in answer["Error"]


@contextmanager
def trusting_user(account: dict[str, Any], user_arn: str) -> Iterator[None]:
    """The role while it is taken for one database user alone."""
    iam = account["iam"]
    before = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    condition = {"StringEquals": {"sts:ExternalId": user_arn}}
    narrowed = {**before, "Statement": [{**each, "Condition": condition} for each in before["Statement"]]}
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(narrowed))
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(before))


@pytest.mark.parametrize(("user", "taken"), [("admin", True), ("ethan", False)])
def test_the_role_is_taken_for_the_database_user_who_copies(
    env: dict[str, str], account: dict[str, Any], user: str, *, taken: bool
) -> None:
    arn = f"arn:aws:redshift:us-east-1:123456789012:dbuser:redshift-tip-enabled/{user}"
    with trusting_user(account, arn):
        answer = copy(env, account, f"s3://{env['S3_BUCKET']}/nothing")
    assert ("not authorized to assume IAM Role" not in answer["Error"]) == taken
    assert ("does not exist" in answer["Error"]) == taken
