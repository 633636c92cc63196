"""Forms that another site sends, or that no page of ours can have sent."""

import pytest

from tests.app.routes.browsing import APP, FORM, refused

# Each of them is another site to a browser, or a request that no page of ours can have made.
STRANGERS = {
    "none": [],
    "null": ["null"],
    "empty": [""],
    "another site": ["https://evil.example.com"],
    "another port": ["https://app.example.com:8443"],
    "plain http": ["http://app.example.com"],
    "a subdomain": ["https://x.app.example.com"],
    "the parent domain": ["https://example.com"],
    "a longer name": ["https://app.example.com.evil.com"],
    "with a path": ["https://app.example.com/"],
    "with a user": ["https://app.example.com@evil.com"],
    "two of ours": [APP, APP],
    "ours and another": [APP, "https://evil.example.com"],
    "both in one": [f"{APP}, https://evil.example.com"],
}


class TestCrossOrigin:
    @pytest.mark.parametrize("origins", STRANGERS.values(), ids=STRANGERS)
    def test_nobody_is_signed_out_by_another_site(self, world, origins):
        world.sign_in()
        before, headers = world.kept(), [("Origin", origin) for origin in origins]
        assert refused(world.browser.post("/auth/sign-out", headers=headers), 403, "RL-237")
        assert world.kept() == before
        assert world.scene.revoked == []
        assert world.sessions.holds(world.cookie("session"))

    @pytest.mark.parametrize("origins", STRANGERS.values(), ids=STRANGERS)
    def test_nobody_is_signed_in_by_another_site(self, world, somebody, origins):
        ticket, headers = world.ticket(), [("Origin", origin) for origin in origins]
        answer = world.browser.post("/auth/session", data={"ticket": ticket}, headers=headers)
        assert refused(answer, 403, "RL-237")
        # It was not even used up: the browser's own request still finds it.
        assert world.sessions.redeem(ticket, visitor=world.cookie("visitor"), replaces="")
        world.sessions.end(world.cookie("session"))
        for key in world.kept().keys() - somebody.keys():
            world.scene.store.take(key)

    @pytest.mark.parametrize(
        ("app_url", "origin"),
        [
            ("https://App.Example.com", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:8501", "http://localhost:8501"),
            ("https://app.example.com:8443", "https://app.example.com:8443"),
        ],
    )
    def test_ours_is_as_a_browser_writes_it(self, serve, app_url, origin):
        world = serve(app_url=app_url)
        world.sign_in()
        answer = world.browser.post("/auth/sign-out", headers={"Origin": origin})
        assert answer.status_code == 303
        assert world.kept() == {}

    @pytest.mark.parametrize("path", ["/auth/session", "/auth/sign-out"])
    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    def test_no_other_method_does_it(self, world, path, method):
        world.sign_in()
        before = world.kept()
        assert world.browser.request(method, path, headers=FORM).status_code == 405
        assert world.kept() == before

    def test_a_link_signs_nobody_out(self, world):
        world.sign_in()
        before = world.kept()
        assert world.browser.get("/auth/sign-out").status_code == 405
        assert world.browser.request("HEAD", "/auth/sign-out").status_code == 405
        assert world.kept() == before

    @pytest.mark.parametrize("path", ["/auth/login", "/auth/callback", "/auth/sign-in", "/auth/signed-out"])
    def test_what_is_read_is_not_written(self, world, path):
        assert world.browser.post(path, headers=FORM).status_code == 405
