"""What the tests of exports hold against each kind of file."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from app.views.exports.stamp import Stamp


@pytest.fixture
def stamp():
    return Stamp(
        person="Frank Amer",
        page="Overview",
        filters=("25 Aug to 23 Nov 2026", "category Laptops"),
        as_of=datetime(2026, 11, 28, 19, 14, 33, tzinfo=UTC),
        statement_id="3f2c9f1a-6e1e-4b7c-9a55-0d6c7a1e2b11",
    )


@pytest.fixture
def hostile_stamp():
    """Of a person and a city whose names attack whatever shows them."""
    name = 'x",=1+1\n=cmd|"/c calc"!A1;\t@SUM(1)\x00\ud800<script>alert(1)</script>#panic()$'
    return Stamp(name, name, (name, name), datetime(2026, 11, 28, tzinfo=UTC), name)


@pytest.fixture
def rows():
    """Every type that the warehouse gives, NULL and '' among them."""
    moment = datetime.fromisoformat("2026-11-28T19:14:33.120")
    return pa.table(
        {
            "City": pa.array(["São Paulo", "Łódź", "", None]),
            "Sales": pa.array(
                [Decimal("1243508.20"), Decimal("-0.01"), Decimal("99999999999999999.99"), None],
                pa.decimal128(38, 2),
            ),
            "Longitude": pa.array(
                [Decimal("-46.633300"), Decimal(0), None, Decimal(180)], pa.decimal128(10, 6)
            ),
            "Orders": pa.array([1, 2**62, None, -3], pa.int64()),
            "Share": pa.array([0.1, 1e300, None, -0.0], pa.float64()),
            "First sold": pa.array(
                [date(2026, 11, 28), date(1899, 1, 1), None, date(1900, 3, 1)], pa.date32()
            ),
            "Last sold": pa.array([moment, None, moment, moment], pa.timestamp("us")),
            "Seen": pa.array([moment, None, moment, moment], pa.timestamp("us", tz="UTC")),
            "New": pa.array([True, False, None, True]),
        }
    )
