"""What DuckDB would answer and Redshift refuses, and what the forms of its queries mean."""

# ruff: noqa: DTZ001, E501 - Redshift's TIMESTAMP has no zone; a statement a line reads better

import threading
from datetime import datetime, time

import pytest

from infra.local.warehouse import Cancellation, SqlCancelled, SqlError
from tests.infra.local.warehouse.conftest import ADMIN, PEOPLE, run


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM sales_data a JOIN sales_data b",
        "SELECT 1 FROM sales_data a INNER JOIN sales_data b",
        "SELECT 1 FROM sales_data a LEFT JOIN sales_data b",
        "SELECT 1 FROM sales_data a FULL OUTER JOIN sales_data b WHERE a.quantity = b.quantity",
        "SELECT 1 FROM sales_data a JOIN sales_data b, sales_data c",
        "SELECT 1 FROM sales_data a JOIN sales_data b JOIN sales_data c ON b.quantity = c.quantity",
        "SELECT 1 EXCEPT ALL SELECT 2",
        "SELECT 1 INTERSECT ALL SELECT 2",
        "SELECT sum(quantity) OVER (ORDER BY quantity) FROM sales_data",
        "SELECT count(*) OVER (PARTITION BY city ORDER BY quantity) FROM sales_data",
        "SELECT first_value(quantity) OVER (ORDER BY quantity) FROM sales_data",
        "SELECT last_value(quantity IGNORE NULLS) OVER (ORDER BY quantity) FROM sales_data",
        "SELECT sum(quantity) OVER (ORDER BY quantity RANGE UNBOUNDED PRECEDING) FROM sales_data",
        "SELECT sum(quantity) OVER (ORDER BY quantity GROUPS UNBOUNDED PRECEDING) FROM sales_data",
    ],
)
def test_what_duckdb_would_take_and_redshift_does_not_is_a_syntax_error(shared, sql):
    with pytest.raises(SqlError) as caught:
        shared.execute(sql, user=ADMIN)
    assert caught.value.sqlstate == "42601"


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("SELECT quantity FROM sales_data QUALIFY row_number() OVER (ORDER BY sku) = 1", "42601"),
        ("SELECT quantity FROM sales_data s QUALIFY quantity = 1", "0A000"),
        ("(SELECT 1 LIMIT 1) UNION SELECT 2", "0A000"),
        ("SELECT 1 UNION ALL (SELECT 2 OFFSET 1)", "0A000"),
        ("SELECT quantity FROM sales_data UNION SELECT city FROM sales_data", "42804"),
        ("SELECT 1 UNION SELECT 'x'", "22P02"),
        ("SELECT 1, 2 UNION SELECT 1", "42601"),
        ("SELECT CASE WHEN quantity = 1 THEN quantity ELSE city END FROM sales_data", "42804"),
        ("SELECT CASE WHEN quantity = 1 THEN quantity ELSE 'x' END FROM sales_data", "22P02"),
        ("SELECT (quantity = 1) IS TRUE FROM sales_data", "0A000"),
        ("SELECT quantity FROM sales_data ORDER BY 'quantity'", "42601"),
        ("SELECT quantity FROM sales_data ORDER BY 2", "42P10"),
        ("SELECT quantity FROM sales_data LIMIT 1 + 1", "0A000"),
        ("SELECT quantity FROM sales_data LIMIT 3000000000", "22003"),
        ("SELECT TOP 1 quantity FROM sales_data LIMIT 1", "42601"),
        ("SELECT count(DISTINCT quantity, city) FROM sales_data", "42883"),
        ("SELECT a FROM sales_data AS s (a)", "0A000"),
        ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT 1 FROM n", "42601"),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n) SELECT 1 FROM n", "42601"),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n LIMIT 3) SELECT 1 FROM n", "42601"),
        ("SELECT 1 FROM (WITH RECURSIVE n(i) AS (SELECT 1) SELECT i FROM n) AS t", "42601"),
        (
            "SELECT 1 FROM sales_data GROUP BY CUBE (sku, city, country, timezone, quantity, latitude, elevation)",
            "54000",
        ),
        ("SELECT 1 FROM sales_data GROUP BY ROLLUP (sku, 1)", "42803"),
        ("SELECT 1 FROM sales_data GROUP BY ROLLUP (sku, sku)", "42803"),
        ("SELECT 1 FROM sales_data GROUP BY GROUPING SETS ((sku, sku), ())", "42803"),
        ("SELECT city FROM sales_data GROUP BY ALL, city", "42601"),
        ("SELECT 1 WHERE (1, 2) = (1, 2, 3)", "42601"),
        ("SELECT 1 WHERE (1, 2) < (1, 3)", "0A000"),
        ("SELECT 1 WHERE (1, 2) NOT IN (SELECT 1, 2)", "0A000"),
        ("SELECT 1 WHERE (1, 2) IN (SELECT 1)", "42601"),
        ("SELECT 1.5::BOOLEAN", "42846"),
        ("SELECT true::VARCHAR", "42846"),
        ("SELECT DATE '2024-01-01' + INTERVAL '1 month' DAY", "22007"),
        ("SELECT DATE '2024-01-01' + INTERVAL '1' DAY TO YEAR", "0A000"),
        ("SELECT 'a' LIKE 'a' ESCAPE '##'", "42601"),
        ("SELECT * EXCLUDE (sku), city FROM sales_data", "42601"),
        ("SELECT city, * EXCLUDE (sku) FROM sales_data", "0A000"),
    ],
)
def test_redshifts_own_rules_for_queries(shared, sql, sqlstate):
    with pytest.raises(SqlError) as caught:
        shared.execute(sql, user=ADMIN)
    assert caught.value.sqlstate == sqlstate, caught.value.message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM sales_data a WHERE EXISTS (SELECT 1 FROM sales_data b WHERE EXISTS (SELECT 1 FROM sales_data c WHERE c.sku = a.sku))",
        "SELECT 1 FROM sales_data a LEFT JOIN sales_data b ON a.sku = b.sku AND b.quantity = (SELECT max(c.quantity) FROM sales_data c WHERE c.sku = b.sku)",
        "SELECT 1 FROM sales_data a WHERE quantity NOT IN (SELECT sum(quantity) OVER () FROM sales_data b WHERE a.sku = b.sku)",
        "SELECT sku, (SELECT count(*) FROM sales_data b WHERE a.sku = b.sku) AS n FROM sales_data a GROUP BY n, sku",
        "SELECT 1 FROM sales_data a WHERE quantity IN (SELECT sum(quantity) FROM sales_data b WHERE a.sku = b.sku GROUP BY city)",
    ],
)
def test_correlated_subqueries_that_redshift_documents_as_not_supported(shared, sql):
    with pytest.raises(SqlError, match="This type of correlated subquery pattern is not supported yet"):
        shared.execute(sql, user=ADMIN)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) FROM sales_data a WHERE quantity = (SELECT max(b.quantity) FROM sales_data b WHERE a.sku = b.sku)", None),
        ("SELECT a FROM (SELECT 1 AS a, NULL::INT AS b) AS t WHERE (a, b) IN ((1, 2))", []),
        ("SELECT a FROM (SELECT 1 AS a, NULL::INT AS b) AS t WHERE (a, b) NOT IN ((1, 2))", []),
        ("SELECT a FROM (SELECT 1 AS a, NULL::INT AS b) AS t WHERE (a, b) NOT IN ((2, 2))", [(1,)]),
        ("SELECT a FROM (SELECT 1 AS a, 2 AS b) AS t WHERE (a, b) = (1, 2) AND (a, b) <> (1, 3)", [(1,)]),
        ("SELECT a FROM (SELECT 1 AS a, 2 AS b) AS t WHERE (a, b) IN (SELECT 1, 2 UNION SELECT 3, 4)", [(1,)]),
        ("SELECT 1 AS a UNION SELECT '2' ORDER BY 1", [(1,), (2,)]),
        ("SELECT CASE WHEN true THEN 1 ELSE '2' END", [(1,)]),
        ("SELECT 'ÀB' ILIKE 'àb', 'AB' ILIKE 'a^B' ESCAPE '^', 'a%' SIMILAR TO '[a-c]^%' ESCAPE '^'", [(False, True, True)]),
        ("SELECT 'ab' SIMILAR TO '[^b]b', 'a.c' SIMILAR TO 'a.c', 'abc' SIMILAR TO 'a.c'", [(True, True, False)]),
        ("SELECT len('ab  '::CHAR(4)), 'abc'::CHAR, 'ab  '::CHAR(4) = 'ab'", [(2, "a", True)]),
        ("SELECT TIME '12:30' > '09:00', '2024-01-01 10:11:12'::TIMESTAMP::TIME", [(True, time(10, 11, 12))]),
        ("SELECT DATE '2024-01-31' + INTERVAL '1-1' YEAR TO MONTH, DATE '2024-01-01' + INTERVAL '1 02:03:04' DAY TO SECOND",
         [(datetime(2025, 2, 28), datetime(2024, 1, 2, 2, 3, 4))]),
        ("SELECT DATE '2024-01-01' + INTERVAL '13 days 5 hours' DAY, DATE '2024-01-01' - INTERVAL '90' MINUTE",
         [(datetime(2024, 1, 14), datetime(2023, 12, 31, 22, 30))]),
        ("SELECT DATE '2024-01-01' + INTERVAL '1-11' YEAR", [(datetime(2025, 1, 1),)]),
        ("SELECT DATE '2024-01-01' + '5 days'::INTERVAL", None),
    ],
)  # fmt: skip
def test_what_queries_mean(shared, sql, expected):
    table = shared.execute(sql, user=ADMIN).table
    found = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    assert found == expected if expected is not None else found


def test_a_recursive_query_without_end_can_be_cancelled(shared):
    cancel = Cancellation()
    threading.Timer(0.2, cancel.cancel).start()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1::BIGINT UNION ALL SELECT i FROM n) SELECT count(*) FROM n"
    with pytest.raises(SqlCancelled):
        shared.execute(endless, user=ADMIN, cancel=cancel)


def test_a_natural_join_takes_the_columns_that_its_reader_does_not_see(redshift):
    run(
        redshift,
        """CREATE TABLE one (a INT, b INT, c INT); INSERT INTO one VALUES (1, 2, 3);
        CREATE TABLE two (a INT, b INT, d INT); INSERT INTO two VALUES (1, 5, 4);
        GRANT SELECT (a, c) ON one TO ROLE "AWSIDC:amer-sales"; GRANT SELECT (a, d) ON two TO ROLE "AWSIDC:amer-sales" """,
    )
    with pytest.raises(SqlError, match="permission denied for relation"):
        redshift.execute("SELECT c, d FROM one NATURAL JOIN two", user=PEOPLE["frank"])
    assert redshift.execute("SELECT c, d FROM one NATURAL JOIN two", user=ADMIN).table.num_rows == 0
    with pytest.raises(SqlError, match="permission denied for relation one"):
        redshift.execute("SELECT * EXCLUDE (b) FROM one", user=PEOPLE["frank"])
    with pytest.raises(SqlError, match="permission denied for relation one"):
        redshift.execute("SELECT * FROM one UNPIVOT (v FOR n IN (a, b))", user=PEOPLE["frank"])
    with pytest.raises(SqlError, match="permission denied for relation one"):
        redshift.execute("SELECT * FROM one PIVOT (sum(c) FOR b IN (2))", user=PEOPLE["frank"])
    seen = redshift.execute("SELECT * FROM one PIVOT (sum(c) FOR a IN (1))", user=PEOPLE["frank"])
    assert seen.table.to_pylist() == [{"1": 3}]


def test_blanks_at_the_end_of_what_is_compared_do_not_count(shared):
    sql = "SELECT count(*) FROM sales_data WHERE city = :city"
    counts = [
        shared.execute(sql, user=ADMIN, parameters={"city": city}).table.to_pylist()
        for city in ("100", "100  ", " 100", "100 ")
    ]
    assert counts == [[{"count": 48}], [{"count": 48}], [{"count": 0}], [{"count": 48}]]


def test_blanks_that_a_column_has_no_room_for_are_cut(empty):
    run(
        empty,
        "CREATE TABLE t (c CHAR(3), v VARCHAR(3)); INSERT INTO t VALUES ('a   ', 'é      '), ('abc  ', 'abc ')",
    )
    found = empty.execute(
        "SELECT c, v, len(c) AS m, len(v) AS n FROM t ORDER BY 1", user=ADMIN
    ).table.to_pylist()
    assert [tuple(row.values()) for row in found] == [("a", "é ", 1, 2), ("abc", "abc", 3, 3)]
    for values in ("('abcd', '')", "('', 'abcd')", "('', 'abc e')"):
        with pytest.raises(SqlError, match="value too long"):
            run(empty, f"INSERT INTO t VALUES {values}")
