"""The settings that lock DuckDB down hold in the sessions that statements run in."""

import pytest

from infra.local.warehouse import SqlError
from infra.local.warehouse.database import Database
from tests.infra.local.warehouse.conftest import ADMIN


@pytest.fixture(scope="module")
def session():
    return Database(threads=1).session()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("TimeZone", "UTC"),  # and not the machine's
        ("ieee_floating_point_ops", False),
        ("disabled_optimizers", "cte_filter_pusher,statistics_propagation"),
        ("enable_external_access", False),
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
        ("python_enable_replacements", False),
        ("temp_directory", ""),
        ("threads", 1),
        ("lock_configuration", True),
    ],
)
def test_a_setting_holds_in_every_session(session, setting, value):
    assert session.execute("SELECT current_setting(?)", [setting]).fetchone() == (value,)


@pytest.mark.parametrize("expression", ["5::FLOAT / 0", "i::FLOAT / (i - 1)", "5 / 0", "5.0 / 0"])
def test_a_division_by_zero_is_an_error(shared, expression):
    with pytest.raises(SqlError, match="division by zero") as caught:
        shared.execute(f"SELECT {expression} FROM (SELECT 1 AS i) AS x", user=ADMIN)
    assert caught.value.sqlstate == "22012"
