"""redshift_connector is loaded only where it is asked for, and told to trust nobody but the warehouse."""

import logging
import sys
from types import SimpleNamespace

import pytest

from app.errors import SettingsError
from app.redshift.wire import WireError, opener
from app.session import assembly
from tests.app.redshift.direct import DriverError, FakeConnection, FakeRedshift, Token, refused
from tests.app.session.scene import Scene

WHERE = {"database": "dev", "longest_seconds": 75}


@pytest.fixture
def driver(monkeypatch):
    """A module in place of redshift_connector, which notes how it is called."""
    made = SimpleNamespace(Error=DriverError, asked=[], error=None)

    def connect(**arguments):
        made.asked.append(arguments)
        if made.error is not None:
            raise made.error
        return FakeConnection(FakeRedshift(), arguments["token"])

    made.connect = connect
    monkeypatch.setitem(sys.modules, "redshift_connector", made)
    return made


@pytest.mark.parametrize(
    ("host", "name", "port"),
    [("sales.example.com", "sales.example.com", 5439), ("sales.example.com:5440", "sales.example.com", 5440)],
)
def test_it_signs_in_with_the_token_over_verified_tls(driver, host, name, port):
    opener(host=host, **WHERE)(Token("token-1"))
    (asked,) = driver.asked
    told = {key: asked[key] for key in ("host", "port", "database", "ssl", "sslmode", "token", "token_type")}
    assert told == {
        "host": name,
        "port": port,
        "database": "dev",
        "ssl": True,
        "sslmode": "verify-full",
        "token": "token-1",
        "token_type": "SUBJECT_TOKEN",
    }
    assert asked["credentials_provider"] == "IdpTokenAuthPlugin"


@pytest.mark.parametrize(
    ("error", "sqlstate", "cause"),
    [
        (refused("28000"), "28000", "28000"),
        (DriverError("x"), None, "DriverError"),
        (OSError("x"), None, "OSError"),
    ],
)
def test_what_refuses_a_connection_is_one_error_without_words(driver, error, sqlstate, cause):
    driver.error = error
    with pytest.raises(WireError) as caught:
        opener(host="sales.example.com", **WHERE)(Token())
    assert (caught.value.sqlstate, caught.value.cause, str(caught.value)) == (sqlstate, cause, cause)
    assert caught.value.__suppress_context__


def test_it_does_not_write_statements_into_the_log(driver):
    opener(host="sales.example.com", **WHERE)
    assert not logging.getLogger("redshift_connector.core").isEnabledFor(logging.DEBUG)


def test_where_it_is_missing_the_app_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "redshift_connector", None)
    direct = Scene(query_path="driver", redshift_host="sales.example.com").settings
    with pytest.raises(SettingsError) as caught:
        assembly.assemble(direct)
    assert caught.value.code == "RL-103"
    assert "requirements-driver.txt" in caught.value.remedy


def test_by_way_of_the_data_api_it_is_not_even_looked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "redshift_connector", None)
    assert assembly.assemble(Scene().settings)
