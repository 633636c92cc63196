"""SQL's values and conditions: as text that every engine reads, and as plain Python computes them."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

TYPES = {
    "int": "INT",
    "decimal": "DECIMAL(8,2)",
    "text": "VARCHAR(60)",
    "boolean": "BOOLEAN",
    "date": "DATE",
}
# Few values, so that rows meet in joins, groups and conditions.
VALUES = {
    "int": (-2, 0, 1, 2, 3, 5),
    "decimal": (Decimal("-1.50"), Decimal("0.00"), Decimal("1.00"), Decimal("2.25"), Decimal("9.99")),
    "text": ("", "a", "ab", "Ab", "b", "b'c", "x%"),
    "boolean": (True, False),
    "date": (date(2023, 12, 31), date(2024, 2, 29), date(2024, 6, 1)),
}
Row = Mapping[str, Any]


def literal(kind: str, value: Any) -> str:
    """The value as SQL writes it."""
    if value is None:
        return f"CAST(NULL AS {TYPES[kind]})"
    if kind == "text":
        return "'" + value.replace("'", "''") + "'"
    if kind == "date":
        return f"DATE '{value}'"
    return str(value).upper()


@dataclass(frozen=True)
class Moment:
    """What an expression is computed from: a row, who asks, and the rows of the other tables."""

    row: Row
    person: str
    tables: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)


class Expression:
    """Something with a text and a value; the value is None for SQL's NULL."""

    def sql(self, names: Callable[[str], str] = str) -> str:
        """The text, in which other tables are called what `names` says."""
        raise NotImplementedError

    def value(self, at: Moment) -> Any:
        raise NotImplementedError

    def columns(self) -> frozenset[str]:
        """The columns of the row that it reads."""
        return frozenset()


@dataclass(frozen=True)
class Constant(Expression):
    kind: str
    content: Any

    def sql(self, _names=str):
        return f"CAST({literal(self.kind, self.content)} AS {TYPES[self.kind]})"

    def value(self, _at):
        return self.content


@dataclass(frozen=True)
class Column(Expression):
    name: str

    def sql(self, _names=str):
        return self.name

    def value(self, at):
        return at.row[self.name]

    def columns(self):
        return frozenset({self.name})


@dataclass(frozen=True)
class CurrentUser(Expression):
    def sql(self, _names=str):
        return "current_user"

    def value(self, at):
        return at.person


_COMPARISONS = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Compare(Expression):
    left: Expression
    sign: str
    right: Expression

    def sql(self, names=str):
        return f"{self.left.sql(names)} {self.sign} {self.right.sql(names)}"

    def value(self, at):
        left, right = self.left.value(at), self.right.value(at)
        return None if left is None or right is None else _COMPARISONS[self.sign](left, right)

    def columns(self):
        return self.left.columns() | self.right.columns()


@dataclass(frozen=True)
class StartsWith(Expression):
    of: Expression
    start: str

    def sql(self, names=str):
        return f"{self.of.sql(names)} LIKE '{self.start}%'"

    def value(self, at):
        text = self.of.value(at)
        return None if text is None else text.startswith(self.start)

    def columns(self):
        return self.of.columns()


@dataclass(frozen=True)
class IsNull(Expression):
    of: Expression

    def sql(self, names=str):
        return f"{self.of.sql(names)} IS NULL"

    def value(self, at):
        return self.of.value(at) is None

    def columns(self):
        return self.of.columns()


def _any(values: list[bool | None]) -> bool | None:
    """SQL's OR of many."""
    return True if True in values else (None if None in values else False)


def _is_among(value: Any, found: list[Any]) -> bool | None:
    """SQL's IN; nothing is in an empty list, not even NULL."""
    return _any([None if value is None or other is None else value == other for other in found])


@dataclass(frozen=True)
class Among(Expression):
    of: Expression
    kind: str
    others: tuple[Any, ...]

    def sql(self, names=str):
        return f"{self.of.sql(names)} IN ({', '.join(literal(self.kind, v) for v in self.others)})"

    def value(self, at):
        return _is_among(self.of.value(at), list(self.others))

    def columns(self):
        return self.of.columns()


@dataclass(frozen=True)
class LookedUp(Expression):
    """`of IN (SELECT result FROM table WHERE condition)`: the condition reads the table's own row alone."""

    of: Expression
    table: str
    result: str
    condition: Expression

    def sql(self, names=str):
        return (
            f"{self.of.sql(names)} IN"
            f" (SELECT {self.result} FROM {names(self.table)} WHERE {self.condition.sql(names)})"
        )

    def value(self, at):
        rows = (Moment(row, at.person, at.tables) for row in at.tables[self.table])
        found = [there.row[self.result] for there in rows if self.condition.value(there) is True]
        return _is_among(self.of.value(at), found)

    def columns(self):
        return self.of.columns()


@dataclass(frozen=True)
class Not(Expression):
    of: Expression

    def sql(self, names=str):
        return f"NOT ({self.of.sql(names)})"

    def value(self, at):
        known = self.of.value(at)
        return None if known is None else not known

    def columns(self):
        return self.of.columns()


@dataclass(frozen=True)
class Junction(Expression):
    """AND or OR of two conditions."""

    word: str
    left: Expression
    right: Expression

    def sql(self, names=str):
        return f"({self.left.sql(names)}) {self.word} ({self.right.sql(names)})"

    def value(self, at):
        both = [self.left.value(at), self.right.value(at)]
        if self.word == "OR":
            return _any(both)
        return False if False in both else (None if None in both else True)

    def columns(self):
        return self.left.columns() | self.right.columns()


@dataclass(frozen=True)
class Case(Expression):
    condition: Expression
    yes: Expression
    no: Expression

    def sql(self, names=str):
        parts = (part.sql(names) for part in (self.condition, self.yes, self.no))
        return "CASE WHEN {} THEN {} ELSE {} END".format(*parts)

    def value(self, at):
        chosen = self.yes if self.condition.value(at) is True else self.no
        return chosen.value(at)

    def columns(self):
        return self.condition.columns() | self.yes.columns() | self.no.columns()


# Each as SQL around its operand and as Python computes it of a value that is not NULL.
_FUNCTIONS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "negative": ("-({})", operator.neg),
    "doubled": ("({}) + ({})", lambda value: value + value),
    "first letter": ("left({}, 1)", lambda text: text[:1]),
    "upper": ("upper({})", str.upper),
    "marked": ("({}) || '*'", lambda text: text + "*"),
    "opposite": ("NOT ({})", operator.not_),
}
FUNCTIONS = {
    "int": ("negative", "doubled"),
    "decimal": ("negative", "doubled"),
    "text": ("first letter", "upper", "marked"),
    "boolean": ("opposite",),
    "date": (),
}


@dataclass(frozen=True)
class Call(Expression):
    function: str
    of: Expression

    def sql(self, names=str):
        return _FUNCTIONS[self.function][0].replace("{}", self.of.sql(names))

    def value(self, at):
        operand = self.of.value(at)
        return None if operand is None else _FUNCTIONS[self.function][1](operand)

    def columns(self):
        return self.of.columns()
