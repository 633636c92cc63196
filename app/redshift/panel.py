"""What a page's author declares: a base, measures and panels; no person's input comes here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import LiteralString

from app.redshift.conditions import Condition

CODE = "panel"  # the result's column that says to which panel a row belongs

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RELATION = re.compile(rf"{_NAME.pattern}(?:\.{_NAME.pattern}){{0,2}}")
# In a base's SQL, which its author writes: tables stand there with their schema, and nothing else does.
RELATIONS = re.compile(rf"\b(?:FROM|JOIN)\s+({_NAME.pattern}\.{_NAME.pattern})\b")
_TYPE = re.compile(r"[A-Z][A-Z0-9]*(?: [A-Z]+)*(?:\([0-9]{1,5}(?:, ?[0-9]{1,2})?\))?")
# Redshift's reserved words. Some fail as a column; some, like user, are silently something else.
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
        aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup
        between binary blanksasnull both bytedict bzip2 case cast check collate column constraint create
        credentials cross current_date current_time current_timestamp current_user current_user_id
        default deferrable deflate defrag delta delta32k desc disable distinct do else emptyasnull
        enable encode encrypt encryption end except explicit false for foreign freeze from full
        globaldict256 globaldict64k grant group gzip having identity ignore ilike in initially inner
        intersect interval into is isnull join language leading left like limit localtime localtimestamp
        lun luns lzo lzop minus mostly16 mostly32 mostly8 natural new not notnull null nulls off offline
        offset oid old on only open or order outer overlaps parallel partition percent permissions pivot
        placing primary raw readratio recover references rejectlog resort respect restore right select
        session_user similar snapshot some sysdate system table tag tdes text255 text32k then timestamp
        to top trailing true truncatecolumns union unique unnest unpivot user using verbose wallet when
        where with without
        """,
    )
)

Where = Sequence[str | Condition]  # a string names conditions that come with each query


@dataclass(frozen=True)
class Base:
    """The rows that panels count: a SELECT, and the types of those of its columns that panels name.

    Tables stand in it with their schema, behind FROM or JOIN, so that it can be told which they are.
    """

    name: str
    sql: LiteralString
    columns: Mapping[str, LiteralString]

    def __post_init__(self) -> None:
        check_name(self.name)
        for column, column_type in self.columns.items():
            check_name(column)
            _check_type(column_type)


@dataclass(frozen=True)
class Measure:
    """An aggregate, and the type that it has in Redshift."""

    sql: LiteralString
    type: LiteralString

    def __post_init__(self) -> None:
        _check_type(self.type)


@dataclass(frozen=True)
class Panel:
    """Measures of the base's rows for each of what stands in `by`; their total when nothing does.

    `order` names columns, with a minus before those whose greatest value comes first; NULL comes last. Rows
    that are equal in it come in the order of `by`; without an order, rows come in any.
    """

    name: str
    by: Sequence[str] = ()
    where: Where = ()
    measures: Sequence[str] | None = None  # None means all
    order: Sequence[str] = ()
    limit: int | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        for columns in (self.by, self.measures or (), [term.removeprefix("-") for term in self.order]):
            if len(set(columns)) < len(columns):
                raise ValueError(f"A column stands twice in the panel {self.name!r}.")
        if self.limit is not None and (type(self.limit) is not int or self.limit < 1 or not self.order):
            raise ValueError(f"The limit of {self.name!r} must be a number from 1, and needs an order.")

    @property
    def whole_order(self) -> list[str]:
        """The order in which no two rows are equal."""
        named = {term.removeprefix("-") for term in self.order}
        return [*self.order, *(name for name in self.by if name not in named)]


@dataclass(frozen=True)
class AnyRow:
    """Whether this person sees any row at all of a table, whatever the page's period and conditions."""

    name: str
    relation: str

    def __post_init__(self) -> None:
        check_name(self.name)
        if not _RELATION.fullmatch(self.relation):
            raise ValueError(f"{self.relation!r} cannot name a table here.")


@dataclass(frozen=True, eq=False)
class Section:
    """Panels that count the rows of one base."""

    base: Base
    measures: Mapping[str, Measure]
    panels: Sequence[Panel]

    def __post_init__(self) -> None:
        for measure in self.measures:
            check_name(measure)
        if {*self.measures} & {*self.base.columns}:
            raise ValueError(f"A measure has the name of a column of {self.base.name!r}.")
        for panel in self.panels:
            self._check(panel)

    def _check(self, panel: Panel) -> None:
        columns = self.columns(panel)
        unknown = {*panel.by} - {*self.base.columns} | {*self.measures_of(panel)} - {*self.measures}
        unknown |= {term.removeprefix("-") for term in panel.order} - {*columns}
        if unknown or not columns:
            what = ", ".join(sorted(unknown)) or "column"
            raise ValueError(f"The panel {panel.name!r} over {self.base.name!r} has no {what}.")
        self.check_where(panel.where)

    def check_where(self, where: Sequence[str | Condition]) -> None:
        """Refuses a condition on a column that the base does not have."""
        for condition in where:
            if isinstance(condition, Condition) and condition.column not in self.base.columns:
                raise ValueError(f"The base {self.base.name!r} has no column {condition.column!r}.")

    def measures_of(self, panel: Panel) -> tuple[str, ...]:
        return tuple(self.measures if panel.measures is None else panel.measures)

    def columns(self, panel: Panel) -> list[str]:
        """A panel's own columns of the answer."""
        return [*panel.by, *self.measures_of(panel)]

    @cached_property
    def dimensions(self) -> dict[str, str]:
        """The columns by which panels are, and their types."""
        return {column: self.base.columns[column] for panel in self.panels for column in panel.by}


def check_name(name: str) -> None:
    """Refuses what cannot stand in SQL as a name without quotes."""
    if not _NAME.fullmatch(name) or name in _RESERVED or name == CODE:
        raise ValueError(f"{name!r} cannot be a name: small letters, digits and _, and no word of SQL.")


def _check_type(column_type: str) -> None:
    if not _TYPE.fullmatch(column_type):
        raise ValueError(f"{column_type!r} is not a type of Redshift.")
