"""From the sign-in button's address to a person's own rows, against the stand-in."""

import base64
import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from app.audit import NOBODY
from app.auth.attempt import Attempt
from app.auth.aws import Aws
from app.auth.exchange import exchange
from app.auth.oidc import Provider
from app.errors import (
    AppError,
    ExchangeRefused,
    InvalidToken,
    NotAssigned,
    QueryDenied,
    QueryFailed,
    RoleRefused,
    SessionExpired,
    SignInRefused,
)
from app.redshift.query import Query
from app.session.assembly import assemble
from app.session.cookies import new_id
from app.settings import load
from tests import outside, stand_in
from tests.app.session.scene import at_once

WHO = Query("who am I", "SELECT current_user AS name")
SALES = Query("sales", "SELECT count(*) AS orders FROM public.sales_data")


@pytest.fixture
def serve(env, monkeypatch, tmp_path):
    """The app's services in a process of their own, set up by what the stand-in tells and these settings."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)

    def serve(**settings):
        with monkeypatch.context() as environment:
            for name, value in {**env, **settings}.items():
                if not name.startswith("ADMIN_"):
                    environment.setenv(name, value)
            shared = assemble(load(None))
            # Its clients are made with the settings of its own process.
            shared.sessions._world.aws.client("sts")
        for name in ("AWS_ENDPOINT_URL", "AWS_REGION"):
            monkeypatch.setenv(name, env[name])
        return shared

    return serve


@pytest.fixture
def shared(serve):
    return serve()


@pytest.fixture
def step(shared):
    """What each of the three steps is done with."""
    return {"aws": Aws(shared.settings.aws_region), "settings": shared.settings, "trail": NOBODY}


def browse(url, back, label):
    """What the browser comes back with after that button of the provider's page."""
    with httpx.Client() as browser:
        answer = outside.press(browser, browser.get(url), label)
        while answer.is_redirect and not answer.headers["location"].startswith(back):
            answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def begin(shared):
    """A sign-in by the pop-up."""
    return Attempt.begin(shared.provider, shared.settings.popup_uri)


def answer_to(attempt, name):
    return browse(attempt.url, attempt.redirect_uri, name)


def sign_in(shared, name):
    attempt = begin(shared)
    return attempt.complete(answer_to(attempt, name), shared.provider)


def open_session(shared, name):
    """Signs in by the full page; returns the cookie's value."""
    visitor = new_id()
    url = shared.sessions.begin(visitor=visitor, return_to="/")
    answer = browse(url, shared.settings.callback_uri, name)
    pending = shared.sessions.claim(state=answer["state"], visitor=visitor)
    return shared.sessions.open(pending.attempt.complete(answer, shared.provider), replaces="")


def user_of(shared, name):
    return shared.sessions.find(open_session(shared, name))


def failing(error, call, *arguments, **keywords):
    with pytest.raises(AppError) as caught:
        call(*arguments, **keywords)
    assert type(caught.value) is error
    return caught.value.code


def orders(user):
    return user.warehouse.fetch(SALES, fresh=True).frame["orders"].iloc[0]


def test_a_person_reaches_the_warehouse_as_themselves(shared):
    user = user_of(shared, "Frank Amer")
    assert user.identity.email == "frank@example.com"
    assert user.identity.groups == ("amer-sales",)
    assert user.warehouse.fetch(WHO).frame["name"].tolist() == ["AWSIDC:frank@example.com"]
    assert orders(user) > 0


def test_where_aws_hands_out_no_identity_token_the_direct_path_says_what_to_set(serve):
    user = user_of(serve(QUERY_PATH="driver", REDSHIFT_HOST="localhost"), "Frank Amer")
    with pytest.raises(QueryFailed) as caught:
        user.warehouse.fetch(WHO)
    assert (caught.value.code, caught.value.cause) == ("RL-428", "NotImplemented")
    assert "QUERY_PATH=data-api" in caught.value.remedy


def test_two_people_at_once_see_their_own_rows(shared):
    people = [user_of(shared, name) for name in ("Frank Amer", "Ethan Global")]
    frank, ethan = map(orders, people)
    assert 0 < frank < ethan
    names = [user.warehouse.fetch(WHO).frame["name"].iloc[0] for user in people]
    assert names == ["AWSIDC:frank@example.com", "AWSIDC:ethan@example.com"]


def test_who_administers_is_asked_of_the_warehouse(shared):
    assert user_of(shared, "Ada Admin").administers()
    assert not any(user_of(shared, name).administers() for name in ("Frank Amer", "Nora Newcomer"))


def test_by_the_pop_up_it_is_the_same(shared):
    visitor = new_id()
    ticket = shared.sessions.ticket(sign_in(shared, "Frank Amer"), visitor=visitor)
    user = shared.sessions.find(shared.sessions.redeem(ticket, visitor=visitor, replaces=""))
    assert orders(user) > 0


@pytest.fixture
def host(env):
    """The settings of a host that signs the exchange itself; what admits it is taken back afterwards."""
    administrator = outside.administrator(env)
    iam, sso = (outside.aws(env, service, administrator) for service in ("iam", "sso-admin"))
    name = env["DATA_ROLE_ARN"].rpartition("/")[2]
    asked = {"ApplicationArn": env["IDC_APPLICATION_ARN"], "AuthenticationMethodType": "IAM"}
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    method = sso.get_application_authentication_method(**asked)["AuthenticationMethod"]
    yield stand_in.host_role(env, table="")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    sso.put_application_authentication_method(**asked, AuthenticationMethod=method)


def test_the_hosts_own_role_signs_where_there_is_no_bridge_role(serve, host):
    shared = serve(**host)
    assert shared.settings.bridge_role_arn == ""
    user = user_of(shared, "Frank Amer")
    before = user.keys()
    assert user.warehouse.fetch(WHO).frame["name"].tolist() == ["AWSIDC:frank@example.com"]
    user.renew()
    assert user.keys() != before
    assert orders(user) > 0


def test_two_processes_share_a_sign_in_and_exchange_its_token_once(serve, env):
    stand_in.session_table(env, "shared-sessions")
    host = stand_in.host_user(env, "shared-sessions", user="shared-host")
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    here, there = (serve(**host, SESSION_KEY=key) for _ in range(2))
    session_id = open_session(here, "Frank Amer")
    users = [each.sessions.find(session_id) for each in (here, there)]
    keys = at_once([user.keys for user in users * 8])
    assert len({each.access_key_id for each in keys}) == 1
    assert orders(users[0]) == orders(users[1]) > 0
    here.sessions.find(session_id).renew()
    there.sessions.find(session_id).warehouse.fetch(WHO)
    assert here.sessions.find(session_id).keys() == there.sessions.find(session_id).keys()
    user = there.sessions.find(session_id)
    here.sessions.end(session_id)
    assert failing(SessionExpired, user.warehouse.fetch, WHO) == "RL-233"
    assert failing(SessionExpired, there.sessions.find, session_id) == "RL-233"


def test_somebody_in_no_group_is_let_in_and_denied_by_the_warehouse(shared):
    user = user_of(shared, "Nora Newcomer")
    assert failing(QueryDenied, user.warehouse.fetch, SALES).startswith("RL-41")


def test_a_person_who_cancels_is_told(shared):
    attempt = begin(shared)
    assert failing(SignInRefused, attempt.complete, answer_to(attempt, "Cancel"), shared.provider) == "RL-221"


def test_a_code_is_good_once_and_its_replay_ends_what_it_gave(shared):
    attempt = begin(shared)
    answer = answer_to(attempt, "Frank Amer")
    first = attempt.complete(answer, shared.provider)
    assert failing(SignInRefused, attempt.complete, answer, shared.provider) == "RL-225"
    assert failing(SignInRefused, shared.provider.refresh, first.refresh_token) == "RL-225"


def test_a_code_without_the_verifier_of_its_attempt_is_refused(shared):
    attempt, other = begin(shared), begin(shared)
    answer = answer_to(attempt, "Frank Amer")
    stolen = {**answer, "state": other.state}
    assert failing(SignInRefused, other.complete, stolen, shared.provider) == "RL-225"


def test_a_token_with_the_nonce_of_another_attempt_is_refused(shared):
    attempt = begin(shared)
    mixed = replace(attempt, nonce=begin(shared).nonce)
    assert (
        failing(InvalidToken, mixed.complete, answer_to(attempt, "Frank Amer"), shared.provider) == "RL-217"
    )


def test_a_wrong_client_secret_is_told(shared, env):
    wrong = Provider(
        issuer=env["OIDC_ISSUER"], client_id=env["OIDC_CLIENT_ID"], client_secret=SecretStr("wrong")
    )
    attempt = begin(shared)
    answer = answer_to(attempt, "Frank Amer")
    assert failing(SignInRefused, attempt.complete, answer, wrong) == "RL-226"


def test_an_id_token_is_exchanged_once(shared, step):
    identity = sign_in(shared, "Frank Amer").identity
    exchange(identity, **step)
    assert failing(ExchangeRefused, exchange, identity, **step) == "RL-312"


def test_renewal_goes_on_without_the_first_token(shared):
    user = user_of(shared, "Frank Amer")
    seen = {user.keys().access_key_id}
    for _ in range(3):
        user.renew()
        seen.add(user.keys().access_key_id)
        assert orders(user) > 0
    assert len(seen) == 4
    assert user.keys().expires_at > datetime.now(UTC) + timedelta(minutes=50)


def test_the_provider_renews_where_identity_center_does_not(shared, step):
    person = sign_in(shared, "Frank Amer")
    exchange(person.identity, **step)
    token = shared.provider.refresh(person.refresh_token).id_token
    assert token != person.identity.token
    assert exchange(replace(person.identity, token=token), **step)


def test_identity_centers_refresh_token_spares_the_id_token(shared, step):
    identity = sign_in(shared, "Frank Amer").identity
    contexts = []
    exchange(identity, **step, kept=contexts.append)
    exchange(identity, **step, refresh_token=contexts[0].refresh_token, kept=contexts.append)
    assert contexts[0].assertion != contexts[1].assertion


@pytest.mark.parametrize(
    ("change", "error", "code"),
    [
        (
            {"idc_application_arn": "arn:aws:sso::123456789012:application/ssoins-1/apl-1"},
            ExchangeRefused,
            "RL-311",
        ),
        ({"bridge_role_arn": "arn:aws:iam::123456789012:role/Nobody"}, RoleRefused, "RL-324"),
        ({"data_role_arn": "arn:aws:iam::123456789012:role/Nobody"}, RoleRefused, "RL-325"),
        ({"data_role_arn": "arn:aws:iam::123456789012:role/IDCBridgeRole"}, RoleRefused, "RL-325"),
    ],
)
def test_a_wrong_setting_is_told_by_its_code(shared, step, change, error, code):
    wrong = {**step, "settings": shared.settings.model_copy(update=change)}
    assert failing(error, exchange, sign_in(shared, "Frank Amer").identity, **wrong) == code


def test_somebody_who_is_not_assigned_is_told(shared, step, env):
    admin = outside.aws(env, "sso-admin", outside.administrator(env))
    required = {"ApplicationArn": env["IDC_APPLICATION_ARN"], "AssignmentRequired": True}
    before = admin.get_application_assignment_configuration(ApplicationArn=env["IDC_APPLICATION_ARN"])
    identity = sign_in(shared, "Nora Newcomer").identity
    admin.put_application_assignment_configuration(**required)
    try:
        code = failing(NotAssigned, exchange, identity, **step)
    finally:
        required["AssignmentRequired"] = before["AssignmentRequired"]
        admin.put_application_assignment_configuration(**required)
    assert code == "RL-331"


@pytest.mark.parametrize("forged", ["header.payload.signature", ""])
def test_a_token_that_nobody_signed_gets_no_role(shared, step, forged):
    identity = replace(sign_in(shared, "Frank Amer").identity, token=forged or "eyJhbGciOiJub25lIn0.e30.")
    assert failing(RoleRefused, exchange, identity, **step) == "RL-321"


def test_signing_out_revokes_at_the_provider_and_leads_back(shared):
    session_id = open_session(shared, "Frank Amer")
    user = shared.sessions.find(session_id)
    user.keys()
    stolen = user._record.standing.refresh_token
    farewell = shared.sessions.end(session_id)
    assert farewell.problem is None
    assert failing(SignInRefused, shared.provider.refresh, stolen) == "RL-225"
    assert failing(SessionExpired, user.warehouse.fetch, SALES) == "RL-233"
    answer = httpx.get(farewell.url)
    assert answer.headers["location"] == shared.settings.signed_out_uri


def test_a_provider_that_is_gone_is_told(shared):
    gone = Provider(issuer="http://localhost:9", client_id="x", client_secret=SecretStr("y"))
    assert failing(SignInRefused, Attempt.begin, gone, "http://localhost/x") == "RL-227"
