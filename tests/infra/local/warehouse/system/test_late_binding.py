"""Views without binding among the system views, and system views inside views."""

import pytest

from infra.local.warehouse import DbUser, Redshift, SqlError
from tests.infra.local.warehouse.conftest import ADMIN, run
from tests.infra.local.warehouse.system.asking import ask, values

ALICE, BOB = DbUser("alice"), DbUser("bob")


@pytest.fixture
def redshift():
    made = Redshift()
    run(
        made,
        """
        CREATE USER alice PASSWORD DISABLE;
        CREATE USER bob PASSWORD DISABLE;
        CREATE TABLE orders (id INT, amount DECIMAL(10,2));
        CREATE TABLE notes (note VARCHAR(20));
        GRANT SELECT ON orders TO alice;
        GRANT SELECT ON notes TO bob
        """,
    )
    return made


def columns(redshift, user):
    return values(ask(redshift, "svv_columns", user), "table_name", "column_name", "data_type")


def test_a_view_without_binding_has_the_columns_that_its_query_gives_now(redshift):
    run(redshift, "CREATE VIEW late AS SELECT id, amount AS paid FROM public.orders WITH NO SCHEMA BINDING")
    expected = {("late", "id", "integer"), ("late", "paid", "numeric")}
    assert {c for c in columns(redshift, ADMIN) if c[0] == "late"} == expected
    assert columns(redshift, BOB) == {("notes", "note", "character varying")}
    run(redshift, "GRANT SELECT ON late TO bob")
    assert {c for c in columns(redshift, BOB) if c[0] == "late"} == expected


def test_a_view_without_binding_that_fails_has_no_columns_and_harms_nobody(redshift):
    run(redshift, "CREATE VIEW late AS SELECT * FROM public.gone WITH NO SCHEMA BINDING", user=BOB)
    run(redshift, "CREATE VIEW itself AS SELECT * FROM public.itself WITH NO SCHEMA BINDING", user=BOB)
    asked = "CREATE VIEW asked AS SELECT table_name FROM pg_catalog.svv_columns WITH NO SCHEMA BINDING"
    run(redshift, asked, user=BOB)
    own = {("notes", "note", "character varying"), ("asked", "table_name", "character varying")}
    assert columns(redshift, BOB) == own
    assert columns(redshift, ADMIN) >= own
    tables = values(ask(redshift, "svv_tables", BOB), "table_name")
    assert tables == {"notes", "late", "itself", "asked"}


def test_a_system_view_inside_a_view_is_read_as_whoever_asks(redshift):
    run(
        redshift,
        "CREATE VIEW catalogue AS SELECT table_name FROM svv_tables; GRANT SELECT ON catalogue TO bob",
    )

    def seen(user):
        return values(redshift.execute("SELECT * FROM catalogue", user=user).table.to_pylist(), "table_name")

    assert seen(ADMIN) == {"orders", "notes", "catalogue"}
    assert seen(BOB) == {"notes", "catalogue"}
    with pytest.raises(SqlError, match="permission denied for relation catalogue"):
        seen(ALICE)


def test_nobody_puts_a_relation_before_a_system_view(redshift):
    with pytest.raises(SqlError) as caught:
        redshift.execute("CREATE TABLE svv_roles (role_name VARCHAR(20))", user=BOB)
    assert caught.value.sqlstate == "42939"
    assert "sys:secadmin" in values(ask(redshift, "svv_roles", ADMIN), "role_name")
    found = redshift.execute("SELECT role_name FROM svv_roles", user=ADMIN).table
    assert "sys:secadmin" in found.column("role_name").to_pylist()


def test_temporary_tables_are_seen_in_their_session_alone(redshift):
    session = redshift.open_session(BOB)
    redshift.execute("CREATE TEMP TABLE mine (a INT)", user=BOB, session=session)
    sql = "SELECT table_name, table_type FROM information_schema.tables"
    inside = redshift.execute(sql, user=BOB, session=session).table.to_pylist()
    assert values(inside, "table_name", "table_type") == {
        ("notes", "BASE TABLE"),
        ("mine", "LOCAL TEMPORARY"),
    }
    session.close()
    for user in (BOB, ADMIN):
        assert "mine" not in values(ask(redshift, "tables", user, schema="information_schema"), "table_name")
