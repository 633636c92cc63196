"""The specification that the stand-in was provisioned by, and its administrator."""

import os
from collections.abc import Iterator

import boto3
import pytest

from infra.local.stack import ALSO_READABLE
from infra.provision.specification.spec import Spec


@pytest.fixture(scope="module")
def spec(env: dict[str, str]) -> Spec:
    return Spec(
        region=env["AWS_REGION"],
        account_id="123456789012",
        instance_arn=env["IDC_INSTANCE_ARN"],
        identity_store_id=env["IDENTITY_STORE_ID"],
        issuer=env["OIDC_ISSUER"],
        client_id=env["OIDC_CLIENT_ID"],
        data_bucket=env["S3_BUCKET"],
        also_readable=ALSO_READABLE,
    )


@pytest.fixture(scope="module")
def session(env: dict[str, str]) -> Iterator[boto3.Session]:
    """The administrator's, as any client of AWS would have it: from the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ENDPOINT_URL", env["AWS_ENDPOINT_URL"])
        patch.setenv("AWS_ACCESS_KEY_ID", env["ADMIN_AWS_ACCESS_KEY_ID"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", env["ADMIN_AWS_SECRET_ACCESS_KEY"])
        patch.setenv("AWS_REGION", env["AWS_REGION"])
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        yield boto3.Session(region_name=env["AWS_REGION"])


@pytest.fixture
def empty_account(empty: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """The administrator's session of an account where nothing is provisioned."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", empty["AWS_ENDPOINT_URL"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", empty["ADMIN_AWS_ACCESS_KEY_ID"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", empty["ADMIN_AWS_SECRET_ACCESS_KEY"])
    monkeypatch.setenv("AWS_REGION", empty["AWS_REGION"])
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    return boto3.Session(region_name=empty["AWS_REGION"])


@pytest.fixture
def empty_spec(empty: dict[str, str]) -> Spec:
    """What is asked for there."""
    return Spec(
        region=empty["AWS_REGION"],
        account_id="123456789012",
        instance_arn=empty["IDC_INSTANCE_ARN"],
        identity_store_id=empty["IDENTITY_STORE_ID"],
        issuer=empty["OIDC_ISSUER"],
        client_id=empty["OIDC_CLIENT_ID"],
        data_bucket=empty["S3_BUCKET"],
        session_table="rowlight-sessions",
    )
