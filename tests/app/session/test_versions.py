"""Processes of two versions over one store: what one cannot read lets nobody in there, and stays."""

import json
import secrets
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import SessionExpired, SignInRefused
from app.session import sealing
from app.session.dynamodb import DynamoStore
from app.session.record import Record, read
from app.session.sealing import Seal, SealedStore
from app.session.store import MemoryStore, key
from tests.app.session.scene import code, over, people
from tests.app.session.test_formats import SESSION


class LaterSeal(Seal):
    """A version whose sealed values begin with another byte."""

    def seal(self, value, *, name):
        return b"\xfe" + super().seal(value, name=name)[1:]

    def open(self, sealed, *, name):
        return super().open(sealing._FORMAT + sealed[1:], name=name) if sealed[:1] == b"\xfe" else None


@pytest.fixture(params=["memory", "dynamodb"])
def kept(request, clock):
    """What both versions keep their values in."""
    if request.param == "memory":
        return MemoryStore(most=1000, clock=clock.seconds)
    client, name = request.getfixturevalue("dynamodb"), request.getfixturevalue("empty_table")
    return DynamoStore(client, name, clock=clock.seconds)


@pytest.fixture
def two(scene, kept):
    """A process of each version: today's, and a later one of another format."""
    sealing_key = [secrets.token_bytes(32)]
    return [scene.sessions(SealedStore(kept, seal(sealing_key))) for seal in (Seal, LaterSeal)]


@pytest.fixture(params=["today's, then a later one", "a later one, then today's"])
def one_and_other(request, two):
    return two if request.param.startswith("today's") else two[::-1]


class TestTwoFormats:
    def test_who_signed_in_at_one_is_asked_to_sign_in_at_the_other_and_stays_signed_in(
        self, scene, one_and_other
    ):
        one, other = one_and_other
        session_id = scene.sign_in(one)
        assert over(other, session_id) == "RL-233"
        assert not other.holds(session_id)
        assert people(other) == []
        # As a page does whose session is over.
        other.expire(session_id, SessionExpired("x", "y", code="RL-233"))
        other.sweep()
        assert one.find(session_id).keys()
        assert people(one) == ["frank@example.com"]
        assert scene.revoked == []

    def test_the_log_says_that_it_is_not_the_key(self, scene, two, caplog):
        today, later = two
        assert over(today, scene.sign_in(later)) == "RL-233"
        assert "is of another format" in caplog.text
        assert "SESSION_KEY" not in caplog.text

    def test_each_of_two_sign_ins_of_one_person_stands_where_it_was_made(self, scene, one_and_other):
        one, other = one_and_other
        first = scene.sign_in(one)
        second = scene.sign_in(other, replaces=first)  # the other knows of none that it could replace
        third = scene.sign_in(one)
        assert [one.holds(each) for each in (first, second, third)] == [True, False, True]
        assert [other.holds(each) for each in (first, second, third)] == [False, True, False]
        assert scene.revoked == []

    def test_a_sign_in_that_is_under_way_at_one_is_not_ended_by_the_other(self, scene, one_and_other):
        one, other = one_and_other
        answer = scene.begin(one)
        refused = code(SignInRefused, other.claim, state=answer["state"], visitor=scene.visitor)
        assert refused == "RL-223"
        assert one.claim(state=answer["state"], visitor=scene.visitor).return_to == "/"

    def test_a_ticket_of_one_is_not_ended_by_the_other(self, scene, one_and_other):
        one, other = one_and_other
        ticket = one.ticket(scene.signed_in(), visitor=scene.visitor)
        assert code(SignInRefused, other.redeem, ticket, visitor=scene.visitor, replaces="") == "RL-236"
        assert one.holds(one.redeem(ticket, visitor=scene.visitor, replaces=""))

    def test_who_signs_out_at_one_is_signed_out_at_the_other_too(self, scene, one_and_other):
        one, other = one_and_other
        session_id = scene.sign_in(one)
        other.end(session_id)
        assert not one.holds(session_id)
        assert over(one, session_id) == "RL-233"


def changed(table, name, change):
    """What is kept under this name, as another version would have written it; it has to stay as it is."""
    entry = table.get(name)
    members = json.loads(entry.value)
    change(members)
    value = json.dumps(members).encode()
    assert table.swap(name, value, version=entry.version, expires_at=2**40)
    return table.get(name)


CHANGES = {
    "a member more": lambda members: members.update(device="phone"),
    "a member less": lambda members: members.pop("started_at"),
    "a member of another shape": lambda members: members.update(started_at={"at": 1}),
    "a member more of the person": lambda members: members["standing"]["identity"].update(phone="1"),
    "no person": lambda members: members.pop("standing"),
    "another person": lambda members: members.update(standing=["frank"]),
}


class TestOneFormatAndAnotherContent:
    """No version is to do that; where one does, nobody meets an error, and nothing of it is lost."""

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    def test_a_session_is_as_good_as_absent_and_stays(self, scene, store, change):
        sessions = scene.sessions(store)
        session_id = scene.sign_in(sessions)
        theirs = changed(store, key("session", session_id), change)
        for process in (sessions, scene.sessions(store)):
            assert over(process, session_id) == "RL-233"
            assert not process.holds(session_id)
            assert people(process) == []
            process.expire(session_id, SessionExpired("x", "y", code="RL-233"))
            process.sweep()
        scene.sign_in(sessions, replaces=session_id)
        assert store.get(key("session", session_id)) == theirs
        assert scene.revoked == []

    def test_it_ends_when_its_person_signs_out(self, scene, store):
        sessions = scene.sessions(store)
        session_id = scene.sign_in(sessions)
        changed(store, key("session", session_id), CHANGES["a member more"])
        assert sessions.end(session_id).problem is None
        assert store.get(key("session", session_id)) is None

    def test_a_sign_in_under_way_is_not_under_way_here(self, scene, store):
        sessions = scene.sessions(store)
        state = scene.begin(sessions)["state"]
        theirs = changed(store, key("attempt", state), lambda members: members.update(device="phone"))
        assert code(SignInRefused, sessions.claim, state=state, visitor=scene.visitor) == "RL-223"
        assert store.get(key("attempt", state)) == theirs

    def test_a_ticket_opens_nothing_here(self, scene, store):
        sessions = scene.sessions(store)
        ticket = sessions.ticket(scene.signed_in(), visitor=scene.visitor)
        theirs = changed(store, key("ticket", ticket), lambda members: members.pop("standing"))
        refused = code(SignInRefused, sessions.redeem, ticket, visitor=scene.visitor, replaces="")
        assert refused == "RL-236"
        assert store.get(key("ticket", ticket)) == theirs


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = ["ended", *json.loads(SESSION.to_bytes())]


@given(st.dictionaries(st.sampled_from(MEMBERS) | st.text(), JSON, max_size=4) | JSON)
def test_whatever_another_version_says_is_a_session_or_none(said):
    members = json.loads(SESSION.to_bytes())
    value = {**members, **said} if isinstance(said, dict) else said
    with suppress(SessionExpired):
        assert isinstance(read(json.dumps(value).encode()), Record)


def test_what_another_version_says_is_in_no_log(caplog):
    members = json.loads(SESSION.to_bytes())
    with pytest.raises(SessionExpired):
        read(json.dumps({**members, "started_at": "refresh-of-frank"}).encode())
    assert "of another version" in caplog.text
    assert "frank" not in caplog.text
