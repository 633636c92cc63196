"""Administrative statements of somebody who may not: refused by code, and nothing has changed."""

# ruff: noqa: E501 - a statement a line reads better than wrapped SQL

import dataclasses

import pytest

from infra.local.warehouse import DbUser
from tests.infra.local.warehouse.access.hostile.world import (
    ADMIN,
    FRANK,
    OTHER,
    assert_refused,
    build,
    outcome,
    script,
    shared,
)

DENIED, UNSUPPORTED, SYNTAX, GRANT, RESERVED = "42501", "0A000", "42601", "0LP01", "42939"
FROM_ROLE = 'FROM ROLE "AWSIDC:amer-sales"'
ME, ROLE = '"AWSIDC:frank@example.com"', 'ROLE "AWSIDC:amer-sales"'

STATEMENTS = [
    # rights
    (f"GRANT SELECT ON secrets TO {ME}", DENIED),
    (f"GRANT SELECT ON secrets TO {ROLE}", DENIED),
    ("GRANT SELECT ON secrets TO PUBLIC", DENIED),
    (f"GRANT SELECT (wage) ON staff TO {ME}", DENIED),
    (f"GRANT SELECT (id, name) ON staff TO {ME}", DENIED),
    (f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ME}", DENIED),
    (f"GRANT ALL ON SCHEMA vault TO {ME}", DENIED),
    (f"GRANT USAGE ON SCHEMA vault TO {ME}", DENIED),
    (f"GRANT CREATE ON DATABASE dev TO {ME}", DENIED),
    (f"GRANT SELECT ON orders TO {ME} WITH GRANT OPTION", DENIED),
    (f"GRANT SELECT ON orders TO {ROLE}", DENIED),
    ("GRANT SELECT ON vault.papers TO PUBLIC", DENIED),
    (f"GRANT SELECT ON mine TO {ME}", DENIED),
    ("GRANT SELECT ON mine TO PUBLIC", DENIED),
    ("GRANT SELECT ON secrets TO RLS POLICY own_region", DENIED),
    ("GRANT SELECT ON secrets TO MASKING POLICY last_four", DENIED),
    (f"REVOKE SELECT ON orders {FROM_ROLE}", DENIED),
    (f"REVOKE GRANT OPTION FOR SELECT ON orders FROM {ME}", DENIED),
    ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", DENIED),
    ("REVOKE TEMP ON DATABASE dev FROM PUBLIC", DENIED),
    (f"ALTER DEFAULT PRIVILEGES FOR USER admin GRANT SELECT ON TABLES TO {ME}", UNSUPPORTED),
    # roles
    (f'GRANT ROLE "AWSIDC:exec-global" TO {ME}', DENIED),
    (f'GRANT ROLE "AWSIDC:exec-global" TO {ROLE}', DENIED),
    (f"GRANT ROLE auditor TO {ME}", DENIED),
    (f"GRANT ROLE auditor TO {ME} WITH ADMIN OPTION", DENIED),
    (f"GRANT ROLE sys:superuser TO {ME}", DENIED),
    (f"GRANT ROLE sys:secadmin TO {ME}", DENIED),
    (f"GRANT ROLE sys:dba TO {ROLE}", DENIED),
    (f'GRANT ROLE "sys:monitor" TO {ME}', DENIED),
    (f"GRANT auditor TO {ME}", UNSUPPORTED),
    (f'REVOKE ROLE "AWSIDC:amer-sales" FROM {ME}', DENIED),
    (f"REVOKE ADMIN OPTION FOR ROLE auditor FROM {ME}", DENIED),
    ("CREATE ROLE mine", DENIED),
    ('CREATE ROLE "sys:superuser"', DENIED),
    ('CREATE ROLE "AWSIDC:frank@example.com"', DENIED),
    ("DROP ROLE auditor", DENIED),
    ('DROP ROLE "AWSIDC:exec-global" FORCE', DENIED),
    ("DROP ROLE sys:secadmin", DENIED),
    (f"ALTER ROLE auditor OWNER TO {ME}", DENIED),
    ("ALTER ROLE auditor RENAME TO mine", UNSUPPORTED),
    # system privileges
    (f"GRANT IGNORE RLS TO {ROLE}", DENIED),
    (f"GRANT IGNORE RLS TO {ME}", GRANT),
    (f"GRANT ACCESS SYSTEM TABLE TO {ROLE}", DENIED),
    (f"GRANT EXPLAIN RLS TO {ROLE}", DENIED),
    (f"GRANT EXPLAIN MASKING TO {ROLE}", DENIED),
    (f"GRANT CREATE USER, CREATE ROLE TO {ROLE}", DENIED),
    (f"GRANT ALL PRIVILEGES TO {ROLE}", DENIED),
    ('REVOKE IGNORE RLS FROM ROLE "AWSIDC:exec-global"', DENIED),
    # users
    ("CREATE USER twin PASSWORD DISABLE", DENIED),
    ("CREATE USER twin WITH PASSWORD 'Abcdef123' CREATEUSER", DENIED),
    ("ALTER USER admin PASSWORD DISABLE", DENIED),
    (f"ALTER USER {ME} CREATEUSER", DENIED),
    ("ALTER USER admin NOCREATEUSER", DENIED),
    ("DROP USER admin", DENIED),
    ('DROP USER "AWSIDC:olga@example.com"', DENIED),
    ("SET SESSION AUTHORIZATION admin", DENIED),
    ("SET SESSION AUTHORIZATION 'admin'", DENIED),
    ('SET SESSION AUTHORIZATION "AWSIDC:olga@example.com"', DENIED),
    ("SET SESSION AUTHORIZATION nobody", DENIED),
    ("SET LOCAL SESSION AUTHORIZATION admin", UNSUPPORTED),
    ("SET ROLE auditor", UNSUPPORTED),
    ("SET SESSION ROLE auditor", UNSUPPORTED),
    # policies
    ("CREATE RLS POLICY open USING (true)", DENIED),
    ("CREATE RLS POLICY spy WITH (id INT) USING (id IN (SELECT number FROM secrets))", DENIED),
    (f"ATTACH RLS POLICY own_region ON mine TO {ROLE}", DENIED),
    (f"ATTACH RLS POLICY own_region ON orders TO {ME}", DENIED),
    ("ATTACH RLS POLICY own_region ON orders TO PUBLIC", DENIED),
    (f"DETACH RLS POLICY own_region ON orders {FROM_ROLE}", DENIED),
    ("ALTER RLS POLICY own_region USING (true)", DENIED),
    ("DROP RLS POLICY own_region", DENIED),
    ("DROP RLS POLICY own_region CASCADE", DENIED),
    ("DROP RLS POLICY IF EXISTS own_region CASCADE", DENIED),
    ("ALTER TABLE orders ROW LEVEL SECURITY OFF", DENIED),
    ("ALTER TABLE orders ROW LEVEL SECURITY ON CONJUNCTION TYPE OR", DENIED),
    ("ALTER TABLE orders ROW LEVEL SECURITY OFF FOR DATASHARES", UNSUPPORTED),
    ("ALTER TABLE orders_view ROW LEVEL SECURITY ON", DENIED),
    ("ALTER MATERIALIZED VIEW region_names ROW LEVEL SECURITY ON", DENIED),
    ("CREATE MASKING POLICY bare WITH (card VARCHAR(16)) USING (card)", DENIED),
    (f"ATTACH MASKING POLICY last_four ON people(card) TO {ME} PRIORITY 99", DENIED),
    (f"DETACH MASKING POLICY last_four ON people(card) {FROM_ROLE}", DENIED),
    ("ALTER MASKING POLICY last_four USING (card)", DENIED),
    ("DROP MASKING POLICY last_four", DENIED),
    # other people's relations
    ("DROP TABLE orders", DENIED),
    ("DROP TABLE IF EXISTS secrets CASCADE", DENIED),
    ("DROP TABLE mine, secrets", DENIED),
    ("DROP TABLE vault.papers", DENIED),
    ("DROP VIEW orders_view", DENIED),
    ("DROP VIEW IF EXISTS lima CASCADE", DENIED),
    ("DROP VIEW orders", DENIED),
    ("DROP MATERIALIZED VIEW secret_words", DENIED),
    ("DROP SCHEMA vault CASCADE", DENIED),
    ("DROP SCHEMA public", DENIED),
    ("TRUNCATE orders", DENIED),
    ("TRUNCATE secrets", DENIED),
    ("CREATE OR REPLACE VIEW orders_view AS SELECT * FROM orders", DENIED),
    ("CREATE OR REPLACE VIEW lima AS SELECT id, region, amount, note FROM orders", DENIED),
    ("CREATE OR REPLACE VIEW secret_view AS SELECT 'x' AS word, 1 AS number", DENIED),
    ("CREATE OR REPLACE VIEW secrets AS SELECT 1 AS a", DENIED),
    ("CREATE VIEW orders_view AS SELECT 1 AS a", "42P07"),
    ("CREATE VIEW orders AS SELECT 1 AS a", "42P07"),
    ("CREATE VIEW v AS SELECT * FROM secrets", DENIED),
    ("CREATE VIEW v AS SELECT (SELECT max(number) FROM secrets) AS n", DENIED),
    ("CREATE VIEW v AS SELECT id, wage FROM staff", DENIED),
    ("CREATE VIEW v AS SELECT * FROM staff", DENIED),
    ("CREATE VIEW v AS SELECT * FROM vault.papers", DENIED),
    ("CREATE VIEW vault.v AS SELECT 1 AS a", DENIED),
    ("CREATE MATERIALIZED VIEW v AS SELECT * FROM secrets", DENIED),
    ("CREATE MATERIALIZED VIEW v AS SELECT * FROM secret_view", DENIED),
    ("CREATE MATERIALIZED VIEW v AS SELECT * FROM orders", UNSUPPORTED),
    ("CREATE MATERIALIZED VIEW v AS SELECT * FROM orders_view", UNSUPPORTED),
    ("CREATE MATERIALIZED VIEW v AS SELECT * FROM staff", DENIED),
    ("REFRESH MATERIALIZED VIEW secret_words", DENIED),
    ("REFRESH MATERIALIZED VIEW region_names", DENIED),
    ("CREATE TABLE t AS SELECT * FROM secrets", DENIED),
    ("CREATE TEMP TABLE t AS SELECT * FROM secrets", DENIED),
    ("CREATE TABLE #t AS SELECT memo FROM staff", DENIED),
    ("CREATE TABLE vault.t (a INT)", DENIED),
    ("CREATE TABLE vault.t AS SELECT 1 AS a", DENIED),
    ("CREATE TABLE pg_catalog.t (a INT)", "3F000"),
    ("CREATE TABLE orders (a INT)", "42P07"),
    ("CREATE TABLE secrets AS SELECT 1 AS a", "42P07"),
    ("CREATE SCHEMA frank", DENIED),
    (f"CREATE SCHEMA frank AUTHORIZATION {ME}", DENIED),
    (f"ALTER SCHEMA vault OWNER TO {ME}", DENIED),
    (f"ALTER TABLE secrets OWNER TO {ME}", DENIED),
    (f"ALTER TABLE secret_view OWNER TO {ME}", DENIED),
    ("ALTER TABLE secrets RENAME TO opened", DENIED),
    ("ALTER TABLE orders RENAME COLUMN region TO gone", DENIED),
    ("ALTER TABLE orders DROP COLUMN region", DENIED),
    ("ALTER TABLE orders ADD COLUMN mine INT", DENIED),
    ("ALTER TABLE orders APPEND FROM mine", UNSUPPORTED),
    ("ALTER TABLE mine APPEND FROM secrets", UNSUPPORTED),
    ("COPY secrets FROM 's3://bucket/key' IAM_ROLE default CSV", DENIED),
    ("COPY orders_view FROM 's3://bucket/key' IAM_ROLE default CSV", DENIED),
    ("VACUUM", DENIED),
    ("VACUUM secrets", DENIED),
    ("ANALYZE secrets", DENIED),
    ("COMMENT ON TABLE secrets IS 'x'", UNSUPPORTED),
    ("CREATE GROUP g", UNSUPPORTED),
    ("CALL sp_open()", UNSUPPORTED),
    ("CANCEL 1", UNSUPPORTED),
    ("LOCK secrets", UNSUPPORTED),
    ("BEGIN", UNSUPPORTED),
]


def fingerprint(redshift):
    """All of the catalogue, but for its version and what people are named."""
    catalog = dataclasses.replace(redshift._catalog, version=0)
    return [repr(getattr(catalog, field.name)) for field in dataclasses.fields(catalog)]


@pytest.mark.parametrize(("sql", "sqlstate"), STATEMENTS)
def test_it_is_refused_and_has_changed_nothing(sql, sqlstate):
    before = fingerprint(shared("planted"))
    assert_refused(sql, sqlstate)
    assert fingerprint(shared("planted")) == before


@pytest.mark.parametrize(
    "user", [DbUser("admin"), DbUser("ADMIN"), DbUser("sys:superuser"), DbUser("rdsdb"), DbUser("")]
)
def test_a_name_or_a_group_alone_gives_nothing(user):
    for sql in ("SELECT * FROM secrets", "SELECT * FROM orders", "DROP TABLE mine", "CREATE ROLE x"):
        assert outcome(shared("planted"), sql, user=user)[:2] == ("error", DENIED), sql


@pytest.mark.parametrize(
    "group", ["sys:superuser", "superuser", "admin", "*", "exec-global ", "EXEC-GLOBAL", "", "exec-global\0"]
)
def test_a_group_of_a_like_name_is_another(group):
    user = DbUser("AWSIDC:gina@example.com", frozenset({group}))
    for sql in ("SELECT * FROM orders", "SELECT * FROM secrets", "CREATE ROLE x"):
        assert outcome(shared("planted"), sql, user=user)[:2] == ("error", DENIED), sql


def test_a_role_administrator_cannot_make_a_superuser_of_herself():
    redshift = build("planted")
    script(
        redshift,
        'CREATE ROLE keepers; GRANT CREATE ROLE, CREATE USER, ALTER USER TO ROLE keepers; GRANT ROLE keepers TO "AWSIDC:frank@example.com"',
    )
    for sql, sqlstate in (
        ("GRANT ROLE sys:superuser TO ROLE keepers", DENIED),
        ("GRANT ROLE sys:secadmin TO ROLE keepers", DENIED),
        ('GRANT ROLE "AWSIDC:exec-global" TO ROLE keepers', DENIED),
        ("GRANT IGNORE RLS TO ROLE keepers", DENIED),
        ("CREATE USER twin PASSWORD DISABLE CREATEUSER", DENIED),
        ("ALTER USER admin PASSWORD 'Abcdef1234'", DENIED),
        ('ALTER USER "AWSIDC:frank@example.com" CREATEUSER', DENIED),
        ("GRANT ROLE keepers TO ROLE auditor", DENIED),
    ):
        assert outcome(redshift, sql)[:2] == ("error", sqlstate), sql
    assert outcome(redshift, 'CREATE ROLE own; GRANT ROLE own TO "AWSIDC:frank@example.com"')[0] == "error"
    assert outcome(redshift, "CREATE ROLE own") == ("changed", 0)
    assert outcome(redshift, "GRANT ROLE sys:monitor TO ROLE own")[:2] == ("error", DENIED)
    assert outcome(redshift, "GRANT SELECT ON secrets TO ROLE own")[:2] == ("error", DENIED)


def test_a_security_administrator_reads_no_table_without_a_grant():
    redshift = build("planted")
    script(redshift, 'GRANT ROLE sys:secadmin TO "AWSIDC:frank@example.com"')
    for sql in (
        "SELECT * FROM secrets",
        "SELECT wage FROM staff",
        "SELECT * FROM vault.papers",
        "DROP TABLE orders",
        "GRANT SELECT ON secrets TO PUBLIC",
        'ALTER TABLE secrets OWNER TO "AWSIDC:frank@example.com"',
        'GRANT ROLE sys:superuser TO "AWSIDC:frank@example.com"',
    ):
        assert outcome(redshift, sql)[:2] == ("error", DENIED), sql


def test_whoever_has_the_grant_option_grants_that_and_no_more():
    redshift = build("planted")
    script(redshift, 'GRANT SELECT ON regions TO "AWSIDC:frank@example.com" WITH GRANT OPTION')
    assert outcome(redshift, "GRANT SELECT ON regions TO ROLE auditor") == ("changed", 0)
    for sql in (
        "GRANT INSERT ON regions TO ROLE auditor",
        "GRANT ALL ON regions TO ROLE auditor",
        "GRANT SELECT ON orders TO ROLE auditor",
        "GRANT SELECT, INSERT ON regions TO ROLE auditor",
        "GRANT SELECT (name) ON regions TO ROLE auditor",
        'REVOKE SELECT ON regions FROM ROLE "AWSIDC:amer-sales" CASCADE; DROP TABLE regions',
    ):
        assert outcome(redshift, sql)[0] == "error", sql
    assert outcome(redshift, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO ROLE auditor")[:2] == (
        "error",
        DENIED,
    )


def test_an_owner_of_a_view_reads_with_her_own_rights_and_no_others():
    """A view that its owner loses the rights for, is granted on, or is renamed to what somebody else trusts."""
    redshift = build("planted")
    assert outcome(redshift, "CREATE VIEW copied AS SELECT id, city FROM orders") == ("changed", 0)
    script(redshift, "GRANT SELECT ON copied TO PUBLIC")
    (_, _, rows) = outcome(redshift, "SELECT * FROM copied ORDER BY 1", user=OTHER)
    assert "Zanzibar" in rows  # she ignores row-level security
    stranger = DbUser("AWSIDC:zoe@example.com")
    assert outcome(redshift, "SELECT * FROM copied", user=stranger)[2] == '{"id": [], "city": []}'
    script(redshift, 'REVOKE SELECT ON orders FROM ROLE "AWSIDC:amer-sales"')
    for user in (FRANK, OTHER, stranger):
        assert outcome(redshift, "SELECT * FROM copied", user=user)[:2] == ("error", DENIED)
    assert outcome(redshift, "ALTER TABLE copied OWNER TO admin")[:2] == ("error", DENIED)


def test_what_is_dropped_and_made_again_has_nothing_of_what_was():
    redshift = build("planted")
    script(
        redshift,
        'CREATE TABLE again (a INT); GRANT ALL ON again TO "AWSIDC:frank@example.com"; DROP TABLE again',
    )
    script(redshift, "CREATE TABLE again (a INT); INSERT INTO again VALUES (424242)")
    for sql in (
        "SELECT * FROM again",
        "DELETE FROM again",
        "INSERT INTO again VALUES (1)",
        "DROP TABLE again",
    ):
        assert outcome(redshift, sql)[:2] == ("error", DENIED)
    assert outcome(redshift, "SELECT * FROM again", user=ADMIN)[0] == "rows"


def test_who_may_see_system_views_sees_those_and_no_rows():
    redshift = build("planted")
    script(
        redshift,
        'GRANT ROLE sys:monitor TO "AWSIDC:frank@example.com"; REVOKE SELECT ON orders FROM ROLE "AWSIDC:amer-sales"',
    )
    said = outcome(redshift, "SELECT polname, grantee FROM svv_rls_attached_policy WHERE relname = 'orders'")
    assert said[2] == '{"polname": ["own_region"], "grantee": ["AWSIDC:amer-sales"]}'
    for sql in ("SELECT 1 FROM orders", "SELECT 1 FROM secrets", "ALTER TABLE orders ROW LEVEL SECURITY OFF"):
        assert outcome(redshift, sql)[:2] == ("error", DENIED)
