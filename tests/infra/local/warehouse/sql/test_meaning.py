"""Redshift's meaning of expressions, where DuckDB's own would differ."""

# ruff: noqa: DTZ001, E501 - Redshift's TIMESTAMP has no zone; a statement a line reads better

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from infra.local.warehouse import ParameterError, SqlError
from tests.infra.local.warehouse.conftest import ADMIN, PEOPLE, run

D = Decimal
VALUES = [
    ("5 / 2", 2, "int4"),
    ("-5 / 2", -2, "int4"),
    ("5 / 2 * 2.0", D("4.0"), "numeric"),
    ("5.0 / 2", D("2.5000"), "numeric"),
    ("1::DECIMAL(10,2) / 3::DECIMAL(10,2)", D("0.33333333333"), "numeric"),
    ("2::DECIMAL(38,2) / 3", D("0.6666"), "numeric"),
    ("5::FLOAT / 2", 2.5, "float8"),
    ("5::REAL / 2::REAL", 2.5, "float8"),
    ("5::SMALLINT / 2::SMALLINT", 2, "int2"),
    ("7 % 4", 3, "int4"),
    ("2 * 1.25", D("2.50"), "numeric"),
    ("'7' / 2", 3, "int4"),
    ("3000000000", 3000000000, "int8"),
    ("1e3", 1000.0, "float8"),
    ("1.5::DECIMAL", D(2), "numeric"),
    ("2.345::DECIMAL(10,2)", D("2.35"), "numeric"),
    ("'abc'::VARCHAR(2)", "ab", "varchar"),
    ("CAST(12 AS VARCHAR)", "12", "varchar"),
    ("CONVERT(INT, '12')", 12, "int4"),
    ("TRY_CAST('x' AS INT)", None, "int4"),
    ("TRY_CAST('5.7' AS INT)", None, "int4"),
    ("' 5 '::INT", 5, "int4"),
    ("'-5'::SMALLINT", -5, "int2"),
    ("NULL::BIGINT", None, "int8"),
    ("nvl(NULL, 3)", 3, "int4"),
    ("nvl2(NULL, 1, 2)", 2, "int4"),
    ("coalesce(NULL, 'x')", "x", "varchar"),
    ("decode(NULL, NULL, 'none', 'some')", "none", "varchar"),
    ("decode(3, 1, 'a', 2, 'b')", None, "varchar"),
    ("nullif(1, 1)", None, "int4"),
    ("greatest(1, NULL, 3)", 3, "int4"),
    ("least(4, 2)", 2, "int4"),
    ("'a' || NULL", None, "varchar"),
    ("concat('a', NULL)", None, "varchar"),
    ("concat('a', 1)", "a1", "varchar"),
    ("len('héllo')", 5, "int4"),
    ("charindex('l', 'hello')", 3, "int4"),
    ("strpos('hello', 'l')", 3, "int4"),
    ("position('l' IN 'hello')", 3, "int4"),
    ("left('hello', 2)", "he", "varchar"),
    ("right('hello', 2)", "lo", "varchar"),
    ("substring('hello', 2, 3)", "ell", "varchar"),
    ("substring('hello', 0, 3)", "he", "varchar"),
    ("substring('hello', -1, 3)", "h", "varchar"),
    ("substring('hello' FROM 2 FOR 2)", "el", "varchar"),
    ("trim(BOTH 'x' FROM 'xax')", "a", "varchar"),
    ("trim('  a ')", "a", "varchar"),
    ("btrim('xax', 'x')", "a", "varchar"),
    ("lpad('7', 3, '0')", "007", "varchar"),
    ("rpad('7', 3)", "7  ", "varchar"),
    ("repeat('ab', 2)", "abab", "varchar"),
    ("split_part('a,b', ',', 2)", "b", "varchar"),
    ("regexp_substr('abc', 'x')", "", "varchar"),
    ("regexp_replace('aXbX', 'X', '-')", "a-b-", "varchar"),
    ("regexp_count('abab', 'b')", 2, "int4"),
    ("'abc' SIMILAR TO 'a%'", True, "bool"),
    ("'abc' SIMILAR TO '(x|a)b_'", True, "bool"),
    ("'abc' SIMILAR TO 'b'", False, "bool"),
    ("'a.c' SIMILAR TO 'a.c' AND NOT 'abc' SIMILAR TO 'a.c'", True, "bool"),
    ("'abc' ~ '^A'", False, "bool"),
    ("'abc' ~* '^A' AND 'abc' !~* '^B'", True, "bool"),
    ("'ABC' ILIKE 'a%'", True, "bool"),
    (r"'a%b' LIKE 'a\\%b'", True, "bool"),
    (r"'axb' LIKE 'a\\%b'", False, "bool"),
    ("'axb' NOT LIKE 'a%'", False, "bool"),
    ("'a_b' LIKE 'a^_b' ESCAPE '^'", True, "bool"),
    ("'B' < 'a'", True, "bool"),
    ("round(2.567, 1)", D("2.6"), "numeric"),
    ("trunc(2.567, 1)", D("2.5"), "numeric"),
    ("trunc(2.567)", D(2), "numeric"),
    ("ceil(2.1)", D(3), "numeric"),
    ("abs(-3)", 3, "int4"),
    ("mod(7, 4)", 3, "int4"),
    ("power(2, 3)", 8.0, "float8"),
    ("log(100)", 2.0, "float8"),
    ("sign(-2)", -1, "int4"),
    ("dateadd(day, 1, '2024-01-31')", datetime(2024, 2, 1), "timestamp"),
    ("dateadd('month', 1, DATE '2024-01-31')", datetime(2024, 2, 29), "timestamp"),
    ("dateadd(quarter, -1, DATE '2024-01-31')", datetime(2023, 10, 31), "timestamp"),
    ("dateadd(week, 2, DATE '2024-01-01')", datetime(2024, 1, 15), "timestamp"),
    ("datediff(day, '2024-01-01 23:00', '2024-01-02 01:00')", 1, "int8"),
    ("datediff(month, DATE '2024-01-31', DATE '2024-02-01')", 1, "int8"),
    ("datediff(qtr, DATE '2024-01-01', DATE '2024-12-31')", 3, "int8"),
    ("date_trunc('month', DATE '2024-02-10')", datetime(2024, 2, 1), "timestamp"),
    ("date_trunc('week', DATE '2024-02-10')", datetime(2024, 2, 5), "timestamp"),
    ("date_part(dow, DATE '2024-02-11')", 0.0, "float8"),
    ("extract(year FROM DATE '2024-02-10')", 2024, "int4"),
    ("extract(epoch FROM TIMESTAMP '2024-01-01 00:00:00')", 1704067200, "int8"),
    (
        "convert_timezone('America/Lima', TIMESTAMP '2024-07-01 12:00:00')",
        datetime(2024, 7, 1, 7),
        "timestamp",
    ),
    (
        "convert_timezone('Asia/Tokyo', 'Europe/Paris', '2024-01-01 12:00')",
        datetime(2024, 1, 1, 4),
        "timestamp",
    ),
    ("trunc(TIMESTAMP '2024-02-10 10:00:00')", date(2024, 2, 10), "date"),
    ("last_day(DATE '2024-02-10')", date(2024, 2, 29), "date"),
    ("DATE '2024-02-10' + 1", date(2024, 2, 11), "date"),
    ("DATE '2024-02-10' - DATE '2024-02-01'", 9, "int8"),
    ("DATE '2024-02-10' + INTERVAL '1 month'", datetime(2024, 3, 10), "timestamp"),
    ("TIMESTAMP '2024-02-10 01:00:00' - INTERVAL '2 hours'", datetime(2024, 2, 9, 23), "timestamp"),
    ("to_char(TIMESTAMP '2024-02-10 13:05:00', 'YYYY-MM-DD HH24:MI')", "2024-02-10 13:05", "varchar"),
    ("to_date('10/02/2024', 'DD/MM/YYYY')", date(2024, 2, 10), "date"),
    ("CASE WHEN true THEN 1 ELSE 2.5 END", D("1.0"), "numeric"),
    ("1 IN (1, 2)", True, "bool"),
    ("5 BETWEEN '1' AND '9'", True, "bool"),
    ("current_user", "admin", "varchar"),
    ("user", "admin", "varchar"),
    ("current_database()", "dev", "varchar"),
]


@pytest.fixture(scope="module")
def numbers(shared_empty):
    run(
        shared_empty,
        """
        CREATE TABLE numbers (i INT, b BIGINT, s SMALLINT, d DECIMAL(10,2), f FLOAT8, t VARCHAR(10));
        INSERT INTO numbers VALUES (1, 1, 1, 0.10, 0.5, 'a'), (2, 2, 2, 0.25, 1.5, 'b'), (4, 9, 4, 0.35, 2.5, NULL);
        """,
    )
    return shared_empty


def value(redshift, expression, source="", **parameters):
    result = redshift.execute(f"SELECT {expression} {source}", user=ADMIN, parameters=parameters)
    return result.table.column(0).to_pylist()[0], result.columns[0].type_name


@pytest.mark.parametrize(("expression", "expected", "kind"), VALUES)
def test_expressions_have_redshifts_value_and_type(shared, expression, expected, kind):
    assert value(shared, expression) == (expected, kind)


@pytest.mark.parametrize(
    ("expression", "expected", "kind"),
    [
        ("avg(i)", 2, "int8"),
        ("avg(b)", 4, "int8"),
        ("avg(d)", D("0.23"), "numeric"),
        ("avg(i * 1.5::DECIMAL(38,1))", D("3.5"), "numeric"),
        ("avg(f)", 1.5, "float8"),
        ("avg(DISTINCT i)", 2, "int8"),
        ("avg(i) OVER ()", 2, "int8"),
        ("avg(i) / 4", 0, "int8"),
        ("avg(i::FLOAT)", 7 / 3, "float8"),
        ("sum(i)", 7, "int8"),
        ("sum(s)", 7, "int8"),
        ("sum(b)", D(12), "numeric"),
        ("sum(d)", D("0.70"), "numeric"),
        ("sum(i) OVER ()", 7, "int8"),
        ("sum(i * d)", D("2.00"), "numeric"),
        ("sum(i * d) / sum(i)", D("0.2857"), "numeric"),
        ("sum(i) / count(*)", 2, "int8"),
        ("count(*)", 3, "int8"),
        ("count(DISTINCT i)", 3, "int8"),
        ("max(d) - min(d)", D("0.25"), "numeric"),
        ("median(i)", D("2.0000"), "numeric"),
        ("median(f)", 1.5, "float8"),
        ("percentile_cont(0.25) WITHIN GROUP (ORDER BY i)", D("1.5000"), "numeric"),
        ("percentile_cont(0.25) WITHIN GROUP (ORDER BY i DESC)", D("3.0000"), "numeric"),
        ("listagg(t, '-') WITHIN GROUP (ORDER BY i DESC)", "b-a", "varchar"),
        ("listagg(i)", "124", "varchar"),
        ("approximate count(DISTINCT i)", 3, "int8"),
        ("bool_or(i > 3)", True, "bool"),
        ("round(stddev_samp(f), 6)", 1.0, "float8"),
    ],
)
def test_aggregates_have_redshifts_value_and_type(numbers, expression, expected, kind):
    assert value(numbers, expression, "FROM numbers") == (expected, kind)


def test_an_average_has_the_precision_that_redshift_documents(numbers):
    columns = numbers.execute("SELECT avg(d), avg(d::DECIMAL(20,2)), sum(d) FROM numbers", user=ADMIN).columns
    assert [(column.precision, column.scale) for column in columns] == [(19, 2), (38, 2), (38, 2)]


def test_an_average_of_nothing_is_null(numbers):
    assert value(numbers, "avg(i)", "FROM numbers WHERE false") == (None, "int8")
    assert value(numbers, "avg(d)", "FROM numbers WHERE false") == (None, "numeric")


@pytest.mark.parametrize(("order", "expected"), [("ASC", ["a", "b", None]), ("DESC", [None, "b", "a"])])
def test_nulls_sort_as_the_largest(numbers, order, expected):
    rows = (
        numbers.execute(f"SELECT t FROM numbers ORDER BY t {order}", user=ADMIN).table.column("t").to_pylist()
    )
    assert rows == expected


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT TOP 2 i FROM numbers ORDER BY i DESC", [(4,), (2,)]),
        ("SELECT i FROM numbers ORDER BY 1 LIMIT 1 OFFSET 1", [(2,)]),
        ("SELECT i FROM numbers n QUALIFY row_number() OVER (ORDER BY d DESC) = 1", [(4,)]),
        ("SELECT i + 1 AS n, n * 2 AS m FROM numbers ORDER BY n", [(2, 4), (3, 6), (5, 10)]),
        (
            "SELECT t, sum(i) FROM numbers GROUP BY ROLLUP (t) ORDER BY sum",
            [("a", 1), ("b", 2), (None, 4), (None, 7)],
        ),
        (
            "SELECT grouping(t) g, count(*) FROM numbers GROUP BY CUBE (t) ORDER BY g, 2",
            [(0, 1)] * 3 + [(1, 3)],
        ),
        ("SELECT t, sum(i) s FROM numbers GROUP BY GROUPING SETS ((t), ()) HAVING sum(i) > 4", [(None, 7)]),
        ("SELECT a.i FROM numbers a JOIN numbers b USING (i) WHERE b.t = 'b'", [(2,)]),
        ("SELECT count(*) FROM numbers a, numbers b", [(9,)]),
        ("SELECT count(*) FROM numbers a CROSS JOIN numbers b JOIN numbers c ON c.i = b.i", [(9,)]),
        ("SELECT count(*) FROM numbers a, numbers b LEFT JOIN numbers c USING (i)", [(9,)]),
        (
            "SELECT sum(i) OVER (PARTITION BY t), rank() OVER (ORDER BY i) FROM numbers ORDER BY 2",
            [(1, 1), (2, 2), (4, 3)],
        ),
        (
            "SELECT sum(i) OVER (ORDER BY i ROWS UNBOUNDED PRECEDING) FROM numbers ORDER BY i",
            [(1,), (3,), (7,)],
        ),
        ("SELECT 1 UNION SELECT 1 UNION ALL SELECT 2 ORDER BY 1", [(1,), (2,)]),
        ("SELECT i FROM numbers MINUS SELECT 2 ORDER BY 1", [(1,), (4,)]),
        ("SELECT lag(i, 1, 0) OVER (ORDER BY i) FROM numbers ORDER BY 1", [(0,), (1,), (2,)]),
        (
            "SELECT last_value(t IGNORE NULLS) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM numbers LIMIT 1",
            [("b",)],
        ),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT sum(i) FROM n",
            [(6,)],
        ),
        (
            "SELECT 7 / i FROM (SELECT i FROM numbers UNION ALL SELECT 2::BIGINT) AS x ORDER BY 1",
            [(1,), (3,), (3,), (7,)],
        ),
        ("SELECT x.n / 2 FROM (SELECT count(*) AS n FROM numbers) x", [(1,)]),
        ("SELECT count FROM (SELECT count(*) FROM numbers) x;", [(3,)]),
        ("select I, \"T\" from NUMBERS where T = 'a'", [(1, "a")]),
    ],
)
def test_queries_have_redshifts_meaning(numbers, sql, rows):
    table = numbers.execute(sql, user=ADMIN).table
    assert list(zip(*(column.to_pylist() for column in table.columns), strict=True)) == rows


@pytest.mark.parametrize(
    "expression",
    [
        "datediff(week, DATE '2024-01-06', DATE '2024-01-07')",
        "to_char(1, '9.9EEEE')",
        "to_char(current_date, 'RM')",
        "'a' SIMILAR TO upper('a')",
        "current_date + INTERVAL '0.5 months'",
        "convert_timezone('CEST', getdate())",
        "convert_timezone('+2', 'UTC', getdate())",
        "current_timestamp AT TIME ZONE '+2'",
    ],
)
def test_what_would_differ_is_refused(shared, expression):
    with pytest.raises(SqlError, match="is not supported by the stand-in"):
        shared.execute(f"SELECT {expression}", user=ADMIN)


@pytest.mark.parametrize(
    "condition",
    [
        "'5.7'::INT = 6",
        "'1e3'::INT = 1000",
        "'1_000'::BIGINT = 1000",
        "'0x1F'::INT = 31",
        "t::INT = 6",
        "''::INT = 0",
        "i = '5.7'",
        "'5.7' > i",
        "i IN (1, '5.7')",
        "i BETWEEN '0' AND '5.7'",
        "i + '5.7' > 0",
        "i / '5.7' > 0",
    ],
)
def test_text_is_a_whole_number_only_where_it_is_written_as_one(shared, condition):
    with pytest.raises(SqlError, match="invalid input syntax"):
        shared.execute(f"SELECT 1 FROM (SELECT 6 AS i, '5.7' AS t) AS x WHERE {condition}", user=ADMIN)


def test_text_is_a_whole_number_only_where_it_is_written_as_one_in_changes_too(empty):
    empty.execute("CREATE TABLE whole (i INT)", user=ADMIN)
    for change in (
        "INSERT INTO whole VALUES ('5.7')",
        "INSERT INTO whole SELECT '5.7'",
        "INSERT INTO whole SELECT t FROM (SELECT '5.7' AS t) AS x",
        "INSERT INTO whole VALUES (5); UPDATE whole SET i = '5.7'",
    ):
        *before, last = change.split("; ")
        run(empty, ";".join(before))
        with pytest.raises(SqlError, match="invalid input syntax"):
            empty.execute(last, user=ADMIN)


def test_the_clock_is_that_of_the_statement(shared):
    before = datetime.now(UTC).replace(tzinfo=None)
    result = shared.execute("SELECT getdate(), sysdate, current_date, sysdate AS again", user=ADMIN)
    (row,) = zip(*(column.to_pylist() for column in result.table.columns), strict=True)
    assert row[0].microsecond == 0
    assert before <= row[1] == row[3]
    assert row[2] == row[1].date()


@pytest.mark.parametrize(
    ("condition", "parameters", "count"),
    [
        ("timestamp >= :from AND timestamp < :to", {"from": "2024-01-01", "to": "2024-07-01"}, 48),
        ("quantity > :least", {"least": "2"}, 32),
        ("sales_price = :price::DECIMAL(10,2)", {"price": "0.05"}, 2),
        ("timezone = :zone", {"zone": "America/Lima' OR 'a' = 'a"}, 0),
        ("timezone = :zone OR timezone = :zone", {"zone": "America/Lima"}, 48),
        ("date_trunc('month', timestamp) = :month", {"month": "2024-03-01"}, 8),
    ],
)
def test_parameters_are_untyped_literals(shared, condition, parameters, count):
    sql = f"SELECT count(*) FROM sales_data WHERE {condition}"
    result = shared.execute(sql, user=PEOPLE["frank"], parameters=parameters)
    assert result.table.to_pylist() == [{"count": count}]


def test_a_limit_can_be_a_parameter(shared):
    result = shared.execute("SELECT sku FROM sales_data LIMIT :n", user=ADMIN, parameters={"n": "3"})
    assert result.table.num_rows == 3


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELECT :a", {}),
        ("SELECT :a", {"a": "1", "b": "2"}),
        ("SELECT 1", {"a": "1"}),
        ("SELECT 1 LIMIT :n", {"n": "all"}),
        ("CREATE ROLE x", {"a": "1"}),
    ],
)
def test_parameters_must_match(empty, sql, parameters):
    with pytest.raises(ParameterError):
        empty.execute(sql, user=ADMIN, parameters=parameters)
