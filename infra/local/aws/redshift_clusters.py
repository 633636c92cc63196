"""Provisioned clusters and their parameter groups: a cluster holds the warehouse that the stand-in has."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.local.aws import cluster_settings as settings
from infra.local.aws import parameter_groups as groups
from infra.local.aws.holders import Holder, Holders, forget, password
from infra.local.aws.model import AwsError, Call
from infra.local.aws.paging import page_of_records
from infra.local.aws.parameter_groups import DEFAULT_GROUP, ParameterGroup
from infra.local.aws.redshift_applications import RedshiftApplications
from infra.local.aws.states import PutBack, keeping
from infra.local.aws.tags import Tags
from infra.local.aws.transitions import Transition, Transitions
from infra.local.aws.wire import not_implemented
from infra.local.config import ACCOUNT_ID, REGION

Members = Mapping[str, Any]
_SERVICE = "redshift"
_ARN = f"arn:aws:redshift:{REGION}:{ACCOUNT_ID}"


@dataclass
class _Cluster:
    identifier: str
    namespace: str
    created_at: datetime
    holder: Holder
    given: dict[str, Any]
    group: str
    applied: dict[str, str]  # the parameters' values since it last started
    transition: Transition = field(default_factory=Transition)

    @property
    def arn(self) -> str:
        return f"{_ARN}:cluster:{self.identifier}"


class Clusters:
    """The part of the redshift service that is about clusters."""

    def __init__(
        self,
        *,
        holders: Holders,
        applications: RedshiftApplications,
        tags: Tags,
        transitions: Transitions,
        clock: Callable[[], float],
    ) -> None:
        self._holders = holders
        self._applications = applications
        self._tags = tags
        self._transitions = transitions
        self._clock = clock
        self._clusters: dict[str, _Cluster] = {}
        self._groups = groups.default_groups()
        holders.include(lambda: [cluster.holder for cluster in list(self._clusters.values())])
        operations: Mapping[str, Callable[[Call], Members]] = {
            "CreateCluster": self.create,
            "DescribeClusters": self.describe,
            "ModifyCluster": self.modify,
            "ModifyClusterIamRoles": self.modify_roles,
            "RebootCluster": self.reboot,
            "DeleteCluster": self.delete,
            "CreateClusterParameterGroup": self.create_group,
            "DescribeClusterParameterGroups": self.describe_groups,
            "ModifyClusterParameterGroup": self.modify_group,
            "DescribeClusterParameters": self.describe_parameters,
            "DeleteClusterParameterGroup": self.delete_group,
        }
        self.operations = {name: self._settled(operation) for name, operation in operations.items()}

    def keep(self) -> PutBack:
        """Keeps what there is; what is returned puts it back."""
        return keeping(self, "_clusters", "_groups")

    def arns(self) -> frozenset[str]:
        """The ARNs of every cluster and every parameter group."""
        clusters = (cluster.arn for cluster in list(self._clusters.values()))
        return frozenset([*clusters, *map(_group_arn, self._groups)])

    def arn(self, identifier: str) -> str | None:
        """The ARN of a cluster that answers; None when there is none of that name."""
        cluster = self._clusters.get(identifier)
        if cluster is None or self._transitions.doing(cluster.transition) in ("creating", "deleting"):
            return None
        return cluster.arn

    def resource(self, asked: Members) -> str:
        """The ARN that an operation's permission is asked for; "*" where it names none."""
        if "ClusterIdentifier" in asked:
            return f"{_ARN}:cluster:{asked['ClusterIdentifier']}"
        return _group_arn(asked["ParameterGroupName"]) if "ParameterGroupName" in asked else "*"

    def _settled(self, operation: Callable[[Call], Members]) -> Callable[[Call], Members]:
        """The operation, before and after which what was being deleted is gone."""

        def settled(call: Call) -> Members:
            self._settle()
            members = operation(call)
            self._settle()
            return members

        return settled

    def _settle(self) -> None:
        for cluster in list(self._clusters.values()):
            over = cluster.transition.doing == "deleting" and not self._transitions.doing(cluster.transition)
            # Of two who see that it is gone, one takes it away.
            if over and self._clusters.pop(cluster.identifier, None) is not None:
                self._tags.forget(cluster.arn)
                self._holders.end(cluster.holder)

    # Clusters.

    def create(self, call: Call) -> Members:
        asked, identifier = call.parameters, call.parameters["ClusterIdentifier"]
        settings.refuse_others(call, settings.CREATED_WITH)
        administrator, database = settings.check_new(asked)
        if identifier in self._clusters:
            raise AwsError("ClusterAlreadyExists", "Cluster already exists")
        self._holders.check_free(_SERVICE)
        application = asked.get("RedshiftIdcApplicationArn")
        if application is not None and not self._applications.exists(application):
            raise AwsError("RedshiftIdcApplicationNotExists", "The Redshift application does not exist.", 404)
        self._tags.check(asked.get("Tags", []))
        given, group = settings.of_new_cluster(asked), self._group(asked.get("ClusterParameterGroupName"))
        roles, default_role = self._roles(asked.get("IamRoles", []), asked.get("DefaultIamRoleArn"))
        secret, secret_arn = self._password(identifier, administrator, asked)
        holder = Holder(database, administrator, secret, secret_arn, roles, default_role, identifier)
        self._holders.begin(holder, application_arn=application)
        now = datetime.fromtimestamp(self._clock(), UTC).replace(microsecond=0)
        cluster = _Cluster(identifier, str(uuid.uuid4()), now, holder, given, group.name, group.values)
        cluster.transition = self._transitions.begin("creating")
        self._clusters[identifier] = cluster
        self._tags.add(cluster.arn, asked.get("Tags", []))
        return {"Cluster": self._members(cluster)}

    def _roles(self, roles: list[str], default: str | None) -> tuple[list[str], str | None]:
        return self._holders.roles(
            roles, default, invalid="InvalidParameterValue", of_default="DefaultIamRoleArn"
        )

    def _password(self, identifier: str, administrator: str, asked: Members) -> tuple[str, str | None]:
        return password(
            identifier,
            administrator,
            managed=asked.get("ManageMasterPassword", False),
            given=asked.get("MasterUserPassword"),
            invalid="InvalidParameterCombination",
        )

    def describe(self, call: Call) -> Members:
        asked = call.parameters
        found = [self._cluster(call)] if "ClusterIdentifier" in asked else list(self._clusters.values())
        shown = [self._members(cluster) for cluster in found if self._is_tagged(cluster.arn, asked)]
        return page_of_records(shown, call.parameters, "Clusters")

    def modify(self, call: Call) -> Members:
        cluster, asked = self._cluster(call), call.parameters
        settings.refuse_others(call, settings.CHANGED_WITH)
        self._require_available(cluster)
        settings.check_password(asked)
        given = settings.changed(cluster.given, asked)
        if "ClusterParameterGroupName" in asked:
            cluster.group = self._group(asked["ClusterParameterGroupName"]).name
        self._change_password(cluster, asked)
        cluster.given = given
        cluster.transition = self._transitions.begin("modifying")
        return {"Cluster": self._members(cluster)}

    def _change_password(self, cluster: _Cluster, asked: Members) -> None:
        holder = cluster.holder
        managed = asked.get("ManageMasterPassword")
        if managed is False and "MasterUserPassword" not in asked:
            raise AwsError("InvalidParameterCombination", "Give the MasterUserPassword that is to be.")
        if "MasterUserPassword" in asked or (managed and holder.secret_arn is None):
            made = self._password(cluster.identifier, holder.administrator, asked)
            forget(holder.secret_arn)
            holder.password, holder.secret_arn = made

    def modify_roles(self, call: Call) -> Members:
        cluster, asked = self._cluster(call), call.parameters
        self._require_available(cluster)
        holder = cluster.holder
        gone = set(asked.get("RemoveIamRoles", []))
        left = [role for role in holder.roles if role not in gone]
        default = asked.get("DefaultIamRoleArn", None if holder.default_role in gone else holder.default_role)
        holder.roles, holder.default_role = self._roles([*left, *asked.get("AddIamRoles", [])], default)
        cluster.transition = self._transitions.begin("modifying")
        return {"Cluster": self._members(cluster)}

    def reboot(self, call: Call) -> Members:
        cluster = self._cluster(call)
        self._require_available(cluster)
        cluster.applied = self._groups[cluster.group].values
        cluster.transition = self._transitions.begin("rebooting")
        return {"Cluster": self._members(cluster)}

    def delete(self, call: Call) -> Members:
        cluster, asked = self._cluster(call), call.parameters
        if "FinalClusterSnapshotIdentifier" in asked:
            raise not_implemented(_SERVICE, "DeleteCluster with a final snapshot")
        if not asked.get("SkipFinalClusterSnapshot", False):
            raise AwsError(
                "InvalidParameterCombination",
                "FinalClusterSnapshotIdentifier is required unless SkipFinalClusterSnapshot is specified.",
            )
        self._require_available(cluster)
        cluster.transition = self._transitions.begin("deleting")
        return {"Cluster": {**self._members(cluster), "ClusterStatus": "deleting"}}

    def _cluster(self, call: Call) -> _Cluster:
        identifier = call.parameters["ClusterIdentifier"]
        if identifier not in self._clusters:
            raise AwsError("ClusterNotFound", f"Cluster {identifier} not found.", 404)
        return self._clusters[identifier]

    def _require_available(self, cluster: _Cluster) -> None:
        if self._transitions.doing(cluster.transition):
            raise AwsError(
                "InvalidClusterState",
                "There is an operation running on the Cluster. Please try again later.",
            )

    # Parameter groups.

    def create_group(self, call: Call) -> Members:
        group = groups.new_group(call.parameters)
        if group.name in self._groups:
            raise AwsError("ClusterParameterGroupAlreadyExists", f"{group.name} exists already.")
        tags = call.parameters.get("Tags", [])
        self._tags.check(tags)
        self._groups[group.name] = group
        self._tags.add(_group_arn(group.name), tags)
        return {"ClusterParameterGroup": self._group_members(group)}

    def describe_groups(self, call: Call) -> Members:
        asked = call.parameters
        named = "ParameterGroupName" in asked
        found = [self._group(asked["ParameterGroupName"])] if named else list(self._groups.values())
        shown = [
            self._group_members(group) for group in found if self._is_tagged(_group_arn(group.name), asked)
        ]
        return page_of_records(shown, call.parameters, "ParameterGroups")

    def modify_group(self, call: Call) -> Members:
        group = self._group(call.parameters["ParameterGroupName"])
        groups.modify(group, call.parameters["Parameters"])
        return {
            "ParameterGroupName": group.name,
            "ParameterGroupStatus": "Your parameter group has been updated. If you changed only dynamic"
            " parameters, associated clusters are being modified now. If you changed static parameters, all"
            " updates will be applied when you reboot the associated clusters.",
        }

    def describe_parameters(self, call: Call) -> Members:
        group = self._group(call.parameters["ParameterGroupName"])
        return page_of_records(
            groups.shown(group, call.parameters.get("Source")), call.parameters, "Parameters"
        )

    def delete_group(self, call: Call) -> Members:
        group = self._group(call.parameters["ParameterGroupName"])
        if group.is_default or any(cluster.group == group.name for cluster in self._clusters.values()):
            raise AwsError(
                "InvalidClusterParameterGroupState",
                f"The parameter group {group.name} is a default one, or a cluster has it.",
            )
        del self._groups[group.name]
        self._tags.forget(_group_arn(group.name))
        return {}

    def _group(self, name: str | None) -> ParameterGroup:
        group = self._groups.get((name or DEFAULT_GROUP).lower())
        if group is None:
            raise AwsError("ClusterParameterGroupNotFound", f"ParameterGroup not found: {name}", 404)
        return group

    # What is shown.

    def _is_tagged(self, arn: str, asked: Members) -> bool:
        """Whether a resource has one of the tags that a listing is narrowed by."""
        tags = self._tags.of(arn)
        keys, values = asked.get("TagKeys"), asked.get("TagValues")
        return not (keys or values) or any(
            (not keys or tag["Key"] in keys) and (not values or tag["Value"] in values) for tag in tags
        )

    def _group_members(self, group: ParameterGroup) -> Members:
        return {
            "ParameterGroupName": group.name,
            "ParameterGroupFamily": group.family,
            "Description": group.description,
            "Tags": self._tags.of(_group_arn(group.name)),
        }

    def _members(self, cluster: _Cluster) -> dict[str, Any]:
        doing, holder, given = (
            self._transitions.doing(cluster.transition),
            cluster.holder,
            dict(cluster.given),
        )
        port, security_groups = given.pop("Port"), given.pop("VpcSecurityGroupIds")
        host = (
            f"{cluster.identifier}.{cluster.namespace[:12].replace('-', '')}.{REGION}.redshift.amazonaws.com"
        )
        in_sync = cluster.applied == self._groups[cluster.group].values
        members = {
            **given,
            "ClusterIdentifier": cluster.identifier,
            "ClusterStatus": doing or "available",
            "ClusterAvailabilityStatus": "Modifying" if doing else "Available",
            "MasterUsername": holder.administrator,
            "MasterPasswordSecretArn": holder.secret_arn,
            "DBName": holder.database,
            # Shown as AWS shows it; the warehouse is reached through the Data API alone.
            "Endpoint": None if doing == "creating" else {"Address": host, "Port": port},
            "ClusterCreateTime": cluster.created_at,
            "ClusterVersion": "1.0",
            "AllowVersionUpgrade": True,
            "VpcSecurityGroups": [
                {"VpcSecurityGroupId": group, "Status": "active"} for group in security_groups
            ],
            "ClusterParameterGroups": [
                {
                    "ParameterGroupName": cluster.group,
                    "ParameterApplyStatus": "in-sync" if in_sync else "pending-reboot",
                }
            ],
            "IamRoles": [{"IamRoleArn": role, "ApplyStatus": "in-sync"} for role in holder.roles],
            "DefaultIamRoleArn": holder.default_role,
            "ClusterNamespaceArn": f"{_ARN}:namespace:{cluster.namespace}",
            "Tags": self._tags.of(cluster.arn),
        }
        return {name: value for name, value in members.items() if value is not None}


def _group_arn(name: str) -> str:
    return f"{_ARN}:parametergroup:{name.lower()}"
