"""Conditions and masks of the warehouse's policies, in words.

A row comes through a policy when its condition is true. A condition is neither true nor false for a row that
lacks the value it asks for, so negations are brought down to the comparisons, where words can say so:
"is something other than" is not said of nothing.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from app.policies import tree
from app.policies.meaning import bare, of_one_relation, plain
from app.policies.reading import read, read_value
from app.policies.sql import Writer
from app.policies.tokens import Unreadable
from app.policies.tree import Condition, Value

NO_POLICY = "no policy applies to this role: no rows"
_COMPARED = {
    "=": "is",
    "<>": "is something other than",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
}
_TIMES = re.compile(r"date|timestamp.*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}:\d{2})?")
# Words of our sentences: a column of such a name is quoted.
_OUR_WORDS = """
rows whose which holds is has a value no something other than that does one of none among values
less more at most least begins begin ends contains contain there row whole every the true false with
either case up including outside current as
"""
_OURS = frozenset(_OUR_WORDS.split())
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SQL = Writer()


def in_words(condition: str) -> str:
    """Which rows a policy's condition lets through; what it cannot say in words it gives as SQL."""
    try:
        return rows_in_words(read(condition))
    except Unreadable:
        return f"rows for which {seen_text(condition.strip())} holds"


def rows_in_words(condition: Condition) -> str:
    """Which rows a condition that was read lets through."""
    return _rows(of_one_relation(plain(condition)))


def together_in_words(conditions: Sequence[str], conjunction: Literal["AND", "OR"]) -> str:
    """Which rows several policies let through for one role: AND is Redshift's default, and none lets none."""
    if not conditions:
        return NO_POLICY
    if len(conditions) == 1:
        return in_words(conditions[0])
    try:
        parts = [read(condition) for condition in conditions]
    except Unreadable:
        every = f"({f') {conjunction} ('.join(condition.strip() for condition in conditions)})"
        return f"rows for which {seen_text(every)} holds"
    whole = tree.every(parts) if conjunction == "AND" else tree.some(parts)
    return rows_in_words(whole)


def masked_in_words(expression: str) -> str:
    """What a masking policy shows in a column's place; also as SVV_MASKING_POLICY lists several."""
    return ", ".join(_masked(each) for each in _expressions(expression))


def _expressions(expression: str) -> list[str]:
    if not expression.lstrip().startswith("["):
        return [expression]
    try:
        listed = json.loads(expression)
        return [str(each["expr"]) for each in listed]
    except (ValueError, TypeError, KeyError):
        return [expression]


def _masked(expression: str) -> str:  # noqa: PLR0911 - a line for each kind
    try:
        value = bare(read_value(expression))
    except Unreadable:
        return f"the value of {seen_text(expression.strip())}"
    match value:
        case tree.Truth(None):
            return "nothing (NULL)"
        case tree.Text() | tree.Number() | tree.Truth():
            return f"always {_named(value)}"
        case tree.Column():
            return f"{_named(value)} as it is"
        case tree.Call("sha2" | "sha256" | "sha" | "sha1" | "md5" | "fnv_hash" as name, (first, *_)):
            return f"a hash ({name}) of {_named(first)}"
        case tree.Call("left" | "right" as side, (of, tree.Number(count))):
            return f"the {'first' if side == 'left' else 'last'} {count} characters of {_named(of)}"
    return f"the value of {_SQL.value(value)}"


def _rows(condition: Condition) -> str:
    match condition:
        case tree.Holds(tree.Truth(truth)):
            return "all rows" if truth else "no rows"
        case tree.Every(parts) | tree.Some(parts) if not all(_of_a_column(part) for part in parts):
            return f"rows for which {_joined(condition)}"
        case tree.Every(parts):
            return f"rows whose {' and whose '.join(_said(part) for part in parts)}"
        case tree.Some(parts):
            return f"rows whose {' or whose '.join(_said(part) for part in parts)}"
    return f"rows {'whose' if _of_a_column(condition) else 'for which'} {_said(condition)}"


def _joined(condition: Condition) -> str:
    match condition:
        case tree.Every(parts):
            return " and ".join(_part(part) for part in parts)
        case tree.Some(parts):
            return " or ".join(_part(part) for part in parts)
    return _said(condition)


def _part(condition: Condition) -> str:
    many = isinstance(condition, tree.Every | tree.Some)
    return f"({_joined(condition)})" if many else _said(condition)


def _of_a_column(condition: Condition) -> bool:
    """Whether its words begin with a column's name."""
    return _phrase(condition) != "" and isinstance(_subject(condition), tree.Column)


def _said(condition: Condition) -> str:
    match condition:
        case tree.There(tree.Lookup() as query, negated):
            return f"there is {'no' if negated else 'a'} row in {_looked_in(query)}"
    phrase = _phrase(condition)
    return (
        f"{_named(_subject(condition))} {phrase}"
        if phrase
        else f"{seen_text(_SQL.condition(condition))} holds"
    )


def _subject(condition: Condition) -> Value:
    match condition:
        case tree.Compared(value):
            return _same(value) if condition.operator in {"=", "<>"} else value
        case tree.Like(value) | tree.Among(value) | tree.LookedUp(value) | tree.Missing(value):
            return _same(value)
        case tree.Between(value) | tree.Holds(value):
            return value
    return tree.Verbatim("")


def _phrase(condition: Condition) -> str:  # noqa: PLR0911 - a line for each kind
    """What is said of the subject; '' for what words do not say."""
    match condition:
        case tree.Compared(_, operator, right) if not _null(right):
            return f"{_COMPARED[operator]} {_named(_same(right) if operator in {'=', '<>'} else right)}"
        case tree.Like(_, pattern, alike, negated):
            return _like(bare(pattern), negated=negated) + " in either case" * alike
        case tree.Among(_, values, negated) if not any(_null(each) for each in values):
            them = ", ".join(_named(_same(each)) for each in values)
            return f"is {'something that is none of' if negated else 'one of'} {them}"
        case tree.LookedUp(_, tree.Lookup(what) as query, negated=False) if what is not None:
            return f"is among the values of {_named(what)} in {_looked_in(query)}"
        case tree.Between(_, low, high, negated=False) if not _null(low) and not _null(high):
            return f"is from {_named(low)} up to and including {_named(high)}"
        case tree.Missing(_, negated):
            return "has a value" if negated else "has no value"
        case tree.Holds(tree.Column() | tree.Call(), negated):
            return "is false" if negated else "is true"
    return ""


def _like(pattern: Value, *, negated: bool) -> str:
    """A pattern that is one text with % before or behind it; '' for any other."""
    if not isinstance(pattern, tree.Text):
        return ""
    text = pattern.value.strip("%")
    if "%" in text or "_" in text or (not text and pattern.value):
        return ""
    before, after = pattern.value.startswith("%"), pattern.value.endswith("%")
    named = _named(tree.Text(text))
    if not before and not after:
        return f"is {'something other than ' * negated}{named}"
    verb = "contain" if before and after else "end with" if before else "begin with"
    said = verb.replace(" ", "s ") if " " in verb else f"{verb}s"
    return f"is something that does not {verb} {named}" if negated else f"{said} {named}"


def _looked_in(query: tree.Lookup) -> str:
    alias = f" as {_name(query.alias)}" if query.alias else ""
    if query.where is None:
        return f"{query.table}{alias}"
    return f"{query.table}{alias} for which ({_joined(plain(query.where))})"


def _named(value: Value) -> str:  # noqa: PLR0911 - a line for each kind
    """A value in a sentence."""
    value = bare(value)
    match value:
        case tree.Text(text):
            return f"“{seen_text(text)}”"
        case tree.Cast(tree.Text(text), kind) if _TIMES.fullmatch(kind) and _DAY.fullmatch(text):
            return text
        case tree.Cast(inner, kind):
            return f"{_named(inner)} as {kind}"
        case tree.Column(name, relation):
            return _name(name) if not relation else f"{_name(relation)}.{_name(name)}"
        case tree.CurrentUser():
            return "the current user"
        case tree.Negative(tree.Number(number)):
            return f"-{number}"
        case tree.Call("current_setting", (setting, *_)) if isinstance(bare(setting), tree.Text):
            return f"the session's setting {_named(setting)}"
    return seen_text(_SQL.value(value))


def _name(name: str) -> str:
    written = tree.name_in_sql(name)
    return seen_text(f'"{name}"' if written == name and name in _OURS else written)


def seen_text(text: str) -> str:
    """The text, with what could end a quotation or cannot be seen by its number."""
    return "".join(
        f"\\u{ord(each):04x}" if each in "“”" or unicodedata.category(each) in _HIDDEN else each
        for each in text
    )


def _same(value: Value) -> Value:
    """The value where only its being the same counts: then that it is compared as text says nothing."""
    match value:
        case tree.Cast(tree.Column() | tree.CurrentUser() | tree.Call() as inner, "text"):
            return inner
    return bare(value)


def _null(value: Value) -> bool:
    return isinstance(bare(value), tree.Truth) and value == tree.Truth(None)
