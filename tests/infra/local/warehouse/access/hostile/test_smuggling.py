"""Text that means one thing to a reader and another to a parser: comments, quotes, escapes, parameters."""

# ruff: noqa: RUF001 - a statement a line; letters that look like others

import pytest

from infra.local.warehouse import SqlError
from tests.infra.local.warehouse.access.hostile.world import (
    FRANK,
    agreed,
    assert_answered,
    assert_refused,
    outcome,
    shared,
)

DENIED, UNSUPPORTED, NO_RELATION, NO_COLUMN, SYNTAX = "42501", "0A000", "42P01", "42703", "42601"

REFUSED = [
    ("SELECT 1; SELECT * FROM secrets", SYNTAX),
    ("SELECT 1;SELECT 2", SYNTAX),
    (";SELECT * FROM secrets", UNSUPPORTED),
    ("SELECT 1; DROP TABLE orders", SYNTAX),
    ("SELECT 1; -- \nDROP TABLE orders", SYNTAX),
    ("SELECT 1 /* ; */; GRANT SELECT ON secrets TO PUBLIC", SYNTAX),
    ("SELECT * FROM mine; ; SELECT * FROM secrets", SYNTAX),
    ("DROP TABLE mine; DROP TABLE secrets", SYNTAX),
    ("GRANT SELECT ON mine TO PUBLIC; SELECT 1", SYNTAX),
    ("CREATE TABLE x (a INT); SELECT * FROM secrets", SYNTAX),
    ("CREATE VIEW x AS SELECT 1 AS a; SELECT * FROM secrets", SYNTAX),
    ("SELECT /* nested /* */ */ * FROM secrets", DENIED),
    ("SELECT /* not /* nested */ * FROM secrets", SYNTAX),
    ("SELECT * FROM /* orders */ secrets", DENIED),
    ("SELECT * FROM orders -- \n, secrets", DENIED),
    ("SELECT * FROM orders --\r, secrets", DENIED),
    ("SELECT * FROM mine --\n/**/, secrets", DENIED),
    ("SELECT * FROM mine --*/\n, secrets /*", SYNTAX),
    ("SELECT * FROM mine /*--*/ , secrets --*/", DENIED),
    ("SELECT * FROM mine /*! , secrets */ , secrets", DENIED),
    ("SELECT * FROM mine # \n, secrets", DENIED),
    ("SELECT 'a' -- ' FROM mine\n FROM secrets", DENIED),
    ("SELECT 'a''b' FROM secrets --'", DENIED),
    ("SELECT 'a\\' FROM mine --' FROM secrets", DENIED),
    ("SELECT '\\\\' FROM secrets", DENIED),
    ("SELECT E'\\'' FROM secrets --'", UNSUPPORTED),
    ("SELECT $$a$$ FROM secrets", SYNTAX),
    ("SELECT $q$ ' $q$ FROM secrets", SYNTAX),
    ("SELECT U&'\\0061' FROM secrets", UNSUPPORTED),
    ('SELECT "id" FROM "mine", "secrets"', DENIED),
    ('SELECT * FROM "mine, secrets"', NO_RELATION),
    ('SELECT * FROM "public.secrets"', NO_RELATION),
    ('SELECT * FROM "public"."secrets"', DENIED),
    ('SELECT * FROM "secrets""', SYNTAX),
    ('SELECT * FROM "sec""rets"', NO_RELATION),
    ('SELECT * FROM ""', SYNTAX),
    ('SELECT * FROM " secrets"', NO_RELATION),
    ('SELECT * FROM "secrets "', NO_RELATION),
    ("SELECT * FROM `secrets`", SYNTAX),
    ("SELECT * FROM [secrets]", SYNTAX),
    ("SELECT * FROM 'secrets'", SYNTAX),
    ("SELECT * FROM 'mine'", SYNTAX),
    ("SELECT * FROM secrets\u00a0", DENIED),
    ("SELECT\u00a0*\u00a0FROM\u00a0secrets", DENIED),
    ("SELECT * FROM ｓｅｃｒｅｔｓ", NO_RELATION),
    ("SELECT * FROM ѕecrets", NO_RELATION),
    ("SELECT * FROM ſecrets", NO_RELATION),
    ("SELECT * FROM secrets\u200b", SYNTAX),
    ("SELECT * FROM sec\u00adrets", SYNTAX),
    ("SELECT * FROM \u202esterces", SYNTAX),
    ("\ufeffSELECT * FROM secrets", SYNTAX),
    ("SELECT * FROM secrets\x00", SYNTAX),
    ("SELECT * FROM mine WHERE word = '\x00'", SYNTAX),
    ("SELECT * FROM mine\x0b, secrets", DENIED),
    ("SELECT * FROM mine\x0c, secrets", DENIED),
    ("SELECT\t*\r\nFROM\tsecrets", DENIED),
    ("sElEcT * fRoM sEcReTs", DENIED),
    ("SELECT * FROM PUBLIC.SECRETS", DENIED),
    ("SELECT İd FROM staff", NO_COLUMN),
    ("SELECT ｗage FROM staff", NO_COLUMN),
    ('SELECT "wage\u200b" FROM staff', NO_COLUMN),
    ("SELECT (((((SELECT max(number) FROM secrets)))))", DENIED),
    ("(((SELECT * FROM secrets)))", DENIED),
    ("WITH a AS (SELECT 1), b AS (SELECT * FROM secrets) (SELECT * FROM a)", DENIED),
    ("SELECT * FROM mine WHERE id = 1 OR 1 = 1 UNION SELECT number, word FROM secrets --", DENIED),
    ("SELECT * FROM mine WHERE word = '' OR EXISTS (SELECT 1 FROM secrets) --'", DENIED),
    ('SELECT * FROM orders AS "orders; DROP TABLE orders", secrets', DENIED),
    ('SELECT 1 AS "a""; SELECT * FROM secrets" FROM secrets', DENIED),
    ("EXPLAIN SELECT 1; SELECT * FROM secrets", SYNTAX),
    ("select/**/*/**/from/**/secrets", DENIED),
    ("SELECT*FROM secrets", DENIED),
    ("SELECT-1FROM secrets", DENIED),
    ("SELECT 1.FROM secrets", DENIED),
    ("SELECT 0x1 FROM secrets", DENIED),
    ("SELECT 1_000 FROM secrets", DENIED),
    ("SELECT x'41' FROM secrets", SYNTAX),
]
ANSWERED = [
    "SELECT count(*) /* secrets; */ FROM orders -- DROP TABLE orders",
    "SELECT 'secrets; DROP TABLE orders' AS t FROM mine ORDER BY 1",
    "SELECT 'it''s /* no comment */ -- here' AS t",
    "SELECT '\\\\' AS t",
    "SELECT 'a\\'b' AS t",
    "SELECT word FROM mine WHERE word = 'x'' OR ''1'' = ''1'",
    "SELECT word FROM mine WHERE word = '; DELETE FROM mine; --'",
    'SELECT id AS "secrets" FROM mine ORDER BY 1',
    'SELECT id AS "a"" FROM secrets --" FROM mine ORDER BY 1',
    'SELECT "mine; drop table orders".id FROM mine AS "mine; drop table orders" ORDER BY 1',
    "SELECT count(*) FROM orders;",
    "SELECT count(*) FROM orders ; ; ",
    "  \n\t SELECT count(*) FROM orders\n",
    "/* first */ SELECT count(*) FROM orders",
    "-- first\nSELECT count(*) FROM orders",
    "(SELECT count(*) FROM orders)",
]
NASTY = [
    "x' OR '1'='1",
    "x'; DROP TABLE orders; --",
    "'; SELECT * FROM secrets; --",
    "' UNION SELECT word FROM secrets --",
    "\\' OR 1=1 --",
    "\\",
    "'",
    '"',
    "''",
    "$1",
    ":w",
    ":other",
    "%",
    "{{ x }}",
    "/*",
    "--",
    "\n; DROP TABLE mine",
    "Ω'Ω",
    "\u2019 OR \u20191\u2019=\u20191",
    "\uff07 OR 1=1",
    "E'\\''",
    "$$; DROP TABLE mine; $$",
    "NULL",
    "(SELECT max(word) FROM secrets)",
    "current_user",
    "x" * 5_000 + "'",
]


@pytest.mark.parametrize(("sql", "sqlstate"), REFUSED)
def test_it_is_refused_by_its_code(sql, sqlstate):
    assert_refused(sql, sqlstate)


@pytest.mark.parametrize("sql", ANSWERED)
def test_what_only_looks_like_it_is_answered(sql):
    assert_answered(sql)


@pytest.mark.parametrize("value", NASTY)
def test_a_parameter_is_a_value_whatever_it_says(value):
    parameters = {"w": value}
    said = agreed("SELECT :w AS t, len(:w) AS n, :w = :w AS same", parameters=parameters)
    assert said[0] == "rows"
    result = shared("planted").execute("SELECT :w AS t", user=FRANK, parameters=parameters)
    assert result.table.to_pylist() == [{"t": value}]
    for sql in (
        "SELECT word FROM mine WHERE word = :w",
        "SELECT word FROM mine WHERE word LIKE :w || 'never'",
        "SELECT count(*) FROM orders WHERE region IN (:w, 'AMER')",
        "SELECT city FROM orders WHERE city = :w OR note = :w ORDER BY 1",
    ):
        assert_answered(sql, parameters=parameters)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM :w",
        "SELECT * FROM public.:w",
        "SELECT :w.id FROM mine",
        "SELECT id AS :w FROM mine",
        "SELECT id FROM mine ORDER BY id :w",
        "SELECT sum(id) OVER :w FROM mine",
        "SELECT 1::w",
        "GRANT SELECT ON :w TO PUBLIC",
        "DROP TABLE :w",
        "SET SESSION AUTHORIZATION :w",
        "SELECT ':w'",
        'SELECT ":w" FROM mine',
        "SELECT 1 /* :w */",
        "SELECT :other",
        "SELECT 1",
    ],
)
def test_a_parameter_stands_for_no_name_and_must_be_used(sql):
    for value in ("secrets", "admin", "word"):
        said = agreed(sql, parameters={"w": value})
        assert said[0] == "error", said
        assert said[1] in ("22023", DENIED, UNSUPPORTED, SYNTAX, NO_COLUMN), said


@pytest.mark.parametrize("name", ["w; DROP TABLE mine", "w'", "", "1", "W", "secrets", "w w"])
def test_a_parameters_name_is_one_of_the_statements(name):
    with pytest.raises(SqlError) as caught:
        shared("planted").execute("SELECT :w", user=FRANK, parameters={name: "x"})
    assert caught.value.sqlstate == "22023"


def test_names_fold_alike_for_rights_and_for_rows():
    """A quoted name in another case is the same relation, and as much denied or bounded."""
    for name in ("SECRETS", '"Secrets"', '"SECRETS"', 'PUBLIC."secrets"', '"PUBLIC".SECRETS'):
        assert outcome(shared("planted"), f"SELECT * FROM {name}")[:2] == ("error", DENIED), name
    for name in ("ORDERS", '"Orders"', 'public."ORDERS"', '"PUBLIC"."orders"', "DEV.PUBLIC.ORDERS"):
        assert outcome(shared("planted"), f"SELECT count(*) FROM {name}")[2] == '{"count": [5]}', name
