"""A condition taken apart: what the words and the SQL of it are made from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# The operators that compare, and each one's opposite: for rows in which both sides have a value.
OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}

# Words of SQL's that are no names, nor read as names, unless they are quoted.
_RESERVED = """
all and any as asc between both case cast check collate cross current_date current_timestamp
current_user distinct else end escape except exists false for from full group having ilike in inner
intersect is isnull join leading left like limit natural not notnull null offset on or order outer
right select session_user similar some sysdate then to trailing true union unique user using when
where with interval overlaps binary array row extract
"""
RESERVED = frozenset(_RESERVED.split())
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")


@dataclass(frozen=True)
class Text:
    """A text between quotes."""

    value: str


@dataclass(frozen=True)
class Number:
    """A number as it was written."""

    value: str


@dataclass(frozen=True)
class Truth:
    """TRUE, FALSE, or NULL."""

    value: bool | None


@dataclass(frozen=True)
class Column:
    """A column, and the relation by which it is named, or ''."""

    name: str
    relation: str = ""


@dataclass(frozen=True)
class CurrentUser:
    """Who asks, by their name in the warehouse."""


@dataclass(frozen=True)
class Cast:
    """A value as another type."""

    value: "Value"
    kind: str


@dataclass(frozen=True)
class Call:
    """A function of values; `bare` ones stand without brackets, as current_date does."""

    name: str
    arguments: tuple["Value", ...]
    bare: bool = False


@dataclass(frozen=True)
class Sum:
    """Values joined by an operator of numbers or texts."""

    operator: str
    left: "Value"
    right: "Value"


@dataclass(frozen=True)
class Negative:
    """A value with a minus before it."""

    value: "Value"


@dataclass(frozen=True)
class Verbatim:
    """SQL that is given as it was written, because it is not taken apart; its brackets are whole."""

    sql: str


@dataclass(frozen=True)
class Lookup:
    """SELECT what FROM table alias WHERE …, of one table; `what` is None for *."""

    what: "Value | None"
    table: str
    alias: str
    where: "Condition | None"


@dataclass(frozen=True)
class Compared:
    """Two values and the operator between them: one of OPPOSITE."""

    left: "Value"
    operator: str
    right: "Value"


@dataclass(frozen=True)
class Like:
    """A text and a pattern: LIKE, or ILIKE where letters of both sizes are alike."""

    value: "Value"
    pattern: "Value"
    alike: bool
    negated: bool


@dataclass(frozen=True)
class Matches:
    """A text and a pattern of another kind: SIMILAR TO, ~ and ~*."""

    value: "Value"
    operator: str
    pattern: "Value"
    negated: bool


@dataclass(frozen=True)
class Among:
    """A value and those of which it is to be one."""

    value: "Value"
    values: tuple["Value", ...]
    negated: bool


@dataclass(frozen=True)
class LookedUp:
    """A value and a query that is to have it."""

    value: "Value"
    query: Lookup | Verbatim
    negated: bool


@dataclass(frozen=True)
class There:
    """A query that is to have a row."""

    query: Lookup | Verbatim
    negated: bool


@dataclass(frozen=True)
class Between:
    """A value and its bounds, both included."""

    value: "Value"
    low: "Value"
    high: "Value"
    negated: bool


@dataclass(frozen=True)
class Missing:
    """A value that is to be NULL, or is not."""

    value: "Value"
    negated: bool


@dataclass(frozen=True)
class Holds:
    """A value that is itself true or false."""

    value: "Value"
    negated: bool


@dataclass(frozen=True)
class Every:
    """Conditions that all have to hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Some:
    """Conditions of which one has to hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """A condition that is not to hold."""

    part: "Condition"


Value = Text | Number | Truth | Column | CurrentUser | Cast | Call | Sum | Negative | Verbatim | Lookup
Leaf = Compared | Like | Matches | Among | LookedUp | There | Between | Missing | Holds
Condition = Leaf | Every | Some | Not
CONDITIONS = (Compared, Like, Matches, Among, LookedUp, There, Between, Missing, Holds, Every, Some, Not)


def every(parts: Sequence[Condition]) -> Condition:
    """All of them; one by itself stays what it is."""
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


def some(parts: Sequence[Condition]) -> Condition:
    """One of them; one by itself stays what it is."""
    return parts[0] if len(parts) == 1 else Some(tuple(parts))


def name_in_sql(name: str) -> str:
    """The name as SQL takes it, whatever it is: in double quotes unless it is plain and no word of SQL's."""
    plain = _PLAIN.fullmatch(name) and name not in RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'
