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
