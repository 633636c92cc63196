"""Many people sign in at once: nobody fails, and nobody gets what is somebody else's."""

from collections import Counter

from bench import sign_ins
from infra.local.people import PEOPLE
from tests import replica, stand_in

AT_ONCE = 42
SEE_FIGURES = {"ethan@example.com", "frank@example.com", "alex@example.com", "ming@example.com"}


def test_many_at_once_each_get_their_own_session(tmp_path):
    with (
        stand_in.running(tmp_path / "stand-in") as stand,
        replica.running(stand.env, tmp_path / "app", SIGN_IN="redirect") as at,
        sign_ins.crowd(stand.env["APP_URL"], at, count=AT_ONCE) as found,
    ):
        assert found.faults == []
        assert not [visit for visit in found.visits if visit.mixed]
        each = AT_ONCE // len(PEOPLE)
        assert Counter(visit.email for visit in found.visits) == {person.email: each for person in PEOPLE}
        shown = {(visit.email, tuple(visit.metrics.items())) for visit in found.visits}
        # The same figures for the same person, none for who may see none, and nobody's for somebody else.
        assert len(shown) == len(PEOPLE)
        assert {email for email, metrics in shown if metrics} == SEE_FIGURES
        assert len({metrics for _, metrics in shown if metrics}) == len(SEE_FIGURES)
        assert len(at.events("sign-in")) == AT_ONCE
        # Each ID token was exchanged, and none of them twice.
        assert len(set(stand.uses())) == len(stand.uses()) == AT_ONCE
        assert stand.reuses() == []
        assert "Traceback" not in at.log()
