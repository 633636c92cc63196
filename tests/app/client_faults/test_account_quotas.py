"""Many who ask at once where the quotas are AWS's: all are answered, in turn, and next to none is refused."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import stand_in
from tests.app.client_faults.faulty import Person, ask, query, services

NAMES = ("Ethan Global", "Frank Amer", "Alex Emea", "Ming Apac", "Ada Admin")
SIGN_INS = 5
ONE = "SELECT {number} AS one"
# Of one person who asks for more than their share.
MANY = 60
_REFUSED = re.compile(r"redshift-data \w+ by .* ThrottlingException")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A stand-in that throttles as AWS does."""
    with stand_in.running(tmp_path_factory.mktemp("stand-in") / "log", DATA_API_QUOTAS="on") as running:
        yield running


@pytest.fixture(scope="module")
def signed_in(running, none):
    """Twenty-five sign-ins of five people."""
    with services(running.env, none) as shared, ThreadPoolExecutor(4) as pool:
        yield list(pool.map(lambda name: Person(shared, running.env, name), NAMES * SIGN_INS))


def refused(running):
    return len(_REFUSED.findall(running.log()))


def test_fifty_who_ask_at_once_are_all_answered_and_next_to_none_refused(running, signed_in):
    asked = [person.ask(query(ONE)) for person in signed_in * 2]
    assert [each.table().frame["one"].iloc[0] > 0 for each in asked] == [True] * 50
    # AWS counts calls as they arrive, which on a busy machine is not as they left. Without turns, most of the
    # hundred calls would be refused, and again when they are repeated.
    assert refused(running) < len(asked)


def test_who_asks_for_much_keeps_nobody_waiting(running, signed_in):
    """One person's many questions and the others' single ones: the many come last."""
    order = []
    greedy, *_ = [person for person in signed_in if person.name == "Frank Amer"]
    others = [person for person in signed_in if person.name != "Frank Amer"][:8]

    def answered(person):
        table = person.warehouse.fetch(query(ONE))
        order.append(person.name)
        return table

    many = [ask(lambda: answered(greedy)) for _ in range(MANY)]
    few = [ask(lambda person=person: answered(person)) for person in others]
    for each in (*many, *few):
        assert len(each.table().frame) == 1
    assert len(order) == MANY + len(others)
    assert order[-1] == greedy.name
    last_of_others = max(place for place, name in enumerate(order) if name != greedy.name)
    assert last_of_others < MANY * 3 / 4  # they come last to it, too, and on a busy machine late
