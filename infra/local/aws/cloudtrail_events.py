"""What becomes an event of CloudTrail's event history, and how its record reads."""

import logging
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserError, create_parser

from infra.local.aws.cloudtrail_values import Values, instant
from infra.local.aws.exchange import Exchange
from infra.local.aws.model import Caller, Federated
from infra.local.aws.wire import HttpResponse
from infra.local.config import ACCOUNT_ID, REGION

# At DEBUG it writes whole answers down, credentials and all.
logging.getLogger("botocore.parsers").setLevel(logging.INFO)

_VERSION = "1.11"
_AGENT_CHARACTERS = 1024
# Event sources that are not the service's name.
_SOURCES = {"sso-oidc": "sso-oauth", "sso-admin": "sso"}
_READING = ("Get", "List", "Describe", "Head", "Lookup", "AssumeRole", "BatchGet")
# S3's operations on buckets under the names that CloudTrail gives them; all others are data events.
_ON_BUCKETS = {
    name: name
    for name in (
        "ListBuckets",
        "CreateBucket",
        "DeleteBucket",
        "GetBucketLocation",
        "GetBucketVersioning",
        "PutBucketVersioning",
        "GetBucketEncryption",
        "PutBucketEncryption",
        "GetBucketTagging",
        "PutBucketTagging",
    )
} | {
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_ON_ITEMS = frozenset({"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"})


def is_management_event(exchange: Exchange) -> bool:
    """Whether the event history has it: of whoever proved who they are, and of tokens that try to."""
    if not exchange.operation or (exchange.caller is None and exchange.service != "sts"):
        return False
    if exchange.service == "s3":
        return exchange.operation in _ON_BUCKETS
    return exchange.service != "dynamodb" or exchange.operation not in _ON_ITEMS


def record(
    exchange: Exchange, response: HttpResponse, *, at: datetime, identity_store_arn: str
) -> dict[str, Any]:
    """The record of one call."""
    values = Values(exchange.service)
    requested = _requested(exchange, values)
    failed = response.status >= 400  # noqa: PLR2004 - HTTP's border
    parsed = _parsed(exchange, response) if failed or _changes(exchange) else {}
    reads = exchange.operation.startswith(_READING)
    return {
        "eventVersion": _VERSION,
        "userIdentity": _identity(exchange, identity_store_arn),
        "eventTime": instant(at),
        "eventSource": f"{_SOURCES.get(exchange.service, exchange.service)}.amazonaws.com",
        "eventName": _ON_BUCKETS.get(exchange.operation, exchange.operation),
        "awsRegion": REGION,
        "sourceIPAddress": exchange.address,
        "userAgent": exchange.user_agent[:_AGENT_CHARACTERS],
        **(_error(exchange, parsed, values) if failed else {}),
        "requestParameters": requested,
        "responseElements": None if failed else _elements(exchange, parsed, values),
        **_additional(exchange, identity_store_arn),
        "requestID": exchange.request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": reads,
        **_resources(exchange),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT_ID,
        "eventCategory": "Management",
    }


def user_name(exchange: Exchange) -> str:
    """The name by which LookupEvents finds the caller: the session's, the user's, the token's subject."""
    caller, federated = exchange.caller, exchange.noted.federated
    if caller is None:
        return federated.subject if federated else ""
    return caller.session_name or caller.principal_arn.rpartition("/")[2]


def _identity(exchange: Exchange, identity_store_arn: str) -> dict[str, Any]:
    caller = exchange.caller
    if caller is None:
        return _of_token(exchange.noted.federated)
    found: dict[str, Any] = {
        "type": "AssumedRole" if caller.role_name else "IAMUser",
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key_id,
    }
    if caller.role_name is None:
        return {**found, "userName": user_name(exchange)}
    found["sessionContext"] = _session(caller)
    if caller.person is not None:
        found["onBehalfOf"] = {"userId": caller.person.user_id, "identityStoreArn": identity_store_arn}
    return found


def _of_token(federated: Federated | None) -> dict[str, Any]:
    """Whoever sent a token; of a token that was not verified, nothing is believed."""
    if federated is None:
        return {"type": "WebIdentityUser"}
    return {
        "type": "WebIdentityUser",
        "principalId": f"{federated.provider_arn}:{federated.audience}:{federated.subject}",
        "userName": federated.subject,
        "identityProvider": federated.provider_arn,
    }


def _session(caller: Caller) -> dict[str, Any]:
    issuer = {
        "type": "Role",
        "principalId": caller.user_id.partition(":")[0],
        "arn": caller.principal_arn,
        "accountId": caller.account,
        "userName": caller.role_name,
    }
    federation = (
        {"webIdFederationData": {"federatedProvider": caller.provider_arn, "attributes": {}}}
        if caller.provider_arn
        else {}
    )
    began = {"creationDate": instant(caller.began_at)} if caller.began_at else {}
    return {
        "sessionIssuer": issuer,
        **federation,
        "attributes": {**began, "mfaAuthenticated": "false"},
    }


def _requested(exchange: Exchange, values: Values) -> Mapping[str, Any] | None:
    if exchange.parameters is None:
        return None
    if exchange.service == "s3":  # has no parameters but its path
        return exchange.parameters or None
    model = exchange.operation_model
    shape = model.input_shape if model else None
    written = values.written(exchange.parameters, shape) if shape else None
    tags = exchange.noted.tags
    if written is None or tags is None or not tags.values:
        return written
    passed: dict[str, Any] = {"principalTags": dict(tags.values)}
    return {**written, **passed, **({"transitiveTagKeys": [*tags.transitive]} if tags.transitive else {})}


def _parsed(exchange: Exchange, response: HttpResponse) -> Mapping[str, Any]:
    """The answer as the caller's SDK reads it."""
    answer = {
        "status_code": response.status,
        "headers": HeadersDict(response.headers),
        "body": response.body,
    }
    try:
        parsed: Mapping[str, Any] = create_parser(exchange.protocol).parse(answer, _output(exchange))
    except ResponseParserError:
        return {"Error": {"Code": str(response.status)}}
    return parsed


def _changes(exchange: Exchange) -> bool:
    assumes = exchange.operation.startswith("AssumeRole")
    return exchange.service != "s3" and (assumes or not exchange.operation.startswith(_READING))


def _error(exchange: Exchange, parsed: Mapping[str, Any], values: Values) -> dict[str, str]:
    error = parsed.get("Error", {})
    # An OAuth error has its description in a member of its own.
    message = exchange.error.message if exchange.error else error.get("Message")
    told = {"errorMessage": values.without_hidden(str(message))} if message else {}
    return {"errorCode": str(error.get("Code", "")), **told}


def _elements(exchange: Exchange, parsed: Mapping[str, Any], values: Values) -> dict[str, Any] | None:
    shape = _output(exchange)
    return values.written(parsed, shape) if shape else None


def _output(exchange: Exchange) -> Any:
    return exchange.operation_model.output_shape if exchange.operation_model else None


def _additional(exchange: Exchange, identity_store_arn: str) -> dict[str, Any]:
    if exchange.noted.on_behalf_of is None:
        return {}
    told = {
        "identitystore:UserId": exchange.noted.on_behalf_of,
        "identitystore:IdentityStoreArn": identity_store_arn,
    }
    return {"additionalEventData": told}


def _resources(exchange: Exchange) -> dict[str, Any]:
    """What the call was about, for the calls whose events say so."""
    asked = exchange.parameters or {}
    found: dict[str, str] = {}
    if exchange.operation.startswith("AssumeRole") and "RoleArn" in asked:
        found = {"accountId": ACCOUNT_ID, "type": "AWS::IAM::Role", "ARN": str(asked["RoleArn"])}
    elif exchange.operation == "CreateTokenWithIAM" and "clientId" in asked:
        found = {"type": "AWS::SSO::Application", "ARN": str(asked["clientId"])}
    elif exchange.service == "s3" and "bucketName" in asked:
        arn = f"arn:aws:s3:::{asked['bucketName']}"
        found = {"accountId": ACCOUNT_ID, "type": "AWS::S3::Bucket", "ARN": arn}
    return {"resources": [found]} if found else {}
