"""IAM: the identity provider and the roles."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.provision.errors import ProvisioningError
from infra.provision.iam.policies import Policy, same
from infra.provision.resources.resource import (
    Found,
    Ids,
    Owner,
    Resource,
    State,
    as_policy,
    made,
    owner_by,
    upper,
)
from infra.provision.specification.spec import Spec

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

HOST_POLICY = "RowlightHost"
# A role that was made a moment ago is not yet a principal everywhere.
_ATTEMPTS = 10
_PAUSE_SECONDS = 3


@dataclass(frozen=True)
class Provider(Resource):
    """The OpenID Connect provider, with this app among its audiences."""

    iam: "IAMClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"identity provider {self.spec.issuer_name}"

    @property
    def _note(self) -> dict[str, str]:
        """On a provider of others: that its audience was added here."""
        return {"Key": f"rowlight:audience-of:{self.spec.application}"[:128], "Value": self.spec.client_id}

    def find(self, ids: Ids) -> Found | None:
        try:
            known = self.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=self.spec.provider_arn)
        except self.iam.exceptions.NoSuchEntityException:
            return None
        tags: list[Any] = list(known.get("Tags", []))
        owner = Owner.US if self._note in tags else owner_by(tags, self.spec.application)
        # Other audiences are left alone: other apps may share the provider.
        audiences = [each for each in known["ClientIDList"] if each == self.spec.client_id]
        return Found({"audiences": audiences}, owner)

    def wanted(self, ids: Ids) -> State:
        return {"audiences": [self.spec.client_id]}

    def create(self, ids: Ids) -> Found:
        tags: Any = upper(self.spec.application)
        self.iam.create_open_id_connect_provider(
            Url=self.spec.issuer, ClientIDList=[self.spec.client_id], Tags=tags
        )
        return made()

    def change(self, ids: Ids, found: Found) -> None:
        arn = self.spec.provider_arn
        if found.owner is Owner.OTHERS:
            note: Any = self._note
            self.iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=[note])
        self.iam.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=arn, ClientID=self.spec.client_id
        )

    def remove(self, ids: Ids) -> None:
        """Takes the provider away, or from one that others use the audience alone."""
        arn = self.spec.provider_arn
        known = self.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        made_here = owner_by(known.get("Tags", []), self.spec.application) is Owner.US
        if made_here and set(known["ClientIDList"]) <= {self.spec.client_id}:
            self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
            return
        self.iam.remove_client_id_from_open_id_connect_provider(
            OpenIDConnectProviderArn=arn, ClientID=self.spec.client_id
        )
        keys = [self._note["Key"], *(tag["Key"] for tag in upper(self.spec.application))]
        self.iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=keys)


@dataclass(frozen=True)
class Role(Resource):
    """A role that trusts exactly this."""

    iam: "IAMClient"
    spec: Spec
    name: str
    trust: Policy
    description: str

    @property
    def title(self) -> str:
        return f"role {self.name}"

    def find(self, ids: Ids) -> Found | None:
        try:
            known = self.iam.get_role(RoleName=self.name)["Role"]
        except self.iam.exceptions.NoSuchEntityException:
            return None
        owner = owner_by(known.get("Tags", []), self.spec.application)
        trust = as_policy(known["AssumeRolePolicyDocument"])
        return Found({"trust": trust}, owner, gives={self.title: owner.value})

    def wanted(self, ids: Ids) -> State:
        if ids[self.title] == Owner.OTHERS.value:
            self._require_nothing_else()
        return {"trust": self.trust}

    def _require_nothing_else(self) -> None:
        """Refuses a role of others that may more than is known here: it would be opened with all of that."""
        inline = [name for name in _inline_names(self.iam, self.name) if name != permissions_name(self.name)]
        more = [*inline, *(arn.rpartition("/")[2] for arn in _attached(self.iam, self.name))]
        if more:
            raise ProvisioningError(
                f"The role {self.name} is there already, was not made here, and has policies of its own"
                f" ({', '.join(more)[:300]}): whoever comes to take it would have them, too. Take them away"
                f" from it, or give this role another name under [roles]; then apply again."
            )

    def create(self, ids: Ids) -> Found:
        tags: Any = upper(self.spec.application)
        _with_new_principals(
            lambda: self.iam.create_role(
                RoleName=self.name,
                AssumeRolePolicyDocument=json.dumps(self.trust),
                Description=self.description,
                Tags=tags,
            )
        )
        self.iam.get_waiter("role_exists").wait(RoleName=self.name)
        return made({self.title: Owner.US.value})

    def change(self, ids: Ids, found: Found) -> None:
        _with_new_principals(
            lambda: self.iam.update_assume_role_policy(
                RoleName=self.name, PolicyDocument=json.dumps(self.trust)
            )
        )

    def remove(self, ids: Ids) -> None:
        for policy in _inline_names(self.iam, self.name):
            self.iam.delete_role_policy(RoleName=self.name, PolicyName=policy)
        for arn in _attached(self.iam, self.name):
            self.iam.detach_role_policy(RoleName=self.name, PolicyArn=arn)
        self.iam.delete_role(RoleName=self.name)


@dataclass(frozen=True)
class Permissions(Resource):
    """What a role may do: exactly this. A role of others that may more has been refused before."""

    iam: "IAMClient"
    role: str
    policy: Callable[[Ids], Policy]

    @property
    def title(self) -> str:
        return f"permissions of {self.role}"

    @property
    def _name(self) -> str:
        return permissions_name(self.role)

    def find(self, ids: Ids) -> Found | None:
        try:
            names = _inline_names(self.iam, self.role)
        except self.iam.exceptions.NoSuchEntityException:
            return None
        attached = _attached(self.iam, self.role)
        if ids[f"role {self.role}"] != Owner.US.value:
            names, attached = [name for name in names if name == self._name], []
        policies = {name: _inline(self.iam, self.role, name) for name in names}
        return Found(_permissions(policies, attached), Owner.WHOLE)

    def wanted(self, ids: Ids) -> State:
        return _permissions({self._name: self.policy(ids)}, [])

    def create(self, ids: Ids) -> Found:
        _put(self.iam, self.role, self._name, self.policy(ids))
        return made()

    def change(self, ids: Ids, found: Found) -> None:
        if not same(found.state["policies"].get(self._name), self.policy(ids)):
            _put(self.iam, self.role, self._name, self.policy(ids))
        for extra in sorted(found.state["policies"].keys() - {self._name}):
            self.iam.delete_role_policy(RoleName=self.role, PolicyName=extra)
        for arn in found.state.get("attached", []):
            self.iam.detach_role_policy(RoleName=self.role, PolicyArn=arn)


def permissions_name(role: str) -> str:
    """What the role's own policy is called."""
    return f"{role}Permissions"


def _permissions(policies: Mapping[str, Any], attached: list[str]) -> State:
    return {"policies": policies, **({"attached": attached} if attached else {})}


@dataclass(frozen=True)
class HostPermissions(Resource):
    """What the role of the app's host may do for the app, beside whatever else it may."""

    iam: "IAMClient"
    spec: Spec
    policy: Callable[[Ids], Policy]

    @property
    def title(self) -> str:
        return f"permissions {HOST_POLICY} of {self.spec.host_role_name}"

    def find(self, ids: Ids) -> Found | None:
        try:
            names = _inline_names(self.iam, self.spec.host_role_name)
        except self.iam.exceptions.NoSuchEntityException:
            return None
        if HOST_POLICY not in names:
            return None
        policy = _inline(self.iam, self.spec.host_role_name, HOST_POLICY)
        return Found({"policy": policy}, Owner.US)

    def wanted(self, ids: Ids) -> State:
        return {"policy": self.policy(ids)}

    def create(self, ids: Ids) -> Found:
        _put(self.iam, self.spec.host_role_name, HOST_POLICY, self.policy(ids))
        return made()

    def change(self, ids: Ids, found: Found) -> None:
        self.create(ids)

    def remove(self, ids: Ids) -> None:
        self.iam.delete_role_policy(RoleName=self.spec.host_role_name, PolicyName=HOST_POLICY)


@dataclass(frozen=True)
class HostRole(Resource):
    """The host's own role: it belongs to the host, and is there already."""

    iam: "IAMClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"the host's role {self.spec.host_role_name}"

    @property
    def missing(self) -> str:
        return (
            f"There is no role {self.spec.host_role_arn}: make it together with the app's host (a task role,"
            f" an instance profile), then apply again."
        )

    def find(self, ids: Ids) -> Found | None:
        try:
            known = self.iam.get_role(RoleName=self.spec.host_role_name)["Role"]["Arn"]
        except self.iam.exceptions.NoSuchEntityException:
            return None
        return Found({}, Owner.OTHERS) if known == self.spec.host_role_arn else None

    def wanted(self, ids: Ids) -> State:
        return {}


def _inline_names(iam: "IAMClient", role: str) -> list[str]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    return [name for page in pages for name in page["PolicyNames"]]


def _inline(iam: "IAMClient", role: str, policy: str) -> Any:
    return as_policy(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])


def _attached(iam: "IAMClient", role: str) -> list[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return [each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]]


def _put(iam: "IAMClient", role: str, policy: str, document: Policy) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


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
