"""System views that the stand-in does not have are refused as such, unless the name is a user's own."""

import pytest

from infra.local.warehouse import DbUser, Redshift, SqlError
from tests.infra.local.warehouse.conftest import ADMIN, run

ANN = DbUser("ann")


@pytest.fixture(scope="module")
def redshift():
    found = Redshift()
    run(
        found,
        "CREATE TABLE stl_mine (a INT); CREATE TABLE svl_hers (a INT); GRANT SELECT ON stl_mine TO PUBLIC;"
        "CREATE VIEW late AS SELECT * FROM pg_catalog.stl_query WITH NO SCHEMA BINDING;"
        "GRANT SELECT ON late TO PUBLIC",
    )
    return found


def error(redshift, sql, user=ANN):
    with pytest.raises(SqlError) as caught:
        redshift.execute(sql, user=user)
    return caught.value.sqlstate, caught.value.message


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("stl_query", "stl_query"),
        ("STV_SESSIONS", "stv_sessions"),
        ("svl_qlog", "svl_qlog"),
        ("svcs_plan_info", "svcs_plan_info"),
        ("svv_external_tables", "svv_external_tables"),
        ("sys_load_error_detail", "sys_load_error_detail"),
        ("pg_class", "pg_class"),
        ("pg_catalog.pg_class", "pg_class"),
        ("public.stl_query", "stl_query"),
        ("information_schema.triggers", "triggers"),
        ("late", "stl_query"),
    ],
)
def test_a_system_view_that_is_not_there_is_not_supported(redshift, name, view):
    expected = "0A000", f"ERROR: system view {view} is not supported by the stand-in"
    assert error(redshift, f"SELECT * FROM {name}") == expected
    assert error(redshift, f"SELECT 1 WHERE EXISTS (SELECT * FROM {name})", ADMIN) == expected


def test_a_relation_of_such_a_name_is_read_as_any_other(redshift):
    for sql in ("SELECT * FROM stl_mine", "WITH pg_own AS (SELECT 1 AS a) SELECT a FROM pg_own"):
        assert redshift.execute(sql, user=ANN).table.column_names == ["a"]
    assert error(redshift, "SELECT * FROM svl_hers")[0] == "42501"
    found = redshift.execute_batch(
        ["CREATE TEMP TABLE sys_x AS SELECT 7 AS a", "SELECT * FROM sys_x"], user=ANN
    )
    assert found[1].table.to_pylist() == [{"a": 7}]


@pytest.mark.parametrize(
    ("name", "sqlstate"),
    [("pg", "42P01"), ("stlx", "42P01"), ("pg_catalog.foo", "3F000"), ("s.pg_x", "3F000")],
)
def test_no_other_name_is_taken_for_a_system_views(redshift, name, sqlstate):
    assert error(redshift, f"SELECT * FROM {name}")[0] == sqlstate
