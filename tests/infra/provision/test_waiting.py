"""AWS takes minutes for a warehouse: it is waited for, told about, and found in the middle of it."""

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest

from infra.provision.apply import apply
from infra.provision.destroy import destroy, survey
from infra.provision.iam import policies
from infra.provision.plan import plan
from infra.provision.resources.clients import Clients
from infra.provision.resources.declared import declared
from infra.provision.resources.resource import Ids, Resource
from infra.provision.specification.spec import Spec
from tests.infra.provision.account import described
from tests.infra.provision.test_variants import CLUSTER, conditions

Env = dict[str, str]


def silent(_: str) -> None:
    """Says nothing."""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Resource, "poll_seconds", 0.1)


@pytest.fixture
def small(empty_spec: Spec) -> Spec:
    return replace(empty_spec, session_table="")


@pytest.mark.parametrize("changes", [{}, CLUSTER], ids=["workgroup", "cluster"])
def test_a_warehouse_that_is_being_made_and_removed_is_waited_for(
    empty: Env, small: Spec, empty_account: boto3.Session, changes: dict[str, Any]
) -> None:
    spec = replace(small, **changes)
    before = described(empty, empty_account)
    conditions(empty, warehouse_seconds=0.5)
    told: list[str] = []
    apply(spec, empty_account, told.append)
    assert any(words.startswith("waiting for ") for words in told)
    assert apply(spec, empty_account).changes == ()
    told.clear()
    destroy(survey(spec, empty_account, told.append), told.append)
    assert any(words.startswith("waiting until ") for words in told)
    assert described(empty, empty_account) == before


def made_as_far_as(spec: Spec, session: boto3.Session, title: str) -> None:
    """What apply leaves that is killed while AWS is still at work on this one."""
    ids = Ids()
    for resource in declared(spec, Clients(session), silent):
        ids.update(resource.create(ids).gives)
        if resource.title.startswith(title):
            return


def test_a_warehouse_in_the_making_is_seen_gone_on_with_and_removed(
    empty: Env, small: Spec, empty_account: boto3.Session
) -> None:
    before = described(empty, empty_account)
    waited: list[str] = []

    def ended_by_waiting(words: str) -> None:
        if words.startswith("waiting for "):
            waited.append(words)
            conditions(empty, warehouse_seconds=0)

    for go_on in (lambda: survey(small, empty_account, ended_by_waiting), lambda: None):
        conditions(empty, warehouse_seconds=60)
        made_as_far_as(small, empty_account, "workgroup ")
        waits = [change for change in plan(small, empty_account, silent) if change.action == "wait"]
        assert [change.title for change in waits] == [f"workgroup {small.workgroup}"]
        if found := go_on():
            destroy(found, silent)
            assert described(empty, empty_account) == before
    apply(small, empty_account, ended_by_waiting)
    assert waited == [f"waiting for workgroup {small.workgroup}: CREATING"] * 2
    assert apply(small, empty_account).changes == ()


def test_several_settings_are_changed_one_after_another(
    empty: Env, small: Spec, empty_account: boto3.Session
) -> None:
    """UpdateWorkgroup takes one at a time, and none while it is at work on another."""
    apply(small, empty_account)
    conditions(empty, warehouse_seconds=0.3)
    larger = replace(small, base_capacity=16, max_capacity=256, enhanced_vpc_routing=False)
    (told,) = apply(larger, empty_account).changes
    assert told == "workgroup redshift-tip-enabled: baseCapacity, maxCapacity, enhancedVpcRouting"
    assert apply(larger, empty_account).changes == ()


def test_a_clusters_drift_is_mended(empty: Env, small: Spec, empty_account: boto3.Session) -> None:
    spec = replace(small, **CLUSTER)
    apply(spec, empty_account)
    iam, redshift = empty_account.client("iam"), empty_account.client("redshift")
    trust = json.dumps(policies.load_trust(spec))
    extra = iam.create_role(RoleName="Extra", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    redshift.modify_cluster(ClusterIdentifier="sales-cluster", PubliclyAccessible=True)
    redshift.modify_cluster_iam_roles(ClusterIdentifier="sales-cluster", AddIamRoles=[extra])
    (told,) = apply(spec, empty_account).changes
    assert told == "cluster sales-cluster: PubliclyAccessible, IamRoles"
    assert apply(spec, empty_account).changes == ()
