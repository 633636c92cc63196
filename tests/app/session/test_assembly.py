"""What all sessions share is made once in a process, whoever asks first."""

import pytest

from app import session
from app.session import assembly
from app.session.assembly import Services
from tests.app.session.scene import at_once


@pytest.fixture(autouse=True)
def nothing_made(monkeypatch):
    monkeypatch.setattr(assembly, "_made", {})


def test_of_many_that_ask_at_once_all_get_the_same(scene, monkeypatch):
    monkeypatch.setattr(assembly.settings_, "load", lambda _: scene.settings)
    first, *others = at_once([session.services] * 16)
    assert isinstance(first, Services)
    assert all(other is first for other in others)


def test_until_they_are_made_nobody_waits_for_them(scene, monkeypatch):
    assert session.known() is None
    monkeypatch.setattr(assembly.settings_, "load", lambda _: scene.settings)
    assert session.services() is session.known()
