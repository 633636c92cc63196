"""Parameters against the limits of botocore's model: types, members, lengths, patterns."""

import re
from collections.abc import Iterable
from typing import Any

from botocore.model import Shape
from botocore.validate import ParamValidator
from moto.core.model import OperationModel

from infra.local.aws.model import AwsError

# CloudTrail names the member that is wrong by the error.
_OF_CLOUDTRAIL = {
    "AttributeKey": "InvalidLookupAttributesException",
    "AttributeValue": "InvalidLookupAttributesException",
    "EndTime": "InvalidTimeRangeException",
    "EventCategory": "InvalidEventCategoryException",
    "LookupAttributes": "InvalidLookupAttributesException",
    "MaxResults": "InvalidMaxResultsException",
    "NextToken": "InvalidNextTokenException",
    "StartTime": "InvalidTimeRangeException",
}


def check(parameters: Any, model: OperationModel) -> None:
    """Refuses parameters that the operation's model does not allow, without repeating their values."""
    shape = model.input_shape
    if shape is None:
        return
    if not isinstance(parameters, dict):
        raise AwsError("SerializationException", "The request's body must be an object.")
    report = ParamValidator().validate(parameters, shape)
    faults = _without_values(report) or _limits(parameters, shape, "")
    if faults:
        code = _code(model, faults.partition(":")[0])
        extra: dict[str, Any] = (
            {"error": "invalid_request", "error_description": faults} if code[:9] == "InvalidRe" else {}
        )
        raise AwsError(code, faults, **extra)


def _code(model: OperationModel, member: str) -> str:
    service = model.service_model
    if service.service_name == "sso-oidc":
        return "InvalidRequestException"
    if service.service_name == "cloudtrail":
        return _OF_CLOUDTRAIL.get(member.rpartition(".")[2].partition("[")[0], "ValidationException")
    return "ValidationError" if service.protocol == "query" else "ValidationException"


def _without_values(report: Any) -> str:
    """The report names members; the values that it would quote may be secrets."""
    faults = []
    for reason, name, more in report._errors[:5]:  # noqa: SLF001 - the report's text quotes values
        member = more.get("required_name") or more.get("unknown_param") or name.lstrip(".") or "input"
        faults.append(f"{member}: {reason}")
    return "; ".join(faults)


def _limits(value: Any, shape: Any, name: str) -> str:
    found: Iterable[str] = ()
    if shape.type_name == "structure" and not shape.is_document_type:
        found = (_limits(value[member], shape.members[member], member) for member in value)
    elif shape.type_name == "list":
        found = (_limits(item, shape.member, name) for item in value)
    return next(filter(None, found), "") or _limit(value, shape, name)


def _limit(value: Any, shape: Shape, name: str) -> str:
    limits = shape.metadata
    size = value if isinstance(value, int | float) else len(value) if hasattr(value, "__len__") else 0
    if "max" in limits and not isinstance(value, bool) and size > limits["max"]:
        return f"{name}: must be at most {limits['max']}"
    if not isinstance(value, str):
        return ""
    if "enum" in limits and value not in limits["enum"]:
        return f"{name}: must be one of {', '.join(limits['enum'])}"
    pattern = limits.get("pattern", "")
    # \p{…} is Java's; Python's re has no such classes.
    if pattern and "\\p" not in pattern and not re.fullmatch(pattern, value):
        return f"{name}: must match {pattern}"
    return ""
