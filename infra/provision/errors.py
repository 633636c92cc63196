"""What can go wrong while provisioning, in words for the administrator."""

from typing import NamedTuple


class Fault(NamedTuple):
    """What is wrong with one part of the specification."""

    field: str
    words: str

    def __str__(self) -> str:
        return f"{self.field} {self.words}"


class SpecError(ValueError):
    """The names and addresses that AWS could not take or that would widen a policy, all at once."""

    def __init__(self, *faults: str | Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.found = faults

    @property
    def faults(self) -> tuple[str, ...]:
        """One line for each."""
        return tuple(map(str, self.found))


class ProvisioningError(Exception):
    """Something in the account that provisioning cannot or must not change by itself."""
