"""The Data API path: one deadline over all calls, calls made again, statements that nobody waits for."""

import threading
import time

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from app.errors import QueryCancelled, QueryDenied, QueryFailed, QueryTimedOut, SessionExpired, WarehouseBusy
from app.redshift import calls
from app.redshift.csv_format import CsvPages
from app.redshift.path import Statement
from tests.app.redshift.data_api import (
    QUERY,
    STATEMENT_ID,
    Clock,
    Fault,
    build,
    column,
    csv_pages,
    ends,
    finished,
    in_turn,
    raises,
    started,
)

PAGES = csv_pages([column("a", "int4")], ["1\r\n", "2\r\n", "3\r\n"], total=3)
SOON = 0.05
# Until a deadline that is to pass, and not before the call that hangs has gone out.
TIMEOUT = 1.0


@pytest.fixture
def hanging():
    """A handler that does not answer until it is let go."""
    return Hanging()


class Hanging:
    def __init__(self):
        self.called, self.go_on = threading.Event(), threading.Event()

    def then(self, answer):
        def hang(arguments):
            self.called.set()
            assert self.go_on.wait(10)
            return answer(arguments)

        return hang


def once(error, then):
    """A handler that fails in this way, and then does what it is asked."""
    return in_turn(error, *[then] * 9)


def fails(error):
    def answer(_):
        raise error

    return answer


class TestDeadline:
    @pytest.mark.parametrize(
        "handlers",
        [
            lambda hang: {"ExecuteStatement": hang(started)},
            lambda hang: {"ExecuteStatement": started, "DescribeStatement": hang(ends("FINISHED"))},
            lambda hang: {"ExecuteStatement": finished, "GetStatementResultV2": hang(PAGES)},
            lambda hang: {"ExecuteStatement": finished, "GetStatementResultV2": in_turn(PAGES, hang(PAGES))},
        ],
        ids=["submission", "poll", "first page", "second page"],
    )
    def test_a_call_that_hangs_is_not_waited_for_beyond_it(self, handlers, hanging):
        _, warehouse = build(time.monotonic, timeout=TIMEOUT, **handlers(hanging.then))
        with pytest.raises(QueryTimedOut) as caught:
            warehouse.fetch(QUERY)
        assert caught.value.code == "RL-430"
        hanging.go_on.set()

    def test_a_submission_that_is_answered_after_it_is_cancelled_then(self, hanging):
        api, warehouse = build(time.monotonic, timeout=TIMEOUT, ExecuteStatement=hanging.then(started))
        with pytest.raises(QueryTimedOut):
            warehouse.fetch(QUERY)
        assert api.operations() == ["ExecuteStatement"]
        hanging.go_on.set()
        assert api.cancelled()

    def test_it_holds_over_the_pages_too(self):
        clock = Clock()

        def slow(arguments):
            clock.now += 15
            return PAGES(arguments)

        api, warehouse = build(clock, timeout=20.0, ExecuteStatement=finished, GetStatementResultV2=slow)
        with pytest.raises(QueryTimedOut):
            warehouse.fetch(QUERY)
        assert api.operations().count("GetStatementResultV2") == 2

    def test_a_finished_statement_is_not_cancelled(self, hanging):
        api, warehouse = build(
            time.monotonic,
            timeout=TIMEOUT,
            ExecuteStatement=finished,
            GetStatementResultV2=hanging.then(PAGES),
        )
        with pytest.raises(QueryTimedOut):
            warehouse.fetch(QUERY)
        hanging.go_on.set()
        assert "CancelStatement" not in api.operations()

    def test_it_bounds_the_waits_that_are_asked_for(self):
        api, warehouse = build(timeout=1.0, ExecuteStatement=started, DescribeStatement=finished)
        warehouse.fetch(QUERY)
        waits = [arguments["WaitTimeSeconds"] for _, arguments in api.calls if "WaitTimeSeconds" in arguments]
        assert waits == [1, 1]


class TestTurns:
    def test_each_call_takes_its_turn_and_a_cancellation_takes_none(self):
        clock, turns = Clock(), []

        def describe(arguments):
            clock.now += arguments["WaitTimeSeconds"]
            return started(arguments)

        api, warehouse = build(
            clock,
            timeout=5.0,
            turn=lambda operation, statement: turns.append((operation, statement.id)),
            ExecuteStatement=started,
            DescribeStatement=describe,
        )
        with pytest.raises(QueryTimedOut):
            warehouse.fetch(QUERY)
        assert api.cancelled()
        assert turns == [
            ("ExecuteStatement", None),
            ("GetStatementResultV2", STATEMENT_ID),
            ("DescribeStatement", STATEMENT_ID),
        ]

    def test_whose_turn_does_not_come_in_time_hears_that_the_warehouse_is_busy(self):
        go_on = threading.Event()
        api, warehouse = build(
            time.monotonic, timeout=SOON, turn=lambda *_: go_on.wait(10), ExecuteStatement=started
        )
        with pytest.raises(WarehouseBusy) as caught:
            warehouse.fetch(QUERY)
        assert caught.value.code == "RL-450"
        assert api.calls == []
        go_on.set()


PASSING = {
    "busy": (raises("ThrottlingException"), WarehouseBusy, "RL-450", "ThrottlingException"),
    "too many statements": (
        raises("ActiveStatementsExceededException"),
        WarehouseBusy,
        "RL-450",
        "ActiveStatementsExceededException",
    ),
    "no database": (
        raises("DatabaseConnectionException"),
        WarehouseBusy,
        "RL-451",
        "DatabaseConnectionException",
    ),
    "at fault": (raises("InternalServerException"), QueryFailed, "RL-422", "InternalServerException"),
    "cut off": (
        fails(ConnectionClosedError(endpoint_url="https://x")),
        QueryFailed,
        "RL-423",
        "ConnectionClosedError",
    ),
    "silent": (fails(ReadTimeoutError(endpoint_url="https://x")), QueryFailed, "RL-423", "ReadTimeoutError"),
}
CALLS = {
    "ExecuteStatement": finished,
    "DescribeStatement": ends("FINISHED"),
    "GetStatementResultV2": PAGES,
}


def places(operation, handler):
    """Handlers of a question that makes this call, in which it is answered like this."""
    submitted = started if operation == "DescribeStatement" else finished
    return {**CALLS, "ExecuteStatement": submitted, operation: handler}


@pytest.mark.parametrize("passing", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("operation", CALLS)
class TestAgain:
    def test_what_happens_once_is_not_noticed(self, operation, passing):
        api, warehouse = build(**places(operation, once(passing[0], CALLS[operation])))
        assert warehouse.fetch(QUERY).columns["a"].to_pylist() == [1, 2, 3]
        tokens = {asked["ClientToken"] for name, asked in api.calls if name == "ExecuteStatement"}
        assert len(tokens) == 1

    def test_what_stays_is_told_with_its_cause_after_a_bounded_number_of_calls(self, operation, passing):
        handler, error, code, cause = passing
        clock = Clock()
        api, warehouse = build(clock, timeout=60.0, **places(operation, handler))
        with pytest.raises(error) as caught:
            warehouse.fetch(QUERY)
        assert (caught.value.code, caught.value.cause) == (code, cause)
        assert caught.value.query_name == QUERY.name
        assert api.operations().count(operation) == 6
        assert clock.now < 5

    def test_nothing_is_repeated_for_which_no_time_is_left(self, operation, passing):
        handler, error, code, _ = passing
        clock = Clock()
        _, warehouse = build(clock, timeout=1.0, **places(operation, handler))
        with pytest.raises(error) as caught:
            warehouse.fetch(QUERY)
        assert caught.value.code == code
        assert clock.now < 1


class TestStopping:
    def test_who_leaves_while_it_is_submitted_has_it_cancelled_once_it_is_known(self, hanging):
        api, warehouse = build(ExecuteStatement=hanging.then(started))
        flight = warehouse.begin(QUERY)
        assert hanging.called.wait(10)
        flight.leave()
        assert flight.wait(10)  # nobody waits for an answer to the submission
        hanging.go_on.set()
        assert api.cancelled()
        assert api.operations() == ["ExecuteStatement", "CancelStatement"]

    def test_who_leaves_while_it_runs_has_it_cancelled(self, hanging):
        api, warehouse = build(ExecuteStatement=started, DescribeStatement=hanging.then(ends("ABORTED")))
        flight = warehouse.begin(QUERY)
        assert hanging.called.wait(10)
        flight.leave()
        assert api.cancelled()
        hanging.go_on.set()

    def test_a_tab_that_leaves_takes_nothing_from_the_others(self, hanging):
        api, warehouse = build(ExecuteStatement=hanging.then(finished))
        mine, other = warehouse.begin(QUERY), warehouse.begin(QUERY)
        mine.leave()
        hanging.go_on.set()
        assert other.table().columns.num_rows == 1
        assert "CancelStatement" not in api.operations()

    def test_a_statement_that_nobody_can_follow_is_cancelled(self):
        api, warehouse = build(ExecuteStatement=started, DescribeStatement=raises("AccessDeniedException"))
        with pytest.raises(QueryDenied) as caught:
            warehouse.fetch(QUERY)
        assert caught.value.code == "RL-411"
        assert api.cancelled()

    def test_it_is_cancelled_once(self):
        api, warehouse = build(ExecuteStatement=started, DescribeStatement=raises("AccessDeniedException"))
        flight = warehouse.begin(QUERY)
        assert flight.wait(10)
        warehouse.cancel()
        assert api.cancelled()
        assert api.operations().count("CancelStatement") == 1

    @pytest.mark.parametrize("passing", PASSING.values(), ids=PASSING)
    def test_a_cancellation_is_asked_for_again(self, passing):
        done = threading.Event()

        def cancel(_):
            done.set()
            return {"Status": True}

        _, warehouse = build(
            ExecuteStatement=started,
            DescribeStatement=raises("AccessDeniedException"),
            CancelStatement=in_turn(passing[0], cancel),
        )
        warehouse.begin(QUERY)
        assert done.wait(10)

    def test_a_cancellation_that_hangs_is_asked_for_beside_it(self, hanging, monkeypatch):
        monkeypatch.setattr(calls, "_CANCEL_SECONDS", SOON)
        done = threading.Event()

        def cancel(_):
            done.set()
            return {"Status": True}

        _, warehouse = build(
            ExecuteStatement=started,
            DescribeStatement=raises("AccessDeniedException"),
            CancelStatement=in_turn(hanging.then(cancel), cancel),
        )
        warehouse.begin(QUERY)
        assert hanging.called.wait(10)
        assert done.wait(10)
        hanging.go_on.set()

    def test_a_cancellation_gets_new_credentials_once(self):
        renewed, done = [], threading.Event()

        def cancel(_):
            if not renewed:
                raise Fault("ExpiredTokenException")
            done.set()
            return {"Status": True}

        _, warehouse = build(
            signed_in={"renew": lambda: renewed.append(1)},
            ExecuteStatement=started,
            DescribeStatement=raises("AccessDeniedException"),
            CancelStatement=cancel,
        )
        warehouse.begin(QUERY)
        assert done.wait(10)
        assert renewed == [1]


class TestPages:
    def test_the_next_page_is_asked_for_while_the_last_is_parsed(self, monkeypatch):
        second = threading.Event()

        def pages(arguments):
            if "NextToken" in arguments:
                second.set()
            return PAGES(arguments)

        add = CsvPages.add
        seen = []

        def parse(self, page):
            seen.append(second.wait(10))
            add(self, page)

        monkeypatch.setattr(CsvPages, "add", parse)
        _, warehouse = build(ExecuteStatement=finished, GetStatementResultV2=pages)
        assert warehouse.fetch(QUERY).columns.num_rows == 3
        assert seen == [True] * 3

    def test_one_page_at_most_is_ahead(self, monkeypatch):
        api, warehouse = build(ExecuteStatement=finished, GetStatementResultV2=PAGES)
        add, ahead = CsvPages.add, []

        def parse(self, page):
            ahead.append(api.operations().count("GetStatementResultV2") - len(ahead))
            add(self, page)

        monkeypatch.setattr(CsvPages, "add", parse)
        warehouse.fetch(QUERY)
        assert max(ahead) <= 2

    def test_nothing_more_is_asked_for_once_a_page_cannot_be_read(self):
        pages = csv_pages([column("a", "int4")], ["x\r\n", *["2\r\n"] * 8], total=9)
        api, warehouse = build(ExecuteStatement=finished, GetStatementResultV2=pages)
        with pytest.raises(QueryFailed) as caught:
            warehouse.fetch(QUERY)
        assert (caught.value.code, caught.value.cause) == ("RL-425", "ArrowInvalid")
        assert api.operations().count("GetStatementResultV2") <= 2

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            ("Query result size exceeded limit", "RL-426"),
            ("Database response exceeded size limit", "RL-426"),
            ("Packet for query is too large", "RL-426"),
            ("Result size exceeds LISTAGG limit", "RL-420"),
        ],
    )
    def test_a_result_that_redshift_does_not_hand_out_says_what_helps(self, words, code):
        error = f"ERROR: {words}"
        _, warehouse = build(ExecuteStatement=started, DescribeStatement=ends("FAILED", Error=error))
        with pytest.raises(QueryFailed) as caught:
            warehouse.fetch(QUERY)
        assert caught.value.code == code
        assert ("filters" in caught.value.remedy) == (code == "RL-426")


class TestStatement:
    def statement(self, **more):
        return Statement(QUERY, event_id="1", label="Overview 1", deadline=10.0, clock=Clock(), **more)

    def test_a_stopped_one_is_to_be_cancelled_by_one_and_only_while_it_runs(self):
        statement = self.statement()
        statement.known_as(STATEMENT_ID)
        assert statement.to_cancel() is None
        statement.stop()
        assert [statement.to_cancel() for _ in range(2)] == [STATEMENT_ID, None]

    def test_one_that_ended_is_not_to_be_cancelled(self):
        statement = self.statement()
        statement.known_as(STATEMENT_ID)
        statement.end()
        statement.stop()
        assert statement.to_cancel() is None

    def test_where_the_reason_is_a_sign_out_that_is_what_is_said(self):
        def over():
            raise SessionExpired("You signed out.", "Sign in again.", code="RL-233")

        statement = self.statement(admit=over)
        statement.stop()
        with pytest.raises(SessionExpired) as caught:
            statement.check()
        assert caught.value.code == "RL-233"

    def test_a_stopped_one_waits_for_nothing(self):
        statement = self.statement()
        statement.stop()
        assert not statement.wait_for(lambda: False)
        with pytest.raises(QueryCancelled):
            statement.check()
