"""The operations of sso-admin on applications: grants, access scopes, authentication methods, assignments."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.aws.applications import (
    CUSTOM,
    JWT_BEARER,
    REDSHIFT_CONNECT,
    REFRESH_TOKEN,
    Application,
    Applications,
    application_members,
)
from infra.local.aws.identity_center import IdentityCenter
from infra.local.aws.model import AwsError, Call
from infra.local.aws.paging import page
from infra.local.aws.policy import MalformedPolicy, parse
from infra.local.aws.wire import not_implemented
from infra.local.config import ACCOUNT_ID

_GRANT_MEMBERS = {JWT_BEARER: "JwtBearer", REFRESH_TOKEN: "RefreshToken"}
_SCOPES = frozenset(
    {REDSHIFT_CONNECT, "sso:account:access", "lakeformation:query", "s3:access_grants:read_write"}
)
Members = Mapping[str, Any]


class ApplicationOperations:
    """The part of sso-admin that is about applications."""

    def __init__(self, *, identity_center: IdentityCenter, applications: Applications) -> None:
        self._identity_center = identity_center
        self._store = applications
        self.operations: Mapping[str, Callable[[Call], Members]] = {
            "CreateApplication": self.create_application,
            "DescribeApplication": self.describe_application,
            "UpdateApplication": self.update_application,
            "DeleteApplication": self.delete_application,
            "ListApplications": self.list_applications,
            "PutApplicationGrant": self.put_grant,
            "GetApplicationGrant": self.get_grant,
            "ListApplicationGrants": self.list_grants,
            "DeleteApplicationGrant": self.delete_grant,
            "PutApplicationAccessScope": self.put_scope,
            "GetApplicationAccessScope": self.get_scope,
            "ListApplicationAccessScopes": self.list_scopes,
            "DeleteApplicationAccessScope": self.delete_scope,
            "PutApplicationAuthenticationMethod": self.put_method,
            "GetApplicationAuthenticationMethod": self.get_method,
            "ListApplicationAuthenticationMethods": self.list_methods,
            "DeleteApplicationAuthenticationMethod": self.delete_method,
            "PutApplicationAssignmentConfiguration": self.put_assignment_configuration,
            "GetApplicationAssignmentConfiguration": self.get_assignment_configuration,
            "CreateApplicationAssignment": self.create_assignment,
            "DescribeApplicationAssignment": self.describe_assignment,
            "ListApplicationAssignments": self.list_assignments,
            "DeleteApplicationAssignment": self.delete_assignment,
        }

    # Applications.

    def create_application(self, call: Call) -> Members:
        check_instance(self._identity_center, call)
        asked = call.parameters
        if asked["ApplicationProviderArn"] != CUSTOM:
            raise not_found("ApplicationProvider", asked["ApplicationProviderArn"])
        self._store.tags.check(asked.get("Tags", []))
        return self._store.once(
            call, lambda: {"ApplicationArn": self._store.add(asked["Name"], CUSTOM, asked).arn}
        )

    def _application(self, call: Call) -> Application:
        arn = call.parameters["ApplicationArn"]
        try:
            return self._store.application(arn)
        except LookupError as error:
            raise not_found("Application", arn) from error

    def _own_application(self, call: Call) -> Application:
        application = self._application(call)
        if application.provider_arn != CUSTOM:
            raise AwsError("ConflictException", "The application is managed by an AWS service.")
        return application

    def describe_application(self, call: Call) -> Members:
        return self._members(self._application(call))

    def _members(self, application: Application) -> Members:
        center = self._identity_center
        return application_members(
            application, instance_arn=center.instance_arn, identity_store_arn=center.identity_store_arn
        )

    def update_application(self, call: Call) -> Members:
        application, asked = self._own_application(call), call.parameters
        if "PortalOptions" in asked:
            application.portal_options = {**(application.portal_options or {}), **asked["PortalOptions"]}
        application.name = asked.get("Name", application.name)
        application.description = asked.get("Description", application.description)
        application.enabled = asked.get("Status", "ENABLED" if application.enabled else "") == "ENABLED"
        return {}

    def delete_application(self, call: Call) -> Members:
        self._store.remove(self._own_application(call).arn)
        return {}

    def list_applications(self, call: Call) -> Members:
        check_instance(self._identity_center, call)
        wanted = call.parameters.get("Filter", {})
        found = [
            self._members(application)
            for application in self._store.applications()
            if wanted.get("ApplicationProvider", application.provider_arn) == application.provider_arn
            and wanted.get("ApplicationAccount", ACCOUNT_ID) == ACCOUNT_ID
        ]
        return paged(found, call, "Applications")

    # Grants.

    def put_grant(self, call: Call) -> Members:
        application, kind = self._own_application(call), call.parameters["GrantType"]
        grant = call.parameters["Grant"]
        if kind not in _GRANT_MEMBERS:
            raise not_implemented("sso-admin", f"PutApplicationGrant of {kind}")
        if set(grant) != {_GRANT_MEMBERS[kind]}:
            raise AwsError("ValidationException", f"A grant of this type has a {_GRANT_MEMBERS[kind]}.")
        for issuer in grant.get("JwtBearer", {}).get("AuthorizedTokenIssuers", []):
            if issuer.get("TrustedTokenIssuerArn") not in self._store.issuers:
                raise not_found("TrustedTokenIssuer", str(issuer.get("TrustedTokenIssuerArn")))
        application.grants[kind] = grant
        return {}

    def get_grant(self, call: Call) -> Members:
        kind = call.parameters["GrantType"]
        return {"Grant": _get(self._application(call).grants, kind, "Grant")}

    def list_grants(self, call: Call) -> Members:
        grants = self._application(call).grants
        return paged([{"GrantType": kind, "Grant": grant} for kind, grant in grants.items()], call, "Grants")

    def delete_grant(self, call: Call) -> Members:
        kind = call.parameters["GrantType"]
        _get(self._own_application(call).grants, kind, "Grant")
        del self._application(call).grants[kind]
        return {}

    # Access scopes.

    def put_scope(self, call: Call) -> Members:
        application, scope = self._own_application(call), call.parameters["Scope"]
        targets = tuple(call.parameters.get("AuthorizedTargets", ()))
        if scope not in _SCOPES:
            raise AwsError("ValidationException", f"The scope {scope} is not known.")
        for target in targets:
            if target != self._identity_center.instance_arn and target not in self._store.arns():
                raise not_found("Target", target)
        application.scopes[scope] = targets
        return {}

    def get_scope(self, call: Call) -> Members:
        scope = call.parameters["Scope"]
        return _scope(scope, _get(self._application(call).scopes, scope, "Scope"))

    def list_scopes(self, call: Call) -> Members:
        scopes = self._application(call).scopes
        return paged([_scope(scope, targets) for scope, targets in scopes.items()], call, "Scopes")

    def delete_scope(self, call: Call) -> Members:
        scope = call.parameters["Scope"]
        _get(self._own_application(call).scopes, scope, "Scope")
        del self._application(call).scopes[scope]
        return {}

    # Authentication methods: IAM is the one there is.

    def put_method(self, call: Call) -> Members:
        policy = call.parameters["AuthenticationMethod"]["Iam"]["ActorPolicy"]
        try:
            parse(json.dumps(policy))
        except MalformedPolicy as error:
            raise AwsError("ValidationException", f"ActorPolicy: {error}") from error
        self._own_application(call).actor_policy = policy
        return {}

    def get_method(self, call: Call) -> Members:
        return {"AuthenticationMethod": _method(self._policy(self._application(call)))}

    def list_methods(self, call: Call) -> Members:
        policy = self._application(call).actor_policy
        methods = [{"AuthenticationMethodType": "IAM", "AuthenticationMethod": _method(policy)}]
        return {"AuthenticationMethods": methods if policy is not None else []}

    def delete_method(self, call: Call) -> Members:
        application = self._own_application(call)
        self._policy(application)
        application.actor_policy = None
        return {}

    def _policy(self, application: Application) -> Members:
        if application.actor_policy is None:
            raise not_found("AuthenticationMethod", "IAM")
        return application.actor_policy

    # Assignments.

    def put_assignment_configuration(self, call: Call) -> Members:
        self._application(call).assignment_required = call.parameters["AssignmentRequired"]
        return {}

    def get_assignment_configuration(self, call: Call) -> Members:
        return {"AssignmentRequired": self._application(call).assignment_required}

    def create_assignment(self, call: Call) -> Members:
        application, principal = self._application(call), _principal(call)
        if not self._identity_center.has_principal(*principal):
            raise not_found(*principal)
        if principal in application.assignments:
            raise AwsError("ConflictException", "The assignment exists already.")
        application.assignments.add(principal)
        return {}

    def describe_assignment(self, call: Call) -> Members:
        application, principal = self._application(call), _principal(call)
        if principal not in application.assignments:
            raise not_found("Assignment", principal[1])
        return _assignment(application, principal)

    def list_assignments(self, call: Call) -> Members:
        application = self._application(call)
        found = [_assignment(application, principal) for principal in sorted(application.assignments)]
        return paged(found, call, "ApplicationAssignments")

    def delete_assignment(self, call: Call) -> Members:
        self.describe_assignment(call)
        self._application(call).assignments.discard(_principal(call))
        return {}


def check_instance(identity_center: IdentityCenter, call: Call) -> None:
    """Refuses an instance that is not the account's: asked for another's, Identity Center denies."""
    gone = identity_center.conditions.instance_status == "none"
    if gone or call.parameters["InstanceArn"] != identity_center.instance_arn:
        raise AwsError("AccessDeniedException", "You do not have access to this instance.")


def not_found(kind: str, name: str) -> AwsError:
    """The error for what is not there."""
    return AwsError("ResourceNotFoundException", f"{kind} {name} does not exist.")


def paged(items: list[Any], call: Call, member: str) -> Members:
    """The page of a list that a call asks for."""
    found, token = page(items, most=call.parameters.get("MaxResults"), token=call.parameters.get("NextToken"))
    return {member: found, **({"NextToken": token} if token else {})}


def _get(kept: Mapping[str, Any], name: str, kind: str) -> Any:
    if name not in kept:
        raise not_found(kind, name)
    return kept[name]


def _scope(scope: str, targets: tuple[str, ...]) -> Members:
    return {"Scope": scope, **({"AuthorizedTargets": list(targets)} if targets else {})}


def _method(policy: Members | None) -> Members:
    return {"Iam": {"ActorPolicy": policy}}


def _principal(call: Call) -> tuple[str, str]:
    return call.parameters["PrincipalType"], call.parameters["PrincipalId"]


def _assignment(application: Application, principal: tuple[str, str]) -> Members:
    return {
        "ApplicationArn": application.arn,
        "PrincipalType": principal[0],
        "PrincipalId": principal[1],
    }
