"""Tables, views and schemas: made, changed, dropped, and what depends on them."""

import pytest

from infra.local.warehouse import Redshift
from tests.infra.local.warehouse.admin.outcomes import DONE, outcome, rows, someone, trial
from tests.infra.local.warehouse.conftest import run

ANN = someone("ann")


def prepared():
    found = Redshift()
    run(
        found,
        """
        CREATE USER ann PASSWORD DISABLE; CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO ann;
        CREATE TABLE t (a INT, b VARCHAR(10)); INSERT INTO t VALUES (1, 'x'), (2, 'y');
        CREATE TABLE plain (a INT, b VARCHAR(10)); INSERT INTO plain VALUES (1, 'x');
        CREATE VIEW s.v AS SELECT a, b FROM t; CREATE VIEW w AS SELECT a FROM s.v;
        CREATE VIEW late AS SELECT a FROM public.t WITH NO SCHEMA BINDING;
        CREATE MATERIALIZED VIEW mv AS SELECT a FROM plain
        """,
    )
    return found


@pytest.fixture
def redshift():
    return prepared()


@pytest.fixture(scope="module")
def unchanged():
    """For trials, of which nothing is left."""
    return prepared()


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("DROP TABLE t", "2BP01"),
        ("DROP TABLE t RESTRICT", "2BP01"),
        ("DROP TABLE t CASCADE", DONE),
        ("DROP TABLE plain", "2BP01"),
        ("DROP VIEW s.v", "2BP01"),
        ("DROP VIEW s.v, w", DONE),
        ("DROP VIEW w, s.v, late", DONE),
        ("DROP VIEW t", "42809"),
        ("DROP VIEW mv", "42809"),
        ("DROP MATERIALIZED VIEW w", "42809"),
        ("DROP MATERIALIZED VIEW mv", DONE),
        ("DROP TABLE w", "42809"),
        ("DROP TABLE mv", "42809"),
        ("DROP VIEW nothing", "42P01"),
        ("DROP VIEW IF EXISTS nothing", DONE),
        ("DROP MATERIALIZED VIEW IF EXISTS nothing", DONE),
        ("DROP TABLE IF EXISTS nothing, plain CASCADE", DONE),
        ("TRUNCATE w", "42809"),
        ("TRUNCATE mv", "42809"),
        ("COPY w FROM 's3://bucket/key' IAM_ROLE default CSV", "42809"),
        ("ANALYZE nothing", "42P01"),
        ("REFRESH MATERIALIZED VIEW mv", DONE),
        ("REFRESH MATERIALIZED VIEW w", "42809"),
        ("CREATE VIEW w AS SELECT 1 AS a", "42P07"),
        ("CREATE VIEW nowhere.w AS SELECT 1 AS a", "3F000"),
        ("CREATE VIEW x AS SELECT 1 AS rowid", "42701"),
        ("CREATE VIEW x AS SELECT nothing FROM t", "42703"),
        ("CREATE TABLE plain AS SELECT 1 AS a", "42P07"),
        ("CREATE TABLE x AS SELECT 1 AS oid", "42701"),
        ("CREATE OR REPLACE VIEW t AS SELECT 1 AS a", "42809"),
        ("ALTER TABLE t OWNER TO nobody", "42704"),
        ("ALTER TABLE mv RENAME TO other", "0A000"),
        ("ALTER TABLE t RENAME TO other", "0A000"),
        ("ALTER TABLE plain RENAME TO t", "42P07"),
        ("ALTER TABLE t ADD COLUMN c INT", "0A000"),
        ("ALTER TABLE w ADD COLUMN c INT", "42809"),
        ("CREATE SCHEMA s", "42P06"),
        ("CREATE SCHEMA IF NOT EXISTS s AUTHORIZATION nobody", DONE),
        ("CREATE SCHEMA x AUTHORIZATION nobody", "42704"),
        ("CREATE SCHEMA pg_x", "42939"),
        ("ALTER SCHEMA nowhere OWNER TO ann", "3F000"),
        ("DROP SCHEMA s", "2BP01"),
        ("DROP SCHEMA s CASCADE", DONE),
        ("DROP SCHEMA s, nowhere CASCADE", "3F000"),
        ("DROP SCHEMA IF EXISTS nowhere, s CASCADE", DONE),
        ("DROP SCHEMA public CASCADE", "0A000"),
    ],
)
def test_what_depends_on_what(unchanged, sql, sqlstate):
    assert trial(unchanged, [sql]) == sqlstate


def test_what_cascades_is_gone_and_a_late_binding_view_waits_for_a_table(redshift):
    run(redshift, "DROP TABLE t CASCADE")
    for view in ("s.v", "w", "late"):
        assert outcome(redshift, f"SELECT a FROM {view}") == "42P01"
    run(redshift, "CREATE TABLE t (a INT); INSERT INTO t VALUES (7)")
    assert rows(redshift, "SELECT a FROM late") == [(7,)]
    assert outcome(redshift, "SELECT a FROM w") == "42P01"


def test_a_schema_takes_views_elsewhere_along(redshift):
    run(redshift, "DROP SCHEMA s CASCADE")
    assert outcome(redshift, "SELECT a FROM w") == "42P01"
    assert rows(redshift, "SELECT count(*) FROM t") == [(2,)]


def test_the_owner_of_a_schema_owns_no_relation_in_it(redshift):
    run(redshift, "ALTER SCHEMA s OWNER TO ann")
    assert outcome(redshift, "SELECT a FROM s.v", ANN) == "42501"
    assert outcome(redshift, "CREATE TABLE s.mine (a INT)", ANN) == DONE
    run(redshift, "ALTER TABLE s.v OWNER TO ann; GRANT SELECT ON t TO ann")
    assert rows(redshift, "SELECT a FROM s.v ORDER BY 1", ANN) == [(1,), (2,)]


def test_a_renamed_table_keeps_what_was_granted_and_attached(redshift):
    run(
        redshift,
        """
        CREATE TABLE r (a INT, b VARCHAR(10)); INSERT INTO r VALUES (1, 'x'), (2, 'y');
        GRANT SELECT ON r TO ann;
        CREATE RLS POLICY p WITH (a INT) USING (a = 1); ATTACH RLS POLICY p ON r TO ann;
        ALTER TABLE r ROW LEVEL SECURITY ON;
        CREATE MASKING POLICY m WITH (b VARCHAR(10)) USING ('*'::VARCHAR(1));
        ATTACH MASKING POLICY m ON r(b) TO ann; ALTER TABLE r RENAME TO q
        """,
    )
    assert rows(redshift, "SELECT a, b FROM q", ANN) == [(1, "*")]
    assert outcome(redshift, "SELECT a FROM r", ANN) == "42P01"
    run(redshift, "CREATE TABLE r (a INT)")
    assert outcome(redshift, "SELECT a FROM r", ANN) == "42501"


def test_columns_come_go_and_change_their_names(redshift):
    run(redshift, "CREATE TABLE c (a INT, b INT); INSERT INTO c VALUES (1, 2)")
    run(redshift, "GRANT SELECT (a, b) ON c TO ann; GRANT UPDATE ON c TO ann")
    run(redshift, "ALTER TABLE c RENAME COLUMN b TO z; ALTER TABLE c ADD COLUMN n VARCHAR(5)")
    assert rows(redshift, "SELECT * FROM c") == [(1, 2, None)]
    assert rows(redshift, "SELECT a, z FROM c", ANN) == [(1, 2)]
    assert outcome(redshift, "SELECT n FROM c", ANN) == "42501"
    run(redshift, "ALTER TABLE c DROP COLUMN a; ALTER TABLE c ADD COLUMN a INT")
    assert rows(redshift, "SELECT z FROM c", ANN) == [(2,)]
    assert outcome(redshift, "SELECT a FROM c", ANN) == "42501"


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("ALTER TABLE c ADD COLUMN a INT", "42701"),
        ("ALTER TABLE c ADD COLUMN rowid INT", "42701"),
        ("ALTER TABLE c ADD COLUMN n INT NOT NULL", "42611"),
        ("ALTER TABLE c RENAME COLUMN nothing TO x", "42703"),
        ("ALTER TABLE c RENAME COLUMN free TO b", "42701"),
        ("ALTER TABLE c RENAME COLUMN free TO ctid", "42701"),
        ("ALTER TABLE c DROP COLUMN nothing", "42703"),
        ("ALTER TABLE c DROP COLUMN a", "2BP01"),
        ("ALTER TABLE c RENAME COLUMN a TO x", "2BP01"),
        ("ALTER TABLE c DROP COLUMN b", "2BP01"),
        ("ALTER TABLE c DROP COLUMN free", DONE),
        ("ALTER TABLE one DROP COLUMN a", "0A000"),
        ("ALTER TABLE nothing DROP COLUMN a", "42P01"),
    ],
)
def test_columns_that_must_stay(unchanged, sql, sqlstate):
    before = [
        "CREATE TABLE c (a INT, b INT, free INT)",
        "CREATE TABLE one (a INT)",
        "CREATE RLS POLICY p WITH (a INT) USING (a > 0)",
        "ATTACH RLS POLICY p ON c TO PUBLIC",
        "CREATE MASKING POLICY m WITH (b INT) USING (b + 1)",
        "ATTACH MASKING POLICY m ON c(b) TO PUBLIC",
    ]
    assert trial(unchanged, [*before, sql]) == sqlstate


def test_a_table_changed_and_filled_in_one_batch(redshift):
    redshift.execute_batch(
        [
            "CREATE TABLE c (a INT)",
            "INSERT INTO c VALUES (1)",
            "ALTER TABLE c ADD COLUMN b INT",
            "INSERT INTO c VALUES (2, 3)",
            "ALTER TABLE c RENAME TO d",
        ],
        user=someone("maker"),
    )
    assert rows(redshift, "SELECT a, b FROM d ORDER BY 1", someone("maker")) == [(1, None), (2, 3)]


def test_temporary_tables_bear_no_views(unchanged):
    assert trial(unchanged, ["CREATE TEMP TABLE x (a INT)", "CREATE VIEW y AS SELECT a FROM x"]) == "0A000"
    assert trial(unchanged, ["CREATE TABLE #x AS SELECT 1 AS a", "DROP TABLE #x"]) == DONE
    assert trial(unchanged, ["CREATE TEMP TABLE x (a INT)", "ALTER TABLE x OWNER TO ann"]) == "0A000"


def test_a_failed_batch_leaves_the_catalogue_as_it_was(redshift):
    before = redshift._catalog
    for sql in (
        "DROP SCHEMA s CASCADE",
        "ALTER TABLE plain OWNER TO ann",
        "CREATE TABLE x AS SELECT a FROM t",
    ):
        assert trial(redshift, [sql]) == DONE
        assert redshift._catalog is before
    assert rows(redshift, "SELECT count(*) FROM w") == [(2,)]
