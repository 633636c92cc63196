"""The endpoint as a whole: its own pages, its log, awscli, bodies that nobody would send."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from infra.local.aws import wire
from infra.local.aws.model import AwsError
from tests.infra.local.aws.conftest import refusal


def test_the_runners_pages_answer_this_machine_alone(world):
    url = f"{world.served.url}/_local/env"
    assert httpx.get(url).json() == {"SETTING": "of the runner"}
    for host in ("evil.example", f"evil.example:{world.served.port}", "localhost.evil.example", "", "[::"):
        assert httpx.get(url, headers={"Host": host}).status_code in (400, 403)
    assert httpx.get(url, headers={"Host": "127.0.0.1:1"}).status_code == 200
    assert httpx.post(url).status_code == 405
    assert httpx.get(f"{world.served.url}/_local/other").status_code == 404


def test_health_is_told_once_it_is_so(world):
    url = f"{world.served.url}/_local/health"
    assert httpx.get(url).status_code == 503
    world.served.say("ready")
    assert httpx.get(url).json() == {"status": "ready"}


def test_the_log_has_no_secret(world):
    keys = world.person()
    token = world.issuer.token()
    answer = world.exchange(token)
    refusal(world.exchange, token=token)
    refusal(world.served.client("sts", {**keys, "SecretAccessKey": "x"}).get_caller_identity)
    logged = world.served.log_file.read_text()
    assert "sso-oidc CreateTokenWithIAM by arn:aws:sts::123456789012:assumed-role/Bridge" in logged
    secrets = (
        token,
        answer["accessToken"],
        answer["refreshToken"],
        answer["awsAdditionalDetails"]["identityContext"],
        keys["SecretAccessKey"],
        keys["SessionToken"],
        world.served.secret,
    )
    assert [secret for secret in secrets if secret in logged] == []


@pytest.mark.parametrize("length", [str(wire.MAX_BODY_BYTES + 1), "-1", "many"])
def test_a_body_without_bound_is_not_read(length):
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": length}
    with pytest.raises(AwsError) as caught:
        wire.read(environ)
    assert caught.value.code == "EntityTooLarge"


@pytest.mark.parametrize(
    "body", [b"[]", b"nothing", b'"text"', b"{" * 100_000, b"\xff\xfe", b'{"Unknown": 1}']
)
def test_a_body_that_is_no_object_is_refused(world, body):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    headers = {
        "X-Amz-Target": "SWBExternalService.ListInstances",
        "Content-Type": "application/x-amz-json-1.1",
    }
    request = AWSRequest("POST", f"{world.served.url}/", data=body, headers=headers)
    SigV4Auth(Credentials(world.served.key, world.served.secret), "sso", "us-east-1").add_auth(request)
    answer = httpx.post(request.url, content=body, headers=dict(request.headers))
    assert answer.status_code == 400
    assert answer.json()["__type"] in ("SerializationException", "ValidationException")


def test_a_value_is_not_repeated_in_the_error_about_it(world):
    password = "a-password-of-the-wrong-type"
    client = world.served.client("redshift-serverless", parameter_validation=False)
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.create_namespace(namespaceName="wrong", adminUserPassword=[password])
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert password not in str(caught.value)


def awscli(world, *arguments):
    return subprocess.run(
        [sys.executable, Path(sys.executable).with_name("aws"), *arguments],
        env={
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": world.served.url,
            "AWS_ACCESS_KEY_ID": world.served.key,
            "AWS_SECRET_ACCESS_KEY": world.served.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_awscli_needs_the_endpoints_address_alone(world, tmp_path):
    shown = awscli(world, "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert shown.stdout.strip() == "arn:aws:iam::123456789012:user/administrator"
    file = tmp_path / "rows.csv"
    file.write_bytes(b"x" * 9_000_000)  # more than one part
    assert awscli(world, "s3", "mb", "s3://from-awscli").returncode == 0
    copied = awscli(world, "s3", "cp", str(file), "s3://from-awscli/rows.csv")
    assert copied.returncode == 0, copied.stderr
    assert "9000000 rows.csv" in awscli(world, "s3", "ls", "s3://from-awscli/").stdout
    assert "NotImplemented" in awscli(world, "cloudformation", "list-stacks").stderr
