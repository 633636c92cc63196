"""Masked columns: whatever is asked of one, wherever, is asked of the mask."""

# ruff: noqa: E501 - a statement a line reads better than wrapped SQL

import itertools

import pytest

from tests.infra.local.warehouse.access.hostile.world import (
    ADMIN,
    agreed,
    assert_answered,
    build,
    outcome,
    script,
    shared,
)

# Each raises on a true value that Frank sees masked, or would tell of it.
RAISING = [
    "1 / (salary - 424242)",
    "mod(7, salary - 987654)",
    "salary * 5000",
    "CAST(salary AS SMALLINT)",
    "sqrt(77776 - salary)",
    "CASE WHEN salary = 77777 THEN 1 / 0 ELSE 1 END",
    "CASE WHEN card = '4532993817514842' THEN 1 / 0 ELSE 1 END",
    "1 / (strpos(card, '4532') - 1)",
    "1 / (len(card) - 16)",
    "nullif(email, '')::INT",
    "decode(email, 'hush@secret.example', 1 / 0, 1)",
]
PLACES = [
    "SELECT id, {e} AS x FROM {t} ORDER BY 1",
    "SELECT count(*) FROM {t} WHERE {e} IS NOT NULL",
    "SELECT max({e}), min({e}), count(DISTINCT {e}) FROM {t}",
    "SELECT {e} AS x, count(*) FROM {t} GROUP BY 1 ORDER BY 1",
    "SELECT id, row_number() OVER (ORDER BY {e}, id) AS n FROM {t} ORDER BY 1",
    "SELECT m.id, pid FROM mine m LEFT JOIN (SELECT id AS pid, card, salary, email FROM {t}) t ON {e} IS NOT NULL AND m.id = pid ORDER BY 1, 2",
]
QUESTIONS = [
    "SELECT * FROM people ORDER BY id",
    "SELECT card FROM people WHERE card = '4532993817514842'",
    "SELECT id FROM people WHERE card LIKE '4532%'",
    "SELECT id FROM people WHERE card IN ('5243112427642649', 'XXXX2649')",
    "SELECT id FROM people WHERE card > '5' ORDER BY id",
    "SELECT id FROM people WHERE card BETWEEN '45' AND '46'",
    "SELECT id FROM people WHERE card ~ '^4'",
    "SELECT id FROM people WHERE left(card, 6) = '453299'",
    "SELECT id FROM people WHERE reverse(card) LIKE '%2354'",
    "SELECT id FROM people WHERE md5(card) = md5('4532993817514842')",
    "SELECT id FROM people WHERE card::BIGINT > 0 AND false",
    "SELECT id FROM people WHERE salary > 400000",
    "SELECT id FROM people WHERE salary = 424242 OR email LIKE '%secret%'",
    "SELECT id FROM people WHERE salary IN (SELECT 424242)",
    "SELECT id FROM people WHERE email IS NOT NULL",
    "SELECT id FROM people WHERE coalesce(email, 'x') <> 'x'",
    "SELECT max(salary), min(salary), sum(salary), avg(salary), count(salary) FROM people",
    "SELECT max(card), min(card), max(email), count(email) FROM people",
    "SELECT listagg(card, ',') WITHIN GROUP (ORDER BY card) AS l FROM people",
    "SELECT listagg(id, ',') WITHIN GROUP (ORDER BY salary, id) AS l FROM people",
    "SELECT median(salary) AS m, percentile_cont(0.5) WITHIN GROUP (ORDER BY salary) AS p FROM people",
    "SELECT stddev_pop(salary) AS s FROM people",
    "SELECT id FROM people ORDER BY salary, id",
    "SELECT id FROM people ORDER BY card DESC, id",
    "SELECT id FROM people ORDER BY email, id LIMIT 1",
    "SELECT DISTINCT salary FROM people ORDER BY 1",
    "SELECT salary, count(*) FROM people GROUP BY 1 ORDER BY 1",
    "SELECT left(card, 4) AS c, count(*) FROM people GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FROM people GROUP BY email",
    "SELECT name FROM people GROUP BY name HAVING max(salary) > 1",
    "SELECT id, rank() OVER (ORDER BY salary DESC) AS r FROM people ORDER BY 1",
    "SELECT id, lag(card) OVER (ORDER BY id) AS c FROM people ORDER BY 1",
    "SELECT id, first_value(salary) OVER (PARTITION BY email ORDER BY id ROWS UNBOUNDED PRECEDING) AS s FROM people ORDER BY 1",
    "SELECT id FROM people p QUALIFY row_number() OVER (ORDER BY salary DESC, id) = 1",
    "SELECT a.id, b.id FROM people a JOIN people b ON a.salary = b.salary ORDER BY 1, 2",
    "SELECT a.id, b.id FROM people a JOIN people b ON a.card = b.card ORDER BY 1, 2",
    "SELECT a.id FROM people a JOIN (SELECT '4532993817514842' AS card) b ON a.card = b.card",
    "SELECT a.id FROM people a JOIN (SELECT 424242 AS salary UNION SELECT 0) b USING (salary) ORDER BY 1",
    "SELECT a.id FROM people a NATURAL JOIN (SELECT 424242 AS salary) b",
    "SELECT card FROM people EXCEPT SELECT 'XXXX4842' ORDER BY 1",
    "SELECT card FROM people INTERSECT SELECT '4532993817514842'",
    "SELECT card FROM people UNION SELECT name FROM people ORDER BY 1",
    "WITH people AS (SELECT * FROM people) SELECT card, salary FROM people ORDER BY 1",
    "WITH p AS (SELECT card AS name, salary AS id FROM people) SELECT name, id FROM p ORDER BY 1",
    "WITH RECURSIVE t(c, n) AS (SELECT card, 1 FROM people UNION ALL SELECT c, n + 1 FROM t WHERE n < 2) SELECT c, n FROM t ORDER BY 1, 2",
    "SELECT x.c FROM (SELECT card FROM people) AS x(c) ORDER BY 1",
    "SELECT card::VARCHAR(4) AS c FROM people ORDER BY 1",
    "SELECT salary::VARCHAR || '' AS s, -salary AS n, salary + 0 AS p FROM people ORDER BY 1",
    "SELECT CAST(salary AS FLOAT8) AS s FROM people ORDER BY 1",
    "SELECT greatest(salary, 1) AS g, least(salary, 1) AS l FROM people ORDER BY 1",
    "SELECT nullif(card, 'XXXX4842') AS c FROM people ORDER BY 1",
    "SELECT nvl(email, card) AS e FROM people ORDER BY 1",
    "SELECT (SELECT max(card) FROM people) AS c, (SELECT sum(salary) FROM people) AS s",
    "SELECT name FROM people p WHERE EXISTS (SELECT 1 FROM people q WHERE q.salary > p.salary) ORDER BY 1",
    "SELECT word FROM mine WHERE id IN (SELECT salary FROM people) ORDER BY 1",
    "SELECT id, salary > 100000 AS rich FROM people ORDER BY 1",
    "SELECT p.card, s.name FROM people p JOIN staff s ON p.id = s.id ORDER BY 1",
    "SELECT * FROM people_view ORDER BY id",
    "SELECT id FROM people_view WHERE card = '4532993817514842' OR salary > 1",
    "SELECT max(salary), max(card), max(email) FROM people_view",
    "SELECT a.id, b.id FROM people a JOIN people_view b ON a.card = b.card ORDER BY 1, 2",
    "SELECT * FROM cards ORDER BY c",
    "SELECT n FROM cards WHERE c = '5243112427642649'",
    "SELECT count(*) FROM cards WHERE n > 1",
    'SELECT "CARD", "Salary" FROM "PEOPLE" ORDER BY 1',
    "SELECT people.card FROM public.people ORDER BY 1",
    "SELECT 'XXXX' AS card, id FROM people WHERE card = 'XXXX4842'",
]

# What Frank makes for himself holds what he sees.
COPIES = [
    ("CREATE TABLE stolen AS SELECT * FROM people", "stolen"),
    ("CREATE TABLE stolen (a, b) AS SELECT card, salary FROM people WHERE salary > -1", "stolen"),
    ("CREATE TEMP TABLE stolen AS SELECT * FROM people", "stolen"),
    ("SELECT * INTO stolen FROM people", "stolen"),
    ("SELECT card, salary, email INTO TEMP TABLE stolen FROM people", "stolen"),
    ("CREATE VIEW stolen AS SELECT card, salary, email FROM people", "stolen"),
    ("CREATE VIEW stolen AS SELECT * FROM people_view WHERE card LIKE '4%' OR true", "stolen"),
    ("CREATE VIEW stolen AS SELECT * FROM public.people WITH NO SCHEMA BINDING", "stolen"),
    ("CREATE MATERIALIZED VIEW stolen AS SELECT card, salary FROM people", "stolen"),
    ("CREATE TABLE stolen AS SELECT card || '' AS c, salary + 1 AS s FROM cards, people", "stolen"),
    ("INSERT INTO mine SELECT salary, card FROM people", "mine"),
    ("INSERT INTO mine SELECT id, email FROM people WHERE salary > 1000", "mine"),
    ("INSERT INTO mine (word) SELECT max(card) FROM people_view", "mine"),
    ("UPDATE mine SET word = (SELECT max(card) FROM people)", "mine"),
    ("UPDATE people SET name = card", "people"),
    ("UPDATE people SET name = coalesce(email, 'none'), card = card", "people"),
    ("UPDATE people SET name = 'rich' WHERE salary > 1", "people"),
    ("UPDATE people SET id = salary", "people"),
    ("UPDATE people SET name = 'it' WHERE card = '4532993817514842'", "people"),
    ("DELETE FROM people WHERE salary > 1", "people"),
    ("DELETE FROM people WHERE card LIKE '4%' OR email LIKE 'hush%'", "people"),
    ("DELETE FROM mine WHERE id IN (SELECT salary FROM people)", "mine"),
]


@pytest.mark.parametrize(
    "sql",
    [
        *QUESTIONS,
        *(p.format(e=e, t="people") for p, e in itertools.product(PLACES, RAISING)),
        *(p.format(e=RAISING[0], t="people_view") for p in PLACES),
    ],
)
def test_a_masked_column_is_its_mask(sql):
    assert_answered(sql)


@pytest.mark.parametrize("way", RAISING)
def test_the_true_values_would_raise_if_they_were_read(way):
    assert outcome(shared("planted"), f"SELECT id, {way} FROM people", user=ADMIN)[0] == "error"


@pytest.mark.parametrize(("sql", "table"), COPIES)
def test_a_copy_of_a_masked_column_is_a_copy_of_its_mask(pair, sql, table):
    columns = "id, name" if table == "people" else "*"
    copied = f"SELECT {columns} FROM {table} ORDER BY 1, 2"
    first, second = (warehouse.ask(sql, copied) for warehouse in pair)
    assert first == second
    for word in ("453299", "524311", "601177", "424242", "987654", "77777", "secret.example"):
        assert word not in str(first)


def test_a_masking_policy_on_one_that_is_masked_already_is_not_his_to_make():
    """The policies that unmask, self-made or attached by whoever reads."""
    for sql in (
        "CREATE MASKING POLICY bare WITH (card VARCHAR(16)) USING (card)",
        'ATTACH MASKING POLICY last_four ON people(card) TO "AWSIDC:frank@example.com" PRIORITY 99',
        'DETACH MASKING POLICY last_four ON people(card) FROM ROLE "AWSIDC:amer-sales"',
        "ALTER MASKING POLICY last_four USING (card)",
        "DROP MASKING POLICY last_four",
    ):
        assert agreed(sql)[:2] == ("error", "42501"), sql


def test_masks_hold_for_a_role_that_comes_later():
    redshift = build("planted")
    assert "4532993817514842" in str(outcome(redshift, "SELECT card FROM people", user=ADMIN))
    script(redshift, 'GRANT ROLE auditor TO ROLE "AWSIDC:amer-sales"; GRANT SELECT ON people TO ROLE auditor')
    assert "4532993817514842" not in str(outcome(redshift, "SELECT card FROM people"))
