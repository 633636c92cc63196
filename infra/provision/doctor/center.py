"""What doctor asks IAM Identity Center and its identity store."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.provision.doctor.context import Context, Waits

APPLICATION = "the application in IAM Identity Center"
Members = Mapping[str, Any]


def pages(client: Any, operation: str, member: str, **parameters: Any) -> list[Members]:
    """All that a list has, page by page."""
    found = client.get_paginator(operation).paginate(**parameters)
    return [each for page in found for each in page[member]]


def found_or(ask: Callable[[], Any], otherwise: Any) -> Any:
    """What is asked for, or the other where AWS says that it is not there."""
    try:
        return ask()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if "NotFound" not in code and code != "NoSuchEntity":
            raise
        return otherwise


def instances(context: Context) -> list[Members]:
    """The instances that the account sees in the region."""
    return pages(context.aws("sso-admin"), "list_instances", "Instances")


def instance(context: Context) -> Members:
    """The instance that the chain is about: the application's, else the only one."""
    seen = context.ask(instances)
    arn = context.chain.application_arn
    for each in seen:
        if arn and f"/{each['InstanceArn'].rpartition('/')[2]}/" in arn:
            return each
    if not seen:
        raise Waits("an instance of IAM Identity Center")
    return seen[0]


def application(context: Context) -> Members:
    """The application at which tokens are exchanged."""
    sso, arn = context.aws("sso-admin"), context.chain.application_arn
    if arn:
        found = found_or(lambda: sso.describe_application(ApplicationArn=arn), None)
    else:
        name = context.chain.spec.application if context.chain.spec else ""
        listed = pages(
            sso, "list_applications", "Applications", InstanceArn=context.ask(instance)["InstanceArn"]
        )
        found = next((each for each in listed if name and each.get("Name") == name), None)
    if found is None:
        raise Waits(APPLICATION)
    answer: Members = found
    return answer


def token_issuers(context: Context) -> list[Members]:
    """Every trusted token issuer with its configuration."""
    sso = context.aws("sso-admin")
    listed = pages(
        sso,
        "list_trusted_token_issuers",
        "TrustedTokenIssuers",
        InstanceArn=context.ask(instance)["InstanceArn"],
    )
    return [
        sso.describe_trusted_token_issuer(TrustedTokenIssuerArn=each["TrustedTokenIssuerArn"])
        for each in listed
    ]


def token_issuer(context: Context) -> Members:
    """The trusted token issuer of this issuer, to the slash."""
    wanted = context.need("issuer")
    for each in context.ask(token_issuers):
        if oidc(each).get("IssuerUrl") == wanted:
            return each
    raise Waits("a trusted token issuer for OIDC_ISSUER")


def grant(context: Context, kind: str) -> Members:
    """One of the application's grants; empty where it has none of the kind."""
    sso, arn = context.aws("sso-admin"), context.ask(application)["ApplicationArn"]
    found: Members = found_or(
        lambda: sso.get_application_grant(ApplicationArn=arn, GrantType=kind)["Grant"], {}
    )
    return found


def assigned(context: Context, arn: str) -> frozenset[tuple[str, str]]:
    """Who is assigned to an application: (USER or GROUP, id)."""
    sso = context.aws("sso-admin")
    listed = pages(sso, "list_application_assignments", "ApplicationAssignments", ApplicationArn=arn)
    return frozenset((each["PrincipalType"], each["PrincipalId"]) for each in listed)


def assignment_required(context: Context, arn: str) -> bool:
    """Whether an application lets in only those assigned."""
    sso = context.aws("sso-admin")
    return bool(sso.get_application_assignment_configuration(ApplicationArn=arn)["AssignmentRequired"])


def directory(context: Context) -> dict[str, str]:
    """The groups of the identity store: their ids by name."""
    store = context.aws("identitystore")
    listed = pages(store, "list_groups", "Groups", IdentityStoreId=context.ask(instance)["IdentityStoreId"])
    return {each["DisplayName"]: each["GroupId"] for each in listed if each.get("DisplayName")}


def oidc(issuer: Members) -> Members:
    configuration: Members = issuer["TrustedTokenIssuerConfiguration"]["OidcJwtConfiguration"]
    return configuration
