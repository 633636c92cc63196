"""Tags on the resources of a service, by ARN."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra.local.aws.model import AwsError
from infra.local.aws.states import PutBack, keeping

MOST_TAGS = 50
_LONGEST_KEY, _LONGEST_VALUE = 128, 256


class Tags:
    """The tags of one service's resources; `invalid` and `too_many` are the names of its errors."""

    def __init__(self, *, invalid: str, too_many: str, members: tuple[str, str] = ("Key", "Value")) -> None:
        self._invalid = invalid
        self._too_many = too_many
        self._members = members
        self._kept: dict[str, dict[str, str]] = {}

    def keep(self) -> PutBack:
        """Keeps what there is; what is returned puts it back."""
        return keeping(self, "_kept")

    def check(self, asked: Sequence[Mapping[str, str]], arn: str = "") -> dict[str, str]:
        """The tags that a request gives a resource, beside those that it has; raises AwsError."""
        key, value = self._members
        given = {tag.get(key, ""): tag.get(value, "") for tag in asked}
        if len(given) != len(asked):
            raise AwsError(self._invalid, "A tag's key is given twice.")
        for name, text in given.items():
            if not 1 <= len(name) <= _LONGEST_KEY or len(text) > _LONGEST_VALUE:
                raise AwsError(self._invalid, "A tag has a key of 1 to 128 and a value of up to 256 letters.")
            if name.lower().startswith("aws:"):
                raise AwsError(self._invalid, "Keys of tags that begin with aws: are reserved.")
        if len({**self._kept.get(arn, {}), **given}) > MOST_TAGS:
            raise AwsError(self._too_many, f"A resource has {MOST_TAGS} tags at most.")
        return given

    def add(self, arn: str, asked: Sequence[Mapping[str, str]]) -> None:
        """Gives a resource the tags, in the place of those of the same keys."""
        given = self.check(asked, arn)
        self._kept[arn] = {**self._kept.get(arn, {}), **given}

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        """Takes the tags of these keys from a resource; that it has them is not asked."""
        gone = set(keys)
        self._kept[arn] = {key: value for key, value in self._kept.get(arn, {}).items() if key not in gone}

    def of(self, arn: str) -> list[dict[str, Any]]:
        """A resource's tags, as the service shows them."""
        key, value = self._members
        return [{key: name, value: text} for name, text in self._kept.get(arn, {}).items()]

    def forget(self, arn: str) -> None:
        """A resource is gone, and its tags with it."""
        self._kept.pop(arn, None)
