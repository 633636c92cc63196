"""The files hold the sample as it is."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pyarrow.parquet
import pytest

from infra.local.sample import sales, to_csv, to_parquet


@pytest.fixture(scope="module")
def table():
    return sales(2_000, today=dt.date(2026, 3, 1))


def test_parquet_gives_the_same_table_back(table):
    assert pyarrow.parquet.read_table(io.BytesIO(to_parquet(table))).equals(table)


def test_csv_has_a_header_and_every_value_as_text(table):
    header, *rows = csv.reader(io.StringIO(to_csv(table).decode()))
    assert header == table.column_names
    assert len(rows) == table.num_rows
    for values, row in zip(table.to_pylist(), rows, strict=True):
        read = dict(zip(header, row, strict=True))
        assert read["city"] == values["city"]
        assert Decimal(read["sales_price"]) == values["sales_price"]
        assert Decimal(read["longitude"]) == values["longitude"]
        assert dt.datetime.fromisoformat(read["timestamp"]) == values["timestamp"]
        assert "." not in read["timestamp"]
