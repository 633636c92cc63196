"""End to end as a test person whose token's tags carry them, without IAM Identity Center."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra.provision.doctor.chain import chain_of
from infra.provision.doctor.command import diagnose
from tests import outside, stand_in
from tests.infra.provision.doctor.account import reworded
from tests.infra.provision.doctor.world import KeptClients

CLAIM = "https://aws.amazon.com/tags"


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    log = tmp_path_factory.mktemp("tagged") / "log"
    with stand_in.running(log, PROPAGATION="session_tags", DEMO_ROWS="300") as running:
        yield running.env


@pytest.fixture(scope="module")
def clients(tagged: dict[str, str]) -> Iterator[KeptClients]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", tagged["AWS_ENDPOINT_URL"])
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        yield KeptClients(
            boto3.Session(
                tagged["ADMIN_AWS_ACCESS_KEY_ID"],
                tagged["ADMIN_AWS_SECRET_ACCESS_KEY"],
                region_name=tagged["AWS_REGION"],
            )
        )


def found(tagged: dict[str, str], clients: Any, token: str) -> dict[str, str]:
    findings = diagnose(chain_of(tagged), clients, test_token=lambda _: token).findings
    return {each.fault.code: each.cure for each in findings}


@pytest.mark.parametrize(
    ("who", "codes"),
    [
        ("Frank Amer", set()),
        ("Ethan Global", set()),
        ("Nora Newcomer", {"RLD-508"}),
        ("Ada Admin", {"RLD-520"}),
    ],
)
def test_a_healthy_chain(tagged: dict[str, str], clients: Any, who: str, codes: set[str]) -> None:
    told = found(tagged, clients, outside.sign_in(tagged, who).id_token)
    assert {code for code in told if code != "RLD-415"} == codes


@pytest.mark.parametrize(
    "tags", [None, {"principal_tags": {"RedshiftDbUser": ["ethan@example.com"]}}, "no object"]
)
def test_a_token_whose_tags_do_not_name_the_person(
    tagged: dict[str, str], clients: Any, tags: object
) -> None:
    token = reworded(outside.sign_in(tagged, "Frank Amer").id_token, **{CLAIM: tags})
    told = found(tagged, clients, token)
    assert set(told) - {"RLD-415"} == {"RLD-507"}
    assert CLAIM in told["RLD-507"]
