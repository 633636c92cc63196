"""What doctor asks of Redshift as AWS shows it: its application, and the workgroup or the cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.provision.doctor import center
from infra.provision.doctor.context import Context, Waits

Members = Mapping[str, Any]
APPLICATION = "Redshift's application in IAM Identity Center"
WAREHOUSE = "the warehouse"
_NAMESPACE = "AWSIDC"
_STATUSES = "ClusterParameterStatusList"


def applications(context: Context) -> list[Members]:
    """Redshift's applications at the instance."""
    arn = context.ask(center.instance)["InstanceArn"]
    listed = center.pages(
        context.aws("redshift"), "describe_redshift_idc_applications", "RedshiftIdcApplications"
    )
    return [each for each in listed if each.get("IdcInstanceArn") == arn]


def application(context: Context) -> Members:
    """The one of the chain: by its name in rowlight.toml, else by the namespace that roles begin with."""
    found, spec = context.ask(applications), context.chain.spec
    if spec:
        named = [
            each for each in found if each.get("RedshiftIdcApplicationName") == spec.redshift_application
        ]
        found = named or found
    if not found:
        raise Waits(APPLICATION)
    return next((each for each in found if each.get("IdentityNamespace") == _NAMESPACE), found[0])


def managed_application_arn(context: Context) -> str:
    """The application by which Redshift is known to Identity Center."""
    return str(context.ask(application)["IdcManagedApplicationArn"])


def namespace(context: Context) -> str:
    """What the names of people and of groups' roles begin with."""
    spec = context.chain.spec
    return spec.identity_namespace if spec else str(context.ask(application).get("IdentityNamespace", ""))


@dataclass(frozen=True)
class Warehouse:
    """A workgroup or a cluster, by what is asked of either."""

    name: str
    cluster: bool
    arn: str
    status: str
    public: bool
    encrypted: bool
    routed_inside: bool
    require_ssl: str  # true or false; empty: AWS does not tell
    parameter_group: str
    waits_for_reboot: bool  # until then, the cluster does not follow its parameter group
    database: str  # the one that it was made with
    admin: str
    admin_secret_arn: str  # empty: Secrets Manager does not keep the password

    @property
    def available(self) -> bool:
        return self.status.lower() == "available"

    @property
    def target(self) -> dict[str, str]:
        """The warehouse in calls of the Data API."""
        return {"ClusterIdentifier" if self.cluster else "WorkgroupName": self.name}


def warehouse(context: Context) -> Warehouse:
    """The workgroup or the cluster that the app asks."""
    found = _cluster(context) if context.chain.cluster else _workgroup(context)
    if found is None:
        raise Waits(WAREHOUSE)
    return found


def _workgroup(context: Context) -> Warehouse | None:
    serverless, name = context.aws("redshift-serverless"), context.need("workgroup")
    found = center.found_or(lambda: serverless.get_workgroup(workgroupName=name)["workgroup"], None)
    if found is None:
        return None
    space = serverless.get_namespace(namespaceName=found["namespaceName"])["namespace"]
    parameters = {each["parameterKey"]: each["parameterValue"] for each in found.get("configParameters", [])}
    return Warehouse(
        name=name,
        cluster=False,
        arn=found["workgroupArn"],
        status=found["status"],
        public=found.get("publiclyAccessible", False),
        encrypted=True,  # serverless always is
        routed_inside=found.get("enhancedVpcRouting", False),
        require_ssl=parameters.get("require_ssl", ""),
        parameter_group="",
        waits_for_reboot=False,
        database=space.get("dbName", ""),
        admin=space.get("adminUsername", ""),
        admin_secret_arn=space.get("adminPasswordSecretArn", ""),
    )


def _cluster(context: Context) -> Warehouse | None:
    redshift, name = context.aws("redshift"), context.chain.cluster
    found = center.found_or(lambda: redshift.describe_clusters(ClusterIdentifier=name)["Clusters"], [])
    if not found:
        return None
    cluster = found[0]
    used: Members = next(iter(cluster.get("ClusterParameterGroups", [])), {})
    group = used.get("ParameterGroupName", "")
    return Warehouse(
        name=name,
        cluster=True,
        arn=cluster.get("ClusterNamespaceArn", ""),
        status=cluster["ClusterStatus"],
        public=cluster.get("PubliclyAccessible", False),
        encrypted=cluster.get("Encrypted", False),
        routed_inside=cluster.get("EnhancedVpcRouting", False),
        require_ssl=_parameters(redshift, group).get("require_ssl", "") if group else "",
        parameter_group=group,
        waits_for_reboot=_waits(used),
        database=cluster.get("DBName", ""),
        admin=cluster.get("MasterUsername", ""),
        admin_secret_arn=cluster.get("MasterPasswordSecretArn", ""),
    )


def _waits(group: Members) -> bool:
    """Whether require_ssl, as far as AWS tells which, is a change that waits for a reboot."""
    if group.get("ParameterApplyStatus") != "pending-reboot":
        return False
    each = {one["ParameterName"]: one["ParameterApplyStatus"] for one in group.get(_STATUSES, [])}
    return bool(each.get("require_ssl", "pending-reboot") == "pending-reboot")


def _parameters(redshift: Any, group: str) -> dict[str, str]:
    listed = center.pages(redshift, "describe_cluster_parameters", "Parameters", ParameterGroupName=group)
    return {each["ParameterName"]: each.get("ParameterValue", "") for each in listed}
