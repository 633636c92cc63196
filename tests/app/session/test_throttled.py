"""A store that is busy for a moment in the middle of a renewal: the person notices and loses nothing."""

import pytest

from app.errors import StoreUnavailable
from tests.app.session.scene import a_long_day, code, exchanged_once_each

CALLS = 6  # of an operation in one renewal
FIRST_READ_AND_LEASE = 1


def throttled(monkeypatch, store, operation, *, calls):
    """The store refuses these calls of the operation, by their number."""
    ask, seen = getattr(store, operation), []

    def answer(*what, **how):
        seen.append(operation)
        if len(seen) in calls:
            raise StoreUnavailable("The store is busy.", "Try again.")
        return ask(*what, **how)

    monkeypatch.setattr(store, operation, answer)


@pytest.mark.parametrize("operation", ["get", "swap"])
@pytest.mark.parametrize("number", range(FIRST_READ_AND_LEASE + 1, CALLS + 1))
@pytest.mark.parametrize("bridge", ["arn:aws:iam::123456789012:role/Bridge", ""])
def test_a_renewal_outlives_a_busy_store(operation, number, bridge, monkeypatch):
    scene = a_long_day(bridge_role_arn=bridge)
    sessions = scene.sessions()
    user = sessions.find(scene.sign_in(sessions))
    before = user.keys()
    scene.clock.forward(minutes=61)
    with monkeypatch.context() as busy:
        throttled(busy, scene.store, operation, calls={number})
        assert user.keys() != before
    scene.clock.forward(minutes=61)
    assert user.keys() != before
    assert exchanged_once_each(scene.aws)
    assert len(scene.idp.refresh_tokens) == 1  # of all that the provider gave, the last is good and kept


def test_a_store_that_stays_away_is_told(monkeypatch):
    scene = a_long_day()
    sessions = scene.sessions()
    user = sessions.find(scene.sign_in(sessions))
    user.keys()
    scene.clock.forward(minutes=61)
    throttled(monkeypatch, scene.store, "swap", calls=range(2, 100))
    assert code(StoreUnavailable, user.keys) == "RL-110"
    assert exchanged_once_each(scene.aws)
