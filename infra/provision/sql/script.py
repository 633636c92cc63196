"""Reads infra/sql/: statements, for each of what they are, when they are not needed, and what they make.

Redshift has no IF NOT EXISTS for roles, policies and grants. Comments before a statement say it instead:

    -- for each group:                     the statement is repeated, filled in with each group's values
    -- makes: role | {role} | |            kind, name, relation and grantee: not needed while it is there
    CREATE ROLE "{role}";

    -- unless: SELECT polqual FROM …       not needed while the query has a row …
    -- means: {condition}                  … whose condition means this; nor while it has none
    ALTER RLS POLICY …;

A query over several lines goes on in comments that are indented ("--   AND …"). The text is split into
statements before any value is filled in. In quotes a value is escaped; elsewhere a name is quoted where it
has to be.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from infra.provision.sql.record import Made, name_in_sql, relation_in_sql

Values = Mapping[str, str]
Sets = Mapping[str, Sequence[Values]]

_PIECE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|;|[^'"\-;]+|.""")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_FOR_EACH, _UNLESS, _MEANS, _MAKES, _MORE = "-- for each ", "-- unless: ", "-- means: ", "-- makes: ", "--   "
_NAMES, _RELATIONS = frozenset({"policy", "schema"}), frozenset({"table"})
_ONE: tuple[Values] = ({},)


@dataclass(frozen=True)
class Step:
    """One SQL statement, and what makes it unnecessary."""

    sql: str
    # The query whose rows do.
    unless: str | None = None
    # With it: only a row that has a condition which means this; and the want of any row.
    means: str | None = None
    made: Made | None = None
    # The file that it is from; those of one file are one transaction.
    script: str = ""

    @property
    def title(self) -> str:
        return self.sql.partition("\n")[0].removesuffix(" (")


@dataclass
class _Before:
    """What the comments before a statement say."""

    each: str = ""
    said: dict[str, str] = field(default_factory=dict)
    last: str = ""

    def add(self, comment: str) -> None:
        if comment.startswith(_FOR_EACH):
            self.each = comment.removeprefix(_FOR_EACH).rstrip(": ")
            return
        for directive in (_UNLESS, _MEANS, _MAKES):
            if comment.startswith(directive):
                self.last = directive
                self.said[directive] = comment.removeprefix(directive).strip()
                return
        if self.last == _UNLESS and comment.startswith(_MORE):
            self.said[_UNLESS] += f" {comment.removeprefix(_MORE).strip()}"
        else:
            self.last = ""


def read(text: str, values: Values, sets: Sets | None = None) -> tuple[Step, ...]:
    """The statements of a file, each filled in; one that is for each of a set, once for each of it."""
    return tuple(
        _filled(sql, before, {**values, **own})
        for sql, before in _statements(text)
        for own in ((sets or {})[before.each] if before.each else _ONE)
    )


def _statements(text: str) -> Iterator[tuple[str, _Before]]:
    sql, before = "", _Before()
    for piece in _PIECE.findall(text):
        if piece.startswith("--"):
            before.add(piece)
        elif piece != ";":
            sql += piece
        else:
            yield sql.strip(), before
            sql, before = "", _Before()
    if sql.strip():
        raise ValueError(f"The last statement has no semicolon: {sql.strip()[:60]}")


def _filled(sql: str, before: _Before, values: Values) -> Step:
    made = None
    if _MAKES in before.said:
        made = Made(*(_verbatim(part.strip(), values) for part in before.said[_MAKES].split("|")))
    unless = before.said.get(_UNLESS)
    return Step(
        sql=_one(fill(sql, values)),
        unless=_one(fill(unless, values)) if unless else made.there if made else None,
        means=_verbatim(before.said[_MEANS], values) if _MEANS in before.said else None,
        made=made,
    )


def fill(template: str, values: Values) -> str:
    """The template with its placeholders filled in, by where they stand."""
    return "".join(_piece(piece, values) for piece in _PIECE.findall(template))


def _piece(piece: str, values: Values) -> str:
    if piece[0] in "'\"":
        quote = piece[0]
        return _PLACEHOLDER.sub(lambda match: values[match[1]].replace(quote, 2 * quote), piece)
    return _PLACEHOLDER.sub(lambda match: _in_sql(match[1], values[match[1]]), piece)


def _in_sql(placeholder: str, value: str) -> str:
    if placeholder in _NAMES:
        return name_in_sql(value)
    return relation_in_sql(value) if placeholder in _RELATIONS else value


def _verbatim(template: str, values: Values) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def _one(sql: str) -> str:
    """The statement, once more seen to be one: no value has brought another, nor a comment."""
    if any(piece == ";" or piece.startswith("--") for piece in _PIECE.findall(sql)):
        raise ValueError(f"This is more than one statement: {sql[:60]}")
    return sql
