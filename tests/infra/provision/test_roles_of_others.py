"""A role that is there already is not opened to people together with what else it may."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from infra.provision.apply import apply
from infra.provision.destroy import destroy, survey
from infra.provision.errors import ProvisioningError
from infra.provision.plan import plan
from infra.provision.specification.spec import Spec

EC2 = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
Given = Callable[[Any, str], Any]


def attached(iam: Any, role: str) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def inline(iam: Any, role: str) -> None:
    iam.put_role_policy(RoleName=role, PolicyName="Theirs", PolicyDocument=json.dumps(EVERYTHING))


def silent(_: str) -> None:
    """Says nothing."""


@pytest.mark.parametrize("give", [attached, inline])
@pytest.mark.parametrize("role", ["bridge_role", "data_role", "load_role", "redshift_role"])
def test_a_role_of_others_that_may_more_is_refused(
    empty_account: boto3.Session, empty_spec: Spec, role: str, give: Given
) -> None:
    iam, name = empty_account.client("iam"), getattr(empty_spec, role)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(EC2))
    give(iam, name)
    for does in (plan, apply):
        with pytest.raises(ProvisioningError, match=f"{name} .*(AdministratorAccess|Theirs)"):
            does(empty_spec, empty_account, silent)
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == EC2


def test_what_was_made_before_the_refusal_is_taken_away_and_the_role_stays(
    empty_account: boto3.Session, empty_spec: Spec
) -> None:
    iam = empty_account.client("iam")
    iam.create_role(RoleName=empty_spec.bridge_role, AssumeRolePolicyDocument=json.dumps(EC2))
    attached(iam, empty_spec.bridge_role)
    with pytest.raises(ProvisioningError):
        apply(empty_spec, empty_account)
    destroy(survey(empty_spec, empty_account, silent), silent)
    assert [each["RoleName"] for each in iam.list_roles()["Roles"]] == [empty_spec.bridge_role]
    (kept,) = iam.list_attached_role_policies(RoleName=empty_spec.bridge_role)["AttachedPolicies"]
    assert kept["PolicyName"] == "AdministratorAccess"


def test_one_that_may_nothing_else_is_taken(empty_account: boto3.Session, empty_spec: Spec) -> None:
    iam = empty_account.client("iam")
    iam.create_role(RoleName=empty_spec.bridge_role, AssumeRolePolicyDocument=json.dumps(EC2))
    apply(empty_spec, empty_account)
    assert apply(empty_spec, empty_account).changes == ()
