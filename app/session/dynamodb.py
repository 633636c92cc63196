"""The store that several processes share: one DynamoDB table, every change conditional."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from app.errors import StoreUnavailable
from app.session.store import Clock, Entry

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LOST = "ConditionalCheckFailedException"
_NAMES = {"#key": "key"}  # a word of DynamoDB's own


class DynamoStore:
    """A table with the partition key `key` (text) and the time to live in `expires_at`.

    DynamoDB takes an expired item away within days: until then every method takes it as gone already.
    """

    def __init__(self, client: "DynamoDBClient", table: str, *, clock: Clock = time.time) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def add(self, key: str, value: bytes, *, expires_at: float) -> bool:
        """See Store."""
        answer = self._ask(
            self._client.put_item,
            Item=_item(key, value, version=1, expires_at=expires_at),
            ConditionExpression="attribute_not_exists(#key) OR expires_at <= :now",
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues={":now": self._now()},
        )
        return bool(answer)

    def get(self, key: str) -> Entry | None:
        """See Store."""
        # Consistent: a sign-out in another process counts at once.
        answer = self._ask(self._client.get_item, Key=_key(key), ConsistentRead=True)
        return self._live(answer.get("Item"))

    def swap(self, key: str, value: bytes, *, version: int, expires_at: float) -> bool:
        """See Store."""
        answer = self._ask(
            self._client.put_item,
            Item=_item(key, value, version=version + 1, expires_at=expires_at),
            ConditionExpression="version = :seen AND expires_at > :now",
            ExpressionAttributeValues={":seen": {"N": str(version)}, ":now": self._now()},
        )
        return bool(answer)

    def take(self, key: str) -> Entry | None:
        """See Store."""
        answer = self._ask(self._client.delete_item, Key=_key(key), ReturnValues="ALL_OLD")
        return self._live(answer.get("Attributes"))

    def entries(self, kind: str) -> Iterator[tuple[str, Entry]]:
        """See Store."""
        request: dict[str, Any] = {
            "FilterExpression": "begins_with(#key, :kind) AND expires_at > :now",
            "ExpressionAttributeNames": _NAMES,
            "ExpressionAttributeValues": {":kind": {"S": f"{kind}#"}, ":now": self._now()},
            "ConsistentRead": True,  # who signed in a moment ago is meant, too
        }
        while True:
            answer = self._ask(self._client.scan, **request)
            for item in answer["Items"]:
                yield item["key"]["S"], _entry(item)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def purge(self) -> None:
        """See Store; DynamoDB does it by itself."""

    def _now(self) -> Mapping[str, str]:
        return {"N": str(int(self._clock()))}

    def _live(self, item: Mapping[str, Any] | None) -> Entry | None:
        if not item or float(item["expires_at"]["N"]) <= self._clock():
            return None
        return _entry(item)

    def _ask(self, call: Callable[..., Mapping[str, Any]], **request: Any) -> Mapping[str, Any]:
        """DynamoDB's answer, which is empty when the condition did not hold."""
        try:
            return call(TableName=self._table, **request)
        except ClientError as error:
            reason = error.response["Error"]["Code"]
            if reason == _LOST:
                return {}
        except BotoCoreError as error:
            reason = type(error).__name__
        # Out of the handlers: the caught error may hold the request.
        raise _unavailable(reason)


def _key(key: str) -> Mapping[str, Any]:
    return {"key": {"S": key}}


def _item(key: str, value: bytes, *, version: int, expires_at: float) -> Mapping[str, Any]:
    return {
        **_key(key),
        "value": {"B": value},
        "version": {"N": str(version)},
        "expires_at": {"N": str(int(expires_at))},
    }


def _entry(item: Mapping[str, Any]) -> Entry:
    return Entry(bytes(item["value"]["B"]), int(item["version"]["N"]))


def _unavailable(reason: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"The store that keeps who is signed in does not answer ({reason}).",
        "Try again in a moment. If it goes on, have your administrator check the table of SESSION_STORE, "
        "AWS_REGION, and that the host's role may read and write the table.",
    )
