"""USER_IS_MEMBER_OF and ROLE_IS_MEMBER_OF: who may ask for whose roles, and what they are told."""

import pytest

from infra.local.warehouse import DbUser, Redshift, SqlError
from tests.infra.local.warehouse.conftest import ADMIN, run

FRANK = DbUser("AWSIDC:frank@example.com", frozenset({"amer-sales"}))
ANALYST, ENGINEER, SECURITY = DbUser("salesanalyst"), DbUser("salesengineer"), DbUser("security")
# The roles of t_tutorial-role-setup ("System functions for RBAC"), and one of an identity provider's group.
ROLES = """
CREATE ROLE sales_ro; CREATE ROLE sales_rw; CREATE ROLE marketing_ro; CREATE ROLE "AWSIDC:amer-sales";
CREATE USER salesanalyst PASSWORD DISABLE; CREATE USER salesengineer PASSWORD DISABLE;
CREATE USER marketinganalyst PASSWORD DISABLE; CREATE USER security PASSWORD DISABLE;
GRANT ROLE sales_ro TO ROLE sales_rw; GRANT ROLE sales_ro TO salesanalyst;
GRANT ROLE sales_rw TO salesengineer; GRANT ROLE marketing_ro TO marketinganalyst;
GRANT ROLE sales_ro TO ROLE "AWSIDC:amer-sales"; GRANT ROLE sys:secadmin TO security;
CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2); GRANT SELECT ON t TO PUBLIC
"""


@pytest.fixture
def redshift():
    found = Redshift()
    run(found, ROLES)
    return found


@pytest.fixture(scope="module")
def unchanged():
    found = Redshift()
    run(found, ROLES)
    found.execute("SELECT 1", user=FRANK)
    return found


def answer(redshift, sql, user):
    """The values of a query's first column, or the SQLSTATE."""
    try:
        return redshift.execute(sql, user=user).table.column(0).to_pylist()
    except SqlError as error:
        return error.sqlstate


@pytest.mark.parametrize(
    ("user", "sql", "expected"),
    [
        # the tutorial's own
        (ENGINEER, "role_is_member_of('sales_rw', 'sales_ro')", True),
        (ENGINEER, "role_is_member_of('sales_ro', 'sales_rw')", False),
        (ENGINEER, "user_is_member_of('salesanalyst', 'sales_ro')", "42501"),
        (ADMIN, "user_is_member_of('salesanalyst', 'sales_ro')", True),
        (SECURITY, "user_is_member_of('salesengineer', 'sales_ro')", True),
        (SECURITY, "user_is_member_of('salesengineer', 'marketing_ro')", False),
        (SECURITY, "user_is_member_of('marketinganalyst', 'sales_ro')", False),
        # oneself, and nobody else
        (ENGINEER, "user_is_member_of(current_user, 'sales_rw')", True),
        (ENGINEER, "user_is_member_of(session_user, 'sales_ro')", True),
        (ENGINEER, "user_is_member_of('salesengineer', 'sales_ro')", True),
        (ENGINEER, "user_is_member_of(current_user, 'marketing_ro')", "42501"),
        (ENGINEER, "user_is_member_of(current_user, 'nothing')", "42501"),
        (ENGINEER, "user_is_member_of('nobody', 'sales_ro')", "42501"),
        (ENGINEER, "role_is_member_of('sales_rw', 'marketing_ro')", "42501"),
        (ENGINEER, "role_is_member_of('sales_rw', 'nothing')", "42501"),
        (SECURITY, "role_is_member_of('sales_rw', 'sales_ro')", "42501"),
        (FRANK, "user_is_member_of(current_user, 'AWSIDC:amer-sales')", True),
        (FRANK, "user_is_member_of(current_user, 'sales_ro')", True),
        (FRANK, "user_is_member_of(current_user, 'sales_rw')", "42501"),
        # whoever may ask of everybody
        (ADMIN, "user_is_member_of('AWSIDC:frank@example.com', 'AWSIDC:amer-sales')", True),
        (ADMIN, "user_is_member_of('admin', 'sales_ro')", False),
        (ADMIN, "user_is_member_of('nobody', 'sales_ro')", "42704"),
        (SECURITY, "user_is_member_of('nobody', 'sales_ro')", "42704"),
        (SECURITY, "user_is_member_of('salesanalyst', 'nothing')", "42704"),
        (ADMIN, "role_is_member_of('sales_ro', 'nothing')", "42704"),
        (ADMIN, "role_is_member_of('nothing', 'sales_ro')", "42704"),
        (ADMIN, "role_is_member_of('sales_ro', 'sales_ro')", "0A000"),
        (ADMIN, "role_is_member_of('SALES_RW', 'sales_ro')", "42704"),
        # names that are written, two of them
        (ADMIN, "user_is_member_of('sales' || 'analyst', 'sales_ro')", "0A000"),
        (ADMIN, "user_is_member_of('salesanalyst')", "0A000"),
        (ADMIN, "user_is_member_of()", "0A000"),
        (ADMIN, "user_is_member_of(NULL, 'sales_ro')", "0A000"),
        (ADMIN, "role_is_member_of('a', 'b', 'c')", "0A000"),
    ],
)
def test_who_is_told_what(unchanged, user, sql, expected):
    assert answer(unchanged, f"SELECT {sql}", user) == (
        [expected] if isinstance(expected, bool) else expected
    )


def test_the_column_and_its_type(unchanged):
    found = unchanged.execute("SELECT user_is_member_of(current_user, 'sales_ro')", user=ANALYST)
    assert [(column.name, column.type_name) for column in found.columns] == [("user_is_member_of", "bool")]
    asked = "SELECT a FROM t WHERE user_is_member_of(:who, :role) ORDER BY a"
    values = {"who": "salesanalyst", "role": "sales_ro"}
    assert unchanged.execute(asked, user=ANALYST, parameters=values).table.num_rows == 2


def test_a_policy_follows_who_has_the_role_now(redshift):
    """A condition that asks for a role is remembered for nobody."""
    run(
        redshift,
        """
        CREATE RLS POLICY p WITH (a INT) USING (a = 1 OR role_is_member_of('sales_rw', 'marketing_ro'));
        ATTACH RLS POLICY p ON t TO PUBLIC; ALTER TABLE t ROW LEVEL SECURITY ON;
        GRANT ROLE marketing_ro TO salesengineer
        """,
    )
    rows = "SELECT a FROM t ORDER BY a"
    assert answer(redshift, rows, ENGINEER) == answer(redshift, rows, ENGINEER) == [1]
    run(redshift, "GRANT ROLE marketing_ro TO ROLE sales_rw")
    assert answer(redshift, rows, ENGINEER) == [1, 2]
    run(redshift, "REVOKE ROLE marketing_ro FROM ROLE sales_rw")
    assert answer(redshift, rows, ENGINEER) == [1]
    run(redshift, "REVOKE ROLE marketing_ro FROM salesengineer")
    assert answer(redshift, rows, ENGINEER) == "42501"
    assert answer(redshift, rows, ANALYST) == "42501"


def test_a_policy_and_a_mask_ask_for_whoever_queries(redshift):
    run(
        redshift,
        """
        CREATE VIEW v AS SELECT a FROM t; GRANT SELECT ON v TO PUBLIC;
        CREATE MASKING POLICY m WITH (a INT)
          USING (CASE WHEN user_is_member_of(current_user, 'sales_ro') THEN a ELSE 0 END);
        ATTACH MASKING POLICY m ON t(a) TO PUBLIC
        """,
    )
    for source in ("t", "v"):
        rows = f"SELECT a FROM {source} ORDER BY a"
        assert answer(redshift, rows, ENGINEER) == answer(redshift, rows, FRANK) == [1, 2]
        assert answer(redshift, rows, DbUser("marketinganalyst")) == "42501"
        assert answer(redshift, rows, SECURITY) == answer(redshift, rows, ADMIN) == [0, 0]
