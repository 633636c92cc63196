"""Whether somebody administers is asked once under their rights, and holds up nothing."""

import threading
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from app.errors import QueryDenied, WarehouseBusy
from app.redshift.memory import Memory
from app.redshift.table import Table, Timings
from app.session.administration import Administration


class Asked:
    """A warehouse that counts how often it is asked, and answers as it is told to."""

    def __init__(self):
        self.answer, self.times, self.flight = 0, 0, None
        self.answers = threading.Event()
        self.answers.set()
        self._memory = Memory(person="somebody", seconds=0, clock=lambda: 0.0)

    def begin(self, query):
        self.times += 1
        self.flight = self._memory.fly((query.key, self.times), lambda _: self._made())
        return self.flight

    def _made(self):
        self.answers.wait(10)
        if isinstance(self.answer, Exception):
            raise self.answer
        columns = pa.table({"policies": [self.answer]})
        return Table(columns, False, "id", 0.0, Timings(0.0, 0.0, 0.0), datetime.now(UTC))


class Somebody:
    def __init__(self):
        self.rights, self.warehouse = "first", Asked()
        self.administration = Administration(self.warehouse, lambda: self.rights)

    def page(self):
        """A page that stands: what was asked beside it is taken; whether it was asked at all."""
        flight = self.administration.beside()
        if flight is not None:
            assert flight.wait(10)
            self.administration.settle()
        return flight is not None


@pytest.fixture
def somebody():
    return Somebody()


def denied():
    return QueryDenied("No.", "Ask.", query_name="Who administers", statement_id=None)


def busy():
    return WarehouseBusy("Busy.", "Wait.", query_name="Who administers", statement_id=None)


def test_nothing_is_asked_before_a_page_stands(somebody):
    assert not somebody.administration.known
    assert somebody.warehouse.times == 0


def test_for_the_menu_it_is_asked_once_under_the_same_rights(somebody):
    somebody.warehouse.answer = 4
    assert somebody.page()
    assert not somebody.page()
    assert somebody.administration.known
    assert somebody.warehouse.times == 1


def test_a_grant_that_is_taken_back_counts_for_the_page_at_once(somebody):
    somebody.warehouse.answer = 4
    assert somebody.administration.ask()
    somebody.warehouse.answer = denied()
    assert not somebody.administration.ask()
    assert not somebody.administration.known


def test_other_rights_are_asked_anew_and_the_old_answer_stays_meanwhile(somebody):
    somebody.warehouse.answer = 4
    somebody.page()
    somebody.rights, somebody.warehouse.answer = "second", denied()
    assert somebody.administration.beside() is not None
    assert somebody.administration.known
    assert somebody.page()
    assert not somebody.administration.known
    assert somebody.warehouse.times == 2


def test_who_is_refused_or_shown_none_administers_nothing(somebody):
    assert not somebody.administration.ask()
    somebody.rights, somebody.warehouse.answer = "second", denied()
    assert not somebody.administration.ask()


def test_before_the_first_exchange_nothing_is_asked_beside_a_page(somebody):
    somebody.rights = ""
    assert not somebody.page()
    assert somebody.warehouse.times == 0


def test_a_page_that_a_press_cuts_short_leaves_it_to_the_next(somebody):
    somebody.warehouse.answer = 4
    first = somebody.administration.beside()
    assert somebody.administration.beside() is first
    assert first.wait(10)
    assert somebody.administration.settle()
    assert somebody.warehouse.times == 1


def test_a_warehouse_that_is_busy_is_not_asked_at_each_page(somebody):
    somebody.warehouse.answer = busy()
    flight = somebody.administration.beside()
    assert flight.wait(10)
    with pytest.raises(WarehouseBusy) as caught:
        somebody.administration.settle()
    assert caught.value.code == "RL-450"
    assert not somebody.page()
    somebody.warehouse.answer = 4
    assert somebody.administration.ask()


def test_who_goes_elsewhere_while_it_is_asked_stops_the_question(somebody):
    class Gone(BaseException):
        """As Streamlit leaves a script."""

    def gone(_):
        raise Gone

    somebody.warehouse.answers.clear()
    with pytest.raises(Gone):
        somebody.administration.ask(gone)
    assert somebody.warehouse.flight.abandoned.is_set()
    somebody.warehouse.answers.set()
    assert not somebody.administration.known
