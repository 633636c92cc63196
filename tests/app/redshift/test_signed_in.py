"""A Warehouse belongs to a sign-in: it asks whether that stands, renews it, and leaves its trail."""

import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit import Trail
from app.errors import (
    ExchangeRefused,
    QueryDenied,
    QueryFailed,
    QueryTimedOut,
    SessionExpired,
    WarehouseBusy,
)
from app.redshift import faults
from app.redshift.query import Query
from tests.app.redshift.data_api import (
    QUERY,
    ROWS,
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

TRAIL = Trail("frank@example.com", "0a1b2c3d")


def over():
    return SessionExpired("You signed out.", "Sign in again.", code="RL-233")


class SignIn:
    """A sign-in whose credentials AWS refuses until they are renewed, or whatever a test makes of it."""

    def __init__(self):
        self.renewals = 0
        self.refused = None  # what `renew` raises
        self.asked = 0
        self.ended_from = None  # the number of the question that is answered with "it is over"

    def admit(self):
        self.asked += 1
        if self.ended_from is not None and self.asked >= self.ended_from:
            raise over()
        return ""

    def renew(self):
        self.renewals += 1
        if self.refused is not None:
            raise self.refused

    def of(self):
        return {"trail": TRAIL, "admit": self.admit, "renew": self.renew}

    def once_renewed(self, then, *, code="ExpiredTokenException", times=1):
        """A handler that refuses the credentials until they were renewed so many times."""

        def answer(arguments):
            if self.renewals < times:
                raise Fault(code)
            return then(arguments)

        return answer


@pytest.fixture
def sign_in():
    return SignIn()


@pytest.fixture
def events(caplog):
    caplog.set_level("INFO", logger="app.audit")
    return lambda: [vars(record) for record in caplog.records if record.name == "app.audit"]


class TestRenewal:
    @pytest.mark.parametrize("code", sorted(faults.ENDED))
    def test_a_submit_that_the_old_credentials_sign_is_repeated_as_it_was(self, sign_in, code):
        api, warehouse = build(
            signed_in=sign_in.of(), ExecuteStatement=sign_in.once_renewed(finished, code=code)
        )
        assert len(warehouse.fetch(QUERY).frame) == 1
        (first, asked), (second, repeated) = api.calls[:2]
        assert first == second == "ExecuteStatement"
        assert asked == repeated
        assert re.fullmatch(r"[!-~]{1,64}", asked["ClientToken"])
        assert sign_in.renewals == 1

    def test_two_questions_never_share_a_client_token(self, sign_in):
        api, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=finished)
        for _ in range(3):
            warehouse.fetch(QUERY, fresh=True)
        tokens = {asked["ClientToken"] for name, asked in api.calls if name == "ExecuteStatement"}
        assert len(tokens) == 3

    def test_a_poll_is_repeated_and_the_statement_is_not(self, sign_in):
        api, warehouse = build(
            signed_in=sign_in.of(),
            ExecuteStatement=started,
            DescribeStatement=sign_in.once_renewed(ends("FINISHED")),
        )
        warehouse.fetch(QUERY)
        assert api.operations() == [
            "ExecuteStatement",
            "GetStatementResultV2",
            "DescribeStatement",
            "DescribeStatement",
            "GetStatementResultV2",
        ]

    def test_a_page_of_the_result_is_repeated_and_no_row_comes_twice(self, sign_in):
        pages = csv_pages([column("a", "int4")], ["1\r\n", "2\r\n"], total=2)

        def answer(arguments):
            return (sign_in.once_renewed(pages) if "NextToken" in arguments else pages)(arguments)

        _, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=finished, GetStatementResultV2=answer)
        assert list(warehouse.fetch(QUERY).frame["a"]) == [1, 2]
        assert sign_in.renewals == 1

    def test_a_second_refusal_is_the_end(self, sign_in):
        api, warehouse = build(
            signed_in=sign_in.of(), ExecuteStatement=sign_in.once_renewed(finished, times=2)
        )
        with pytest.raises(SessionExpired) as caught:
            warehouse.fetch(QUERY)
        assert caught.value.code == "RL-230"
        assert api.operations() == ["ExecuteStatement"] * 2
        assert sign_in.renewals == 1

    def test_one_renewal_a_fetch_though_two_calls_are_refused(self, sign_in):
        _, warehouse = build(
            signed_in=sign_in.of(),
            ExecuteStatement=sign_in.once_renewed(started),
            DescribeStatement=sign_in.once_renewed(ends("FINISHED"), times=2),
        )
        with pytest.raises(SessionExpired):
            warehouse.fetch(QUERY)
        assert sign_in.renewals == 1

    def test_the_next_fetch_may_renew_again(self, sign_in):
        _, warehouse = build(
            signed_in=sign_in.of(),
            ExecuteStatement=in_turn(
                raises("ExpiredTokenException"), finished, raises("ExpiredTokenException"), finished
            ),
        )
        for _ in range(2):
            warehouse.fetch(QUERY, fresh=True)
        assert sign_in.renewals == 2

    @pytest.mark.parametrize("refused", [over(), ExchangeRefused("No.", "Ask.")])
    def test_what_the_renewal_says_is_what_the_person_hears(self, sign_in, refused):
        sign_in.refused = refused
        api, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=raises("ExpiredTokenException"))
        with pytest.raises(type(refused)) as caught:
            warehouse.fetch(QUERY)
        assert (caught.value.code, caught.value.message) == (refused.code, refused.message)
        assert api.operations() == ["ExecuteStatement"]

    @pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "ValidationException"])
    def test_other_refusals_renew_nothing(self, sign_in, code):
        _, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=raises(code))
        with pytest.raises((WarehouseBusy, QueryDenied, QueryFailed)):
            warehouse.fetch(QUERY)
        assert sign_in.renewals == 0

    def test_a_region_that_knows_no_waiting_and_old_credentials_are_one_question(self, sign_in):
        def describe(arguments):
            if "WaitTimeSeconds" in arguments:
                raise Fault("ValidationException", "Unknown member WaitTimeSeconds")
            return sign_in.once_renewed(ends("FINISHED"))(arguments)

        api, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=started, DescribeStatement=describe)
        warehouse.fetch(QUERY)
        assert api.operations().count("ExecuteStatement") == 1
        assert api.operations().count("DescribeStatement") == 3
        assert sign_in.renewals == 1

    def test_two_at_the_same_time_renew_once_each_at_most(self, sign_in):
        together = threading.Barrier(2, timeout=10)
        tried = threading.local()

        def execute(arguments):
            if not getattr(tried, "once", False):
                tried.once = True
                together.wait()
                raise Fault("ExpiredTokenException")
            return finished(arguments)

        api, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=execute)
        tables = []
        threads = [
            threading.Thread(
                target=lambda value=value: tables.append(warehouse.fetch(Query("a", SQL, {"x": value})))
            )
            for value in "12"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(tables) == 2
        assert sign_in.renewals == 2
        assert api.operations().count("ExecuteStatement") == 4


class TestAdmission:
    def test_nobody_is_asked_for_once_the_sign_in_is_over(self, sign_in, events):
        sign_in.ended_from = 1
        api, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=finished)
        with pytest.raises(SessionExpired) as caught:
            warehouse.fetch(QUERY)
        assert caught.value.code == "RL-233"
        assert api.calls == []
        assert events() == []

    def test_memory_answers_nobody_whose_sign_in_is_over(self, sign_in):
        api, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=finished)
        warehouse.fetch(QUERY)
        sign_in.ended_from = sign_in.asked + 1
        with pytest.raises(SessionExpired):
            warehouse.fetch(QUERY)
        assert api.operations().count("ExecuteStatement") == 1

    def test_a_statement_under_way_is_stopped_when_the_sign_in_ends(self, sign_in, events):
        sign_in.ended_from = 3
        api, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=started, DescribeStatement=started)
        with pytest.raises(SessionExpired) as caught:
            warehouse.fetch(QUERY)
        assert caught.value.code == "RL-233"
        assert api.cancelled()
        assert api.operations() == [
            "ExecuteStatement",
            "GetStatementResultV2",
            "DescribeStatement",
            "CancelStatement",
        ]
        assert [event["outcome"] for event in events()] == ["RL-233"]

    def test_an_end_that_cannot_cancel_is_still_the_end(self, sign_in):
        sign_in.ended_from = 2
        _, warehouse = build(
            signed_in=sign_in.of(), ExecuteStatement=started, CancelStatement=raises("ExpiredTokenException")
        )
        with pytest.raises(SessionExpired) as caught:
            warehouse.fetch(QUERY)
        assert caught.value.code == "RL-233"
        assert sign_in.renewals == 0  # a sign-in that is over is not prolonged in order to end it


class TestTrail:
    def test_an_answer_is_on_record_under_the_name_that_aws_knows(self, sign_in, events):
        api, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=finished)
        warehouse.fetch(QUERY)
        (event,) = events()
        assert api.calls[0][1]["StatementName"] == f"Overview 0a1b2c3d-{event['id']}"
        told = {name: event[name] for name in ("event", "person", "session", "query", "statement", "rows")}
        assert told == {
            "event": "query",
            "person": "frank@example.com",
            "session": "0a1b2c3d",
            "query": "Overview",
            "statement": STATEMENT_ID,
            "rows": 1,
        }
        assert event["outcome"] == "ok"

    def test_the_sql_is_the_same_each_time_so_that_redshift_can_answer_from_its_cache(self, sign_in):
        api, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=finished)
        for _ in range(2):
            warehouse.fetch(QUERY, fresh=True)
        asked = [arguments for name, arguments in api.calls if name == "ExecuteStatement"]
        assert [arguments["Sql"] for arguments in asked] == [SQL, SQL]
        assert len({arguments["StatementName"] for arguments in asked}) == 2

    def test_an_answer_from_memory_is_no_statement_and_no_event(self, sign_in, events):
        _, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=finished)
        for _ in range(3):
            warehouse.fetch(QUERY)
        assert len(events()) == 1

    @pytest.mark.parametrize(
        ("handlers", "error", "outcome", "statement"),
        [
            ({"ExecuteStatement": raises("ThrottlingException")}, WarehouseBusy, "RL-450", None),
            ({"ExecuteStatement": raises("AccessDeniedException")}, QueryDenied, "RL-411", None),
            (
                {
                    "ExecuteStatement": started,
                    "DescribeStatement": ends("FAILED", Error="permission denied for relation x"),
                },
                QueryDenied,
                "RL-410",
                STATEMENT_ID,
            ),
            (
                {"ExecuteStatement": finished, "GetStatementResultV2": raises("InternalServerException")},
                QueryFailed,
                "RL-422",
                STATEMENT_ID,
            ),
            (
                {
                    "ExecuteStatement": finished,
                    "GetStatementResultV2": csv_pages([column("a", "int4")], ["x\r\n"], total=1),
                },
                QueryFailed,
                "RL-425",
                STATEMENT_ID,
            ),
        ],
    )
    def test_a_question_that_fails_is_on_record_too(  # noqa: PLR0917 - two fixtures, a table of four
        self, sign_in, events, handlers, error, outcome, statement
    ):
        _, warehouse = build(signed_in=sign_in.of(), **handlers)
        with pytest.raises(error):
            warehouse.fetch(QUERY)
        (event,) = events()
        assert (event["outcome"], event.get("statement")) == (outcome, statement)
        assert "rows" not in event

    def test_a_mistake_of_the_app_is_on_record_too(self, sign_in, events):
        def mistaken():
            raise ZeroDivisionError

        _, warehouse = build(signed_in={**sign_in.of(), "ready": mistaken}, ExecuteStatement=finished)
        with pytest.raises(ZeroDivisionError):
            warehouse.fetch(QUERY)
        assert [event["outcome"] for event in events()] == ["fault"]

    def test_the_time_it_took_is_on_record(self, sign_in, events):
        clock = Clock()

        def describe(arguments):
            clock.now += arguments["WaitTimeSeconds"]
            return started(arguments)

        _, warehouse = build(
            clock, timeout=8.0, signed_in=sign_in.of(), ExecuteStatement=started, DescribeStatement=describe
        )
        with pytest.raises(QueryTimedOut):
            warehouse.fetch(QUERY)
        assert [event["milliseconds"] for event in events()] == [8000]

    def test_the_parts_of_that_time_are_too(self, sign_in, events):
        clock = Clock()

        def takes(seconds, then):
            def answer(arguments):
                clock.now += seconds
                return then(arguments)

            return answer

        _, warehouse = build(
            clock,
            signed_in=sign_in.of(),
            ExecuteStatement=takes(2, finished),
            GetStatementResultV2=takes(3, ROWS),
        )
        warehouse.fetch(QUERY)
        [event] = events()
        parts = ("milliseconds", "warehouse_milliseconds", "transfer_milliseconds", "parse_milliseconds")
        assert [event[part] for part in parts] == [5000, 2000, 3000, 0]

    @pytest.mark.parametrize(
        ("answer", "cause"),
        [
            (raises("AccessDeniedException", f"near {SQL}"), "AccessDeniedException"),
            (raises("<script>"), None),
            (raises("ExpiredTokenException"), None),
        ],
    )
    def test_a_failure_is_on_record_with_awss_name_for_it_and_without_its_words(
        self, sign_in, events, answer, cause
    ):
        _, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=answer)
        with pytest.raises((QueryDenied, QueryFailed, SessionExpired)):
            warehouse.fetch(QUERY)
        [event] = events()
        assert event.get("cause") == cause
        assert "secret_column" not in repr(event)

    def test_the_log_never_tells_sql_or_values(self, sign_in, events, caplog):
        _, warehouse = build(signed_in=sign_in.of(), ExecuteStatement=finished)
        warehouse.fetch(Query("Overview", SQL, {"x": "private"}))
        told = caplog.text + repr(events())
        assert STATEMENT_ID in told
        assert "secret_column" not in told
        assert "private" not in told

    @given(st.integers(min_value=1, max_value=600))
    def test_every_name_that_a_query_may_have_fits_with_its_mark(self, length):
        try:
            query = Query("n" * length, "SELECT 1")
        except ValueError:
            assert length > 450
            return
        api, warehouse = build(signed_in=SignIn().of(), ExecuteStatement=finished, GetStatementResultV2=ROWS)
        warehouse.fetch(query)
        name = api.calls[0][1]["StatementName"]
        assert name.startswith(query.name + " ")
        assert len(name) <= 500
