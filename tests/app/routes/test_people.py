"""Who is signed in is told to administrators of the warehouse, and tells them nothing that opens anything."""

import pytest

from app.session.user import UserSession


@pytest.fixture
def administers(monkeypatch):
    """Whom the warehouse shows its policies."""
    people = set()
    monkeypatch.setattr(UserSession, "administers", lambda user: user.identity.email in people)
    return people


def test_an_administrator_sees_everybody(world, administers):
    administers.add("ada@example.com")
    world.sign_in(world.another_browser(), email="frank@example.com", sub="person-1")
    world.sign_in(email="ada@example.com", sub="person-2")
    answer = world.browser.get("/auth/sessions")
    assert answer.status_code == 200
    assert [each["person"] for each in answer.json()["sessions"]] == ["ada@example.com", "frank@example.com"]
    assert set(answer.json()["sessions"][0]) == {
        *("reference", "person", "groups", "started_at", "used_at", "ends_at")
    }
    assert world.cookie("session") not in answer.text


def test_others_do_not(world, administers):
    administers.add("ada@example.com")
    assert world.browser.get("/auth/sessions").status_code == 403
    world.sign_in(email="frank@example.com")
    answer = world.browser.get("/auth/sessions")
    assert answer.status_code == 403
    assert "sessions" not in answer.json()
