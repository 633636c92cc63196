"""A store that is busy for a moment in the middle of a renewal: the person notices and loses nothing."""

import pytest

from app.errors import StoreUnavailable
from tests.app.session.scene import a_long_day, code, exchanged_once_each

BRIDGE = "arn:aws:iam::123456789012:role/Bridge"
# By the bridge role and by the host's own: the calls of a renewal after which something is held that nobody
# could get again. Before them stand the first look and the lease.
CALLS = [(BRIDGE, 2), (BRIDGE, 3), (BRIDGE, 4), (BRIDGE, 5), ("", 2), ("", 3)]


def throttled(monkeypatch, store, operation, *, calls):
    """The store refuses these calls of the operation, by their number; returns what was refused."""
    ask, seen, refused = getattr(store, operation), [], []

    def answer(*what, **how):
        seen.append(operation)
        if len(seen) in calls:
            refused.append(operation)
            raise StoreUnavailable("The store is busy.", "Try again.")
        return ask(*what, **how)

    monkeypatch.setattr(store, operation, answer)
    return refused


@pytest.mark.parametrize("operation", ["get", "swap"])
@pytest.mark.parametrize(("bridge", "number"), CALLS)
def test_a_renewal_outlives_a_busy_store(operation, number, bridge, monkeypatch):
    scene = a_long_day(bridge_role_arn=bridge)
    sessions = scene.sessions()
    user = sessions.find(scene.sign_in(sessions))
    before = user.keys()
    scene.clock.forward(minutes=61)
    with monkeypatch.context() as busy:
        refused = throttled(busy, scene.store, operation, calls={number})
        assert user.keys() != before
    assert refused
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
