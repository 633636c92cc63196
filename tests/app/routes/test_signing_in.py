"""Signing in by either way, and the page where it begins."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.errors import StoreUnavailable
from app.routes import ROUTES
from tests.app.routes.browsing import APP, FORM, refused


class TestSigningIn:
    def test_the_button_leads_to_the_provider_and_back_to_the_page(self, world):
        begun = world.browser.get("/auth/login", params={"return_to": "/cities?year=2024&year=2025"})
        url = urlsplit(begun.headers["location"])
        query = parse_qs(url.query)
        assert f"{url.scheme}://{url.netloc}{url.path}" == "https://id.example.com/authorize"
        assert query["redirect_uri"] == [f"{APP}/auth/callback"]
        assert query["code_challenge_method"] == ["S256"]
        answer = world.browser.get("/auth/callback", params=world.scene.idp.grant(begun.headers["location"]))
        assert (answer.status_code, answer.headers["location"]) == (303, "/cities?year=2024&year=2025")
        assert world.sessions.find(world.cookie("session")).identity.email == "frank@example.com"

    def test_nothing_of_the_exchange_is_in_what_the_browser_gets(self, world):
        begun = world.browser.get("/auth/login")
        granted = world.scene.idp.grant(begun.headers["location"])
        answer = world.browser.get("/auth/callback", params=granted)
        token = world.sessions.find(world.cookie("session")).identity.token
        texts = [each.text + str(each.headers) for each in (begun, answer)]
        assert not [text for text in texts if token in text or world.scene.refresh_tokens[0] in text]
        assert granted["code"] not in texts[1]
        assert "code_verifier" not in texts[0]

    def test_signing_in_again_is_another_session(self, world):
        world.sign_in()
        first = world.cookie("session")
        world.sign_in()
        assert world.cookie("session") != first
        assert not world.sessions.holds(first)
        assert len(world.kept()) == 2  # one of them the reason why the first is over
        assert len(world.sessions.listing()) == 1

    def test_a_browser_keeps_its_visitors_cookie(self, world):
        world.browser.get("/auth/login")
        visitor = world.cookie("visitor")
        assert "set-cookie" not in world.browser.get("/auth/login").headers
        assert world.cookie("visitor") == visitor != ""

    def test_a_visitors_cookie_that_is_none_of_ours_is_replaced(self, world):
        answer = world.browser.get("/auth/login", headers={"Cookie": "__Host-rowlight_visitor=chosen"})
        assert "__Host-rowlight_visitor=chosen" not in answer.headers["set-cookie"]
        assert len(world.cookie("visitor")) == 43

    def test_after_a_sign_out_the_provider_asks_who_it_is(self, world):
        assert "prompt" not in world.browser.get("/auth/login").headers["location"]
        world.sign_in()
        world.browser.post("/auth/sign-out", headers=FORM)
        assert "prompt=login" in world.browser.get("/auth/login").headers["location"]
        world.sign_in()
        assert "prompt" not in world.browser.get("/auth/login").headers["location"]

    def test_two_tabs_may_be_signing_in_at_once(self, world):
        first, second = world.begin(return_to="/cities"), world.begin(return_to="/sales")
        answers = [world.browser.get("/auth/callback", params=each) for each in (second, first)]
        assert [answer.headers["location"] for answer in answers] == ["/sales", "/cities"]

    def test_a_provider_out_of_reach_is_told(self, serve, caplog):
        world = serve()
        world.scene.idp.answers["/.well-known/openid-configuration"] = httpx.ConnectError("no")
        assert refused(world.browser.get("/auth/login?return_to=/cities"), 503, "RL-227")
        assert [line.split()[0] for line in caplog.messages if "error=" in line] == ["error=RL-227"]

    def test_who_is_refused_writes_no_more_than_an_event(self, world, caplog):
        """Anybody can be refused as often as they like."""
        assert refused(world.browser.get("/auth/callback?state=x&code=y"), 403, "RL-223")
        assert not [line for line in caplog.messages if "error=" in line]

    def test_a_store_out_of_reach_is_told(self, world, monkeypatch):
        answer = world.begin()

        def fail(_):
            raise StoreUnavailable("The store does not answer.", "Later.")

        monkeypatch.setattr(world.scene.store, "get", fail)
        assert refused(world.browser.get("/auth/callback", params=answer), 503, "RL-110")


class TestListing:
    @pytest.fixture
    def signed_in(self, world):
        world.sign_in()
        return world.sessions.find(world.cookie("session"))

    def test_administrators_see_who_is_signed_in(self, world, signed_in, monkeypatch):
        monkeypatch.setattr(signed_in, "administers", lambda: True)
        answer = world.browser.get("/auth/sessions")
        assert answer.json()["sessions"] == [
            {
                "reference": signed_in.reference,
                "person": "frank@example.com",
                "groups": ["amer-sales"],
                "started_at": world.scene.clock().isoformat(),
                "used_at": world.scene.clock().isoformat(),
                "ends_at": signed_in.ends_at.isoformat(),
            }
        ]

    def test_nobody_else_does(self, world, signed_in, monkeypatch):
        monkeypatch.setattr(signed_in, "administers", lambda: False)
        for answer in (world.browser.get("/auth/sessions"), world.another_browser().get("/auth/sessions")):
            assert answer.status_code == 403
            assert "frank" not in answer.text


class TestPage:
    def test_it_says_what_it_is_and_where_to_sign_in(self, world):
        page = world.browser.get("/auth/sign-in", params={"return_to": "/cities?x=%22%3E%3Cscript%3E"})
        assert page.status_code == 200
        assert "Rowlight" in page.text
        assert "Sign in with id.example.com" in page.text
        assert "<script" not in page.text

    def test_what_leads_back_is_kept_out_of_the_pages_markup(self, world):
        page = world.browser.get("/auth/sign-in", params={"return_to": "/x?'\"><script>alert(1)</script>"})
        assert "<script" not in page.text
        assert 'href="/auth/login?return_to=/x%3F%27%22%3E%3Cscript%3Ealert%281%29%3C/script%3E"' in page.text

    @pytest.mark.parametrize("path", [route.path for route in ROUTES if "." in route.path])
    def test_its_files_are_there_for_everybody(self, world, path):
        answer = world.browser.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] in {
            "text/css",
            "text/javascript",
            "image/svg+xml",
            "font/woff2",
        }
