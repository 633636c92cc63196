"""TPC-H in Redshift's dialect, asked by an analyst; DuckDB answers other words for the same questions."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from infra.local.warehouse import DbUser, Redshift
from tests.infra.local.warehouse.conftest import ADMIN
from tests.infra.local.warehouse.sql.tpch.data import TABLES, csv_of, rows

QUERIES = Path(__file__).parent / "tpch"
ANALYST = DbUser("AWSIDC:analyst@example.com", frozenset({"analysts"}))


@pytest.fixture(scope="module")
def data():
    return {name: csv_of(table) for name, table in rows().items()}


@pytest.fixture(scope="module")
def warehouse(data):
    redshift = Redshift(read_object=lambda _, key, *__: [(key, data[key])])
    redshift.execute('CREATE ROLE "AWSIDC:analysts"', user=ADMIN)
    for name, columns in TABLES.items():
        redshift.execute(f"CREATE TABLE {name} ({columns})", user=ADMIN)
        redshift.execute(f"COPY {name} FROM 's3://tpch/{name}' IAM_ROLE default CSV", user=ADMIN)
        redshift.execute(f'GRANT SELECT ON {name} TO ROLE "AWSIDC:analysts"', user=ADMIN)
    return redshift


@pytest.fixture(scope="module")
def oracle(data, tmp_path_factory):
    folder, connection = tmp_path_factory.mktemp("tpch"), duckdb.connect()
    for name, columns in TABLES.items():
        (folder / name).write_bytes(data[name])
        connection.execute(f"CREATE TABLE {name} ({columns})")
        connection.execute(
            f"INSERT INTO {name} FROM read_csv('{folder / name}', all_varchar = true, header = false)"
        )
    return connection


def plain(value):
    """A number as a float, to the sixth digit after the point."""
    return round(float(value), 6) if isinstance(value, int | float | Decimal) else value


@pytest.mark.parametrize("number", [f"{number:02}" for number in range(1, 23)])
def test_the_answer_is_that_of_other_words_for_the_same_question(warehouse, oracle, number):
    table = warehouse.execute((QUERIES / "redshift" / f"{number}.sql").read_text(), user=ANALYST).table
    found = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    expected = oracle.execute((QUERIES / "duckdb" / f"{number}.sql").read_text()).fetchall()
    assert expected
    assert not all(value is None for row in expected for value in row)
    assert [tuple(map(plain, row)) for row in found] == [tuple(map(plain, row)) for row in expected]
