"""Sealed values: who reads the store reads nothing, and who writes to it is not believed."""

import json
import logging
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.session.dynamodb import DynamoStore
from app.session.sealing import Seal, SealedStore
from app.session.store import MemoryStore

OLD, NEW, FOREIGN = (secrets.token_bytes(32) for _ in range(3))


@pytest.fixture
def inner(clock):
    return MemoryStore(most=100, clock=clock.seconds)


@pytest.fixture
def ends(clock):
    return clock.seconds() + 60


def sealed(inner, *keys):
    return SealedStore(inner, Seal(keys))


def put(inner, key, value, ends):
    """Writes past the seal, as somebody could who has the store."""
    inner.take(key)
    inner.add(key, value, expires_at=ends)


def absent(store, inner, key, caplog):
    """Whether no method finds the value, and the log says why without a word of it."""
    before = inner.get(key)
    with caplog.at_level(logging.WARNING, "app.session.sealing"):
        found = store.get(key), list(store.entries("session")), store.take(key)
    assert inner.get(key) is None
    assert before is not None
    assert "it is treated as absent" in caplog.text
    assert key.partition("#")[2] not in caplog.text
    return found == (None, [], None)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_under_its_name_alone(value, name):
    seal = Seal([NEW])
    closed = seal.seal(value, name=name)
    assert seal.open(closed, name=name) == value
    assert seal.open(closed, name=name + "x") is None


def test_no_two_sealings_of_one_value_are_alike():
    seal = Seal([NEW])
    assert len({seal.seal(b"value", name="a") for _ in range(100)}) == 100


def test_keys_change_one_by_one(inner, ends):
    sealed(inner, OLD).add("session#1", b"value", expires_at=ends)
    both = sealed(inner, NEW, OLD)
    assert both.get("session#1").value == b"value"
    both.swap("session#1", b"newer", version=1, expires_at=ends)
    assert sealed(inner, NEW).get("session#1").value == b"newer"


def test_a_key_that_was_removed_opens_nothing(inner, ends, caplog):
    sealed(inner, OLD).add("session#1", b"value", expires_at=ends)
    assert absent(sealed(inner, NEW), inner, "session#1", caplog)


def test_what_does_not_open_makes_room(inner, ends):
    sealed(inner, OLD).add("person#1", b"value", expires_at=ends)
    store = sealed(inner, NEW)
    assert store.add("person#1", b"other", expires_at=ends) is True
    assert store.get("person#1").value == b"other"
    assert store.add("person#1", b"third", expires_at=ends) is False


def test_a_value_moved_to_another_key_does_not_open(inner, ends, caplog):
    store = sealed(inner, NEW)
    store.add("session#franks", b"value", expires_at=ends)
    put(inner, "session#ethans", inner.get("session#franks").value, ends)
    inner.take("session#franks")
    assert absent(store, inner, "session#ethans", caplog)


@pytest.mark.parametrize("length", [0, 1, 4, 5, 16, 17, 20, 32, -1])
def test_a_value_that_was_cut_does_not_open(inner, ends, caplog, length):
    store = sealed(inner, NEW)
    store.add("session#franks", b"value", expires_at=ends)
    put(inner, "session#franks", inner.get("session#franks").value[:length], ends)
    assert absent(store, inner, "session#franks", caplog)


def test_a_value_with_one_bit_changed_does_not_open():
    seal = Seal([NEW])
    closed = seal.seal(b"value", name="session#1")
    for place in range(len(closed) * 8):
        changed = bytearray(closed)
        changed[place // 8] ^= 1 << place % 8
        assert seal.open(bytes(changed), name="session#1") is None, place


def test_a_value_that_nobody_sealed_does_not_open(inner, ends, caplog):
    put(inner, "session#franks", json.dumps({"ended": "RL-233"}).encode(), ends)
    assert absent(sealed(inner, NEW), inner, "session#franks", caplog)


def test_an_earlier_value_of_the_same_key_is_the_one_thing_that_opens(inner, ends):
    """A seal says nothing of when; the version is the store's own."""
    store = sealed(inner, NEW)
    store.add("session#1", b"first", expires_at=ends)
    first = inner.get("session#1").value
    store.swap("session#1", b"second", version=1, expires_at=ends)
    put(inner, "session#1", first, ends)
    assert store.get("session#1").value == b"first"


def test_nothing_of_a_person_can_be_read_in_the_table(dynamodb, empty_table, clock, scene):
    store = sealed(DynamoStore(dynamodb, empty_table, clock=clock.seconds), NEW)
    sessions = scene.sessions(store=store)
    session_id = scene.sign_in(sessions)
    user = sessions.find(session_id)
    keys = user.keys()
    sessions.begin(visitor=scene.visitor, return_to="/cities")
    ticket = sessions.ticket(scene.signed_in(), visitor=scene.visitor)
    items = dynamodb.scan(TableName=empty_table)["Items"]
    assert {item["key"]["S"].partition("#")[0] for item in items} == {
        "session",
        "person",
        "attempt",
        "ticket",
    }
    stored = b"\n".join(
        part for item in items for part in (item["key"]["S"].encode(), bytes(item["value"]["B"]))
    )
    secret = [user.identity.token, *user.identity.token.split("."), *scene.refresh_tokens, *scene.nonces]
    secret += [keys.access_key_id, keys.secret_access_key, keys.session_token, session_id, ticket]
    secret += [scene.visitor, *scene.states, "idc-refresh"]
    personal = ["frank@example.com", "Frank Amer", "person-1", "amer-sales", "/cities"]
    assert not [text for text in secret + personal if text.encode() in stored]
