"""What is looked up: the account, its partition, and the one IAM Identity Center instance that is meant."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.provision import command
from infra.provision.__main__ import main
from infra.provision.accounts import complete
from infra.provision.errors import ProvisioningError

GIVEN = {"issuer": "https://example.okta.com", "client_id": "0oa1", "data_bucket": "sales-data"}
MINE = {
    "InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef",
    "IdentityStoreId": "d-0123456789",
    "OwnerAccountId": "123456789012",
    "Status": "ACTIVE",
}
THEIRS = {
    "InstanceArn": "arn:aws:sso:::instance/ssoins-fedcba9876543210",
    "IdentityStoreId": "d-9876543210",
    "OwnerAccountId": "210987654321",
    "Status": "ACTIVE",
}


class Session:
    """An account with these instances."""

    region_name = "us-east-1"

    def __init__(self, *instances: dict[str, str], partition: str = "aws") -> None:
        self.instances = instances
        self.partition = partition
        self.asked: list[str] = []

    def client(self, service: str) -> "Session":
        self.asked.append(service)
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012", "Arn": f"arn:{self.partition}:iam::123456789012:user/a"}

    def get_paginator(self, _: str) -> "Session":
        return self

    def paginate(self) -> Iterator[dict[str, Any]]:
        yield {"Instances": list(self.instances)}


def completed(session: Session, **given: Any) -> Any:
    return complete(session, {**GIVEN, **given})  # type: ignore[arg-type]


def test_the_accounts_own_instance_is_taken() -> None:
    spec = completed(Session(MINE))
    assert (spec.account_id, spec.partition, spec.region) == ("123456789012", "aws", "us-east-1")
    assert (spec.instance_arn, spec.instance_owner) == (MINE["InstanceArn"], "")


def test_the_organizations_instance_names_its_owner() -> None:
    spec = completed(Session(THEIRS))
    assert (spec.instance_arn, spec.instance_owner) == (THEIRS["InstanceArn"], "210987654321")


@pytest.mark.parametrize(
    "named", [{"instance_arn": THEIRS["InstanceArn"]}, {"instance_owner": "210987654321"}]
)
def test_of_several_the_one_that_is_named_is_taken(named: dict[str, str]) -> None:
    assert completed(Session(MINE, THEIRS), **named).identity_store_id == "d-9876543210"


@pytest.mark.parametrize(
    ("instances", "named", "told"),
    [
        ((), {}, "no IAM Identity Center instance in us-east-1"),
        ((MINE, THEIRS), {}, "identity_center.instance_arn: .*ssoins-fedcba9876543210 of account 2109"),
        ((MINE,), {"instance_owner": "210987654321"}, "is like the one"),
        (({**MINE, "Status": "CREATE_IN_PROGRESS"},), {}, "is CREATE_IN_PROGRESS"),
    ],
)
def test_what_is_not_one_is_told(
    instances: tuple[dict[str, str], ...], named: dict[str, str], told: str
) -> None:
    with pytest.raises(ProvisioningError, match=told):
        completed(Session(*instances), **named)


def test_with_session_tags_nobody_asks_for_an_instance() -> None:
    session = Session()
    spec = completed(session, propagation="session_tags")
    assert spec.instance_arn == ""
    assert session.asked == ["sts"]


def test_other_partitions_have_arns_of_their_own() -> None:
    spec = completed(Session(MINE, partition="aws-us-gov"))
    assert spec.role_arn("x") == "arn:aws-us-gov:iam::123456789012:role/x"


def test_the_files_region_is_the_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    example = Path(command.__file__).parent / "rowlight.example.toml"
    parsed = {"profile": None, "file": example}
    options = command.argparse.Namespace(**parsed, region=None)
    assert command.session_of(options).region_name == "us-east-1"
    options.region = "eu-central-1"
    assert command.session_of(options).region_name == "eu-central-1"


@pytest.mark.parametrize("name", ["plan", "apply", "destroy"])
def test_an_unknown_profile_is_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert main([name, "--profile", "nobody", "--issuer", "https://example.com", "--client-id", "x"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
