"""Redshift's names of the columns that a SELECT does not name."""

import pytest

from tests.infra.local.warehouse.conftest import ADMIN, run


@pytest.fixture(scope="module")
def numbers(shared_empty):
    run(
        shared_empty,
        """
        CREATE TABLE named (i INT, t VARCHAR(10));
        INSERT INTO named VALUES (1, 'a'), (2, 'b'), (4, NULL);
        """,
    )
    return shared_empty


@pytest.mark.parametrize(
    ("projection", "name"),
    [
        ("count(*)", "count"),
        ("sum(i)", "sum"),
        ("COUNT(DISTINCT i)", "count"),
        ("date_trunc('day', current_date)", "date_trunc"),
        ("nvl(t, 'x')", "coalesce"),
        ("CASE WHEN i > 1 THEN 1 END", "case"),
        ("1", "?column?"),
        ("i + 1", "?column?"),
        ("t", "t"),
        ("named.t", "t"),
        ("i::BIGINT", "i"),
        ("1::BIGINT", "int8"),
        ("2.5::FLOAT::INT", "int4"),
        ("(CASE WHEN i > 1 THEN 1 END)::INT", "int4"),
        ("CASE WHEN i > 1 THEN t ELSE upper(t) END", "upper"),
        ("CASE WHEN i > 1 THEN 1 ELSE 2::BIGINT END", "case"),
        ("upper(t)", "upper"),
        ("dateadd(day, 1, current_date)", "date_add"),
        ("datediff(day, current_date, current_date)", "date_diff"),
        ("getdate()", "getdate"),
        ("position('a' IN t)", "position"),
        ("log(100)", "dlog10"),
        ("ceiling(1.5)", "ceiling"),
        ("date_part(year, current_date)", "pgdate_part"),
        ("extract(year FROM current_date)", "date_part"),
        ("ratio_to_report(i) OVER ()", "ratio_to_report"),
        ("nullif(i, 1)", "i"),
        ("current_user", "current_user"),
        ("listagg(t) WITHIN GROUP (ORDER BY i)", "listagg"),
        ("row_number() OVER (ORDER BY i)", "row_number"),
        ("(SELECT 1)", "?column?"),
        ('t AS "Mixed Case"', "mixed case"),
    ],
)
def test_unnamed_columns_have_redshifts_names(numbers, projection, name):
    grouped = " GROUP BY 1" if projection in ("t", "named.t", "nullif(i, 1)") else ""
    result = numbers.execute(f"SELECT {projection} FROM named{grouped}", user=ADMIN)
    assert [column.name for column in result.columns] == [name]


def test_two_columns_of_one_name_are_both_there(numbers):
    result = numbers.execute("SELECT count(*), count(t), i FROM named GROUP BY i ORDER BY i", user=ADMIN)
    assert result.table.column_names == ["count", "count", "i"]
    assert [column.to_pylist() for column in result.table.columns] == [[1, 1, 1], [1, 1, 0], [1, 2, 4]]
