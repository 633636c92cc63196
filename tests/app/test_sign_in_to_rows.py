"""From the sign-in button's address to a person's own rows, against the stand-in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from app import session
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
    RoleRefused,
    SessionExpired,
    SignInRefused,
)
from app.redshift.query import Query
from app.session import Services, open_session
from app.settings import load
from tests import outside

WHO = Query("who am I", "SELECT current_user AS name")
SALES = Query("sales", "SELECT count(*) AS orders FROM public.sales_data")


@pytest.fixture
def shared(env, monkeypatch, tmp_path):
    """The app's services, set up by the settings that the stand-in tells."""
    for name, value in env.items():
        if not name.startswith("ADMIN_"):
            monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "current_tab", lambda: "tab")
    settings = load(None)
    provider = Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
    )
    return Services(settings, provider, Aws(settings.aws_region))


def browse(attempt, label):
    """What the pop-up comes back with after that button of the provider's page."""
    with httpx.Client() as browser:
        answer = outside.press(browser, browser.get(attempt.url), label)
        while answer.is_redirect and not answer.headers["location"].startswith(attempt.redirect_uri):
            answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def begin(shared):
    return Attempt.begin(shared.provider, shared.settings.redirect_uri)


def sign_in(shared, name):
    attempt = begin(shared)
    return attempt.complete(browse(attempt, name), shared.provider)


def failing(error, call, *arguments, **keywords):
    with pytest.raises(AppError) as caught:
        call(*arguments, **keywords)
    assert type(caught.value) is error
    return caught.value.code


def test_a_person_reaches_the_warehouse_as_themselves(shared):
    user = open_session(sign_in(shared, "Frank Amer"), shared)
    assert user.identity.email == "frank@example.com"
    assert user.identity.groups == ("amer-sales",)
    assert user.warehouse.fetch(WHO).frame["name"].tolist() == ["AWSIDC:frank@example.com"]
    assert user.warehouse.fetch(SALES).frame["orders"].iloc[0] > 0


def test_two_people_at_once_see_their_own_rows(shared):
    people = [open_session(sign_in(shared, name), shared) for name in ("Frank Amer", "Ethan Global")]
    frank, ethan = (user.warehouse.fetch(SALES).frame["orders"].iloc[0] for user in people)
    assert 0 < frank < ethan
    names = [user.warehouse.fetch(WHO).frame["name"].iloc[0] for user in people]
    assert names == ["AWSIDC:frank@example.com", "AWSIDC:ethan@example.com"]


def test_somebody_in_no_group_is_let_in_and_denied_by_the_warehouse(shared):
    user = open_session(sign_in(shared, "Nora Newcomer"), shared)
    assert failing(QueryDenied, user.warehouse.fetch, SALES).startswith("RL-41")


def test_a_person_who_cancels_is_told(shared):
    attempt = begin(shared)
    assert failing(SignInRefused, attempt.complete, browse(attempt, "Cancel"), shared.provider) == "RL-221"


def test_a_code_is_good_once_and_its_replay_ends_what_it_gave(shared):
    attempt = begin(shared)
    answer = browse(attempt, "Frank Amer")
    first = attempt.complete(answer, shared.provider)
    assert failing(SignInRefused, attempt.complete, answer, shared.provider) == "RL-225"
    assert failing(SessionExpired, first.renew) == "RL-234"


def test_a_code_without_the_verifier_of_its_attempt_is_refused(shared):
    attempt, other = begin(shared), begin(shared)
    answer = browse(attempt, "Frank Amer")
    stolen = {**answer, "state": other.state}
    assert failing(SignInRefused, other.complete, stolen, shared.provider) == "RL-225"


def test_a_token_with_the_nonce_of_another_attempt_is_refused(shared):
    attempt = begin(shared)
    mixed = replace(attempt, nonce=begin(shared).nonce)
    assert failing(InvalidToken, mixed.complete, browse(attempt, "Frank Amer"), shared.provider) == "RL-217"


def test_a_wrong_client_secret_is_told(shared, env):
    wrong = Provider(
        issuer=env["OIDC_ISSUER"], client_id=env["OIDC_CLIENT_ID"], client_secret=SecretStr("wrong")
    )
    attempt = begin(shared)
    answer = browse(attempt, "Frank Amer")
    assert failing(SignInRefused, attempt.complete, answer, wrong) == "RL-226"


def test_an_id_token_is_exchanged_once(shared):
    identity = sign_in(shared, "Frank Amer").identity
    exchange(identity, aws=shared.aws, settings=shared.settings)
    assert failing(ExchangeRefused, exchange, identity, aws=shared.aws, settings=shared.settings) == "RL-312"


def test_renewal_brings_a_token_that_can_be_exchanged_again(shared):
    person = sign_in(shared, "Frank Amer")
    exchange(person.identity, aws=shared.aws, settings=shared.settings)
    exchanged = exchange(person.renew(), aws=shared.aws, settings=shared.settings)
    assert exchanged.credentials.expires_at > datetime.now(UTC) + timedelta(minutes=50)


def test_identity_centers_refresh_token_spares_the_id_token(shared):
    identity = sign_in(shared, "Frank Amer").identity
    first = exchange(identity, aws=shared.aws, settings=shared.settings)
    if first.context.refresh_token is None:
        pytest.skip("the application has no refresh_token grant")
    again = exchange(
        identity, aws=shared.aws, settings=shared.settings, refresh_token=first.context.refresh_token
    )
    assert again.context.assertion != first.context.assertion


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
def test_a_wrong_setting_is_told_by_its_code(shared, change, error, code):
    settings = shared.settings.model_copy(update=change)
    identity = sign_in(shared, "Frank Amer").identity
    assert failing(error, exchange, identity, aws=shared.aws, settings=settings) == code


def test_somebody_who_is_not_assigned_is_told(shared, env):
    admin = outside.aws(env, "sso-admin", outside.administrator(env))
    required = {"ApplicationArn": env["IDC_APPLICATION_ARN"], "AssignmentRequired": True}
    before = admin.get_application_assignment_configuration(ApplicationArn=env["IDC_APPLICATION_ARN"])
    identity = sign_in(shared, "Nora Newcomer").identity
    admin.put_application_assignment_configuration(**required)
    try:
        code = failing(NotAssigned, exchange, identity, aws=shared.aws, settings=shared.settings)
    finally:
        required["AssignmentRequired"] = before["AssignmentRequired"]
        admin.put_application_assignment_configuration(**required)
    assert code == "RL-331"


@pytest.mark.parametrize("forged", ["header.payload.signature", ""])
def test_a_token_that_nobody_signed_gets_no_role(shared, forged):
    identity = replace(sign_in(shared, "Frank Amer").identity, token=forged or "eyJhbGciOiJub25lIn0.e30.")
    assert failing(RoleRefused, exchange, identity, aws=shared.aws, settings=shared.settings) == "RL-321"


def test_signing_out_revokes_at_the_provider(shared):
    person = sign_in(shared, "Frank Amer")
    user = open_session(person, shared)
    stolen = person._refresh_token
    user.end()
    with pytest.raises(SignInRefused) as caught:
        shared.provider.refresh(stolen)
    assert caught.value.code == "RL-225"
    assert failing(SessionExpired, lambda: user.warehouse) == "RL-233"


def test_a_provider_that_is_gone_is_told(shared):
    gone = Provider(issuer="http://localhost:9", client_id="x", client_secret=SecretStr("y"))
    assert failing(SignInRefused, Attempt.begin, gone, "http://localhost/x") == "RL-227"
