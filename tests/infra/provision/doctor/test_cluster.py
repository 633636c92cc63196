"""A provisioned cluster in the workgroup's place: the same checks, with a cluster's cures."""

from typing import Any

import pytest

from infra.provision.doctor.check import examine
from infra.provision.doctor.checks import redshift
from infra.provision.doctor.context import Context
from tests.infra.provision.doctor.account import Account
from tests.infra.provision.doctor.cures import carry_out
from tests.infra.provision.doctor.world import World

NAME = "sales-cluster"


@pytest.fixture
def account(world: World) -> Account:
    """The account with a cluster, connected and empty."""
    account = Account(world)
    serverless, application = account.aws("redshift-serverless"), account.redshift_application
    workgroup = serverless.get_workgroup(workgroupName=world.env["REDSHIFT_WORKGROUP"])["workgroup"]
    serverless.delete_workgroup(workgroupName=workgroup["workgroupName"])
    serverless.delete_namespace(namespaceName=workgroup["namespaceName"])
    account.aws("redshift").create_cluster(
        ClusterIdentifier=NAME,
        NodeType="ra3.large",
        NumberOfNodes=2,
        DBName="dev",
        MasterUsername="admin",
        ManageMasterPassword=True,
        EnhancedVpcRouting=True,
        RedshiftIdcApplicationArn=application["RedshiftIdcApplicationArn"],
    )
    world.env["REDSHIFT_CLUSTER"] = NAME
    for setting in ("REDSHIFT_WORKGROUP", "ADMIN_SECRET_ARN"):
        del world.env[setting]
    return account


def found(account: Account) -> dict[str, str]:
    """What is found of the cluster, and the cure of each code."""
    context = Context(account.world.chain, session=account.world.session)
    findings = [each for outcome in examine(redshift.CHECKS, context) for each in outcome.findings]
    context.close()
    return {each.fault.code: each.cure for each in findings}


def shown(account: Account, **members: Any) -> Any:
    """The cluster as AWS would show it with those members."""

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "Clusters": [{**each, **members} for each in answer["Clusters"]]}

    return account.answering("redshift", "DescribeClusters", change)


def test_a_healthy_cluster_has_no_fault(account: Account) -> None:
    assert found(account) == {}


def test_a_cluster_that_is_not_there(account: Account) -> None:
    account.world.env["REDSHIFT_CLUSTER"] = "elsewhere"
    cures = found(account)
    assert set(cures) == {"RLD-410"}
    assert "REDSHIFT_CLUSTER" in cures["RLD-410"]
    assert "aws redshift describe-clusters --region us-east-1" in cures["RLD-410"]


def test_a_cluster_that_is_paused(account: Account) -> None:
    with shown(account, ClusterStatus="paused"):
        cures = found(account)
    assert set(cures) == {"RLD-411"}
    assert f"resume-cluster --cluster-identifier {NAME}" in cures["RLD-411"]


def test_a_cluster_that_is_not_encrypted(account: Account) -> None:
    with shown(account, Encrypted=False):
        cures = found(account)
    assert set(cures) == {"RLD-413"}
    assert f"aws redshift modify-cluster --cluster-identifier {NAME} --encrypted" in cures["RLD-413"]


@pytest.mark.parametrize(
    ("code", "change"),
    [("RLD-412", {"PubliclyAccessible": True}), ("RLD-415", {"EnhancedVpcRouting": False})],
)
def test_what_is_open_of_a_cluster_is_closed_by_its_cure(
    account: Account, code: str, change: dict[str, Any]
) -> None:
    account.aws("redshift").modify_cluster(ClusterIdentifier=NAME, **change)
    cures = found(account)
    assert set(cures) == {code}
    assert carry_out(cures[code], account.world)
    assert found(account) == {}


def test_a_parameter_group_that_requires_no_tls(account: Account) -> None:
    own = account.aws("redshift")
    own.create_cluster_parameter_group(
        ParameterGroupName="open", ParameterGroupFamily="redshift-2.0", Description="as some have it"
    )
    parameter: Any = {"ParameterName": "require_ssl", "ParameterValue": "false"}
    own.modify_cluster_parameter_group(ParameterGroupName="open", Parameters=[parameter])
    own.modify_cluster(ClusterIdentifier=NAME, ClusterParameterGroupName="open")
    own.reboot_cluster(ClusterIdentifier=NAME)
    cures = found(account)
    assert set(cures) == {"RLD-414"}
    assert "--parameter-group-name open" in cures["RLD-414"]
    assert carry_out(cures["RLD-414"], account.world)
    assert found(account) == {}


def test_a_parameter_group_that_the_cluster_does_not_follow_yet(account: Account) -> None:
    own = account.aws("redshift")
    own.create_cluster_parameter_group(
        ParameterGroupName="closed", ParameterGroupFamily="redshift-2.0", Description="closed"
    )
    for value in ("false", "true"):
        parameter: Any = {"ParameterName": "require_ssl", "ParameterValue": value}
        own.modify_cluster_parameter_group(ParameterGroupName="closed", Parameters=[parameter])
        if value == "false":
            own.modify_cluster(ClusterIdentifier=NAME, ClusterParameterGroupName="closed")
            own.reboot_cluster(ClusterIdentifier=NAME)
    cures = found(account)
    assert set(cures) == {"RLD-414"}
    assert cures["RLD-414"] == f"`aws redshift reboot-cluster --cluster-identifier {NAME}`"
    assert carry_out(cures["RLD-414"], account.world)
    assert found(account) == {}
