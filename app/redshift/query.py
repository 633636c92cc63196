"""What is asked of the warehouse, as a value that cannot change on the way."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pyarrow as pa

from app.redshift.statement_text import normalised

OK = "ok"
# Limits of the Redshift Data API; a statement's name is the query's and the mark of its audit event.
STATEMENT_NAME_CHARACTERS = 500
MARK_CHARACTERS = 17
_NAME_CHARACTERS = STATEMENT_NAME_CHARACTERS - len(" ") - MARK_CHARACTERS
_SQL_BYTES = 100_000
_PARAMETER_NAME = re.compile(r"[0-9a-zA-Z_]+")
_USE = re.compile(r"(?<!:):(\w+)")


@dataclass(frozen=True)
class Query:
    """One SQL statement, its name in the warehouse's history, and the values that travel beside it."""

    name: str
    sql: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    # What the audit trail says of an answer: `ok`, or the code that its person is told because of it.
    judge: Callable[[pa.Table], str] = field(default=lambda _: OK, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not (self.name.isprintable() and self.name.strip() and len(self.name) <= _NAME_CHARACTERS):
            raise ValueError(f"A query's name is 1 to {_NAME_CHARACTERS} printable characters.")
        if not self.sql.strip() or len(self.sql.encode()) > _SQL_BYTES:
            raise ValueError(f"The SQL of {self.name!r} must be 1 to {_SQL_BYTES} bytes.")
        used = frozenset(_USE.findall(self.sql))
        for name, value in self.parameters.items():
            self._check(name, value, used)
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    def _check(self, name: str, value: str, used: frozenset[str]) -> None:
        if not _PARAMETER_NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a parameter of {self.name!r}.")
        # The Data API has no NULL and no empty parameter; the SQL must say what an absent value means.
        if not isinstance(value, str) or not value or "\0" in value:
            raise ValueError(f"The parameter {name!r} of {self.name!r} must be text and not empty.")
        if name not in used:
            raise ValueError(f"The SQL of {self.name!r} does not use the parameter {name!r}.")

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Equal for queries that ask the same, whatever their names and however their SQL is laid out."""
        return normalised(self.sql), tuple(sorted(self.parameters.items()))
