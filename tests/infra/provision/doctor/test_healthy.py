"""A healthy chain gives no finding, however it is set up."""

import json
from dataclasses import replace

import pytest

from infra.provision.apply import apply
from infra.provision.specification.spec import Spec
from tests.infra.provision.doctor.world import BRIDGE, DATA, World
from tests.infra.provision.test_host import TRUST


def found(world: World) -> list[str]:
    return [f"{finding.fault.code} {finding.what}" for finding in world.diagnose().findings]


def set_up(world: World, **changes: object) -> None:
    """The account as that specification says, and the settings that go with it."""
    spec: Spec = replace(world.provisioned, **changes)  # type: ignore[arg-type]
    for name in ("BRIDGE_ROLE_ARN", "SESSION_STORE"):
        world.env.pop(name, None)
    world.env |= {name: value for name, value in apply(spec, world.session).settings().items() if value}
    world.spec = spec


def host(world: World) -> str:
    iam = world.aws("iam")
    iam.create_role(RoleName="Host", Path="/service/", AssumeRolePolicyDocument=json.dumps(TRUST))
    # What else a host does is its own.
    world.allow("Host", "Own", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    return "arn:aws:iam::123456789012:role/service/Host"


def test_a_healthy_chain_has_no_fault(world: World) -> None:
    assert found(world) == []


def test_a_healthy_chain_with_its_specification(world: World) -> None:
    world.spec = world.provisioned
    assert found(world) == []


def test_the_specification_alone_leads_to_the_chain(world: World) -> None:
    """Of the app's settings only what no specification has: its secret."""
    world.spec = replace(world.provisioned, app_url=world.env["APP_URL"])
    world.env = {"OIDC_CLIENT_SECRET": world.env["OIDC_CLIENT_SECRET"]}
    assert found(world) == []


@pytest.mark.parametrize("source", ["rowlight.toml", "the environment alone"])
def test_a_host_that_signs_for_itself(world: World, source: str) -> None:
    set_up(world, host_role_arn=host(world))
    world.spec = world.spec if source == "rowlight.toml" else None
    assert found(world) == []


def test_a_hosts_own_faults_are_found(world: World) -> None:
    set_up(world, host_role_arn=host(world))
    world.forbid("Host", "sts:SetContext")
    assert [line.split()[0] for line in found(world)] == ["RLD-222"]


def test_sign_ins_that_are_shared(world: World) -> None:
    set_up(world, session_table="rowlight-sessions")
    assert found(world) == []


def test_only_some_subjects(world: World) -> None:
    set_up(world, subjects=("00u1", "00u2"))
    assert found(world) == []


def test_actions_and_resources_with_wildcards_that_reach_no_further(world: World) -> None:
    """As people write policies by hand: another order, other letters, lists of one, patterns."""
    application = world.env["IDC_APPLICATION_ARN"]
    world.allow(
        BRIDGE,
        "IDCBridgeRolePermissions",
        {"Effect": "Allow", "Action": ["SSO-OAuth:Create*WithIAM"], "Resource": [application]},
        {
            "Effect": "Allow",
            "Action": ["sts:setcontext", "STS:AssumeRole"],
            "Resource": f"arn:*:iam::*:role/{DATA}",
        },
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {"Effect": "Deny", "NotAction": ["sts:*", "sso-oauth:*"], "Resource": "*"},
    )
    assert found(world) == []
