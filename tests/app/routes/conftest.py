"""The routes, served by the settings that a test wants."""

import pytest

from app import session
from tests.app.routes.browsing import World
from tests.app.session.scene import Scene


@pytest.fixture
def serve(monkeypatch):
    """Serves the routes with these settings."""

    def serve(**settings):
        world = World(Scene(**settings))
        monkeypatch.setattr(session, "services", lambda: world.shared)
        return world

    return serve


@pytest.fixture
def world(serve):
    return serve()


@pytest.fixture
def somebody(world):
    """Somebody is signed in, in another browser; whatever is refused leaves that as it is."""
    world.sign_in(world.another_browser())
    before = world.kept()
    yield before
    assert world.kept() == before
