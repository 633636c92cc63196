"""SQL that wants all memory or all time: refused by its code before it takes much of either."""

import pytest

from infra.local.warehouse import SqlCancelled, SqlError
from infra.local.warehouse.database import translated_reading
from tests.infra.local.warehouse.conftest import PEOPLE

COMPLEX, SYNTAX = "54001", "42601"

TOO_MUCH = [
    (" UNION ALL ".join(["SELECT 1"] * 1_001), COMPLEX),
    (" EXCEPT ".join(["SELECT city FROM sales_data"] * 900), COMPLEX),
    ("SELECT " + "9" * 5_000, "22003"),
    ("SELECT CAST(1 AS VARCHAR(" + "9" * 5_000 + "))", "22003"),
    ("SELECT " + ", ".join(["*"] * 200) + " FROM sales_data", "54011"),
    ("SELECT '\ud800'", SYNTAX),
    # what doubles with each level or each name
    ("SELECT " + "repeat(" * 20 + "'x'" + ", 1)" * 20, COMPLEX),
    ("SELECT " + "lpad('a', length(" * 15 + "'x'" + "))" * 15, COMPLEX),
    ("SELECT " + "substring('a', length(" * 12 + "'x'" + "), length('a'))" * 12, COMPLEX),
    ("SELECT " + "decode(" * 8 + "1" + (", 1" * 20 + ")") * 8, COMPLEX),
    ("SELECT " + "avg((SELECT " * 15 + "1" + "))" * 15, COMPLEX),
    ("SELECT 1 AS a0" + "".join(f", a{n} + a{n} AS a{n + 1}" for n in range(40)), COMPLEX),
    (
        "SELECT quantity AS a0"
        + "".join(f", a{n} + a{n} AS A{n + 1}" for n in range(12))
        + " FROM sales_data WHERE "
        + " OR ".join(["a12 > 0"] * 12),
        COMPLEX,
    ),
    # text that grows without end
    ("SELECT replace(repeat('x', 60000), 'x', repeat('y', 60000))", "22001"),
    ("SELECT replace(replace(repeat('x', 60000), 'x', 'xxxxxxxx'), 'x', 'xxxxxxxx')", "22001"),
    ("SELECT regexp_replace(repeat('x', 60000), 'x', repeat('y', 60000))", "22001"),
    ("SELECT regexp_replace(repeat('x', 60000), 'x', 'xx')", "22001"),
    ("SELECT regexp_replace(repeat('x', 60000), 'x', 'yy')", "22001"),
    ("SELECT concat(repeat('x', 60000), repeat('x', 60000))", "22001"),
    ("WITH a AS (SELECT repeat(sku, 9000) AS s FROM sales_data) SELECT s || s || s FROM a", "22001"),
    (
        "WITH RECURSIVE n(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM n) SELECT max(length(s)) FROM n",
        "22001",
    ),
    ("SELECT listagg(repeat(sku, 9000), '') FROM sales_data", "22001"),
]


@pytest.mark.parametrize(("sql", "sqlstate"), TOO_MUCH)
def test_it_is_refused_by_its_code(shared, sql, sqlstate):
    with pytest.raises(SqlError) as caught:
        shared.execute(sql, user=PEOPLE["frank"])
    assert caught.value.sqlstate == sqlstate, caught.value.message


def test_a_cancelled_statement_says_so_while_its_rows_are_read():
    with pytest.raises(SqlCancelled), translated_reading():
        raise OSError("INTERRUPT Error: Interrupted!")


def test_a_result_that_is_too_large_leaves_nothing_open(shared):
    sql = "SELECT repeat(a.sku, 9000) FROM sales_data a, sales_data b"
    with pytest.raises(SqlError) as caught:
        shared.execute(sql, user=PEOPLE["ethan"])
    assert caught.value.sqlstate == "54000"


LATE = {
    "SELECT CASE WHEN n = 9000 THEN 1 / (n - 9000) ELSE 1 END FROM many": "22012",
    "SELECT CAST(CASE WHEN n = 9000 THEN 'x' ELSE '1' END AS INT) FROM many": "22P02",
    "SELECT 2147474647 + n FROM many": "22003",
    "SELECT repeat('x', 60000 + CASE WHEN n = 9000 THEN 9000 ELSE 0 END) FROM many WHERE n > 8000": "22001",
}


@pytest.mark.parametrize(("sql", "sqlstate"), LATE.items())
def test_what_fails_while_rows_are_read_has_its_code_too(shared, sql, sqlstate):
    many = """WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 20000) """
    with pytest.raises(SqlError) as caught:
        shared.execute(many + sql, user=PEOPLE["frank"])
    assert caught.value.sqlstate == sqlstate


def test_replacing_text_means_what_redshift_means(shared):
    asked = {
        "replace('a-b-c', '-', ' and ')": "a and b and c",
        "replace('abc', '', 'x')": "abc",
        "replace('aXbX', 'X', '')": "ab",
        "replace('abc', 'c', sku)": "abSKU0",
        "replace(NULL, 'a', 'bb')": None,
        "replace('a', NULL, 'bb')": None,
        "regexp_replace('a1b22', '[0-9]+', '<#>')": "a<#>b<#>",
        "regexp_replace(NULL, 'a', 'bbbb')": None,
        "'a' || sku || NULL": None,
        "sku || city || ''": "SKU0100",
    }
    columns = ", ".join(f"{text} AS c{place}" for place, text in enumerate(asked))
    sql = f"SELECT {columns} FROM sales_data WHERE city = '100' ORDER BY sku LIMIT 1"
    (row,) = shared.execute(sql, user=PEOPLE["frank"]).table.to_pylist()
    assert list(row.values()) == list(asked.values())
