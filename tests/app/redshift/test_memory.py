"""A person's memory: equal asks are one, the newest is found, and what was forgotten is given to nobody."""

import threading
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from app.errors import QueryFailed, SessionExpired
from app.redshift import workers
from app.redshift.memory import MOST_TABLES, Memory
from app.redshift.table import Table, Timings

SECONDS = 10.0  # until a test that waits in vain fails


class Clock:
    """A moment that stays until it is moved."""

    now = 0.0

    def __call__(self):
        return self.now


class Ask:
    """An asking whose end the test decides."""

    def __init__(self, value=1, *, rows=1, error=None):
        self.table = table(value, rows)
        self.error = error
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.times = 0
        self.flight = None

    def __call__(self, flight):
        self.times += 1
        self.flight = flight
        self.begun.set()
        assert self.go_on.wait(SECONDS)
        if self.error is not None:
            raise self.error
        return self.table

    def ended(self):
        self.go_on.set()
        return self


def table(value, rows=1):
    columns = pa.table({"value": pa.array([value] * rows, pa.int64())})
    return Table(columns, False, "id", 0.0, Timings(0.0, 0.0, 0.0), datetime.now(UTC))


def value(flight):
    return int(flight.table().frame["value"].iloc[0])


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def memory(clock):
    return Memory(person="frank", seconds=60.0, clock=clock)


def landed(memory, key, **ask):
    """An asking that has ended; its one waiter has what it gave."""
    asking = Ask(**ask).ended()
    flight = memory.fly(key, asking)
    assert flight.wait(SECONDS)
    return flight


class TestOneFlight:
    def test_equal_asks_at_one_time_are_one(self, memory):
        ask = Ask(7)
        flights = [memory.fly("key", ask) for _ in range(20)]
        assert not flights[0].wait(0.0)
        ask.ended()
        assert [value(flight) for flight in flights] == [7] * 20
        assert ask.times == 1

    def test_other_asks_are_others(self, memory):
        assert value(landed(memory, "a", value=1)) == 1
        assert value(landed(memory, "b", value=2)) == 2

    def test_a_failure_reaches_all_who_wait_each_anew_and_is_not_kept(self, memory):
        cause = ValueError("the driver's")
        error = QueryFailed("No.", "Ask.", query_name="sales", statement_id="id-1", code="RL-421")
        error.__cause__ = cause
        ask = Ask(error=error)
        flights = [memory.fly("key", ask) for _ in range(2)]
        ask.ended()
        raised = []
        for flight in flights:
            with pytest.raises(QueryFailed) as caught:
                flight.table()
            raised.append(caught.value)
        assert len({id(each) for each in [*raised, error]}) == 3
        for each in raised:
            assert (each.code, each.query_name, each.statement_id) == ("RL-421", "sales", "id-1")
            assert (each.message, each.remedy, str(each)) == ("No.", "Ask.", "No.")
            assert each.__cause__ is cause
        assert value(landed(memory, "key", value=3)) == 3

    def test_without_a_thread_it_fails_and_the_next_asks_anew(self, clock):
        class Workers(workers.Workers):
            def submit(self, *_):
                raise RuntimeError("can't start new thread")

        memory = Memory(person="frank", seconds=60.0, clock=clock, workers=Workers("test"))
        with pytest.raises(RuntimeError):
            memory.fly("key", Ask()).table()
        flight = memory.fly("key", Ask())
        assert flight.wait(0.0)

    def test_a_mistake_of_our_own_is_raised_too(self, memory):
        with pytest.raises(ZeroDivisionError):
            landed(memory, "key", error=ZeroDivisionError("ours")).table()

    def test_what_one_reader_changes_no_other_sees(self, memory):
        flights = [landed(memory, "key", value=1), memory.fly("key", Ask())]
        mine, other = (flight.table() for flight in flights)
        mine.frame.loc[0, "value"] = 99
        mine.frame["more"] = 1
        assert list(other.frame.columns) == ["value"]
        assert value(memory.fly("key", Ask())) == 1


class TestKeeping:
    def test_it_keeps_for_its_seconds(self, memory, clock):
        landed(memory, "key", value=1)
        clock.now = 59.9
        assert value(memory.fly("key", Ask(2))) == 1
        clock.now = 60.0
        assert value(memory.fly("key", Ask(2).ended())) == 2

    def test_the_seconds_begin_at_the_landing(self, memory, clock):
        ask = Ask(1)
        flight = memory.fly("key", ask)
        clock.now = 100.0
        ask.ended()
        assert flight.wait(SECONDS)
        clock.now = 159.0
        assert value(memory.fly("key", Ask(2))) == 1

    def test_without_seconds_equal_asks_at_one_time_are_still_one(self, clock):
        memory = Memory(person="frank", seconds=0.0, clock=clock)
        ask = Ask(1)
        flights = [memory.fly("key", ask) for _ in range(3)]
        ask.ended()
        assert [value(flight) for flight in flights] == [1] * 3
        assert ask.times == 1
        assert value(landed(memory, "key", value=2)) == 2

    def test_only_a_number_is_kept_and_the_oldest_goes(self, memory):
        for number in range(MOST_TABLES + 1):
            landed(memory, number, value=number)
        assert value(memory.fly(1, Ask(-1))) == 1
        assert value(memory.fly(0, Ask(-1).ended())) == -1

    def test_only_a_number_of_bytes_is_kept_and_the_oldest_goes(self, clock):
        memory = Memory(person="frank", seconds=60.0, clock=clock, most_bytes=2_000)
        for number in range(3):
            landed(memory, number, value=number, rows=100)  # 800 bytes
        assert value(memory.fly(2, Ask(-1))) == 2
        assert value(memory.fly(1, Ask(-1))) == 1
        assert value(memory.fly(0, Ask(-1).ended())) == -1

    def test_a_table_above_the_bound_is_given_and_not_kept_and_pushes_nothing_out(self, clock):
        memory = Memory(person="frank", seconds=60.0, clock=clock, most_bytes=2_000)
        landed(memory, "small", value=1)
        assert len(landed(memory, "large", value=2, rows=1_000).table().frame) == 1_000
        assert value(memory.fly("small", Ask(-1))) == 1
        assert value(memory.fly("large", Ask(3).ended())) == 3


class TestFresh:
    def test_it_is_asked_anew_and_then_found(self, memory):
        landed(memory, "key", value=1)
        assert value(memory.fly("key", Ask(2).ended(), fresh=True)) == 2
        assert value(memory.fly("key", Ask(3))) == 2

    def test_who_asks_while_it_is_under_way_joins_it(self, memory):
        landed(memory, "key", value=1)
        fresh = Ask(2)
        flights = [memory.fly("key", fresh, fresh=True), memory.fly("key", Ask(3))]
        fresh.ended()
        assert [value(flight) for flight in flights] == [2, 2]

    @pytest.mark.parametrize("first", ["older", "newer"])
    def test_an_older_one_that_lands_later_does_not_take_its_place(self, memory, first):
        asks = {"older": Ask(1), "newer": Ask(2)}
        flights = {"older": memory.fly("key", asks["older"])}
        flights["newer"] = memory.fly("key", asks["newer"], fresh=True)
        for name in sorted(asks, key=lambda name: name != first):
            asks[name].ended()
            assert flights[name].wait(SECONDS)
        assert (value(flights["older"]), value(flights["newer"])) == (1, 2)
        assert value(memory.fly("key", Ask(3))) == 2

    def test_an_older_one_does_not_stand_in_for_a_newer_one_that_was_dropped(self, memory, clock):
        older = Ask(1)
        flight = memory.fly("key", older)
        assert value(memory.fly("key", Ask(2).ended(), fresh=True)) == 2
        clock.now = 60.0
        older.ended()
        assert flight.wait(SECONDS)
        assert value(memory.fly("key", Ask(3).ended())) == 3

    def test_one_that_failed_leaves_nothing_older_behind(self, memory):
        landed(memory, "key", value=1)
        with pytest.raises(ZeroDivisionError):
            memory.fly("key", Ask(error=ZeroDivisionError()).ended(), fresh=True).table()
        assert value(memory.fly("key", Ask(3).ended())) == 3


class TestLeaving:
    def test_when_the_last_has_left_it_is_abandoned(self, memory):
        ask, stopped = Ask(), threading.Event()
        one, two = memory.fly("key", ask), memory.fly("key", ask)
        assert ask.begun.wait(SECONDS)
        ask.flight.on_abandoned(stopped.set)
        one.leave()
        one.leave()
        assert not ask.flight.abandoned.is_set()
        two.leave()
        assert ask.flight.abandoned.is_set()
        assert stopped.is_set()  # by the time that whoever left goes on
        ask.ended()

    def test_what_comes_late_to_stop_an_abandoned_one_is_called_at_once(self, memory):
        ask, stopped = Ask(), threading.Event()
        memory.fly("key", ask).leave()
        assert ask.begun.wait(SECONDS)
        ask.flight.on_abandoned(stopped.set)
        assert stopped.wait(SECONDS)
        ask.ended()

    def test_who_asks_for_an_abandoned_one_begins_anew_and_keeps_the_answer(self, memory):
        first, second = Ask(1), Ask(2)
        left = memory.fly("key", first)
        left.leave()
        flight = memory.fly("key", second)
        second.ended()
        assert value(flight) == 2
        first.ended()
        assert left.wait(SECONDS)
        assert value(memory.fly("key", Ask(3))) == 2

    def test_who_has_what_it_gave_is_not_waited_for(self, memory):
        ask, stopped = Ask(1), threading.Event()
        flight = memory.fly("key", ask)
        assert ask.begun.wait(SECONDS)
        ask.flight.on_abandoned(stopped.set)
        ask.ended()
        assert value(flight) == 1
        flight.leave()
        assert not ask.flight.abandoned.is_set()
        assert not stopped.is_set()

    def test_the_others_of_a_refreshed_one_still_wait(self, memory):
        older = Ask(1)
        flight = memory.fly("key", older)
        memory.fly("key", Ask(2).ended(), fresh=True).table()
        assert not flight.abandoned.is_set()
        older.ended()
        assert value(flight) == 1


class TestForgetting:
    def test_nothing_that_landed_is_found(self, memory):
        landed(memory, "key", value=1)
        memory.forget()
        assert value(memory.fly("key", Ask(2).ended())) == 2

    def test_what_was_under_way_is_given_to_nobody_and_not_kept(self, memory):
        ask, stopped = Ask(1), threading.Event()
        flight = memory.fly("key", ask)
        assert ask.begun.wait(SECONDS)
        ask.flight.on_abandoned(stopped.set)
        memory.forget()
        assert stopped.wait(SECONDS)
        ask.ended()
        with pytest.raises(SessionExpired) as caught:
            flight.table()
        assert caught.value.code == "RL-233"
        assert value(memory.fly("key", Ask(2).ended())) == 2

    def test_what_had_landed_and_was_not_taken_is_given_to_nobody(self, memory):
        flight = landed(memory, "key", value=1)
        memory.forget()
        with pytest.raises(SessionExpired) as caught:
            flight.table()
        assert caught.value.code == "RL-233"

    def test_one_that_a_refresh_had_pushed_aside_is_stopped_too(self, memory):
        older, newer = Ask(1), Ask(2)
        flight = memory.fly("key", older)
        memory.fly("key", newer, fresh=True)
        memory.forget()
        assert flight.abandoned.is_set()
        older.ended()
        newer.ended()


class TestMoving:
    """A flight that learns, before it asks, under which rights it does."""

    def moved(self, memory, *, to="new"):
        ask = Ask(1)
        flight = memory.fly("old", ask)
        assert ask.begun.wait(SECONDS)
        ask.flight.keep_under(to)
        return flight, ask

    def test_it_is_found_where_it_was_moved_to_and_nowhere_else(self, memory):
        flight, ask = self.moved(memory)
        joined, other = memory.fly("new", Ask(2)), memory.fly("old", Ask(3).ended())
        ask.ended()
        assert [value(each) for each in (flight, joined, other)] == [1, 1, 3]
        assert value(memory.fly("new", Ask(2))) == 1

    def test_moved_to_where_it_is_it_stays(self, memory):
        flight, ask = self.moved(memory, to="old")
        joined = memory.fly("old", Ask(2))
        ask.ended()
        assert [value(each) for each in (flight, joined)] == [1, 1]

    def test_it_does_not_take_the_place_of_one_that_took_off_later(self, memory):
        ask, later = Ask(1), Ask(2)
        flight = memory.fly("old", ask)
        assert ask.begun.wait(SECONDS)
        memory.fly("new", later)
        ask.flight.keep_under("new")
        ask.ended()
        assert value(flight) == 1
        later.ended()
        assert value(memory.fly("new", Ask(3))) == 2

    def test_one_that_a_refresh_pushed_aside_comes_back_nowhere(self, memory):
        ask = Ask(1)
        flight = memory.fly("old", ask)
        assert ask.begun.wait(SECONDS)
        memory.fly("old", Ask(2).ended(), fresh=True).table()
        ask.flight.keep_under("new")
        ask.ended()
        assert value(flight) == 1
        assert value(memory.fly("new", Ask(3).ended())) == 3
