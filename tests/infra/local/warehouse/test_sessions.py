"""What outlives a statement in a session: temporary tables, and whom a superuser acts as."""

import pytest

from infra.local.warehouse import DbUser, Redshift, SqlError

ADMIN = DbUser("admin", superuser=True)
FRANK = DbUser("AWSIDC:frank@example.com", groups=frozenset({"amer-sales"}))
MING = DbUser("AWSIDC:ming@example.com")


@pytest.fixture
def redshift():
    made = Redshift()
    for statement in (
        'CREATE ROLE "AWSIDC:amer-sales"',
        "CREATE TABLE t (a INT)",
        "INSERT INTO t VALUES (1), (2)",
        'GRANT SELECT ON t TO ROLE "AWSIDC:amer-sales"',
    ):
        made.execute(statement, user=ADMIN)
    return made


def rows(redshift, sql, user, **options):
    return [tuple(row.values()) for row in redshift.execute(sql, user=user, **options).table.to_pylist()]


def refused(redshift, sql, sqlstate, user, **options):
    with pytest.raises(SqlError) as caught:
        redshift.execute(sql, user=user, **options)
    assert caught.value.sqlstate == sqlstate


def test_a_temporary_table_is_its_sessions_alone_and_ends_with_it(redshift):
    session = redshift.open_session(FRANK)
    redshift.execute("CREATE TEMP TABLE mine AS SELECT a * 10 AS b FROM t", user=FRANK, session=session)
    redshift.execute("INSERT INTO mine VALUES (7)", user=FRANK, session=session)
    assert rows(redshift, "SELECT b FROM mine ORDER BY 1", FRANK, session=session) == [(7,), (10,), (20,)]
    other = redshift.open_session(FRANK)
    for user, options in ((FRANK, {}), (FRANK, {"session": other}), (ADMIN, {})):
        refused(redshift, "SELECT * FROM mine", "42P01", user, **options)
    session.close()
    refused(redshift, "SELECT * FROM mine", "42P01", FRANK, session=session)


def test_a_temporary_table_hides_a_table_of_its_name_from_its_session_alone(redshift):
    session = redshift.open_session(FRANK)
    redshift.execute("CREATE TEMP TABLE t AS SELECT 5 AS five", user=FRANK, session=session)
    assert rows(redshift, "SELECT * FROM t", FRANK, session=session) == [(5,)]
    assert len(rows(redshift, "SELECT * FROM t", FRANK)) == 2
    redshift.execute("DROP TABLE t", user=FRANK, session=session)
    assert len(rows(redshift, "SELECT * FROM t", FRANK, session=session)) == 2


def test_without_a_session_temporary_tables_end_with_the_batch(redshift):
    found = redshift.execute_batch(
        ["CREATE TEMP TABLE x AS SELECT a FROM t", "SELECT count(*) FROM x"], user=FRANK
    )
    assert found[1].table.to_pylist() == [{"count": 2}]
    refused(redshift, "SELECT * FROM x", "42P01", FRANK)


def test_a_failed_batch_leaves_no_temporary_table(redshift):
    session = redshift.open_session(FRANK)
    with pytest.raises(SqlError):
        redshift.execute_batch(
            ["CREATE TEMP TABLE x AS SELECT 1 AS a", "SELECT * FROM nowhere"], user=FRANK, session=session
        )
    refused(redshift, "SELECT * FROM x", "42P01", FRANK, session=session)


def test_a_superuser_sees_what_somebody_else_sees_and_comes_back(redshift):
    redshift.execute("SELECT 1", user=FRANK)  # people are users once they have connected
    session = redshift.open_session(ADMIN)
    redshift.execute(f"SET SESSION AUTHORIZATION '{FRANK.name}'", user=ADMIN, session=session)
    assert rows(redshift, "SELECT current_user, count(*) FROM t", ADMIN, session=session) == [(FRANK.name, 2)]
    refused(redshift, "CREATE ROLE r", "42501", ADMIN, session=session)
    redshift.execute("RESET SESSION AUTHORIZATION", user=ADMIN, session=session)
    assert rows(redshift, "SELECT current_user", ADMIN, session=session) == [("admin",)]


def test_in_a_batch_the_authorization_lasts_as_long_as_the_batch(redshift):
    redshift.execute("CREATE USER una PASSWORD DISABLE", user=ADMIN)
    found = redshift.execute_batch(["SET SESSION AUTHORIZATION una", "SELECT current_user"], user=ADMIN)
    assert found[1].table.to_pylist() == [{"current_user": "una"}]
    assert rows(redshift, "SELECT current_user", ADMIN) == [("admin",)]
    with pytest.raises(SqlError) as caught:
        redshift.execute_batch(["SET SESSION AUTHORIZATION una", "SELECT * FROM t"], user=ADMIN)
    assert caught.value.sqlstate == "42501"


def test_nobody_else_becomes_anybody(redshift):
    redshift.execute("SELECT 1", user=MING)
    for name in ("admin", f"'{MING.name}'", "nobody"):
        refused(redshift, f"SET SESSION AUTHORIZATION {name}", "42501", FRANK)
    redshift.execute("SET SESSION AUTHORIZATION DEFAULT", user=FRANK)
    refused(redshift, "SET SESSION AUTHORIZATION nobody", "42704", ADMIN)


def test_an_authorization_that_was_rolled_back_is_none(redshift):
    redshift.execute("CREATE USER una PASSWORD DISABLE", user=ADMIN)
    session = redshift.open_session(ADMIN)
    with pytest.raises(SqlError):
        redshift.execute_batch(
            ["SET SESSION AUTHORIZATION una", "SELECT * FROM nowhere"], user=ADMIN, session=session
        )
    assert rows(redshift, "SELECT current_user", ADMIN, session=session) == [("admin",)]


def test_a_temporary_table_stands_in_nobodys_view_or_policy(redshift):
    for statement in (
        "CREATE TABLE allowed (a INT)",
        "INSERT INTO allowed VALUES (1)",
        "CREATE VIEW v AS SELECT a FROM t",
        'GRANT SELECT ON v TO ROLE "AWSIDC:amer-sales"',
        "CREATE RLS POLICY p WITH (a INT) USING (a IN (SELECT allowed.a FROM allowed))",
        "ATTACH RLS POLICY p ON t TO PUBLIC",
        "ALTER TABLE t ROW LEVEL SECURITY ON",
    ):
        redshift.execute(statement, user=ADMIN)
    session = redshift.open_session(FRANK)
    for name in ("allowed", "t"):
        redshift.execute(f"CREATE TEMP TABLE {name} AS SELECT 2 AS a", user=FRANK, session=session)
    assert rows(redshift, "SELECT a FROM v", FRANK, session=session) == [(1,)]
    assert rows(redshift, "SELECT a FROM public.t", FRANK, session=session) == [(1,)]
    assert rows(redshift, "SELECT a FROM t", FRANK, session=session) == [(2,)]
