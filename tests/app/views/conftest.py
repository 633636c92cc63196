"""The small warehouses of these tests, each built once."""

from decimal import Decimal

import pytest

from tests.app.views import people


@pytest.fixture(scope="session")
def world():
    return people.warehouse(people.sample())


@pytest.fixture(scope="session")
def frame():
    """The same rows as `world`, for pandas to count again."""
    sold = people.sample().to_pandas()
    sold["amount"] = [
        Decimal(units) * price for units, price in zip(sold.quantity, sold.sales_price, strict=True)
    ]
    return sold


@pytest.fixture(scope="session")
def hostile():
    """Names that attack whatever shows them, and rows that are hard to read."""
    row = people.row
    return people.warehouse(
        people.rows(
            row(city=people.IMAGE, category=people.IMAGE),
            row(city=people.MARKDOWN, category=people.MARKDOWN, country="<b>"),
            row(city=people.EXPRESSION, category=people.EXPRESSION),
            row(city=None, country=None, category=None, latitude=None, longitude=None),
            row(city="", category=""),
            row(quantity=None, sales_price=None),
            row(city="Lima", country="US", latitude=Decimal("40.740000"), longitude=Decimal("-84.105000")),
        )
    )
