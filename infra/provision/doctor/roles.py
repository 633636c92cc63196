"""What checks ask of IAM's roles: whether they are there, whom they trust, what they may do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from infra.provision.doctor import statements
from infra.provision.doctor.context import Context, Waits
from infra.provision.doctor.fault import Fault, Finding
from infra.provision.doctor.faults import iam as faults

# Google needs no provider in IAM: its name is the principal.
BUILT_IN = "accounts.google.com"


@dataclass(frozen=True)
class Role:
    """A role with its trust policy and its permissions boundary, if there is one."""

    arn: str
    trust: Mapping[str, Any] = field(hash=False)
    boundary: str = ""

    @property
    def name(self) -> str:
        return name_of(self.arn)


def name_of(arn: str) -> str:
    """A role's name, without its path."""
    return arn.rpartition("/")[2]


def find(context: Context, arn: str) -> Role | None:
    """The role of an ARN; None where there is none."""
    try:
        found = context.aws("iam").get_role(RoleName=name_of(arn))["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return None
    boundary = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    return Role(arn, found["AssumeRolePolicyDocument"], boundary) if found["Arn"] == arn else None


def role(context: Context, arn: str) -> Role:
    """The role of an ARN; waits where there is none."""
    found = context.ask(find, arn)
    if found is None:
        raise Waits(f"the role {name_of(arn)}")
    return found


def permissions(context: Context, arn: str) -> Mapping[str, Any]:
    """What a role's policies say, inline and attached, by their names."""
    context.ask(role, arn)
    iam, name = context.aws("iam"), name_of(arn)
    found = {}
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
        for policy in page["PolicyNames"]:
            found[policy] = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for policy in page["AttachedPolicies"]:
            found[policy["PolicyName"]] = context.ask(managed, policy["PolicyArn"])
    return found


def managed(context: Context, arn: str) -> Any:
    """A managed policy's document, in the version that counts."""
    iam = context.aws("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def exchanger(context: Context) -> str:
    """The role that exchanges the tokens: the bridge role, or the host's, which the data role trusts."""
    chain = context.chain
    if chain.bridge_role_arn:
        return chain.bridge_role_arn
    if chain.spec and chain.spec.host_role_arn:
        return chain.spec.host_role_arn
    trust = context.ask(role, context.need("data_role_arn")).trust
    for statement in statements.statements(trust):
        for principal in statements.principals(statement, "AWS"):
            if ":role/" in principal:
                return principal
    raise Waits("a role that the data role trusts")


def may(
    context: Context, arn: str, action: str, resource: str, *, otherwise: Fault, policy: str, document: str
) -> Iterator[Finding]:
    """The role is allowed an action: by its policies, against none of them, within its boundary."""
    documents = context.ask(permissions, arn).values()
    boundary = context.ask(role, arn).boundary
    told: dict[str, Any] = {"role": name_of(arn), "action": action, "resource": resource}
    if statements.denies(documents, action, resource):
        yield faults.DENIED.found(f"{told['role']} is denied {action} on {resource}.", **told)
    elif not statements.allows(documents, action, resource):
        yield otherwise.found(
            f"No policy of {told['role']} allows {action} on {resource}.",
            role=told["role"],
            policy=policy,
            document=document,
        )
    elif boundary and not statements.allows([context.ask(managed, boundary)], action, resource):
        yield faults.BOUNDED.found(
            f"{boundary} does not allow {action} on {resource}.", boundary=boundary, **told
        )
