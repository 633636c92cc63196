"""Redshift's integrations with IAM Identity Center."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.aws.applications import REDSHIFT, Applications
from infra.local.aws.iam import Iam, IamAuthorizer
from infra.local.aws.identity_center import IdentityCenter
from infra.local.aws.model import AwsError, Call
from infra.local.aws.paging import page_of_records
from infra.local.aws.service_roles import take
from infra.local.aws.states import PutBack, keeping
from infra.local.aws.tags import Tags
from infra.local.aws.wire import not_implemented
from infra.local.config import ACCOUNT_ID, REGION, ROLE_NAMESPACE
from infra.local.warehouse import IdentityProvider

Members = Mapping[str, Any]
# Kept and shown, as given.
_KEPT = (
    "RedshiftIdcApplicationName",
    "IdcInstanceArn",
    "IdentityNamespace",
    "IdcDisplayName",
    "IamRoleArn",
    "AuthorizedTokenIssuerList",
    "ServiceIntegrations",
)


@dataclass
class RedshiftApplication:
    """An integration of Redshift with the instance."""

    arn: str
    managed_application_arn: str
    given: dict[str, Any]


class RedshiftApplications:
    """The part of the redshift service that connects it with Identity Center."""

    def __init__(
        self, *, iam: Iam, identity_center: IdentityCenter, applications: Applications, tags: Tags
    ) -> None:
        self._iam = iam
        self._tags = tags
        self._identity_center = identity_center
        self._store = applications
        self._kept: dict[str, RedshiftApplication] = {}
        self.operations: Mapping[str, Callable[[Call], Members]] = {
            "CreateRedshiftIdcApplication": self.create,
            "DescribeRedshiftIdcApplications": self.describe,
            "ModifyRedshiftIdcApplication": self.modify,
            "DeleteRedshiftIdcApplication": self.delete,
        }

    def keep(self) -> PutBack:
        """Keeps what there is; what is returned puts it back."""
        return keeping(self, "_kept")

    def arns(self) -> frozenset[str]:
        """The ARNs of every integration."""
        return frozenset(self._kept)

    def exists(self, arn: str) -> bool:
        """Whether there is an integration with this ARN."""
        return arn in self._kept

    def is_managed(self, application_arn: str) -> bool:
        """Whether an application of Identity Center is an integration's."""
        return any(kept.managed_application_arn == application_arn for kept in list(self._kept.values()))

    def provider(self, arn: str) -> IdentityProvider:
        """What a warehouse that is made with the integration knows of it."""
        application = self._kept[arn]
        return IdentityProvider(
            name=application.given["RedshiftIdcApplicationName"],
            namespace=application.given["IdentityNamespace"],
            application_arn=application.managed_application_arn,
            iam_role=application.given["IamRoleArn"],
            integrated=True,
        )

    def role_of(self, provider: IdentityProvider) -> str:
        """The role by which a warehouse asks Identity Center: the integration's, or the provider's own."""
        roles = (
            kept.given["IamRoleArn"]
            for kept in list(self._kept.values())
            if provider.integrated and kept.managed_application_arn == provider.application_arn
        )
        return next(roles, provider.iam_role)

    def may_look_up(self, role_arn: str, application_arn: str) -> bool:
        """Whether Redshift can take the role, and may look up the instance and the application in it."""
        authorize = IamAuthorizer(self._iam)
        try:
            redshift = take(self._iam, role_arn, actions=("sts:AssumeRole", "sts:SetContext"))
            authorize(redshift, "sso:DescribeInstance", self._identity_center.instance_arn)
            authorize(redshift, "sso:DescribeApplication", application_arn)
        except (LookupError, AwsError):
            return False
        return True

    def create(self, call: Call) -> Members:
        asked = {"IdentityNamespace": ROLE_NAMESPACE, **call.parameters}
        tags = asked.pop("Tags", [])
        if asked.get("ApplicationType") == "None":
            del asked["ApplicationType"]
        unsupported = sorted(set(asked) - set(_KEPT))
        if unsupported:
            raise not_implemented("redshift", f"CreateRedshiftIdcApplication with {unsupported[0]}")
        if asked["IdcInstanceArn"] != self._identity_center.instance_arn:
            raise AwsError("DependentServiceAccessDenied", "The Identity Center instance cannot be reached.")
        self._check(asked)
        name = asked["RedshiftIdcApplicationName"]
        if any(kept.given["RedshiftIdcApplicationName"] == name for kept in list(self._kept.values())):
            raise AwsError("RedshiftIdcApplicationAlreadyExists", f"{name} exists already.")
        self._tags.check(tags)
        arn = f"arn:aws:redshift:{REGION}:{ACCOUNT_ID}:redshiftidcapplication:{uuid.uuid4()}"
        managed = self._store.add(name, REDSHIFT, {})
        if not self.may_look_up(asked["IamRoleArn"], managed.arn):
            self._store.remove(managed.arn)
            raise AwsError("DependentServiceAccessDenied", "The IAM role cannot look up Identity Center.")
        self._kept[arn] = RedshiftApplication(arn, managed.arn, asked)
        self._tags.add(arn, tags)
        return {"RedshiftIdcApplication": self._members(self._kept[arn])}

    def _check(self, asked: Members) -> None:
        try:
            self._iam.role(asked["IamRoleArn"])
        except LookupError as error:
            raise AwsError("DependentServiceAccessDenied", "The IAM role does not exist.") from error
        for issuer in asked.get("AuthorizedTokenIssuerList", []):
            if issuer.get("TrustedTokenIssuerArn") not in self._store.issuers:
                raise AwsError("InvalidParameterValue", "A trusted token issuer does not exist.")

    def describe(self, call: Call) -> Members:
        if "RedshiftIdcApplicationArn" in call.parameters:
            found = [self._application(call)]
        else:
            found = list(self._kept.values())
        shown = [self._members(application) for application in found]
        return page_of_records(shown, call.parameters, "RedshiftIdcApplications")

    def modify(self, call: Call) -> Members:
        application = self._application(call)
        changes = {name: value for name, value in call.parameters.items() if name in _KEPT}
        self._check({**application.given, **changes})
        role = changes.get("IamRoleArn")
        if role is not None and not self.may_look_up(role, application.managed_application_arn):
            raise AwsError("DependentServiceAccessDenied", "The IAM role cannot look up Identity Center.")
        application.given = {**application.given, **changes}
        return {"RedshiftIdcApplication": self._members(application)}

    def delete(self, call: Call) -> Members:
        application = self._application(call)
        self._store.remove(application.managed_application_arn)
        del self._kept[application.arn]
        self._tags.forget(application.arn)
        return {}

    def _application(self, call: Call) -> RedshiftApplication:
        try:
            return self._kept[call.parameters["RedshiftIdcApplicationArn"]]
        except KeyError as error:
            raise AwsError(
                "RedshiftIdcApplicationNotExists", "The Redshift application does not exist.", 404
            ) from error

    def _members(self, application: RedshiftApplication) -> Members:
        tags = self._tags.of(application.arn)
        return {
            **application.given,
            "RedshiftIdcApplicationArn": application.arn,
            "IdcManagedApplicationArn": application.managed_application_arn,
            "IdcOnboardStatus": "ACTIVE",
            **({"Tags": tags} if tags else {}),
        }
