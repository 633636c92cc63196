"""A session of the warehouse: what outlives a statement or a batch."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra.local.warehouse.access.rights import DbUser
from infra.local.warehouse.objects import Table, TableKey

_NUMBERS = itertools.count(1)


@dataclass
class Session:
    """Whom a connection acts as, its temporary tables and its parameters; for one statement at a time."""

    user: DbUser  # who opened it
    acting: DbUser  # whom SET SESSION AUTHORIZATION made of them
    drop: Callable[["Session"], None] = field(repr=False)
    temporary: Mapping[TableKey, Table] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    number: int = field(default_factory=lambda: next(_NUMBERS))

    @property
    def schema(self) -> str:
        """Where its temporary tables are."""
        return f"pg_temp_{self.number}"

    def close(self) -> None:
        """Ends the session, and its temporary tables with it."""
        self.drop(self)
        self.temporary = {}
