"""The store does what it is told, its answer gets lost, the SDK asks again: nothing is left open by that."""

import logging

from app.errors import SessionExpired
from tests.app.session.scene import code


def losing(monkeypatch, store, operation):
    """The first answer to this operation gets lost; the second one is what the store then says."""
    ask, lost = getattr(store, operation), iter([True])

    def asked_again(*what, **how):
        answer = ask(*what, **how)
        return ask(*what, **how) if next(lost, False) else answer

    monkeypatch.setattr(store, operation, asked_again)


def test_a_sign_out_is_told_to_the_provider_and_to_the_audit_trail(scene, sessions, monkeypatch, caplog):
    session_id = scene.sign_in(sessions)
    losing(monkeypatch, scene.store, "take")
    with caplog.at_level(logging.INFO, "app.audit"):
        farewell = sessions.end(session_id)
    assert farewell.problem is None
    assert scene.revoked == scene.refresh_tokens
    assert [each.outcome for each in caplog.records if each.message == "sign-out"] == ["ok"]
    assert not sessions.holds(session_id)


def test_a_session_that_ends_by_itself_is_too(scene, sessions, monkeypatch, caplog):
    session_id = scene.sign_in(sessions)
    scene.clock.forward(minutes=30)
    losing(monkeypatch, scene.store, "swap")
    with caplog.at_level(logging.INFO, "app.audit"):
        assert code(SessionExpired, sessions.find, session_id) == "RL-232"
    assert scene.revoked == scene.refresh_tokens
    assert [each.reason for each in caplog.records if each.message == "sign-out"] == ["RL-232"]
    assert code(SessionExpired, sessions.find, session_id) == "RL-232"
    assert scene.revoked == scene.refresh_tokens


def test_a_ticket_whose_answer_got_lost_is_gone(scene, sessions, monkeypatch):
    """Refused is right: nobody can tell who had the answer."""
    ticket = sessions.ticket(scene.signed_in(), visitor=scene.visitor)
    losing(monkeypatch, scene.store, "take")
    refused = code(Exception, sessions.redeem, ticket, visitor=scene.visitor, replaces="")
    assert refused == "RL-236"
    assert sessions.listing() == []
