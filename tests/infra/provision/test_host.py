"""What several processes of the app share, and a host that exchanges people's tokens itself."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from infra.provision.__main__ import main
from infra.provision.apply import apply
from infra.provision.errors import ProvisioningError
from infra.provision.specification.spec import Spec
from tests import outside
from tests.infra.local.test_chain import refused
from tests.infra.provision.test_apply import arguments

TABLE = "rowlight-sessions"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:user/administrator"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@pytest.fixture
def no_table(session: boto3.Session) -> Iterator[None]:
    yield
    dynamodb = session.client("dynamodb")
    for name in dynamodb.list_tables()["TableNames"]:
        dynamodb.delete_table(TableName=name)


@pytest.fixture(scope="module")
def host(spec: Spec, session: boto3.Session) -> Iterator[str]:
    """A role such as a container's; afterwards the account is as it was."""
    iam = session.client("iam")
    role = iam.create_role(RoleName="Host", Path="/service/", AssumeRolePolicyDocument=json.dumps(TRUST))
    extra = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="Host", PolicyName="Own", PolicyDocument=json.dumps(extra))
    yield role["Role"]["Arn"]
    apply(spec, session)


@pytest.mark.usefixtures("no_table")
def test_the_table_is_made_once(spec: Spec, session: boto3.Session) -> None:
    shared = replace(spec, session_table=TABLE)
    apply(spec, session)
    first = apply(shared, session)
    assert first.changes == (f"table {TABLE}", f"time to live of table {TABLE}")
    assert first.settings()["SESSION_STORE"] == f"dynamodb:{TABLE}"
    dynamodb = session.client("dynamodb")
    made = dynamodb.describe_table(TableName=TABLE)["Table"]
    assert made["KeySchema"] == [{"AttributeName": "key", "KeyType": "HASH"}]
    assert made["AttributeDefinitions"] == [{"AttributeName": "key", "AttributeType": "S"}]
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert made["SSEDescription"]["Status"] == "ENABLED"
    lives = dynamodb.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert (lives["TimeToLiveStatus"], lives["AttributeName"]) == ("ENABLED", "expires_at")
    assert apply(shared, session).changes == ()


@pytest.mark.usefixtures("no_table")
def test_a_time_to_live_that_was_turned_off_is_mended(spec: Spec, session: boto3.Session) -> None:
    shared = replace(spec, session_table=TABLE)
    apply(shared, session)
    session.client("dynamodb").update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"}
    )
    assert apply(shared, session).changes == (f"time to live of table {TABLE}",)


OTHER: dict[str, tuple[dict[str, Any], str]] = {
    "another key": (
        {
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        },
        "another key",
    ),
    "a key of another type": (
        {"AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "B"}]},
        "another key",
    ),
    "without encryption by KMS": ({"SSESpecification": {"Enabled": False}}, "not encrypted"),
}


@pytest.mark.usefixtures("no_table")
@pytest.mark.parametrize("other", OTHER)
def test_a_table_that_will_not_do_is_named(spec: Spec, session: boto3.Session, other: str) -> None:
    changes, told = OTHER[other]
    table: dict[str, Any] = {
        "TableName": TABLE,
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"Enabled": True},
    }
    session.client("dynamodb").create_table(**{**table, **changes})
    with pytest.raises(ProvisioningError, match=f"{TABLE} .*{told}"):
        apply(replace(spec, session_table=TABLE), session)


@pytest.mark.usefixtures("no_table")
def test_items_that_expire_by_another_attribute_are_told(spec: Spec, session: boto3.Session) -> None:
    shared = replace(spec, session_table=TABLE)
    apply(shared, session)
    dynamodb = session.client("dynamodb")
    for enabled, attribute in ((False, "expires_at"), (True, "other")):
        dynamodb.update_time_to_live(
            TableName=TABLE, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute}
        )
    with pytest.raises(ProvisioningError, match="by other, not by expires_at"):
        apply(shared, session)


@pytest.mark.usefixtures("no_table")
def test_the_command_prints_the_store_and_what_the_host_needs(
    spec: Spec, session: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(spec, **{"--session-table": TABLE})) == 0
    told = capsys.readouterr()
    assert f"SESSION_STORE=dynamodb:{TABLE}\n" in told.out
    policy = json.loads(told.err.partition("the app's host needs this policy: ")[2])
    (statement,) = policy["Statement"]
    assert statement["Resource"].endswith(f":table/{TABLE}")


def host_credentials(env: dict[str, str], host: str) -> dict[str, Any]:
    administrator = outside.aws(env, "sts", outside.administrator(env))
    return dict(administrator.assume_role(RoleArn=host, RoleSessionName="process")["Credentials"])


def test_a_host_exchanges_tokens_without_a_bridge_role(
    env: dict[str, str], spec: Spec, session: boto3.Session, host: str
) -> None:
    signing = replace(spec, host_role_arn=host)
    outputs = apply(signing, session)
    assert outputs.settings()["BRIDGE_ROLE_ARN"] == ""
    assert "permissions RowlightHost of Host" in outputs.changes
    assert apply(signing, session).changes == ()
    # What else the host's role has is the host's.
    assert set(session.client("iam").list_role_policies(RoleName="Host")["PolicyNames"]) == {
        "Own",
        "RowlightHost",
    }
    keys = host_credentials(env, host)
    token = outside.sign_in(env, "Frank Amer").id_token
    person = outside.exchange_by(env, keys, token)
    data = outside.aws(env, "redshift-data", person)
    assert outside.rows(data, env, "SELECT current_user") == [("AWSIDC:frank@example.com",)]
    # Nothing trusts the bridge role any more.
    token = outside.sign_in(env, "Frank Amer").id_token
    bridge = outside.bridge(env, token)
    assert refused(outside.exchange_by, env, bridge, token) == "AccessDeniedException"


def test_without_the_hosts_role_it_is_refused(
    env: dict[str, str], spec: Spec, session: boto3.Session, host: str
) -> None:
    apply(spec, session)
    keys = host_credentials(env, host)
    token = outside.sign_in(env, "Frank Amer").id_token
    assert refused(outside.exchange_by, env, keys, token) == "AccessDeniedException"


def test_a_host_role_that_is_not_there_is_named(spec: Spec, session: boto3.Session) -> None:
    arn = "arn:aws:iam::123456789012:role/nowhere"
    with pytest.raises(ProvisioningError, match="role/nowhere"):
        apply(replace(spec, host_role_arn=arn), session)
