"""Who sees which rows of which tables: groups → roles → policies, as infra/sql is filled in with them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.policies.tokens import Token, Unreadable, tokens_of

COPY_FORMATS = {
    "PARQUET": "FORMAT AS PARQUET",
    "CSV": "FORMAT AS CSV IGNOREHEADER 1 DELIMITER ',' TIMEFORMAT 'auto'",
}
# The table that the app's pages ask; infra/sql writes its columns out.
SALES = "public.sales_data"
# The schema of what is Rowlight's own; no table of a company's is made there.
OWN_SCHEMA = "rowlight"

BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
PREFIX = r"[a-zA-Z0-9_=.-][a-zA-Z0-9_=./-]{0,511}"
_NAME = r"[a-z_][a-z0-9_]{0,126}"
_TYPE = r"[A-Za-z][A-Za-z0-9 ]{0,40}( ?\([0-9]{1,5}(, ?[0-9]{1,3})?\))?"
_GROUP = r"[\w+=,.@-][\w+=,.@ -]{0,127}"
_OPENS = {"(": ")", "[": "]"}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table, or one that a policy reads, with its SQL type."""

    name: str
    type: str

    def faults(self) -> Iterator[str]:
        """What SQL could misread."""
        if not re.fullmatch(_NAME, self.name, re.ASCII):
            yield f"has the column {self.name[:80]!r}: it must match {_NAME}"
        if not re.fullmatch(_TYPE, self.type, re.ASCII):
            yield f"has the type {self.type[:80]!r}: it must be such as VARCHAR(50) or DECIMAL(10,2)"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table whose rows are governed."""

    name: str
    # False: it is there already, and is neither made, loaded nor dropped.
    create: bool = True
    # Of a table to be made; those of the sales table are in infra/sql.
    columns: tuple[Column, ...] = ()
    # s3://bucket/prefix, loaded once; empty: not loaded, or the sales table from the data_bucket.
    copy_from: str = ""
    copy_format: str = "PARQUET"

    @property
    def schema(self) -> str:
        return self.name.partition(".")[0]

    @property
    def relation(self) -> str:
        """Its name within its schema."""
        return self.name.partition(".")[2]

    def faults(self) -> Iterator[str]:
        """What is missing, contradicts itself, or could be misread."""
        if not re.fullmatch(rf"{_NAME}\.{_NAME}", self.name, re.ASCII):
            yield f"has the name {self.name[:80]!r}: it must be schema.table in small letters, digits and _"
        if self.schema == OWN_SCHEMA:
            yield f"has the name {self.name[:80]!r}: the schema {OWN_SCHEMA} is for what the app keeps"
        if not re.fullmatch(rf"(s3://{BUCKET}/{PREFIX})?", self.copy_from, re.ASCII):
            yield f"has the copy_from {self.copy_from[:80]!r}: it must be s3://bucket/prefix"
        if self.copy_format not in COPY_FORMATS:
            yield f"has the copy_format {self.copy_format[:80]!r}: it must be {' or '.join(COPY_FORMATS)}"
        if not self.create and (self.columns or self.copy_from):
            yield "is there already (create = false): it takes no columns and no copy_from"
        elif self.create and bool(self.columns) == (self.name == SALES):
            own = "has columns of its own, and those of the sales table are the app's"
            yield own if self.columns else "has no columns: a table that is to be made needs them"
        for column in self.columns:
            yield from column.faults()


@dataclass(frozen=True, kw_only=True)
class RowPolicy:
    """A condition that lets rows of its tables through."""

    name: str
    columns: tuple[Column, ...]
    using: str
    tables: tuple[str, ...] = (SALES,)

    def faults(self) -> Iterator[str]:
        """What SQL could misread."""
        if not re.fullmatch(_NAME, self.name, re.ASCII):
            yield f"has the name {self.name[:80]!r}: it must match {_NAME}"
        if self.name.startswith(f"{OWN_SCHEMA}_"):
            yield f"has the name {self.name[:80]!r}: names with {OWN_SCHEMA}_ are the app's own"
        if not self.columns:
            yield "has no columns: name those that its condition reads, with their types"
        for column in self.columns:
            yield from column.faults()
        if fault := condition_fault(self.using):
            yield f"has a condition (using) that is not one expression: {fault}"


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of the identity provider, and what its role in the warehouse is given."""

    name: str
    # Each that it may read (SELECT).
    tables: tuple[str, ...] = (SALES,)
    policies: tuple[str, ...] = ()
    # Every row of every table that it may read: IGNORE RLS.
    all_rows: bool = False
    # The system views and how many rows a policy lets through; by itself no row of a table.
    administers: bool = False

    def faults(self) -> Iterator[str]:
        """What contradicts itself or could be misread."""
        if not re.fullmatch(_GROUP, self.name, re.ASCII):
            yield f"has the name {self.name[:80]!r}: letters, digits, spaces and _+=,.@- alone"
        if self.all_rows and self.policies:
            yield "has policies beside all_rows, which lets every row through: one of both"


def condition_fault(condition: str) -> str:
    """What makes it more or less than one expression; empty when it is one.

    The SQL has it in brackets: balanced, without a comment or the end of a statement, it stays there.
    """
    try:
        tokens = tokens_of(condition)
    except Unreadable as error:
        return str(error)
    if _comments(tokens):
        return "it has a comment"
    closing: list[str] = []
    for token in tokens[:-1]:
        if token.kind == "mark" and token.text in _OPENS:
            closing.append(_OPENS[token.text])
        elif token.text in _OPENS.values() and token.kind == "mark":
            if not closing or closing.pop() != token.text:
                return f"the {token.text} opens nowhere"
        elif token.text == "," and token.kind == "mark" and not closing:
            return "a comma divides it"
    if closing:
        return f"a {closing[-1]} is missing"
    return "" if len(tokens) > 1 else "it is empty"


def _comments(tokens: Sequence[Token]) -> bool:
    """Whether two marks beside each other begin or end a comment to SQL."""
    return any(
        one.text + other.text in ("/*", "*/") and other.place == one.place + 1
        for one, other in pairwise(tokens)
    )


def _region_filter(name: str, pattern: str) -> RowPolicy:
    columns = (Column(name="timezone", type="VARCHAR(50)"),)
    return RowPolicy(name=name, columns=columns, using=f"timezone LIKE '{pattern}'")


# The demonstration's: a sales group for each part of the world, one for all of it, and the administrators.
TABLES = (Table(name=SALES),)
POLICIES = (
    _region_filter("amer_region_filter", "America%"),
    _region_filter("eu_region_filter", "Europe%"),
    _region_filter("apac_region_filter", "Asia%"),
)
GROUPS = (
    Group(name="amer-sales", policies=("amer_region_filter",)),
    Group(name="emea-sales", policies=("eu_region_filter",)),
    Group(name="apac-sales", policies=("apac_region_filter",)),
    Group(name="exec-global", all_rows=True),
    Group(name="analytics-admins", tables=(), administers=True),
)
