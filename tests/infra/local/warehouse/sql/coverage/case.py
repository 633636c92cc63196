"""One row of evidence: a construct of Redshift's SQL, a statement that uses it, and what comes of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from infra.local.warehouse import Redshift, SqlError
from tests.infra.local.warehouse.conftest import PEOPLE, reader, run, sales_csv

RUNS, DIFFERS, REFUSED = "runs", "differs", "refused"
_QUERIES = ("SELECT", "WITH", "EXPLAIN ", "(")


@dataclass(frozen=True)
class Fault:
    """The error that Redshift documents, by its SQLSTATE."""

    sqlstate: str


@dataclass(frozen=True)
class Case:
    """A statement, or an expression of one; `expected` is a list of rows, a single value or a Fault."""

    construct: str
    sql: str
    expected: Any
    outcome: str
    note: str = ""  # how it differs, or what of the construct is refused
    page: str = ""  # of Redshift's documentation, when the statement and its answer stand there

    @property
    def statement(self) -> str:
        return self.sql if self.sql.upper().startswith(_QUERIES) else f"SELECT {self.sql}"


@dataclass(frozen=True)
class Group:
    """A heading of the table: one group of Redshift's documentation, and the tables that its cases read."""

    title: str
    page: str
    cases: tuple[Case, ...]
    setup: str = ""


def runs(construct: str, sql: str, expected: Any, *, page: str = "") -> Case:
    """It answers as Redshift does."""
    return Case(construct, sql, expected, RUNS, page=page)


def differs(construct: str, sql: str, expected: Any, how: str, *, page: str = "") -> Case:
    """It answers otherwise than Redshift, in the way that the note says."""
    return Case(construct, sql, expected, DIFFERS, note=how, page=page)


def refused(construct: str, sql: str, note: str = "") -> Case:
    """The stand-in says that it does not support this."""
    return Case(construct, sql, None, REFUSED, note=note)


@cache
def _warehouse() -> Redshift:
    # Here, because each group is made of what this module defines.
    from tests.infra.local.warehouse.sql.coverage.groups import GROUPS

    redshift = Redshift(read_object=reader(sales_csv()))
    for group in GROUPS:
        run(redshift, group.setup)
    run(redshift, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC")
    return redshift


@cache
def answer(statement: str) -> Any:
    """The rows that an analyst without any right but SELECT is given, or the SqlError."""
    redshift = _warehouse()
    try:
        table = redshift.execute(statement, user=PEOPLE["frank"]).table
    except SqlError as fault:
        return fault
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def outcome(case: Case) -> str:
    """What comes of the case when it runs: the word of the table, or what is wrong."""
    found = answer(case.statement)
    if isinstance(found, SqlError):
        if "is not supported by the stand-in" in str(found):
            return REFUSED
        holds = isinstance(case.expected, Fault) and case.expected.sqlstate == found.sqlstate
        return case.outcome if holds and case.outcome != REFUSED else f"fails: {found}"
    rows = case.expected if isinstance(case.expected, list) else [(case.expected,)]
    same = found == rows and all(map(_same_types, found, rows))
    return case.outcome if same and case.outcome != REFUSED else f"answers {found!r}"


def _same_types(found: Iterable[Any], expected: Iterable[Any]) -> bool:
    """1 is not 1.0 here, nor true."""
    return [type(value) for value in found] == [type(value) for value in expected]
