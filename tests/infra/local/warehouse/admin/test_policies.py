"""Policies of row-level security and of masking: what they may be, and what they may be attached to."""

import pytest

from infra.local.warehouse import Redshift
from tests.infra.local.warehouse.admin.outcomes import DONE, outcome, rows, someone, trial
from tests.infra.local.warehouse.conftest import run

ANN = someone("ann")


@pytest.fixture(scope="module")
def warehouse():
    found = Redshift()
    run(
        found,
        """
        CREATE USER ann PASSWORD DISABLE; CREATE USER bob PASSWORD DISABLE;
        CREATE ROLE clerk; CREATE SCHEMA s;
        CREATE TABLE t (a INT, b VARCHAR(10), c BIGINT, d DECIMAL(10,2), e FLOAT, f DATE);
        CREATE TABLE s.look (a INT, b VARCHAR(10), c INT); CREATE TABLE guarded (a INT);
        CREATE TABLE base (a INT);
        CREATE VIEW v AS SELECT a, b FROM t;
        CREATE VIEW late AS SELECT a FROM public.t WITH NO SCHEMA BINDING;
        CREATE MATERIALIZED VIEW mv AS SELECT a FROM base;
        CREATE RLS POLICY p WITH (a INT) USING (a > 0); CREATE RLS POLICY q WITH (a INT) AS x USING (x.a > 0);
        CREATE RLS POLICY wide WITH (c BIGINT) USING (c > 0);
        CREATE RLS POLICY seen WITH (a INT) USING (a IN (SELECT a FROM s.look));
        ATTACH RLS POLICY p ON guarded TO ROLE clerk;
        CREATE MASKING POLICY star WITH (b VARCHAR(10)) USING ('*'::VARCHAR(1));
        CREATE MASKING POLICY gone WITH (b VARCHAR(10)) USING (NULL);
        CREATE MASKING POLICY more WITH (a BIGINT) USING (a + 1);
        CREATE MASKING POLICY both WITH (a INT, b VARCHAR(10)) USING (a + 1, left(b, 1));
        CREATE MASKING POLICY money WITH (d DECIMAL(10,2)) USING (d * 2);
        CREATE MASKING POLICY long WITH (b VARCHAR(10)) USING (b::VARCHAR(20));
        CREATE MASKING POLICY told WITH (b VARCHAR(10)) USING ('longer than ten'::TEXT);
        CREATE MASKING POLICY listed WITH (b VARCHAR(10))
          USING (CASE WHEN b IN (SELECT b FROM s.look) THEN '*' ELSE b END);
        ATTACH MASKING POLICY star ON t(b) TO ROLE clerk PRIORITY 10
        """,
    )
    return found


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("CREATE RLS POLICY p USING (true)", "42710"),
        ("CREATE RLS POLICY IF NOT EXISTS p USING (true)", DONE),
        ("CREATE RLS POLICY x WITH (a INT) USING (a IN (SELECT a FROM nothing))", "42P01"),
        ("CREATE RLS POLICY x WITH (a INT) USING (a IN (SELECT a FROM v))", "0A000"),
        ("CREATE RLS POLICY x WITH (a INT) USING (a IN (SELECT a FROM guarded))", "0A000"),
        ("ALTER RLS POLICY nothing USING (true)", "42704"),
        ("ALTER RLS POLICY p USING (nothing > 0)", "42703"),
        ("ALTER RLS POLICY p USING (a IN (SELECT a FROM guarded))", "0A000"),
        ("DROP RLS POLICY p", "2BP01"),
        ("DROP RLS POLICY p CASCADE", DONE),
        ("DROP RLS POLICY IF EXISTS nothing", DONE),
        ("ATTACH RLS POLICY p ON t TO ann", DONE),
        ("ATTACH RLS POLICY p ON v TO ann", DONE),
        ("ATTACH RLS POLICY p ON mv TO ann", DONE),
        ("ATTACH RLS POLICY p ON late TO ann", "0A000"),
        ("ATTACH RLS POLICY p ON base TO ann", "0A000"),
        ("ATTACH RLS POLICY p ON s.look TO ann", "0A000"),
        ("ATTACH RLS POLICY q ON guarded TO ann", "0A000"),
        ("ATTACH RLS POLICY p ON guarded TO ROLE clerk", "42710"),
        ("ATTACH RLS POLICY wide ON guarded TO ann", "42703"),
        ("ATTACH RLS POLICY p ON t TO nobody", "42704"),
        ("DETACH RLS POLICY p ON guarded FROM ROLE clerk", DONE),
        ("DETACH RLS POLICY p ON guarded FROM ROLE clerk, PUBLIC", "42704"),
        ("ALTER TABLE v ROW LEVEL SECURITY ON", DONE),
        ("ALTER MATERIALIZED VIEW mv ROW LEVEL SECURITY ON", DONE),
        ("ALTER TABLE late ROW LEVEL SECURITY ON", "0A000"),
        ("ALTER TABLE base ROW LEVEL SECURITY ON", "0A000"),
        ("ALTER TABLE s.look ROW LEVEL SECURITY ON", "0A000"),
        ("ALTER TABLE nothing ROW LEVEL SECURITY ON", "42P01"),
        # lookup tables stay as they are, but for columns that no policy names
        ("DROP TABLE s.look", "2BP01"),
        ("DROP TABLE s.look CASCADE", "2BP01"),
        ("DROP SCHEMA s CASCADE", "2BP01"),
        ("ALTER TABLE s.look RENAME TO looked", "2BP01"),
        ("ALTER TABLE s.look RENAME COLUMN a TO b2", "2BP01"),
        ("ALTER TABLE s.look DROP COLUMN a", "2BP01"),
        ("ALTER TABLE s.look DROP COLUMN b", "2BP01"),
        ("ALTER TABLE s.look DROP COLUMN c", DONE),
        ("ALTER TABLE s.look RENAME COLUMN c TO d", DONE),
        ("ALTER TABLE s.look RENAME COLUMN c TO a", "2BP01"),
        ("ALTER TABLE s.look ADD COLUMN d INT", DONE),
        ("REVOKE SELECT ON s.look FROM RLS POLICY seen", DONE),
    ],
)
def test_row_level_security(warehouse, sql, sqlstate):
    assert trial(warehouse, [sql]) == sqlstate


@pytest.mark.parametrize(
    ("looks", "sqlstate"),
    [
        ("a IN (SELECT a FROM small)", DONE),
        ("a < (SELECT count(*) FROM small)", DONE),
        ("a IN (SELECT m.a FROM small m JOIN s.look USING (c))", "2BP01"),
        ("a IN (SELECT x.a FROM (SELECT * FROM small) x)", "2BP01"),
        ("a IN (SELECT m.a FROM small AS m NATURAL JOIN s.look)", "2BP01"),
    ],
)
def test_a_column_that_a_policy_may_mean_stays(warehouse, looks, sqlstate):
    made = ["CREATE TABLE small (a INT, c INT)", f"CREATE RLS POLICY x WITH (a INT) USING ({looks})"]
    assert trial(warehouse, [*made, "ALTER TABLE small DROP COLUMN c"]) == sqlstate


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("CREATE MASKING POLICY star WITH (a INT) USING (a)", "42710"),
        ("CREATE MASKING POLICY star IF NOT EXISTS WITH (a INT) USING (a)", DONE),
        ("CREATE MASKING POLICY x WITH (a INT, a INT) USING (a)", "42701"),
        ("CREATE MASKING POLICY x WITH (a INT) USING (b)", "42703"),
        ("CREATE MASKING POLICY x WITH (a INT) USING ()", "42601"),
        ("CREATE MASKING POLICY x WITH (a INT) USING (a, )", "42601"),
        ("CREATE MASKING POLICY x WITH (a INT) USING (0)", "42804"),
        ("CREATE MASKING POLICY x WITH (b TEXT) USING ('*')", "42804"),
        ("CREATE MASKING POLICY x WITH (a INT) USING (sum(a))", "0A000"),
        ("CREATE MASKING POLICY x WITH (a INT) USING (read_text('/etc/passwd'))", "0A000"),
        ("CREATE MASKING POLICY x WITH (a INT) USING (CASE WHEN a IN (SELECT a FROM v) THEN a END)", "0A000"),
        ("ALTER MASKING POLICY nothing USING (a)", "42704"),
        ("ALTER MASKING POLICY star USING (upper(b))", DONE),
        ("ALTER MASKING POLICY star USING (length(b))", "42804"),
        ("ALTER MASKING POLICY star USING (b, b)", "42P10"),
        ("ALTER MASKING POLICY gone USING (b, b)", DONE),
        ("DROP MASKING POLICY nothing", "42704"),
        ("DROP MASKING POLICY star", "2BP01"),
        ("DROP MASKING POLICY gone", DONE),
        # columns, their number and their types
        ("ATTACH MASKING POLICY nothing ON t(b) TO ann", "42704"),
        ("ATTACH MASKING POLICY gone ON nothing(b) TO ann", "42P01"),
        ("ATTACH MASKING POLICY gone ON t(z) TO ann", "42703"),
        ("ATTACH MASKING POLICY gone ON t(b) USING (z) TO ann", "42703"),
        ("ATTACH MASKING POLICY gone ON t(b) TO nobody", "42704"),
        ("ATTACH MASKING POLICY gone ON t(b) TO ann", DONE),
        ("ATTACH MASKING POLICY gone ON t(f) USING (b) TO ann", DONE),
        ("ATTACH MASKING POLICY gone ON t(f) TO ann", "42804"),
        ("ATTACH MASKING POLICY gone ON t(b, b) USING (b) TO ann", "42701"),
        ("ATTACH MASKING POLICY gone ON t(a, b) USING (b) TO ann", "42P10"),
        ("ATTACH MASKING POLICY gone ON t(b) USING (b, a) TO ann", "42P10"),
        ("ATTACH MASKING POLICY both ON t(a, b) TO ann", DONE),
        ("ATTACH MASKING POLICY both ON t(b, a) USING (a, b) TO ann", "42804"),
        ("ATTACH MASKING POLICY both ON t(a) TO ann", "42P10"),
        ("ATTACH MASKING POLICY star ON t(a) USING (b) TO ann", "42804"),
        ("ATTACH MASKING POLICY more ON t(a) TO ann", DONE),
        ("ATTACH MASKING POLICY more ON t(d) USING (a) TO ann", DONE),
        ("ATTACH MASKING POLICY more ON t(b) USING (a) TO ann", "42804"),
        ("ATTACH MASKING POLICY money ON t(e) TO ann", DONE),
        ("ATTACH MASKING POLICY money ON t(a) USING (d) TO ann", "42804"),
        ("ATTACH MASKING POLICY money ON t(d) USING (a) TO ann", "42804"),
        ("ATTACH MASKING POLICY long ON t(b) TO ann", "42804"),
        ("ATTACH MASKING POLICY told ON t(b) TO ann", "42804"),
        # of several on one column each has a priority of its own
        ("ATTACH MASKING POLICY gone ON t(b) TO ann PRIORITY 10", "42710"),
        ("ATTACH MASKING POLICY gone ON t(b) TO ann PRIORITY 11", DONE),
        ("ATTACH MASKING POLICY gone ON t(b) TO ROLE clerk PRIORITY 11", "42710"),
        ("ATTACH MASKING POLICY star ON t(b) TO ROLE clerk PRIORITY 11", "42710"),
        ("ATTACH MASKING POLICY star ON t(b) TO ann PRIORITY 10", DONE),
        ("ATTACH MASKING POLICY both ON t(a, b) TO ann PRIORITY 10", "42710"),
        # relations
        ("ATTACH MASKING POLICY gone ON v(b) TO ann", DONE),
        ("ATTACH MASKING POLICY more ON late(a) TO ann", "0A000"),
        ("ATTACH MASKING POLICY more ON mv(a) TO ann", DONE),
        ("ATTACH MASKING POLICY more ON base(a) TO ann", "0A000"),
        ("DETACH MASKING POLICY star ON t(b) FROM ROLE clerk", DONE),
        ("DETACH MASKING POLICY star ON t(b) FROM PUBLIC", "42704"),
        ("DETACH MASKING POLICY star ON t(a) FROM ROLE clerk", "42704"),
        ("DETACH MASKING POLICY gone ON t(b) FROM ROLE clerk", "42704"),
    ],
)
def test_masking(warehouse, sql, sqlstate):
    assert trial(warehouse, [sql]) == sqlstate


def test_neither_is_for_temporary_tables(warehouse):
    temporary = "CREATE TEMP TABLE x (a INT, b VARCHAR(10))"
    assert trial(warehouse, [temporary, "ATTACH RLS POLICY p ON x TO PUBLIC"]) == "0A000"
    assert trial(warehouse, [temporary, "ALTER TABLE x ROW LEVEL SECURITY ON"]) == "0A000"
    assert trial(warehouse, [temporary, "ATTACH MASKING POLICY gone ON x(b) TO PUBLIC"]) == "0A000"


@pytest.fixture
def redshift():
    found = Redshift()
    run(
        found,
        """
        CREATE USER ann PASSWORD DISABLE; CREATE SCHEMA s;
        CREATE TABLE s.look (a INT); INSERT INTO s.look VALUES (2);
        CREATE TABLE t (a INT, b VARCHAR(10));
        INSERT INTO t VALUES (1, 'one'), (2, 'two'); GRANT SELECT ON t TO ann
        """,
    )
    return found


def test_a_policy_of_row_level_security_may_read_its_lookup_table_until_that_is_revoked(redshift):
    run(
        redshift,
        """
        CREATE RLS POLICY p WITH (a INT) USING (a IN (SELECT a FROM s.look)); ATTACH RLS POLICY p ON t TO ann;
        ALTER TABLE t ROW LEVEL SECURITY ON
        """,
    )
    assert rows(redshift, "SELECT a FROM t", ANN) == [(2,)]
    assert outcome(redshift, "SELECT a FROM s.look", ANN) == "42501"
    run(redshift, "REVOKE SELECT ON s.look FROM RLS POLICY p")
    assert outcome(redshift, "SELECT a FROM t", ANN) == "42501"
    run(redshift, "GRANT SELECT ON TABLE s.look TO RLS POLICY p")
    assert rows(redshift, "SELECT a FROM t", ANN) == [(2,)]
    run(redshift, "DROP RLS POLICY p CASCADE; CREATE RLS POLICY p WITH (a INT) USING (a = 1)")
    assert rows(redshift, "SELECT a FROM t", ANN) == []
    assert outcome(redshift, "DROP TABLE s.look") == DONE


def test_a_masking_policy_must_be_granted_its_lookup_table(redshift):
    run(
        redshift,
        """
        CREATE MASKING POLICY m WITH (a INT, b VARCHAR(10))
          USING (CASE WHEN a IN (SELECT a FROM s.look) THEN '*' ELSE b END);
        ATTACH MASKING POLICY m ON t(b) USING (a, b) TO ann
        """,
    )
    assert outcome(redshift, "SELECT b FROM t", ANN) == "42501"
    run(redshift, "GRANT SELECT ON TABLE s.look TO MASKING POLICY m")
    assert rows(redshift, "SELECT b FROM t ORDER BY a", ANN) == [("one",), ("*",)]
    assert outcome(redshift, "DROP TABLE s.look") == "2BP01"


def test_a_mask_counts_from_now_on_and_until_it_is_detached(redshift):
    assert rows(redshift, "SELECT b FROM t ORDER BY a", ANN) == [("one",), ("two",)]
    run(
        redshift,
        "CREATE MASKING POLICY m WITH (b VARCHAR(10)) USING (left(b, 1)); "
        "ATTACH MASKING POLICY m ON t(b) TO ann",
    )
    assert rows(redshift, "SELECT b FROM t ORDER BY a", ANN) == [("o",), ("t",)]
    run(redshift, "ALTER MASKING POLICY m USING (upper(b))")
    assert rows(redshift, "SELECT b FROM t ORDER BY a", ANN) == [("ONE",), ("TWO",)]
    run(redshift, "DETACH MASKING POLICY m ON t(b) FROM ann; DROP MASKING POLICY m")
    assert rows(redshift, "SELECT b FROM t ORDER BY a", ANN) == [("one",), ("two",)]


def test_a_mask_goes_with_the_table(redshift):
    run(
        redshift,
        "CREATE MASKING POLICY m WITH (b VARCHAR(10)) USING (left(b, 1)); "
        "ATTACH MASKING POLICY m ON t(b) TO ann",
    )
    run(redshift, "DROP TABLE t; CREATE TABLE t (a INT, b VARCHAR(10)); INSERT INTO t VALUES (1, 'one')")
    run(redshift, "GRANT SELECT ON t TO ann; DROP MASKING POLICY m")
    assert rows(redshift, "SELECT b FROM t", ANN) == [("one",)]
