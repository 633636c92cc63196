"""Redshift's own application in IAM Identity Center, and the groups that may use it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.provision.errors import ProvisioningError
from infra.provision.resources.identity_center import MANAGED_APPLICATION, REDSHIFT_APPLICATION
from infra.provision.resources.resource import Found, Ids, Owner, Resource, State, made, owner_by, upper
from infra.provision.specification.spec import Spec

if TYPE_CHECKING:
    from mypy_boto3_identitystore import IdentityStoreClient
    from mypy_boto3_redshift import RedshiftClient
    from mypy_boto3_redshift.type_defs import RedshiftIdcApplicationTypeDef
    from mypy_boto3_sso_admin import SSOAdminClient

_OWNER = "owner of redshift_application_arn"
# On an application of others: a group that was assigned to it here.
_NOTE = "rowlight:assigned:"


@dataclass(frozen=True)
class RedshiftApplication(Resource):
    """Redshift's connection to IAM Identity Center."""

    redshift: "RedshiftClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"Redshift's application {self.spec.redshift_application}"

    @property
    def _role(self) -> str:
        return self.spec.role_arn(self.spec.redshift_role)

    def find(self, ids: Ids) -> Found | None:
        pages = self.redshift.get_paginator("describe_redshift_idc_applications").paginate()
        for known in (known for page in pages for known in page["RedshiftIdcApplications"]):
            if known.get("RedshiftIdcApplicationName") == self.spec.redshift_application:
                owner = owner_by(known.get("Tags", []), self.spec.application)
                # Which role an application of others has is theirs to say.
                role = known.get("IamRoleArn") if owner is Owner.US else self._role
                state = {"IamRoleArn": role, "IdentityNamespace": known.get("IdentityNamespace")}
                return Found(state, owner, gives={**_gives(known), _OWNER: owner.value})
        return None

    def wanted(self, ids: Ids) -> State:
        return {"IamRoleArn": self._role, "IdentityNamespace": self.spec.identity_namespace}

    def create(self, ids: Ids) -> Found:
        tags: Any = upper(self.spec.application)
        created = self.redshift.create_redshift_idc_application(
            IdcInstanceArn=self.spec.instance_arn,
            RedshiftIdcApplicationName=self.spec.redshift_application,
            IdcDisplayName=self.spec.redshift_application,
            IdentityNamespace=self.spec.identity_namespace,
            IamRoleArn=self._role,
            Tags=tags,
        )["RedshiftIdcApplication"]
        return made({**_gives(created), _OWNER: Owner.US.value})

    def change(self, ids: Ids, found: Found) -> None:
        if found.owner is Owner.OTHERS:
            raise ProvisioningError(
                f"Redshift's application {self.spec.redshift_application} names its roles"
                f" {found.state['IdentityNamespace']}:…, not {self.spec.identity_namespace}:…, and others may"
                f" depend on that: write that name as identity_center.namespace, then apply again."
            )
        drift: dict[str, Any] = {
            name: value for name, value in self.wanted(ids).items() if found.state[name] != value
        }
        self.redshift.modify_redshift_idc_application(
            RedshiftIdcApplicationArn=found.gives[REDSHIFT_APPLICATION], **drift
        )

    def remove(self, ids: Ids) -> None:
        self.redshift.delete_redshift_idc_application(RedshiftIdcApplicationArn=ids[REDSHIFT_APPLICATION])


def _gives(known: "RedshiftIdcApplicationTypeDef") -> dict[str, str]:
    return {
        REDSHIFT_APPLICATION: known["RedshiftIdcApplicationArn"],
        MANAGED_APPLICATION: known["IdcManagedApplicationArn"],
    }


@dataclass(frozen=True)
class Groups(Resource):
    """Each of the groups may use Redshift's application; those that were added by hand are left alone."""

    sso: "SSOAdminClient"
    store: "IdentityStoreClient"
    redshift: "RedshiftClient"
    spec: Spec
    _ids: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def title(self) -> str:
        return "groups of Redshift's application"

    def find(self, ids: Ids) -> Found | None:
        if MANAGED_APPLICATION not in ids:
            return None
        assigned = self._assigned(ids)
        noted = ids[_OWNER] == Owner.OTHERS.value and self._noted(ids)
        groups = [name for name in self.spec.group_names if assigned and self._id(name) in assigned]
        return Found({"groups": groups}, Owner.US if noted else Owner.WHOLE)

    def _assigned(self, ids: Ids) -> set[str]:
        pages = self.sso.get_paginator("list_application_assignments").paginate(
            ApplicationArn=ids[MANAGED_APPLICATION]
        )
        return {each["PrincipalId"] for page in pages for each in page["ApplicationAssignments"]}

    def _noted(self, ids: Ids) -> list[str]:
        pages = self.redshift.get_paginator("describe_tags").paginate(ResourceName=ids[REDSHIFT_APPLICATION])
        tags = [each["Tag"] for page in pages for each in page["TaggedResources"] if "Tag" in each]
        ours = [tag for tag in tags if tag.get("Value") == self.spec.application]
        return [key.removeprefix(_NOTE) for tag in ours if (key := tag.get("Key", "")).startswith(_NOTE)]

    def wanted(self, ids: Ids) -> State:
        for name in self.spec.group_names:
            if not self._id(name):
                raise ProvisioningError(
                    f"The group {name} is not in IAM Identity Center: let the identity provider push its"
                    f" groups there first (SCIM), or take it out of the groups."
                )
        return {"groups": list(self.spec.group_names)}

    def create(self, ids: Ids) -> Found:
        self.change(ids, Found({"groups": []}, Owner.WHOLE))
        return made()

    def change(self, ids: Ids, found: Found) -> None:
        for name in self.spec.group_names:
            if name in found.state["groups"]:
                continue
            if ids[_OWNER] == Owner.OTHERS.value:
                note: Any = {"Key": f"{_NOTE}{self._id(name)}", "Value": self.spec.application}
                self.redshift.create_tags(ResourceName=ids[REDSHIFT_APPLICATION], Tags=[note])
            self.sso.create_application_assignment(
                ApplicationArn=ids[MANAGED_APPLICATION], PrincipalId=self._id(name), PrincipalType="GROUP"
            )

    def remove(self, ids: Ids) -> None:
        """Takes the groups away that were assigned here to an application of others."""
        assigned = self._assigned(ids)
        for group in self._noted(ids):
            if group in assigned:
                self.sso.delete_application_assignment(
                    ApplicationArn=ids[MANAGED_APPLICATION], PrincipalId=group, PrincipalType="GROUP"
                )
            self.redshift.delete_tags(ResourceName=ids[REDSHIFT_APPLICATION], TagKeys=[f"{_NOTE}{group}"])

    def _id(self, name: str) -> str:
        """The group's id; empty where the identity store does not have it."""
        if name not in self._ids:
            attribute: Any = {"AttributePath": "displayName", "AttributeValue": name}
            try:
                self._ids[name] = self.store.get_group_id(
                    IdentityStoreId=self.spec.identity_store_id,
                    AlternateIdentifier={"UniqueAttribute": attribute},
                )["GroupId"]
            except self.store.exceptions.ResourceNotFoundException:
                return ""
        return self._ids[name]
