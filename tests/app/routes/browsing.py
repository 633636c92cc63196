"""The routes under /auth/ over sessions of their own, browsers before them, a provider behind them."""

import asyncio

import httpx
from starlette.applications import Starlette

from app.routes import ROUTES
from app.session import Services

APP = "https://app.example.com"
FORM = {"Origin": APP}


class Browser:
    """Keeps cookies as a browser does, and follows no redirect by itself."""

    def __init__(self, address):
        self._address = address
        self.cookies = httpx.Cookies()

    def request(self, method, path, **content):
        return asyncio.run(self._request(method, path, content))

    def get(self, path, **content):
        return self.request("GET", path, **content)

    def post(self, path, **content):
        return self.request("POST", path, **content)

    async def _request(self, method, path, content):
        transport = httpx.ASGITransport(Starlette(routes=ROUTES))
        async with httpx.AsyncClient(
            transport=transport, base_url=self._address, cookies=self.cookies
        ) as client:
            answer = await client.request(method, path, **content)
            self.cookies = client.cookies
        return answer


class World:
    """The routes, the sessions behind them, and one browser; more browsers on request."""

    def __init__(self, scene):
        self.scene = scene
        self.sessions = scene.sessions()
        self.shared = Services(scene.settings, self.sessions._provider, self.sessions)
        self.browser = self.another_browser()

    def another_browser(self):
        return Browser(self.scene.settings.app_url)

    def begin(self, browser=None, return_to="/", **claims):
        """Presses the button and agrees at the provider: the query that the browser brings back."""
        answer = (browser or self.browser).get("/auth/login", params={"return_to": return_to})
        assert answer.status_code == 303
        return self.scene.idp.grant(answer.headers["location"], **claims)

    def sign_in(self, browser=None, return_to="/", **claims):
        """A whole sign-in by the full page."""
        browser = browser or self.browser
        answer = browser.get("/auth/callback", params=self.begin(browser, return_to, **claims))
        assert answer.status_code == 303
        return answer

    def ticket(self, browser=None):
        """A ticket for the browser, as the pop-up's end hands it over."""
        (browser or self.browser).get("/auth/login")
        return self.sessions.ticket(self.scene.signed_in(), visitor=self.cookie("visitor", browser))

    def cookie(self, name, browser=None):
        jar = (browser or self.browser).cookies
        return next((value for key, value in jar.items() if key.endswith(f"rowlight_{name}")), "")

    def kept(self):
        """The sessions as the store has them."""
        return dict(self.scene.store.entries("session"))


def refused(answer, status, code):
    """Whether it was refused, says so by its code, and gave nothing."""
    assert answer.status_code == status
    assert f"Code {code}" in answer.text
    assert not [value for value in answer.headers.get_list("set-cookie") if "rowlight_session" in value]
    return True
