"""Two processes of the app behind one address, with one table: one sign-in for both, and one sign-out."""

import base64
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal

import httpx
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests import outside, replica, stand_in
from tests.replica import Browser

# Long enough that a machine with much to do draws its pages before they end.
IDC_TOKEN_SECONDS = 15
PERIOD = """"timestamp" >= dateadd(day, -90, current_date) AND "timestamp" < current_date"""
SEE_FIGURES = ("Ethan Global", "Frank Amer", "Alex Emea", "Ming Apac")
ORDERS = f"SELECT count(*) FROM public.sales_data WHERE {PERIOD}"


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


KEY, NEWER_KEY = key(), key()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("replicas")


@pytest.fixture(scope="module")
def stand(home):
    """The stand-in with credentials of seconds, and the table of the sessions."""
    with stand_in.running(home / "stand-in", IDC_TOKEN_SECONDS=str(IDC_TOKEN_SECONDS)) as running:
        stand_in.session_table(running.env)
        yield running


@pytest.fixture(scope="module")
def host(stand):
    """What the processes' host is: a user who may reach the table and nothing else."""
    return stand_in.host_user(stand.env)


@pytest.fixture(scope="module")
def start(stand, home, host):
    """Starts one more process, by these settings over those that all have."""

    def start(name, **settings):
        return replica.running(stand.env, home / name, **{**host, "SESSION_KEY": KEY, **settings})

    return start


@pytest.fixture(scope="module")
def pair(start):
    with start("a") as a, start("b") as b:
        yield a, b


@pytest.fixture
def browser(stand, pair):
    return Browser(stand.env["APP_URL"], pair[0])


def at_once(*calls):
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def renewals(stand, pair):
    """What Identity Center has exchanged, and what the processes told of it."""
    return {
        "id tokens": len(stand.uses()),
        "refresh tokens": stand.log().count("infra.local.aws.sso_oidc refresh_token "),
        "told": sum(len(each.events("renewal")) for each in pair),
    }


def drawn(tab):
    with tab:
        return tab.run()


def until_pop_up_has_answered(browser, name):
    """The pop-up way up to the ticket, in one tab of the browser."""
    browser.open()
    with browser.tab() as tab:
        (button,) = tab.run().kind("component_instance")
        page = browser.http.get(json.loads(button.json_args)["authorization_url"])
        while page.is_redirect:
            page = browser.http.get(page.headers["location"])
        answer = dict(httpx.URL(browser.press(page, name)).params)
        return replica.ticket(tab.run(WidgetState(id=button.id, json_value=json.dumps(answer))).text)


class TestOneSignInForBoth:
    def test_begun_at_one_it_is_finished_at_the_other_and_works_at_both(self, stand, pair, browser):
        a, b = pair
        used, exchanged = len(stand.uses()), [len(each.events("exchange")) for each in pair]
        callback = browser.at(a).to_provider("Frank Amer", return_to="/cities?period=30d")
        answer = browser.at(b).http.get(callback)
        assert (answer.status_code, answer.headers["location"]) == (303, "/cities?period=30d")
        pages = [drawn(browser.at(each).tab()) for each in pair]
        truth = outside.aws(stand.env, "redshift-data", outside.credentials_of(stand.env, "Frank Amer"))
        ((orders,),) = outside.rows(truth, stand.env, ORDERS)
        for page in pages:
            assert "frank@example.com" in page.text
            assert Decimal(page.metrics["Orders"].replace(",", "")) == orders
        # This sign-in's ID token, and that of the client which shares no code with the app.
        assert len(stand.uses()) == used + 2
        # The other adopted what the first had kept: three steps, all in one process.
        assert len(a.events("exchange")) == exchanged[0] + 3
        assert len(b.events("exchange")) == exchanged[1]

    def test_both_at_once_on_the_first_page_exchange_the_token_once(self, stand, pair, browser):
        used = len(stand.uses())
        browser.sign_in("Alex Emea")
        tabs = [browser.at(each).tab() for each in (*pair, *pair)]
        pages = at_once(*(lambda tab=tab: drawn(tab) for tab in tabs))
        assert len({page.metrics["Total sales"] for page in pages}) == 1
        assert len(stand.uses()) == used + 1
        assert stand.reuses() == []

    def test_expired_at_both_at_once_the_credentials_of_each_person_are_renewed_once(self, stand, pair):
        with ExitStack() as tabs:
            opened = []
            for name in SEE_FIGURES:
                browser = Browser(stand.env["APP_URL"], pair[0])
                browser.sign_in(name)
                opened += [tabs.enter_context(browser.at(each).tab()) for each in pair]
            before = [tab.run() for tab in opened]
            seen = renewals(stand, pair)
            time.sleep(IDC_TOKEN_SECONDS + 1)
            pressed = [
                lambda tab=tab, page=page: tab.press(page, "Refresh")
                for tab, page in zip(opened, before, strict=True)
            ]
            after = at_once(*pressed)
        assert all("Total sales" in page.metrics for page in before)
        assert [page.metrics for page in after] == [page.metrics for page in before]
        # By Identity Center's refresh token alone: no ID token was needed.
        more = {"id tokens": 0, "refresh tokens": len(SEE_FIGURES), "told": len(SEE_FIGURES)}
        assert renewals(stand, pair) == {name: seen[name] + count for name, count in more.items()}
        assert stand.reuses() == []

    def test_a_code_is_redeemed_at_one_of_them(self, pair, browser):
        callback = browser.to_provider("Frank Amer")
        again = Browser(browser.app_url, pair[1])
        again.http.cookies.update(browser.http.cookies)
        answers = at_once(lambda: browser.http.get(callback), lambda: again.http.get(callback))
        assert sorted(answer.status_code for answer in answers) == [303, 403]
        (refused,) = [answer for answer in answers if answer.status_code == 403]
        assert "RL-223" in refused.text
        assert "set-cookie" not in refused.headers

    def test_a_ticket_of_one_is_redeemed_at_the_other_and_once(self, stand, pair, browser):
        a, b = pair
        used = len(stand.uses())
        ticket = until_pop_up_has_answered(browser.at(a), "Ethan Global")
        answer = browser.at(b).post("/auth/session", ticket=ticket, return_to="/cities")
        assert (answer.status_code, answer.headers["location"]) == (303, "/cities")
        for each in pair:
            again = browser.at(each).post("/auth/session", ticket=ticket, return_to="/cities")
            assert again.status_code == 403
            assert "RL-236" in again.text
            assert "ethan@example.com" in drawn(browser.tab()).text
        assert len(stand.uses()) == used + 1

    def test_a_ticket_opens_nothing_in_another_browser(self, stand, pair, browser):
        ticket = until_pop_up_has_answered(browser, "Ethan Global")
        thief = Browser(stand.env["APP_URL"], pair[1])
        thief.open()
        answer = thief.post("/auth/session", ticket=ticket, return_to="/")
        assert (answer.status_code, thief.stands()) == (403, False)
        assert "RL-236" in answer.text
        assert browser.at(pair[1]).post("/auth/session", ticket=ticket).status_code == 303


class TestOneSignOutForBoth:
    def test_it_is_gone_at_both_at_the_next_action(self, pair, browser):
        a, b = pair
        browser.at(a).sign_in("Frank Amer")
        kept = dict(browser.http.cookies)
        other = browser.at(b).tab()
        before = other.run()
        assert "frank@example.com" in before.text
        file = "/app/static/countries-110m.geojson"
        assert [browser.at(each).http.get(file).status_code for each in pair] == [200, 200]

        answer = browser.at(a).post("/auth/sign-out")
        assert answer.status_code == 303
        assert "rowlight_session" not in browser.http.cookies

        # Whoever kept the cookie; then the tab that was open at the other, asked for figures anew.
        for name, value in kept.items():
            browser.http.cookies.set(name, value, domain="localhost.local")
        for each in pair:
            assert browser.at(each).http.cookies["rowlight_session"] == kept["rowlight_session"]
            assert browser.http.get(file).status_code == 403
            assert browser.http.get("/auth/session").status_code == 401
        after = other.press(before, "Refresh")
        other.close()
        later = [drawn(browser.at(each).tab()) for each in pair]
        for page in (after, *later):
            assert page.metrics == {}
            assert "frank@example.com" not in page.text
            assert "You are signed out." in page.text
            assert len(page.kind("component_instance")) == 1  # the sign-in button

    def test_others_of_the_same_person_stay(self, stand, pair, browser):
        elsewhere = Browser(stand.env["APP_URL"], pair[1])
        elsewhere.sign_in("Frank Amer")
        browser.sign_in("Frank Amer")
        browser.post("/auth/sign-out")
        assert elsewhere.stands()
        assert elsewhere.at(pair[0]).stands()


class TestTheTable:
    def test_its_items_tell_nothing(self, stand, pair, browser):
        """Read by the account's administrator: a sign-in under way, a ticket, a session, a person's list."""
        under_way = Browser(stand.env["APP_URL"], pair[0])
        login = under_way.http.get("/auth/login").headers["location"]
        ticket = until_pop_up_has_answered(Browser(stand.env["APP_URL"], pair[0]), "Ethan Global")
        browser.sign_in("Frank Amer")
        assert drawn(browser.tab()).metrics

        table = outside.aws(stand.env, "dynamodb", outside.administrator(stand.env))
        items = table.scan(TableName=stand_in.TABLE)["Items"]
        assert {item["key"]["S"].partition("#")[0] for item in items} == {
            "attempt",
            "ticket",
            "session",
            "person",
        }
        for item in items:
            assert set(item) == {"key", "value", "version", "expires_at"}
            assert re.fullmatch(r"[a-z]+#[0-9a-f]{64}", item["key"]["S"])
        secrets = [ticket, *httpx.URL(login).params.values(), *browser.http.cookies.values()]
        secrets += [each for each in under_way.http.cookies.values() if len(each) > 20]
        readable = [b"example.com", b"Frank", b"Ethan", b"eyJ", b"ASIA", b"AWSIDC", b"token", b"credentials"]
        for item in items:
            value = item["value"]["B"]
            for told in [each.encode() for each in secrets] + readable:
                assert told not in value
                assert base64.b64encode(told).rstrip(b"=")[:-1] not in value
        assert not any(secret in json.dumps(items, default=str) for secret in secrets)

    def test_its_key_is_changed_while_people_work(self, start, pair, browser):
        browser.sign_in("Frank Amer")
        drawn(browser.tab())
        with start("rotated", SESSION_KEY=f"{NEWER_KEY},{KEY}") as rotated:
            assert "frank@example.com" in drawn(browser.at(rotated).tab()).text
            # What is sealed by the newer key opens wherever that key is known.
            newer = Browser(browser.app_url, rotated)
            newer.sign_in("Alex Emea")
            with start("renewed", SESSION_KEY=NEWER_KEY) as renewed:
                assert "alex@example.com" in drawn(newer.at(renewed).tab()).text
                # And what the older sealed is nobody's there: the sign-in page, and no error. Not Frank's: a
                # process that knows both keys may have written his anew.
                older = Browser(browser.app_url, pair[0])
                older.sign_in("Ethan Global")
                assert older.at(renewed).open().status_code == 200
                page = drawn(older.tab())
                assert "ethan@example.com" not in page.text
                assert len(page.kind("component_instance")) == 1
                assert not older.stands()
                for each in (rotated, renewed):
                    assert "Traceback" not in each.log()
        assert older.at(pair[0]).stands()

    def test_out_of_reach_it_is_said_so(self, start, browser):
        browser.sign_in("Frank Amer")
        # Nothing listens there.
        with start("alone", AWS_ENDPOINT_URL_DYNAMODB="http://127.0.0.1:1") as alone:
            browser.at(alone)
            answers = [browser.open(), browser.http.get("/auth/login"), browser.post("/auth/sign-out")]
            for answer in answers:
                assert answer.status_code == 503
                assert "RL-110" in answer.text
                assert "Traceback" not in answer.text
            assert browser.http.get("/auth/session").status_code == 503
            assert browser.http.get("/_stcore/health").status_code == 200
            page = drawn(browser.tab())
            assert "RL-110" in page.text
            assert not page.kind("exception")
            assert "Traceback" not in alone.log()

    def test_a_table_that_is_not_there_is_out_of_reach_too(self, start, browser):
        browser.sign_in("Frank Amer")
        with start("misled", SESSION_STORE="dynamodb:elsewhere", SIGN_IN="redirect") as misled:
            answer = browser.at(misled).open()
            assert (answer.status_code, "RL-110" in answer.text) == (503, True)
            assert "Traceback" not in misled.log()


def test_without_a_bridge_role_the_hosts_own_credentials_sign(stand, start, browser):
    own = stand_in.host_role(stand.env)
    assert own["BRIDGE_ROLE_ARN"] == ""
    used = len(stand.uses())
    with start("host", **own) as at_host:
        browser.at(at_host).sign_in("Frank Amer")
        page = drawn(browser.tab())
        assert Decimal(page.metrics["Orders"].replace(",", "")) > 0
        assert [step for line in at_host.events("exchange") for step in re.findall(r"step=(\w+)", line)] == [
            "CreateTokenWithIAM",
            "AssumeRole",
        ]
        assert "Traceback" not in at_host.log()
    assert len(stand.uses()) == used + 1


def test_neither_failed_on_the_way(pair):
    for each in pair:
        assert "Traceback" not in each.log()
