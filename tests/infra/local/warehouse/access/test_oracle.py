"""Random questions: a person's answer is that of a warehouse that holds only the rows they may see."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.warehouse import SqlError
from tests.infra.local.warehouse.conftest import ADMIN, PEOPLE

NUMBERS = st.sampled_from(
    [
        "quantity",
        "population",
        "elevation",
        "sales_price",
        "quantity * sales_price",
        "population / 7",
        "quantity % 3",
    ]
)
TEXTS = st.sampled_from(["city", "timezone", "category", "sku", "left(timezone, 4)", "coalesce(city, '?')"])
CONDITIONS = st.one_of(
    st.tuples(NUMBERS, st.sampled_from(["=", "<>", "<", ">="]), st.integers(0, 9)).map(
        lambda t: f"{t[0]} {t[1]} {t[2]}"
    ),
    st.sampled_from(
        [
            "timezone LIKE 'A%'",
            "city = 'Tokyo'",
            "city IS NULL",
            "elevation IS NOT NULL",
            "timestamp >= '2024-06-01'",
            "sku IN (SELECT sku FROM sales_data WHERE quantity = 5)",
            "population > (SELECT avg(population) FROM sales_data)",
            "EXISTS (SELECT 1 FROM sales_data AS o WHERE o.sku = s.sku AND o.quantity > s.quantity)",
            "NOT EXISTS (SELECT 1 FROM sales_data AS o WHERE o.timezone LIKE 'Asia%')",
        ]
    ),
)
RAISING = st.sampled_from(
    [
        "1 / (quantity - 5) > -10",
        "quantity % (quantity - 5) > -10",
        "1.5 / (sales_price - 999.99) > -10",
        "CAST(nullif(city, '') AS INT) > 0",
        "ln(abs(quantity - 5)) > -10",
        "CASE WHEN city = 'Tokyo' THEN 1 / 0 ELSE 1 END = 1",
    ]
)
AGGREGATES = st.sampled_from(
    [
        "count(*)",
        "count(DISTINCT timezone)",
        "sum(quantity)",
        "avg(quantity)",
        "avg(sales_price)",
        "sum(quantity * sales_price)",
        "min(city)",
        "max(population)",
        "median(quantity)",
        "listagg(DISTINCT timezone, ',') WITHIN GROUP (ORDER BY timezone)",
    ]
)
SOURCES = st.sampled_from(
    [
        "sales_data AS s",
        "public.sales_data s",
        "(SELECT * FROM sales_data) AS s",
        "(SELECT * FROM sales_data WHERE quantity < 100) s",
        "(SELECT a.* FROM sales_data a JOIN sales_data b ON a.sku = b.sku AND a.timestamp = b.timestamp) s",
        "(SELECT * FROM sales_data UNION ALL SELECT * FROM sales_data) s",
    ]
)


@st.composite
def queries(draw):
    source, text = draw(SOURCES), draw(TEXTS)
    conditions = draw(st.one_of(st.lists(CONDITIONS, max_size=3), RAISING.map(lambda c: [c])))
    where = f" WHERE {draw(st.sampled_from([' AND ', ' OR '])).join(conditions)}" if conditions else ""
    kind = draw(st.sampled_from(["group", "rows", "window", "sets", "cte"]))
    if kind == "rows":
        return f"SELECT {text}, {draw(NUMBERS)} FROM {source}{where}"
    if kind == "window":
        return (
            f"SELECT {text}, sum(quantity) OVER (PARTITION BY {text}), "
            f"rank() OVER (ORDER BY population, latitude) FROM {source}{where}"
        )
    if kind == "sets":
        return (
            f"SELECT timezone, category, {draw(AGGREGATES)} FROM {source}{where} "
            "GROUP BY GROUPING SETS ((timezone), (category), ())"
        )
    if kind == "cte":
        return f"WITH sales_data AS (SELECT * FROM sales_data) SELECT {draw(AGGREGATES)} FROM {source}{where}"
    return f"SELECT {text}, {draw(AGGREGATES)}, {draw(AGGREGATES)} FROM {source}{where} GROUP BY 1"


def answer(redshift, sql, user):
    try:
        result = redshift.execute(sql, user=user)
    except SqlError as error:
        return error.sqlstate
    rows = Counter(
        tuple(row.values())
        for row in result.table.rename_columns(
            [str(position) for position in range(len(result.columns))]
        ).to_pylist()
    )
    return [(column.name, column.type_name, column.scale) for column in result.columns], rows


@pytest.mark.parametrize("name", ["frank", "alex", "ming"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sql=queries())
def test_answers_equal_those_of_the_permitted_rows(shared, oracles, name, sql):
    assert answer(shared, sql, PEOPLE[name]) == answer(oracles[name], sql, ADMIN)
