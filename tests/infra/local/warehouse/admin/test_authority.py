"""Who may run which administrative statement: for each, the actors who may; everybody else is denied."""

import pytest

from infra.local.warehouse import DbUser, Redshift
from tests.infra.local.warehouse.admin.outcomes import DONE, outcome, someone, trial
from tests.infra.local.warehouse.conftest import ADMIN, run

SETUP = """
CREATE USER olga PASSWORD DISABLE; CREATE USER hank PASSWORD DISABLE; CREATE USER cara PASSWORD DISABLE;
CREATE USER sam PASSWORD DISABLE; CREATE USER dave PASSWORD DISABLE; CREATE USER nell PASSWORD DISABLE;
CREATE USER rita PASSWORD DISABLE; CREATE USER bob PASSWORD DISABLE; CREATE USER drew PASSWORD DISABLE;
CREATE USER chief PASSWORD DISABLE CREATEUSER; CREATE USER spare PASSWORD DISABLE;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA shop AUTHORIZATION olga;
CREATE TABLE shop.orders (id INT, person VARCHAR(20));
CREATE TABLE shop.stock (id INT, person VARCHAR(20));
CREATE VIEW shop.v AS SELECT id FROM shop.orders;
CREATE MATERIALIZED VIEW shop.mv AS SELECT id FROM shop.orders;
ALTER TABLE shop.orders OWNER TO olga; ALTER TABLE shop.v OWNER TO olga; ALTER TABLE shop.mv OWNER TO olga;
ALTER TABLE shop.stock OWNER TO olga;
GRANT USAGE ON SCHEMA shop TO hank, cara, sam, dave, rita, bob, drew;
GRANT CREATE ON SCHEMA shop TO cara; GRANT SELECT ON shop.orders TO cara;
GRANT SELECT ON shop.orders TO hank WITH GRANT OPTION;
GRANT DROP, ALTER, TRUNCATE, INSERT ON shop.stock TO drew;
CREATE ROLE analyst; ALTER ROLE analyst OWNER TO rita; GRANT ROLE analyst TO bob WITH ADMIN OPTION;
CREATE ROLE loose; ALTER ROLE loose OWNER TO rita;
GRANT ROLE sys:secadmin TO sam; GRANT ROLE sys:dba TO dave;
CREATE RLS POLICY few WITH (id INT) USING (id < 3);
CREATE RLS POLICY none WITH (id INT) USING (false);
ATTACH RLS POLICY few ON shop.stock TO PUBLIC;
CREATE MASKING POLICY nobody WITH (person VARCHAR(20)) USING ('x'::VARCHAR(1));
CREATE MASKING POLICY hidden WITH (person VARCHAR(20)) USING (NULL);
ATTACH MASKING POLICY nobody ON shop.stock(person) TO PUBLIC
"""
ACTORS = {
    name: DbUser(name) for name in ("olga", "hank", "cara", "sam", "dave", "nell", "rita", "bob", "drew")
}
ACTORS |= {"admin": ADMIN, "ida": DbUser("AWSIDC:ida@example.com", frozenset({"people"}))}

# statement: who may, beside the superuser
CASES = {
    # relations
    "CREATE TABLE shop.x (a INT)": "olga cara dave",
    "CREATE TABLE shop.x AS SELECT id FROM shop.orders": "olga cara",
    "CREATE TABLE public.x (a INT)": "dave",
    "CREATE TABLE #x (a INT)": "olga hank cara sam dave nell rita bob drew ida",
    "CREATE VIEW shop.x AS SELECT id FROM shop.orders": "olga cara",
    "CREATE VIEW shop.x AS SELECT 1 AS a": "olga cara dave",
    "CREATE OR REPLACE VIEW shop.v AS SELECT id FROM shop.orders": "olga",
    "CREATE MATERIALIZED VIEW shop.x AS SELECT id FROM shop.orders": "olga cara",
    "REFRESH MATERIALIZED VIEW shop.mv": "olga",
    "DROP VIEW shop.v": "olga dave",
    "DROP MATERIALIZED VIEW shop.mv": "olga dave",
    "DROP TABLE shop.orders CASCADE": "olga dave",
    "DROP TABLE shop.stock": "olga dave drew",
    "TRUNCATE shop.stock": "olga dave drew",
    "ALTER TABLE shop.orders OWNER TO nell": "",
    "ALTER TABLE shop.v OWNER TO nell": "",
    "ALTER TABLE shop.stock RENAME TO depot": "olga",
    "ALTER TABLE shop.stock ADD COLUMN note VARCHAR(5)": "olga drew",
    "ANALYZE shop.orders": "olga dave",
    "VACUUM shop.orders": "olga dave",
    "ANALYZE": "dave",
    "VACUUM FULL": "dave",
    # schemas
    "CREATE SCHEMA x": "dave",
    "CREATE SCHEMA x AUTHORIZATION nell": "",
    "ALTER SCHEMA shop OWNER TO nell": "olga",
    "DROP SCHEMA shop CASCADE": "olga dave",
    # users and roles
    "CREATE USER x PASSWORD DISABLE": "sam",
    "CREATE USER x PASSWORD DISABLE CREATEUSER": "",
    "ALTER USER spare PASSWORD DISABLE": "sam",
    "ALTER USER nell PASSWORD DISABLE": "sam nell",
    "ALTER USER nell CREATEUSER": "",
    "ALTER USER chief NOCREATEUSER": "",
    "ALTER USER chief PASSWORD DISABLE": "",
    "DROP USER spare": "sam",
    "DROP USER chief": "",
    "CREATE ROLE x": "sam",
    "DROP ROLE loose": "sam rita",
    "DROP ROLE analyst FORCE": "sam rita bob",
    "ALTER ROLE analyst OWNER TO nell": "rita bob",
    "GRANT ROLE analyst TO nell": "sam rita bob",
    "REVOKE ROLE analyst FROM bob": "sam rita bob",
    "GRANT ROLE sys:superuser TO sam": "",
    "GRANT ROLE sys:monitor TO nell": "",
    # privileges
    "GRANT SELECT ON shop.orders TO nell": "olga hank",
    "REVOKE SELECT ON shop.orders FROM cara": "olga hank",
    "GRANT SELECT, INSERT ON shop.orders TO nell": "olga",
    "GRANT ALL ON shop.orders TO nell": "olga",
    "GRANT SELECT (id) ON shop.orders TO nell": "olga",
    "GRANT SELECT ON ALL TABLES IN SCHEMA shop TO nell": "olga",
    "GRANT SELECT ON shop.v TO nell": "olga",
    "GRANT SELECT ON shop.orders TO RLS POLICY few": "olga hank",
    "GRANT USAGE ON SCHEMA shop TO nell": "olga",
    "GRANT CREATE ON DATABASE dev TO nell": "",
    "GRANT CREATE USER TO ROLE analyst": "",
    "GRANT IGNORE RLS, EXPLAIN RLS, EXPLAIN MASKING TO ROLE analyst": "sam",
    "REVOKE IGNORE RLS FROM ROLE analyst": "sam",
    "GRANT IGNORE RLS, ACCESS SYSTEM TABLE TO ROLE analyst": "",
    "GRANT ALL TO ROLE analyst": "",
    # row-level security and masking
    "CREATE RLS POLICY x USING (true)": "sam",
    "ALTER RLS POLICY few USING (true)": "sam",
    "DROP RLS POLICY none": "sam",
    "ATTACH RLS POLICY few ON shop.stock TO nell": "sam",
    "DETACH RLS POLICY few ON shop.stock FROM PUBLIC": "sam",
    "ALTER TABLE shop.stock ROW LEVEL SECURITY ON": "sam",
    "ALTER TABLE shop.stock ROW LEVEL SECURITY OFF": "sam",
    "CREATE MASKING POLICY x WITH (a INT) USING (a)": "sam",
    "ALTER MASKING POLICY nobody USING (person)": "sam",
    "DROP MASKING POLICY hidden": "sam",
    "ATTACH MASKING POLICY hidden ON shop.stock(person) TO nell PRIORITY 5": "sam",
    "DETACH MASKING POLICY nobody ON shop.stock(person) FROM PUBLIC": "sam",
    # the session
    "SET SESSION AUTHORIZATION nell": "nell",
    "SET query_group TO 'mine'": "olga hank cara sam dave nell rita bob drew ida",
    "RESET query_group": "olga hank cara sam dave nell rita bob drew ida",
}


@pytest.fixture(scope="module")
def warehouse():
    redshift = Redshift()
    run(redshift, SETUP)
    return redshift


@pytest.mark.parametrize("sql", CASES)
def test_only_these_may(warehouse, sql):
    found = {name: trial(warehouse, [sql], user) for name, user in ACTORS.items()}
    permitted = {*CASES[sql].split(), "admin"}
    assert found == {name: DONE if name in permitted else "42501" for name in ACTORS}


def test_nothing_that_was_tried_is_left(warehouse):
    before = warehouse._catalog
    for sql in CASES:
        trial(warehouse, [sql])
    assert warehouse._catalog is before


@pytest.mark.parametrize(
    ("privilege", "sql"),
    [
        ("CREATE TABLE", "CREATE TABLE shop.x (a INT)"),
        ("DROP TABLE", "DROP TABLE shop.stock"),
        ("ALTER TABLE", "ALTER TABLE shop.stock ADD COLUMN note INT"),
        ("TRUNCATE TABLE", "TRUNCATE shop.stock"),
        ("CREATE OR REPLACE VIEW", "CREATE VIEW shop.x AS SELECT 1 AS a"),
        ("DROP VIEW", "DROP VIEW shop.v"),
        ("CREATE SCHEMA", "CREATE SCHEMA x"),
        ("DROP SCHEMA", "DROP SCHEMA shop CASCADE"),
        ("CREATE USER", "CREATE USER x PASSWORD DISABLE"),
        ("ALTER USER", "ALTER USER spare PASSWORD DISABLE"),
        ("DROP USER", "DROP USER spare"),
        ("CREATE ROLE", "CREATE ROLE x"),
        ("DROP ROLE", "DROP ROLE loose"),
        ("ANALYZE", "ANALYZE shop.orders"),
        ("VACUUM", "VACUUM"),
    ],
)
def test_a_system_privilege_reaches_whoever_has_the_role(warehouse, privilege, sql):
    role = ["CREATE ROLE outer_role", "CREATE ROLE inner_role", "GRANT ROLE inner_role TO ROLE outer_role"]
    role.append("GRANT ROLE outer_role TO nell")
    give, take = f"GRANT {privilege} TO ROLE inner_role", f"REVOKE {privilege} FROM ROLE inner_role"
    be = "SET SESSION AUTHORIZATION nell"
    assert trial(warehouse, [*role, be, sql]) == "42501"
    assert trial(warehouse, [*role, give, be, sql]) == DONE
    assert trial(warehouse, [*role, give, take, be, sql]) == "42501"


def test_sys_superuser_administers_and_reads_nobodys_rows(warehouse):
    boss = someone("boss")
    run(warehouse, "CREATE USER boss PASSWORD DISABLE; GRANT ROLE sys:superuser TO boss")
    assert trial(warehouse, ["CREATE ROLE x"], boss) == DONE
    assert trial(warehouse, ["DROP TABLE shop.stock"], boss) == DONE
    assert outcome(warehouse, "SELECT * FROM shop.orders", boss) == "42501"
    assert outcome(warehouse, "CREATE USER x PASSWORD DISABLE CREATEUSER", boss) == "42501"


def test_the_right_to_create_in_the_database_is_that_to_make_schemas():
    redshift, maker = Redshift(), someone("maker")
    run(redshift, "CREATE USER maker PASSWORD DISABLE; GRANT CREATE ON DATABASE dev TO maker")
    assert outcome(redshift, "CREATE SCHEMA mine", maker) == DONE
    assert outcome(redshift, "CREATE TABLE mine.t (a INT)", maker) == DONE
    assert outcome(redshift, "SELECT * FROM mine.t", someone("other")) == "42501"
    run(redshift, "REVOKE CREATE ON DATABASE dev FROM maker")
    assert outcome(redshift, "CREATE SCHEMA more", maker) == "42501"


def test_temporary_tables_are_everybodys_until_that_is_revoked():
    redshift = Redshift()
    run(redshift, "REVOKE TEMP ON DATABASE dev FROM PUBLIC")
    assert outcome(redshift, "CREATE TEMP TABLE t (a INT)", someone("x")) == "42501"
    assert outcome(redshift, "CREATE TEMP TABLE t (a INT)") == DONE


def test_a_superusers_name_alone_owns_nothing():
    redshift = Redshift()
    run(redshift, "CREATE TABLE t (a INT)")
    assert outcome(redshift, "DROP TABLE t", DbUser("admin")) == "42501"
