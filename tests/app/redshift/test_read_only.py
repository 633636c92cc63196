"""What a person writes is sent only where it is plainly one query that reads."""

import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlglot import exp
from sqlglot.errors import SqlglotError

from app.errors import StatementRefused
from app.redshift.query import Query
from app.redshift.read_only import LONGEST, read_only
from infra.local.warehouse import SqlError
from tests.app.views import people

VIEWS = """
CREATE SCHEMA rowlight;
CREATE TABLE rowlight.saved_views (owner VARCHAR(128), name VARCHAR(400));
INSERT INTO rowlight.saved_views
    VALUES ('AWSIDC:frank@example.com', 'mine'), ('AWSIDC:ethan@example.com', 'his');
GRANT USAGE ON SCHEMA rowlight TO ROLE "AWSIDC:amer-sales";
GRANT SELECT, INSERT, UPDATE, DELETE ON rowlight.saved_views TO ROLE "AWSIDC:amer-sales"
"""
KEPT = [["AWSIDC:ethan@example.com", "his"], ["AWSIDC:frank@example.com", "mine"]]
DELETE = "DELETE FROM rowlight.saved_views"
WRITING = [
    DELETE,
    "DELETE FROM rowlight.saved_views WHERE name = 'mine'",
    "INSERT INTO rowlight.saved_views VALUES ('AWSIDC:frank@example.com', 'new')",
    "INSERT INTO rowlight.saved_views SELECT owner, name FROM rowlight.saved_views",
    "UPDATE rowlight.saved_views SET name = 'changed'",
    "TRUNCATE rowlight.saved_views",
    "DROP TABLE rowlight.saved_views",
    "MERGE INTO rowlight.saved_views USING rowlight.saved_views s ON true WHEN MATCHED THEN DELETE",
    "SELECT * INTO stolen FROM rowlight.saved_views",
    "CREATE TABLE stolen AS SELECT * FROM rowlight.saved_views",
    "GRANT SELECT ON rowlight.saved_views TO PUBLIC",
    "COPY rowlight.saved_views FROM 's3://bucket/sales.csv' IAM_ROLE default CSV",
    "UNLOAD ('SELECT 1') TO 's3://bucket/out' IAM_ROLE default",
    "ALTER TABLE rowlight.saved_views ROW LEVEL SECURITY OFF",
    "CALL wipe()",
    "PREPARE p AS DELETE FROM rowlight.saved_views",
    "EXECUTE p",
    "DECLARE c CURSOR FOR SELECT 1",
    "LOCK rowlight.saved_views",
    "VACUUM",
    "SET search_path TO rowlight",
    "RESET ALL",
    "BEGIN",
    "COMMIT",
    "SHOW search_path",
    "USE other",
]

SENT = [
    "SELECT 1",
    "  select 1 ;  ",
    "SELECT 1; ; -- done\n",
    "-- why\nSELECT 1",
    "/* why */ SELECT /* ; DELETE */ 1 -- ; DELETE FROM t",
    "/* a *//* b */SELECT 1",
    "(SELECT 1) UNION ALL (SELECT 2) ORDER BY 1",
    "((SELECT 1))",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9), b AS (SELECT 2) SELECT 1",
    "WITH a AS (WITH b AS (SELECT 1) SELECT * FROM b) (SELECT * FROM a)",
    'WITH "insert" AS (SELECT 1) SELECT "update", "into" FROM t',
    "SELECT 'DELETE FROM t; --', 'it''s', 'c:\\temp', '\\\\', ':day'",
    "SELECT 'two\nlines', '\u200d', 'é', \"né\" FROM t",
    "SELECT x::int, y::varchar(10), t.z[0].a, '1'::date FROM t WHERE a.b(+) = 1 AND c !~ '^x' AND d <> 2 % 3",
    "SELECT 1.5e3, .5, 1., 2e-1, -3, 4-5, 6 - -7, count(*), a.* FROM t a LIMIT 10",
    "SELECT updated, inserted, deletes, merged, integer FROM t",
    "SELECT replace(a, 'b', 'c'), current_user, set_name(1) FROM t\r\nWHERE a = 1\r\n",
    'SELECT "set_config" FROM t',
    "SELECT größe FROM tabelle",
]
EXPLAINED = ["EXPLAIN SELECT 1", "explain verbose\nWITH a AS (SELECT 1) SELECT 1", "EXPLAIN (SELECT 1)"]
NOT_ONE_QUERY = [
    *WRITING,
    "",
    " ; ",
    "-- nothing",
    "SELECT 1; SELECT 2",
    f"SELECT 1; {DELETE}",
    f"SELECT 1; -- \n{DELETE}",
    f"/* */ {DELETE}",
    f"-- \n{DELETE}",
    f"WITH a AS (SELECT 1) {DELETE}",
    f"WITH a AS ({DELETE} RETURNING *) SELECT * FROM a",
    "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
    "WITH a AS (SELECT 1) UPDATE t SET x = 1",
    "WITH a AS (SELECT 1) MERGE INTO t USING a ON true WHEN MATCHED THEN UPDATE SET x = 1",
    "WITH a AS (SELECT 1) TRUNCATE t",
    "WITH a AS (SELECT 1) CALL p()",
    "WITH a AS MATERIALIZED (SELECT 1) SELECT 1",
    "WITH a SELECT 1",
    "WITH a AS SELECT 1",
    "WITH",
    "EXPLAIN",
    "EXPLAIN VERBOSE",
    f"EXPLAIN {DELETE}",
    "EXPLAIN ANALYZE SELECT 1",
    "EXPLAIN EXPLAIN SELECT 1",
    "EXPLAIN (ANALYZE) SELECT 1",
    "EXPLAIN SELECT 1 INTO t",
    "SELECT 1 INTO t",
    "SELECT 1 iNtO TEMP t",
    "(SELECT 1 INTO t)",
    "SELECT (SELECT 1 INTO t)",
    "SELECT * FROM t FOR UPDATE",
    "SELECT 1 \u0131nto t",  # a dotless i, which some readers write as I
    "SELECT 1 \uff29\uff2e\uff34\uff2f t",
    "\u017fELECT 1",  # a long s
    "VALUES (1)",
    "TABLE t",
    "FROM t SELECT 1",
    "SELECT 1)",
    "(SELECT 1",
    "SELECT set_config('a', 'b', false)",
    "SELECT pg_catalog . Set_Config ('a', 'b', false)",
    "SELECT \"set_config\"('a', 'b', false)",
    "SELECT pg_terminate_backend (1) FROM t",
    "SELECT pg_cancel_backend/* */(1)",
]
DOUBTFUL = [
    "SELECT 'a",
    "SELECT 'a\\' FROM t --'",
    "SELECT 'a\\\\\\' FROM t --'",
    f"SELECT '\\'; {DELETE} --'",
    'SELECT "a',
    'SELECT ""',
    'SELECT "a\\" FROM t',
    "SELECT /* open",
    "SELECT /* /* */ 1",
    f"SELECT 1 /* /* */ ; {DELETE} -- */ */",
    "SELECT 1 */ 2",
    "SELECT $$a$$",
    f"SELECT $a$ ' $a$; {DELETE} --'",
    "SELECT $1",
    "SELECT a$b FROM t",
    "SELECT 1INTO t",
    "SELECT 1e5into t",
    "SELECT .5into t",
    "SELECT 1..2",
    "SELECT 2*/* */3",
    "SELECT 2+--3\n",
    "SELECT 2/-- \n 3",
    f"SELECT 1 --\r; {DELETE}",
    f"SELECT 1 -- \u2028; {DELETE}",
    "SELECT 1 -- \u202e",
    "SELECT\u00a01",
    "SELECT\u200b 1",
    "SELECT\x001",
    "SELECT '\x00'",
    "SELECT '\ud800'",
    "SELECT\x0b1",
    "SELECT\x0c1",
    "SELECT `a` FROM t",
    "SELECT a FROM t # b",
    "SELECT @a",
    "SELECT {d '2024-01-01'}",
    "SELECT a ? b",
    "SELECT \\a",
    "SELECT a : b",
]
PARAMETERS = ["SELECT :day", "SELECT 1 WHERE a=:b", "SELECT :1", "SELECT a[1:2]", "SELECT a:::b"]


@pytest.fixture(scope="module")
def warehouse():
    database = people.warehouse(people.sample(20))
    for statement in VIEWS.split(";"):
        database.execute(statement, user=people.ADMIN)
    return database


def kept(database):
    found = database.execute("SELECT owner, name FROM rowlight.saved_views ORDER BY 1, 2", user=people.ADMIN)
    return [list(row.values()) for row in found.table.to_pylist()]


def as_frank(database, sql):
    """Sends it as somebody who may write; whatever comes of it."""
    try:
        database.execute(sql, user=people.FRANK)
    except SqlError:
        return False
    return True


@pytest.mark.parametrize("text", SENT)
def test_a_query_is_sent_as_it_stands(text):
    found = read_only(text)
    assert not found.explains
    assert found.sql in text
    assert found.explained == f"EXPLAIN\n{found.sql}"
    Query("Explore", found.sql)


@pytest.mark.parametrize("text", EXPLAINED)
def test_the_plan_of_a_query_is_sent_as_it_stands(text):
    found = read_only(text)
    assert found.explains
    assert found.explained == found.sql == text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        *(("RL-460", text) for text in NOT_ONE_QUERY),
        *(("RL-461", text) for text in DOUBTFUL),
        *(("RL-462", text) for text in PARAMETERS),
        ("RL-463", "SELECT 1 -- " + "x" * LONGEST),
    ],
)
def test_anything_else_is_refused_and_says_why(code, text):
    with pytest.raises(StatementRefused) as refused:
        read_only(text)
    assert refused.value.code == code
    assert refused.value.message.strip()
    assert refused.value.remedy


def test_where_it_is_refused_is_told_by_its_line():
    with pytest.raises(StatementRefused, match=r"^Line 3: DELETE"):
        read_only("SELECT 1\n  -- first\n  DELETE")


@pytest.mark.parametrize("text", WRITING[:5])
def test_what_is_refused_would_have_written(text):
    """Else it would prove nothing that these are refused."""
    database = people.warehouse(people.sample(20))
    for statement in VIEWS.split(";"):
        database.execute(statement, user=people.ADMIN)
    assert as_frank(database, text)
    assert kept(database) != KEPT


# Of what a reader's borders are made, and what might be smuggled over them.
PIECES = st.sampled_from(
    [
        *(
            "SELECT 1",
            "SELECT ",
            "WITH a AS (",
            "WITH RECURSIVE ",
            "EXPLAIN ",
            " AS (",
            ")",
            "(",
            ", ",
            " UNION ",
        ),
        *(
            *WRITING[:10],
            "DELETE ",
            "INTO t ",
            "FROM rowlight.saved_views ",
            "1",
            "a",
            "1.",
            "e5",
            "RETURNING * ",
        ),
        *(
            "'",
            "''",
            "\\'",
            "\\",
            '"',
            '""',
            "--",
            "-",
            "/*",
            "*/",
            "/",
            "*",
            "$$",
            "$a$",
            ";",
            ":",
            "::",
            "E'",
        ),
        *(
            "U&'",
            "\n",
            "\r",
            "\r\n",
            "\t",
            "\x0c",
            "\x0b",
            "\x00",
            "\u2028",
            "\u00a0",
            "\u200b",
            "\u0085",
            "#",
            "`",
        ),
        *("{", "}", "[", "]", "?", "@", "~", " ", " ", "é", "\u0131nto", "\u017felect"),
    ]
)
TEXTS = st.lists(PIECES, max_size=14).map("".join)


def read(text):
    try:
        return read_only(text)
    except StatementRefused:
        return None


@given(st.text(max_size=60) | TEXTS)
def test_every_text_is_sent_or_refused(text):
    found = read(text)
    if found is not None:
        Query("Explore", found.sql)
        Query("Explore: plan", found.explained)


@settings(max_examples=300)
@given(TEXTS)
@example(f"SELECT 1 /* /* */ ; {DELETE} -- */ */")
@example(f"SELECT '\\'; {DELETE} --'")
def test_what_is_sent_is_one_query_to_another_reader_as_well(text):
    """sqlglot reads by itself: where it makes anything of the text, that is one query."""
    found = read(text)
    if found is None:
        return
    try:
        statements = [each for each in sqlglot.parse(found.sql, read="redshift") if each is not None]
    except SqlglotError:
        return
    (statement,) = statements
    if found.explains:
        return
    assert isinstance(statement, exp.Query)
    assert not list(statement.find_all(exp.DML, exp.DDL, exp.Into, exp.Command, exp.Drop, exp.Lock))


@settings(max_examples=200)
@given(st.sampled_from(WRITING), st.sampled_from(SENT), TEXTS, TEXTS)
def test_no_text_writes(warehouse, writes, reads, before, after):
    """Frank may write to the table; nothing that is sent for him does."""
    for text in (before + writes + after, reads + before + writes + after, before + reads + after + writes):
        found = read(text)
        if found is not None:
            as_frank(warehouse, found.sql)
            assert kept(warehouse) == KEPT, text


@pytest.mark.parametrize("writes", WRITING)
def test_a_statement_hidden_where_it_is_no_statement_is_sent_and_does_nothing(warehouse, writes):
    quoted = writes.replace("'", "''")
    for text in (
        f"SELECT '{quoted}'",
        f"SELECT 1 -- {writes}",
        f"SELECT 1 /* {writes} */",
        f'SELECT 1 AS "{writes}"',
    ):
        assert as_frank(warehouse, read_only(text).sql), text
    assert kept(warehouse) == KEPT
