"""A condition's tree → SQL in which brackets say what belongs together, and nothing is anybody's text."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.policies import tree
from app.policies.tree import Condition, Value, name_in_sql

_SIDES = frozenset({"left", "right"})  # of a join, and functions


def literal(text: str) -> str:
    """A text between quotes, for a text without backslashes: those are read in more than one way."""
    if "\\" in text or "\0" in text:
        raise ValueError("A text with a backslash has no one reading in SQL.")
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Writer:
    """How columns and who asks are written."""

    user: str = ""  # who asks, by name; '' for whoever runs the statement
    relations: bool = True  # whether columns keep the relation by which they are named

    def value(self, value: Value) -> str:  # noqa: PLR0911 - a line for each kind
        """The value as SQL; what consists of parts stands in brackets."""
        match value:
            case tree.Text(text):
                return literal(text)
            case tree.Number(number):
                return number
            case tree.Truth(truth):
                return "NULL" if truth is None else str(truth).upper()
            case tree.Column(name, relation):
                before = f"{name_in_sql(relation)}." if relation and self.relations else ""
                return before + name_in_sql(name)
            case tree.CurrentUser():
                return literal(self.user) if self.user else "current_user"
            case tree.Cast(inner, kind):
                return f"CAST({self.value(inner)} AS {kind})"
            case _:
                return self._made(value)

    def _made(self, value: Value) -> str:
        match value:
            case tree.Call(name, arguments, bare):
                called = name if bare or name in _SIDES else name_in_sql(name)
                return called if bare else f"{called}({self._list(arguments)})"
            case tree.Sum(operator, left, right):
                return f"({self.value(left)} {operator} {self.value(right)})"
            case tree.Negative(inner):
                return f"(- {self.value(inner)})"
            case tree.Lookup():
                return self._query(value)
            case tree.Verbatim(sql):
                return sql
        raise TypeError(f"{type(value).__name__} is no value.")

    def _list(self, values: Sequence[Value]) -> str:
        return ", ".join(self.value(value) for value in values)

    def condition(self, condition: Condition) -> str:  # noqa: PLR0911 - a line for each kind
        """The condition as SQL; what consists of parts stands in brackets."""
        match condition:
            case tree.Every(parts):
                return f"({' AND '.join(self.condition(part) for part in parts)})"
            case tree.Some(parts):
                return f"({' OR '.join(self.condition(part) for part in parts)})"
            case tree.Not(part):
                return f"(NOT {self.condition(part)})"
            case tree.Compared(left, operator, right):
                return f"({self.value(left)} {operator} {self.value(right)})"
            case tree.Missing(value, negated):
                return f"({self.value(value)} IS{_no(negated)} NULL)"
            case tree.Holds(value, negated):
                return f"(NOT {self.value(value)})" if negated else self.value(value)
            case _:
                return f"({self._leaf(condition)})"

    def whole(self, condition: Condition) -> str:
        """The condition by itself, without brackets around it."""
        written = self.condition(condition)
        return written if isinstance(condition, tree.Holds) else written[1:-1]

    def _leaf(self, condition: Condition) -> str:  # noqa: PLR0911 - a line for each kind
        match condition:
            case tree.Like(value, pattern, alike, negated):
                word = "ILIKE" if alike else "LIKE"
                return f"{self.value(value)}{_no(negated)} {word} {self.value(pattern)}"
            case tree.Matches(value, "SIMILAR TO", pattern, negated):
                return f"{self.value(value)}{_no(negated)} SIMILAR TO {self.value(pattern)}"
            case tree.Matches(value, operator, pattern, negated):
                return f"{self.value(value)} {'!' * negated}{operator} {self.value(pattern)}"
            case tree.Among(value, values, negated):
                return f"{self.value(value)}{_no(negated)} IN ({self._list(values)})"
            case tree.LookedUp(value, query, negated):
                return f"{self.value(value)}{_no(negated)} IN {self._query(query)}"
            case tree.There(query, negated):
                return f"{'NOT ' * negated}EXISTS {self._query(query)}"
            case tree.Between(value, low, high, negated):
                bounds = f"{self.value(low)} AND {self.value(high)}"
                return f"{self.value(value)}{_no(negated)} BETWEEN {bounds}"
        raise TypeError(f"{type(condition).__name__} is no condition.")

    def _query(self, query: tree.Lookup | tree.Verbatim) -> str:
        if isinstance(query, tree.Verbatim):
            return query.sql
        what = "*" if query.what is None else self.value(query.what)
        alias = f" AS {name_in_sql(query.alias)}" if query.alias else ""
        where = f" WHERE {self.condition(query.where)}" if query.where is not None else ""
        return f"(SELECT {what} FROM {query.table}{alias}{where})"  # noqa: S608 - from a tree, in which names and texts are told apart


def _no(negated: bool) -> str:  # noqa: FBT001 - it is all that this says
    return " NOT" * negated
