"""A condition brought to the form in which a row comes through: without NOT, and without what is settled."""

import re
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any, cast

from app.policies import tree
from app.policies.tree import OPPOSITE, Condition, Value

# What changes no text: Redshift's views and plans write it about each of them.
_TEXT_KINDS = re.compile(r"(?:text|varchar|character varying|bpchar)(?:\((\d{1,9})\))?")
_NUMBERS = frozenset(
    {"smallint", "integer", "int", "bigint", "numeric", "decimal", "double precision", "real"}
)
_WHOLE = re.compile(r"\d+")
_PLAIN = re.compile(r"[\d.]+")  # no exponent: of some, no decimal is large enough

_TRUE, _FALSE = (tree.Holds(tree.Truth(truth), negated=False) for truth in (True, False))
# Functions of a value alone: the same for whoever asks, and whenever.
_PURE = """
lower upper trim btrim ltrim rtrim left right substring length len coalesce nullif nvl replace
strpos split_part abs round floor ceil ceiling mod date_trunc date_part
"""
PURE = frozenset(_PURE.split())
_OPERATORS = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def plain(condition: Condition) -> Condition:
    """True for the same rows; what is not true for a row may be false or unknown alike."""
    return _settled(_down(condition, negated=False))


def _down(condition: Condition, *, negated: bool) -> Condition:
    match condition:
        case tree.Not(part):
            return _down(part, negated=not negated)
        case tree.Every(parts) | tree.Some(parts):
            below = [_down(part, negated=negated) for part in parts]
            return tree.every(below) if isinstance(condition, tree.Every) != negated else tree.some(below)
        case tree.Compared(left, operator, right):
            return tree.Compared(left, OPPOSITE[operator], right) if negated else condition
        case tree.Between(value, low, high) if condition.negated != negated:
            return tree.Some((tree.Compared(value, "<", low), tree.Compared(value, ">", high)))
    return replace(condition, negated=condition.negated != negated)


def _settled(condition: Condition) -> Condition:
    """Without the parts that are true, or never true, for any row."""
    match condition:
        case tree.Every(parts):
            left = [part for part in _flat(tree.Every, parts) if part != _TRUE]
            return _FALSE if _FALSE in left else tree.every(left) if left else _TRUE
        case tree.Some(parts):
            left = [part for part in _flat(tree.Some, parts) if part != _FALSE]
            return _TRUE if _TRUE in left else tree.some(left) if left else _FALSE
        case tree.Holds(tree.Truth(truth), negated):
            return _TRUE if truth is not None and truth != negated else _FALSE
        case tree.Compared(tree.Number(left), operator, tree.Number(right)) if _PLAIN.fullmatch(left + right):
            return _TRUE if _OPERATORS[operator](Decimal(left), Decimal(right)) else _FALSE
    return condition


def _flat(kind: type[tree.Every] | type[tree.Some], parts: tuple[Condition, ...]) -> Iterator[Condition]:
    """The parts, and in place of one of their own kind its parts."""
    for part in parts:
        settled = _settled(part)
        yield from settled.parts if isinstance(settled, kind) else (settled,)


def parts_of(condition: Condition) -> Iterator[object]:
    """Everything that the condition is made of, itself first, in the order in which it is written."""
    waiting: list[object] = [condition]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, tuple):
            waiting += reversed(node)
        elif is_dataclass(node):
            waiting += reversed(vars(node).values())


def looks_up(condition: Condition) -> bool:
    """Whether more than the row itself decides: a part of it is a query, or is not taken apart."""
    return any(isinstance(part, tree.Lookup | tree.Verbatim) for part in parts_of(condition))


def of_one_relation(condition: Condition) -> Condition:
    """Without the one name by which its columns call their relation; with two, it stays as it is."""
    named = {part.relation for part in parts_of(condition) if isinstance(part, tree.Column)}
    if len(named) != 1 or looks_up(condition):
        return condition
    return changed(condition, lambda node: tree.Column(node.name) if isinstance(node, tree.Column) else node)


def of_user(condition: Condition, user: str) -> Condition:
    """The same, asked by this user."""
    return changed(condition, lambda node: tree.Text(user) if isinstance(node, tree.CurrentUser) else node)


def changed(condition: Condition, change: Callable[[object], object]) -> Condition:
    """The condition with each part that is another after `change` put in its place, from the outside in."""

    def rewritten(node: Any) -> Any:
        other = change(node)
        if other is not node:
            return other
        if isinstance(node, tuple):
            return tuple(rewritten(part) for part in node)
        if not is_dataclass(node):
            return node
        return replace(cast(Any, node), **{name: rewritten(part) for name, part in vars(node).items()})

    return cast(Condition, rewritten(condition))


def of_a_row(condition: Condition) -> str:
    """Why the condition does not ask of a row's own columns and of who asks alone; '' when it does."""
    for part in parts_of(condition):
        match part:
            case tree.Lookup() | tree.Verbatim():
                return "asks for more than its row: queries and CASE are not taken"
            case tree.Call(name) if name not in PURE:
                return f"calls {name}, which is not one of the functions of a value alone"
            case tree.Column(_, relation) if relation:
                return f"names a relation, {relation}: columns stand by themselves"
    return ""


def bare(value: Value) -> Value:
    """A literal without a cast that changes nothing; any other value as it is."""
    match value:
        case tree.Cast(tree.Text(text) as inner, kind) if found := _TEXT_KINDS.fullmatch(kind):
            kept = not found[1] or len(text.encode()) <= int(found[1])
            return inner if kept else value
        case tree.Cast(tree.Number(number) | tree.Text(number), kind) if (
            kind in _NUMBERS and _WHOLE.fullmatch(number)
        ):
            return tree.Number(number)
    return value


def simple(condition: Condition) -> Condition:
    """The same without the casts that change nothing, as people write it."""

    def change(node: object) -> object:
        return bare(node) if isinstance(node, tree.Cast) else node

    return changed(condition, change)
