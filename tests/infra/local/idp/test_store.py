"""What the provider remembers is bounded in time and number."""

from infra.local.idp.store import Expiring


def test_an_entry_is_there_until_its_time_is_over(clock):
    entries = Expiring(seconds=10, clock=clock)
    entries.put("a", 1)
    clock.move(9)
    assert entries.get("a") == 1
    clock.move(1)
    assert entries.get("a") is None


def test_expired_entries_take_no_room(clock):
    entries = Expiring(seconds=10, clock=clock)
    for number in range(100):
        entries.put(str(number), number)
    clock.move(11)
    entries.put("new", 1)
    assert len(entries) == 1


def test_the_oldest_leave_when_it_is_full(clock):
    entries = Expiring(seconds=10, clock=clock, most=3)
    for number in range(5):
        entries.put(str(number), number)
    assert [entries.get(str(number)) for number in range(5)] == [None, None, 2, 3, 4]


def test_a_dropped_entry_is_gone(clock):
    entries = Expiring(seconds=10, clock=clock)
    entries.put("a", 1)
    entries.drop("a")
    entries.drop("a")
    assert entries.get("a") is None
