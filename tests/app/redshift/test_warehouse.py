"""Warehouse.fetch: few calls, one deadline, and an error of the app for everything that goes wrong."""

import gc
import threading
import weakref
from contextlib import suppress

import botocore.session
import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from app.errors import (
    ExchangeRefused,
    QueryCancelled,
    QueryDenied,
    QueryFailed,
    QueryTimedOut,
    SessionExpired,
    WarehouseBusy,
)
from app.redshift import faults
from app.redshift.memory import MOST_TABLES
from app.redshift.query import Query
from tests.app.redshift.data_api import (
    QUERY,
    SQL,
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


def test_a_quick_query_is_two_calls_and_no_sleep():
    clock = Clock()
    api, warehouse = build(clock, ExecuteStatement=lambda _: {"Id": STATEMENT_ID})
    api.ends_soon = True
    table = warehouse.fetch(QUERY)
    assert api.operations() == ["ExecuteStatement", "GetStatementResultV2"]
    assert api.calls[1][1] == {"Id": STATEMENT_ID, "WaitTimeSeconds": 2}
    assert len(table.frame) == 1
    assert clock.slept == []
    asked = dict(api.calls[0][1])
    assert 1 <= len(asked.pop("ClientToken")) <= 64
    assert asked.pop("StatementName").startswith("Overview ")
    assert asked == {
        "WorkgroupName": "sales",
        "Database": "analytics",
        "Sql": SQL,
        "Parameters": [{"name": "x", "value": "1"}],
        "ResultFormat": "CSV",
    }
    assert table.statement_id == STATEMENT_ID
    assert table.elapsed == table.timings.total
    assert table.as_of.tzinfo is not None


def test_rows_that_nobody_holds_are_gone_without_a_look_for_garbage():
    _, warehouse = build(ExecuteStatement=finished)
    gone = threading.Event()
    gc.disable()
    try:
        weakref.finalize(warehouse.fetch(QUERY).columns, gone.set)
        warehouse.cancel()
        assert gone.wait(10)
    finally:
        gc.enable()


def test_a_cluster_is_named_as_a_cluster_and_no_parameters_are_no_parameters():
    api, warehouse = build(target={"ClusterIdentifier": "sales"}, ExecuteStatement=finished)
    warehouse.fetch(Query("a", "SELECT 1"))
    asked = api.calls[0][1]
    assert asked["ClusterIdentifier"] == "sales"
    assert not {"WorkgroupName", "Parameters"} & set(asked)


def test_a_slow_query_is_waited_for_by_long_polls():
    clock = Clock()

    def describe(arguments):
        clock.now += arguments["WaitTimeSeconds"]
        return {
            "Id": STATEMENT_ID,
            "Status": "FINISHED" if clock.now > 40 else "STARTED",
            "HasResultSet": True,
        }

    api, warehouse = build(clock, timeout=65.0, ExecuteStatement=started, DescribeStatement=describe)
    warehouse.fetch(QUERY)
    waits = [
        arguments["WaitTimeSeconds"] for operation, arguments in api.calls if operation == "DescribeStatement"
    ]
    assert waits == [30, 30]
    assert clock.slept == []


def test_a_statement_without_rows_gives_an_empty_table():
    api, warehouse = build(
        ExecuteStatement=lambda _: {"Id": STATEMENT_ID, "Status": "FINISHED", "HasResultSet": False}
    )
    assert warehouse.fetch(QUERY).frame.empty
    assert api.operations() == ["ExecuteStatement"]


def test_too_long_is_cancelled_and_said():
    clock = Clock()

    def describe(arguments):
        clock.now += arguments["WaitTimeSeconds"]
        return started(arguments)

    api, warehouse = build(clock, timeout=8.0, ExecuteStatement=started, DescribeStatement=describe)
    with pytest.raises(QueryTimedOut) as caught:
        warehouse.fetch(QUERY)
    assert caught.value.code == "RL-430"
    assert caught.value.statement_id == STATEMENT_ID
    assert api.cancelled()
    assert clock.now <= 9


def test_a_cancel_that_fails_does_not_hide_the_time_out():
    clock = Clock()

    def execute(arguments):
        clock.now += 20
        return started(arguments)

    api, warehouse = build(
        clock, ExecuteStatement=execute, CancelStatement=raises("ValidationException", "already finished")
    )
    with pytest.raises(QueryTimedOut):
        warehouse.fetch(QUERY)
    assert api.cancelled()


@pytest.mark.parametrize(
    ("text", "error", "code"),
    [
        ("ERROR: permission denied for relation sales_data", QueryDenied, "RL-410"),
        ("ERROR: Permission denied for schema public", QueryDenied, "RL-410"),
        ("ERROR: user does not have USAGE privilege on schema", QueryDenied, "RL-410"),
        ('ERROR: syntax error at or near "secret_column"', QueryFailed, "RL-420"),
        ("", QueryFailed, "RL-420"),
    ],
)
def test_a_failed_statement_is_told_by_its_text_and_never_repeats_it(text, error, code):
    _, warehouse = build(
        ExecuteStatement=lambda _: {"Id": STATEMENT_ID, "Status": "FAILED", "HasResultSet": False},
        DescribeStatement=ends("FAILED", Error=text),
    )
    with pytest.raises(error) as caught:
        warehouse.fetch(QUERY)
    assert caught.value.code == code
    assert "secret_column" not in f"{caught.value!r} {caught.value.message} {caught.value.remedy}"
    assert (caught.value.query_name, caught.value.statement_id) == ("Overview", STATEMENT_ID)


def test_a_failure_without_words_ends_too():
    _, warehouse = build(ExecuteStatement=started, DescribeStatement=ends("FAILED"))
    with pytest.raises(QueryFailed):
        warehouse.fetch(QUERY)


def test_aborted_is_cancelled():
    _, warehouse = build(ExecuteStatement=started, DescribeStatement=ends("ABORTED"))
    with pytest.raises(QueryCancelled) as caught:
        warehouse.fetch(QUERY)
    assert caught.value.code == "RL-440"


@pytest.mark.parametrize(
    ("code", "error", "told"),
    [
        ("ActiveStatementsExceededException", WarehouseBusy, "RL-450"),
        ("ActiveSessionsExceededException", WarehouseBusy, "RL-450"),
        ("ThrottlingException", WarehouseBusy, "RL-450"),
        ("ServiceUnavailableException", WarehouseBusy, "RL-451"),
        ("AccessDeniedException", QueryDenied, "RL-411"),
        ("ResourceNotFoundException", QueryFailed, "RL-421"),
        ("InternalServerException", QueryFailed, "RL-422"),
        ("ValidationException", QueryFailed, "RL-424"),
        ("ExecuteStatementException", QueryFailed, "RL-420"),
        ("NotImplemented", QueryFailed, "RL-429"),
        ("<script>", QueryFailed, "RL-429"),
        ("ExpiredTokenException", SessionExpired, "RL-230"),
        ("UnrecognizedClientException", SessionExpired, "RL-230"),
        ("InvalidSignatureException", SessionExpired, "RL-230"),
    ],
)
def test_what_aws_refuses_is_translated_once(code, error, told):
    _, warehouse = build(ExecuteStatement=raises(code, f"near {SQL}"))
    with pytest.raises(error) as caught:
        warehouse.fetch(QUERY)
    assert caught.value.code == told
    assert caught.value.__cause__ is not None
    assert "secret_column" not in caught.value.message + caught.value.remedy
    assert "<script>" not in caught.value.message


def test_every_error_of_the_model_is_in_the_table():
    model = botocore.session.get_session().get_service_model("redshift-data")
    modelled = {shape.error_code for shape in model.error_shapes}
    assert modelled
    assert modelled <= set(faults.BY_CODE)


@pytest.mark.parametrize(
    ("raised", "error", "told"),
    [
        (EndpointConnectionError(endpoint_url="http://x"), QueryFailed, "RL-423"),
        (ConnectTimeoutError(endpoint_url="http://x"), QueryFailed, "RL-423"),
        (ReadTimeoutError(endpoint_url="http://x"), QueryFailed, "RL-423"),
        (NoCredentialsError(), SessionExpired, "RL-230"),
        (ParamValidationError(report="Unknown parameter in input: ResultFormat"), QueryFailed, "RL-424"),
    ],
)
def test_what_happens_before_aws_answers_is_translated_too(raised, error, told):
    def answer(_):
        raise raised

    _, warehouse = build(ExecuteStatement=answer)
    with pytest.raises(error) as caught:
        warehouse.fetch(QUERY)
    assert caught.value.code == told
    assert caught.value.__cause__ is raised


def test_an_error_of_the_credentials_refresh_arrives_as_it_is():
    refused = ExchangeRefused("The exchange says no.", "Ask.")

    def answer(_):
        raise refused

    _, warehouse = build(ExecuteStatement=answer)
    with pytest.raises(ExchangeRefused) as caught:
        warehouse.fetch(QUERY)
    assert caught.value.code == refused.code


def test_an_answer_with_rows_missing_is_not_shown():
    _, warehouse = build(
        ExecuteStatement=finished,
        GetStatementResultV2=csv_pages([column("a", "int4")], ["1\r\n"], total=2),
    )
    with pytest.raises(QueryFailed) as caught:
        warehouse.fetch(QUERY)
    assert caught.value.code == "RL-425"


@pytest.mark.parametrize("text", ["1,2\r\n", "x\r\n", '"1\r\n'])
def test_an_answer_that_is_not_the_promised_columns_is_not_shown(text):
    _, warehouse = build(
        ExecuteStatement=finished,
        GetStatementResultV2=csv_pages([column("a", "int4")], [text], total=1),
    )
    with pytest.raises(QueryFailed) as caught:
        warehouse.fetch(QUERY)
    assert caught.value.code == "RL-425"


COUNTED = {"ColumnMetadata": [column("a", "int4")], "TotalNumRows": 1}


@pytest.mark.parametrize(
    ("answers", "cause"),
    [
        ({"ExecuteStatement": {}}, "NoId"),
        (
            {"ExecuteStatement": {"Id": STATEMENT_ID, "Status": "STARTED"}, "DescribeStatement": {}},
            "NoStatus",
        ),
        ({"GetStatementResultV2": {}}, "NoRecords"),
        (
            {"GetStatementResultV2": {"Records": [{"CSVRecords": "1\r\n", "More": "?"}]}},
            "ResponseParserError",
        ),
        (
            {"GetStatementResultV2": {**COUNTED, "Records": [{"CSVRecords": f'"{"x" * 200_000}"\r\n'}]}},
            "Error",
        ),
        (
            {"GetStatementResultV2": {**COUNTED, "Records": [{"CSVRecords": "1\r\n"}], "TotalNumRows": "x"}},
            "TypeError",
        ),
        (
            {
                "GetStatementResultV2": {
                    "Records": [{"CSVRecords": "1\r\n"}],
                    "ColumnMetadata": [column("a", "numeric", precision=5, scale=10**12)],
                }
            },
            "OverflowError",
        ),
    ],
)
def test_an_answer_of_another_form_is_told_as_that_and_not_as_a_fault_of_the_app(answers, cause):
    given = {"ExecuteStatement": finished(None), **answers}
    api, warehouse = build(**{name: lambda _, answer=answer: answer for name, answer in given.items()})
    with pytest.raises(QueryFailed) as caught:
        warehouse.fetch(QUERY)
    assert (caught.value.code, caught.value.cause) == ("RL-425", cause)
    assert api.operations()[0] == "ExecuteStatement"


def refusing_to_wait(code, message):
    def refuse(then):
        def answer(arguments):
            if "WaitTimeSeconds" in arguments:
                raise Fault(code, message)
            return then(arguments)

        return answer

    return refuse


def test_a_region_that_does_not_know_waiting_is_polled_with_pauses_that_grow_to_a_cap():
    clock = Clock()
    refuse = refusing_to_wait("ValidationException", "Unknown member WaitTimeSeconds")
    api, warehouse = build(
        clock,
        timeout=60.0,
        ExecuteStatement=started,
        DescribeStatement=refuse(in_turn(*[started] * 12, ends("FINISHED"))),
    )
    warehouse.fetch(QUERY)
    assert 10 <= len(clock.slept) <= 12
    assert max(clock.slept) <= 1.0
    assert max(clock.slept) >= 0.5
    assert sum("WaitTimeSeconds" in arguments for _, arguments in api.calls) == 2
    assert api.operations().count("GetStatementResultV2") == 2


def test_an_sdk_that_does_not_know_waiting_is_no_obstacle():
    api, warehouse = build(ExecuteStatement=finished)
    known = api.client.meta.service_model.operation_model("ExecuteStatement").input_shape.members
    wait = known.pop("WaitTimeSeconds")
    try:
        assert len(warehouse.fetch(QUERY).frame) == 1
    finally:
        known["WaitTimeSeconds"] = wait
    assert api.operations() == ["ExecuteStatement", "GetStatementResultV2"]


def test_too_many_waiters_on_a_statement_means_polling_for_this_once():
    refuse = refusing_to_wait("ActiveWaitingRequestsExceededException", "too many")
    api, warehouse = build(ExecuteStatement=started, DescribeStatement=refuse(ends("FINISHED")))
    warehouse.fetch(QUERY)
    warehouse.fetch(QUERY, fresh=True)
    waiting = [operation for operation, arguments in api.calls if "WaitTimeSeconds" in arguments]
    assert waiting.count("GetStatementResultV2") == 2


def test_a_server_that_ignores_the_wait_is_not_hammered():
    clock = Clock()
    _, warehouse = build(
        clock, ExecuteStatement=started, DescribeStatement=in_turn(*[started] * 5, ends("FINISHED"))
    )
    warehouse.fetch(QUERY)
    assert len(clock.slept) == 5


class TestMemory:
    def test_the_same_question_within_a_minute_is_not_asked_again(self):
        clock = Clock()
        api, warehouse = build(clock, ExecuteStatement=finished)
        first = warehouse.fetch(QUERY)
        clock.now += 59
        again = warehouse.fetch(Query("Other name", SQL, {"x": "1"}))
        assert api.operations().count("ExecuteStatement") == 1
        assert again.statement_id == first.statement_id

    @pytest.mark.parametrize(
        "ask",
        [
            lambda warehouse, _: warehouse.fetch(QUERY, fresh=True),
            lambda warehouse, _: warehouse.fetch(Query("Overview", SQL, {"x": "2"})),
            lambda warehouse, clock: (setattr(clock, "now", 61.0), warehouse.fetch(QUERY)),
            lambda warehouse, _: (warehouse.cancel(), warehouse.fetch(QUERY)),
        ],
        ids=["fresh", "another value", "too old", "signed out between"],
    )
    def test_another_question_is_asked(self, ask):
        clock = Clock()
        api, warehouse = build(clock, ExecuteStatement=finished)
        warehouse.fetch(QUERY)
        ask(warehouse, clock)
        assert api.operations().count("ExecuteStatement") == 2

    def test_a_changed_frame_changes_nobody_elses(self):
        _, warehouse = build(ExecuteStatement=finished)
        mine = warehouse.fetch(QUERY).frame
        mine["a"] = 7
        assert list(warehouse.fetch(QUERY).frame["a"]) == [1]

    def test_a_failure_is_not_remembered(self):
        _, warehouse = build(ExecuteStatement=in_turn(raises("AccessDeniedException"), finished))
        with pytest.raises(QueryDenied):
            warehouse.fetch(QUERY)
        assert len(warehouse.fetch(QUERY).frame) == 1

    def test_two_people_share_nothing(self):
        one, his = build(ExecuteStatement=finished)
        two, hers = build(ExecuteStatement=finished)
        his.fetch(QUERY)
        hers.fetch(QUERY)
        assert one.operations() == two.operations() == ["ExecuteStatement", "GetStatementResultV2"]

    def test_only_a_number_of_tables_is_kept(self):
        api, warehouse = build(ExecuteStatement=finished)
        for value in range(MOST_TABLES + 1):
            warehouse.fetch(Query("a", SQL, {"x": str(value)}))
        warehouse.fetch(Query("a", SQL, {"x": str(MOST_TABLES)}))
        assert api.operations().count("ExecuteStatement") == MOST_TABLES + 1
        warehouse.fetch(Query("a", SQL, {"x": "0"}))
        assert api.operations().count("ExecuteStatement") == MOST_TABLES + 2

    def test_a_question_under_way_is_waited_for_and_not_asked_twice(self):
        asked, go_on = threading.Event(), threading.Event()

        def slow(arguments):
            asked.set()
            assert go_on.wait(10)
            return finished(arguments)

        api, warehouse = build(ExecuteStatement=slow)
        tables = []
        first = threading.Thread(target=lambda: tables.append(warehouse.fetch(QUERY)))
        second = threading.Thread(target=lambda: tables.append(warehouse.fetch(QUERY)))
        first.start()
        assert asked.wait(10)
        second.start()
        go_on.set()
        first.join(10)
        second.join(10)
        assert len(tables) == 2
        assert api.operations().count("ExecuteStatement") == 1


CHANGE = Query("A view is kept", "INSERT INTO t VALUES (:x)", {"x": "1"})


def without_rows(_):
    return {"Id": STATEMENT_ID, "Status": "FINISHED", "HasResultSet": False}


class TestChanges:
    """Warehouse.run: once, for one, and nothing from before it is shown after it."""

    def test_a_change_is_two_calls_and_none_of_them_for_rows(self):
        api, warehouse = build(ExecuteStatement=started, DescribeStatement=without_rows)
        warehouse.run(CHANGE)
        assert api.operations() == ["ExecuteStatement", "DescribeStatement"]

    def test_equal_changes_are_each_made(self):
        api, warehouse = build(ExecuteStatement=without_rows)
        warehouse.run(CHANGE)
        warehouse.run(CHANGE)
        first, second = (arguments["ClientToken"] for _, arguments in api.calls)
        assert first != second

    def test_one_that_is_sent_again_is_the_same_to_aws(self):
        busy = in_turn(raises("ThrottlingException"), without_rows)
        api, warehouse = build(ExecuteStatement=busy)
        warehouse.run(CHANGE)
        first, second = (arguments["ClientToken"] for _, arguments in api.calls)
        assert first == second

    @pytest.mark.parametrize("ended", [without_rows, ends("FAILED", Error="permission denied for t")])
    def test_what_was_known_before_is_asked_anew_also_where_it_failed(self, ended):
        api, warehouse = build(ExecuteStatement=in_turn(finished, started, finished), DescribeStatement=ended)
        warehouse.fetch(QUERY)
        with suppress(QueryDenied):
            warehouse.run(CHANGE)
        warehouse.fetch(QUERY)
        assert api.operations().count("ExecuteStatement") == 3

    def test_what_was_on_its_way_reaches_who_waits_and_nobody_after(self):
        begun, on = threading.Event(), threading.Event()

        def slow(arguments):
            if "INSERT" not in arguments["Sql"] and not begun.is_set():
                begun.set()
                assert on.wait(10)
            return finished(arguments) if "SELECT" in arguments["Sql"] else without_rows(arguments)

        api, warehouse = build(ExecuteStatement=slow)
        flight = warehouse.begin(QUERY)
        assert begun.wait(10)
        warehouse.run(CHANGE)
        on.set()
        assert len(flight.table().frame) == 1
        warehouse.fetch(QUERY)
        assert api.operations().count("ExecuteStatement") == 3

    def test_a_denied_one_is_told(self):
        denied = ends("FAILED", Error="ERROR: permission denied for relation t")
        _, warehouse = build(ExecuteStatement=started, DescribeStatement=denied)
        with pytest.raises(QueryDenied) as told:
            warehouse.run(CHANGE)
        assert told.value.code == "RL-410"

    def test_nothing_is_sent_once_the_sign_in_is_over(self):
        def over():
            raise SessionExpired("Your sign-in has run out.", "Sign in again.")

        api, warehouse = build(signed_in={"admit": over}, ExecuteStatement=without_rows)
        with pytest.raises(SessionExpired):
            warehouse.run(CHANGE)
        assert api.calls == []


def test_a_table_is_of_the_rights_that_it_was_asked_with_and_not_of_those_before_or_after():
    rights = iter(["old", "new", "new", "newer"])
    signed_in = {"admit": lambda: next(rights), "ready": lambda: "new"}
    _, warehouse = build(signed_in=signed_in, ExecuteStatement=finished)
    table = warehouse.fetch(QUERY)
    assert table.rights == "new"
    assert warehouse.holds(table)
    assert not warehouse.holds(table)


def test_cancel_stops_what_runs():
    under_way = threading.Event()
    stopped = threading.Event()

    def describe(arguments):
        under_way.set()
        assert stopped.wait(10)
        return ends("ABORTED")(arguments)

    def cancel(_):
        stopped.set()
        return {"Status": True}

    api, warehouse = build(ExecuteStatement=started, DescribeStatement=describe, CancelStatement=cancel)
    errors = []

    def ask():
        try:
            warehouse.fetch(QUERY)
        except QueryCancelled as error:
            errors.append(error.code)

    thread = threading.Thread(target=ask)
    thread.start()
    assert under_way.wait(10)
    warehouse.cancel()
    thread.join(10)
    assert errors == ["RL-440"]
    assert api.cancelled()


def test_a_sign_out_before_the_id_is_known_still_stops_the_statement():
    warehouses = []

    def execute(arguments):
        warehouses[0].cancel()
        return started(arguments)

    api, warehouse = build(ExecuteStatement=execute)
    warehouses.append(warehouse)
    with pytest.raises(QueryCancelled):
        warehouse.fetch(QUERY)
    assert api.cancelled()
    assert api.operations() == ["ExecuteStatement", "CancelStatement"]


def test_a_sign_out_when_no_credentials_are_left_is_no_error():
    def describe(_):
        warehouses[0].cancel()
        return ends("ABORTED")(_)

    def cancel(_):
        raise SessionExpired("Your sign-in has run out.", "Sign in again.")

    warehouses = [build(ExecuteStatement=started, DescribeStatement=describe, CancelStatement=cancel)[1]]
    with pytest.raises(QueryCancelled):
        warehouses[0].fetch(QUERY)


def test_cancel_with_nothing_running_calls_nothing():
    api, warehouse = build(ExecuteStatement=finished)
    warehouse.fetch(QUERY)
    api.calls.clear()
    warehouse.cancel()
    assert api.calls == []
