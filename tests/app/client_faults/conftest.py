"""A stand-in of its own, with small pages and near limits, and people who use the app on it."""

import contextlib
import threading

import pytest

from tests import stand_in
from tests.app.client_faults.faulty import Person, eventually, query, services
from tests.infra.local.aws.fault_control import FaultControl

MAX_ROWS = 800


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    """What the stand-in tells outside clients."""
    limits = {"DATA_API_PAGE_KB": "32", "DATA_API_RESULT_LIMIT_MB": "4"}
    log_file = tmp_path_factory.mktemp("stand-in") / "log"
    with stand_in.running(log_file, DEMO_ROWS="1200", **limits) as running:
        yield running.env


@pytest.fixture(scope="module")
def none(tmp_path_factory):
    """Where there is no file of AWS's settings."""
    return str(tmp_path_factory.mktemp("aws") / "none")


@pytest.fixture(scope="module")
def shared(env, none):
    """The app's services by the format in which they read results."""
    with contextlib.ExitStack() as stack:
        yield {form: stack.enter_context(services(env, none, RESULT_FORMAT=form)) for form in ("csv", "json")}


@pytest.fixture(scope="module")
def ethan(env, none):
    """Somebody who sees all rows, with time to read what there is of them, by the format of the results."""
    near = {"MAX_ROWS": str(MAX_ROWS), "MAX_RESULT_MB": "1"}
    with contextlib.ExitStack() as stack:
        yield {
            form: Person(
                stack.enter_context(services(env, none, RESULT_FORMAT=form, **near)), env, "Ethan Global"
            )
            for form in ("csv", "json")
        }


@pytest.fixture(scope="module")
def people(shared, env):
    """Frank, by the format in which his results come; he has asked something before."""
    made = {form: Person(each, env, "Frank Amer") for form, each in shared.items()}
    for person in made.values():
        person.warehouse.fetch(query())
    return made


@pytest.fixture
def frank(people):
    return people["csv"]


@pytest.fixture(scope="module")
def ming(shared, env):
    """Somebody else."""
    person = Person(shared["csv"], env, "Ming Apac")
    person.warehouse.fetch(query())
    return person


@pytest.fixture
def faults(env):
    """The stand-in's switchboard, on which nothing is left."""
    control = FaultControl(env["AWS_ENDPOINT_URL"])
    yield control
    control.clear()


@pytest.fixture(autouse=True)
def nobody_cancels_any_more():
    """What one test has cancelled, again and again, must not meet the fault of the next."""
    yield
    eventually(lambda: not any(thread.name == "rowlight-cancels" for thread in threading.enumerate()))
