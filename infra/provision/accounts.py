"""What is looked up of the account, and not written down: its number, and its IAM Identity Center."""

from collections.abc import Mapping
from typing import Any

import boto3

from infra.provision.errors import ProvisioningError, SpecError
from infra.provision.spec import Spec

_MANDATORY = ("issuer", "client_id")


def complete(session: boto3.Session, given: Mapping[str, Any]) -> Spec:
    """The specification of what is given and of what the session's account has."""
    missing = [name for name in _MANDATORY if name not in given]
    if missing:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise SpecError(f"{names} is missing, and no specification's file gives it.")
    instances = session.client("sso-admin").list_instances()["Instances"]
    if len(instances) != 1:
        raise ProvisioningError(
            f"There must be one IAM Identity Center instance in {session.region_name}; there are"
            f" {len(instances)}. Enable it in the console of the region where Redshift is to be."
        )
    return Spec(
        **{
            "region": session.region_name or "",
            "account_id": session.client("sts").get_caller_identity()["Account"],
            "instance_arn": instances[0]["InstanceArn"],
            "identity_store_id": instances[0]["IdentityStoreId"],
            **given,
        }
    )
