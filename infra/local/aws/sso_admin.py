"""IAM Identity Center's administration: the instance, trusted token issuers, and applications.

Kept in memory. The one instance is there from the start; permission sets and account access are not played.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from infra.local.aws.application_operations import ApplicationOperations, check_instance, not_found, paged
from infra.local.aws.applications import Applications, TokenIssuer, token_issuer_arn, token_issuer_members
from infra.local.aws.identity_center import ATTRIBUTE_PATHS, IdentityCenter
from infra.local.aws.model import AwsError, Call
from infra.local.aws.wire import not_implemented

Members = Mapping[str, Any]


class SsoAdmin:
    """The sso-admin service."""

    def __init__(self, *, identity_center: IdentityCenter, applications: Applications) -> None:
        self._identity_center = identity_center
        self._store = applications
        self.operations: Mapping[str, Callable[[Call], Members]] = {
            "ListInstances": self.list_instances,
            "DescribeInstance": self.describe_instance,
            "CreateTrustedTokenIssuer": self._administered(self.create_issuer),
            "DescribeTrustedTokenIssuer": self._administered(self.describe_issuer),
            "UpdateTrustedTokenIssuer": self._administered(self.update_issuer),
            "ListTrustedTokenIssuers": self._administered(self.list_issuers),
            "DeleteTrustedTokenIssuer": self._administered(self.delete_issuer),
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.list_tags,
            **ApplicationOperations(identity_center=identity_center, applications=applications).operations,
        }

    def list_instances(self, call: Call) -> Members:
        gone = self._identity_center.conditions.instance_status == "none"
        return paged([] if gone else [self._instance()], call, "Instances")

    def describe_instance(self, call: Call) -> Members:
        check_instance(self._identity_center, call)
        return self._instance()

    def _instance(self) -> Members:
        center = self._identity_center
        return {
            "InstanceArn": center.instance_arn,
            "IdentityStoreId": center.identity_store_id,
            "OwnerAccountId": center.conditions.instance_owner,
            "CreatedDate": datetime.fromtimestamp(center.created_at, UTC),
            "Status": center.conditions.instance_status,
        }

    def _administered(self, operation: Callable[[Call], Members]) -> Callable[[Call], Members]:
        """An operation that is the owner's, or that of whom the owner lets administer."""

        def checked(call: Call) -> Members:
            self._identity_center.check_administered()
            return operation(call)

        return checked

    def create_issuer(self, call: Call) -> Members:
        check_instance(self._identity_center, call)
        self._store.tags.check(call.parameters.get("Tags", []))
        return self._store.once(call, lambda: self._create_issuer(call))

    def _create_issuer(self, call: Call) -> Members:
        name = call.parameters["Name"]
        asked = call.parameters["TrustedTokenIssuerConfiguration"]["OidcJwtConfiguration"]
        for issuer in list(self._store.issuers.values()):
            if name == issuer.name or asked["IssuerUrl"] == issuer.url:
                raise AwsError("ConflictException", "There is an issuer of this name or URL already.")
        _check_paths(asked)
        issuer = TokenIssuer(
            arn=token_issuer_arn(self._identity_center),
            name=name,
            url=asked["IssuerUrl"],
            claim_path=asked["ClaimAttributePath"],
            attribute_path=asked["IdentityStoreAttributePath"],
        )
        self._store.issuers[issuer.arn] = issuer
        self._store.tags.add(issuer.arn, call.parameters.get("Tags", []))
        return {"TrustedTokenIssuerArn": issuer.arn}

    def _issuer(self, call: Call) -> TokenIssuer:
        arn = call.parameters["TrustedTokenIssuerArn"]
        try:
            return self._store.issuers[arn]
        except KeyError as error:
            raise not_found("TrustedTokenIssuer", arn) from error

    def describe_issuer(self, call: Call) -> Members:
        return token_issuer_members(self._issuer(call))

    def update_issuer(self, call: Call) -> Members:
        issuer = self._issuer(call)
        asked = call.parameters.get("TrustedTokenIssuerConfiguration", {}).get("OidcJwtConfiguration", {})
        _check_paths(asked)
        issuer.name = call.parameters.get("Name", issuer.name)
        issuer.claim_path = asked.get("ClaimAttributePath", issuer.claim_path)
        issuer.attribute_path = asked.get("IdentityStoreAttributePath", issuer.attribute_path)
        return {}

    def list_issuers(self, call: Call) -> Members:
        check_instance(self._identity_center, call)
        found = [
            {
                "TrustedTokenIssuerArn": issuer.arn,
                "Name": issuer.name,
                "TrustedTokenIssuerType": "OIDC_JWT",
            }
            for issuer in list(self._store.issuers.values())
        ]
        return paged(found, call, "TrustedTokenIssuers")

    def delete_issuer(self, call: Call) -> Members:
        # Applications may name it still: their people get no tokens any more.
        arn = self._issuer(call).arn
        del self._store.issuers[arn]
        self._store.tags.forget(arn)
        return {}

    # Tags.

    def tag(self, call: Call) -> Members:
        self._store.tags.add(self._tagged(call), call.parameters["Tags"])
        return {}

    def untag(self, call: Call) -> Members:
        self._store.tags.remove(self._tagged(call), call.parameters["TagKeys"])
        return {}

    def list_tags(self, call: Call) -> Members:
        return paged(self._store.tags.of(self._tagged(call)), call, "Tags")

    def _tagged(self, call: Call) -> str:
        if "InstanceArn" in call.parameters:
            check_instance(self._identity_center, call)
        arn = str(call.parameters["ResourceArn"])
        if arn not in {self._identity_center.instance_arn, *self._store.arns(), *self._store.issuers}:
            raise not_found("Resource", arn)
        return arn


def _check_paths(asked: Mapping[str, str]) -> None:
    path = asked.get("IdentityStoreAttributePath", ATTRIBUTE_PATHS[0])
    if path not in ATTRIBUTE_PATHS:
        raise not_implemented("sso-admin", f"A mapping to {path}")
