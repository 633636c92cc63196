"""The specification that the stand-in was provisioned by, and its administrator."""

import os
from collections.abc import Iterator

import boto3
import pytest

from infra.local.stack import ALSO_READABLE
from infra.provision.spec import Spec


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
