"""The sign-in page, by what is on it, and what comes of an answer that its button brings."""

import json
import logging
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.auth import sign_in
from app.errors import StoreUnavailable
from app.session.sessions import SESSION, TICKET
from tests.app.auth.conftest import CLIENT_SECRET, make_provider
from tests.app.tabs import Browser, House

EVIL = "\"><script>alert(1)</script>&period=7d#'"
EVIL_PATH = '/"><script>alert(1)</script>'  # the browser says at which page it is, and may say anything
NOTICE = '<div class="rl-notice" role="alert">'


@pytest.fixture
def house(monkeypatch):
    return House(monkeypatch)


def query(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def kept(house, kind):
    """How many of a kind the store holds."""
    return len(list(house.scene.store.entries(kind)))


class TestThePage:
    def test_nobody_sees_a_view_without_signing_in(self, house):
        rendered = []
        house.shows(lambda *_: rendered.append(1))
        tab = house.tab()
        assert rendered == []
        assert tab.page.title[0].value == "Rowlight"
        assert tab.components == 1
        assert json.loads(tab.component.proto.json_args)["name"] == "Sign in with id.example.com"
        assert "/auth/sign-out" not in tab.text

    def test_the_button_leads_to_the_provider_and_back_to_the_pop_up(self, house):
        asked = query(house.tab().authorization_url)
        assert asked["redirect_uri"] == house.scene.settings.popup_uri
        assert asked["code_challenge_method"] == "S256"
        assert asked["nonce"] != asked["state"]
        assert "prompt" not in asked

    def test_a_tab_keeps_its_attempt_and_no_two_tabs_have_the_same(self, house):
        browser = Browser()
        tab, other = house.tab(browser), house.tab(browser)
        before = tab.authorization_url
        assert tab.run().authorization_url == before
        assert query(other.authorization_url)["state"] not in before

    @pytest.mark.parametrize(
        ("at", "parameters"),
        [
            ("/", {}),
            ("/cities", {"period": "7d"}),
            ("/cities", {"category": ["a b", "c&d=e"], "x": "ä"}),
            ("/", {"category": EVIL}),
            (EVIL_PATH, {"period": "7d"}),
        ],
    )
    def test_the_way_without_a_pop_up_leads_back_to_this_very_page(self, house, at, parameters):
        tab = house.tab(at=at, query=parameters)
        [link] = tab.links
        assert link.startswith("/auth/login?return_to=/")
        back = urlsplit(query(link)["return_to"])
        expected = {name: value if isinstance(value, list) else [value] for name, value in parameters.items()}
        assert (back.path, parse_qs(back.query), back.fragment) == (at, expected, "")
        assert "<script>alert" not in tab.text

    def test_a_blocked_window_has_its_word_ready(self, house):
        text = house.tab().text
        assert (
            'id="rl-blocked" class="rl-blocked" role="alert" hidden>Your browser blocked the sign-in window.'
            in text
        )
        assert '<script src="/auth/pop_up.js"></script>' in text

    @pytest.mark.parametrize(
        ("issuer", "name"),
        [
            ("https://id.example.com", "id.example.com"),
            ("http://localhost:8502", "your company account"),
            ("http://127.0.0.1:8502", "your company account"),
        ],
    )
    def test_the_provider_is_named_as_people_know_it(self, house, issuer, name):
        assert sign_in.account(make_provider(house.scene.idp, lambda: 0.0, issuer=issuer)) == name

    def test_a_browser_that_keeps_no_cookies_is_told_and_begins_nothing(self, house):
        tab = house.tab(Browser(visitor=""))
        assert tab.page.title[0].value == "Rowlight"
        assert "Rowlight needs one cookie to sign you in, and your browser did not keep it." in tab.text
        assert "Allow cookies for this site" in tab.text
        assert "Code RL-238 · Reference " in tab.text
        assert tab.components == 0
        assert tab.links == []
        assert house.scene.idp.requests == []

    def test_a_provider_that_cannot_be_reached_is_told_with_a_way_out(self, house):
        house.scene.idp.answers["/.well-known/openid-configuration"] = httpx.ConnectError("no")
        tab = house.tab()
        assert tab.page.title[0].value == "Rowlight"
        assert "id.example.com cannot be reached" in tab.text
        assert "Code RL-227 · Reference " in tab.text
        assert tab.components == 0
        house.scene.idp.answers.clear()
        assert tab.press("Try again").components == 1

    def test_by_the_full_page_there_is_one_link(self, monkeypatch):
        house = House(monkeypatch, sign_in="redirect")
        # Its cookie comes with the first step there: having none yet is no fault.
        tab = house.tab(Browser(visitor=""), at="/cities", query={"period": "7d"})
        assert tab.components == 0
        assert tab.links == ["/auth/login?return_to=/cities%3Fperiod%3D7d"]
        assert ">Sign in with id.example.com</a>" in tab.text

    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ("signed-out", "You are signed out."),
            ("RL-235", "<p>Sign out at the identity provider too, so that nothing stays open there.</p>"),
        ],
    )
    def test_who_has_signed_out_reads_so_and_the_next_person_is_asked_who_they_are(self, house, said, shown):
        tab = house.tab(Browser(said=said))
        assert shown in tab.text
        assert query(tab.authorization_url)["prompt"] == "login"

    def test_a_last_word_that_is_not_ours_is_not_repeated(self, house):
        assert "alert(1)" not in house.tab(Browser(said=EVIL)).text


class TestAnAnswer:
    @pytest.mark.parametrize(
        "forged",
        [
            0,
            False,
            "code",
            [],
            ["code", "state"],
            {},
            {"code": "c"},
            {"code": "c", "state": "forged"},
            {"code": "c", "state": None},
            {"code": "c", "state": ["STATE"]},
            {"code": "c", "state": {"STATE": "STATE"}},
            {"code": "c", "state": "STATE" + "x"},
            {"code": "c", "state": "ä" * 43},
            {"error": "access_denied"},
            {"token": {"id_token": "TOKEN"}},
            {"token": {"id_token": "TOKEN", "refresh_token": "r", "expires_in": 3600}, "state": "forged"},
        ],
    )
    def test_a_forged_one_is_refused_and_changes_nothing(self, house, caplog, forged):
        caplog.set_level(logging.INFO, logger="app")
        tab = house.tab()
        before = query(tab.authorization_url)
        token = house.scene.idp.token(nonce=before["nonce"])
        text = json.dumps(forged).replace("STATE", before["state"]).replace("TOKEN", token)
        tab.answer(json.loads(text))
        assert "Code RL-223" in tab.text
        assert query(tab.authorization_url)["state"] != before["state"]
        assert house.scene.idp.count("/token") == 0
        assert kept(house, SESSION) == kept(house, TICKET) == 0
        [refusal] = [record for record in caplog.records if getattr(record, "event", "") == "refusal"]
        assert (refusal.outcome, refusal.way) == ("RL-223", "popup")

    def test_a_token_from_the_browser_is_nothing_even_beside_the_right_state(self, house):
        tab = house.tab()
        asked = query(tab.authorization_url)
        tab.answer(
            {"token": {"id_token": house.scene.idp.token(nonce=asked["nonce"])}, "state": asked["state"]}
        )
        assert "Code RL-224" in tab.text
        assert kept(house, TICKET) == 0

    @pytest.mark.parametrize(
        ("error", "code", "said"),
        [
            ("access_denied", "RL-221", "If you did not decline, ask your administrator for access."),
            ("server_error", "RL-222", "give the code below to your administrator"),
            (EVIL, "RL-222", "did not sign you in"),
        ],
    )
    def test_a_denial_is_told_and_the_button_begins_anew(self, house, error, code, said):
        tab = house.tab()
        before = query(tab.authorization_url)
        tab.answer({"error": error, "error_description": EVIL, "state": before["state"]})
        assert said in tab.text
        assert NOTICE in tab.text
        assert f"Code {code}" in tab.text
        assert "alert(1)" not in tab.text
        tab.answer(house.scene.idp.grant(tab.authorization_url))
        assert NOTICE not in tab.text
        assert kept(house, TICKET) == 1

    def test_one_of_another_tab_is_refused(self, house):
        tab, other = house.tab(), house.tab()
        tab.answer(house.scene.idp.grant(other.authorization_url))
        assert "Code RL-223" in tab.text
        assert house.scene.idp.count("/token") == 0

    def test_one_whose_token_belongs_to_another_sign_in_is_refused(self, house):
        tab = house.tab()
        tab.answer(house.scene.idp.grant(tab.authorization_url, nonce="of another sign-in"))
        assert "Code RL-217" in tab.text
        assert kept(house, TICKET) == 0

    def test_a_store_out_of_reach_is_told_beside_a_new_button(self, house, monkeypatch):
        tab = house.tab()
        before = tab.authorization_url
        with monkeypatch.context() as patch:

            def out_of_reach(*_, **__):
                raise StoreUnavailable("The store does not answer.", "Try again in a moment.")

            patch.setattr(house.scene.store, "add", out_of_reach)
            tab.answer(house.scene.idp.grant(before))
        assert "Code RL-110" in tab.text
        assert tab.authorization_url != before


class TestTheHandOver:
    @pytest.fixture
    def tab(self, house):
        tab = house.tab(at=EVIL_PATH, query={"category": EVIL})
        self.asked = query(tab.authorization_url)
        self.component = tab.component.proto.id
        self.brought = house.scene.idp.grant(tab.authorization_url)
        return tab.answer(self.brought)

    def test_a_form_takes_the_ticket_to_the_cookie_and_back_to_this_page(self, tab):
        fields = tab.fields("/auth/session")
        assert set(fields) == {"ticket", "return_to"}
        back = urlsplit(fields["return_to"])
        assert (back.path, parse_qs(back.query)) == (EVIL_PATH, {"category": [EVIL]})
        assert 'id="rl-hand-over" method="post"' in tab.text
        assert '<script src="/auth/hand_over.js"></script>' in tab.text
        assert "<script>alert" not in tab.text
        assert tab.components == 0

    def test_nobody_is_signed_in_by_it_yet(self, house, tab):
        assert kept(house, SESSION) == 0
        assert "For Frank Amer" not in tab.run().text
        assert "frank@example.com" not in tab.sent

    def test_the_ticket_is_the_only_secret_on_the_page(self, house, tab):
        [refresh_token] = house.scene.idp.given
        [request] = house.scene.idp.forms("/token")
        secrets = [self.brought["code"], self.asked["state"], self.asked["nonce"], request["code_verifier"]]
        secrets += [refresh_token, CLIENT_SECRET, tab.browser.cookies.visitor, "eyJhbGci"]
        assert not [secret for secret in secrets if secret in tab.sent]
        assert tab.fields("/auth/session")["ticket"] in tab.sent

    def test_the_same_answer_again_is_not_looked_at(self, house, tab):
        before = tab.fields("/auth/session")
        tab.answer(self.brought, component=self.component)
        assert tab.fields("/auth/session") == before
        assert house.scene.idp.count("/token") == 1
        assert kept(house, TICKET) == 1

    def test_then_every_tab_of_the_browser_is_signed_in(self, house, tab):
        browser = tab.hand_over()
        assert "For Frank Amer" in house.tab(browser).text
        assert "For Frank Amer" in house.tab(browser).text

    def test_no_other_browser_can_have_it(self, house, tab):
        ticket = tab.fields("/auth/session")["ticket"]
        with pytest.raises(sign_in.SignInRefused) as refusal:
            house.sessions.redeem(ticket, visitor=Browser().cookies.visitor, replaces="")
        assert refusal.value.code == "RL-236"
        assert "For Frank Amer" in house.tab(tab.hand_over()).text
