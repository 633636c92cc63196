"""Where tags of the token carry the person: the data role is open to the provider's tokens themselves."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.provision.apply import apply
from infra.provision.doctor.fault import Finding
from tests.infra.provision.doctor.cures import carry_out
from tests.infra.provision.doctor.world import DATA, World

MADE: dict[str, tuple[str, dict[str, str]]] = {}


@pytest.fixture
def tagged(world: World) -> World:
    """The account and the settings as the specification makes them; made once."""
    if "state" not in MADE:
        spec = replace(world.provisioned, propagation="session_tags")
        settings = apply(spec, world.session).settings()
        MADE["state"] = world.keep(), {name: value for name, value in settings.items() if value}
    number, settings = MADE["state"]
    world.put_back(number)
    for name in ("BRIDGE_ROLE_ARN", "IDC_APPLICATION_ARN"):
        del world.env[name]
    world.env |= settings
    return world


def look(world: World) -> list[Finding]:
    return list(world.diagnose().findings)


def test_only_the_links_that_there_are_are_looked_at(tagged: World) -> None:
    titles = " ".join(outcome.check.title for outcome in tagged.diagnose().outcomes)
    assert "the data role is there" in titles
    assert not [each for each in ("bridge role", "host's role", "may exchange tokens") if each in titles]


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
    assert carry_out(findings[0].cure, tagged)
    assert look(tagged) == []
