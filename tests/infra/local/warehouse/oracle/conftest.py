"""PostgreSQL, started once for each test process that asks it."""

import pytest

from tests.infra.local.warehouse.oracle.postgresql import server


@pytest.fixture(scope="session")
def postgresql():
    with server() as connection:
        yield connection
