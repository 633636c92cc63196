"""Signing out, and what the cookies of it all look like."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.app.routes.browsing import APP, FORM


def flags(header):
    return set(header.split("; ")[1:])


class TestCookies:
    def test_over_https_they_are_this_hosts_alone(self, world):
        begun = world.browser.get("/auth/login").headers.get_list("set-cookie")
        answer = world.sign_in(world.another_browser()).headers.get_list("set-cookie")
        assert [each.partition("=")[0] for each in begun] == ["__Host-rowlight_visitor"]
        assert answer[0].partition("=")[0] == "__Host-rowlight_session"
        for header in (*begun, answer[0]):
            assert flags(header) == {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}

    def test_over_http_on_this_machine_they_are_without_what_needs_https(self, serve):
        world = serve(app_url="http://localhost:8501")
        begun = world.browser.get("/auth/login").headers.get_list("set-cookie")
        answer = world.sign_in(world.another_browser()).headers.get_list("set-cookie")
        assert [each.partition("=")[0] for each in (*begun, answer[0])] == [
            "rowlight_visitor",
            "rowlight_session",
        ]
        for header in (*begun, answer[0]):
            assert flags(header) == {"Path=/", "HttpOnly", "SameSite=Lax"}

    def test_https_is_https_however_it_is_written(self, serve):
        world = serve(app_url="HTTPS://app.example.com")
        assert "Secure" in flags(world.browser.get("/auth/login").headers["set-cookie"])


class TestSigningOut:
    def test_it_leads_through_the_provider_back_to_the_sign_in_page(self, world):
        world.sign_in()
        world.sessions.find(world.cookie("session")).keys()
        token = world.sessions.find(world.cookie("session")).identity.token
        answer = world.browser.post("/auth/sign-out", headers=FORM)
        url = urlsplit(answer.headers["location"])
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert answer.status_code == 303
        assert f"{url.scheme}://{url.netloc}{url.path}" == "https://id.example.com/logout"
        assert query == {
            "client_id": "rowlight-test",
            "post_logout_redirect_uri": f"{APP}/auth/signed-out",
            "id_token_hint": token,
        }
        back = world.browser.get("/auth/signed-out")
        assert (back.status_code, back.headers["location"]) == (303, "/auth/sign-in")
        assert "You are signed out." in world.browser.get("/auth/sign-in").text

    def test_by_the_pop_up_it_leads_to_the_first_page(self, serve):
        assert serve(sign_in="popup").browser.get("/auth/signed-out").headers["location"] == "/"

    def test_the_cookie_goes_and_the_last_word_comes_for_two_minutes(self, world):
        world.sign_in()
        gone, said = world.browser.post("/auth/sign-out", headers=FORM).headers.get_list("set-cookie")
        assert gone.startswith("__Host-rowlight_session=; ")
        assert {"Max-Age=0", "Secure", "HttpOnly", "Path=/"} <= flags(gone)
        assert said.startswith("__Host-rowlight_said=signed-out; ")
        assert {"Max-Age=120", "Secure", "HttpOnly", "SameSite=Lax"} <= flags(said)
        assert world.cookie("session") == ""

    def test_every_browser_of_it_is_out(self, world):
        world.sign_in()
        copy = {"Cookie": f"__Host-rowlight_session={world.cookie('session')}"}
        world.browser.post("/auth/sign-out", headers=FORM)
        assert world.another_browser().get("/auth/session", headers=copy).status_code == 401
        assert world.kept() == {}
        assert world.scene.revoked == world.scene.refresh_tokens

    def test_that_it_was_not_confirmed_is_told(self, world):
        world.sign_in()
        world.scene.idp.answers["/revoke"] = httpx.Response(503)
        world.browser.post("/auth/sign-out", headers=FORM)
        assert "Code RL-235" in world.browser.get("/auth/sign-in").text

    def test_whoever_signs_in_again_is_no_longer_told(self, world):
        world.sign_in()
        world.browser.post("/auth/sign-out", headers=FORM)
        world.sign_in()
        assert "signed out" not in world.browser.get("/auth/sign-in").text

    @pytest.mark.usefixtures("somebody")
    def test_who_is_not_signed_in_is_signed_out_as_well(self, world):
        assert world.browser.post("/auth/sign-out", headers=FORM).status_code == 303
