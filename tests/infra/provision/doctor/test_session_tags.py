"""Where tags of the token carry the person: the data role is open to the provider's tokens themselves."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.provision import policies
from infra.provision.doctor.check import examine
from infra.provision.doctor.checks import client, clocks, iam_provider, permissions, provider, settings, trust
from infra.provision.doctor.context import Context
from tests.infra.provision.doctor.cures import carry_out
from tests.infra.provision.doctor.world import DATA, World

CHECKS = tuple(
    check
    for module in (settings, clocks, provider, client, iam_provider, trust, permissions)
    for check in module.CHECKS
)


@pytest.fixture
def tagged(world: World) -> World:
    """The settings, and the role's policies, as the specification makes them."""
    spec = replace(world.provisioned, propagation="session_tags")
    for name in ("BRIDGE_ROLE_ARN", "IDC_APPLICATION_ARN"):
        del world.env[name]
    world.env["PROPAGATION"] = "session_tags"
    workgroup = world.aws("redshift-serverless").get_workgroup(workgroupName=spec.workgroup)["workgroup"]
    world.set_trust(DATA, policies.data_trust(spec))
    allowed = policies.data_permissions(spec, warehouse_arn=workgroup["workgroupArn"])
    world.allow(DATA, f"{DATA}Permissions", *allowed["Statement"])
    return world


def look(world: World) -> list[Any]:
    context = Context(world.chain, session=world.session, http=world.http)
    return [finding for outcome in examine(CHECKS, context) for finding in outcome.findings]


def test_a_healthy_chain(tagged: World) -> None:
    assert look(tagged) == []


def trust_of(change: Callable[[dict[str, Any], dict[str, Any]], object]) -> Callable[[World], None]:
    """The trust policy with a change of its two statements: for people, and for their tags."""

    def inject(world: World) -> None:
        document = world.trust(DATA)
        people, tags = document["Statement"]
        change(people, tags)
        world.set_trust(DATA, document)

    return inject


def forbid(action: str) -> Callable[[World], None]:
    return lambda world: world.forbid(DATA, action)


def no_provider(world: World) -> None:
    world.aws("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=world.chain.provider_arn)


def another_provider(*statements: dict[str, Any]) -> None:
    for each in statements:
        each["Principal"] = {"Federated": each["Principal"]["Federated"] + "/another"}


FAULTS: dict[str, Callable[[World], object]] = {
    "RLD-201": no_provider,
    "RLD-211": trust_of(another_provider),
    "RLD-213": trust_of(lambda people, _: people.pop("Condition")),
    "RLD-250": trust_of(lambda _, tags: tags.update(Action="sts:SetSourceIdentity")),
    "RLD-251": forbid("redshift-serverless:GetCredentials"),
    "RLD-252": trust_of(lambda _, tags: tags.pop("Condition")),
    "RLD-236": forbid("redshift-data:DescribeStatement"),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_is_found_alone_and_its_command_cures_it(tagged: World, code: str) -> None:
    FAULTS[code](tagged)
    findings = look(tagged)
    assert {finding.fault.code for finding in findings} == {code}
    assert carry_out(findings[0].cure, tagged.session)
    assert look(tagged) == []
