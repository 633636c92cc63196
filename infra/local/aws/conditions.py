"""What differs from account to account and from region to region, and can be changed while all runs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from infra.local.aws.states import PutBack, keeping
from infra.local.config import ACCOUNT_ID

_LONGEST = 3600
_STATUSES = ("ACTIVE", "CREATE_IN_PROGRESS", "none")


class BadCondition(ValueError):
    """What an account cannot be."""


@dataclass
class Conditions:
    """The account and its region as they are at this moment."""

    # How long creating, changing and deleting a workgroup or a cluster takes; what was under way when this
    # was last said is over.
    warehouse_seconds: float = 0
    said: int = 0
    # Whose the Identity Center instance is, and whether this account administers it for the owner.
    instance_owner: str = ACCOUNT_ID
    instance_delegated: bool = True
    instance_status: str = "ACTIVE"
    # Whether the Data API knows WaitTimeSeconds.
    long_polling: bool = True
    # Quotas by code, where they are not the usual.
    quotas: dict[str, float] = field(default_factory=dict)

    def keep(self) -> PutBack:
        """Keeps them; what is returned puts them back."""
        return keeping(self, *(each.name for each in fields(self)))

    def change(self, asked: Any) -> None:
        """Makes them what a request asks for, all or nothing; raises BadCondition."""
        if not isinstance(asked, dict) or not asked:
            raise BadCondition(f"an object with some of: {', '.join(_CHECKS)}")
        for name, value in asked.items():
            if name not in _CHECKS:
                raise BadCondition(f"{name[:40]} is not one of: {', '.join(_CHECKS)}")
            check, what = _CHECKS[name]
            if not check(value):
                raise BadCondition(f"{name} must be {what}")
        for name, value in asked.items():
            setattr(self, name, value)
        self.said += "warehouse_seconds" in asked

    def shown(self) -> Mapping[str, Any]:
        """The conditions by name."""
        return {name: getattr(self, name) for name in _CHECKS}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST


def _is_account(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9]{12}", value, re.ASCII) is not None


def _are_quotas(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_number, value.values()))


_TRUTH = ((lambda value: isinstance(value, bool)), "true or false")
_CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "warehouse_seconds": (_is_number, f"a number from 0 to {_LONGEST}"),
    "instance_owner": (_is_account, "the 12 digits of an account"),
    "instance_delegated": _TRUTH,
    "instance_status": ((lambda value: value in _STATUSES), f"one of {', '.join(_STATUSES)}"),
    "long_polling": _TRUTH,
    "quotas": (_are_quotas, f"numbers from 0 to {_LONGEST} by the quotas' codes"),
}
