"""Answers, tickets and cookies that somebody made up, stole or used before."""

import asyncio
from urllib.parse import quote

import pytest
from starlette.applications import Starlette

from app.errors import StoreUnavailable
from app.routes import ROUTES
from tests.app.routes.browsing import FORM, refused


def raw(path, query):
    """The answer to a query that no browser would send."""
    sent = []
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": []}

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message)

    asyncio.run(Starlette(routes=ROUTES)(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


class TestForgedAnswers:
    @pytest.mark.parametrize("state", [None, "", "x", "A" * 43, "é", "\x00", "a" * 60_000])
    @pytest.mark.usefixtures("somebody")
    def test_a_state_that_nobody_waits_for(self, world, state):
        answer = world.begin()
        answer = {**answer, "state": state} if state is not None else {"code": answer["code"]}
        assert refused(world.browser.get("/auth/callback", params=answer), 403, "RL-223")

    @pytest.mark.usefixtures("somebody")
    def test_without_a_sign_in_under_way(self, world):
        assert refused(world.browser.get("/auth/callback?code=x&state=y"), 403, "RL-223")
        assert refused(world.browser.get("/auth/callback"), 403, "RL-223")

    @pytest.mark.usefixtures("somebody")
    def test_of_another_browser(self, world):
        """An attacker's own answer must not sign anybody in as the attacker."""
        answer = world.begin()
        victim = world.another_browser()
        victim.get("/auth/login")
        assert refused(victim.get("/auth/callback", params=answer), 403, "RL-223")
        assert refused(world.another_browser().get("/auth/callback", params=answer), 403, "RL-223")
        assert world.cookie("session", victim) == ""

    @pytest.mark.usefixtures("somebody")
    def test_a_code_of_another_sign_in(self, world):
        mine, stolen = world.begin(), world.begin(world.another_browser())
        answer = {**mine, "code": stolen["code"]}
        assert refused(world.browser.get("/auth/callback", params=answer), 403, "RL-225")

    def test_a_replay(self, world):
        answer = world.begin()
        assert world.browser.get("/auth/callback", params=answer).status_code == 303
        before = world.kept()
        assert refused(world.browser.get("/auth/callback", params=answer), 403, "RL-223")
        assert world.kept() == before
        assert world.sessions.holds(world.cookie("session"))

    @pytest.mark.usefixtures("somebody")
    def test_after_ten_minutes(self, world):
        answer = world.begin()
        world.scene.clock.forward(minutes=10)
        assert refused(world.browser.get("/auth/callback", params=answer), 403, "RL-223")

    @pytest.mark.parametrize(
        ("claims", "code"),
        [
            ({"nonce": "of-another"}, "RL-217"),
            ({"nonce": None}, "RL-217"),
            ({"iss": "https://evil.example.com"}, "RL-214"),
            ({"aud": "another-app"}, "RL-215"),
            ({"exp": 1}, "RL-216"),
            ({"email_verified": "true"}, "RL-218"),
        ],
    )
    @pytest.mark.usefixtures("somebody")
    def test_a_token_that_proves_nothing(self, world, claims, code):
        answer = world.begin(return_to="/cities", **claims)
        page = world.browser.get("/auth/callback", params=answer)
        assert refused(page, 403, code)
        assert 'href="/auth/login?return_to=/cities"' in page.text
        assert refused(world.browser.get("/auth/callback", params=answer), 403, "RL-223")

    @pytest.mark.usefixtures("somebody")
    def test_by_another_provider(self, world):
        answer = {**world.begin(), "iss": "https://evil.example.com"}
        assert refused(world.browser.get("/auth/callback", params=answer), 403, "RL-224")
        assert world.scene.idp.count("/token") == 1  # the one of whoever is signed in already

    @pytest.mark.parametrize(("error", "code"), [("access_denied", "RL-221"), ("server_error", "RL-222")])
    @pytest.mark.usefixtures("somebody")
    def test_a_denial_is_told_without_its_words(self, world, error, code):
        answer = {"state": world.begin()["state"], "error": error, "error_description": "<b>call 555</b>"}
        page = world.browser.get("/auth/callback", params=answer)
        assert refused(page, 403, code)
        assert "555" not in page.text

    @pytest.mark.parametrize(
        "query", [b"state=\xff\xfe&code=\xff", b"%", b"state=%00", b"state=%FF", b"&&&=&=", b"state" * 9]
    )
    @pytest.mark.usefixtures("somebody")
    def test_a_query_that_is_none(self, query):
        status, body = raw("/auth/callback", query)
        assert status == 403
        assert b"Code RL-223" in body


class TestTickets:
    def test_a_ticket_is_changed_for_the_cookie(self, world):
        ticket = world.ticket()
        form = {"ticket": ticket, "return_to": "/cities?year=2024"}
        answer = world.browser.post("/auth/session", data=form, headers=FORM)
        assert (answer.status_code, answer.headers["location"]) == (303, "/cities?year=2024")
        assert world.sessions.holds(world.cookie("session"))
        assert ticket not in str(answer.headers)

    def test_once(self, world):
        form = {"ticket": world.ticket()}
        assert world.browser.post("/auth/session", data=form, headers=FORM).status_code == 303
        before = world.kept()
        assert refused(world.browser.post("/auth/session", data=form, headers=FORM), 403, "RL-236")
        assert world.kept() == before

    @pytest.mark.usefixtures("somebody")
    def test_within_a_minute(self, world):
        form = {"ticket": world.ticket()}
        world.scene.clock.forward(seconds=60)
        assert refused(world.browser.post("/auth/session", data=form, headers=FORM), 403, "RL-236")

    @pytest.mark.usefixtures("somebody")
    def test_in_the_browser_that_signed_in(self, world):
        form = {"ticket": world.ticket()}
        victim = world.another_browser()
        assert refused(victim.post("/auth/session", data=form, headers=FORM), 403, "RL-236")
        victim.get("/auth/login")
        assert refused(victim.post("/auth/session", data=form, headers=FORM), 403, "RL-236")

    @pytest.mark.parametrize("form", [{}, {"ticket": ""}, {"ticket": "A" * 43}, {"ticket": "é\x00"}])
    @pytest.mark.usefixtures("somebody")
    def test_not_made_up(self, world, form):
        world.ticket()
        assert refused(world.browser.post("/auth/session", data=form, headers=FORM), 403, "RL-236")

    @pytest.mark.parametrize("size", [8193, 200_000, 2_000_000])
    @pytest.mark.usefixtures("somebody")
    def test_not_in_a_large_form(self, world, size):
        form = {"padding": "x" * size, "ticket": world.ticket()}
        assert refused(world.browser.post("/auth/session", data=form, headers=FORM), 403, "RL-236")

    @pytest.mark.parametrize("body", [b"\xff\xfe=\xff", b"%", b"=&=&", b'{"ticket": "x"}', b"ticket"])
    @pytest.mark.usefixtures("somebody")
    def test_not_in_a_form_that_is_none(self, world, body):
        assert refused(world.browser.post("/auth/session", content=body, headers=FORM), 403, "RL-236")


class TestForgedCookies:
    @pytest.mark.parametrize("value", ["", "x", "A" * 43, "session#1", '"' + "A" * 43 + '"', "A" * 9000])
    @pytest.mark.usefixtures("somebody")
    def test_a_session_that_was_made_up_is_none(self, world, value):
        cookie = {"Cookie": f"__Host-rowlight_session={value}"}
        assert world.browser.get("/auth/session", headers=cookie).status_code == 401
        assert world.browser.get("/auth/sessions", headers=cookie).status_code == 403
        assert world.browser.post("/auth/sign-out", headers={**FORM, **cookie}).status_code == 303

    def test_without_its_prefix_it_is_none(self, world):
        world.sign_in()
        bare = {"Cookie": f"rowlight_session={world.cookie('session')}"}
        assert world.another_browser().get("/auth/session", headers=bare).status_code == 401

    def test_the_one_that_was_given_is_one(self, world):
        assert world.browser.get("/auth/session").status_code == 401
        world.sign_in()
        assert world.browser.get("/auth/session").status_code == 204
        assert world.browser.get("/auth/session").content == b""

    def test_a_store_out_of_reach_says_neither(self, world, monkeypatch):
        world.sign_in()

        def fail(_):
            raise StoreUnavailable("The store does not answer.", "Later.")

        monkeypatch.setattr(world.scene.store, "get", fail)
        assert world.browser.get("/auth/session").status_code == 503

    def test_what_somebody_writes_into_the_last_word_is_not_repeated(self, world):
        for said in ("<b>call 555</b>", "RL-999 call 555", "signed-out call 555"):
            page = world.browser.get(
                "/auth/sign-in", headers={"Cookie": f"__Host-rowlight_said={quote(said)}"}
            )
            assert page.status_code == 200
            assert "555" not in page.text
            assert "signed out" not in page.text
