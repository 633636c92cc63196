"""Whoever runs the command line needs the policies that are written for them, and no others."""

import json
from collections.abc import Callable

import pytest

from infra.provision.__main__ import main
from infra.provision.administrator import administrator
from infra.provision.spec import Spec
from tests import outside

LOOKING = {"RowlightLook", "RowlightAskWarehouse"}
ALL = {*LOOKING, "RowlightChangeIdentity", "RowlightChangeWarehouse"}
Run = Callable[..., int]


@pytest.fixture
def given(empty: dict[str, str]) -> Spec:
    account = outside.aws(empty, "sts", outside.administrator(empty)).get_caller_identity()["Account"]
    return Spec(
        region=empty["AWS_REGION"],
        account_id=account,
        instance_arn=empty["IDC_INSTANCE_ARN"],
        identity_store_id=empty["IDENTITY_STORE_ID"],
        issuer=empty["OIDC_ISSUER"],
        client_id=empty["OIDC_CLIENT_ID"],
        data_bucket=empty["S3_BUCKET"],
    )


@pytest.fixture
def run(empty: dict[str, str], given: Spec, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as a user who has these of the policies, and no other."""
    iam = outside.aws(empty, "iam", outside.administrator(empty))
    iam.create_user(UserName="operator")
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", empty["AWS_ENDPOINT_URL"])
    monkeypatch.setenv("AWS_REGION", empty["AWS_REGION"])

    def run(*arguments: str, having: set[str]) -> int:
        for name, policy in administrator(given).items():
            place = {"UserName": "operator", "PolicyName": name}
            if name in having:
                iam.put_user_policy(**place, PolicyDocument=json.dumps(policy))
            elif name in iam.list_user_policies(UserName="operator")["PolicyNames"]:
                iam.delete_user_policy(**place)
        return main([*arguments])

    return run


def of(given: Spec) -> tuple[str, ...]:
    return ("--issuer", given.issuer, "--client-id", given.client_id, "--data-bucket", given.data_bucket)


@pytest.mark.parametrize("lacking", sorted(ALL))
def test_apply_needs_all_four(run: Run, given: Spec, lacking: str) -> None:
    assert run("apply", *of(given), having=ALL - {lacking}) == 1
    assert run("apply", *of(given), having=ALL) == 0


def test_doctor_looks_and_changes_nothing(
    empty: dict[str, str],
    run: Run,
    given: Spec,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run("apply", *of(given), having=ALL) == 0
    settings = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    for name in ("OIDC_CLIENT_SECRET", "APP_URL", "SIGN_IN"):
        settings[name] = empty[name]
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert run("doctor", having=LOOKING) == 0
    told = capsys.readouterr().out
    assert "RLD-001" not in told, told
