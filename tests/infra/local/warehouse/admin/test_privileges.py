"""GRANT and REVOKE: what a privilege reaches, what its option reaches, and what falls with it."""

import pytest

from infra.local.warehouse import Redshift, SqlError
from tests.infra.local.warehouse.admin.outcomes import DONE, outcome, rows, someone
from tests.infra.local.warehouse.conftest import ADMIN, run

ANN, BOB, EVE, OLGA = map(someone, ("ann", "bob", "eve", "olga"))
SELECT_T, COLUMN_A = "SELECT a, b FROM s.t", "SELECT a FROM s.t"


@pytest.fixture
def redshift():
    found = Redshift()
    run(
        found,
        """
        CREATE USER ann PASSWORD DISABLE; CREATE USER bob PASSWORD DISABLE; CREATE USER eve PASSWORD DISABLE;
        CREATE USER olga PASSWORD DISABLE; CREATE ROLE clerk; CREATE SCHEMA s AUTHORIZATION olga;
        CREATE TABLE s.t (a INT, b INT); CREATE TABLE s.u (a INT);
        INSERT INTO s.t VALUES (1, 2); INSERT INTO s.u VALUES (3);
        ALTER TABLE s.t OWNER TO olga; ALTER TABLE s.u OWNER TO olga;
        GRANT USAGE ON SCHEMA s TO PUBLIC
        """,
    )
    return found


def test_an_owner_reads_gives_and_takes(redshift):
    assert rows(redshift, SELECT_T, OLGA) == [(1, 2)]
    assert outcome(redshift, SELECT_T, ANN) == "42501"
    run(redshift, "GRANT SELECT ON s.t TO ann", OLGA)
    assert rows(redshift, SELECT_T, ANN) == [(1, 2)]
    run(redshift, "REVOKE SELECT ON s.t FROM ann", OLGA)
    assert outcome(redshift, SELECT_T, ANN) == "42501"


def test_who_has_the_grant_option_passes_the_privilege_on_and_no_other(redshift):
    run(redshift, "GRANT SELECT ON s.t TO ann WITH GRANT OPTION", OLGA)
    run(redshift, "GRANT SELECT ON s.t TO bob, ROLE clerk", ANN)
    assert outcome(redshift, SELECT_T, BOB) == DONE
    for sql in (
        "GRANT INSERT ON s.t TO bob",
        "GRANT ALL ON s.t TO bob",
        "GRANT SELECT (a) ON s.t TO bob",
        "GRANT SELECT ON s.u TO bob",
        "GRANT USAGE ON SCHEMA s TO bob",
    ):
        assert outcome(redshift, sql, ANN) == "42501"
    assert outcome(redshift, "GRANT SELECT ON s.t TO eve", BOB) == "42501"


def test_a_grant_option_falls_only_with_what_hangs_on_it(redshift):
    run(redshift, "GRANT SELECT ON s.t TO ann WITH GRANT OPTION", OLGA)
    run(redshift, "GRANT SELECT ON s.t TO bob WITH GRANT OPTION", ANN)
    run(redshift, "GRANT SELECT ON s.t TO eve", BOB)
    for sql in ("REVOKE SELECT ON s.t FROM ann", "REVOKE GRANT OPTION FOR SELECT ON s.t FROM ann RESTRICT"):
        assert outcome(redshift, sql, OLGA) == "2BP01"
    assert [outcome(redshift, SELECT_T, who) for who in (ANN, BOB, EVE)] == [DONE, DONE, DONE]
    run(redshift, "REVOKE GRANT OPTION FOR SELECT ON s.t FROM ann CASCADE", OLGA)
    assert [outcome(redshift, SELECT_T, who) for who in (ANN, BOB, EVE)] == [DONE, "42501", "42501"]
    assert outcome(redshift, "GRANT SELECT ON s.t TO bob", ANN) == "42501"


def test_two_grantors_are_two_grants(redshift):
    run(redshift, "GRANT SELECT ON s.t TO ann WITH GRANT OPTION; GRANT SELECT ON s.t TO eve", OLGA)
    run(redshift, "GRANT SELECT ON s.t TO eve", ANN)
    run(redshift, "REVOKE SELECT ON s.t FROM eve", OLGA)
    assert outcome(redshift, SELECT_T, EVE) == DONE
    run(redshift, "REVOKE SELECT ON s.t FROM eve", ANN)
    assert outcome(redshift, SELECT_T, EVE) == "42501"


def test_those_who_gave_each_other_the_option_keep_nothing_by_that(redshift):
    run(redshift, "GRANT SELECT ON s.t TO ann WITH GRANT OPTION", OLGA)
    run(redshift, "GRANT SELECT ON s.t TO bob WITH GRANT OPTION", ANN)
    run(redshift, "GRANT SELECT ON s.t TO ann WITH GRANT OPTION", BOB)
    run(redshift, "REVOKE SELECT ON s.t FROM ann CASCADE", OLGA)
    assert [outcome(redshift, SELECT_T, who) for who in (ANN, BOB)] == ["42501", "42501"]


def test_granting_again_without_the_option_leaves_it(redshift):
    run(redshift, "GRANT SELECT ON s.t TO ann WITH GRANT OPTION; GRANT SELECT ON s.t TO ann", OLGA)
    assert outcome(redshift, "GRANT SELECT ON s.t TO bob", ANN) == DONE


def test_what_was_granted_stays_granted_under_another_owner(redshift):
    run(redshift, "GRANT SELECT ON s.t TO bob", OLGA)
    run(redshift, "ALTER TABLE s.t OWNER TO ann")
    assert outcome(redshift, SELECT_T, OLGA) == "42501"
    assert outcome(redshift, SELECT_T, BOB) == DONE
    run(redshift, "REVOKE SELECT ON s.t FROM bob", ANN)
    assert outcome(redshift, SELECT_T, BOB) == "42501"


@pytest.mark.parametrize(
    ("before", "sql", "sqlstate", "seen"),
    [
        # a privilege on the whole table: granting columns has no effect, revoking columns is an error
        ("GRANT SELECT ON s.t TO ann", "GRANT SELECT (a) ON s.t TO ann", DONE, DONE),
        ("GRANT SELECT ON s.t TO ann", "REVOKE SELECT (a) ON s.t FROM ann", "0LP01", DONE),
        # on columns: granting the table is an error, revoking the table takes the columns, too
        ("GRANT SELECT (a) ON s.t TO ann", "GRANT SELECT ON s.t TO ann", "0LP01", "42501"),
        ("GRANT SELECT (a, b) ON s.t TO ann", "REVOKE SELECT ON s.t FROM ann", DONE, "42501"),
        ("GRANT SELECT (a) ON s.t TO ann", "GRANT SELECT (b) ON s.t TO ann", DONE, DONE),
        ("GRANT SELECT (a, b) ON s.t TO ann", "REVOKE SELECT (b) ON s.t FROM ann", DONE, "42501"),
        ("GRANT ALL (a) ON s.t TO ann", "GRANT ALL (b) ON s.t TO ann", DONE, DONE),
        ("GRANT SELECT (a) ON s.t TO ann", "GRANT SELECT ON s.t TO PUBLIC", DONE, DONE),
    ],
)
def test_a_privilege_on_a_table_and_on_its_columns(redshift, before, sql, sqlstate, seen):
    run(redshift, before, OLGA)
    assert outcome(redshift, sql, OLGA) == sqlstate
    assert outcome(redshift, SELECT_T, ANN) == seen


def test_a_column_that_is_revoked_is_hidden_and_the_other_is_not(redshift):
    run(redshift, "GRANT SELECT (a, b) ON s.t TO ann; REVOKE SELECT (b) ON s.t FROM ann")
    assert rows(redshift, COLUMN_A, ANN) == [(1,)]
    run(redshift, "REVOKE ALL (a) ON s.t FROM ann")
    assert outcome(redshift, COLUMN_A, ANN) == "42501"


def test_privileges_on_views_are_select_and_whole_columns_of_bound_ones(redshift):
    run(
        redshift,
        "CREATE VIEW s.v AS SELECT a, b FROM s.t; "
        "CREATE VIEW s.w AS SELECT a FROM s.t WITH NO SCHEMA BINDING",
    )
    run(redshift, "GRANT SELECT (a) ON s.v TO ann; GRANT ALL (a) ON s.v TO bob; GRANT SELECT ON s.w TO ann")
    assert rows(redshift, "SELECT a FROM s.v", ANN) == rows(redshift, "SELECT a FROM s.v", BOB) == [(1,)]
    assert rows(redshift, "SELECT a FROM s.w", ANN) == [(1,)]
    assert outcome(redshift, "SELECT b FROM s.v", ANN) == "42501"
    assert outcome(redshift, SELECT_T, ANN) == "42501"
    assert outcome(redshift, "GRANT UPDATE (a) ON s.v TO ann") == "0LP01"
    assert outcome(redshift, "GRANT SELECT (a) ON s.w TO ann") == "0A000"


def test_all_tables_in_a_schema_are_its_views_as_well(redshift):
    run(redshift, "CREATE VIEW s.v AS SELECT a FROM s.t; GRANT SELECT ON ALL TABLES IN SCHEMA s TO ann")
    for table in ("s.t", "s.u", "s.v"):
        assert outcome(redshift, f"SELECT a FROM {table}", ANN) == DONE
    run(redshift, "REVOKE SELECT ON ALL TABLES IN SCHEMA s FROM ann")
    for table in ("s.t", "s.u", "s.v"):
        assert outcome(redshift, f"SELECT a FROM {table}", ANN) == "42501"


def test_usage_of_the_schema_is_needed_to_use_any_right_in_it(redshift):
    run(redshift, "GRANT ALL ON s.t TO ann WITH GRANT OPTION", OLGA)
    run(redshift, "REVOKE USAGE ON SCHEMA s FROM PUBLIC", OLGA)
    for sql in (SELECT_T, "DROP TABLE s.t", "TRUNCATE s.t", "GRANT SELECT ON s.t TO bob"):
        assert outcome(redshift, sql, ANN) == "42501"


def test_what_is_dropped_takes_its_grants_along(redshift):
    run(redshift, "GRANT SELECT ON s.t TO ann; GRANT SELECT ON s.t TO ROLE clerk; GRANT ROLE clerk TO bob")
    run(redshift, "DROP TABLE s.t; CREATE TABLE s.t (a INT, b INT)", OLGA)
    assert [outcome(redshift, SELECT_T, who) for who in (ANN, BOB)] == ["42501", "42501"]
    run(redshift, "GRANT SELECT ON s.t TO ann", OLGA)
    run(redshift, "DROP SCHEMA s CASCADE; CREATE SCHEMA s; CREATE TABLE s.t (a INT, b INT)")
    assert outcome(redshift, SELECT_T, ANN) == "42501"
    run(redshift, "GRANT SELECT ON s.t TO ann")
    assert outcome(redshift, SELECT_T, ANN) == "42501"


def test_to_create_in_a_schema_is_a_right_of_its_own(redshift):
    assert outcome(redshift, "CREATE TABLE s.mine (a INT)", ANN) == "42501"
    run(redshift, "GRANT CREATE ON SCHEMA s TO ann", OLGA)
    assert outcome(redshift, "CREATE TABLE s.mine (a INT)", ANN) == DONE
    assert outcome(redshift, "INSERT INTO s.mine VALUES (1)", ANN) == DONE
    assert outcome(redshift, "SELECT * FROM s.mine", BOB) == "42501"
    assert outcome(redshift, "SELECT * FROM s.mine", OLGA) == "42501"


def test_insert_lets_load_and_nothing_else(redshift):
    run(redshift, "GRANT INSERT ON s.t TO ann", OLGA)
    assert outcome(redshift, "COPY s.t FROM 's3://bucket/key' IAM_ROLE default CSV", ANN) == "XX000"
    assert outcome(redshift, "COPY s.t FROM 's3://bucket/key' IAM_ROLE default CSV", BOB) == "42501"
    assert outcome(redshift, SELECT_T, ANN) == "42501"


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("GRANT SELECT ON s.nothing TO ann", "42P01"),
        ("GRANT SELECT (nothing) ON s.t TO ann", "42703"),
        ("REVOKE SELECT (nothing) ON s.t FROM ann", "42703"),
        ("GRANT SELECT ON s.t TO nobody", "42704"),
        ("GRANT SELECT ON s.t TO RLS POLICY nothing", "42704"),
        ("GRANT SELECT ON s.t TO MASKING POLICY nothing", "42704"),
        ("GRANT USAGE ON SCHEMA nowhere TO ann", "3F000"),
        ("GRANT SELECT ON ALL TABLES IN SCHEMA nowhere TO ann", "3F000"),
        ("GRANT CREATE USER TO ROLE nothing", "42704"),
    ],
)
def test_what_is_not_there_is_granted_to_nobody(redshift, sql, sqlstate):
    assert outcome(redshift, sql) == sqlstate


def test_a_temporary_table_is_nobody_elses(redshift):
    with pytest.raises(SqlError) as caught:
        redshift.execute_batch(
            ["CREATE TEMP TABLE mine (a INT)", "GRANT SELECT ON mine TO PUBLIC"], user=ADMIN
        )
    assert caught.value.sqlstate == "0A000"
