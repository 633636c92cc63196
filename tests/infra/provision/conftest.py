"""The specification that the stand-in was provisioned by, and its administrator."""

import os
from collections.abc import Iterator

import boto3
import pytest

from infra.provision.specification.spec import Spec
from tests.provisioned import specification


@pytest.fixture(scope="module")
def spec(env: dict[str, str]) -> Spec:
    return specification(env)


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
    return specification(empty, also_readable=(), session_table="rowlight-sessions")
