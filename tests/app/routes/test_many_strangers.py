"""Many strangers at once, each of whom has the app wait for the provider: who is signed in waits for none."""

import asyncio
import threading
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.gate import Doors, Gate
from app.routes import ROUTES
from app.session.user import UserSession

STRANGERS = 60  # more than there are threads for whatever has none of its own
SECONDS = 5
SESSION = "__Host-rowlight_session"


@pytest.fixture
def slow(world, monkeypatch):
    """The provider's token endpoint answers nothing until this is set."""
    answers = threading.Event()
    handle = world.scene.idp.handle

    def wait(request):
        if request.url.path == "/token":
            answers.wait(SECONDS * 3)
        return handle(request)

    monkeypatch.setattr(world.shared.provider, "_http", httpx.Client(transport=httpx.MockTransport(wait)))
    yield answers
    answers.set()


def client(world, **cookies):
    """A browser before the gate, with a page behind it."""
    settings, sessions = world.scene.settings, world.sessions
    doors = Doors(settings.origin, "redirect", settings.secure, sessions.holds, sessions.resumes)

    async def page(_):
        return PlainTextResponse("page")

    app = Starlette(routes=[*ROUTES, Route("/cities", page)], middleware=[Middleware(Gate, lambda: doors)])
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url=settings.app_url, cookies=cookies)


async def come_back_with_a_false_code(world):
    async with client(world) as stranger:
        login = await stranger.get("/auth/login")
        [state] = parse_qs(urlsplit(login.headers["location"]).query)["state"]
        return await stranger.get("/auth/callback", params={"code": "false", "state": state})


def test_who_is_signed_in_stands_behind_no_stranger(world, slow):
    world.sign_in()
    cookies = {SESSION: world.cookie("session")}

    async def all_at_once():
        strangers = [asyncio.create_task(come_back_with_a_false_code(world)) for _ in range(STRANGERS)]
        await asyncio.sleep(0.5)
        async with client(world, **cookies) as somebody, asyncio.timeout(SECONDS):
            page = await somebody.get("/cities", headers={"Accept": "text/html"})
            stands = await somebody.get("/auth/session")
            out = await somebody.post("/auth/sign-out", headers={"Origin": world.scene.settings.origin})
        waiting = [each for each in strangers if not each.done()]
        slow.set()
        return page, stands, out, waiting, await asyncio.gather(*strangers)

    page, stands, out, waiting, refused = asyncio.run(all_at_once())
    assert (page.status_code, stands.status_code, out.status_code) == (200, 204, 303)
    assert len(waiting) == STRANGERS
    assert {(each.status_code, "Code RL-225" in each.text) for each in refused} == {(403, True)}
    assert not world.kept()


def test_who_leaves_stands_behind_nobody_who_asks_for_the_list(world, monkeypatch):
    busy, leaving = world.another_browser(), world.browser
    world.sign_in(busy)
    world.sign_in(leaving)
    answers, asked = threading.Event(), []

    def wait(_):
        asked.append(True)
        answers.wait(SECONDS * 3)
        return False

    monkeypatch.setattr(UserSession, "administers", wait)

    async def all_at_once():
        async with client(world, **{SESSION: world.cookie("session", busy)}) as somebody:
            lists = [asyncio.create_task(somebody.get("/auth/sessions")) for _ in range(STRANGERS)]
            await asyncio.sleep(0.5)
            async with client(world, **{SESSION: world.cookie("session")}) as other, asyncio.timeout(SECONDS):
                out = await other.post("/auth/sign-out", headers={"Origin": world.scene.settings.origin})
            answers.set()
            return out, await asyncio.gather(*lists)

    out, lists = asyncio.run(all_at_once())
    assert asked
    assert out.status_code == 303
    assert {each.status_code for each in lists} == {403}
