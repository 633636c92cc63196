"""Identity providers: made, changed and dropped by superusers alone."""

import pytest

from infra.local.warehouse import DbUser, Redshift, SqlError

ADMIN = DbUser("admin", superuser=True)
FRANK = DbUser("AWSIDC:frank@example.com", groups=frozenset({"amer-sales"}))
CREATE = (
    "CREATE IDENTITY PROVIDER \"center\" TYPE AWSIDC NAMESPACE 'AWSIDC' APPLICATION_ARN 'arn:aws:sso::1:app'"
    " IAM_ROLE default"
)
KNOWN = "SELECT name, namespc, enabled FROM svv_identity_providers"


@pytest.fixture
def redshift():
    warehouse = Redshift()
    warehouse.renew(database="dev", superuser="admin")
    return warehouse


def known(redshift):
    return [tuple(row.values()) for row in redshift.execute(KNOWN, user=ADMIN).table.to_pylist()]


def code(redshift, sql, user=ADMIN):
    with pytest.raises(SqlError) as caught:
        redshift.execute(sql, user=user)
    return caught.value.sqlstate


def test_people_have_their_roles_by_the_provider_that_is_enabled(redshift):
    redshift.execute(CREATE, user=ADMIN)
    for sql in ("CREATE TABLE t (a int)", 'CREATE ROLE "AWSIDC:amer-sales"'):
        redshift.execute(sql, user=ADMIN)
    redshift.execute('GRANT SELECT ON t TO ROLE "AWSIDC:amer-sales"', user=ADMIN)
    redshift.execute("SELECT * FROM t", user=FRANK)
    for change in ("DISABLE", "ENABLE NAMESPACE 'OTHER'", "NAMESPACE 'OTHER' ENABLE"):
        if change.startswith("ENABLE N"):
            assert code(redshift, f"ALTER IDENTITY PROVIDER center {change}") == "42601"
            continue
        redshift.execute(f"ALTER IDENTITY PROVIDER center {change}", user=ADMIN)
        assert code(redshift, "SELECT * FROM t", FRANK) == "42501"
    assert known(redshift) == [("center", "OTHER", True)]
    redshift.execute("ALTER IDENTITY PROVIDER center NAMESPACE 'AWSIDC' IAM_ROLE 'arn:role'", user=ADMIN)
    redshift.execute("SELECT * FROM t", user=FRANK)


def test_one_is_made_and_dropped(redshift):
    assert known(redshift) == []
    redshift.execute(CREATE, user=ADMIN)
    assert code(redshift, CREATE) == "42710"
    assert code(redshift, CREATE.replace("center", "second")) == "42710"
    redshift.execute('CREATE ROLE "AWSIDC:amer-sales"', user=ADMIN)
    assert code(redshift, "DROP IDENTITY PROVIDER center") == "2BP01"
    redshift.execute("DROP IDENTITY PROVIDER center CASCADE", user=ADMIN)
    assert known(redshift) == []
    assert code(redshift, 'DROP ROLE "AWSIDC:amer-sales"') == "42704"
    assert code(redshift, "DROP IDENTITY PROVIDER center") == "42704"


@pytest.mark.parametrize(
    "sql",
    [
        CREATE,
        "ALTER IDENTITY PROVIDER center DISABLE",
        "DROP IDENTITY PROVIDER center CASCADE",
        KNOWN,
    ],
)
def test_they_are_for_superusers_alone(redshift, sql):
    redshift.execute(CREATE, user=ADMIN)
    assert code(redshift, sql, FRANK) == "42501"
    assert known(redshift) == [("center", "AWSIDC", True)]


@pytest.mark.parametrize(
    "sql",
    [
        CREATE.replace("AWSIDC", "azure", 1),
        f"{CREATE} AUTO_CREATE_ROLES TRUE",
    ],
)
def test_what_is_not_played_says_so(redshift, sql):
    assert code(redshift, sql) == "0A000"
    assert known(redshift) == []


def test_an_application_that_is_not_redshifts_is_refused(redshift):
    redshift.is_identity_center_application = lambda arn: arn == "arn:aws:sso::1:other"
    assert code(redshift, CREATE) == "XX000"
    assert known(redshift) == []
