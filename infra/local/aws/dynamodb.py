"""DynamoDB: what of it is played, and what moto would wrongly accept.

Items with a time to live are kept beyond it, as AWS may keep them for days: whoever reads looks at the time.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.comparisons import create_condition_expression_parser
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from infra.local.aws.model import AwsError
from infra.local.aws.wire import not_implemented
from infra.local.config import ACCOUNT_ID, REGION

_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
_NAMES = {"TableName", "ExpressionAttributeNames", "ReturnConsumedCapacity"}
_WRITES = _NAMES | {
    "ConditionExpression",
    "ExpressionAttributeValues",
    "ReturnValues",
    "ReturnValuesOnConditionCheckFailure",
}
_READS = _NAMES | {
    "ConsistentRead",
    "ExclusiveStartKey",
    "ExpressionAttributeValues",
    "FilterExpression",
    "Limit",
    "ProjectionExpression",
    "Select",
}
# Each operation with the parameters that have their effect here; all else is refused as not implemented.
_PARAMETERS: Mapping[str, set[str]] = {
    "CreateTable": {
        "TableName",
        "AttributeDefinitions",
        "KeySchema",
        "BillingMode",
        "SSESpecification",
        "Tags",
    },
    "DescribeTable": {"TableName"},
    "DeleteTable": {"TableName"},
    "ListTables": {"ExclusiveStartTableName", "Limit"},
    "TagResource": {"ResourceArn", "Tags"},
    "UntagResource": {"ResourceArn", "TagKeys"},
    "ListTagsOfResource": {"ResourceArn", "NextToken"},
    "UpdateTimeToLive": {"TableName", "TimeToLiveSpecification"},
    "DescribeTimeToLive": {"TableName"},
    "GetItem": _NAMES | {"Key", "ConsistentRead", "ProjectionExpression"},
    "PutItem": _WRITES | {"Item"},
    "UpdateItem": _WRITES | {"Key", "UpdateExpression"},
    "DeleteItem": _WRITES | {"Key"},
    "Query": _READS | {"KeyConditionExpression", "ScanIndexForward"},
    "Scan": _READS,
}
_ENUMS = {
    "ReturnConsumedCapacity": {"NONE", "TOTAL", "INDEXES"},
    "ReturnValuesOnConditionCheckFailure": {"NONE", "ALL_OLD"},
}
_DEEPEST = 32


def resource(parameters: Mapping[str, Any]) -> str:
    """The ARN that a permission is asked for: the table's, or "*" where there is none."""
    if "ResourceArn" in parameters:
        return str(parameters["ResourceArn"])
    name = parameters.get("TableName")
    return "*" if name is None else f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{name}"


def check_played(operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuses what would be kept without effect, or not be done as AWS does it."""
    if operation not in _PARAMETERS:
        raise not_implemented("dynamodb", operation)
    others = sorted(parameters.keys() - _PARAMETERS[operation])
    if others:
        raise not_implemented("dynamodb", f"{operation} with {others[0]}")
    if str(parameters.get("TableName", "")).startswith("arn:"):
        raise not_implemented("dynamodb", f"{operation} by the ARN of a table")
    if operation == "CreateTable" and parameters.get("BillingMode") != "PAY_PER_REQUEST":
        raise not_implemented("dynamodb", "CreateTable with provisioned throughput")
    if "KMSMasterKeyId" in parameters.get("SSESpecification", {}):
        raise not_implemented("dynamodb", "CreateTable with a key of KMS")


def check(operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuses what AWS refuses; the caller's permission was asked for already."""
    if "ResourceArn" in parameters:
        _check_resource(parameters["ResourceArn"])
        return
    _check_table(operation, parameters)


def _check_table(operation: str, parameters: Mapping[str, Any]) -> None:
    name = parameters.get("TableName")
    if name is not None and not re.fullmatch(r"[a-zA-Z0-9_.-]{3,255}", name):
        raise _invalid("TableName must match [a-zA-Z0-9_.-]{3,255}.")
    if name is None or operation == "CreateTable":
        return
    table = dynamodb_backends[ACCOUNT_ID][REGION].tables.get(name)
    if table is None:
        raise AwsError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
    if operation == "UpdateTimeToLive":
        _check_time_to_live(table, parameters["TimeToLiveSpecification"])
    for member, allowed in _ENUMS.items():
        if parameters.get(member, "NONE") not in allowed:
            raise _invalid(f"{member} must be one of {', '.join(sorted(allowed))}.")
    _check_key(table, parameters)
    _check_expressions(parameters)
    for name in _EXPRESSIONS:
        if name in parameters:
            _check_syntax(name, parameters[name], parameters)
    for value in _values(parameters):
        _check_value(value, depth=1)


def _check_resource(arn: str) -> None:
    tables = dynamodb_backends[ACCOUNT_ID][REGION].tables
    if arn not in {table.table_arn for table in list(tables.values())}:
        raise AwsError(
            "ResourceNotFoundException", f"Requested resource not found: ResourceArn: {arn} not found"
        )


def _check_time_to_live(table: Table, asked: Mapping[str, Any]) -> None:
    enabled = table.ttl["TimeToLiveStatus"] == "ENABLED"
    if enabled == asked["Enabled"]:
        raise _invalid(f"TimeToLive is already {'enabled' if enabled else 'disabled'}")


def _check_key(table: Table, parameters: Mapping[str, Any]) -> None:
    types = {each["AttributeName"]: each["AttributeType"] for each in table.attr}
    wanted = {each["AttributeName"]: types[each["AttributeName"]] for each in table.schema}
    for member in ("Key", "ExclusiveStartKey"):
        if member in parameters and parameters[member].keys() != wanted.keys():
            raise _invalid("The provided key element does not match the schema")
    for member in ("Key", "ExclusiveStartKey", "Item"):
        for name, kind in wanted.items() if member in parameters else ():
            if name not in parameters[member]:
                raise _invalid(
                    f"One or more parameter values were invalid: Missing the key {name} in the item"
                )
            value = parameters[member][name]
            if set(value) != {kind}:
                raise _invalid(f"One or more parameter values were invalid: Type mismatch for key {name}")
            if value[kind] == "":
                raise _invalid(f"The value of the key attribute {name} must not be empty.")


def _check_expressions(parameters: Mapping[str, Any]) -> None:
    """Every placeholder is given and used, and no reserved word stands where a name is."""
    text = " ".join(parameters.get(name, "") for name in _EXPRESSIONS)
    for member, mark in (("ExpressionAttributeNames", "#"), ("ExpressionAttributeValues", ":")):
        given, used = set(parameters.get(member, ())), set(re.findall(rf"{mark}\w+", text))
        if given != used or (member in parameters and not given):
            raise _invalid(f"{member}: what is given and what the expressions use are not the same.")
    for name in _EXPRESSIONS:
        if name in parameters and not parameters[name].strip():
            raise _invalid(f"Invalid {name}: The expression can not be empty;")
        for word in re.findall(r"(?<![#:\w])[A-Za-z]\w*(?!\w|\s*\()", parameters.get(name, "")):
            if word.upper() in _reserved() and word.upper() not in _GRAMMAR[name]:
                raise _invalid(
                    f"Invalid {name}: Attribute name is a reserved keyword; reserved keyword: {word}"
                )


def _check_syntax(kind: str, expression: str, parameters: Mapping[str, Any]) -> None:
    """Moto answers much that is no expression, or breaks at it."""
    if kind in _FORMS and not _FORMS[kind].fullmatch(expression.strip()):
        raise _invalid(f"Invalid {kind}: Syntax error")
    if kind not in ("ConditionExpression", "FilterExpression"):
        return
    names, values = (parameters.get(f"ExpressionAttribute{each}") for each in ("Names", "Values"))
    try:
        create_condition_expression_parser(expression, names, values).parse()
    except _PARSER_ERRORS as error:
        raise _invalid(f"Invalid {kind}: Syntax error") from error


# One says what is wrong; the parser breaks in each of the other ways.
_PARSER_ERRORS = (
    JsonRESTError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_NAME = r"[#A-Za-z_][\w#.\[\]]*"
_TERM = (
    rf"({_NAME}\s*(=|<=?|>=?)\s*:\w+|{_NAME}\s+BETWEEN\s+:\w+\s+AND\s+:\w+"
    rf"|begins_with\s*\(\s*{_NAME}\s*,\s*:\w+\s*\))"
)
_ONE = rf"({_TERM}|\(\s*{_TERM}\s*\))"
_TWO = rf"{_ONE}(\s+AND\s+{_ONE})?"
_FORMS = {
    "KeyConditionExpression": re.compile(rf"{_TWO}|\(\s*{_TWO}\s*\)", re.IGNORECASE),
    "ProjectionExpression": re.compile(rf"{_NAME}(\s*,\s*{_NAME})*"),
}
_CONDITION = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})
_GRAMMAR = {
    "ConditionExpression": _CONDITION,
    "FilterExpression": _CONDITION,
    "KeyConditionExpression": _CONDITION,
    "ProjectionExpression": frozenset[str](),
    "UpdateExpression": frozenset({"SET", "REMOVE", "ADD", "DELETE"}),
}


def _reserved() -> list[str]:
    words: list[str] = ReservedKeywords.get_reserved_keywords()
    return words


def _values(parameters: Mapping[str, Any]) -> Iterator[Any]:
    for member in ("Key", "ExclusiveStartKey", "Item", "ExpressionAttributeValues"):
        yield from parameters.get(member, {}).values()


def _check_value(value: Mapping[str, Any], *, depth: int) -> None:
    if len(value) != 1:
        raise _invalid("Supplied AttributeValue has none, or more than one, of the supported datatypes")
    if depth > _DEEPEST:
        raise _invalid("Nesting Levels have exceeded supported limits")
    ((kind, content),) = value.items()
    if kind in ("L", "M"):
        for inner in content.values() if kind == "M" else content:
            _check_value(inner, depth=depth + 1)
    elif kind in ("SS", "NS", "BS"):
        if not content or len(set(content)) != len(content):
            raise _invalid("One or more parameter values were invalid: a set is empty or has duplicates")
        for each in content:
            _SCALARS.get(kind[0], str)(each)
    elif kind == "NULL" and content is not True:
        raise _invalid("Null attribute value types must have the value of true")
    else:
        _SCALARS.get(kind, str)(content)


def _number(text: str) -> None:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise _invalid("The parameter cannot be converted to a numeric value") from error
    # DynamoDB's numbers have 38 digits, and no infinity.
    if not number.is_finite() or len(number.normalize().as_tuple().digits) > 38:  # noqa: PLR2004
        raise _invalid("Attempting to store more than 38 significant digits in a Number")


def _binary(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise AwsError("SerializationException", "A binary value is not base64.") from error


_SCALARS: Mapping[str, Callable[[str], object]] = {"N": _number, "B": _binary}


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
