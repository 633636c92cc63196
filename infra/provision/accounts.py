"""What is looked up of the account, and not written down: its number, and its IAM Identity Center."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3

from infra.provision.errors import ProvisioningError, SpecError
from infra.provision.specification.spec import SESSION_TAGS, Spec

if TYPE_CHECKING:
    from mypy_boto3_sso_admin.type_defs import InstanceMetadataTypeDef

_MANDATORY = ("issuer", "client_id")


def complete(session: boto3.Session, given: Mapping[str, Any]) -> Spec:
    """The specification of what is given and of what the session's account has."""
    missing = [name for name in _MANDATORY if name not in given]
    if missing:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise SpecError(f"{names} is missing, and no specification's file gives it.")
    caller = session.client("sts").get_caller_identity()
    account = caller["Account"]
    found = {
        "region": session.region_name or "",
        "account_id": account,
        "partition": caller["Arn"].split(":")[1],
    }
    if given.get("propagation") != SESSION_TAGS:
        found |= _instance(session, account, given)
    return Spec(**{**found, **given})


def _instance(session: boto3.Session, account: str, given: Mapping[str, Any]) -> dict[str, str]:
    """The IAM Identity Center instance: the account's own, or the organization's that it may use."""
    pages = session.client("sso-admin").get_paginator("list_instances").paginate()
    listed = [instance for page in pages for instance in page["Instances"]]
    fitting = [instance for instance in listed if _fits(instance, given)]
    if len(fitting) != 1:
        raise ProvisioningError(_not_one(session, listed, fitting))
    (instance,) = fitting
    if instance.get("Status", "ACTIVE") != "ACTIVE":
        raise ProvisioningError(
            f"The IAM Identity Center instance {instance['InstanceArn']} is {instance['Status']}: wait until"
            f" it is ACTIVE, then run this again."
        )
    owner = instance.get("OwnerAccountId", account)
    return {
        "instance_arn": instance["InstanceArn"],
        "identity_store_id": instance["IdentityStoreId"],
        "instance_owner": "" if owner == account else owner,
    }


def _fits(instance: "InstanceMetadataTypeDef", given: Mapping[str, Any]) -> bool:
    wanted = {"InstanceArn": given.get("instance_arn"), "OwnerAccountId": given.get("instance_owner")}
    return all(not value or instance.get(name) == value for name, value in wanted.items())


def _not_one(
    session: boto3.Session,
    listed: list["InstanceMetadataTypeDef"],
    fitting: list["InstanceMetadataTypeDef"],
) -> str:
    told = ", ".join(
        f"{each['InstanceArn']} of account {each.get('OwnerAccountId', 'not told')}" for each in listed
    )
    if not listed:
        return (
            f"There is no IAM Identity Center instance in {session.region_name}: enable it in the console of"
            f" the region where Redshift is to be; in an organization, its management account does."
        )
    if not fitting:
        return f"No IAM Identity Center instance is like the one that the specification names: {told}."
    return f"There are {len(fitting)} instances: write one as identity_center.instance_arn: {told}."
