"""A process that is told to stop: what it was asked ends with it, and nothing keeps it for long."""

import threading
from contextlib import contextmanager, suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests import outside, replica, stand_in
from tests.app.client_faults.faulty import eventually
from tests.browser.test_stopping import occupied, statuses
from tests.infra.local.aws.fault_control import FaultControl
from tests.replica import Browser

# Twice what it gives to answers that are on their way, and less than what stops it gives to it.
STOPS_SECONDS = 25


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    with stand_in.running(tmp_path_factory.mktemp("stopping") / "stand-in") as running:
        yield running


@pytest.fixture
def at(stand, tmp_path):
    with replica.running(stand.env, tmp_path / "app", SIGN_IN="redirect") as running:
        yield running


@pytest.fixture
def browser(stand, at):
    browser = Browser(stand.env["APP_URL"], at)
    browser.sign_in("Frank Amer")
    return browser


@contextmanager
def beside(call):
    """Inside, somebody waits for what this call would bring."""
    waiting = threading.Thread(target=call)
    waiting.start()
    yield
    waiting.join(STOPS_SECONDS)
    assert not waiting.is_alive()


def test_a_question_that_is_on_its_way_is_cancelled(stand, at, browser):
    frank = outside.aws(stand.env, "redshift-data", outside.credentials_of(stand.env, "Frank Amer"))

    def look():
        with browser.tab() as tab, suppress(ConnectionClosed):
            tab.run()

    with occupied(stand.env, frank), beside(look):
        eventually(lambda: statuses(stand.env, frank, "Overview"))
        at.process.terminate()
        at.process.wait(STOPS_SECONDS)
        eventually(lambda: statuses(stand.env, frank, "Overview") == ["ABORTED"])
    assert "Traceback" not in at.log()


def test_an_answer_that_does_not_come_keeps_it_for_seconds_only(stand, at, browser):
    faults = FaultControl(stand.env["AWS_ENDPOINT_URL"])

    def ask():
        with suppress(httpx.TransportError):
            browser.http.get("/auth/sessions")

    hanging = faults.during("hang", "redshift-data", "ExecuteStatement", person="frank@example.com")
    with hanging as held, beside(ask):
        eventually(lambda: held.held)
        at.process.terminate()
        at.process.wait(STOPS_SECONDS)
