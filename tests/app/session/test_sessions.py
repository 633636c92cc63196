"""Signing in by either way, staying signed in, and leaving: what each request may do, and to whom."""

import re

import pytest

from app.errors import InvalidToken, SessionExpired, SignInRefused, StoreUnavailable
from app.session.cookies import new_id
from app.session.sessions import MOST_OF_ONE_PERSON
from tests.app.auth.fake_aws import STEPS
from tests.app.session.scene import code, over, people


@pytest.fixture
def elsewhere(scene, sessions):
    """A second process over the same store."""
    return scene.sessions()


class TestByTheFullPage:
    def test_a_sign_in_leads_to_the_page_that_was_asked_for(self, scene, sessions):
        answer = scene.begin(sessions, return_to="/cities?year=2024")
        assert sessions.claim(state=answer["state"], visitor=scene.visitor).return_to == "/cities?year=2024"

    def test_a_sign_in_may_end_in_another_process(self, scene, sessions, elsewhere):
        answer = scene.begin(sessions)
        pending = elsewhere.claim(state=answer["state"], visitor=scene.visitor)
        session_id = elsewhere.open(pending.attempt.complete(answer, elsewhere._provider), replaces="")
        assert sessions.find(session_id).identity.email == "frank@example.com"

    @pytest.mark.parametrize("visitor", ["", "no cookie of ours", "A" * 43])
    def test_another_browser_gets_nothing_and_ends_nothing(self, scene, sessions, visitor):
        answer = scene.begin(sessions)
        assert code(SignInRefused, sessions.claim, state=answer["state"], visitor=visitor) == "RL-223"
        assert sessions.claim(state=answer["state"], visitor=scene.visitor)

    @pytest.mark.parametrize("state", ["", "x", "\x00", "é" * 5000])
    def test_an_answer_that_nobody_waits_for_is_refused(self, scene, sessions, state):
        scene.begin(sessions)
        assert code(SignInRefused, sessions.claim, state=state, visitor=scene.visitor) == "RL-223"

    def test_an_answer_is_good_once(self, scene, sessions, elsewhere):
        answer = scene.begin(sessions)
        sessions.claim(state=answer["state"], visitor=scene.visitor)
        for each in (sessions, elsewhere):
            assert code(SignInRefused, each.claim, state=answer["state"], visitor=scene.visitor) == "RL-223"

    def test_who_takes_ten_minutes_begins_again(self, scene, sessions):
        answer = scene.begin(sessions)
        scene.clock.forward(seconds=600)
        assert code(SignInRefused, sessions.claim, state=answer["state"], visitor=scene.visitor) == "RL-223"

    def test_a_token_of_another_sign_in_opens_no_session(self, scene, sessions):
        answer = scene.begin(sessions, nonce="of-another")
        pending = sessions.claim(state=answer["state"], visitor=scene.visitor)
        assert code(InvalidToken, pending.attempt.complete, answer, sessions._provider) == "RL-217"
        assert people(sessions) == []

    def test_whoever_has_just_signed_out_can_be_asked_who_they_are(self, sessions, scene):
        assert "prompt=login" in sessions.begin(visitor=scene.visitor, return_to="/", prompt="login")
        assert "prompt" not in sessions.begin(visitor=scene.visitor, return_to="/")


class TestByThePopUp:
    def test_a_ticket_is_a_session_in_the_browser_that_signed_in(self, scene, sessions, elsewhere):
        ticket = sessions.ticket(scene.signed_in(), visitor=scene.visitor)
        session_id = elsewhere.redeem(ticket, visitor=scene.visitor, replaces="")
        assert sessions.find(session_id).identity.email == "frank@example.com"

    @pytest.mark.parametrize("visitor", ["", "no cookie of ours", "A" * 43])
    def test_in_another_browser_it_is_nothing_and_stays_good(self, scene, sessions, visitor):
        ticket = sessions.ticket(scene.signed_in(), visitor=scene.visitor)
        assert code(SignInRefused, sessions.redeem, ticket, visitor=visitor, replaces="") == "RL-236"
        assert people(sessions) == []
        assert sessions.redeem(ticket, visitor=scene.visitor, replaces="")

    @pytest.mark.parametrize("ticket", ["", "x", "A" * 43, "é" * 43])
    def test_a_ticket_that_was_made_up_is_nothing(self, scene, sessions, ticket):
        sessions.ticket(scene.signed_in(), visitor=scene.visitor)
        assert code(SignInRefused, sessions.redeem, ticket, visitor=scene.visitor, replaces="") == "RL-236"

    def test_a_ticket_without_a_browser_to_be_bound_to_is_nothing(self, scene, sessions):
        ticket = sessions.ticket(scene.signed_in(), visitor="")
        assert code(SignInRefused, sessions.redeem, ticket, visitor="", replaces="") == "RL-236"

    def test_a_ticket_is_good_once(self, scene, sessions, elsewhere):
        ticket = sessions.ticket(scene.signed_in(), visitor=scene.visitor)
        sessions.redeem(ticket, visitor=scene.visitor, replaces="")
        for each in (sessions, elsewhere):
            assert code(SignInRefused, each.redeem, ticket, visitor=scene.visitor, replaces="") == "RL-236"
        assert people(sessions) == ["frank@example.com"]

    def test_a_ticket_is_good_for_a_minute(self, scene, sessions):
        ticket = sessions.ticket(scene.signed_in(), visitor=scene.visitor)
        scene.clock.forward(seconds=60)
        assert code(SignInRefused, sessions.redeem, ticket, visitor=scene.visitor, replaces="") == "RL-236"

    def test_neither_way_takes_what_the_other_gave(self, scene, sessions):
        ticket = sessions.ticket(scene.signed_in(), visitor=scene.visitor)
        session_id = scene.sign_in(sessions)
        assert code(SignInRefused, sessions.claim, state=ticket, visitor=scene.visitor) == "RL-223"
        assert (
            code(SignInRefused, sessions.redeem, session_id, visitor=scene.visitor, replaces="") == "RL-236"
        )
        assert over(sessions, ticket) == "RL-233"


class TestOpening:
    def test_each_sign_in_has_a_session_of_its_own(self, scene, sessions):
        assert len({scene.sign_in(sessions) for _ in range(5)}) == 5
        assert people(sessions) == ["frank@example.com"] * 5

    def test_the_session_before_it_in_this_browser_ends(self, scene, sessions, elsewhere):
        first = scene.sign_in(sessions, name="Frank", sub="person-1")
        elsewhere.find(first)
        second = scene.sign_in(sessions, replaces=first, email="ethan@example.com", sub="person-2")
        assert second != first
        for each in (sessions, elsewhere):
            assert over(each, first) == "RL-233"
            assert each.find(second).identity.email == "ethan@example.com"
        assert scene.revoked == scene.refresh_tokens[:1]

    def test_the_same_person_signs_in_again_without_ending_what_the_provider_has_just_given(
        self, scene, sessions
    ):
        first = scene.sign_in(sessions)
        second = scene.sign_in(sessions, replaces=first)
        assert over(sessions, first) == "RL-233"
        assert sessions.find(second)
        # Some providers keep one grant for a person and an app: revoking the old token would end the new one.
        assert scene.revoked == []

    def test_no_one_elses_session_ends(self, scene, sessions):
        first = scene.sign_in(sessions)
        for replaces in ("", "x", new_id()):
            scene.sign_in(sessions, replaces=replaces)
        assert sessions.find(first)

    def test_a_session_bears_a_reference_that_opens_nothing(self, scene, sessions):
        session_id = scene.sign_in(sessions)
        user = sessions.find(session_id)
        assert re.fullmatch("[0-9a-f]{8}", user.reference)
        assert user.reference not in user.key
        assert user.key.partition("#")[2] not in session_id
        assert over(sessions, user.reference) == "RL-233"
        assert over(sessions, user.key) == "RL-233"
        assert over(sessions, user.key.partition("#")[2]) == "RL-233"

    def test_a_session_too_many_of_a_person_ends_the_first(self, scene, sessions, elsewhere):
        ids = [scene.sign_in(each) for each in [sessions, elsewhere] * (MOST_OF_ONE_PERSON // 2)]
        others = scene.sign_in(sessions, sub="person-2", email="ethan@example.com")
        newest = scene.sign_in(sessions)
        assert over(elsewhere, ids[0]) == "RL-233"
        assert scene.revoked == scene.refresh_tokens[:1]
        assert [elsewhere.find(session_id) for session_id in [*ids[1:], newest, others]]
        assert len(sessions.listing()) == MOST_OF_ONE_PERSON + 1

    def test_sessions_that_ended_push_out_none_that_stands(self, scene, sessions):
        stays = scene.sign_in(sessions)
        for _ in range(MOST_OF_ONE_PERSON + 5):
            sessions.end(scene.sign_in(sessions))
        assert sessions.find(stays)

    def test_signing_in_asks_aws_nothing(self, scene, sessions):
        sessions.find(scene.sign_in(sessions))
        assert scene.aws.calls == []


class TestListing:
    def test_it_says_who_and_since_when_and_nothing_that_opens(self, scene, sessions, elsewhere):
        session_id = scene.sign_in(sessions)
        user = sessions.find(session_id)
        user.keys()
        scene.sign_in(elsewhere, sub="person-2", email="ethan@example.com")
        listed = elsewhere.listing()
        assert [each.person for each in listed] == ["ethan@example.com", "frank@example.com"]
        assert listed[1].reference == user.reference
        assert listed[1].started_at == scene.clock().isoformat()
        secrets = [session_id, user.key.partition("#")[2], user.identity.token, *scene.refresh_tokens]
        secrets += [user.keys().secret_access_key, user.keys().session_token, *scene.nonces]
        assert not [secret for secret in secrets if secret in repr(listed)]

    def test_who_is_out_is_not_in_it(self, scene, sessions):
        sessions.end(scene.sign_in(sessions))
        scene.sign_in(sessions)
        scene.clock.forward(minutes=31)
        scene.begin(sessions)
        sessions.ticket(scene.signed_in(), visitor=scene.visitor)
        assert sessions.listing() == []


class TestStaying:
    def test_every_process_knows_who_is_signed_in(self, scene, sessions, elsewhere):
        session_id = scene.sign_in(sessions)
        for each in (sessions, elsewhere):
            assert each.holds(session_id)
            assert each.find(session_id).identity.email == "frank@example.com"
            assert each.find(session_id) is each.find(session_id)

    @pytest.mark.parametrize("forged", ["", "x", "A" * 43, "session#1", "é" * 43, "a" * 100_000])
    def test_a_cookie_that_was_made_up_opens_nothing(self, scene, sessions, forged):
        scene.sign_in(sessions)
        assert not sessions.holds(forged)
        assert over(sessions, forged) == "RL-233"
        assert people(sessions) == ["frank@example.com"]

    def test_unused_it_ends_and_every_tab_everywhere_is_told_why(self, scene, sessions, elsewhere):
        session_id = scene.sign_in(sessions)
        scene.clock.forward(minutes=30)
        assert not elsewhere.holds(session_id)
        for each in (sessions, sessions, elsewhere, scene.sessions()):
            assert over(each, session_id) == "RL-232"
        scene.clock.forward(hours=7)
        assert over(elsewhere, session_id) == "RL-232"
        assert scene.revoked == scene.refresh_tokens

    def test_used_it_stays_until_the_working_day_is_over(self, scene, sessions, elsewhere):
        session_id = scene.sign_in(sessions)
        for turn in range(31):
            scene.clock.forward(minutes=15)
            assert [sessions, elsewhere][turn % 2].find(session_id)
        scene.clock.forward(minutes=15)
        for each in (sessions, elsewhere, sessions):
            assert over(each, session_id) == "RL-231"
        assert scene.revoked == scene.refresh_tokens

    def test_it_says_when_it_ends(self, scene, sessions):
        user = sessions.find(scene.sign_in(sessions))
        assert (user.ends_at - scene.clock()).total_seconds() == 8 * 3600

    def test_without_a_silent_way_it_ends_with_its_token(self, scene, sessions):
        scene.idp.offline = False
        user = sessions.find(scene.sign_in(sessions))
        assert (user.ends_at - scene.clock()).total_seconds() == 3600

    def test_its_use_is_written_once_a_minute(self, scene, sessions):
        session_id = scene.sign_in(sessions)
        key = sessions.find(session_id).key
        versions = []
        for _ in range(12):
            scene.clock.forward(seconds=15)
            for _ in range(5):
                sessions.find(session_id)
            versions.append(scene.store.get(key).version)
        assert versions == [1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4]

    def test_looking_whether_it_stands_is_no_use_of_it(self, scene, sessions):
        session_id = scene.sign_in(sessions)
        user = sessions.find(session_id)
        for _ in range(29):
            scene.clock.forward(minutes=1)
            assert sessions.holds(session_id)
            user.admit()
        scene.clock.forward(minutes=1)
        assert code(SessionExpired, user.admit) == "RL-232"

    def test_what_ended_in_one_tab_is_told_in_all(self, scene, sessions, elsewhere):
        session_id = scene.sign_in(sessions)
        elsewhere.find(session_id)
        sessions.expire(session_id, SessionExpired("over", "again", code="RL-234"))
        for each in (sessions, elsewhere):
            assert over(each, session_id) == "RL-234"
        assert scene.revoked == scene.refresh_tokens

    def test_a_store_that_does_not_answer_signs_nobody_out(self, scene, sessions, monkeypatch):
        session_id = scene.sign_in(sessions)

        def fail(_):
            raise StoreUnavailable("no", "later")

        with monkeypatch.context() as broken:
            broken.setattr(scene.store, "get", fail)
            assert code(StoreUnavailable, sessions.find, session_id) == "RL-110"
            assert code(StoreUnavailable, sessions.holds, session_id) == "RL-110"
        assert sessions.find(session_id)


class TestTabs:
    def test_a_tab_goes_on_in_the_browser_that_had_it(self, sessions):
        session_id, visitor = new_id(), new_id()
        sessions.note_tab("tab-1", session_id, visitor)
        sessions.note_tab("tab-2", "", visitor)
        assert sessions.resumes("tab-1", session_id, visitor)
        assert sessions.resumes("tab-1", session_id, "")
        assert sessions.resumes("tab-2", "", visitor)

    def test_in_no_other(self, sessions):
        session_id, visitor = new_id(), new_id()
        sessions.note_tab("tab-1", session_id, visitor)
        sessions.note_tab("tab-2", "", visitor)
        for stranger in [("", visitor), ("", ""), (new_id(), visitor), ("x", visitor)]:
            assert not sessions.resumes("tab-1", *stranger)
        for stranger in [(session_id, visitor), ("", new_id()), ("", "")]:
            assert not sessions.resumes("tab-2", *stranger)

    def test_a_tab_of_nobody_is_anybodys_and_so_resumed_by_none(self, sessions):
        sessions.note_tab("tab-1", "", "")
        assert not sessions.resumes("tab-1", "", "")

    def test_a_tab_that_was_never_here_is_not_resumed(self, sessions):
        assert not sessions.resumes("tab-1", new_id(), new_id())


def test_nothing_of_it_shows_a_secret(scene, sessions):
    answer = scene.begin(sessions)
    pending = sessions.claim(state=answer["state"], visitor=scene.visitor)
    signed_in = pending.attempt.complete(answer, sessions._provider)
    session_id = sessions.open(signed_in, replaces="")
    user = sessions.find(session_id)
    keys = user.keys()
    shown = repr((pending, signed_in, user, user._record, user._world.settings, sessions.listing()))
    secrets = [session_id, scene.visitor, user.identity.token, *scene.refresh_tokens, *scene.nonces]
    secrets += [*scene.states, pending.attempt.verifier, keys.access_key_id, keys.secret_access_key]
    secrets += [keys.session_token, "idc-refresh", "client-secret-never"]
    assert not [secret for secret in secrets if secret in shown]
    assert {operation for operation, _, _ in scene.aws.calls} == set(STEPS)
