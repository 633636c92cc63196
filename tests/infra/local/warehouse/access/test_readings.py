"""What a statement means is worked out once; whoever asks later is answered as if nobody had asked before."""

import pytest

from infra.local.warehouse import DbUser, Redshift, SqlError
from infra.local.warehouse.access.readings import Readings

ADMIN = DbUser("admin", superuser=True)
NAMES = ["una", "duo", "tria"]
USERS = list(map(DbUser, NAMES))

BEFORE = [
    *(f"CREATE USER {name} PASSWORD DISABLE" for name in NAMES),
    "CREATE ROLE reader",
    "CREATE SCHEMA s",
    "CREATE TABLE t (n INT, word VARCHAR(20), pay INT, day DATE)",
    "CREATE TABLE s.u (n INT, word VARCHAR(20))",
    "CREATE TABLE extra (n INT, who VARCHAR(20))",
    "INSERT INTO t VALUES (1, 'a', 10, '2024-01-01'), (2, 'b', 20, '2024-02-01'), (3, 'c', 30, '2024-03-01')",
    "INSERT INTO s.u VALUES (1, 'x'), (2, 'y')",
    "INSERT INTO extra VALUES (1, 'una'), (2, 'duo')",
    "CREATE VIEW v AS SELECT n, pay FROM t",
    "CREATE VIEW late AS SELECT * FROM public.t WITH NO SCHEMA BINDING",
    "CREATE VIEW mine AS SELECT n FROM extra WHERE who = current_user",
    "GRANT SELECT ON t TO una",
    "GRANT SELECT (n, word) ON t TO duo",
    "GRANT SELECT (n, pay) ON t TO tria",
    "GRANT SELECT ON v TO una, duo",
    "GRANT SELECT ON late TO una, tria",
    "GRANT SELECT ON mine TO PUBLIC",
    "GRANT SELECT ON s.u TO una, duo",
    "GRANT USAGE ON SCHEMA s TO una",
]
# Each changes what some statement means to somebody, or who may ask it.
CHANGES = [
    ["GRANT USAGE ON SCHEMA s TO duo", "REVOKE SELECT ON t FROM una", "GRANT SELECT (word) ON t TO una"],
    [
        "CREATE RLS POLICY own WITH (n INT) USING (n IN (SELECT n FROM extra WHERE who = current_user))",
        "ATTACH RLS POLICY own ON t TO duo",
        "ALTER TABLE t ROW LEVEL SECURITY ON",
    ],
    [
        "CREATE MASKING POLICY nothing WITH (pay INT) USING (0 * pay)",
        "ATTACH MASKING POLICY nothing ON t (pay) TO tria",
        "INSERT INTO extra VALUES (3, 'duo')",
    ],
    [
        "ALTER TABLE t ROW LEVEL SECURITY OFF",
        "GRANT SELECT ON extra TO una",
        "REVOKE SELECT (word) ON t FROM una",
        "GRANT SELECT ON t TO una",
    ],
    ["DROP VIEW v", "CREATE VIEW v AS SELECT pay AS n, n AS pay FROM t", "GRANT SELECT ON v TO duo"],
    ["DROP VIEW v", "ALTER TABLE t ADD COLUMN more INT", "CREATE VIEW v AS SELECT 7 AS n, 8 AS pay"],
    [
        "DETACH MASKING POLICY nothing ON t (pay) FROM tria",
        "DROP TABLE t",
        "CREATE TABLE t (pay VARCHAR(5), n DECIMAL(8, 2), word INT, day TIMESTAMP)",
    ],
    [
        "INSERT INTO t VALUES ('10', 1.5, 1, '2024-01-01 10:00:00'), (' 9', 2.5, 3, '2024-02-01')",
        "GRANT SELECT ON t TO una",
        "GRANT SELECT (n) ON t TO tria",
        "CREATE OR REPLACE VIEW v AS SELECT 9 AS n, 1 AS pay",
        "GRANT SELECT ON v TO una",
    ],
    [
        "CREATE OR REPLACE VIEW late AS SELECT n AS a, day AS b FROM public.t WITH NO SCHEMA BINDING",
        "DROP TABLE s.u",
        "CREATE VIEW s.u AS SELECT who AS word FROM public.extra",
        "GRANT SELECT ON s.u TO una",
    ],
    ["DROP TABLE t"],
]
STATEMENTS = [
    "SELECT * FROM t",
    "SELECT * EXCLUDE pay FROM t",
    "SELECT n + 1 AS m FROM t",
    "SELECT n / 2 AS half FROM public.t",
    "SELECT pay + pay FROM t WHERE pay >= 20",
    "SELECT n AS pay FROM t WHERE pay > 15",
    "SELECT (SELECT max(n) FROM extra WHERE who = word) FROM t",
    "SELECT public.t.n FROM t",
    "SELECT * FROM t NATURAL JOIN extra",
    "SELECT * FROM v",
    "SELECT v.n, late.n FROM v JOIN late ON late.pay = v.pay",
    "SELECT * FROM late",
    "SELECT * FROM mine",
    "SELECT * FROM s.u",
    "SELECT a.word FROM s.u a JOIN t b ON a.n = b.n",
    "SELECT current_user, n FROM t",
    "SELECT substring(pay, 1, 1) || word FROM t",
]


def answer(redshift, sql, user, **options):
    """The rows and the columns' types, or the error's code and message."""
    try:
        result = redshift.execute(sql, user=user, **options)
    except SqlError as fault:
        return fault.sqlstate, fault.message
    types = [(c.name, c.type_name, c.precision, c.scale, c.length, c.table_name) for c in result.columns]
    return types, sorted(map(repr, result.table.to_pylist()))


def made(changes):
    redshift = Redshift()
    for change in changes:
        redshift.execute(change, user=ADMIN)
    return redshift


def test_whoever_asks_later_is_answered_as_if_nobody_had_asked_before():
    """Also by errors: what somebody else may read decides neither whether nor which."""
    asked, done = made(BEFORE), list(BEFORE)
    different = set()
    for change in [[], *CHANGES]:
        done += change
        for each in change:
            asked.execute(each, user=ADMIN)
        fresh = made(done)
        for number, user in enumerate(USERS):
            fresh._readings = Readings()
            turn = STATEMENTS[number:] + STATEMENTS[:number]
            found = {sql: answer(asked, sql, user) for sql in turn}
            assert found == {sql: answer(fresh, sql, user) for sql in STATEMENTS}
            different |= {(sql, repr(found[sql])) for sql in turn}
    assert all(sum(known == sql for known, _ in different) > 1 for sql in STATEMENTS)


def test_a_temporary_table_is_meant_in_its_session_alone():
    redshift, una = made(BEFORE), DbUser("una")
    sql = "SELECT * FROM t"
    public = answer(redshift, sql, una)
    session = redshift.open_session(una)
    redshift.execute("CREATE TEMP TABLE t (secret VARCHAR(9))", user=una, session=session)
    redshift.execute("INSERT INTO t VALUES ('own')", user=una, session=session)
    for _ in range(2):
        types, rows = answer(redshift, sql, una, session=session)
        assert ([name for name, *_ in types], rows) == (["secret"], ["{'secret': 'own'}"])
        assert answer(redshift, "SELECT public.t.n FROM t", una, session=session)[0] == "42703"
        assert answer(redshift, sql, una) == public
        assert answer(redshift, "SELECT n FROM late", una, session=session)[1] == [
            f"{{'n': {number}}}" for number in (1, 2, 3)
        ]
    session.close()
    assert answer(redshift, sql, una) == public


def test_the_clock_and_who_has_a_role_are_asked_each_time():
    redshift, una = made(BEFORE), DbUser("una")
    moments = {repr(answer(redshift, "SELECT current_timestamp", una)) for _ in range(3)}
    assert len(moments) == 3
    sql = "SELECT user_is_member_of('una', 'reader') AS has FROM t WHERE n = 1"
    denied = ("42501", "ERROR: permission denied: the role is not granted to the user")
    assert answer(redshift, sql, una) == denied
    redshift.execute("GRANT ROLE reader TO una", user=ADMIN)
    assert answer(redshift, sql, una)[1] == ["{'has': True}"]
    redshift.execute("REVOKE ROLE reader FROM una", user=ADMIN)
    assert answer(redshift, sql, una) == denied


def test_a_condition_on_a_mask_is_asked_of_what_it_shows():
    """It was asked of the stored values for somebody who sees them."""
    redshift, sql = made(BEFORE), "SELECT n, pay FROM t WHERE pay >= 20"
    for change in (
        "CREATE MASKING POLICY nothing WITH (pay INT) USING (20 + pay * 0)",
        "ATTACH MASKING POLICY nothing ON t (pay) TO tria",
        "CREATE RLS POLICY some WITH (n INT) USING (n <> 3)",
        "ATTACH RLS POLICY some ON t TO PUBLIC",
        "ALTER TABLE t ROW LEVEL SECURITY ON",
    ):
        redshift.execute(change, user=ADMIN)
    assert answer(redshift, sql, DbUser("una"))[1] == ["{'n': 2, 'pay': 20}"]
    assert answer(redshift, sql, DbUser("tria"))[1] == ["{'n': 1, 'pay': 20}", "{'n': 2, 'pay': 20}"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n FROM t LIMIT :a",
        "SELECT :a AS n",
        "SELECT to_char(day, :a) AS n FROM t",
        "SELECT n FROM t ORDER BY CAST(:a AS INT), n",
    ],
)
def test_each_value_has_its_own_meaning(sql):
    redshift = made(BEFORE)
    for value in ["1", "2", "1"]:
        alone = answer(made(BEFORE), sql, ADMIN, parameters={"a": value})
        assert answer(redshift, sql, ADMIN, parameters={"a": value}) == alone


@pytest.mark.parametrize("name", ["k0", "s0", "row", "r", "v", "0"])
def test_no_name_of_a_query_stands_for_a_relation_of_another(name):
    redshift = made(BEFORE)
    sql = f'WITH "{name}" AS (SELECT 5 AS n) SELECT a.n FROM "{name}" a JOIN extra b ON b.n = a.n - 4'
    assert answer(redshift, sql, DbUser("una")) == ("42501", "ERROR: permission denied for relation extra")
    assert answer(redshift, sql, ADMIN)[1] == ["{'n': 5}"]
