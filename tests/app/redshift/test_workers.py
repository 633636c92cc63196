"""A bounded number of threads, and nobody's many questions keep another's waiting."""

import queue
import threading
import time

import pytest

from app.redshift.workers import Workers

SECONDS = 10.0  # until a test that waits in vain fails


class Desk:
    """Calls that go on until the test lets them, and in which order they began."""

    def __init__(self, workers):
        self.workers = workers
        self.begun = []
        self.running = 0
        self.changed = threading.Condition()
        self.places = threading.Semaphore(0)

    def ask(self, person, *, times=1):
        for _ in range(times):
            self.workers.submit(person, lambda: self._work(person))

    def _work(self, person):
        with self.changed:
            self.begun.append(person)
            self.running += 1
            self.changed.notify_all()
        assert self.places.acquire(timeout=SECONDS)
        with self.changed:
            self.running -= 1
            self.changed.notify_all()

    def end(self, count=1):
        self.places.release(count)

    def wait(self, begun):
        """Until so many have begun in all."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.begun) >= begun, SECONDS), self.begun

    def still(self, begun):
        """So many have begun, and no more do."""
        self.wait(begun)
        time.sleep(0.05)
        assert len(self.begun) == begun


@pytest.fixture
def desk():
    desk = Desk(Workers("test", most=4, most_of_one=2))
    yield desk
    desk.end(1_000)


def test_one_person_has_a_few_threads_at_a_time(desk):
    desk.ask("one", times=10)
    desk.still(2)
    desk.end()
    desk.still(3)
    desk.end(9)
    desk.wait(10)


def test_there_are_no_more_threads_than_the_bound(desk):
    for person in "abcdef":
        desk.ask(person)
    desk.still(4)
    desk.end(2)
    desk.wait(6)


def test_who_waits_comes_by_person_and_not_by_call(desk):
    desk.ask("fifty tabs", times=50)
    desk.wait(2)
    desk.ask("b", times=2)
    desk.ask("c")
    desk.wait(4)
    desk.ask("d")
    desk.end()
    desk.wait(5)
    desk.end()
    desk.wait(6)
    assert "d" in desk.begun[:6]


def test_half_of_the_threads_are_for_those_who_have_none():
    desk = Desk(Workers("test", most=8, most_of_one=4))
    desk.ask("hangs", times=20)
    desk.wait(4)
    desk.ask("hangs too", times=20)
    desk.still(5)
    for person in "abc":
        desk.ask(person, times=2)
    desk.still(8)
    assert sorted(desk.begun[5:]) == ["a", "b", "c"]
    desk.end(100)
    desk.wait(46)


def test_of_many_who_wait_none_is_overlooked():
    desk = Desk(Workers("test", most=8, most_of_one=4))
    desk.end(10_000)
    for number in range(3_000):
        desk.ask(f"person {number % 7}")
    desk.wait(3_000)


def test_where_the_process_has_no_more_threads_those_that_there_are_do(desk, monkeypatch):
    desk.ask("one")
    desk.wait(1)
    monkeypatch.setattr(threading.Thread, "start", no_more)
    desk.ask("two")
    desk.still(1)
    desk.end(2)
    desk.wait(2)


def test_where_there_is_no_thread_at_all_it_is_told(monkeypatch):
    desk = Desk(Workers("test", most=4))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_more)
        with pytest.raises(RuntimeError):
            desk.ask("one")
    desk.ask("two")
    desk.end(2)
    desk.still(1)
    assert desk.begun == ["two"]


def no_more(_):
    raise RuntimeError("can't start new thread")


def test_of_one_person_the_first_question_is_asked_first():
    workers, order, done = Workers("test", most=1), [], threading.Event()
    for number in range(20):
        workers.submit("one", lambda number=number: order.append(number))
    workers.submit("one", done.set)
    assert done.wait(SECONDS)
    assert order == list(range(20))


def test_threads_are_used_again(desk):
    before = threading.active_count()
    desk.end(100)
    for number in range(100):
        desk.ask(f"person {number}")
    desk.wait(100)
    assert threading.active_count() - before <= 4


def named(name):
    return [each for each in threading.enumerate() if each.name == name]


def test_threads_that_have_nothing_to_do_end_and_are_begun_again():
    desk = Desk(Workers("idle", most=4, idle_seconds=0.01))
    for round_ in range(3):
        for person in "abc":
            desk.ask(person)
        desk.wait(3 * round_ + 3)
        threads = named("idle")
        assert len(threads) == 3
        desk.end(3)
        for thread in threads:
            thread.join(SECONDS)
        assert not named("idle")


def test_who_asks_just_as_a_thread_ends_is_not_overlooked():
    desk = Desk(Workers("ends at once", most=4, idle_seconds=0.0))
    desk.end(3_000)
    for number in range(3_000):
        desk.ask(f"person {number % 7}")
        if number % 3 == 0:
            desk.wait(number + 1)
    desk.wait(3_000)


def test_while_some_go_on_the_threads_that_more_needed_end():
    desk = Desk(Workers("fewer", most=8, idle_seconds=0.2))
    for person in "abcdefgh":
        desk.ask(person)
    desk.wait(8)
    desk.end(8)
    for _ in range(int(SECONDS / 0.01)):
        done = threading.Event()
        desk.workers.submit("one", done.set)
        assert done.wait(SECONDS)
        if len(named("fewer")) <= 2:
            return
        time.sleep(0.01)
    pytest.fail("Each of them has its turn, and none ends.")


def test_a_call_that_raises_takes_nobodys_place(desk, monkeypatch):
    told = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", told.put)
    for _ in range(4):
        desk.workers.submit("one", lambda: 1 / 0)
    for person in ("one", "two", "three", "four"):
        desk.ask(person)
    desk.wait(4)
    assert [told.get(timeout=SECONDS).exc_type for _ in range(4)] == [ZeroDivisionError] * 4


def test_a_process_ends_though_a_call_does_not(desk):
    desk.ask("one")
    desk.wait(1)
    (thread,) = [each for each in threading.enumerate() if each.name == "test" and each.is_alive()][-1:]
    assert thread.daemon
