"""`plan` shows what apply would do, policies in full, and changes nothing; what changed by hand is seen."""

import json
from typing import Any

import boto3
import pytest

from infra.provision.__main__ import main
from infra.provision.apply import apply
from infra.provision.iam import policies
from infra.provision.plan import plan
from infra.provision.resources.resource import Owner
from infra.provision.show import aligned, differences
from infra.provision.specification.spec import Spec
from tests.infra.provision.account import described
from tests.infra.provision.test_destroy import given

Env = dict[str, str]


def silent(_: str) -> None:
    """Says nothing."""


def test_a_plan_of_an_empty_account_has_everything(
    empty: Env, empty_spec: Spec, empty_account: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    before = described(empty, empty_account)
    assert main(given(empty_spec, "plan", "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert {change["action"] for change in told["changes"]} == {"create"}
    trust = next(change for change in told["changes"] if change["resource"] == "role IDCBridgeRole")
    assert trust["after"]["trust"] == policies.bridge_trust(empty_spec)
    assert main(given(empty_spec, "plan")) == 0
    text = capsys.readouterr().out
    assert "+ role IDCBridgeRole\n" in text
    assert "sts:AssumeRoleWithWebIdentity" in text
    assert "(known after apply)" in text
    assert f"{len(told['changes'])} to make, 0 to change, 0 as they should be in 123456789012" in text
    assert described(empty, empty_account) == before


def test_a_plan_of_what_is_as_it_should_be_shows_the_policies(
    empty_spec: Spec, empty_account: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    apply(empty_spec, empty_account)
    assert main(given(empty_spec, "plan")) == 0
    text = capsys.readouterr().out
    for role in (empty_spec.bridge_role, empty_spec.data_role):
        assert f"= role {role}\n" in text
        assert f"= permissions of {role}\n" in text
    assert "redshift-data:statement-owner-iam-userid" in text
    assert "Nothing is to be changed" in text


def extra_policy(session: boto3.Session, spec: Spec) -> None:
    document = policies.load_permissions(spec)
    session.client("iam").put_role_policy(
        RoleName=spec.data_role, PolicyName="Extra", PolicyDocument=json.dumps(document)
    )


def public_workgroup(session: boto3.Session, spec: Spec) -> None:
    session.client("redshift-serverless").update_workgroup(
        workgroupName=spec.workgroup, publiclyAccessible=True
    )


def no_ssl(session: boto3.Session, spec: Spec) -> None:
    session.client("redshift-serverless").update_workgroup(
        workgroupName=spec.workgroup,
        configParameters=[{"parameterKey": "require_ssl", "parameterValue": "false"}],
    )


def unbounded(session: boto3.Session, spec: Spec) -> None:
    session.client("redshift-serverless").update_workgroup(workgroupName=spec.workgroup, maxCapacity=512)


def disabled(session: boto3.Session, spec: Spec) -> None:
    sso = session.client("sso-admin")
    arn = next(
        each["ApplicationArn"]
        for each in sso.list_applications(InstanceArn=spec.instance_arn)["Applications"]
        if each["Name"] == spec.application
    )
    sso.update_application(ApplicationArn=arn, Status="DISABLED")


def no_audience(session: boto3.Session, spec: Spec) -> None:
    session.client("iam").remove_client_id_from_open_id_connect_provider(
        OpenIDConnectProviderArn=spec.provider_arn, ClientID=spec.client_id
    )


HAND_MADE: dict[str, tuple[Any, str, str]] = {
    "a policy more": (extra_policy, "permissions of RedshiftDataAPIClientRole", "policies.Extra"),
    "reached from everywhere": (public_workgroup, "workgroup redshift-tip-enabled", "publiclyAccessible"),
    "without TLS": (no_ssl, "workgroup redshift-tip-enabled", "require_ssl"),
    "as large as it likes": (unbounded, "workgroup redshift-tip-enabled", "maxCapacity"),
    "turned off": (disabled, "application RedshiftStreamlitDemo", "Status"),
    "not for this app": (no_audience, "identity provider", "audiences"),
}


def test_what_was_changed_by_hand_is_seen_and_mended(
    empty: Env, empty_spec: Spec, empty_account: boto3.Session
) -> None:
    apply(empty_spec, empty_account)
    wanted = described(empty, empty_account)
    for name, (change_by_hand, title, path) in HAND_MADE.items():
        change_by_hand(empty_account, empty_spec)
        (seen,) = [each for each in plan(empty_spec, empty_account, silent) if each.action != "nothing"]
        assert seen.title.startswith(title), name
        assert [each["path"] for each in differences(seen.before, seen.after)] == [path], name
        assert seen.owner in (Owner.US, Owner.WHOLE), name
        (told,) = apply(empty_spec, empty_account).changes
        assert told == f"{seen.title}: {path}"
        assert described(empty, empty_account) == wanted, name


def test_what_says_the_same_is_no_difference() -> None:
    theirs = {"Action": ["b", "a"], "Resource": "x", "Extra": 1}
    ours = {"Resource": ["x"], "Action": ["a", "b"]}
    assert aligned(theirs, ours) == {"Resource": ["x"], "Action": ["a", "b"], "Extra": 1}
    assert list(differences(theirs, ours)) == [{"path": "Extra", "before": 1, "after": None}]
