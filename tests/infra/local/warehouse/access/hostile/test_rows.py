"""Error side channels: what would raise on a hidden row, wherever it stands, is computed on Frank's alone."""

# ruff: noqa: E501 - a statement a line reads better than wrapped SQL

import itertools

import pytest

from tests.infra.local.warehouse.access.hostile.world import (
    ADMIN,
    agreed,
    assert_answered,
    outcome,
    shared,
)

# Each raises on at least one row that Frank may not see, and on none that he sees.
RAISING = [
    "1 / (amount - 5)",
    "amount % (amount - 5)",
    "mod(id, amount - 5)",
    "1.0 / (amount - 5)",
    "1 / (price - 999.99)",
    "ceil(balance / (amount - 5.0))",
    "CAST(code AS INT)",
    "code::BIGINT",
    "code::DECIMAL(10,2)",
    "code::FLOAT8",
    "CAST(amount AS SMALLINT)",
    "CAST(price AS DECIMAL(4,2))",
    "amount * 1000000",
    "amount + 2147483000",
    "-amount * 2",
    "abs(amount) + 1",
    "price * price * price * price",
    "sqrt(balance)",
    "ln(balance)",
    "dlog10(balance)",
    "acos(balance / 25.0)",
    "day::DATE",
    "CAST(day AS TIMESTAMP)",
    "to_date(day, 'YYYY-MM-DD')",
    "to_timestamp(day, 'YYYY-MM-DD')",
    "date_trunc('month', day::DATE)",
    "datediff(day, day::DATE, '2024-01-01')",
    "to_char(day::DATE, 'YYYY')",
    "dateadd(month, amount, '2024-01-01'::DATE)",
    "add_months('2024-01-01', amount)",
    "'2024-01-01'::DATE + amount",
    "lpad(note, amount, 'x')",
    "rpad(note, amount)",
    "repeat(note, amount)",
    "split_part(note, ' ', amount)",
    "to_number(code, '99999')",
    "strtol(code, 10)",
    "note ~ pattern",
    "convert_timezone(zone, 'UTC', '2024-01-01 00:00:00'::TIMESTAMP)",
    "CASE WHEN city = 'Zanzibar' THEN 1 / 0 ELSE 1 END",
    "CASE amount WHEN 5 THEN 'x'::INT ELSE 1 END",
    "decode(amount, 5, 1 / (amount - 5), 1)",
    "nvl2(nullif(amount, 5), 1, 1 / (amount - 5))",
    "coalesce(nullif(amount, 5), 1 / (amount - 5))",
    "greatest(amount, CAST(nullif(code, '') AS INT))",
    "(SELECT 1 / (amount - 5))",
    "ascii(code) / (amount - 5)",
    "strpos(note, city) / (amount - 5)",
    "json_extract_path_text(doc, 'a')",
    "json_serialize(json_parse(doc))",
    "json_parse(doc).a::INT",
]

PLACES = [
    "SELECT id, {e} AS x FROM orders ORDER BY 1",
    "SELECT count(*) FROM orders WHERE {e} IS NOT NULL",
    "SELECT count(*) FROM orders WHERE region LIKE '%' AND ({e} IS NULL OR id > 0)",
    "SELECT count({e}) FROM orders",
    "SELECT count(DISTINCT {e}), min({e}), max({e}) FROM orders",
    "SELECT count(CASE WHEN {e} IS NOT NULL THEN 1 END) FROM orders",
    "SELECT {e} AS x, count(*) FROM orders GROUP BY 1 ORDER BY 1, 2",
    "SELECT region, count(*) FROM orders GROUP BY region, {e} ORDER BY 1, 2",
    "SELECT region FROM orders GROUP BY region HAVING max({e}) IS NOT NULL",
    "SELECT id FROM orders ORDER BY {e}, id",
    "SELECT DISTINCT {e} AS x FROM orders ORDER BY 1",
    "SELECT id, row_number() OVER (PARTITION BY region ORDER BY {e}, id) AS n FROM orders ORDER BY 1",
    "SELECT id, count(*) OVER (PARTITION BY {e}) AS n FROM orders ORDER BY 1",
    "SELECT id, max({e}) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS x FROM orders ORDER BY 1",
    "SELECT count(*) FROM regions r JOIN orders ON orders.region = r.name AND {e} IS NOT NULL",
    "SELECT r.name, count(id) FROM regions r LEFT JOIN orders ON {e} IS NOT NULL GROUP BY 1 ORDER BY 1",
    "SELECT r.name FROM regions r WHERE EXISTS (SELECT 1 FROM orders WHERE orders.region = r.name AND {e} IS NOT NULL) ORDER BY 1",
    "SELECT r.name, (SELECT count({e}) FROM orders WHERE orders.region = r.name) AS n FROM regions r ORDER BY 1",
    "SELECT count(*) FROM regions WHERE name IN (SELECT region FROM orders WHERE {e} IS NOT NULL)",
    "SELECT count(*) FROM (SELECT id, {e} AS x FROM orders) AS t WHERE x IS NOT NULL",
    "WITH t AS (SELECT id, {e} AS x FROM orders) SELECT count(x) FROM t WHERE id > 0",
    "SELECT {e} AS x FROM orders UNION SELECT {e} FROM orders ORDER BY 1",
    "SELECT count({e}) FROM orders_view",
    "SELECT count(*) FROM orders_view WHERE {e} IS NOT NULL AND region LIKE 'A%'",
    "SELECT count(*) FROM orders_late WHERE {e} IS NOT NULL",
]
# Every way to raise in the plainest places, and every place with three ways.
_PLAIN, _WAYS = (PLACES[0], PLACES[2]), (RAISING[0], RAISING[6], RAISING[23])
RAISING_QUESTIONS = list(
    dict.fromkeys(
        place.format(e=way)
        for place, way in [*itertools.product(_PLAIN, RAISING), *itertools.product(PLACES, _WAYS)]
    )
)

# Other questions that touch the hidden rows, if they are let.
QUESTIONS = [
    "SELECT count(*) FROM orders",
    "SELECT count(*) FROM orders WHERE region <> 'AMER' OR true",
    "SELECT count(*) FROM orders WHERE NOT (region = 'AMER')",
    "SELECT count(*) FROM orders WHERE region = 'ASIA' OR id = 101 OR note = 'whisper'",
    "SELECT count(*) FROM orders WHERE (region = 'AMER') = false",
    "SELECT count(*) FROM orders WHERE region IS NULL OR region NOT IN ('AMER')",
    "SELECT count(*) FROM orders WHERE city LIKE 'Zan%' OR city LIKE 'Za\\\\_%' OR city ILIKE '%ZIBAR'",
    "SELECT max(id), min(amount), max(price), max(note), sum(balance), avg(balance) FROM orders",
    "SELECT max(amount) - min(amount) AS spread FROM orders",
    "SELECT region FROM orders UNION SELECT region FROM orders_view ORDER BY 1",
    "SELECT name FROM regions EXCEPT SELECT region FROM orders ORDER BY 1",
    "SELECT name FROM regions INTERSECT SELECT region FROM orders ORDER BY 1",
    "SELECT name FROM regions WHERE name NOT IN (SELECT region FROM orders) ORDER BY 1",
    "SELECT name FROM regions r WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.region = r.name) ORDER BY 1",
    "SELECT r.name, o.id FROM regions r LEFT JOIN orders o ON o.region = r.name ORDER BY 1, 2",
    "SELECT r.name, o.id FROM orders o RIGHT JOIN regions r ON o.region <> r.name ORDER BY 1, 2",
    "SELECT r.name, o.id FROM orders o FULL JOIN regions r ON o.region = r.name ORDER BY 1, 2",
    "SELECT count(*) FROM orders a CROSS JOIN orders b",
    "SELECT count(*) FROM orders a JOIN orders b ON a.city = b.city AND a.region <> b.region",
    "SELECT word, (SELECT count(*) FROM orders WHERE city = word) AS n FROM mine ORDER BY 1",
    "SELECT (SELECT max(note) FROM orders WHERE region = 'ASIA') AS x",
    "SELECT (SELECT count(*) FROM orders o2 WHERE o2.amount > o.amount) AS higher, id FROM orders o ORDER BY 2",
    "SELECT id, rank() OVER (ORDER BY amount DESC) AS r FROM orders ORDER BY 1",
    "SELECT id, lag(city) OVER (ORDER BY id DESC) AS before, lead(note) OVER (ORDER BY id) AS after FROM orders ORDER BY 1",
    "SELECT id, last_value(city) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS l FROM orders ORDER BY 1",
    "SELECT id, ntile(2) OVER (ORDER BY amount, id) AS n FROM orders ORDER BY 1",
    "SELECT id, percent_rank() OVER (ORDER BY price) AS p FROM orders ORDER BY 1",
    "SELECT id, sum(amount) OVER () AS s FROM orders ORDER BY 1",
    "SELECT id FROM orders o QUALIFY row_number() OVER (ORDER BY amount DESC, id) = 1",
    "SELECT listagg(city, ',') WITHIN GROUP (ORDER BY id) AS l FROM orders",
    "SELECT median(price) AS m, percentile_cont(0.99) WITHIN GROUP (ORDER BY price) AS p FROM orders",
    "SELECT approximate count(DISTINCT city) FROM orders",
    "SELECT stddev_samp(amount) AS s, var_pop(amount) AS v FROM orders",
    "SELECT bool_or(region = 'ASIA') AS b, bool_and(region = 'AMER') AS c FROM orders",
    "SELECT city, region, grouping(city) AS g, count(*) FROM orders GROUP BY ROLLUP (city, region) ORDER BY 1, 2, 3",
    "SELECT city, region, count(*) FROM orders GROUP BY CUBE (city, region) ORDER BY 1, 2, 3",
    "SELECT city, count(*) FROM orders GROUP BY GROUPING SETS ((city), ()) ORDER BY 1, 2",
    "SELECT id FROM orders ORDER BY id DESC LIMIT 1",
    "SELECT id FROM orders ORDER BY amount DESC, id LIMIT 3 OFFSET 4",
    "SELECT TOP 2 id FROM orders ORDER BY id DESC",
    "WITH orders AS (SELECT * FROM orders) SELECT count(*) FROM orders",
    "WITH orders AS (SELECT * FROM public.orders WHERE region = 'ASIA') SELECT count(*) FROM orders",
    "WITH a AS (SELECT * FROM orders), b AS (SELECT * FROM a UNION ALL SELECT * FROM a) SELECT count(*) FROM b",
    "WITH RECURSIVE t(n, c) AS (SELECT min(id), max(city) FROM orders UNION ALL SELECT n + 1, c FROM t WHERE n < 9) SELECT max(n), max(c) FROM t",
    "WITH RECURSIVE t(n) AS (SELECT id FROM orders UNION ALL SELECT n - 1 FROM t WHERE n > 100) SELECT count(*), max(n) FROM t",
    "SELECT count(*) FROM dev.public.orders",
    'SELECT count(*) FROM "PUBLIC"."Orders"',
    'SELECT count("ID"), max("City") FROM "ORDERS"',
    "SELECT count(*) FROM orders AS own_region",
    "SELECT region.id FROM orders AS region ORDER BY 1",
    "SELECT r.region, count(*) FROM orders AS r GROUP BY 1",
    "SELECT 'AMER' AS region, city FROM orders ORDER BY 2",
    "SELECT x.region FROM (SELECT 'AMER' AS region, id FROM orders) AS x WHERE x.id > 100",
    "SELECT * FROM lima ORDER BY id",
    "SELECT count(*) FROM lima WHERE 1 / (amount - 5) IS NOT NULL AND note <> 'xylophone'",
    "SELECT a.id, b.id FROM lima a JOIN orders_view b ON a.region <> b.region ORDER BY 1, 2",
    "SELECT count(*), max(id) FROM orders_late",
    "SELECT n FROM secret_count",
    "SELECT * FROM cheap ORDER BY id",
    "SELECT count(*) FROM cheap WHERE 1 / (amount - 77777) IS NOT NULL",
    "SELECT id FROM cheap WHERE word::INT > 0 ORDER BY 1",
    "SELECT max(word::INT) FROM cheap",
    "SELECT c.id FROM cheap c JOIN regions r ON c.word::INT > 0 ORDER BY 1",
    "SELECT r.name FROM regions r LEFT JOIN cheap c ON 1 / (c.amount - 424242) = 0 ORDER BY 1",
    "SELECT c.id, count(*) OVER (PARTITION BY c.word::INT) AS n FROM cheap c ORDER BY 1",
    "WITH t AS (SELECT word::INT AS n FROM cheap) SELECT count(*) FROM t WHERE n > 0",
]

# Whether Frank's own rows raise depends on what is computed first; what is hidden must not decide that.
ORDER_OF_EVALUATION = [
    *(f"SELECT count(*) FROM orders WHERE note::INT = 1 AND id > {n}" for n in (5, 99, 103, 104, 105, 1000)),
    *(f"SELECT count(*) FROM orders WHERE note::INT = 1 AND amount < {n}" for n in (-77777, -77776, 0)),
    *(f"SELECT count(*) FROM orders WHERE note::INT = 1 AND price > {n}" for n in (999, 987654, 987655)),
    *(
        f"SELECT count(*) FROM orders WHERE note::INT = 1 AND region > '{r}'"
        for r in ("AMER", "EURN", "EURO")
    ),
    "SELECT count(*) FROM orders WHERE note::INT = 1 AND region = 'ASIA'",
    "SELECT count(*) FROM orders WHERE note::INT = 1 AND region = 'Nowhere'",
    "SELECT count(*) FROM orders_view WHERE note::INT = 1 AND id > 103",
    "SELECT count(*) FROM orders_late WHERE note::INT = 1 AND id > 103",
    "SELECT count(*) FROM lima WHERE note::INT = 1 AND id > 103",
    "SELECT count(*) FROM cheap WHERE (word || 'x')::INT = 1 AND amount > 77776",
    "SELECT count(*) FROM people WHERE name::INT = 1 AND salary > 987653",
    "SELECT count(*) FROM people WHERE name::INT = 1 AND card LIKE '4%'",
    "SELECT count(*) FROM people WHERE name::INT = 1 AND email IS NOT NULL",
    "SELECT count(*) FROM orders o JOIN regions r ON o.region = r.name WHERE r.label::INT = 1 AND o.id > 103",
    "SELECT count(*) FROM regions r JOIN orders o ON r.label::INT = o.id WHERE o.id > 103",
    "SELECT r.label::INT FROM regions r, orders o WHERE o.id > 103",
    "SELECT count(*) FROM mine m, regions r, orders o WHERE r.label::INT = m.id AND o.id > 5 AND m.id = o.id",
    "SELECT id FROM orders WHERE id > 103 ORDER BY note::INT",
    "SELECT count(n) FROM (SELECT note::INT AS n, id FROM orders) t WHERE id > 103",
    "SELECT count(*) FROM (SELECT max(note::INT) AS n, id FROM orders GROUP BY id) t WHERE id > 103",
    "SELECT count(*) FROM regions WHERE label::INT = (SELECT count(*) FROM orders WHERE id > 103)",
    "SELECT count(*) FROM regions r WHERE EXISTS (SELECT 1 FROM orders WHERE id > 103 AND note::INT = 1)",
    "SELECT CASE WHEN id > 103 THEN note::INT ELSE 1 END AS x FROM orders ORDER BY 1",
]

_NOT_SURE = [
    "json_extract_path_text(doc, 'a', true)",
    "json_array_length(doc)",
    "json_extract_array_element_text(doc, amount)",
    "is_valid_json(doc)",
    "doc::SUPER",
    "factorial(amount)",
    "power(balance, 0.5)",
    "exp(amount)",
    "round(price, amount)",
    "substring(note, 1, amount)",
    "left(note, amount)",
    "chr(amount)",
    "to_hex(amount)",
    "from_hex(code)",
    "sha2(note, amount)",
    "regexp_substr(note, pattern)",
    "regexp_replace(note, pattern, 'x')",
    "note SIMILAR TO pattern",
    "note LIKE pattern ESCAPE 'n'",
    "ratio_to_report(amount) OVER ()",
    "code::BOOLEAN",
    "interval '1 day' * amount",
    "code::TIME",
    "array(amount, id)",
]
# Answered or refused, as the stand-in comes to know them.
UNDECIDED = [
    *ORDER_OF_EVALUATION,
    *(f"SELECT id, {way} FROM orders ORDER BY 1" for way in _NOT_SURE),
    "SELECT * FROM (SELECT region, amount FROM orders) PIVOT (sum(amount) FOR region IN ('AMER', 'ASIA'))",
    "SELECT * FROM orders PIVOT (count(*) FOR city IN ('Lima', 'Zanzibar')) ORDER BY id",
    "SELECT id FROM orders LIMIT (SELECT max(amount) FROM orders)",
    "SELECT id FROM orders ORDER BY id OFFSET (SELECT count(*) FROM orders WHERE region = 'ASIA')",
    "SELECT * FROM orders a, orders b WHERE a.city = b.city(+)",
    "SELECT count(*) FROM orders WHERE (region, city) IN (SELECT 'ASIA', 'Zanzibar')",
    "SELECT count(*) FROM orders, LATERAL (SELECT 1 / (orders.amount - 5)) AS x",
]


@pytest.mark.parametrize("sql", [*RAISING_QUESTIONS, *QUESTIONS])
def test_the_answer_is_that_of_the_permitted_rows_alone(sql):
    assert_answered(sql)


@pytest.mark.parametrize("sql", UNDECIDED)
def test_what_is_hidden_does_not_decide(sql):
    assert agreed(sql)[0] in ("rows", "error")


@pytest.mark.parametrize("way", RAISING)
def test_the_hidden_rows_would_raise_if_they_were_read(way):
    assert outcome(shared("planted"), f"SELECT id, {way} FROM orders", user=ADMIN)[0] == "error"
