"""What a panel's rows must be, in plain values: names go into the SQL, the values travel beside it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Literal

Value = str | int | Decimal | date | None  # a bool is an int, a datetime is a date

_TEXT = re.compile(r"(?:N?VARCHAR|N?CHAR|BPCHAR|TEXT|CHARACTER(?: VARYING)?)\b")


@dataclass(frozen=True)
class Condition:
    """A column of the base, and what its value must be; made by the functions below."""

    column: str
    operator: Literal["=", ">=", "<=", "<"]
    values: tuple[Value, ...]


def one_of(column: str, values: Iterable[Value]) -> Condition:
    """The column has one of the values; None is NULL."""
    # In one order: whoever chooses the same asks the same.
    distinct = tuple(sorted(set(values), key=lambda value: (value is None, str(value))))
    if not distinct:
        raise ValueError(f"No value of {column!r} is given: no condition means all of them.")
    return Condition(column, "=", distinct)


def equals(column: str, value: Value) -> Condition:
    """The column has the value; None is NULL."""
    return Condition(column, "=", (value,))


def at_least(column: str, value: Value) -> Condition:
    """The column has the value or a greater one."""
    return Condition(column, ">=", (value,))


def at_most(column: str, value: Value) -> Condition:
    """The column has the value or a smaller one."""
    return Condition(column, "<=", (value,))


def below(column: str, value: Value) -> Condition:
    """The column has a smaller value."""
    return Condition(column, "<", (value,))


class Parameters:
    """The parameters of one statement: the base's own, and one for each value of its conditions."""

    def __init__(self, given: Mapping[str, Value]) -> None:
        self.values = {name: _text(value) for name, value in given.items()}
        self._names: dict[tuple[str, str], str] = {}
        self._numbers: dict[str, Iterator[int]] = {}

    def sql(self, condition: Condition, column_type: str) -> str:
        """The condition as SQL, in which only names and our own words stand."""
        column, operator = condition.column, condition.operator
        if operator != "=":
            return f"{column} {operator} {self._named(column, condition.values[0], column_type)}"
        # A parameter can be neither NULL nor empty.
        named = [self._named(column, v, column_type) for v in condition.values if v is not None and v != ""]
        either = [f"{column} = {name}" for name in named]
        if len(named) > 1:
            either = [f"{column} IN ({', '.join(named)})"]
        either += [f"{column} = ''"] * ("" in condition.values)
        either += [f"{column} IS NULL"] * (None in condition.values)
        return either[0] if len(either) == 1 else f"({' OR '.join(either)})"

    def _named(self, column: str, value: Value, column_type: str) -> str:
        """The parameter that carries the value; one for all panels that want the same."""
        text = _text(value)
        if (column, text) not in self._names:
            numbers = self._numbers.setdefault(column, count())
            name = next(name for number in numbers if (name := f"{column}_{number}") not in self.values)
            self._names[column, text] = name
            self.values[name] = text
        named = f":{self._names[column, text]}"
        return named if _TEXT.match(column_type) else f"CAST({named} AS {column_type})"


def _text(value: Value) -> str:
    """A value as the Data API carries it."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case Decimal() if value.is_finite():
            return f"{value:f}"
        case int():
            return str(value)
    raise ValueError(f"A parameter cannot carry {value!r}.")
