"""Lists in pages."""

from collections.abc import Sequence
from typing import Any, TypeVar

from infra.local.aws.model import AwsError

Item = TypeVar("Item")


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
