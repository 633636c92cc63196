"""DynamoDB: the table where app processes share their sign-ins."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.provision.errors import ProvisioningError
from infra.provision.resources.resource import Found, Ids, Owner, Resource, State, made, owner_by, upper
from infra.provision.specification.spec import Spec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

KEY = "key"
EXPIRES_AT = "expires_at"
_READY = ("ACTIVE", "UPDATING")


@dataclass(frozen=True)
class SessionTable(Resource):
    """The table, encrypted under a key of KMS whose use CloudTrail records."""

    dynamodb: "DynamoDBClient"
    spec: Spec
    slow = True
    poll_seconds = 2

    @property
    def title(self) -> str:
        return f"table {self.spec.session_table}"

    def find(self, ids: Ids) -> Found | None:
        try:
            known = self.dynamodb.describe_table(TableName=self.spec.session_table)["Table"]
        except self.dynamodb.exceptions.ResourceNotFoundException:
            return None
        status = known.get("TableStatus", "")
        if status not in _READY:
            return Found({}, Owner.WHOLE, pending=status)
        pages = self.dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=known["TableArn"])
        owner = owner_by([tag for page in pages for tag in page["Tags"]], self.spec.application)
        return Found(_state(known), owner)

    def wanted(self, ids: Ids) -> State:
        return {"key": {KEY: "S"}, "encrypted by KMS": True}

    def create(self, ids: Ids) -> Found:
        tags: Any = upper(self.spec.application)
        created = self.dynamodb.create_table(
            TableName=self.spec.session_table,
            KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            SSESpecification={"Enabled": True},
            Tags=tags,
        )["TableDescription"]
        return made(pending="" if created.get("TableStatus") in _READY else created.get("TableStatus", ""))

    def change(self, ids: Ids, found: Found) -> None:
        """AWS cannot change a table's key; its encryption is left to whoever turned it off."""
        if found.state["key"] != {KEY: "S"}:
            raise ProvisioningError(
                f"The table {self.spec.session_table} has another key than {KEY} (a string), and AWS cannot"
                f" change that: give the table of the sessions another name."
            )
        raise ProvisioningError(
            f"The table {self.spec.session_table} is not encrypted with a key of KMS: turn that on in the"
            f" DynamoDB console (encryption at rest), then apply again."
        )

    def remove(self, ids: Ids) -> None:
        self.dynamodb.delete_table(TableName=self.spec.session_table)


def _state(known: "TableDescriptionTypeDef") -> State:
    types = {each["AttributeName"]: each["AttributeType"] for each in known.get("AttributeDefinitions", [])}
    names = [(each["AttributeName"], each["KeyType"]) for each in known.get("KeySchema", [])]
    encrypted = known.get("SSEDescription", {}).get("Status") in ("ENABLED", "ENABLING", "UPDATING")
    key = {name if kind == "HASH" else f"{name} ({kind})": types[name] for name, kind in names}
    return {"key": key, "encrypted by KMS": encrypted}


@dataclass(frozen=True)
class TimeToLive(Resource):
    """The table lets go of what has expired."""

    dynamodb: "DynamoDBClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"time to live of table {self.spec.session_table}"

    def find(self, ids: Ids) -> Found | None:
        try:
            known = self.dynamodb.describe_time_to_live(TableName=self.spec.session_table)
        except self.dynamodb.exceptions.ResourceNotFoundException:
            return None
        described = known["TimeToLiveDescription"]
        if described.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
            return None
        return Found({"attribute": described.get("AttributeName")}, Owner.WHOLE)

    def wanted(self, ids: Ids) -> State:
        return {"attribute": EXPIRES_AT}

    def create(self, ids: Ids) -> Found:
        self.dynamodb.update_time_to_live(
            TableName=self.spec.session_table,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES_AT},
        )
        return made()

    def change(self, ids: Ids, found: Found) -> None:
        raise ProvisioningError(
            f"The table {self.spec.session_table} expires its items by {found.state['attribute']}, not by"
            f" {EXPIRES_AT}: turn that off in the DynamoDB console, wait an hour, and apply again."
        )
