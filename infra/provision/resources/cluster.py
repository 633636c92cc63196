"""A provisioned cluster, made here or there already."""

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
    made,
    not_ours,
    owner_by,
    upper,
)
from infra.provision.resources.serverless import ADMIN_SECRET, DATA, NEW, WAREHOUSE
from infra.provision.specification.spec import SESSION_TAGS, Spec

if TYPE_CHECKING:
    from mypy_boto3_redshift import RedshiftClient
    from mypy_boto3_redshift.type_defs import ClusterTypeDef

_AVAILABLE = "available"
_FAMILY = "redshift-2.0"
_SSL = "require_ssl"


def group_of(spec: Spec) -> str:
    """The name of the cluster's parameter group."""
    return f"{spec.cluster}-rowlight"


@dataclass(frozen=True)
class ParameterGroup(Resource):
    """The cluster's parameters: it takes connections by TLS alone."""

    redshift: "RedshiftClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"parameter group {group_of(self.spec)}"

    def find(self, ids: Ids) -> Found | None:
        name = group_of(self.spec)
        try:
            groups = self.redshift.describe_cluster_parameter_groups(ParameterGroupName=name)
        except self.redshift.exceptions.ClusterParameterGroupNotFoundFault:
            return None
        pages = self.redshift.get_paginator("describe_cluster_parameters").paginate(ParameterGroupName=name)
        values = {
            each.get("ParameterName"): each.get("ParameterValue")
            for page in pages
            for each in page["Parameters"]
        }
        tags = groups["ParameterGroups"][0].get("Tags", [])
        return Found({_SSL: values.get(_SSL)}, owner_by(tags, self.spec.application))

    def wanted(self, ids: Ids) -> State:
        return {_SSL: "true"}

    def create(self, ids: Ids) -> Found:
        tags: Any = upper(self.spec.application)
        self.redshift.create_cluster_parameter_group(
            ParameterGroupName=group_of(self.spec),
            ParameterGroupFamily=_FAMILY,
            Description="Connections by TLS alone",
            Tags=tags,
        )
        self._require_ssl()
        return made()

    def change(self, ids: Ids, found: Found) -> None:
        self._require_ssl()

    def _require_ssl(self) -> None:
        self.redshift.modify_cluster_parameter_group(
            ParameterGroupName=group_of(self.spec),
            Parameters=[{"ParameterName": _SSL, "ParameterValue": "true"}],
        )

    def remove(self, ids: Ids) -> None:
        self.redshift.delete_cluster_parameter_group(ParameterGroupName=group_of(self.spec))


@dataclass(frozen=True)
class Cluster(Resource):
    """The cluster: encrypted, reached from within alone, with a password that Redshift manages."""

    redshift: "RedshiftClient"
    spec: Spec
    slow = True

    @property
    def title(self) -> str:
        return f"cluster {self.spec.cluster}"

    def find(self, ids: Ids) -> Found | None:
        known = cluster_of(self.redshift, self.spec.cluster)
        if known is None:
            return None
        if _pending(known):
            return Found({}, Owner.WHOLE, pending=_pending(known))
        owner = owner_by(known.get("Tags", []), self.spec.application)
        return Found(_state(known), owner, gives={**_gives(self.spec, known), DATA: owner.value})

    def fault(self, found: Found) -> str:
        return not_ours(self.title, self.spec) if found.owner is Owner.OTHERS else ""

    def wanted(self, ids: Ids) -> State:
        role = self.spec.role_arn(self.spec.load_role)
        return {
            "DBName": self.spec.database,
            "NodeType": self.spec.node_type,
            "NumberOfNodes": self.spec.nodes,
            "Encrypted": True,
            "PubliclyAccessible": False,
            "EnhancedVpcRouting": self.spec.enhanced_vpc_routing,
            "ClusterParameterGroupName": group_of(self.spec),
            "DefaultIamRoleArn": role,
            "IamRoles": [role],
        }

    def create(self, ids: Ids) -> Found:
        given = dict(self.wanted(ids))
        if self.spec.nodes == 1:
            del given["NumberOfNodes"]
        if self.spec.propagation != SESSION_TAGS:
            given["RedshiftIdcApplicationArn"] = ids[REDSHIFT_APPLICATION]
        if self.spec.kms_key_id:
            given["KmsKeyId"] = self.spec.kms_key_id
        if self.spec.security_group_ids:
            given["VpcSecurityGroupIds"] = list(self.spec.security_group_ids)
        created = self.redshift.create_cluster(
            ClusterIdentifier=self.spec.cluster,
            ClusterType="multi-node" if self.spec.nodes > 1 else "single-node",
            MasterUsername=self.spec.admin_user,
            ManageMasterPassword=True,
            Tags=upper(self.spec.application),  # type: ignore[arg-type]  # plain dictionaries
            **given,
        )["Cluster"]
        gives = {**_gives(self.spec, created), DATA: Owner.US.value, NEW: self.spec.cluster}
        return made(gives, pending=_pending(created))

    def change(self, ids: Ids, found: Found) -> None:
        wanted = self.wanted(ids)
        if found.state["DBName"] != self.spec.database:
            raise ProvisioningError(
                f"The cluster {self.spec.cluster} has the database {found.state['DBName']}, not"
                f" {self.spec.database}: write its name, or give this cluster another name."
            )
        drift: dict[str, Any] = {
            name: value for name, value in wanted.items() if not same(found.state[name], value)
        }
        roles = {name: drift.pop(name) for name in ("DefaultIamRoleArn", "IamRoles") if name in drift}
        if roles:
            extra = [each for each in found.state["IamRoles"] if each not in wanted["IamRoles"]]
            self.redshift.modify_cluster_iam_roles(
                ClusterIdentifier=self.spec.cluster,
                AddIamRoles=wanted["IamRoles"],
                RemoveIamRoles=extra if found.owner is Owner.US else [],
                DefaultIamRoleArn=wanted["DefaultIamRoleArn"],
            )
        if drift:
            self.redshift.modify_cluster(ClusterIdentifier=self.spec.cluster, **drift)

    def remove(self, ids: Ids) -> None:
        self.redshift.delete_cluster(ClusterIdentifier=self.spec.cluster, SkipFinalClusterSnapshot=True)


def _state(known: "ClusterTypeDef") -> State:
    groups = known.get("ClusterParameterGroups", [])
    return {
        "DBName": known.get("DBName"),
        "NodeType": known.get("NodeType"),
        "NumberOfNodes": known.get("NumberOfNodes"),
        "Encrypted": known.get("Encrypted"),
        "PubliclyAccessible": known.get("PubliclyAccessible"),
        "EnhancedVpcRouting": known.get("EnhancedVpcRouting"),
        "ClusterParameterGroupName": next((each.get("ParameterGroupName") for each in groups), None),
        "DefaultIamRoleArn": known.get("DefaultIamRoleArn"),
        "IamRoles": [each.get("IamRoleArn", "") for each in known.get("IamRoles", [])],
    }


def _pending(known: "ClusterTypeDef") -> str:
    """What AWS is at work on; empty when it is done."""
    status = known.get("ClusterStatus", "")
    return "" if status == _AVAILABLE else status or "not known"


def cluster_of(redshift: "RedshiftClient", name: str) -> "ClusterTypeDef | None":
    """A cluster; None where there is none of that name."""
    try:
        return redshift.describe_clusters(ClusterIdentifier=name)["Clusters"][0]
    except redshift.exceptions.ClusterNotFoundFault:
        return None


def _gives(spec: Spec, known: "ClusterTypeDef") -> dict[str, str]:
    arn = f"arn:{spec.partition}:redshift:{spec.region}:{spec.account_id}:cluster:{spec.cluster}"
    return {WAREHOUSE: arn, ADMIN_SECRET: known.get("MasterPasswordSecretArn", "")}


@dataclass(frozen=True)
class GivenCluster(Resource):
    """A cluster that is there already; how it is set up is left to others."""

    redshift: "RedshiftClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"cluster {self.spec.cluster}"

    @property
    def missing(self) -> str:
        return (
            f"There is no cluster {self.spec.cluster} in {self.spec.region}: write the name of one that is"
            f" there, or let it be made (warehouse.create = true)."
        )

    def find(self, ids: Ids) -> Found | None:
        known = cluster_of(self.redshift, self.spec.cluster)
        if known is None:
            return None
        if _pending(known):
            return Found({}, Owner.WHOLE, pending=_pending(known))
        gives = {**_gives(self.spec, known), DATA: Owner.OTHERS.value}
        gives |= {ADMIN_SECRET: self.spec.admin_secret_arn} if self.spec.admin_secret_arn else {}
        return Found({}, Owner.OTHERS, gives=gives, detail=known.get("MasterUsername"))

    def fault(self, found: Found) -> str:
        return another_administrator(found.detail, self.spec)

    def wanted(self, ids: Ids) -> State:
        return {}


@dataclass(frozen=True)
class ClusterRole(Resource):
    """COPY's role among those of a cluster of others."""

    redshift: "RedshiftClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"role {self.spec.load_role} of cluster {self.spec.cluster}"

    @property
    def _role(self) -> str:
        return self.spec.role_arn(self.spec.load_role)

    def find(self, ids: Ids) -> Found | None:
        known = cluster_of(self.redshift, self.spec.cluster)
        roles = known.get("IamRoles", []) if known else []
        if self._role not in [each.get("IamRoleArn") for each in roles]:
            return None
        ours = ids[f"role {self.spec.load_role}"] == Owner.US.value
        return Found({"IamRoles": self._role}, Owner.US if ours else Owner.OTHERS)

    def wanted(self, ids: Ids) -> State:
        return {"IamRoles": self._role}

    def create(self, ids: Ids) -> Found:
        self.redshift.modify_cluster_iam_roles(ClusterIdentifier=self.spec.cluster, AddIamRoles=[self._role])
        return made()

    def remove(self, ids: Ids) -> None:
        self.redshift.modify_cluster_iam_roles(
            ClusterIdentifier=self.spec.cluster, RemoveIamRoles=[self._role]
        )
