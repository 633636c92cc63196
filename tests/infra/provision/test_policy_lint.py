"""A linter finds nothing in any policy but what is listed here with its reason."""

import re

import boto3
import pytest

from tests.infra.provision.documents import VARIANTS, Document, documents, spec
from tests.infra.provision.linter import findings

# Each kind of finding, with what it may be about, and why it is none.
KNOWN = {
    # IAM names these keys after the provider, so that no list has them.
    "UNKNOWN_CONDITION_FOR_ACTION": (
        r"Unknown condition example\.okta\.com/oauth2/default:(aud|sub|email)"
        r" for action sts:AssumeRoleWithWebIdentity"
    ),
    # The linter's list is of 2025: two actions are younger, two AWS documents for actor policies alone.
    "UNKNOWN_ACTION": (
        r"Unknown action (redshift(-serverless)?:GetIdentityCenterAuthToken"
        r"|sso-oauth:(Introspect|Revoke)TokenWithIAM)"
    ),
    # Roles that are taken are what this chain is about; each statement names its role.
    "CREDENTIALS_EXPOSURE": r"\['sts:assumerole(withwebidentity)?'\]",
}
# What whoever provisions may, beside that.
KNOWN_OF_ADMINISTRATORS = {
    # They make the roles of the chain, and hand Redshift its own; each statement names these roles.
    "PERMISSIONS_MANAGEMENT_ACTIONS": r"\['(iam|redshift):[a-z]+'(, '(iam|redshift):[a-z]+')*\]",
    # AWS's own policies and kinds of application have "aws" where an account would be.
    "INVALID_ARN": "Account expected to be of form like 123456789012",
}
ALL = {
    f"{variant}: {document.title}": document
    for variant, variant_spec in VARIANTS.items()
    for document in documents(variant_spec)
}


@pytest.mark.parametrize("name", ALL)
def test_the_linter_finds_nothing(name: str) -> None:
    known = {**KNOWN, **(KNOWN_OF_ADMINISTRATORS if "administrator" in name else {})}
    for kind, what in findings(ALL[name]):
        assert re.fullmatch(known.get(kind, "nothing"), what), (kind, what)


@pytest.mark.parametrize("service", ["redshift", "redshift-serverless"])
def test_what_the_linter_does_not_know_aws_does(service: str) -> None:
    operations = boto3.client(service, region_name="us-east-1").meta.service_model.operation_names
    assert "GetIdentityCenterAuthToken" in operations


FAULTY = {
    "an action that there is not": ({"Action": "sts:AssumeRolle"}, "UNKNOWN_ACTION"),
    "a resource of another kind": ({"Resource": "arn:aws:s3:::bucket"}, "RESOURCE_MISMATCH"),
    "every resource": ({"Resource": "*"}, "RESOURCE_STAR"),
    "a condition of another action": (
        {"Condition": {"StringEquals": {"s3:prefix": "x"}}},
        "UNKNOWN_CONDITION_FOR_ACTION",
    ),
    "an operator that there is not": (
        {"Condition": {"StringEqual": {"sts:ExternalId": "x"}}},
        "UNKNOWN_OPERATOR",
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_the_linter_sees_a_fault(fault: str) -> None:
    change, kind = FAULTY[fault]
    statement = {
        "Sid": "TakeDataRole",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": spec().role_arn("RedshiftDataAPIClientRole"),
        **change,
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    found = findings(Document("Faulty", "", policy, "permissions"))
    assert any(each == kind and not re.fullmatch(KNOWN.get(kind, "nothing"), what) for each, what in found)
