"""What somebody with a sign-in and a little cunning tried, each refused or harmless."""

import pytest

from infra.local.warehouse import Cancellation, DbUser, Redshift, SqlError
from infra.local.warehouse.engine import _Run

ADMIN = DbUser("admin", superuser=True)
EVE = DbUser("AWSIDC:eve@example.com", groups=frozenset({"team"}))


@pytest.fixture
def redshift():
    made = Redshift()
    for sql in (
        'CREATE ROLE "AWSIDC:team"',
        "CREATE TABLE t (a INT)",
        "INSERT INTO t VALUES (1), (2), (3), (4), (5)",
        'GRANT SELECT, UPDATE, DELETE ON t TO ROLE "AWSIDC:team"',
        "CREATE RLS POLICY even WITH (a INT) USING (a = 2 OR a = 4)",
        "ATTACH RLS POLICY even ON t TO PUBLIC",
        "ALTER TABLE t ROW LEVEL SECURITY ON",
        "CREATE SCHEMA secret",
        "CREATE TABLE secret.s (word VARCHAR(20))",
        "INSERT INTO secret.s VALUES ('hush')",
        "CREATE VIEW v AS SELECT a FROM t",
        'GRANT SELECT, UPDATE, DELETE, INSERT ON v TO ROLE "AWSIDC:team"',
    ):
        made.execute(sql, user=ADMIN)
    return made


def rows(redshift, sql, user=EVE, **options):
    return [tuple(row.values()) for row in redshift.execute(sql, user=user, **options).table.to_pylist()]


def refused(redshift, sql, sqlstate, user=EVE, **options):
    with pytest.raises(SqlError) as caught:
        redshift.execute(sql, user=user, **options)
    assert caught.value.sqlstate == sqlstate
    return caught.value.message


@pytest.mark.parametrize("sql", ["DELETE FROM {}", "UPDATE {} SET a = 1", "INSERT INTO {} VALUES (1)"])
def test_views_are_not_changed_and_no_inner_name_is_told(redshift, sql):
    redshift.execute("CREATE TABLE mine AS SELECT 1 AS a", user=EVE)
    redshift.execute("CREATE MATERIALIZED VIEW m AS SELECT a FROM mine", user=EVE)
    storage = redshift._duckdb.storage
    for name in ("v", "m"):
        assert storage not in refused(redshift, sql.format(name), "42809")


def test_the_numbers_of_rows_have_another_name_each_time(redshift):
    names = {redshift._compiler(run(redshift)).row_number for _ in range(3)}
    assert len(names) == 3
    for name in names:
        refused(redshift, f'UPDATE t SET a = "{name}"', "42703")


def run(redshift):
    session = redshift.open_session(EVE)
    return _Run(redshift._duckdb.session(), redshift._catalog, session, EVE, {}, Cancellation(), 1)


def test_who_may_replace_views_does_not_get_their_owners_rights(redshift):
    redshift.execute('GRANT ROLE sys:dba TO ROLE "AWSIDC:team"', user=ADMIN)
    for tail in ("", " WITH NO SCHEMA BINDING"):
        refused(redshift, f"CREATE OR REPLACE VIEW public.v AS SELECT 1 AS a FROM secret.s{tail}", "42501")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE sys_query_history (a INT)",
        "CREATE VIEW svv_roles AS SELECT 1 AS role_name",
        "CREATE TABLE pg_user AS SELECT 1 AS a",
        "CREATE TEMP TABLE svv_tables (a INT)",
        "CREATE MATERIALIZED VIEW svv_columns AS SELECT 1 AS a",
        "ALTER TABLE mine RENAME TO svv_tables",
    ],
)
def test_nothing_takes_the_name_of_a_system_view(redshift, sql):
    redshift.execute("CREATE TABLE mine AS SELECT 1 AS a", user=EVE)
    refused(redshift, sql, "42939")


def test_views_that_double_below_are_counted_once_each(redshift):
    redshift.execute("CREATE TABLE d AS SELECT 1 AS a", user=EVE)
    below = ("d", "d")
    for level in range(16):
        for name in ("x", "y"):
            redshift.execute(
                f"CREATE VIEW {name}{level} AS SELECT p.a FROM {below[0]} p JOIN {below[1]} q ON p.a = q.a",
                user=EVE,
            )
        below = (f"x{level}", f"y{level}")
    refused(redshift, "DROP TABLE d", "2BP01")
    redshift.execute("DROP TABLE d CASCADE", user=EVE)
    refused(redshift, "SELECT * FROM x15", "42P01")


def test_a_refresh_reads_the_table_and_not_the_callers_temporary_one(redshift):
    redshift.execute("CREATE TABLE base AS SELECT 1 AS a", user=EVE)
    redshift.execute("CREATE MATERIALIZED VIEW m AS SELECT a FROM base", user=EVE)
    session = redshift.open_session(EVE)
    redshift.execute("CREATE TEMP TABLE base AS SELECT 666 AS a", user=EVE, session=session)
    redshift.execute("REFRESH MATERIALIZED VIEW m", user=EVE, session=session)
    assert rows(redshift, "SELECT a FROM m") == [(1,)]


def test_a_password_is_in_nobodys_history(redshift):
    sql = "CREATE USER una PASSWORD 'Sup3rSecret'"
    redshift.execute(sql, user=ADMIN)
    for view in ("sys_query_history", "sys_query_text"):
        found = redshift.execute(f"SELECT * FROM {view}", user=ADMIN).table.to_pylist()
        assert "una" in repr(found)
        assert "Sup3rSecret" not in repr(found)


def test_a_view_that_reads_as_its_owner_keeps_the_columns_others_read(redshift):
    redshift.execute("CREATE VIEW a AS SELECT 1 AS x", user=EVE)
    redshift.execute("CREATE VIEW b AS SELECT x FROM a", user=EVE)
    refused(redshift, "CREATE OR REPLACE VIEW a AS SELECT 2 AS y WITH NO SCHEMA BINDING", "2BP01")


def test_no_user_has_the_rights_of_a_policy_of_that_name(redshift):
    for sql in (
        "CREATE TABLE secret.allowed (a INT)",
        "CREATE RLS POLICY p WITH (a INT) USING (a IN (SELECT x.a FROM secret.allowed x))",
        "CREATE TABLE u (a INT)",
        "ATTACH RLS POLICY p ON u TO PUBLIC",
        "ALTER TABLE u ROW LEVEL SECURITY ON",
        "GRANT SELECT ON u TO PUBLIC",
        'CREATE USER "rls policy p" PASSWORD DISABLE',
        "GRANT USAGE ON SCHEMA secret TO PUBLIC",
    ):
        redshift.execute(sql, user=ADMIN)
    named_alike = DbUser("rls policy p")
    assert rows(redshift, "SELECT * FROM u", named_alike) == []
    refused(redshift, "SELECT * FROM u, secret.allowed", "42501", named_alike)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT o.b FROM o WHERE z IN (SELECT z FROM c)",
        "SELECT (SELECT max(z) FROM c) FROM o",
        "SELECT z FROM o WHERE EXISTS (SELECT 1 FROM c WHERE z = 4)",
        "SELECT a, z FROM c, (SELECT 7 AS z) q",
        "SELECT a AS z FROM c WHERE z = 4",
        "SELECT a AS z FROM c GROUP BY z",
        "SELECT c FROM c",
        "WITH q AS (SELECT z FROM o) SELECT (SELECT z FROM c) FROM q",
        "SELECT count(*) FROM o JOIN c ON z = 1",
        "SELECT a FROM c ORDER BY z",
    ],
)
def test_the_name_of_a_hidden_column_means_that_column_and_nothing_else(redshift, sql):
    for made in (
        "CREATE TABLE c (a INT, b INT, z INT, c INT)",
        "CREATE TABLE o (z INT, b INT)",
        "INSERT INTO o VALUES (1, 2)",
        "GRANT SELECT (a, b) ON c TO PUBLIC",
        "GRANT SELECT ON o TO PUBLIC",
    ):
        redshift.execute(made, user=ADMIN)
    refused(redshift, sql, "42501")
    assert rows(redshift, "SELECT a AS z FROM c ORDER BY z") == []
    assert rows(redshift, "SELECT o.z FROM o, c WHERE o.b = c.b") == []


def test_a_statement_of_a_batch_takes_the_parameters_that_it_names(redshift):
    found = redshift.execute_batch(
        ["SELECT :a AS x", "SELECT ':a' AS x, :b AS y", "SELECT 1 AS x"],
        user=EVE,
        parameters={"a": "one", "b": "two"},
    )
    assert [part.table.to_pylist() for part in found] == [
        [{"x": "one"}],
        [{"x": ":a", "y": "two"}],
        [{"x": 1}],
    ]


def test_the_name_of_no_schema_is_no_schema(redshift):
    refused(redshift, 'SELECT * FROM " ".t', "3F000")


def test_stars_stand_for_so_many_columns_and_no_more(redshift):
    columns = ", ".join(f"c{number} INT" for number in range(1_600))
    redshift.execute(f"CREATE TABLE wide ({columns})", user=EVE)
    chain = "".join(f", k{n} AS (SELECT * FROM k{n - 1})" for n in range(1, 20))
    refused(redshift, f"WITH k0 AS (SELECT * FROM wide){chain} SELECT count(*) FROM k19", "54001")


def test_many_late_views_over_each_other_are_read_once_each(redshift):
    redshift.execute("CREATE TABLE base AS SELECT 1 AS a", user=EVE)
    redshift.execute("CREATE VIEW l0 AS SELECT a FROM public.base WITH NO SCHEMA BINDING", user=EVE)
    for number in range(1, 25):
        redshift.execute(
            f"CREATE VIEW l{number} AS SELECT a FROM public.l{number - 1} WITH NO SCHEMA BINDING", user=EVE
        )
    found = rows(
        redshift, "SELECT table_name FROM svv_columns WHERE column_name = 'a' AND table_schema = 'public'"
    )
    assert {name for (name,) in found} >= {f"l{number}" for number in range(25)}


def test_a_role_that_hides_something_is_dropped_by_who_secures_alone(redshift):
    for sql in (
        "CREATE ROLE maker",
        "GRANT CREATE ROLE TO ROLE maker",
        'GRANT ROLE maker TO ROLE "AWSIDC:team"',
    ):
        redshift.execute(sql, user=ADMIN)
    redshift.execute("CREATE ROLE staff", user=EVE)
    redshift.execute("ATTACH RLS POLICY even ON t TO ROLE staff", user=ADMIN)
    for sql in ("DROP ROLE staff", "DROP ROLE staff FORCE"):
        refused(redshift, sql, "2BP01")
    redshift.execute("DROP ROLE staff FORCE", user=ADMIN)


@pytest.mark.parametrize("value", ["count(*)", "max(a)", "sum(a) OVER ()", "a + min(a)"])
def test_a_change_of_rows_aggregates_nothing(redshift, value):
    refused(redshift, f"UPDATE t SET a = {value}", "42803")
    assert rows(redshift, "SELECT a FROM t ORDER BY 1") == [(2,), (4,)]
