"""A stand-in of its own with lifetimes of seconds: ten renewals, and hosts that share a table."""

import time

import httpx
import jwt
import pytest

from tests import outside, stand_in
from tests.infra.local.test_chain import refused

ID_TOKEN_SECONDS = 8
IDC_TOKEN_SECONDS = 5


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """The stand-in with lifetimes of seconds."""
    log_file = tmp_path_factory.mktemp("stand-in") / "log"
    lifetimes = {"ID_TOKEN_SECONDS": ID_TOKEN_SECONDS, "IDC_TOKEN_SECONDS": IDC_TOKEN_SECONDS}
    with stand_in.running(log_file, **{name: str(value) for name, value in lifetimes.items()}) as running:
        yield running


def keys(settings):
    return {
        "AccessKeyId": settings["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": settings["AWS_SECRET_ACCESS_KEY"],
        "SessionToken": settings.get("AWS_SESSION_TOKEN"),
    }


def token(env, path: str, **data) -> httpx.Response:
    secret = (env["OIDC_CLIENT_ID"], env["OIDC_CLIENT_SECRET"])
    return httpx.post(f"{env['OIDC_ISSUER']}/{path}", auth=secret, data=data)


def jti(id_token: str) -> str:
    return jwt.decode(id_token, options={"verify_signature": False})["jti"]


def count(env, credentials) -> int:
    client = outside.aws(env, "redshift-data", credentials)
    ((rows,),) = outside.rows(client, env, "SELECT count(*) FROM public.sales_data")
    return rows


def expired(env, credentials) -> str:
    """The code that the Data API tells when the credentials are over; they are when they say so."""
    time.sleep(max(0, credentials["Expiration"].timestamp() - time.time()) + 1)
    client = outside.aws(env, "redshift-data", credentials)
    return refused(client.list_statements, WorkgroupName=env["REDSHIFT_WORKGROUP"])


def test_ten_renewals_by_identity_centers_refresh_token(short):
    """One ID token, long over, and the person works on."""
    env = short.env
    id_token = outside.sign_in(env, "Ethan Global").id_token
    bridge = outside.bridge(env, id_token)
    sso = outside.aws(env, "sso-oidc", bridge)
    asked = {"clientId": env["IDC_APPLICATION_ARN"]}
    answer = sso.create_token_with_iam(**asked, grantType=outside.JWT_BEARER, assertion=id_token)
    first = outside.enhance(env, bridge, answer)
    assert first["Expiration"].timestamp() - time.time() <= IDC_TOKEN_SECONDS
    seen = {count(env, first)}
    assert expired(env, first) == "ExpiredTokenException"
    for _ in range(10):
        answer = sso.create_token_with_iam(
            **asked, grantType="refresh_token", refreshToken=answer["refreshToken"]
        )
        seen.add(count(env, outside.enhance(env, bridge, answer)))
        time.sleep(1)
    assert len(seen) == 1
    assert short.uses().count(jti(id_token)) == 1


def test_ten_renewals_by_the_providers_refresh_token(short):
    """A rotated refresh token and an ID token of its own each time; none is exchanged twice."""
    env = short.env
    tokens = dict(outside.sign_in(env, "Frank Amer").tokens)
    used = [jti(tokens["id_token"])]
    seen = {count(env, outside.exchange(env, tokens["id_token"]))}
    for _ in range(10):
        renewed = token(env, "token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        renewed.raise_for_status()
        assert renewed.json()["refresh_token"] != tokens["refresh_token"]
        assert renewed.json()["expires_in"] == ID_TOKEN_SECONDS
        tokens = renewed.json()
        used.append(jti(tokens["id_token"]))
        seen.add(count(env, outside.exchange(env, tokens["id_token"])))
        time.sleep(0.5)
    assert len(seen) == 1
    assert len(set(used)) == 11
    assert [each for each in short.uses() if each in used] == used
    assert not any(each in line for each in used for line in short.reuses())


def test_an_id_token_that_is_over_still_signs_out_and_does_nothing_else(short):
    env = short.env
    with httpx.Client(follow_redirects=False) as browser:
        id_token = outside.sign_in(env, "Alex Emea", browser=browser).id_token
        bridge = outside.bridge(env, id_token)
        # The endpoint's clock may be five seconds behind the provider's.
        time.sleep(ID_TOKEN_SECONDS + 6)
        assert refused(outside.bridge, env, id_token) == "ExpiredTokenException"
        assert refused(outside.exchange_by, env, bridge, id_token) == "ExpiredTokenException"
        target = f"{env['APP_URL']}/auth/signed-out"
        answer = browser.get(
            f"{env['OIDC_ISSUER']}/end_session",
            params={"id_token_hint": id_token, "post_logout_redirect_uri": target},
        )
    assert answer.headers["location"] == target
    assert "end_session person=alex@example.com: accepted" in short.log()
    assert id_token not in short.log()


def test_a_second_use_stands_in_the_log(short):
    env = short.env
    id_token = outside.sign_in(env, "Ming Apac").id_token
    outside.exchange(env, id_token)
    assert refused(outside.exchange, env, id_token) == "InvalidGrantException"
    (line,) = short.reuses()
    assert f"jti={jti(id_token)} person=ming@example.com: refused" in line
    assert id_token not in short.log()


# --- hosts ------------------------------------------------------------------------------------------


def test_a_hosts_user_reaches_the_table_of_sessions_alone(short):
    env = short.env
    stand_in.session_table(env)
    stand_in.session_table(env, "others")
    settings = stand_in.host_user(env)
    assert settings["SESSION_STORE"] == "dynamodb:rowlight-sessions"
    dynamodb = outside.aws(env, "dynamodb", keys(settings))
    item = {"key": {"S": "a"}, "sealed": {"B": b"\x00\xff"}, "expires_at": {"N": "1800000000"}}
    dynamodb.put_item(TableName=stand_in.TABLE, Item=item)
    assert dynamodb.get_item(TableName=stand_in.TABLE, Key={"key": {"S": "a"}})["Item"] == item
    assert dynamodb.scan(TableName=stand_in.TABLE)["Items"] == [item]
    dynamodb.delete_item(TableName=stand_in.TABLE, Key={"key": {"S": "a"}})
    assert refused(dynamodb.scan, TableName="others") == "AccessDeniedException"
    assert refused(dynamodb.delete_table, TableName=stand_in.TABLE) == "AccessDeniedException"
    id_token = outside.sign_in(env, "Frank Amer").id_token
    # The user has no part in the exchange; the bridge role still does.
    assert refused(outside.exchange_by, env, keys(settings), id_token) == "AccessDeniedException"
    assert count(env, outside.exchange(env, id_token)) > 0


def test_a_host_signs_the_exchange_itself(short):
    env = short.env
    stand_in.session_table(env, "hosts")
    settings = stand_in.host_role(env, "hosts")
    assert (settings["BRIDGE_ROLE_ARN"], settings["SESSION_STORE"]) == ("", "dynamodb:hosts")
    own = keys(settings)
    assert outside.aws(env, "dynamodb", own).scan(TableName="hosts")["Count"] == 0
    person = outside.exchange_by(env, own, outside.sign_in(env, "Frank Amer").id_token)
    client = outside.aws(env, "redshift-data", person)
    assert outside.rows(client, env, "SELECT current_user") == [("AWSIDC:frank@example.com",)]
    # Beside the bridge role, which goes on as before.
    assert count(env, outside.credentials_of(env, "Frank Amer")) == count(env, person)
    # The host itself is nobody in the warehouse.
    host = outside.aws(env, "redshift-data", own)
    assert refused(host.list_statements, WorkgroupName=env["REDSHIFT_WORKGROUP"]) == "AccessDeniedException"
