"""Each fault at each call of the Data API: it ends in time, in the right words, and leaves nothing behind."""

import itertools
from dataclasses import dataclass, field

import pytest

from app.errors import QueryFailed, QueryTimedOut, SessionExpired, WarehouseBusy
from tests.app.client_faults.faulty import ENDLESS, FAILS, ROWS, eventually, query

FOR_GOOD = "until removed"


@dataclass(frozen=True)
class Place:
    """A call of the Data API that a question makes: which, after how many, in which format, for which SQL."""

    operation: str
    sql: str
    form: str = "csv"
    after: int = 0

    def __str__(self):
        return f"{self.operation}-{self.after}"


@dataclass(frozen=True)
class Case:
    """A fault, and what the person is told."""

    what: str
    error: type
    code: str
    more: dict = field(default_factory=dict)

    def __str__(self):
        return "-".join([self.what, *map(str, self.more.values())])


SUBMIT = Place("ExecuteStatement", ROWS)
# Asked of a statement that is still running, and of one that failed, for the reason.
DESCRIBE = Place("DescribeStatement", FAILS)
PLACES = [
    SUBMIT,
    DESCRIBE,
    Place("GetStatementResultV2", ROWS),
    Place("GetStatementResultV2", ROWS, after=1),
]
CASES = [
    Case("throttle", WarehouseBusy, "RL-450"),
    Case("fail", QueryFailed, "RL-422"),
    Case("drop", QueryFailed, "RL-423"),
    Case("hang", QueryTimedOut, "RL-430"),
    Case("late", QueryTimedOut, "RL-430", {"seconds": 60}),
    Case("expire", SessionExpired, "RL-230"),
    Case("end-context", SessionExpired, "RL-230"),
]


# The other format has its own operation, and its own way to see that something is missing.
OTHER_FORMAT = [Place("GetStatementResult", ROWS, "json"), Place("GetStatementResult", ROWS, "json", after=1)]
OTHER_WORDS = [
    Case("fail", WarehouseBusy, "RL-451", {"code": "DatabaseConnectionException", "status": 500}),
    Case("fail", WarehouseBusy, "RL-450", {"code": "ActiveStatementsExceededException", "status": 400}),
    Case("fail", QueryFailed, "RL-424", {"code": "ValidationException", "status": 400}),
]
TABLE = [
    *itertools.product(CASES, PLACES),
    *(
        (case, place)
        for case, place in itertools.product(CASES, OTHER_FORMAT)
        if case.what in {"drop", "hang"}
    ),
    *((case, SUBMIT) for case in OTHER_WORDS),
]


@pytest.mark.parametrize(("case", "place"), TABLE, ids=str)
def test_what_stays_ends_in_time_and_leaves_nothing_behind(case, place, faults, people):
    person, asked = people[place.form], query(place.sql)
    at = {"person": person.email, "after": place.after, "times": FOR_GOOD, **case.more}
    with person.in_a_hurry(), faults.during(case.what, "redshift-data", place.operation, **at) as fault:
        error = person.ask(asked).error()
        assert (type(error), error.code) == (case.error, case.code)
        assert fault.hits >= 1
    eventually(lambda: person.has_nothing_running(asked))
    assert len(person.statements(asked)) <= 1
    goes_on(person, asked, fails=place is DESCRIBE)


def goes_on(person, asked, *, fails=False):
    """The next refresh has what there is, whole, and so has who asks without refreshing."""
    if fails:
        error = person.ask(asked, fresh=False).error()
        assert (type(error), error.code) == (QueryFailed, "RL-420")
        return
    for fresh in (False, True):
        table = person.ask(asked, fresh=fresh).table()
        assert not table.truncated
        assert len(table.frame) == person.rows(asked)


def test_a_running_statement_that_nobody_can_follow_is_stopped_at_the_deadline(faults, people):
    person, asked = people["csv"], query(ENDLESS)
    at = {"person": person.email, "times": FOR_GOOD}
    with person.in_a_hurry(3), faults.during("hang", "redshift-data", "DescribeStatement", **at):
        error = person.ask(asked).error()
        assert (type(error), error.code) == (QueryTimedOut, "RL-430")
    eventually(lambda: person.has_nothing_running(asked))
    assert [each["Status"] for each in person.statements(asked)] == ["ABORTED"]
    goes_on(person, query())
