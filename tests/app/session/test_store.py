"""What every store promises; the memory's bound; what DynamoDB's failures become."""

import itertools
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from app.errors import StoreUnavailable
from app.session.dynamodb import DynamoStore
from app.session.store import Entry, MemoryStore

LATER = 60


@pytest.fixture
def ends(clock):
    return clock.seconds() + LATER


def racing(number, call):
    """What each of so many threads gets that call at one moment."""
    gate = threading.Barrier(number)

    def wait_and_call(turn):
        gate.wait(10)
        return call(turn)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(wait_and_call, range(number)))


def test_what_is_added_is_there(store, ends):
    assert store.add("session#1", b"value", expires_at=ends) is True
    assert store.get("session#1") == Entry(b"value", 1)


def test_what_was_never_added_is_not_there(store, ends):
    assert store.get("session#1") is None
    assert store.take("session#1") is None
    assert store.swap("session#1", b"value", version=1, expires_at=ends) is False
    assert store.get("session#1") is None


def test_a_key_is_added_once(store, ends):
    store.add("session#1", b"first", expires_at=ends)
    assert store.add("session#1", b"second", expires_at=ends) is False
    assert store.get("session#1").value == b"first"


def test_a_swap_replaces_the_version_that_it_saw_alone(store, ends):
    store.add("session#1", b"first", expires_at=ends)
    assert store.swap("session#1", b"second", version=1, expires_at=ends) is True
    assert store.swap("session#1", b"third", version=1, expires_at=ends) is False
    assert store.get("session#1") == Entry(b"second", 2)


def test_what_is_taken_is_gone_for_all(store, ends):
    store.add("session#1", b"value", expires_at=ends)
    assert store.take("session#1") == Entry(b"value", 1)
    assert store.take("session#1") is None
    assert store.get("session#1") is None
    assert store.swap("session#1", b"again", version=1, expires_at=ends) is False


def test_what_was_taken_makes_room(store, ends):
    store.add("session#1", b"first", expires_at=ends)
    store.take("session#1")
    assert store.add("session#1", b"second", expires_at=ends) is True
    assert store.get("session#1") == Entry(b"second", 1)


def test_what_has_expired_is_gone_for_every_method(store, clock, ends):
    for key in ("get", "swap", "take", "add"):
        store.add(f"session#{key}", b"value", expires_at=ends)
    clock.forward(seconds=LATER - 2)
    assert store.get("session#get").value == b"value"
    clock.forward(seconds=2)
    assert store.get("session#get") is None
    assert store.swap("session#swap", b"again", version=1, expires_at=ends + LATER) is False
    assert store.take("session#take") is None
    assert list(store.entries("session")) == []
    assert store.add("session#add", b"new", expires_at=ends + LATER) is True
    assert store.get("session#add") == Entry(b"new", 1)


def test_a_swap_sets_when_it_ends(store, clock, ends):
    store.add("session#1", b"value", expires_at=ends)
    store.swap("session#1", b"longer", version=1, expires_at=ends + LATER)
    clock.forward(seconds=LATER)
    assert store.get("session#1").value == b"longer"


def test_entries_are_those_of_their_kind(store, ends):
    for kind, number in itertools.product(("session", "ticket"), range(3)):
        store.add(f"{kind}#{number}", f"{kind} {number}".encode(), expires_at=ends)
    found = dict(store.entries("session"))
    assert {key: entry.value for key, entry in found.items()} == {
        f"session#{number}": f"session {number}".encode() for number in range(3)
    }


def test_a_purge_takes_nothing_that_still_holds(store, clock, ends):
    store.add("session#short", b"x", expires_at=ends)
    store.add("session#long", b"x", expires_at=ends + LATER)
    clock.forward(seconds=LATER)
    store.purge()
    assert [key for key, _ in store.entries("session")] == ["session#long"]


def test_any_bytes_come_back(store, ends):
    for number, value in enumerate((b"", bytes(range(256)), b"x" * 100_000)):
        store.add(f"session#{number}", value, expires_at=ends)
        assert store.get(f"session#{number}").value == value


def test_of_sixteen_that_take_one_gets_it(store, ends):
    for number in range(5):
        store.add(f"ticket#{number}", b"value", expires_at=ends)
        taken = racing(16, lambda _, number=number: store.take(f"ticket#{number}"))
        assert sum(entry is not None for entry in taken) == 1


def test_of_sixteen_that_swap_one_has_swapped(store, ends):
    for number in range(5):
        key = f"session#{number}"
        store.add(key, b"value", expires_at=ends)
        swapped = racing(
            16, lambda turn, key=key: store.swap(key, str(turn).encode(), version=1, expires_at=ends)
        )
        assert swapped.count(True) == 1
        assert store.get(key) == Entry(str(swapped.index(True)).encode(), 2)


def test_of_sixteen_that_add_one_has_added(store, ends):
    added = racing(16, lambda turn: store.add("session#1", str(turn).encode(), expires_at=ends))
    assert added.count(True) == 1
    assert store.get("session#1").value == str(added.index(True)).encode()


def test_entries_do_not_show_what_they_hold():
    assert "secret" not in repr(Entry(b"secret", 1))


class TestMemory:
    @pytest.fixture
    def store(self, clock):
        return MemoryStore(most=3, clock=clock.seconds)

    def test_strangers_who_begin_push_out_nobody_who_is_signed_in(self, store, ends):
        store.add("session#1", b"x", expires_at=ends)
        for number in range(50):
            store.add(f"attempt#{number}", b"x", expires_at=ends)
        assert store.get("session#1")
        assert [key for key, _ in store.entries("attempt")] == ["attempt#47", "attempt#48", "attempt#49"]

    def test_the_one_unchanged_for_longest_leaves(self, store, ends):
        for number in range(3):
            store.add(f"session#{number}", b"x", expires_at=ends)
        store.swap("session#0", b"y", version=1, expires_at=ends)
        store.add("session#3", b"x", expires_at=ends)
        assert {key for key, _ in store.entries("session")} == {"session#0", "session#2", "session#3"}

    def test_the_expired_leave_before_anybody_else(self, store, clock, ends):
        store.add("session#old", b"x", expires_at=ends + LATER)
        store.add("session#expired-1", b"x", expires_at=ends)
        store.add("session#expired-2", b"x", expires_at=ends)
        clock.forward(seconds=LATER)
        store.add("session#new", b"x", expires_at=ends + LATER)
        assert store.get("session#old")
        assert store.get("session#new")


def dynamodb_that_fails(error):
    def fail(**_):
        raise error

    names = ("put_item", "get_item", "delete_item", "scan")
    return DynamoStore(SimpleNamespace(**dict.fromkeys(names, fail)), "table")


VALUE = b"the-secret-value"  # not in the lines that a traceback quotes
CALLS = {
    "add": lambda store: store.add("session#1", VALUE, expires_at=9e9),
    "get": lambda store: store.get("session#1"),
    "swap": lambda store: store.swap("session#1", VALUE, version=1, expires_at=9e9),
    "take": lambda store: store.take("session#1"),
    "entries": lambda store: list(store.entries("session")),
}
FAILURES = {
    "ResourceNotFoundException": ClientError(
        {"Error": {"Code": "ResourceNotFoundException", "Message": "the-secret-value"}}, "PutItem"
    ),
    "ProvisionedThroughputExceededException": ClientError(
        {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "the-secret-value"}},
        "PutItem",
    ),
    "EndpointConnectionError": EndpointConnectionError(endpoint_url="https://the-secret-value"),
    "NoCredentialsError": NoCredentialsError(),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("reason", FAILURES)
def test_a_failure_of_dynamodb_is_told_without_what_was_asked(call, reason):
    with pytest.raises(StoreUnavailable) as caught:
        CALLS[call](dynamodb_that_fails(FAILURES[reason]))
    assert caught.value.code == "RL-110"
    assert reason in caught.value.message
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "the-secret-value" not in "".join(traceback.format_exception(caught.value))


def test_a_table_that_is_not_there_is_told(dynamodb, clock):
    with pytest.raises(StoreUnavailable) as caught:
        DynamoStore(dynamodb, "nobodys-table", clock=clock.seconds).get("session#1")
    assert caught.value.code == "RL-110"


def test_a_list_is_read_to_its_end(clock):
    """DynamoDB answers a scan in parts of a megabyte."""
    items = [
        {
            "key": {"S": f"session#{n}"},
            "value": {"B": b"x"},
            "version": {"N": "1"},
            "expires_at": {"N": "9e9"},
        }
        for n in range(3)
    ]
    asked = []

    def scan(**request):
        assert request["ConsistentRead"] is True  # who signed in a moment ago is in it
        start = request.get("ExclusiveStartKey", 0)
        asked.append(start)
        more = {"LastEvaluatedKey": start + 1} if start < 2 else {}
        return {"Items": [items[start]], **more}

    store = DynamoStore(SimpleNamespace(scan=scan), "table", clock=clock.seconds)
    assert [key for key, _ in store.entries("session")] == ["session#0", "session#1", "session#2"]
    assert asked == [0, 1, 2]
