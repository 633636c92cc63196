"""docs/run-book.md on the stand-in: each cause is brought about, and people and the log get what it says."""

import base64
import contextlib
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import yaml

from infra.provision.doctor.faults import FAULTS
from tests import outside, replica, stand_in
from tests.infra.local.aws.fault_control import FaultControl
from tests.replica import Browser

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs" / "run-book.md").read_text()
FOR_GOOD = {"times": "until removed"}
PERSON = "Frank Amer"
SALES, ROLE = "public.sales_data", '"AWSIDC:amer-sales"'
Cause = Callable[["World"], contextlib.AbstractContextManager[None]]


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


class World:
    """A stand-in, and processes of the app before it."""

    def __init__(self, stand, home):
        self.stand, self.env, self.home = stand, stand.env, home
        self.faults = FaultControl(stand.env["AWS_ENDPOINT_URL"])
        self.http = httpx.Client(base_url=stand.env["AWS_ENDPOINT_URL"])
        self._number = 0

    def client(self, service):
        return outside.aws(self.env, service, outside.administrator(self.env))

    def sql(self, statement):
        ended = outside.run(
            self.client("redshift-data"), self.env, statement, SecretArn=self.env["ADMIN_SECRET_ARN"]
        )
        assert ended["Status"] == "FINISHED", ended

    @contextlib.contextmanager
    def process(self, **settings):
        self._number += 1
        log = self.home / f"app-{self._number}"
        given = {"SIGN_IN": "redirect", "LOG_LEVEL": "INFO", "LOG_FORMAT": "json", **settings}
        with replica.running(self.env, log, **given) as app:
            yield app

    @contextlib.contextmanager
    def as_it_was(self):
        """Whatever is changed inside in the account is as before afterwards."""
        kept = self.http.post("/_local/states").json()["id"]
        try:
            yield
        finally:
            self.http.post(f"/_local/states/{kept}").raise_for_status()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    home = tmp_path_factory.mktemp("run-book")
    with stand_in.running(home / "stand-in") as stand:
        yield World(stand, home)


@pytest.fixture(scope="module")
def app(world):
    with world.process(QUERY_TIMEOUT_SECONDS="3") as running:
        yield running


def tried(world, app, person=PERSON):
    """What somebody is shown who comes to sign in and to see the first page."""
    browser = Browser(world.env["APP_URL"], app)
    answer = browser.http.get("/auth/login")
    if not answer.is_redirect:
        return answer.text
    answer = browser.sign_in(person)
    if not answer.is_redirect:
        return answer.text
    with browser.tab() as tab:
        return tab.run().text


# Causes in the account or at AWS, while the app runs as it should.


def sql(*statements: str) -> Cause:
    @contextlib.contextmanager
    def cause(world):
        with world.as_it_was():
            for statement in statements:
                world.sql(statement)
            yield

    return cause


def fault(what: str, service: str, operation: str, **more) -> Cause:
    @contextlib.contextmanager
    def cause(world):
        with world.faults.during(what, service, operation, **FOR_GOOD, **more):
            yield

    return cause


@contextlib.contextmanager
def not_pushed(world):
    with world.as_it_was():
        store, ids = world.env["IDENTITY_STORE_ID"], world.client("identitystore")
        (user,) = [
            each["UserId"]
            for each in ids.list_users(IdentityStoreId=store)["Users"]
            if each["DisplayName"] == PERSON
        ]
        ids.delete_user(IdentityStoreId=store, UserId=user)
        yield


@contextlib.contextmanager
def not_assigned(world):
    with world.as_it_was():
        world.client("sso-admin").put_application_assignment_configuration(
            ApplicationArn=world.env["IDC_APPLICATION_ARN"], AssignmentRequired=True
        )
        yield


AT_AWS = {
    ("Nobody can sign in", "RL-318"): (
        fault("throttle", "sso-oidc", "CreateTokenWithIAM"),
        "SlowDownException",
    ),
    ("Nobody can sign in", "RL-329"): (fault("throttle", "sts", "AssumeRole"), "Throttling"),
    ("Nobody can sign in", "RL-331"): (not_assigned, "AccessDeniedException"),
    ("Nobody can sign in", "RL-312"): (not_pushed, "InvalidGrantException"),
    ("Nobody can sign in", "RL-420"): (
        sql('ALTER IDENTITY PROVIDER "redshift-data-api-okta-app" DISABLE'),
        "FAILED",
    ),
    ("One person cannot sign in", "RL-312"): (not_pushed, "InvalidGrantException"),
    ("One person cannot sign in", "RL-331"): (not_assigned, "AccessDeniedException"),
    ("Everyone, or one group, sees no rows", "RL-410"): (
        sql(f"REVOKE SELECT ON {SALES} FROM ROLE {ROLE}"),
        "RL-410",
    ),
    ("Pages are slow", "RL-430"): (
        fault("late", "redshift-data", "GetStatementResultV2", seconds=5),
        "RL-430",
    ),
    ("Busy: RL-450 and RL-451", "RL-450"): (
        fault("throttle", "redshift-data", "ExecuteStatement"),
        "ThrottlingException",
    ),
    ("Busy: RL-450 and RL-451", "RL-451"): (
        fault("fail", "redshift-data", "ExecuteStatement", code="DatabaseConnectionException", status=500),
        "DatabaseConnectionException",
    ),
    ("AWS throttles", "RL-450"): (
        fault("throttle", "redshift-data", "ExecuteStatement"),
        "ThrottlingException",
    ),
    ("AWS throttles", "RL-318"): (fault("throttle", "sso-oidc", "CreateTokenWithIAM"), "SlowDownException"),
    ("AWS throttles", "RL-329"): (fault("throttle", "sts", "AssumeRole"), "Throttling"),
}


@pytest.mark.parametrize(("section", "code"), AT_AWS, ids=map(": ".join, AT_AWS))
def test_a_cause_at_aws(world, app, section, code):
    cause, told = AT_AWS[section, code]
    with cause(world):
        before = len(app.log())
        assert code in tried(world, app)
    assert told in app.log()[before:]


# No policy, another conjunction, no rows: three causes of one page, and of one outcome in the log.
NO_ROWS = {
    "no policy": [f"DETACH RLS POLICY amer_region_filter ON {SALES} FROM ROLE {ROLE}"],
    "AND": [
        f"ALTER TABLE {SALES} ROW LEVEL SECURITY ON CONJUNCTION TYPE AND",
        f"ATTACH RLS POLICY eu_region_filter ON {SALES} TO ROLE {ROLE}",
    ],
    "an empty table": [f"TRUNCATE {SALES}"],
}


@pytest.mark.parametrize("cause", NO_ROWS)
def test_no_rows_come_through(world, app, cause):
    with sql(*NO_ROWS[cause])(world):
        before = len(app.log())
        assert "RL-412" in tried(world, app)
    said = app.log()[before:]
    assert re.search(r'"outcome": "RL-412".*"query": "Overview".*"rows": 1,', said)
    assert not re.search(r'"outcome": "ok".*"query": "Overview"', said)


# Causes in the app's own settings.
ELSEWHERE = "http://127.0.0.1:1"
SETTINGS = {
    ("Nobody can sign in", "RL-100"): ({"MAX_ROWS": "-1"}, "error=RL-100"),
    ("Nobody can sign in", "RL-227"): ({"OIDC_ISSUER": ELSEWHERE}, "error=RL-227"),
    ("Nobody can sign in", "RL-228"): (lambda env: {"OIDC_ISSUER": env["OIDC_ISSUER"] + "/"}, "error=RL-228"),
    ("Nobody can sign in", "RL-226"): ({"OIDC_CLIENT_SECRET": "another"}, '"outcome": "RL-226"'),
    ("Nobody can sign in", "RL-324"): (
        lambda env: {"BRIDGE_ROLE_ARN": env["BRIDGE_ROLE_ARN"] + "X"},
        '"outcome": "AccessDenied"',
    ),
    ("Nobody can sign in", "RL-311"): (
        lambda env: {"IDC_APPLICATION_ARN": env["IDC_APPLICATION_ARN"][:-4] + "0000"},
        '"outcome": "AccessDeniedException"',
    ),
    ("Nobody can sign in", "RL-325"): (
        lambda env: {"DATA_ROLE_ARN": env["DATA_ROLE_ARN"] + "X"},
        '"outcome": "AccessDenied"',
    ),
    ("Nobody can sign in", "RL-411"): (
        {"REDSHIFT_WORKGROUP": "elsewhere"},
        '"cause": "AccessDeniedException"',
    ),
}


@pytest.mark.parametrize(("section", "code"), SETTINGS, ids=map(": ".join, SETTINGS))
def test_a_cause_in_the_settings(world, section, code):
    given, told = SETTINGS[section, code]
    settings = given(world.env) if callable(given) else given
    with world.process(**settings) as wrong:
        if code == "RL-100":
            with Browser(world.env["APP_URL"], wrong).tab() as tab:
                assert code in tab.run().text
        else:
            assert code in tried(world, wrong)
        assert told in wrong.log()


def test_a_share_that_is_too_small_is_busy_without_a_cause(world):
    """The first statement takes the one call that the share leaves; the next has no turn in time."""
    with world.process(DATA_API_SHARE="0.001", QUERY_TIMEOUT_SECONDS="2") as app:
        tried(world, app)
        said = [line for line in app.log().splitlines() if '"outcome": "RL-450"' in line]
        assert said
        assert not [line for line in said if '"cause"' in line]


# Sessions.


@pytest.fixture(scope="module")
def shared(world):
    """A process that keeps its sessions in the table, and what it is told."""
    stand_in.session_table(world.env)
    told = {**stand_in.host_user(world.env), "SESSION_KEY": key()}
    with world.process(**told) as running:
        yield running, told


def test_processes_with_sessions_of_their_own(world, app):
    browser = Browser(world.env["APP_URL"], app)
    browser.sign_in(PERSON)
    assert browser.stands()
    with world.process() as another:
        assert not browser.at(another).stands()


def test_processes_with_different_keys(world, shared):
    first, told = shared
    browser = Browser(world.env["APP_URL"], first)
    browser.sign_in(PERSON)
    with world.process(**{**told, "SESSION_KEY": key()}) as another:
        assert not browser.at(another).stands()
        assert "does not open with SESSION_KEY" in another.log()
    assert browser.at(first).stands()


@pytest.mark.parametrize("fails", ["AccessDeniedException", "ThrottlingException"])
def test_a_table_that_refuses_signs_nobody_out(world, shared, fails):
    first, _ = shared
    browser = Browser(world.env["APP_URL"], first)
    browser.sign_in(PERSON)
    with world.faults.during("fail", "dynamodb", "GetItem", code=fails, status=400, **FOR_GOOD):
        answer = browser.open()
        assert (answer.status_code, "RL-110" in answer.text) == (503, True)
        assert fails in first.log()
    assert browser.stands()


def drawn(browser, address=""):
    """What a new tab of somebody who is signed in shows at this address."""
    with browser.tab() as tab:
        return tab.run(query=address).text


def test_where_the_warehouse_lets_nobody_in_people_see_what_doctor_says(world, app):
    with sql('ALTER IDENTITY PROVIDER "redshift-data-api-okta-app" DISABLE')(world):
        seen = re.findall(r"Code (RL-\d{3})", tried(world, app))
    assert set(seen) == set(FAULTS["RLD-407"].shows)


def test_a_renewal_that_is_refused_has_its_code(world, app):
    browser = Browser(world.env["APP_URL"], app)
    browser.sign_in(PERSON)
    assert "RL-" not in drawn(browser)
    refused = {"code": "AccessDeniedException", "status": 400, **FOR_GOOD}
    with world.faults.during("fail", "sso-oidc", "CreateTokenWithIAM", **refused):
        world.faults.add("end-context", "redshift-data", person="frank@example.com")
        assert "RL-331" in drawn(browser, "period=7d")
    assert re.search(r'"event": "renewal".*"outcome": "RL-331"', app.log())


# The document.


def sections():
    parts = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: part for part in parts}


# Tried above by tests of their own.
APART = {
    ("Nobody can sign in", "RL-110"),
    ("Everyone, or one group, sees no rows", "RL-412"),
    ("AWS throttles", "RL-110"),
    ("Sessions end early", "RL-331"),
    ("DynamoDB refuses", "RL-110"),
}


def test_every_code_in_bold_is_tried():
    bold = {
        (name, code) for name, text in sections().items() for code in re.findall(r"\*\*(RL-\d{3})\*\*", text)
    }
    assert bold == {*AT_AWS, *SETTINGS, *APART}


def commands():
    """Those of the document that ask the log."""
    mark = "<!-- run by tests/test_run_book.py::test_what_is_asked_of_the_log_is_answered -->"
    blocks = re.findall(rf"{mark}\n *```sh\n(.*?)```", DOCUMENT, re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def log(world, app, tmp_path_factory):
    """The log of a process at which things went well, and did not."""
    tried(world, app)
    with sql(f"REVOKE SELECT ON {SALES} FROM ROLE {ROLE}")(world):
        tried(world, app)
    Browser(world.env["APP_URL"], app).http.get("/auth/callback?state=made-up&code=made-up")
    said = app.log()
    session = re.findall(r'"session": "(\w+)".*"query": "Overview"', said)[-1]
    file = tmp_path_factory.mktemp("log") / "rowlight.log"
    file.write_text(said.replace(session, "0a1b2c3d"))
    return file


@pytest.mark.parametrize("command", commands(), ids=map(str, range(len(commands()))))
def test_what_is_asked_of_the_log_is_answered(log, command):
    asked = subprocess.run(
        ["bash", "-c", command], cwd=log.parent, capture_output=True, text=True, check=False
    )
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout.strip()


def test_every_alarm_leads_somewhere():
    deploy = ROOT / "infra" / "deploy"
    watched = yaml.safe_load((deploy / "observability" / "alerts.yaml").read_text())
    rules = {rule["alert"] for group in watched["groups"] for rule in group["rules"] if "alert" in rule}
    service = (deploy / "cloudformation" / "service.yaml").read_text()
    alarms = set(re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm$", service, re.MULTILINE))
    assert rules
    assert alarms
    listed = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", sections()["An alarm rang"], re.MULTILINE)
    assert {name for cell in listed for name in re.findall(r"\w+", cell)} == rules | alarms


def test_five_questions_are_asked_of_the_log():
    assert [command.split()[0] for command in commands()] == ["jq"] * 5
