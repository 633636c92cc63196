"""Other people's statements: no view of the system, no catalogue and no error shows them to Frank."""

# ruff: noqa: E501 - a statement a line reads better than wrapped SQL

import pytest

from infra.local.warehouse import DbUser
from tests.infra.local.warehouse.access.hostile.world import ADMIN, OTHER, agreed, build, outcome, script

HISTORIES = (
    *("sys_query_history", "sys_query_text", "sys_query_detail", "sys_query_explain", "sys_session_history"),
    *("svv_rls_applied_policy", "sys_applied_masking_policy_log", "sys_serverless_usage", "sys_userlog"),
    *("stl_query", "stl_querytext", "stl_explain", "stl_ddltext", "stl_utilitytext", "stl_connection_log"),
    *("svl_qlog", "svl_statementtext", "stv_recents", "stv_inflight", "stv_sessions", "svv_query_state"),
    *("sys_load_error_detail", "sys_load_history", "pg_stat_activity", "pg_user", "svv_user_info"),
)
STRANGER = DbUser("AWSIDC:zoe@example.com")


@pytest.fixture(scope="module")
def busy():
    """A warehouse in which others have said planted words."""
    redshift = build("planted")
    for user in (ADMIN, OTHER, STRANGER):
        for sql in (
            "SELECT 'xylophone' AS word",
            "SELECT count(*) FROM orders WHERE city = 'Zanzibar'",
            "SELECT 'xylophone'::INT",
            "CREATE TEMP TABLE zagreb_424242 (a INT)",
        ):
            outcome(redshift, sql, user=user)
    outcome(redshift, "SELECT :w AS w", user=OTHER, parameters={"w": "whisper"})
    return redshift


@pytest.mark.parametrize("view", HISTORIES)
def test_no_history_shows_anothers_statement(busy, view):
    for sql in (f"SELECT * FROM {view}", f"SELECT * FROM pg_catalog.{view}"):
        said = outcome(busy, sql)
        assert said[0] == "rows" or said[1] in ("42501", "0A000"), said
        for word in ("xylophone", "Zanzibar", "zagreb_424242", "whisper"):
            assert word not in str(said), view


def test_his_own_statements_are_there(busy):
    outcome(busy, "SELECT 'own words' AS w")
    said = outcome(busy, "SELECT query_text FROM sys_query_history WHERE query_text LIKE '%own words%'")
    assert "own words" in str(said)
    other = outcome(
        busy, "SELECT count(*) AS n FROM sys_query_history WHERE query_text LIKE '%xylo%'", user=ADMIN
    )
    assert other[2] != '{"n": [0]}'


def test_who_sees_the_systems_tables_sees_all_statements_and_no_rows(busy):
    script(
        busy,
        'CREATE ROLE watchers; GRANT ACCESS SYSTEM TABLE TO ROLE watchers; GRANT ROLE watchers TO "AWSIDC:zoe@example.com"',
    )
    shown = "SELECT count(*) > 0 AS b FROM sys_query_history WHERE query_text LIKE '%Zanz' || 'ibar%' AND query_text NOT LIKE '%||%'"
    assert outcome(busy, shown, user=STRANGER)[2] == '{"b": [true]}'
    assert outcome(busy, "SELECT * FROM orders", user=STRANGER)[:2] == ("error", "42501")


def test_the_histories_conditions_are_evaluated_on_his_own_statements(busy):
    """Whatever would raise on another's statement does not."""
    for condition in (
        "1 / (CASE WHEN query_text LIKE '%xylo' || 'phone%' AND query_text NOT LIKE '%||%' THEN 0 ELSE 1 END) = 1",
        "CASE WHEN user_id <> (SELECT max(user_id) FROM sys_query_history) THEN 'x'::INT ELSE 1 END = 1",
    ):
        said = outcome(busy, f"SELECT count(*) > 0 AS b FROM sys_query_history WHERE {condition}")
        assert said[0] == "rows", said


def test_cancelling_and_ending_others_is_not_there():
    for sql in (
        "CANCEL 1",
        "SELECT pg_cancel_backend(1)",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_last_query_id()",
    ):
        assert agreed(sql)[0] == "error"
