"""Each way to be provisioned: applied twice, seen by plan, used, and taken away without a trace."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import httpx
import pytest

from infra.provision.__main__ import main
from infra.provision.accounts import complete
from infra.provision.apply import Outputs, apply
from infra.provision.destroy import destroy, survey
from infra.provision.errors import ProvisioningError
from infra.provision.plan import plan
from infra.provision.specification.spec import Spec
from tests import outside
from tests.infra.provision.account import described
from tests.infra.provision.test_destroy import given

Env = dict[str, str]
ROLE = "arn:aws:iam::123456789012:role/"
CLUSTER = {"cluster": "sales-cluster", "nodes": 2}


def silent(_: str) -> None:
    """Says nothing."""


def remove_all(spec: Spec, session: boto3.Session) -> None:
    destroy(survey(spec, session, silent), silent)


def changed(spec: Spec, session: boto3.Session) -> list[str]:
    return [change.title for change in plan(spec, session, silent) if change.action != "nothing"]


def user_of(env: Env, outputs: Outputs) -> tuple[Any, ...]:
    """Whom the warehouse sees, asked by a person with the settings that came of it."""
    settings = {**env, **outputs.settings()}
    person = outside.exchange(settings, outside.sign_in(env, "Frank Amer").id_token)
    data = outside.aws(env, "redshift-data", person)
    target = (
        {"ClusterIdentifier": outputs.cluster} if outputs.cluster else {"WorkgroupName": outputs.workgroup}
    )
    started = data.execute_statement(
        **target, Database=outputs.database, Sql="SELECT current_user, count(*) > 0 FROM public.sales_data"
    )
    known = data.describe_statement(Id=started["Id"], WaitTimeSeconds=20)
    assert known["Status"] == "FINISHED", known.get("Error")
    (record,) = data.get_statement_result(Id=started["Id"])["Records"]
    return tuple(next(iter(cell.values())) for cell in record)


def serverless_of_others(session: boto3.Session, **namespace: Any) -> None:
    """A workgroup that a company has already, connected to nothing."""
    serverless = session.client("redshift-serverless")
    serverless.create_namespace(
        namespaceName="theirs", dbName="dev", adminUsername="admin", manageAdminPassword=True, **namespace
    )
    serverless.create_workgroup(workgroupName="their-workgroup", namespaceName="theirs", baseCapacity=32)


def cluster_of_others(session: boto3.Session) -> None:
    session.client("redshift").create_cluster(
        ClusterIdentifier="sales-cluster",
        NodeType="ra3.large",
        ClusterType="multi-node",
        NumberOfNodes=2,
        DBName="dev",
        MasterUsername="admin",
        ManageMasterPassword=True,
    )


def nothing(_: boto3.Session) -> None:
    """Nothing is there before."""


THEIRS = {"workgroup": "their-workgroup", "create_warehouse": False}
VARIANTS: dict[str, tuple[dict[str, Any], Callable[[boto3.Session], None]]] = {
    "a workgroup": ({}, nothing),
    "a workgroup of others": (THEIRS, serverless_of_others),
    "a cluster": (CLUSTER, nothing),
    "a cluster of others": ({**CLUSTER, "create_warehouse": False}, cluster_of_others),
}


def conditions(env: Env, **changes: Any) -> None:
    httpx.post(f"{env['AWS_ENDPOINT_URL']}/_local/conditions", json=changes).raise_for_status()


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_applied_is_used_and_taken_away(
    empty: Env, empty_spec: Spec, empty_account: boto3.Session, variant: str
) -> None:
    changes, prepare = VARIANTS[variant]
    spec = replace(empty_spec, session_table="", **changes)
    prepare(empty_account)
    before = described(empty, empty_account)
    outputs = apply(spec, empty_account)
    assert apply(spec, empty_account).changes == ()
    assert changed(spec, empty_account) == []
    assert user_of(empty, outputs) == ("AWSIDC:frank@example.com", True)
    remove_all(spec, empty_account)
    assert described(empty, empty_account) == before
    assert survey(spec, empty_account, silent).goes == ()


def test_session_tags_need_no_identity_center(
    empty: Env, empty_spec: Spec, empty_account: boto3.Session
) -> None:
    spec = replace(
        empty_spec, propagation="session_tags", instance_arn="", identity_store_id="", session_table=""
    )
    before = described(empty, empty_account)
    outputs = apply(spec, empty_account)
    settings = outputs.settings()
    assert settings["PROPAGATION"] == "session_tags"
    assert settings["IDC_APPLICATION_ARN"] == settings["BRIDGE_ROLE_ARN"] == ""
    now = described(empty, empty_account)
    assert now["identity center"] == before["identity center"]
    assert now["redshift"]["applications"] == []
    assert changed(spec, empty_account) == []
    remove_all(spec, empty_account)
    assert described(empty, empty_account) == before


def test_an_instance_of_the_organization_is_used_by_its_delegated_administrator(
    empty: Env, empty_spec: Spec, empty_account: boto3.Session
) -> None:
    conditions(empty, instance_owner="210987654321")
    given = {"issuer": empty_spec.issuer, "client_id": empty_spec.client_id}
    spec = complete(empty_account, {**given, "data_bucket": empty_spec.data_bucket})
    assert spec.instance_owner == "210987654321"
    before = described(empty, empty_account)
    outputs = apply(spec, empty_account)
    assert changed(spec, empty_account) == []
    assert user_of(empty, outputs) == ("AWSIDC:frank@example.com", True)
    remove_all(spec, empty_account)
    assert described(empty, empty_account) == before


def test_who_does_not_administer_the_organizations_instance_is_told_what_aws_refused(
    empty: Env, empty_spec: Spec, empty_account: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    conditions(empty, instance_owner="210987654321", instance_delegated=False)
    assert main(given(empty_spec, "apply")) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("AWS refused ")
    assert "AccessDenied" in last


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"workgroup": "nowhere", "create_warehouse": False}, "There is no workgroup nowhere"),
        ({"cluster": "nowhere", "create_warehouse": False}, "There is no cluster nowhere"),
    ],
)
def test_a_warehouse_that_is_not_there_is_named(
    empty_spec: Spec, empty_account: boto3.Session, changes: dict[str, Any], missing: str
) -> None:
    spec = replace(empty_spec, **changes)
    for run in (apply, lambda *given: plan(*given, silent)):
        with pytest.raises(ProvisioningError, match=missing):
            run(spec, empty_account)
    remove_all(spec, empty_account)


def test_a_warehouse_of_others_is_not_taken_for_ours(
    empty: Env, empty_spec: Spec, empty_account: boto3.Session
) -> None:
    serverless_of_others(empty_account)
    before = described(empty, empty_account)
    spec = replace(empty_spec, namespace="theirs", workgroup="their-workgroup")
    with pytest.raises(ProvisioningError, match="namespace theirs already that was not made here"):
        plan(spec, empty_account, silent)
    with pytest.raises(ProvisioningError, match="not made here"):
        apply(spec, empty_account)
    remove_all(spec, empty_account)
    assert described(empty, empty_account) == before


@pytest.mark.parametrize(
    ("changes", "prepare"), [VARIANTS["a workgroup of others"], VARIANTS["a cluster of others"]]
)
def test_an_administrator_whom_copys_role_would_not_trust_is_told(
    empty_spec: Spec,
    empty_account: boto3.Session,
    changes: dict[str, Any],
    prepare: Callable[[boto3.Session], None],
) -> None:
    prepare(empty_account)
    with pytest.raises(ProvisioningError, match="administrator is admin, not root"):
        plan(replace(empty_spec, admin_user="root", **changes), empty_account, silent)


def test_a_namespaces_own_roles_and_default_stay(
    empty: Env, empty_spec: Spec, empty_account: boto3.Session
) -> None:
    role = empty_account.client("iam").create_role(
        RoleName="Theirs",
        AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal":'
        ' {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}]}',
    )["Role"]["Arn"]
    serverless_of_others(empty_account, iamRoles=[role], defaultIamRoleArn=role)
    before = described(empty, empty_account)
    spec = replace(empty_spec, session_table="", **THEIRS)
    apply(spec, empty_account)
    known = empty_account.client("redshift-serverless").get_namespace(namespaceName="theirs")["namespace"]
    assert known["defaultIamRoleArn"] == role
    assert len(known["iamRoles"]) == 2
    remove_all(spec, empty_account)
    assert described(empty, empty_account) == before
