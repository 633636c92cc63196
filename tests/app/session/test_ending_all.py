"""An administrator ends all sign-ins of one person: in every process, over each of the stores, for good."""

import logging

import httpx
import pytest

from app.errors import SessionExpired, SignInRefused, StoreUnavailable
from app.redshift.query import Query
from app.session.cookies import new_id
from tests.app.session.scene import Scene, at_once, code, exchanged_once_each, over, people

ADA, FRANK, ALEX = "ada@example.com", "frank@example.com", "alex@example.com"
ALEX_CLAIMS = {"sub": "00u-alex", "email": ALEX, "name": "Alex Emea"}


@pytest.fixture
def elsewhere(scene, sessions):
    """A second process over the same store."""
    return scene.sessions()


def ended(caplog):
    """The events of ended sign-ins, as the log has them."""
    return [record for record in caplog.records if getattr(record, "event", "") == "sign-out"]


class TestEndingAll:
    def test_all_of_one_person_end_in_every_process_and_nobody_elses(self, clock, store):
        scene = Scene(clock)
        one, other = scene.sessions(store), scene.sessions(store)
        theirs = [scene.sign_in(each) for each in (one, other)]
        alex = scene.sign_in(one, **ALEX_CLAIMS)
        assert len(one.end_all(FRANK, by=ADA)) == 2
        for each in (one, other):
            assert [over(each, session_id) for session_id in theirs] == ["RL-241"] * 2
            assert not any(map(each.holds, theirs))
            assert people(each) == [ALEX]
            assert each.find(alex).admit() == ""

    def test_the_provider_forgets_each_and_the_trail_says_who_ended_it(self, scene, sessions, caplog):
        for _ in range(2):
            scene.sign_in(sessions)
        with caplog.at_level(logging.INFO, "app"):
            sessions.end_all(FRANK, by=ADA)
        assert sorted(scene.revoked) == sorted(scene.refresh_tokens)
        assert {(each.person, each.reason, each.by, each.outcome) for each in ended(caplog)} == {
            (FRANK, "RL-241", ADA, "ok")
        }
        assert len({each.session for each in ended(caplog)}) == 2

    @pytest.mark.parametrize("typed", [" Frank@Example.COM\n", "FRANK@EXAMPLE.COM"])
    def test_an_address_may_be_written_in_any_case_and_with_blanks_around(self, scene, sessions, typed):
        session_id = scene.sign_in(sessions)
        assert len(sessions.end_all(typed, by=ADA)) == 1
        assert over(sessions, session_id) == "RL-241"

    @pytest.mark.parametrize("wrong", ["", " ", "frank", "frank@example.co", "frank@example.com.", "%", "*"])
    def test_a_wrong_address_changes_nothing(self, scene, sessions, wrong, caplog):
        session_id = scene.sign_in(sessions)
        with caplog.at_level(logging.INFO, "app"):
            assert sessions.end_all(wrong, by=ADA) == []
        assert sessions.find(session_id)
        assert (scene.revoked, ended(caplog)) == ([], [])

    def test_who_was_ended_already_is_not_ended_again(self, scene, sessions, elsewhere):
        scene.sign_in(sessions)
        both = at_once([lambda each=each: each.end_all(FRANK, by=ADA) for each in (sessions, elsewhere)])
        assert sorted(map(len, both)) == [0, 1]
        assert scene.revoked == scene.refresh_tokens

    def test_they_can_sign_in_again(self, scene, sessions):
        scene.sign_in(sessions)
        sessions.end_all(FRANK, by=ADA)
        assert sessions.find(scene.sign_in(sessions)).keys()


class TestWhatRuns:
    def test_here_it_is_stopped_at_once(self, scene, sessions, monkeypatch):
        session_id = scene.sign_in(sessions)
        warehouse, stopped = sessions.find(session_id).warehouse, []
        monkeypatch.setattr(warehouse, "cancel", lambda: stopped.append(sessions.holds(session_id)))
        sessions.end_all(FRANK, by=ADA)
        assert stopped == [False]

    def test_in_another_process_when_that_sweeps(self, scene, sessions, elsewhere, monkeypatch):
        session_id = scene.sign_in(sessions)
        warehouse, stopped = elsewhere.find(session_id).warehouse, []
        monkeypatch.setattr(warehouse, "cancel", lambda: stopped.append(True))
        sessions.end_all(FRANK, by=ADA)
        assert stopped == []
        elsewhere.sweep()
        assert stopped == [True]
        assert over(elsewhere, session_id) == "RL-241"
        assert scene.revoked == scene.refresh_tokens

    def test_and_nothing_that_it_brings_meanwhile_is_given_to_anybody(self, scene, sessions, elsewhere):
        session_id = scene.sign_in(sessions)
        warehouse, query = elsewhere.find(session_id).warehouse, Query("sales", "SELECT 1")
        scene.aws.before["execute_statement"] = lambda: sessions.end_all(FRANK, by=ADA)
        assert code(SessionExpired, warehouse.fetch, query) == "RL-241"
        assert code(SessionExpired, warehouse.fetch, query) == "RL-241"
        assert len(scene.aws.signed) == 1


class TestRacing:
    """Nothing that goes on in another process brings a sign-in back."""

    @pytest.mark.parametrize(
        "step", ["assume_role_with_web_identity", "create_token_with_iam", "assume_role"]
    )
    @pytest.mark.parametrize("first", [True, False], ids=["first exchange", "renewal"])
    def test_credentials_that_come_after_the_end_are_nobodys(self, scene, sessions, elsewhere, step, first):
        scene.aws.refresh_tokens = (
            False  # so that a renewal goes by the provider, and through all three steps
        )
        session_id = scene.sign_in(sessions)
        user = elsewhere.find(session_id)
        if not first:
            user.keys()
            scene.clock.forward(minutes=20)
            elsewhere.find(session_id)
            scene.clock.forward(minutes=25)
            elsewhere.find(session_id)
            scene.clock.forward(minutes=16)
        reached = []

        def end():
            reached.append(True)
            sessions.end_all(FRANK, by=ADA)

        scene.aws.before[step] = end
        assert code(SessionExpired, user.keys) == "RL-241"
        scene.aws.before.clear()
        assert reached
        for each in (sessions, elsewhere, scene.sessions()):
            assert over(each, session_id) == "RL-241"
        assert people(sessions) == []
        assert exchanged_once_each(scene.aws)
        # A token that the provider gave meanwhile was taken back, too.
        assert scene.idp.refresh_tokens == {}

    def test_a_person_at_work_writes_nothing_over_it(self, scene, sessions, elsewhere, monkeypatch):
        """Their use is noted, in between the look at their record and its end."""
        session_id = scene.sign_in(sessions)
        user, swap, used = elsewhere.find(session_id), scene.store.swap, []

        def swap_after_use(key, value, **how):
            monkeypatch.setattr(scene.store, "swap", swap)
            scene.clock.forward(minutes=5)
            user.touch()
            used.append(True)
            return scene.store.swap(key, value, **how)

        monkeypatch.setattr(scene.store, "swap", swap_after_use)
        assert len(sessions.end_all(FRANK, by=ADA)) == 1
        assert used
        assert code(SessionExpired, user.touch) == "RL-241"
        assert over(elsewhere, session_id) == "RL-241"

    def test_nor_does_another_end(self, scene, sessions, elsewhere):
        session_id = scene.sign_in(sessions)
        sessions.end_all(FRANK, by=ADA)
        elsewhere.expire(session_id, SessionExpired("x", "y", code="RL-233"))
        assert over(elsewhere, session_id) == "RL-241"

    def test_a_ticket_is_not_kept_back_for_afterwards(self, scene, sessions, elsewhere):
        ticket = sessions.ticket(scene.signed_in(), visitor=scene.visitor)
        other = sessions.ticket(scene.signed_in(**ALEX_CLAIMS), visitor=scene.visitor)
        assert len(elsewhere.end_all(FRANK, by=ADA)) == 1
        redeem = sessions.redeem
        assert code(SignInRefused, redeem, ticket, visitor=scene.visitor, replaces="") == "RL-236"
        assert scene.revoked == scene.refresh_tokens[:1]
        assert redeem(other, visitor=scene.visitor, replaces="")

    def test_what_another_version_keeps_is_passed_over(self, scene, sessions):
        session_id = scene.sign_in(sessions)
        expires_at = scene.clock.seconds() + 600
        for kept in ("session#of-another", "ticket#of-another"):
            scene.store.add(kept, b'{"version": 9}', expires_at=expires_at)
        assert len(sessions.end_all(FRANK, by=ADA)) == 1
        assert over(sessions, session_id) == "RL-241"
        assert scene.store.get("ticket#of-another")


class TestWhatFails:
    def test_a_provider_that_confirms_nothing_keeps_nobody_in(self, scene, sessions, caplog):
        """The second is out before the provider is asked of the first."""
        ids = [scene.sign_in(sessions, visitor=new_id()) for _ in range(2)]
        scene.idp.answers["/revoke"] = httpx.ConnectError("no")
        with caplog.at_level(logging.INFO, "app"):
            came = sessions.end_all(FRANK, by=ADA)
        assert [each.problem.code for each in came] == ["RL-235", "RL-235"]
        assert [each.outcome for each in ended(caplog)] == ["RL-235", "RL-235"]
        assert [over(sessions, each) for each in ids] == ["RL-241", "RL-241"]

    def test_what_had_ended_before_the_store_failed_is_told_and_the_rest_the_next_time(
        self, scene, sessions, monkeypatch, caplog
    ):
        ids = [scene.sign_in(sessions) for _ in range(3)]
        swap, swapped = scene.store.swap, []

        def fail_later(*what, **how):
            swapped.append(what)
            if len(swapped) == 2:
                raise StoreUnavailable("The store is busy.", "Try again.")
            return swap(*what, **how)

        monkeypatch.setattr(scene.store, "swap", fail_later)
        with caplog.at_level(logging.INFO, "app"):
            assert code(StoreUnavailable, sessions.end_all, FRANK, by=ADA) == "RL-110"
        assert len(ended(caplog)) == len(scene.revoked) == 1
        assert len(sessions.end_all(FRANK, by=ADA)) == 2
        assert [over(sessions, each) for each in ids] == ["RL-241"] * 3
