"""awscli and awswrangler, unmodified, against the endpoint."""

import json
import os
import subprocess
import sys
from pathlib import Path

import awswrangler as wr
import boto3
import pytest

from tests import outside

TOTAL = "SELECT sum(quantity * sales_price) AS sales FROM public.sales_data"


def environment(env, credentials) -> dict[str, str]:
    """What a person would export before calling a client: nothing of theirs, all of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return (
        kept
        | {
            "AWS_ENDPOINT_URL": env["AWS_ENDPOINT_URL"],
            "AWS_REGION": env["AWS_REGION"],
            "AWS_DEFAULT_REGION": env["AWS_REGION"],
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
        }
        | ({"AWS_SESSION_TOKEN": credentials["SessionToken"]} if "SessionToken" in credentials else {})
    )


def awscli(env, credentials, *arguments) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, Path(sys.executable).with_name("aws"), *arguments, "--output", "json"],
        env=environment(env, credentials),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def frank(env):
    return outside.credentials_of(env, "Frank Amer")


def test_awscli_runs_a_statement_as_the_person(env, frank):
    target = ("--workgroup-name", env["REDSHIFT_WORKGROUP"], "--database", env["REDSHIFT_DATABASE"])
    started = awscli(
        env, frank, "redshift-data", "execute-statement", *target, "--sql", TOTAL, "--wait-time-seconds", "20"
    )
    assert started.returncode == 0, started.stderr
    statement = json.loads(started.stdout)["Id"]
    result = awscli(env, frank, "redshift-data", "get-statement-result", "--id", statement)
    assert result.returncode == 0, result.stderr
    client = outside.aws(env, "redshift-data", frank)
    shown = json.loads(result.stdout)["Records"][0][0]["stringValue"]
    assert [(shown,)] == outside.rows(client, env, TOTAL)


def test_awscli_reads_the_error_by_its_name(env, frank):
    answer = awscli(
        env, frank, "redshift-data", "describe-statement", "--id", "0" * 8 + "-0000" * 3 + "-" + "0" * 12
    )
    assert answer.returncode != 0
    assert "ResourceNotFoundException" in answer.stderr


def test_awscli_administers_the_account(env):
    administrator = outside.administrator(env)
    for arguments, expected in (
        (("sts", "get-caller-identity"), "123456789012"),
        (("iam", "list-roles"), "IDCBridgeRole"),
        (("s3api", "list-buckets"), env["S3_BUCKET"]),
        (
            ("identitystore", "list-users", "--identity-store-id", env["IDENTITY_STORE_ID"]),
            "frank@example.com",
        ),
        (
            ("sso-admin", "list-applications", "--instance-arn", env["IDC_INSTANCE_ARN"]),
            env["IDC_APPLICATION_ARN"],
        ),
        (("redshift-serverless", "list-workgroups"), env["REDSHIFT_WORKGROUP"]),
    ):
        answer = awscli(env, administrator, *arguments)
        assert answer.returncode == 0, answer.stderr
        assert expected in answer.stdout


def test_awswrangler_reads_the_persons_rows(env, frank, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", env["AWS_ENDPOINT_URL"])
    session = boto3.Session(
        aws_access_key_id=frank["AccessKeyId"],
        aws_secret_access_key=frank["SecretAccessKey"],
        aws_session_token=frank["SessionToken"],
        region_name=env["AWS_REGION"],
    )
    connection = wr.data_api.redshift.connect(
        workgroup_name=env["REDSHIFT_WORKGROUP"], database=env["REDSHIFT_DATABASE"], boto3_session=session
    )
    frame = wr.data_api.redshift.read_sql_query(
        "SELECT city, sum(quantity) AS units FROM public.sales_data GROUP BY city ORDER BY 2 DESC, 1",
        connection,
    )
    client = outside.aws(env, "redshift-data", frank)
    assert len(frame) == outside.rows(client, env, "SELECT count(DISTINCT city) FROM public.sales_data")[0][0]
