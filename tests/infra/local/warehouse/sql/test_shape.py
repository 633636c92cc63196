"""What DuckDB would answer and Redshift refuses."""

import pytest

from infra.local.warehouse import SqlError
from tests.infra.local.warehouse.conftest import ADMIN


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
