"""Users and roles: made, given, dropped, and what that leaves of what they had."""

import pytest

from infra.local.warehouse import Redshift
from tests.infra.local.warehouse.admin.outcomes import DONE, outcome, rows, someone, trial
from tests.infra.local.warehouse.conftest import run

ANN, BOB = someone("ann"), someone("bob")


def prepared():
    found = Redshift()
    run(
        found,
        """
        CREATE USER ann PASSWORD DISABLE; CREATE USER bob PASSWORD DISABLE;
        CREATE ROLE clerk; CREATE ROLE chief;
        CREATE TABLE t (a INT); INSERT INTO t VALUES (1); GRANT SELECT ON t TO ROLE clerk
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
        ("CREATE USER ann PASSWORD DISABLE", "42710"),
        ("CREATE USER clerk PASSWORD DISABLE", "42710"),
        ("CREATE USER public PASSWORD DISABLE", "42939"),
        ("CREATE ROLE ann", "42710"),
        ('CREATE ROLE "ds:share"', "42939"),
        ("ALTER USER nobody CREATEUSER", "42704"),
        ("ALTER USER admin NOCREATEUSER", "55006"),
        ("DROP USER nobody", "42704"),
        ("DROP USER IF EXISTS nobody", DONE),
        ("DROP USER admin", "55006"),
        ("DROP USER ann, nobody", "42704"),
        ("ALTER ROLE clerk OWNER TO nobody", "42704"),
        ("ALTER ROLE sys:dba OWNER TO ann", "42939"),
        ("DROP ROLE sys:dba FORCE", "42939"),
        ("GRANT ROLE nothing TO ann", "42704"),
        ("GRANT ROLE clerk TO ROLE nothing", "42704"),
        ("GRANT ROLE clerk TO ROLE clerk", "0LP01"),
        ("REVOKE ROLE clerk FROM ann", DONE),
    ],
)
def test_what_can_be_made_changed_and_dropped(unchanged, sql, sqlstate):
    assert trial(unchanged, [sql]) == sqlstate


def test_a_superuser_is_made_and_unmade(unchanged):
    be, read = "SET SESSION AUTHORIZATION ann", "SELECT a FROM t"
    assert trial(unchanged, [be, read]) == "42501"
    assert trial(unchanged, ["ALTER USER ann CREATEUSER", be, read]) == DONE
    assert trial(unchanged, ["ALTER USER ann CREATEUSER", "ALTER USER ann NOCREATEUSER", be, read]) == "42501"


@pytest.mark.parametrize(
    "given",
    [
        "CREATE SCHEMA mine AUTHORIZATION ann",
        "ALTER TABLE t OWNER TO ann",
        "ALTER ROLE clerk OWNER TO ann",
        "GRANT SELECT ON t TO ann",
        "GRANT SELECT (a) ON t TO ann",
        "GRANT USAGE ON SCHEMA public TO ann",
        "GRANT CREATE ON DATABASE dev TO ann",
    ],
)
def test_who_owns_or_was_granted_something_is_not_dropped(unchanged, given):
    assert trial(unchanged, ["DROP USER ann"]) == DONE
    assert trial(unchanged, [given, "DROP USER ann"]) == "55006"


def test_nobody_drops_themselves(redshift):
    run(redshift, "GRANT ROLE sys:secadmin TO ann")
    assert outcome(redshift, "DROP USER ann", ANN) == "55006"
    assert outcome(redshift, "DROP USER bob", ANN) == DONE


def test_who_comes_back_has_no_role_policy_or_mask_of_before(redshift):
    run(
        redshift,
        """
        GRANT ROLE clerk TO ann WITH ADMIN OPTION; CREATE RLS POLICY p USING (true);
        ATTACH RLS POLICY p ON t TO ann; CREATE MASKING POLICY m WITH (a INT) USING (a);
        ATTACH MASKING POLICY m ON t(a) TO ann; DROP USER ann; CREATE USER ann PASSWORD DISABLE
        """,
    )
    assert outcome(redshift, "SELECT a FROM t", ANN) == "42501"
    assert outcome(redshift, "GRANT ROLE clerk TO bob", ANN) == "42501"
    assert outcome(redshift, "DROP RLS POLICY p") == outcome(redshift, "DROP MASKING POLICY m") == DONE


def test_a_role_is_dropped_when_nobody_has_it_or_by_force(redshift):
    run(redshift, "GRANT ROLE clerk TO ann; GRANT ROLE clerk TO ROLE chief")
    assert outcome(redshift, "DROP ROLE clerk") == "2BP01"
    run(redshift, "REVOKE ROLE clerk FROM ann")
    assert outcome(redshift, "DROP ROLE clerk RESTRICT") == "2BP01"
    assert outcome(redshift, "DROP ROLE chief") == "2BP01"
    assert outcome(redshift, "DROP ROLE clerk FORCE") == DONE
    assert outcome(redshift, "DROP ROLE chief") == DONE


def test_the_admin_option_is_given_taken_and_ends_with_the_role(redshift):
    run(redshift, "GRANT ROLE clerk TO ann WITH ADMIN OPTION; GRANT ROLE clerk TO ann")
    assert trial(redshift, ["GRANT ROLE clerk TO bob"], ANN) == DONE
    run(redshift, "REVOKE ADMIN OPTION FOR clerk FROM ann")
    assert trial(redshift, ["GRANT ROLE clerk TO bob"], ANN) == "42501"
    assert rows(redshift, "SELECT a FROM t", ANN) == [(1,)]
    run(redshift, "REVOKE ADMIN OPTION FOR clerk FROM bob")
    assert outcome(redshift, "SELECT a FROM t", BOB) == "42501"
    run(redshift, "GRANT ROLE clerk TO ann WITH ADMIN OPTION; REVOKE ROLE clerk FROM ann")
    assert outcome(redshift, "SELECT a FROM t", ANN) == "42501"
    assert outcome(redshift, "GRANT ROLE clerk TO ann", ANN) == "42501"


def test_a_role_granted_to_everybody_is_everybodys(redshift):
    run(redshift, "GRANT ROLE clerk TO PUBLIC")
    assert rows(redshift, "SELECT a FROM t", someone("stranger")) == [(1,)]


def test_no_circle_of_roles_through_others(redshift):
    run(redshift, "CREATE ROLE middle; GRANT ROLE clerk TO ROLE middle; GRANT ROLE middle TO ROLE chief")
    assert outcome(redshift, "GRANT ROLE chief TO ROLE clerk") == "0LP01"
    run(redshift, "GRANT ROLE chief TO ann")
    assert rows(redshift, "SELECT a FROM t", ANN) == [(1,)]


def test_a_federated_person_exists_once_they_have_connected(redshift):
    frank = someone("AWSIDC:frank@example.com")
    assert outcome(redshift, 'GRANT ROLE clerk TO "AWSIDC:frank@example.com"') == "42704"
    assert outcome(redshift, "SELECT 1", frank) == DONE
    run(redshift, 'GRANT ROLE clerk TO "AWSIDC:frank@example.com"')
    assert rows(redshift, "SELECT a FROM t", frank) == [(1,)]
    assert outcome(redshift, 'CREATE USER "AWSIDC:frank@example.com" PASSWORD DISABLE') == "42710"


def test_a_person_who_was_dropped_is_unknown_until_they_connect_again(redshift):
    frank, grant = someone("AWSIDC:frank@example.com"), 'GRANT ROLE clerk TO "AWSIDC:frank@example.com"'
    drop, be = 'DROP USER "AWSIDC:frank@example.com"', 'SET SESSION AUTHORIZATION "AWSIDC:frank@example.com"'
    assert outcome(redshift, "SELECT 1", frank) == DONE
    assert trial(redshift, [drop, grant]) == trial(redshift, [drop, be]) == "42704"
    assert outcome(redshift, grant) == DONE  # those were undone
    run(redshift, drop)
    assert outcome(redshift, grant) == outcome(redshift, be) == outcome(redshift, drop) == "42704"
    assert rows(redshift, f"SELECT usename FROM pg_user WHERE usename = '{frank.name}'") == []
    assert outcome(redshift, "SELECT a FROM t", frank) == "42501"
    assert outcome(redshift, grant) == DONE


def test_a_user_who_was_dropped_after_they_connected_is_unknown(redshift):
    assert outcome(redshift, "SELECT 1", ANN) == DONE
    run(redshift, "DROP USER ann")
    assert outcome(redshift, "GRANT ROLE clerk TO ann") == "42704"
    assert outcome(redshift, "CREATE USER ann PASSWORD DISABLE") == DONE
    assert outcome(redshift, "GRANT ROLE clerk TO ann") == DONE
