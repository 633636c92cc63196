"""Forms of a query beside plain SELECTs: they show permitted rows, and open nothing else."""

# ruff: noqa: E501 - a statement a line reads better than wrapped SQL

import pytest

from tests.infra.local.warehouse.access.hostile.world import (
    ADMIN,
    assert_answered,
    assert_refused,
    outcome,
    shared,
)

DENIED, UNSUPPORTED, NO_COLUMN, SYNTAX = "42501", "0A000", "42703", "42601"

ANSWERED = [
    "SELECT * FROM (SELECT region, amount FROM orders) PIVOT (sum(amount) FOR region IN ('AMER', 'ASIA'))",
    "SELECT * FROM (SELECT region, amount FROM orders) PIVOT (count(*) FOR amount IN (1, 2, 5)) ORDER BY 1",
    "SELECT * FROM (SELECT id, 1 / (amount - 5) AS x FROM orders) PIVOT (max(x) FOR id IN (1, 101, 103))",
    "SELECT * FROM (SELECT card, id FROM people) PIVOT (count(*) FOR card IN ('XXXX4842', '4532993817514842')) ORDER BY 1",
    "SELECT * FROM (SELECT city, region FROM orders) UNPIVOT (v FOR n IN (city, region)) ORDER BY n, v",
    "SELECT n, count(*), max(v) FROM orders UNPIVOT INCLUDE NULLS (v FOR n IN (amount, balance)) GROUP BY 1 ORDER BY 1",
    "SELECT n, max(v) FROM (SELECT card, email FROM people) UNPIVOT (v FOR n IN (card, email)) GROUP BY 1 ORDER BY 1",
    "SELECT * EXCLUDE note, city, id FROM orders ORDER BY balance LIMIT 3",
    "SELECT * EXCLUDE (card) FROM people ORDER BY id",
    "SELECT * EXCLUDE (name) FROM staff ORDER BY 1",
    "SELECT region, count(*) FROM orders GROUP BY ALL ORDER BY 1",
    "SELECT salary, count(*) FROM people GROUP BY ALL ORDER BY 1",
    "SELECT count(*) FROM orders NATURAL JOIN (SELECT amount, region FROM orders) AS b",
    "SELECT count(*), count(b.city) FROM orders a, orders b WHERE a.balance = b.amount(+) AND 1 / (b.amount(+) - 5) > -10",
    "SELECT count(*) FROM orders WHERE amount = ANY (SELECT amount FROM orders WHERE city = 'Zanzibar')",
    "SELECT count(*) FROM orders WHERE amount <> ALL (SELECT amount FROM orders WHERE city = 'Zanzibar')",
    "SELECT id FROM people WHERE salary = ANY (SELECT 424242 UNION SELECT 77777)",
    "SELECT a.* FROM orders a, regions b WHERE a.region = b.name AND b.label LIKE 'A%' ORDER BY a.id",
    "SELECT * FROM files ORDER BY id",
    "SELECT f.body.word, f.body.n FROM files f ORDER BY f.id",
    "SELECT id, i.a FROM files f, f.body.items i ORDER BY 1, 2",
    "SELECT id, i.a::INT AS a FROM files f, f.body.items i ORDER BY 1, 2",
    "SELECT count(*) FROM files f, f.body.items i WHERE i.a = 'hush'",
    "SELECT max(f.body.word::VARCHAR) AS w, sum(f.body.n::INT) AS n FROM files f",
    "SELECT id, k FROM files f, UNPIVOT f.body AS v AT k ORDER BY 1, 2",
    "SELECT count(*) FROM files f WHERE is_array(f.body) OR f.body.word::VARCHAR = 'hush'",
    "SELECT count(*) FROM files f JOIN mine m ON f.body.n = m.id",
    "SELECT json_serialize(body) AS j FROM files ORDER BY id",
    "SELECT id FROM files ORDER BY json_serialize(body)",
    "SELECT id, json_typeof(f.body.n) AS t FROM files f ORDER BY 1",
]
REFUSED = [
    ("SELECT * EXCLUDE (nothing) FROM orders", NO_COLUMN),
    ("SELECT * EXCEPT (city) FROM orders", SYNTAX),
    ("SELECT * REPLACE (1 AS city) FROM orders", SYNTAX),
    ("SELECT * RENAME (city AS c) FROM orders", SYNTAX),
    ("SELECT * EXCLUDE (id) FROM secrets", DENIED),
    ("SELECT * FROM secrets PIVOT (sum(number) FOR word IN ('hush'))", DENIED),
    ("SELECT * FROM (SELECT * FROM secrets) PIVOT (sum(number) FOR word IN ('hush'))", DENIED),
    ("SELECT * FROM (SELECT name, wage FROM staff) PIVOT (sum(wage) FOR name IN ('Ann'))", DENIED),
    ("SELECT * FROM orders PIVOT (max((SELECT max(number) FROM secrets)) FOR city IN ('a'))", UNSUPPORTED),
    ("SELECT * FROM orders PIVOT (sum(amount) FOR city IN ((SELECT max(word) FROM secrets)))", SYNTAX),
    ("SELECT * FROM orders PIVOT (list(amount) FOR city IN ('a'))", UNSUPPORTED),
    ("SELECT * FROM orders PIVOT (sum(nothing) FOR city IN ('a'))", NO_COLUMN),
    ("SELECT * FROM read_text('/etc/passwd') PIVOT (count(*) FOR content IN ('a'))", UNSUPPORTED),
    ("SELECT * FROM secrets UNPIVOT (v FOR n IN (number))", DENIED),
    ("SELECT n, v FROM staff UNPIVOT (v FOR n IN (wage))", DENIED),
    ("SELECT * FROM orders UNPIVOT (v FOR n IN (nothing))", NO_COLUMN),
    ("PIVOT orders ON city USING sum(amount)", UNSUPPORTED),
    ("UNPIVOT secrets ON COLUMNS(*) INTO NAME n VALUE v", UNSUPPORTED),
    ("SELECT * FROM orders NATURAL JOIN secrets", DENIED),
    ("SELECT count(*) FROM staff NATURAL JOIN (SELECT 424242 AS wage, 1 AS id) AS b", DENIED),
    ("SELECT a.city FROM orders a, secrets b WHERE a.city = b.word(+)", DENIED),
    ("SELECT a.city(+) FROM orders a", SYNTAX),
    ("SELECT a.city FROM orders a, orders b WHERE a.city = b.city(+) OR a.amount = 1", SYNTAX),
    ("SELECT city FROM orders WHERE amount > ALL (SELECT 1)", UNSUPPORTED),
    ("SELECT city FROM orders LIMIT (SELECT max(number) FROM secrets)", UNSUPPORTED),
    ("SELECT * FROM orders, LATERAL (SELECT 1) AS x", UNSUPPORTED),
    ("SELECT * FROM orders FOR UPDATE", UNSUPPORTED),
    ("SELECT DISTINCT ON (city) city FROM orders", UNSUPPORTED),
    ("SELECT * FROM orders MATCH_RECOGNIZE (PATTERN (a) DEFINE a AS true)", SYNTAX),
    ("SELECT * FROM orders CONNECT BY id = 1", UNSUPPORTED),
    ("SELECT s FROM staff st, st.memo s", DENIED),
    ("SELECT st.id FROM staff st, st.wage s", DENIED),
    ("SELECT x FROM secrets s, s.word x", DENIED),
    ("SELECT w FROM files f, f.body.items i, secrets w", DENIED),
    ("SELECT w FROM staff, staff.wage AS w", DENIED),
    ("SELECT array(note, (SELECT max(word) FROM secrets)) FROM orders", DENIED),
    ("SELECT object('a', (SELECT max(wage) FROM staff))", DENIED),
    ("SELECT f.body.a FROM files f, f.region r", UNSUPPORTED),
    ("SELECT * FROM orders.note x", "3F000"),
    ("SELECT * FROM public.secrets.word", UNSUPPORTED),
    ("SELECT count(*) FILTER (WHERE region = 'ASIA') FROM orders", UNSUPPORTED),
    ("SELECT sum(amount) OVER w FROM orders WINDOW w AS (ORDER BY id)", UNSUPPORTED),
]


@pytest.mark.parametrize("sql", ANSWERED)
def test_it_answers_from_the_permitted_rows(sql):
    assert_answered(sql)


@pytest.mark.parametrize(("sql", "sqlstate"), REFUSED)
def test_it_is_refused_by_its_code(sql, sqlstate):
    assert_refused(sql, sqlstate)


def test_the_forms_would_tell_of_hidden_rows_to_who_sees_them():
    for sql in (*ANSWERED[:6], *ANSWERED[-12:-8]):
        assert outcome(shared("planted"), sql, user=ADMIN) != outcome(shared("planted"), sql), sql
