"""A name with its schema means that relation alone; only a bare one may be a session's temporary table."""

import pytest

from infra.local.warehouse import Redshift, SqlError
from tests.infra.local.warehouse.admin.outcomes import DONE, rows, someone
from tests.infra.local.warehouse.conftest import ADMIN, run

ANN = someone("ann")
OF_A_TABLE = [
    "GRANT SELECT ON {} TO bob",
    "REVOKE SELECT ON {} FROM bob",
    "ALTER TABLE {} ADD COLUMN d INT",
    "ALTER TABLE {} RENAME COLUMN a TO c",
    "ALTER TABLE {} RENAME TO u",
    "ALTER TABLE {} DROP COLUMN b",
    "TRUNCATE {}",
    "ANALYZE {}",
    "VACUUM {}",
    "COPY {} FROM 's3://bucket/t.csv' IAM_ROLE DEFAULT CSV",
    "INSERT INTO {} VALUES (3, 3)",
    "UPDATE {} SET a = 3",
    "DELETE FROM {}",
    "DROP TABLE {}",
    "DROP TABLE IF EXISTS {} CASCADE",
]
BY_ADMINISTRATORS = [
    "ATTACH RLS POLICY p ON {} TO PUBLIC",
    "ATTACH MASKING POLICY m ON {}(a) TO PUBLIC",
    "ALTER TABLE {} ROW LEVEL SECURITY ON",
    "ALTER TABLE {} OWNER TO bob",
]


def one_file(bucket, prefix, *_):
    return [(prefix, b"5,5\n")]


@pytest.fixture(scope="module")
def redshift():
    found = Redshift(read_object=one_file)
    run(
        found,
        """
        CREATE USER ann PASSWORD DISABLE; CREATE USER bob PASSWORD DISABLE;
        CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 1), (2, 2);
        CREATE RLS POLICY p WITH (a INT) USING (a > 0);
        CREATE MASKING POLICY m WITH (a INT) USING (a + 1)
        """,
    )
    return found


def said(redshift, user, *statements):
    """DONE or the SQLSTATE of the last statement, in a session whose changes are all undone."""
    session = redshift.open_session(user)
    try:
        redshift.execute_batch([*statements, "SELECT 1 / 0"], user=user, session=session)
    except SqlError as error:
        return DONE if error.sqlstate == "22012" else error.sqlstate
    finally:
        session.close()
    raise AssertionError


HIDING = "CREATE TEMP TABLE t (a INT, b INT)"


@pytest.mark.parametrize("sql", OF_A_TABLE)
def test_a_bare_name_is_ones_own_temporary_table(redshift, sql):
    expected = "0A000" if sql.startswith(("GRANT", "REVOKE")) else DONE
    assert said(redshift, ANN, HIDING, sql.format("t")) == expected
    assert said(redshift, ANN, sql.format("t")) == "42501"


@pytest.mark.parametrize("name", ["public.t", "dev.public.t", '"public"."t"', "PUBLIC.T"])
@pytest.mark.parametrize("sql", OF_A_TABLE)
def test_a_name_with_its_schema_is_nobodys_temporary_table(redshift, sql, name):
    assert said(redshift, ANN, HIDING, sql.format(name)) == "42501"


@pytest.mark.parametrize("sql", BY_ADMINISTRATORS)
def test_policies_are_attached_to_the_relation_that_was_named(redshift, sql):
    assert said(redshift, ADMIN, HIDING, sql.format("public.t")) == DONE
    assert said(redshift, ADMIN, HIDING, sql.format("t")) == "0A000"


def test_a_superuser_changes_the_relation_that_was_named(redshift):
    session = redshift.open_session(ADMIN)
    for sql in (HIDING, "TRUNCATE public.t", "INSERT INTO t VALUES (7, 7)", "DROP TABLE t"):
        redshift.execute(sql, user=ADMIN, session=session)
    assert rows(redshift, "SELECT * FROM t") == []
    session.close()
    redshift.execute("INSERT INTO t VALUES (1, 1), (2, 2)", user=ADMIN)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE {} (a INT)",
        "CREATE TABLE {} AS SELECT 1 AS a",
        "CREATE VIEW {} AS SELECT 1 AS a",
        "CREATE MATERIALIZED VIEW {} AS SELECT 1 AS a",
    ],
)
def test_what_is_made_is_in_public_unless_it_is_temporary(redshift, sql):
    hiding = "CREATE TEMP TABLE n (a INT)"
    assert said(redshift, ANN, hiding, sql.format("n"), "DROP TABLE n") == DONE
    assert said(redshift, ANN, hiding, sql.format("n"), "SELECT a FROM public.n") == DONE
    assert said(redshift, ANN, hiding, sql.format("public.n"), sql.format("n")) == "42P07"


@pytest.mark.parametrize("sql", ['CREATE SCHEMA ""', 'CREATE USER "" PASSWORD DISABLE', 'CREATE ROLE ""'])
def test_nothing_is_without_a_name(redshift, sql):
    assert said(redshift, ADMIN, sql) == "42601"
