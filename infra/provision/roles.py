"""IAM: the identity provider and the roles."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.provision.errors import ProvisioningError
from infra.provision.policies import Policy, same
from infra.provision.spec import Spec

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

Changed = Callable[[str], None]

_HOST_POLICY = "RowlightHost"
# A role that was made a moment ago is not yet a principal everywhere.
_ATTEMPTS = 10
_PAUSE_SECONDS = 3


def ensure_provider(iam: "IAMClient", spec: Spec, changed: Changed) -> None:
    """IAM knows the OpenID Connect provider, with this app among its audiences."""
    try:
        known = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=spec.provider_arn)
    except iam.exceptions.NoSuchEntityException:
        iam.create_open_id_connect_provider(Url=spec.issuer, ClientIDList=[spec.client_id])
        changed(f"identity provider {spec.issuer_name}")
        return
    # Other audiences are left alone: other apps may share the provider.
    if spec.client_id not in known["ClientIDList"]:
        iam.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=spec.provider_arn, ClientID=spec.client_id
        )
        changed(f"audience {spec.client_id} of {spec.issuer_name}")


def ensure_role(iam: "IAMClient", name: str, *, trust: Policy, description: str, changed: Changed) -> None:
    """The role exists and trusts exactly this."""
    try:
        known = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    except iam.exceptions.NoSuchEntityException:
        _with_new_principals(
            lambda: iam.create_role(
                RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Description=description
            )
        )
        iam.get_waiter("role_exists").wait(RoleName=name)
        changed(f"role {name}")
        return
    if not same(known, trust):
        _with_new_principals(
            lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        )
        changed(f"trust of {name}")


def ensure_permissions(iam: "IAMClient", name: str, permissions: Policy, changed: Changed) -> None:
    """The role has exactly these permissions: whatever else was added to it is taken away."""
    wanted = f"{name}Permissions"
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=name)
    inline = {policy for page in pages for policy in page["PolicyNames"]}
    _ensure_inline(iam, name, wanted, permissions, known=wanted in inline, changed=changed)
    for extra in sorted(inline - {wanted}):
        iam.delete_role_policy(RoleName=name, PolicyName=extra)
        changed(f"permissions of {name}: {extra} removed")
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for policy in page["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
            changed(f"permissions of {name}: {policy['PolicyName']} detached")


def require_host_role(iam: "IAMClient", spec: Spec) -> None:
    """The host's role is there already: it belongs to the host, and is not made here."""
    if not spec.host_role_arn:
        return
    try:
        known = iam.get_role(RoleName=spec.host_role_name)["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        known = ""
    if known != spec.host_role_arn:
        raise ProvisioningError(
            f"There is no role {spec.host_role_arn}: make it together with the app's host (a task role, an"
            f" instance profile), then apply again."
        )


def ensure_host_permissions(iam: "IAMClient", spec: Spec, permissions: Policy, changed: Changed) -> None:
    """The host's role has these permissions, beside whatever else it has."""
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=spec.host_role_name)
    known = any(_HOST_POLICY in page["PolicyNames"] for page in pages)
    _ensure_inline(iam, spec.host_role_name, _HOST_POLICY, permissions, known=known, changed=changed)


def _ensure_inline(
    iam: "IAMClient", role: str, policy: str, wanted: Policy, *, known: bool, changed: Changed
) -> None:
    if not known or not same(_inline(iam, role, policy), wanted):
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(wanted))
        changed(f"permissions of {role}")


def _inline(iam: "IAMClient", role: str, policy: str) -> object:
    return iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]


def _with_new_principals(call: Callable[[], object]) -> None:
    """Repeats a call whose document names a role that is not known everywhere yet."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            call()
        except ClientError as error:
            unknown = "Invalid principal" in error.response["Error"]["Message"]
            if not unknown or attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
