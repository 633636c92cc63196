"""Redshift Serverless: the namespace and its workgroup, made here or there already."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.provision.errors import ProvisioningError
from infra.provision.iam.policies import same
from infra.provision.resources.identity_center import REDSHIFT_APPLICATION
from infra.provision.resources.resource import (
    Found,
    Ids,
    Owner,
    Resource,
    State,
    another_administrator,
    lower,
    made,
    not_ours,
    owner_by,
)
from infra.provision.specification.spec import SESSION_TAGS, Spec

if TYPE_CHECKING:
    from mypy_boto3_redshift_serverless import RedshiftServerlessClient
    from mypy_boto3_redshift_serverless.type_defs import NamespaceTypeDef, WorkgroupTypeDef

# What the resources tell each other.
WAREHOUSE, ADMIN_SECRET, NAMESPACE = "warehouse_arn", "admin_secret_arn", "namespace"
# Of the data: whose they are, and whether there can be none yet.
DATA, NEW = "owner of the data", "the warehouse is new"
_AVAILABLE = "AVAILABLE"
_POLLS = 180
_SSL = "require_ssl"


def _owner(serverless: "RedshiftServerlessClient", spec: Spec, arn: str) -> Owner:
    return owner_by(serverless.list_tags_for_resource(resourceArn=arn)["tags"], spec.application)


def role_arns(listed: Sequence[str]) -> list[str]:
    """The roles that GetNamespace lists, each as its ARN or as IamRole(applyStatus=…, iamRoleArn=…)."""
    found = (re.search(r"arn:[\w-]+:iam::[0-9]{12}:role/[\w+=,.@/-]*[\w+=.@/-]", each) for each in listed)
    return [match[0] for match in found if match]


def _pending(known: "NamespaceTypeDef | WorkgroupTypeDef") -> str:
    """What AWS is at work on; empty when it is done."""
    status = known.get("status", "")
    return "" if status == _AVAILABLE else status or "not known"


@dataclass(frozen=True)
class Namespace(Resource):
    """The namespace, encrypted as each is, with a password that Redshift manages and COPY's role."""

    serverless: "RedshiftServerlessClient"
    spec: Spec
    slow = True

    @property
    def title(self) -> str:
        return f"namespace {self.spec.namespace}"

    def find(self, ids: Ids) -> Found | None:
        known = namespace_of(self.serverless, self.spec.namespace)
        if known is None:
            return None
        if _pending(known):
            return Found({}, Owner.WHOLE, pending=_pending(known))
        state: dict[str, Any] = {"dbName": known.get("dbName")}
        if self.spec.readable:
            state["defaultIamRoleArn"] = known.get("defaultIamRoleArn")
            state["iamRoles"] = role_arns(known.get("iamRoles", []))
        owner = _owner(self.serverless, self.spec, known["namespaceArn"])
        return Found(state, owner, gives={**_gives(known), DATA: owner.value})

    def fault(self, found: Found) -> str:
        return not_ours(self.title, self.spec) if found.owner is Owner.OTHERS else ""

    def wanted(self, ids: Ids) -> State:
        role = self.spec.role_arn(self.spec.load_role)
        roles = {"defaultIamRoleArn": role, "iamRoles": [role]} if self.spec.readable else {}
        return {"dbName": self.spec.database, **roles}

    def create(self, ids: Ids) -> Found:
        associated: dict[str, Any] = {}
        if self.spec.propagation != SESSION_TAGS:
            associated = {"redshiftIdcApplicationArn": ids[REDSHIFT_APPLICATION]}
        created = self.serverless.create_namespace(
            namespaceName=self.spec.namespace,
            adminUsername=self.spec.admin_user,
            manageAdminPassword=True,
            tags=lower(self.spec.application),  # type: ignore[arg-type]  # plain dictionaries
            **self.wanted(ids),
            **associated,
        )["namespace"]
        gives = {**_gives(created), DATA: Owner.US.value, NEW: created["namespaceName"]}
        return made(gives, pending=_pending(created))

    def change(self, ids: Ids, found: Found) -> None:
        if found.state["dbName"] != self.spec.database:
            raise ProvisioningError(
                f"The namespace {self.spec.namespace} has the database {found.state['dbName']}, not"
                f" {self.spec.database}: AWS cannot rename it. Use its name, or give this namespace another"
                f" name."
            )
        role = self.spec.role_arn(self.spec.load_role)
        self.serverless.update_namespace(
            namespaceName=self.spec.namespace, defaultIamRoleArn=role, iamRoles=[role]
        )

    def remove(self, ids: Ids) -> None:
        self.serverless.delete_namespace(namespaceName=self.spec.namespace)


def namespace_of(serverless: "RedshiftServerlessClient", name: str) -> "NamespaceTypeDef | None":
    """A namespace; None where there is none of that name."""
    try:
        return serverless.get_namespace(namespaceName=name)["namespace"]
    except serverless.exceptions.ResourceNotFoundException:
        return None


def _gives(known: "NamespaceTypeDef") -> dict[str, str]:
    """Its name, and the secret of its administrator: none, where somebody else keeps the password."""
    return {NAMESPACE: known["namespaceName"], ADMIN_SECRET: known.get("adminPasswordSecretArn", "")}


@dataclass(frozen=True)
class Workgroup(Resource):
    """The workgroup: within its capacity, reached from within alone, and by TLS alone."""

    serverless: "RedshiftServerlessClient"
    spec: Spec
    slow = True

    @property
    def title(self) -> str:
        return f"workgroup {self.spec.workgroup}"

    def find(self, ids: Ids) -> Found | None:
        known = workgroup_of(self.serverless, self.spec.workgroup)
        if known is None:
            return None
        if _pending(known):
            return Found({}, Owner.WHOLE, pending=_pending(known))
        owner = _owner(self.serverless, self.spec, known["workgroupArn"])
        return Found(self._state(known), owner, gives={WAREHOUSE: known["workgroupArn"]})

    def _state(self, known: "WorkgroupTypeDef") -> State:
        parameters = {
            each.get("parameterKey"): each.get("parameterValue") for each in known.get("configParameters", [])
        }
        state: dict[str, Any] = {
            "namespaceName": known.get("namespaceName"),
            "baseCapacity": known.get("baseCapacity"),
            "maxCapacity": known.get("maxCapacity"),
            "publiclyAccessible": known.get("publiclyAccessible"),
            "enhancedVpcRouting": known.get("enhancedVpcRouting"),
            _SSL: parameters.get(_SSL),
        }
        if self.spec.subnet_ids:
            state["subnetIds"] = known.get("subnetIds", [])
        if self.spec.security_group_ids:
            state["securityGroupIds"] = known.get("securityGroupIds", [])
        return state

    def fault(self, found: Found) -> str:
        return not_ours(self.title, self.spec) if found.owner is Owner.OTHERS else ""

    def wanted(self, ids: Ids) -> State:
        state: dict[str, Any] = {
            "namespaceName": self.spec.namespace,
            "baseCapacity": self.spec.base_capacity,
            "maxCapacity": self.spec.most_capacity,
            "publiclyAccessible": False,
            "enhancedVpcRouting": self.spec.enhanced_vpc_routing,
            _SSL: "true",
        }
        if self.spec.subnet_ids:
            state["subnetIds"] = list(self.spec.subnet_ids)
        if self.spec.security_group_ids:
            state["securityGroupIds"] = list(self.spec.security_group_ids)
        return state

    def create(self, ids: Ids) -> Found:
        created = self.serverless.create_workgroup(
            workgroupName=self.spec.workgroup,
            tags=lower(self.spec.application),  # type: ignore[arg-type]  # plain dictionaries
            **_parameters(self.wanted(ids)),
        )["workgroup"]
        return made({WAREHOUSE: created["workgroupArn"]}, pending=_pending(created))

    def change(self, ids: Ids, found: Found) -> None:
        """Changes one after another: AWS takes one in a request, and none while it is at work on the last."""
        if found.state["namespaceName"] != self.spec.namespace:
            raise ProvisioningError(
                f"The workgroup {self.spec.workgroup} belongs to the namespace"
                f" {found.state['namespaceName']}, not {self.spec.namespace}: give this workgroup another"
                f" name."
            )
        for name, value in self.wanted(ids).items():
            if not same(found.state[name], value):
                self.serverless.update_workgroup(
                    workgroupName=self.spec.workgroup, **_parameters({name: value})
                )
                self._wait()

    def _wait(self) -> None:
        for _ in range(_POLLS):
            known = workgroup_of(self.serverless, self.spec.workgroup)
            if known is None or known.get("status") == _AVAILABLE:
                return
            time.sleep(self.poll_seconds)

    def remove(self, ids: Ids) -> None:
        self.serverless.delete_workgroup(workgroupName=self.spec.workgroup)


def _parameters(state: State) -> dict[str, Any]:
    """A state as the API takes it."""
    given = dict(state)
    if _SSL in given:
        given["configParameters"] = [{"parameterKey": _SSL, "parameterValue": given.pop(_SSL)}]
    return given


def workgroup_of(serverless: "RedshiftServerlessClient", name: str) -> "WorkgroupTypeDef | None":
    """A workgroup; None where there is none of that name."""
    try:
        return serverless.get_workgroup(workgroupName=name)["workgroup"]
    except serverless.exceptions.ResourceNotFoundException:
        return None


@dataclass(frozen=True)
class GivenWorkgroup(Resource):
    """A workgroup that is there already; how it is set up is left to others."""

    serverless: "RedshiftServerlessClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"workgroup {self.spec.workgroup}"

    @property
    def missing(self) -> str:
        return (
            f"There is no workgroup {self.spec.workgroup} in {self.spec.region}: write the name of one that"
            f" is there, or let it be made (warehouse.create = true)."
        )

    def find(self, ids: Ids) -> Found | None:
        known = workgroup_of(self.serverless, self.spec.workgroup)
        if known is None:
            return None
        if _pending(known):
            return Found({}, Owner.WHOLE, pending=_pending(known))
        namespace = namespace_of(self.serverless, known["namespaceName"])
        gives = {WAREHOUSE: known["workgroupArn"], DATA: Owner.OTHERS.value}
        gives |= _gives(namespace) if namespace else {}
        gives |= {ADMIN_SECRET: self.spec.admin_secret_arn} if self.spec.admin_secret_arn else {}
        administrator = namespace.get("adminUsername") if namespace else None
        return Found({}, Owner.OTHERS, gives=gives, detail=administrator)

    def fault(self, found: Found) -> str:
        return another_administrator(found.detail, self.spec)

    def wanted(self, ids: Ids) -> State:
        return {}


@dataclass(frozen=True)
class NamespaceRole(Resource):
    """COPY's role among those of a namespace of others."""

    serverless: "RedshiftServerlessClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"role {self.spec.load_role} of the workgroup's namespace"

    @property
    def _role(self) -> str:
        return self.spec.role_arn(self.spec.load_role)

    def _known(self, ids: Ids) -> tuple[list[str], str]:
        """The namespace's roles, and the default one."""
        known = namespace_of(self.serverless, ids[NAMESPACE]) if NAMESPACE in ids else None
        if known is None:
            return [], ""
        return role_arns(known.get("iamRoles", [])), known.get("defaultIamRoleArn", "")

    def find(self, ids: Ids) -> Found | None:
        if self._role not in self._known(ids)[0]:
            return None
        ours = ids[f"role {self.spec.load_role}"] == Owner.US.value
        return Found({"iamRoles": self._role}, Owner.US if ours else Owner.OTHERS)

    def wanted(self, ids: Ids) -> State:
        return {"iamRoles": self._role}

    def create(self, ids: Ids) -> Found:
        roles, default = self._known(ids)
        self._update(ids, [*roles, self._role], default or self._role)
        return made()

    def remove(self, ids: Ids) -> None:
        roles, default = self._known(ids)
        kept = [each for each in roles if each != self._role]
        self._update(ids, kept, "" if default == self._role else default)

    def _update(self, ids: Ids, roles: list[str], default: str) -> None:
        self.serverless.update_namespace(
            namespaceName=ids[NAMESPACE], iamRoles=roles, defaultIamRoleArn=default
        )
