"""What a person hears of a fault in the exchange, and what becomes of a submission without an answer.

The faults of queries: tests/app/client_faults.
"""

import contextlib

import pytest
from botocore.config import Config

from app.audit import NOBODY
from app.auth import aws as app_aws
from app.auth.aws import Aws
from app.auth.exchange import exchange
from app.errors import ExchangeRefused, RoleRefused
from app.redshift.query import Query
from app.session.assembly import assemble
from app.settings import load
from tests import outside
from tests.app.test_sign_in_to_rows import failing, open_session, sign_in
from tests.infra.local.aws.fault_control import FaultControl

SALES = Query("sales", "SELECT count(*) AS orders FROM public.sales_data")
PERSON = "frank@example.com"
FOR_GOOD = "until removed"
# Instead of 45 seconds, in which nobody would wait for a test.
READ_SECONDS = 1


@pytest.fixture(scope="module")
def shared(env, tmp_path_factory):
    """The app's services, set up by what the stand-in tells."""
    with pytest.MonkeyPatch.context() as patch:
        none = str(tmp_path_factory.mktemp("aws") / "none")
        patch.setenv("AWS_CONFIG_FILE", none)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", none)
        for name, value in env.items():
            if not name.startswith("ADMIN_"):
                patch.setenv(name, value)
        yield assemble(load(None))


@contextlib.contextmanager
def giving_up_soon():
    """Clients that are made inside wait for less, and try less often."""
    with pytest.MonkeyPatch.context() as patch:
        twice = {"mode": "standard", "total_max_attempts": 2}
        impatient = app_aws._RETRYING.merge(Config(read_timeout=READ_SECONDS, retries=twice))
        patch.setattr(app_aws, "_RETRYING", impatient)
        yield


@pytest.fixture
def faults(env):
    control = FaultControl(env["AWS_ENDPOINT_URL"])
    yield control
    control.clear()


# --- a submission ----------------------------------------------------------------------------------------


@pytest.fixture
def impatient(shared):
    """Another sign-in of Frank's, whose client gives up soon."""
    with giving_up_soon():
        user = shared.sessions.find(open_session(shared, "Frank Amer"))
        user.warehouse.fetch(SALES)
    return user.warehouse


def test_an_answer_that_is_too_late_is_asked_for_again_and_the_statement_runs_once(faults, env, impatient):
    """The second request has the first one's token, by which the Data API knows it."""
    fault = faults.add("hang", "redshift-data", "ExecuteStatement", person=PERSON)
    statement = impatient.fetch(SALES, fresh=True).statement_id
    assert fault.hits == 1
    cloudtrail = outside.aws(env, "cloudtrail", outside.administrator(env))
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "ExecuteStatement"}]
    found = cloudtrail.lookup_events(LookupAttributes=wanted, MaxResults=2)["Events"]
    assert [each["CloudTrailEvent"].count(f'"id": "{statement}"') for each in found] == [1, 1]


# --- the exchange -----------------------------------------------------------------------------------------


@pytest.fixture
def step(shared):
    """What each of the three steps is done with."""
    return {"aws": Aws(shared.settings.aws_region), "settings": shared.settings, "trail": NOBODY}


@pytest.fixture
def identity(shared):
    return sign_in(shared, "Frank Amer").identity


@pytest.mark.parametrize(
    ("service", "operation", "error", "code"),
    [
        ("sts", "AssumeRoleWithWebIdentity", RoleRefused, "RL-329"),
        ("sso-oidc", "CreateTokenWithIAM", ExchangeRefused, "RL-318"),
        ("sts", "AssumeRole", RoleRefused, "RL-329"),
    ],
)
@pytest.mark.parametrize("what", ["throttle", "drop", "hang"])
def test_a_fault_in_a_step_of_the_exchange_is_told_by_its_step(  # noqa: PLR0917 - fixtures, and a table
    what, service, operation, error, code, faults, shared, step, identity
):
    with giving_up_soon(), faults.during(what, service, operation, times=FOR_GOOD) as fault:
        assert failing(error, exchange, identity, **step) == code
        assert fault.hits >= 1
    # The ID token may be used up by now; signing in again is all that a person has to do.
    assert exchange(sign_in(shared, "Frank Amer").identity, **step).access_key_id


@pytest.mark.parametrize(
    ("service", "operation", "error", "code"),
    [
        ("sts", "AssumeRoleWithWebIdentity", RoleRefused, "RL-320"),
        ("sso-oidc", "CreateTokenWithIAM", ExchangeRefused, "RL-310"),
        ("sts", "AssumeRole", RoleRefused, "RL-327"),
    ],
)
def test_a_broken_step_is_told_by_its_step(  # noqa: PLR0917 - fixtures, and a table
    service, operation, error, code, faults, step, identity
):
    with faults.during("fail", service, operation, times=FOR_GOOD):
        assert failing(error, exchange, identity, **step) == code
