"""The administrative grammar under broken statements: errors of Redshift's alone, few steps, nothing changed."""

# ruff: noqa: E501 - a statement a line reads better than wrapped SQL

import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.warehouse import DbUser, SqlError
from infra.local.warehouse.admin import grammar
from infra.local.warehouse.admin.lexer import Reader
from tests.infra.local.warehouse.access.hostile.world import ADMIN, FRANK, build

VALID = [
    "CREATE TABLE IF NOT EXISTS public.t (a INT NOT NULL DEFAULT 1 ENCODE az64, b DECIMAL(10,2), PRIMARY KEY (a)) DISTSTYLE KEY DISTKEY (a) COMPOUND SORTKEY (a, b)",
    "CREATE TEMP TABLE t (a VARCHAR(MAX), b TIMESTAMP WITHOUT TIME ZONE, c DOUBLE PRECISION)",
    "CREATE TABLE #t AS SELECT id, note FROM orders WHERE id > 1",
    "CREATE TABLE t (x, y) AS SELECT 1, 'a'",
    "CREATE TABLE t (LIKE orders INCLUDING DEFAULTS)",
    "DROP TABLE IF EXISTS mine, staff CASCADE",
    "TRUNCATE TABLE mine",
    "ALTER TABLE mine RENAME TO ours",
    "ALTER TABLE mine RENAME COLUMN word TO w",
    "ALTER TABLE mine ADD COLUMN x INT NOT NULL",
    "ALTER TABLE mine DROP COLUMN word RESTRICT",
    "ALTER TABLE mine OWNER TO admin",
    "ALTER TABLE mine APPEND FROM orders",
    "ALTER TABLE orders ROW LEVEL SECURITY ON CONJUNCTION TYPE OR",
    "ALTER TABLE orders ROW LEVEL SECURITY OFF",
    "CREATE OR REPLACE VIEW lima (a, b) AS SELECT id, note FROM orders",
    "CREATE VIEW v AS SELECT * FROM public.orders WITH NO SCHEMA BINDING",
    "DROP VIEW IF EXISTS lima RESTRICT",
    "CREATE MATERIALIZED VIEW m BACKUP NO DISTSTYLE ALL SORTKEY (name) AUTO REFRESH YES AS SELECT name FROM regions",
    "REFRESH MATERIALIZED VIEW region_names",
    "ALTER MATERIALIZED VIEW region_names ROW LEVEL SECURITY ON",
    "DROP MATERIALIZED VIEW region_names",
    "CREATE SCHEMA IF NOT EXISTS s AUTHORIZATION admin",
    "ALTER SCHEMA vault OWNER TO admin",
    "DROP SCHEMA IF EXISTS vault CASCADE",
    "CREATE USER u WITH PASSWORD 'Abcdef123' NOCREATEDB CONNECTION LIMIT UNLIMITED",
    "ALTER USER admin PASSWORD DISABLE",
    "DROP USER IF EXISTS u",
    'CREATE ROLE "AWSIDC:x"',
    "ALTER ROLE auditor WITH OWNER TO admin",
    "DROP ROLE auditor FORCE",
    'GRANT ROLE auditor, ROLE sys:monitor TO "AWSIDC:frank@example.com" WITH ADMIN OPTION',
    'REVOKE ADMIN OPTION FOR ROLE auditor FROM "AWSIDC:frank@example.com"',
    "GRANT SELECT, INSERT, UPDATE (word) ON TABLE mine, orders TO ROLE auditor, PUBLIC",
    "GRANT ALL PRIVILEGES (id, word) ON mine TO ROLE auditor",
    'GRANT SELECT ON mine TO "AWSIDC:frank@example.com" WITH GRANT OPTION',
    "GRANT USAGE, CREATE ON SCHEMA vault, public TO PUBLIC",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO ROLE auditor",
    "GRANT TEMPORARY ON DATABASE dev TO ROLE auditor",
    'REVOKE GRANT OPTION FOR SELECT ON mine FROM "AWSIDC:frank@example.com" CASCADE',
    "GRANT IGNORE RLS, EXPLAIN RLS, ACCESS SYSTEM TABLE, CREATE OR REPLACE VIEW TO ROLE auditor",
    "REVOKE ALL PRIVILEGES FROM ROLE auditor",
    "GRANT SELECT ON regions TO RLS POLICY own_region",
    "CREATE RLS POLICY p WITH (id INT, region VARCHAR(10)) AS o USING (o.region = current_user AND o.id IN (SELECT id FROM mine))",
    "ALTER RLS POLICY own_region USING (region LIKE 'A%')",
    "ATTACH RLS POLICY own_region ON TABLE orders TO ROLE auditor, PUBLIC",
    'DETACH RLS POLICY own_region ON orders FROM ROLE "AWSIDC:amer-sales"',
    "DROP RLS POLICY IF EXISTS own_region CASCADE",
    "CREATE MASKING POLICY IF NOT EXISTS q WITH (a INT, b VARCHAR(16)) USING ((a + 1, left(b, 2)::VARCHAR(16)))",
    "ALTER MASKING POLICY nought USING (salary)",
    "ATTACH MASKING POLICY last_four ON people (card) USING (card) TO ROLE auditor PRIORITY 30",
    'DETACH MASKING POLICY last_four ON people (card) FROM ROLE "AWSIDC:amer-sales"',
    "DROP MASKING POLICY nothing",
    "COPY mine (id, word) FROM 's3://bucket/key' IAM_ROLE 'arn:aws:iam::123456789012:role/r' FORMAT AS CSV DELIMITER ',' IGNOREHEADER 1",
    "ANALYZE VERBOSE mine (id) PREDICATE COLUMNS",
    "VACUUM SORT ONLY mine TO 75 PERCENT BOOST",
    "SET SESSION AUTHORIZATION 'admin'",
    "RESET SESSION AUTHORIZATION",
    "SET query_group TO 'x'",
    "SET search_path = public",
]
_WORDS = sorted({word for sql in VALID for word in re.findall(r"[A-Za-z_]+|[^\sA-Za-z_]", sql)})
_JUNK = [
    *(
        "'",
        '"',
        "''",
        '""',
        "'a''b'",
        '"a""b"',
        "\\",
        "$$",
        "--x\n",
        "/*",
        "*/",
        "/* x */",
        ";",
        ";;",
        "\0",
        "\x1f",
    ),
    *(
        "é",
        "ß",
        "İ",
        "\u200b",
        "\ufeff",
        "🐘",
        "99999999999999999999",
        "1e9",
        "-1",
        "0x1",
        "#",
        "##",
        "@",
        "::",
        ":",
        ".",
    ),
    *(
        "..",
        "()",
        "((",
        "))",
        "[",
        "]",
        "{}",
        "=>",
        "NULL",
        "public",
        "PUBLIC",
        "sys:superuser",
        "pg_temp",
        "dev.public.mine",
    ),
    *(
        "a" * 200,
        '"' + "b" * 200 + '"',
        "(" * 40,
        "," * 10,
        "(SELECT 1)",
        "SELECT",
        "current_user",
        "1",
        "''::text",
    ),
]
pieces = st.one_of(st.sampled_from(_WORDS), st.sampled_from(_JUNK), st.text(max_size=5))
soups = st.builds(
    lambda first, rest, gap: gap.join([first, *rest]),
    st.sampled_from(
        [
            *sorted(grammar.KEYWORDS),
            "CREATE TABLE",
            "GRANT SELECT ON",
            "ATTACH RLS POLICY",
            "CREATE RLS POLICY",
            "CREATE MASKING POLICY",
        ]
    ),
    st.lists(pieces, max_size=25),
    st.sampled_from([" ", "  \n", "/**/", " "]),
)


@st.composite
def mutants(draw):
    """A valid statement with a few of its words left out, doubled, exchanged, replaced or cut."""
    words = re.findall(r"\s+|[A-Za-z_0-9]+|'[^']*'|\"[^\"]*\"|.", draw(st.sampled_from(VALID)), re.DOTALL)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(words) - 1, 0)))
        change = draw(st.sampled_from(["drop", "double", "swap", "replace", "insert", "cut", "case"]))
        if change == "drop":
            words[at : at + 1] = []
        elif change == "double":
            words[at:at] = words[at : at + 3]
        elif change == "swap" and len(words) > 1:
            other = draw(st.integers(0, len(words) - 1))
            words[at], words[other] = words[other], words[at]
        elif change == "replace":
            words[at : at + 1] = [draw(pieces)]
        elif change == "insert":
            words[at:at] = [" ", draw(pieces), " "]
        elif change == "cut":
            del words[at:]
        elif words:
            words[at] = words[at].swapcase()
    return "".join(words)


broken = st.one_of(mutants(), soups)


@pytest.fixture(scope="module")
def warehouse():
    return build("planted")


@pytest.fixture(scope="module")
def closed():
    """A warehouse where not everybody may make relations."""
    redshift = build("planted")
    redshift.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", user=ADMIN)
    redshift.execute("REVOKE TEMP ON DATABASE dev FROM PUBLIC", user=ADMIN)
    return redshift


def fingerprint(redshift):
    """All that the catalogue says, but for its version."""
    return repr(dataclasses.replace(redshift._catalog, version=0))


def failure(act):
    """The error of Redshift's that comes of it; None when none does."""
    try:
        act()
    except SqlError as error:
        return error
    return None


@pytest.mark.parametrize("sql", VALID)
def test_the_statements_that_are_broken_are_known_ones(sql):
    """Each is read; those whose option the stand-in refuses say so in plain words."""
    refusal = failure(lambda: grammar.parse(sql, database="dev"))
    assert refusal is None or refusal.sqlstate == "0A000", refusal


@settings(max_examples=300, deadline=None)
@given(sql=broken)
def test_reading_ends_soon_with_a_statement_or_an_error_of_redshifts(sql):
    steps = 0
    plain = Reader.ahead

    def counted(reader, offset):
        nonlocal steps
        steps += 1
        return plain(reader, offset)

    Reader.ahead = counted
    try:
        error = failure(lambda: grammar.parse(sql, database="dev"))
    finally:
        Reader.ahead = plain
    assert steps <= 150 * (len(sql) + 2)
    assert error is None or error.message.startswith("ERROR: ")
    assert error is None or re.fullmatch("[0-9A-Z]{5}", error.sqlstate)


@settings(max_examples=60, deadline=None)
@given(sql=broken, superuser=st.booleans())
def test_a_statement_that_fails_or_is_rolled_back_has_changed_nothing(warehouse, sql, superuser):
    before = fingerprint(warehouse)
    user = ADMIN if superuser else FRANK
    error = failure(lambda: warehouse.execute_batch([sql, "SELECT 1 / 0"], user=user))
    assert error is not None
    assert warehouse._duckdb.storage not in error.message
    assert fingerprint(warehouse) == before
    assert warehouse.execute("SELECT count(*) AS n FROM orders", user=FRANK).table.to_pylist() == [{"n": 5}]


@settings(max_examples=40, deadline=None)
@given(sql=broken)
def test_whoever_may_nothing_changes_nothing(closed, sql):
    before = fingerprint(closed)
    error = failure(lambda: closed.execute(sql, user=DbUser("AWSIDC:nora@example.com")))
    assert error is None or closed._duckdb.storage not in error.message
    assert fingerprint(closed) == before
