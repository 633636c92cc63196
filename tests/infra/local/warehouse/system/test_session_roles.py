"""PG_GET_SESSION_ROLES: what a connection's groups give, told to nobody but whose connection it is."""

import pytest

from infra.local.warehouse import DbUser, SqlError
from tests.infra.local.warehouse.conftest import ADMIN, PEOPLE, prepared

ASKED = "SELECT name FROM pg_get_session_roles() AS session_roles(name name, roleid integer) ORDER BY name"


@pytest.fixture(scope="module")
def warehouse():
    return prepared()


def roles(warehouse, user, sql=ASKED):
    return [tuple(row.values()) for row in warehouse.execute(sql, user=user).table.to_pylist()]


def test_it_has_a_role_for_each_group_that_has_one(warehouse):
    assert roles(warehouse, PEOPLE["frank"]) == [("AWSIDC:amer-sales",)]
    both = DbUser("AWSIDC:both@example.com", frozenset({"amer-sales", "emea-sales", "chess-club"}))
    assert roles(warehouse, both) == [("AWSIDC:amer-sales",), ("AWSIDC:emea-sales",)]
    assert roles(warehouse, PEOPLE["nora"]) == roles(warehouse, ADMIN) == []


def test_its_numbers_are_those_of_the_roles_and_the_alias_names_them(warehouse):
    sql = """
        SELECT s.a, r.role_name FROM pg_get_session_roles() AS s(a name, b integer)
        JOIN svv_roles r ON r.role_id = s.b
    """
    assert roles(warehouse, PEOPLE["frank"], sql) == [("AWSIDC:amer-sales", "AWSIDC:amer-sales")]


@pytest.mark.parametrize(
    ("source", "state"),
    [
        ("pg_get_session_roles()", "42601"),
        ("pg_get_session_roles() AS s(a, b)", "42601"),
        ("pg_get_session_roles() AS s(a integer, b name)", "0A000"),
        ("pg_get_session_roles(1) AS s(a name, b integer)", "0A000"),
        ('"pg_get_session_roles()"', "42P01"),
        ('pg_catalog."pg_get_session_roles()"', "42P01"),
        ("pg_get_session_roles", "0A000"),
    ],
)
def test_no_other_form_is_taken(warehouse, source, state):
    with pytest.raises(SqlError) as refused:
        roles(warehouse, ADMIN, f"SELECT 1 FROM {source}")
    assert refused.value.sqlstate == state
