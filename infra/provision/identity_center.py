"""IAM Identity Center: whose tokens are exchanged, at which application, for whom, for what."""

from typing import TYPE_CHECKING, Any

from infra.provision import policies
from infra.provision.errors import ProvisioningError
from infra.provision.roles import Changed
from infra.provision.spec import Spec

if TYPE_CHECKING:
    from mypy_boto3_identitystore import IdentityStoreClient
    from mypy_boto3_sso_admin import SSOAdminClient

CUSTOM = "arn:aws:sso::aws:applicationProvider/custom"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CONNECT = "redshift:connect"


def ensure_token_issuer(sso: "SSOAdminClient", spec: Spec, changed: Changed) -> str:
    """The provider's tokens are trusted, by the e-mail address in them; returns the issuer's ARN."""
    mapping = {
        "ClaimAttributePath": "email",
        "IdentityStoreAttributePath": "emails.value",
        "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
    }
    pages = sso.get_paginator("list_trusted_token_issuers").paginate(InstanceArn=spec.instance_arn)
    for issuer in (issuer for page in pages for issuer in page["TrustedTokenIssuers"]):
        if issuer.get("Name") == spec.token_issuer:
            _converge_token_issuer(sso, spec, issuer["TrustedTokenIssuerArn"], mapping, changed)
            return issuer["TrustedTokenIssuerArn"]
    configuration: Any = {"OidcJwtConfiguration": {"IssuerUrl": spec.issuer, **mapping}}
    created = sso.create_trusted_token_issuer(
        InstanceArn=spec.instance_arn,
        Name=spec.token_issuer,
        TrustedTokenIssuerType="OIDC_JWT",
        TrustedTokenIssuerConfiguration=configuration,
    )
    changed(f"trusted token issuer {spec.token_issuer}")
    return created["TrustedTokenIssuerArn"]


def _converge_token_issuer(
    sso: "SSOAdminClient", spec: Spec, arn: str, mapping: dict[str, str], changed: Changed
) -> None:
    known: dict[str, Any] = dict(
        sso.describe_trusted_token_issuer(TrustedTokenIssuerArn=arn)["TrustedTokenIssuerConfiguration"][
            "OidcJwtConfiguration"
        ]
    )
    if known.pop("IssuerUrl") != spec.issuer:
        raise ProvisioningError(
            f"The trusted token issuer {spec.token_issuer} is for another issuer, and AWS cannot change that:"
            f" delete it in IAM Identity Center, or give this one another name."
        )
    if known != mapping:
        configuration: Any = {"OidcJwtConfiguration": mapping}
        sso.update_trusted_token_issuer(
            TrustedTokenIssuerArn=arn, TrustedTokenIssuerConfiguration=configuration
        )
        changed(f"mapping of trusted token issuer {spec.token_issuer}")


def ensure_application(sso: "SSOAdminClient", spec: Spec, changed: Changed) -> str:
    """The customer-managed application exists; returns its ARN."""
    pages = sso.get_paginator("list_applications").paginate(InstanceArn=spec.instance_arn)
    found = [
        application["ApplicationArn"]
        for page in pages
        for application in page["Applications"]
        if application.get("Name") == spec.application and application.get("ApplicationProviderArn") == CUSTOM
    ]
    if len(found) > 1:
        raise ProvisioningError(
            f"IAM Identity Center has {len(found)} applications named {spec.application}: delete those that"
            f" are not used, or give this one another name."
        )
    if found:
        return found[0]
    created = sso.create_application(
        InstanceArn=spec.instance_arn,
        ApplicationProviderArn=CUSTOM,
        Name=spec.application,
        Description="Sales dashboards on Amazon Redshift",
        PortalOptions={"Visibility": "DISABLED"},
        Status="ENABLED",
    )
    changed(f"application {spec.application}")
    return created["ApplicationArn"]


def configure_application(
    sso: "SSOAdminClient", spec: Spec, arn: str, *, token_issuer_arn: str, target_arn: str, changed: Changed
) -> None:
    """The application takes this issuer's tokens from the bridge role, and opens Redshift alone."""
    _ensure_actors(sso, spec, arn, changed)
    jwt_bearer = {
        "AuthorizedTokenIssuers": [
            {"TrustedTokenIssuerArn": token_issuer_arn, "AuthorizedAudiences": [spec.client_id]}
        ]
    }
    _ensure_grant(sso, arn, JWT_BEARER, {"JwtBearer": jwt_bearer}, changed)
    _ensure_grant(sso, arn, "refresh_token", {"RefreshToken": {}}, changed)
    _ensure_scope(sso, arn, target_arn, changed)
    _ensure_assignment_rule(sso, arn, required=spec.assignment_required, changed=changed)


def _ensure_actors(sso: "SSOAdminClient", spec: Spec, arn: str, changed: Changed) -> None:
    wanted = policies.actors(spec)
    try:
        known = sso.get_application_authentication_method(ApplicationArn=arn, AuthenticationMethodType="IAM")[
            "AuthenticationMethod"
        ]
    except sso.exceptions.ResourceNotFoundException:
        known = {}
    if policies.same(known.get("Iam", {}).get("ActorPolicy"), wanted):
        return
    method: Any = {"Iam": {"ActorPolicy": wanted}}
    sso.put_application_authentication_method(
        ApplicationArn=arn, AuthenticationMethodType="IAM", AuthenticationMethod=method
    )
    changed("actor policy of the application")


def _ensure_grant(
    sso: "SSOAdminClient", arn: str, grant_type: Any, wanted: dict[str, Any], changed: Changed
) -> None:
    try:
        known: Any = sso.get_application_grant(ApplicationArn=arn, GrantType=grant_type)["Grant"]
    except sso.exceptions.ResourceNotFoundException:
        known = None
    if policies.same(known, wanted):
        return
    grant: Any = wanted
    sso.put_application_grant(ApplicationArn=arn, GrantType=grant_type, Grant=grant)
    changed(f"grant {grant_type.rpartition(':')[2]} of the application")


def _ensure_scope(sso: "SSOAdminClient", arn: str, target_arn: str, changed: Changed) -> None:
    try:
        known = sso.get_application_access_scope(ApplicationArn=arn, Scope=CONNECT).get("AuthorizedTargets")
    except sso.exceptions.ResourceNotFoundException:
        known = None
    if known != [target_arn]:
        sso.put_application_access_scope(ApplicationArn=arn, Scope=CONNECT, AuthorizedTargets=[target_arn])
        changed(f"access scope {CONNECT} of the application")


def _ensure_assignment_rule(sso: "SSOAdminClient", arn: str, *, required: bool, changed: Changed) -> None:
    known = sso.get_application_assignment_configuration(ApplicationArn=arn)["AssignmentRequired"]
    if known != required:
        sso.put_application_assignment_configuration(ApplicationArn=arn, AssignmentRequired=required)
        changed("assignment rule of the application")


def ensure_assignments(
    sso: "SSOAdminClient", store: "IdentityStoreClient", spec: Spec, arn: str, changed: Changed
) -> None:
    """Each of the groups may use the application; groups that were added by hand are left alone."""
    pages = sso.get_paginator("list_application_assignments").paginate(ApplicationArn=arn)
    assigned = {each["PrincipalId"] for page in pages for each in page["ApplicationAssignments"]}
    for group in spec.group_names:
        group_id = _group_id(store, spec, group)
        if group_id not in assigned:
            sso.create_application_assignment(ApplicationArn=arn, PrincipalId=group_id, PrincipalType="GROUP")
            changed(f"group {group} of Redshift's application")


def _group_id(store: "IdentityStoreClient", spec: Spec, group: str) -> str:
    name: Any = {"AttributePath": "displayName", "AttributeValue": group}
    try:
        return store.get_group_id(
            IdentityStoreId=spec.identity_store_id, AlternateIdentifier={"UniqueAttribute": name}
        )["GroupId"]
    except store.exceptions.ResourceNotFoundException as error:
        raise ProvisioningError(
            f"The group {group} is not in IAM Identity Center: let the identity provider push its groups"
            f" there first (SCIM), or take it out of the groups."
        ) from error
