"""Whatever the condition, its words speak of the rows that it lets through, and its SQL is read as it is."""

import itertools
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import assume, given, settings

from app.policies import tree
from app.policies.meaning import plain
from app.policies.reading import read
from app.policies.sql import Writer
from app.policies.tokens import LONGEST, Unreadable
from app.policies.tree import Condition
from app.policies.words import in_words
from tests.app.policies.conditions import COLUMNS, TEXTS, conditions
from tests.app.policies.sentences import rows_meant

ROWS = [dict(zip(COLUMNS, values, strict=True)) for values in itertools.product((None, *TEXTS), repeat=3)]


@pytest.fixture(scope="module")
def table() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute('CREATE TABLE t (number INTEGER, city VARCHAR, land VARCHAR, "or" VARCHAR)')
    connection.executemany(
        "INSERT INTO t VALUES (?, ?, ?, ?)", [[n, *row.values()] for n, row in enumerate(ROWS)]
    )
    yield connection
    connection.close()


def through(table: duckdb.DuckDBPyConnection, sql: str) -> set[int]:
    return {number for (number,) in table.execute(f"SELECT number FROM t WHERE {sql}").fetchall()}


@settings(max_examples=150, deadline=None)
@given(condition=conditions)
def test_the_words_speak_of_the_rows_that_come_through(
    table: duckdb.DuckDBPyConnection, condition: Condition
) -> None:
    sql = Writer().condition(condition)
    meant = rows_meant(in_words(sql))
    assert {number for number, row in enumerate(ROWS) if meant(row)} == through(table, sql)


@settings(max_examples=150, deadline=None)
@given(condition=conditions)
def test_sql_reads_back_as_itself(condition: Condition) -> None:
    sql = Writer().condition(condition)
    assert Writer().condition(read(sql)) == sql
    assert read(f"NOT ({sql})") == tree.Not(read(sql))


@settings(max_examples=100, deadline=None)
@given(condition=conditions)
def test_a_condition_and_its_negation_have_different_words(condition: Condition) -> None:
    sql = Writer().condition(condition)
    assume(plain(condition) != tree.Holds(tree.Truth(value=False), negated=False))  # neither may be true
    assert in_words(sql) != in_words(f"NOT {sql}")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 41 + "a" + ")" * 41,
        "NOT " * 5_000 + "a",
        "- " * 5_000 + "1 = 1",
        "CAST(" * 3_000 + "a",
        "a IN (" * 3_000,
        "EXISTS (SELECT 1 FROM t WHERE " * 60,
        "a + " * 5_000 + "1 = 1",
        "a" + "::text" * 3_000,
        "a" * (LONGEST + 1),
        "x = 'open",
        'x = "open',
        "x = 1 AND",
        "x IN ()",
        "x = 1; DROP TABLE t",
        "x = 1 /* or */ OR y",
        r"x = 'a\' OR y'",
        "x = 'a' 'b'",
        "x = 1 = 1",
        "(x = 1) + 1 = 2",
        "x::'text'",
        "x BETWEEN 1",
        "CASE WHEN",
        "x = 1 y",
        "x LIKE 'a' ESCAPE 'b'",
        "x IS TRUE",
        "a.b.c = 1",
        "pg_catalog.f(x)",
        "x COLLATE y = 1",
        "x = ?",
    ],
)
def test_what_is_not_plainly_a_condition_is_not_read(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)
    assert in_words(text) == f"rows for which {text.strip()} holds"
