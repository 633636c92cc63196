"""DynamoDB: the table where app processes share their sign-ins."""

from typing import TYPE_CHECKING

from infra.provision.errors import ProvisioningError
from infra.provision.roles import Changed
from infra.provision.spec import Spec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

KEY = "key"
EXPIRES_AT = "expires_at"
# A new table takes some seconds.
_WAIT_SECONDS = 2
_WAITS = 60


def ensure_session_table(dynamodb: "DynamoDBClient", spec: Spec, changed: Changed) -> None:
    """The table exists, encrypted, and lets go of what has expired."""
    try:
        _check(spec, dynamodb.describe_table(TableName=spec.session_table)["Table"])
    except dynamodb.exceptions.ResourceNotFoundException:
        dynamodb.create_table(
            TableName=spec.session_table,
            KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            # Under a key of this account in KMS, whose use CloudTrail records.
            SSESpecification={"Enabled": True},
        )
        changed(f"table {spec.session_table}")
    dynamodb.get_waiter("table_exists").wait(
        TableName=spec.session_table, WaiterConfig={"Delay": _WAIT_SECONDS, "MaxAttempts": _WAITS}
    )
    _ensure_time_to_live(dynamodb, spec, changed)


def _check(spec: Spec, known: "TableDescriptionTypeDef") -> None:
    """AWS cannot change a table's key; its capacity is left to the account."""
    types = {each["AttributeName"]: each["AttributeType"] for each in known.get("AttributeDefinitions", [])}
    key = [(each["AttributeName"], each["KeyType"]) for each in known.get("KeySchema", [])]
    if key != [(KEY, "HASH")] or types[KEY] != "S":
        raise ProvisioningError(
            f"The table {spec.session_table} has another key than {KEY} (a string), and AWS cannot change"
            f" that: give the table of the sessions another name."
        )
    if known.get("SSEDescription", {}).get("Status") not in ("ENABLED", "ENABLING", "UPDATING"):
        raise ProvisioningError(
            f"The table {spec.session_table} is not encrypted with a key of KMS: turn that on in the"
            f" DynamoDB console (encryption at rest), then apply again."
        )


def _ensure_time_to_live(dynamodb: "DynamoDBClient", spec: Spec, changed: Changed) -> None:
    known = dynamodb.describe_time_to_live(TableName=spec.session_table)["TimeToLiveDescription"]
    if known.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"):
        if known.get("AttributeName") != EXPIRES_AT:
            raise ProvisioningError(
                f"The table {spec.session_table} expires its items by {known.get('AttributeName')}, not by"
                f" {EXPIRES_AT}: turn that off in the DynamoDB console, wait an hour, and apply again."
            )
        return
    dynamodb.update_time_to_live(
        TableName=spec.session_table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES_AT},
    )
    changed(f"time to live of table {spec.session_table}")
