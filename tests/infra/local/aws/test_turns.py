"""Turns: nobody's work keeps somebody else's from running."""

import threading
from collections.abc import Callable, Iterator

import pytest

from infra.local.aws.turns import Turns

FOR_EVER = 3600.0


class Work:
    """Pieces of work that go on until they are released, and the order in which they began."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.released = threading.Event()
        self._changed = threading.Condition()

    def __call__(self, name: str) -> Callable[[], None]:
        def work() -> None:
            with self._changed:
                self.begun.append(name)
                self._changed.notify_all()
            assert self.released.wait(20)

        return work

    def wait_for(self, many: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= many, timeout=20)


@pytest.fixture
def work() -> Iterator[Work]:
    made = Work()
    yield made
    made.released.set()


def test_work_is_done_and_its_errors_are_told() -> None:
    turns = Turns(most=2)
    assert turns.take("frank", lambda: None).result(20) is None
    error = turns.take("frank", lambda: 1 // 0).exception(20)  # type: ignore[arg-type,return-value]
    assert isinstance(error, ZeroDivisionError)


def test_work_that_goes_on_keeps_nobody_waiting(work: Work) -> None:
    turns = Turns(most=30, places=2, each=20, patience=0.01)
    for number in range(20):
        turns.take("frank", work(f"frank {number}"))
    turns.take("ming", lambda: None).result(20)


def test_one_persons_work_is_bounded(work: Work) -> None:
    turns = Turns(most=30, places=30, each=3, patience=0.0)
    waiting = [turns.take("frank", work(str(number))) for number in range(5)]
    turns.take("ming", lambda: None).result(20)
    work.wait_for(3)
    assert [future.running() for future in waiting] == [True, True, True, False, False]
    work.released.set()
    for future in waiting:
        future.result(20)


def test_those_who_wait_are_served_in_turn(work: Work) -> None:
    turns = Turns(most=9, places=1, each=1, patience=FOR_EVER)
    turns.take("first", work("first"))
    ends = [turns.take("frank", work(f"frank {number}")) for number in range(3)]
    ends += [turns.take(name, work(name)) for name in ("ming", "alex")]
    work.released.set()
    for end in ends:
        end.result(20)
    assert work.begun == ["first", "frank 0", "ming", "alex", "frank 1", "frank 2"]


def test_whoever_waits_can_leave(work: Work) -> None:
    turns = Turns(most=9, places=1, each=1, patience=FOR_EVER)
    first = turns.take("frank", work("first"))
    left, stays = turns.take("ming", work("left")), turns.take("ming", work("stays"))
    assert left.cancel()
    assert not first.cancel()
    work.released.set()
    stays.result(20)
    assert work.begun == ["first", "stays"]


def test_closing_lets_nothing_begin(work: Work) -> None:
    turns = Turns(most=9, places=1, each=1, patience=FOR_EVER)
    turns.take("frank", work("first"))
    waiting = turns.take("ming", work("waiting"))
    work.wait_for(1)
    turns.close()
    assert waiting.cancelled()
    assert turns.take("alex", work("late")).cancelled()
    assert work.begun == ["first"]
