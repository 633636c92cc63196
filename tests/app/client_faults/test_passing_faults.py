"""Faults that pass: the person sees nothing of them, nothing runs twice, and nobody else is held up."""

import pytest

from app.errors import QueryTimedOut
from tests.app.client_faults.faulty import COUNT, ENDLESS, ROWS, ask, eventually, query

FOR_GOOD = "until removed"
RESULTS = {"csv": "GetStatementResultV2", "json": "GetStatementResult"}
# More than the calls that one person may have under way, less than the stand-in can hold.
MANY = 14


def whole(person, asked, table):
    return not table.truncated and len(table.frame) == person.rows(asked)


@pytest.mark.parametrize("what", ["throttle", "fail", "drop", "expire", "end-context"])
@pytest.mark.parametrize(("form", "after"), [("csv", 0), ("csv", 1), ("json", 0), ("json", 2)])
def test_what_happens_once_in_a_result_is_not_noticed(form, after, what, faults, people):
    person, asked = people[form], query(ROWS)
    fault = faults.add(what, "redshift-data", RESULTS[form], person=person.email, after=after)
    assert whole(person, asked, person.ask(asked).table())
    assert fault.hits == 1
    assert [each["Status"] for each in person.statements(asked)] == ["FINISHED"]


@pytest.mark.parametrize("what", ["throttle", "fail", "drop", "expire", "end-context"])
def test_what_happens_once_to_a_submission_is_not_noticed_and_nothing_runs_twice(what, faults, frank):
    """A submission whose answer is cut off was carried out: the next one has its token."""
    asked = query()
    fault = faults.add(what, "redshift-data", "ExecuteStatement", person=frank.email)
    assert whole(frank, asked, frank.ask(asked).table())
    assert fault.hits == 1
    assert [each["Status"] for each in frank.statements(asked)] == ["FINISHED"]


@pytest.mark.parametrize("operation", ["ExecuteStatement", "GetStatementResultV2"])
def test_a_late_answer_is_waited_for(operation, faults, frank):
    asked = query()
    fault = faults.add("late", "redshift-data", operation, person=frank.email, seconds=0.2)
    assert whole(frank, asked, frank.ask(asked).table())
    assert fault.hits == 1


def test_a_statement_whose_submission_was_answered_too_late_is_stopped(faults, frank):
    asked = query(ENDLESS)
    hang = faults.during("hang", "redshift-data", "ExecuteStatement", person=frank.email)
    with frank.in_a_hurry(1), hang as fault:
        error = frank.ask(asked).error()
        assert (type(error), error.code) == (QueryTimedOut, "RL-430")
        assert [each["Status"] for each in frank.statements(asked)] == ["STARTED"]
        assert fault.held == 1
    eventually(lambda: frank.has_nothing_running(asked))
    assert [each["Status"] for each in frank.statements(asked)] == ["ABORTED"]


@pytest.mark.parametrize("operation", ["ExecuteStatement", "GetStatementResultV2", "*"])
def test_what_hangs_for_one_person_holds_up_nobody_else(operation, faults, frank, ming):
    at = {"person": frank.email, "times": FOR_GOOD}
    with frank.in_a_hurry(), faults.during("hang", "redshift-data", operation, **at) as fault:
        asked = [query() for _ in range(MANY)]
        hanging = [frank.ask(each) for each in asked]
        eventually(lambda: fault.held >= 1)
        others = query(ROWS)
        assert whole(ming, others, ming.ask(others).table())
        told = {each.error().code for each in hanging}
        assert whole(ming, others, ming.ask(others).table())
    # It took too long; or, as others of this person's calls hung, it was never asked.
    assert "RL-430" in told <= {"RL-430", "RL-450"}
    for each in asked:
        eventually(lambda each=each: frank.has_nothing_running(each))
    again = query()
    assert whole(frank, again, frank.ask(again).table())


def test_what_is_wrong_for_one_person_is_right_for_another(faults, frank, ming):
    always = faults.during("fail", "redshift-data", person=frank.email, times=FOR_GOOD)
    with frank.in_a_hurry(1), always:
        failing = frank.ask(query())
        asked = query(COUNT)
        assert whole(ming, asked, ming.ask(asked).table())
        assert failing.error().code == "RL-422"


def test_tabs_that_ask_the_same_at_once_meet_a_fault_together(faults, frank):
    """One statement for all of them, whatever comes of it."""
    asked = query()
    fault = faults.add("throttle", "redshift-data", "ExecuteStatement", person=frank.email)
    tabs = [ask(lambda: frank.warehouse.fetch(asked)) for _ in range(4)]
    assert all(whole(frank, asked, tab.table()) for tab in tabs)
    assert fault.hits == 1
    assert len(frank.statements(asked)) == 1
