"""Statements that somebody stops, or that stop by themselves: what the person is told, and what is left."""

import contextlib

import pytest
from botocore.exceptions import ClientError

from app.errors import QueryCancelled, QueryFailed, QueryTimedOut
from tests.app.client_faults.conftest import MAX_ROWS
from tests.app.client_faults.faulty import ENDLESS, FAILS, ROWS, eventually, query

FOR_GOOD = "until removed"
MEGABYTE = 1024 * 1024
# Rows of about 16 KB each, `limit` of them.
WIDE = "SELECT repeat('x', 16000) AS wide FROM public.sales_data WHERE {{number}} <> 0 LIMIT {limit}"
TOO_WIDE = """SELECT repeat('x', 40000) AS wide, repeat('y', 40000) AS wider FROM public.sales_data
    WHERE {number} <> 0 LIMIT 1"""
FORMS = ["csv", "json"]


def told(asked):
    error = asked.error()
    return type(error), error.code


def ended_as(person, asked):
    eventually(lambda: person.has_nothing_running(asked))
    return [each["Status"] for each in person.statements(asked)]


def test_a_statement_that_takes_too_long_is_stopped(frank):
    asked = query(ENDLESS)
    with frank.in_a_hurry(1):
        assert told(frank.ask(asked)) == (QueryTimedOut, "RL-430")
    assert ended_as(frank, asked) == ["ABORTED"]


def test_who_stops_a_statement_elsewhere_has_the_app_say_so(frank):
    asked = query(ENDLESS)
    waiting = frank.ask(asked)
    frank.cancel(frank.running(asked))
    assert told(waiting) == (QueryCancelled, "RL-440")
    assert ended_as(frank, asked) == ["ABORTED"]


def test_a_tab_that_leaves_stops_nothing_that_another_waits_for(frank):
    asked = query(ENDLESS)
    first, second = (frank.warehouse.begin(asked) for _ in range(2))
    frank.running(asked)
    first.leave()
    assert not second.wait(0.2)
    assert not frank.has_nothing_running(asked)
    second.leave()
    assert ended_as(frank, asked) == ["ABORTED"]


def test_signing_out_in_another_tab_stops_what_runs(frank):
    asked = query(ENDLESS)
    waiting = frank.ask(asked)
    frank.running(asked)
    frank.warehouse.cancel()
    assert told(waiting) == (QueryCancelled, "RL-440")
    assert ended_as(frank, asked) == ["ABORTED"]


# --- a cancellation that meets a fault --------------------------------------------------------------------


@pytest.mark.parametrize("what", ["throttle", "fail", "drop", "expire", "hang"])
def test_a_cancellation_that_meets_a_fault_is_made_all_the_same(what, faults, frank):
    asked = query(ENDLESS)
    fault = faults.add(what, "redshift-data", "CancelStatement", person=frank.email)
    with frank.in_a_hurry(1):
        assert told(frank.ask(asked)) == (QueryTimedOut, "RL-430")
    assert ended_as(frank, asked) == ["ABORTED"]
    eventually(lambda: fault.hits == 1)


@pytest.mark.parametrize("what", ["throttle", "fail", "expire"])
def test_a_cancellation_that_cannot_be_made_keeps_nobody_waiting(what, faults, frank):
    asked = query(ENDLESS)
    at = {"person": frank.email, "times": FOR_GOOD}
    with frank.in_a_hurry(1), faults.during(what, "redshift-data", "CancelStatement", **at) as fault:
        assert told(frank.ask(asked)) == (QueryTimedOut, "RL-430")
        eventually(lambda: fault.hits >= 1)
        (statement,) = frank.statements(asked)
    with contextlib.suppress(ClientError):  # the app may have had its way by now
        frank.cancel(statement["Id"])
    assert ended_as(frank, asked) == ["ABORTED"]
    again = query()
    assert len(frank.ask(again).table().frame) == 1


# --- results that are too much ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_more_rows_than_may_be_shown_are_told_as_cut(form, ethan):
    person, asked = ethan[form], query(ROWS)
    table = person.ask(asked).table()
    assert table.truncated
    assert len(table.frame) == MAX_ROWS < person.rows(asked)


@pytest.mark.parametrize("form", FORMS)
def test_more_bytes_than_may_be_shown_are_told_as_cut(form, ethan):
    person, asked = ethan[form], query(WIDE.format(limit=100))
    table = person.ask(asked).table()
    assert table.truncated
    assert 0 < len(table.frame) < person.rows(asked)
    assert sum(map(len, table.frame["wide"])) <= MEGABYTE


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("sql", "code"),
    [(WIDE.format(limit=270), "RL-426"), (TOO_WIDE, "RL-426"), (FAILS, "RL-420")],
    ids=["a result over AWS's limit", "a row over AWS's limit", "a fault of the SQL"],
)
def test_a_statement_that_fails_is_told_by_why(form, sql, code, ethan):
    person, asked = ethan[form], query(sql)
    assert told(person.ask(asked)) == (QueryFailed, code)
    assert ended_as(person, asked) == ["FAILED"]
