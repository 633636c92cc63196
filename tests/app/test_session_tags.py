"""The app and the stand-in without IAM Identity Center: each person by the tags of their own ID token."""

import os
import subprocess
import sys
from decimal import Decimal
from functools import cache

import pytest

from app.errors import QueryDenied
from app.redshift.query import Query
from app.session.assembly import assemble
from app.settings import load
from app.views import VIEWS, personal
from app.views.formats import ENGLISH
from app.views.how import words as how_words
from app.views.how.learned import learn
from app.views.reader import Reader
from tests import outside, stand_in
from tests.app.test_sign_in_to_rows import open_session
from tests.infra.local.aws.conftest import refusal

SEES = {"Ethan Global": None, "Frank Amer": "America", "Alex Emea": "Europe", "Ming Apac": "Asia"}
TOTAL = "SELECT sum(quantity * sales_price) AS sales FROM public.sales_data"


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    """A stand-in of its own, where nobody is known to IAM Identity Center."""
    log_file = tmp_path_factory.mktemp("tags") / "log.txt"
    with stand_in.running(log_file, PROPAGATION="session_tags") as running:
        yield running.env


@pytest.fixture(scope="module")
def shared(env, tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.chdir(tmp_path_factory.mktemp("app"))
        for name, value in env.items():
            if not name.startswith("ADMIN_"):
                environment.setenv(name, value)
        yield assemble(load(None))


@pytest.fixture(scope="module")
def user_of(shared):
    return cache(lambda name: shared.sessions.find(open_session(shared, name)))


@pytest.fixture(scope="module")
def keys_of(env):
    return cache(lambda name: outside.credentials_of(env, name))


@pytest.fixture(scope="module")
def data(env, keys_of):
    """A Data API client that signs as the person."""
    return cache(lambda name: outside.aws(env, "redshift-data", keys_of(name)))


@pytest.fixture(scope="module")
def admin(env):
    client = outside.aws(env, "redshift-data", outside.administrator(env))
    return lambda sql: outside.rows(client, env, sql, SecretArn=env["ADMIN_SECRET_ARN"])


def test_the_settings_name_nothing_of_identity_center(env):
    assert env["PROPAGATION"] == "session_tags"
    absent = ("IDC_APPLICATION_ARN", "BRIDGE_ROLE_ARN", "IDENTITY_STORE_ID", "IDC_INSTANCE_ARN")
    assert not [name for name in absent if env.get(name)]


@pytest.mark.parametrize("name", SEES)
def test_each_sees_their_rows_and_no_others(name, user_of, admin):
    where = f" WHERE timezone LIKE '{SEES[name]}%'" if SEES[name] else ""
    ((total,),) = admin(TOTAL + where)
    table = user_of(name).warehouse.fetch(Query("total", TOTAL))
    assert table.columns["sales"][0].as_py() == Decimal(total)


def test_who_is_in_no_group_is_refused(user_of):
    with pytest.raises(QueryDenied):
        user_of("Nora Newcomer").warehouse.fetch(Query("total", TOTAL))


def test_each_is_a_database_user_of_their_own_who_comes_with_their_roles(env, data):
    rows = outside.rows(data("Frank Amer"), env, "SELECT current_user, session_user")
    assert rows == [("IAMR:frank@example.com",) * 2]
    roles = "SELECT name FROM pg_get_session_roles() AS r(name name, roleid integer)"
    assert outside.rows(data("Frank Amer"), env, roles) == [("amer-sales",)]


def test_what_people_keep_is_their_own(user_of):
    for name in ("Frank Amer", "Alex Emea"):
        keep = Query(
            "keep",
            "INSERT INTO rowlight.saved_views VALUES (current_user, :name, 'overview', '', getdate())",
            {"name": name},
        )
        user_of(name).warehouse.fetch(keep)
    kept = Query("kept", "SELECT owner, name FROM rowlight.saved_views")
    for name in ("Frank Amer", "Alex Emea"):
        rows = user_of(name).warehouse.fetch(kept, fresh=True).columns.to_pylist()
        assert rows == [{"owner": f"IAMR:{user_of(name).identity.email}", "name": name}]


def test_the_proof_has_the_same_links(user_of):
    user = user_of("Frank Amer")
    reader = Reader("Frank Amer", user.warehouse, user.trail, chain=user.chain)
    known = learn(reader, personal.beside(VIEWS[0].question).relations, list)
    links = how_words.links(known, ENGLISH)
    assert [link.name for link in links] == ["ID token", "Role session", "Redshift", "SELECT", "Rows"]
    assert {link.state for link in links} == {"holds"}
    assert links[2].value == "IAMR:frank@example.com"


def test_the_administrator_reads_the_policies_and_no_row(user_of):
    ada = user_of("Ada Admin")
    assert ada.administers()
    with pytest.raises(QueryDenied):
        ada.warehouse.fetch(Query("total", TOTAL))


def test_a_renewal_keeps_the_person(user_of):
    user = user_of("Ming Apac")
    before = user.keys()
    user.renew()
    assert user.keys().access_key_id != before.access_key_id
    asked = Query("who", "SELECT CAST(current_user AS VARCHAR(99)) AS name")
    assert user.warehouse.fetch(asked, fresh=True).columns["name"][0].as_py() == "IAMR:ming@example.com"


@pytest.mark.parametrize("name", ["Frank Amer", "Nora Newcomer"])
def test_doctor_goes_the_whole_way_as_a_test_person(env, name):
    keys = {
        "AWS_ACCESS_KEY_ID": env["ADMIN_AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": env["ADMIN_AWS_SECRET_ACCESS_KEY"],
    }
    done = subprocess.run(
        [sys.executable, "-m", "infra.provision", "doctor", "--json", "--id-token-file", "-"],
        input=outside.sign_in(env, name).id_token,
        env={**os.environ, **env, **keys},
        cwd=stand_in.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("RLD-508" in done.stdout) == (name == "Nora Newcomer")


# Whoever has a token of their own, and goes round the app.


def test_nobody_reads_or_stops_anothers_statement(env, data):
    done = outside.run(data("Ethan Global"), env, TOTAL)
    for call in ("describe_statement", "get_statement_result", "cancel_statement"):
        assert refusal(getattr(data("Frank Amer"), call), Id=done["Id"]) == "AccessDeniedException"
    assert data("Ethan Global").get_statement_result(Id=done["Id"])["TotalNumRows"] == 1


def test_nobody_goes_on_in_anothers_session(env, data):
    target = {"WorkgroupName": env["REDSHIFT_WORKGROUP"], "Database": env["REDSHIFT_DATABASE"]}
    opened = data("Ethan Global").execute_statement(**target, Sql=TOTAL, SessionKeepAliveSeconds=60)
    call = data("Frank Amer").execute_statement
    assert refusal(call, SessionId=opened["SessionId"], Sql=TOTAL) == "AccessDeniedException"


def test_nobody_calls_their_session_as_somebody_else(env):
    token = outside.sign_in(env, "Frank Amer").id_token
    for session in ("ethan@example.com", "frank", "Frank@example.com"):
        assert refusal(outside.tagged, env=env, id_token=token, session=session) == "AccessDenied"


def test_the_role_is_for_the_warehouse_alone(env, keys_of):
    keys = keys_of("Ethan Global")
    target = {"WorkgroupName": env["REDSHIFT_WORKGROUP"], "Database": env["REDSHIFT_DATABASE"]}
    data = outside.aws(env, "redshift-data", keys)
    as_admin = {**target, "SecretArn": env["ADMIN_SECRET_ARN"]}
    assert refusal(data.execute_statement, **as_admin, Sql=TOTAL) == "AccessDeniedException"
    assert refusal(outside.aws(env, "iam", keys).list_roles) == "AccessDenied"
    assume = outside.aws(env, "sts", keys).assume_role
    asked = {"RoleArn": env["DATA_ROLE_ARN"], "RoleSessionName": "ethan@example.com"}
    assert refusal(assume, **asked) == "AccessDenied"


def test_the_event_history_tells_the_person_at_each_call(env, data):
    done = outside.run(data("Frank Amer"), env, TOTAL)
    trail = outside.aws(env, "cloudtrail", outside.administrator(env))
    asked = [{"AttributeKey": "Username", "AttributeValue": "frank@example.com"}]
    events = trail.lookup_events(LookupAttributes=asked)["Events"]
    found = [each for each in events if done["Id"] in each["CloudTrailEvent"]]
    assert {each["EventName"] for each in found} == {"ExecuteStatement", "DescribeStatement"}
    assert "onBehalfOf" not in found[0]["CloudTrailEvent"]
