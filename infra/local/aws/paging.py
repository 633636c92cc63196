"""Lists in pages."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from infra.local.aws.model import AwsError

Item = TypeVar("Item")
_LEAST_RECORDS, _MOST_RECORDS = 20, 100


def page(
    items: Sequence[Item], *, most: int | None, token: Any, default: int = 100
) -> tuple[list[Item], str]:
    """The page that a token starts, and the token of the next page or an empty text."""
    text = str(token or "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= len(items)):  # noqa: PLR2004
        raise AwsError("ValidationException", "The token is not one of this list's.")
    start, size = int(text), most or default
    following = str(start + size) if start + size < len(items) else ""
    return list(items[start : start + size]), following


def page_of_records(items: Sequence[Any], asked: Mapping[str, Any], member: str) -> dict[str, Any]:
    """The page of a list that a request to the redshift service asks for."""
    most = asked.get("MaxRecords", _MOST_RECORDS)
    if not _LEAST_RECORDS <= most <= _MOST_RECORDS:
        raise AwsError("InvalidParameterValue", "MaxRecords must be from 20 to 100.")
    try:
        found, marker = page(items, most=most, token=asked.get("Marker"))
    except AwsError as error:
        raise AwsError("InvalidParameterValue", error.message) from error
    return {member: found, **({"Marker": marker} if marker else {})}
