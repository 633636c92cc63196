"""The full-page sign-in of the running app at the certified provider, by a browser of cookies alone."""

import os
import re
import subprocess
import sys
import time
from html import unescape
from urllib.parse import urljoin

import httpx
import pytest
from playwright.sync_api import expect

from tests.certified import browser
from tests.certified.provider import HERE, running
from tests.conftest import free_ports

ROOT = HERE.parent.parent
START_SECONDS = 60
LOGIN = "ethan@example.com"
DEEP_LINK = "/cities?from=2026-01-01&to=2026-01-31"
SESSION = "rowlight_session"


@pytest.fixture(scope="module")
def app_log(tmp_path_factory):
    return tmp_path_factory.mktemp("app") / "log.txt"


@pytest.fixture(scope="module")
def certified(app_log):
    """A provider of this module's own, so that the app takes its port as soon as it has been chosen."""
    with running(app_log.with_name("provider.txt"), REFRESH_TOKENS="always") as provider:
        yield provider


@pytest.fixture(scope="module")
def app(certified, app_log):
    """The app as it is deployed, with an AWS that cannot be reached: signing in asks nothing of it."""
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    environment = {
        "PATH": os.environ["PATH"],
        "OIDC_ISSUER": certified.issuer,
        "OIDC_CLIENT_ID": certified.client_id,
        "OIDC_CLIENT_SECRET": certified.client_secret,
        "APP_URL": certified.app_url,
        "SIGN_IN": "redirect",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": nowhere,
        "IDC_APPLICATION_ARN": "arn:aws:sso::123456789012:application/ssoins-1/apl-1",
        "BRIDGE_ROLE_ARN": "arn:aws:iam::123456789012:role/IDCBridgeRole",
        "DATA_ROLE_ARN": "arn:aws:iam::123456789012:role/RedshiftDataAPIClientRole",
        "REDSHIFT_WORKGROUP": "redshift-tip-enabled",
        "REDSHIFT_DATABASE": "dev",
    }
    port = httpx.URL(certified.app_url).port
    command = [sys.executable, "-m", "streamlit", "run", "app/asgi.py", f"--server.port={port}"]
    with (
        app_log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _wait_until_healthy(process, certified.app_url, app_log)
            yield certified.app_url
        finally:
            process.terminate()


def _wait_until_healthy(process, url, log):
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(url + "/_stcore/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def client(app):
    with httpx.Client(headers={"Accept": "text/html"}) as client:
        yield client


def login_url(client, app, path=DEEP_LINK):
    """Where the button of the sign-in page leads, for somebody who came by a link."""
    page = browser.follow(client, client.get(app + path), until="nowhere")
    assert page.url.path == "/auth/sign-in"
    (link,) = re.findall(r'href="(/auth/login[^"]*)"', page.text)
    return urljoin(app, unescape(link))


def callback(client, app, certified):
    """The address at which the provider sends the browser back, signed in there."""
    return browser.sign_in(client, login_url(client, app), login=LOGIN, until=certified.redirect_uri)


def signed_in(client, app):
    return client.get(app + "/auth/session").status_code


def test_a_person_signs_in_reaches_the_page_they_wanted_and_signs_out(client, app, certified, app_log):
    back = callback(client, app, certified)
    assert signed_in(client, app) == 401
    arrived = client.get(back)
    assert (arrived.status_code, arrived.headers["location"]) == (303, DEEP_LINK)
    (cookie,) = (c for c in arrived.headers.get_list("set-cookie") if c.startswith(SESSION + "="))
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert signed_in(client, app) == 204
    assert client.get(app + DEEP_LINK).status_code == 200

    session_id = client.cookies[SESSION]
    ended = certified.grants_ended
    left = client.post(app + "/auth/sign-out", headers={"Origin": app})
    assert left.status_code == 303
    assert left.headers["location"].startswith(certified.provider().metadata().end_session_endpoint + "?")
    assert certified.grants_ended == ended + 1  # revoked by the app, before the person says anything there
    assert signed_in(client, app) == 401
    assert httpx.get(app + "/auth/session", cookies={SESSION: session_id}).status_code == 401

    home = browser.sign_out(client, left.headers["location"], until=certified.signed_out_uri)
    assert home == certified.signed_out_uri
    farewell = browser.follow(client, client.get(home), until="nowhere")
    assert (farewell.status_code, farewell.url.path) == (200, "/auth/sign-in")
    again = browser.follow(client, client.get(login_url(client, app)), until=certified.redirect_uri)
    assert browser.asks_who(again)

    text = app_log.read_text()
    answer = browser.parameters(back)
    for secret in (session_id, answer["code"], answer["state"], certified.client_secret):
        assert secret not in text


def test_an_answer_is_good_once_and_in_its_own_browser(client, app, certified):
    back = callback(client, app, certified)
    with httpx.Client() as other:
        stolen = other.get(back)
        assert (stolen.status_code, "RL-223" in stolen.text) == (403, True)
        assert SESSION not in other.cookies
    assert client.get(back).status_code == 303
    replayed = client.get(back)
    assert (replayed.status_code, "RL-223" in replayed.text) == (403, True)
    assert signed_in(client, app) == 204


@pytest.mark.parametrize(
    ("forged", "code"),
    [
        ({"state": "A" * 43}, "RL-223"),
        ({"iss": "https://elsewhere.example"}, "RL-224"),
        ({"code": "A" * 43}, "RL-225"),
    ],
)
def test_an_answer_that_was_tampered_with_signs_nobody_in(client, app, certified, forged, code):
    refused = client.get(httpx.URL(callback(client, app, certified)).copy_merge_params(forged))
    assert (refused.status_code, code in refused.text) == (403, True)
    assert SESSION not in client.cookies
    assert signed_in(client, app) == 401


def test_who_cancels_at_the_provider_is_told_so(client, app, certified):
    back = browser.decline(client, login_url(client, app), until=certified.redirect_uri)
    refused = client.get(back)
    assert (refused.status_code, "RL-221" in refused.text) == (403, True)
    assert signed_in(client, app) == 401


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}])
def test_another_site_signs_nobody_out(client, app, certified, headers):
    client.get(callback(client, app, certified))
    ended = certified.grants_ended
    assert client.post(app + "/auth/sign-out", headers=headers).status_code == 403
    assert (signed_in(client, app), certified.grants_ended) == (204, ended)


@pytest.mark.browser
def test_chromium_signs_in_and_out_under_the_apps_own_policies(app, certified, chromium):
    with chromium.new_context(locale="en-US") as context:
        page = context.new_page()
        page.goto(app + DEEP_LINK)
        page.get_by_role("link", name="Sign in with").click()
        page.get_by_placeholder("Enter any login").fill(LOGIN)
        page.get_by_placeholder("and password").fill("any")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(app + DEEP_LINK)
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.get_by_role("button", name="Yes, sign me out").click()
        page.wait_for_url(app + "/auth/sign-in")
        expect(page.get_by_role("status")).to_contain_text("signed out")
        page.goto(app + DEEP_LINK)
        expect(page.get_by_role("link", name="Sign in with")).to_be_visible()
