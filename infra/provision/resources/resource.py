"""A resource: what should be there, what is there, and how the one becomes the other.

Every change of an account is a resource's, and each call of its `create`, `change` and `remove` leaves
something that the next `find` sees: whoever is stopped between two calls goes on by running the same again.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from infra.provision.specification.spec import Spec

# On everything that is made here; destroy goes by it. Its value is the application's name.
TAG = "rowlight:application"
UNKNOWN = "(known after apply)"

State = Mapping[str, Any]
Tell = Callable[[str], None]


class Ids(dict[str, str]):
    """What resources tell each other, such as ARNs; UNKNOWN until what it is of is there."""

    def __missing__(self, name: str) -> str:
        return UNKNOWN


class Owner(Enum):
    """Whose a resource is, and so whether it is taken away."""

    US = "ours"  # tagged or noted as made here
    OTHERS = "others'"  # it was there before
    WHOLE = "a part"  # it goes and stays with what it is a part of


@dataclass(frozen=True)
class Found:
    """What is there, in the shape in which it is wanted."""

    state: State
    owner: Owner
    gives: Mapping[str, str] = field(default_factory=dict)
    pending: str = ""  # AWS is at work on it: CREATING, MODIFYING, DELETING
    remarks: tuple[str, ...] = ()  # what whoever decides about a change should know
    steps: tuple[str, ...] = ()  # what a change consists of, where the two states do not tell
    detail: Any = None  # what its own `change` needs of it besides


def made(gives: Mapping[str, str] | None = None, *, pending: str = "") -> Found:
    """What was made just now, as it was wanted."""
    return Found({}, Owner.US, gives or {}, pending)


class Resource(ABC):
    """Something of the account that is wanted; a resource is told apart by its title."""

    # Whether AWS goes on working on it after it answered, and how often it is looked at meanwhile.
    slow: bool = False
    poll_seconds: float = 10

    @property
    def missing(self) -> str:
        """What the administrator is told where it is not there; empty: it is made."""
        return ""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is called in a plan: "role IDCBridgeRole"."""

    def fault(self, found: Found) -> str:
        """Why what is there can neither stay nor be changed; empty: it can."""
        return ""

    @abstractmethod
    def find(self, ids: Ids) -> Found | None:
        """What is there of it; None for nothing. It changes nothing."""

    @abstractmethod
    def wanted(self, ids: Ids) -> State:
        """What should be there; policies as they are written."""

    def create(self, ids: Ids) -> Found:
        """Makes it, tagged as ours."""
        raise NotImplementedError(self.title)

    def change(self, ids: Ids, found: Found) -> None:
        """Makes what was found as it is wanted."""
        raise NotImplementedError(self.title)

    def remove(self, ids: Ids) -> None:
        """Takes away what is ours; what is a part goes with its whole."""
        raise NotImplementedError(self.title)


def as_policy(document: Any) -> Any:
    """A policy that AWS gave back, as text or read already."""
    return json.loads(document) if isinstance(document, str) else document


def upper(application: str) -> list[dict[str, str]]:
    """The tag in the form that most of AWS has: Key and Value."""
    return [{"Key": TAG, "Value": application}]


def lower(application: str) -> list[dict[str, str]]:
    """The tag in the form of Redshift Serverless: key and value."""
    return [{"key": TAG, "value": application}]


def owner_by(tags: Any, application: str) -> Owner:
    """Whose it is by its tags, in either form."""
    for tag in tags:
        name, value = tag.get("Key", tag.get("key")), tag.get("Value", tag.get("value"))
        if (name, value) == (TAG, application):
            return Owner.US
    return Owner.OTHERS


def not_ours(title: str, spec: Spec) -> str:
    """What is told of a warehouse of others that bears the name of one that is to be made."""
    return (
        f"There is a {title} already that was not made here (it has no tag {TAG} = {spec.application}): let"
        f" it stay as it is and be associated (warehouse.create = false), or give this one another name."
    )


def another_administrator(name: str | None, spec: Spec) -> str:
    """What is told of a warehouse whose administrator COPY's role would not trust; empty: it would."""
    if not spec.readable or name in (None, spec.admin_user):
        return ""
    return (
        f"The warehouse's administrator is {name}, not {spec.admin_user}, whom alone COPY's role trusts:"
        f" write that name as warehouse.admin_user, then apply again."
    )
