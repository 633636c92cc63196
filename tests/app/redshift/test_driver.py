"""The direct path: the same answers as the Data API's, the same errors, nobody else's connection."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit import Trail
from app.errors import (
    AppError,
    QueryCancelled,
    QueryDenied,
    QueryFailed,
    QueryTimedOut,
    SessionExpired,
    WarehouseBusy,
)
from app.redshift.columns import Bounds
from app.redshift.connections import Connections
from app.redshift.driver import Driver
from app.redshift.path import Statement
from app.redshift.query import Query
from tests.app.redshift.data_api import QUERY, Clock, column, csv_line
from tests.app.redshift.direct import EXACT, DriverError, FakeRedshift, Token, build, refused
from tests.app.redshift.test_formats import arrived, results, truth
from tests.app.redshift.test_results import fetch_csv

ONE = {"metadata": [column("a", "int4")], "rows": [[1]]}
PLENTY = 1 << 20
TRAIL = Trail("frank@example.com", "0a1b2c3d")


def as_the_driver_has_them(metadata, rows):
    """Values of the types that it reads to the last digit, and else the text that Redshift writes."""
    exact = [each["typeName"] in EXACT for each in metadata]
    return [
        [value.arrives if is_exact else value.text for value, is_exact in zip(row, exact, strict=True)]
        for row in rows
    ]


@settings(max_examples=200, deadline=None)
@given(result=results(), max_rows=st.integers(1, 9), max_bytes=st.integers(1, 400) | st.just(PLENTY))
def test_both_paths_give_the_same_table_cut_at_the_same_row(result, max_rows, max_bytes):
    metadata, rows = result
    caps = {"max_rows": max_rows, "max_bytes": max_bytes}
    redshift = FakeRedshift(metadata, as_the_driver_has_them(metadata, rows))
    direct = build(redshift, **caps).fetch(QUERY)
    lines = "".join(csv_line([value.text for value in row]) for row in rows)
    by_data_api = fetch_csv(metadata, [lines], total=len(rows), **caps)
    # Of equal columns one may hold a bitmap of its NULLs that the other does without, and so reach its bound
    # of bytes a row sooner; what both have is the same.
    shorter = min(direct.columns.num_rows, by_data_api.columns.num_rows)
    assert direct.columns.slice(0, shorter).equals(by_data_api.columns.slice(0, shorter))
    if max_bytes == PLENTY:
        assert direct.columns.equals(by_data_api.columns)
        assert direct.truncated == by_data_api.truncated
    if not direct.truncated:
        assert arrived(direct) == truth(metadata, rows)


@pytest.mark.parametrize(
    ("max_rows", "held"), [(5000, 1000), (2500, 1000), (2499, 1000), (1000, 1000), (999, 1000), (5, 6)]
)
def test_no_more_rows_are_held_at_once_than_need_be(max_rows, held):
    redshift = FakeRedshift([column("a", "int4")], [[number] for number in range(2500)])
    table = build(redshift, max_rows=max_rows).fetch(QUERY)
    assert redshift.most_held == held
    assert table.columns["a"].to_pylist() == list(range(min(max_rows, 2500)))
    assert table.truncated == (max_rows < 2500)


def test_what_is_more_than_is_shown_is_not_waited_for():
    """The rest of it is cancelled; its connection would have to read it all first."""
    redshift = FakeRedshift([column("a", "int4")], [[number] for number in range(2500)])
    assert build(redshift, max_rows=5).fetch(QUERY).truncated
    assert redshift.cancelled.wait(10)
    assert not redshift.sent("ROLLBACK")
    assert redshift.opened[0].closed


def test_a_statement_runs_read_only_in_its_time_under_its_mark_and_with_values_beside_it():
    redshift = FakeRedshift(**ONE)
    query = Query("Frank's \\ sales", "SELECT :x::int, ':x' FROM t -- :x\nWHERE a = :x", {"x": "1"})
    table = build(redshift, trail=TRAIL, timeout=20).fetch(query)
    sent = [sql for sql, _ in redshift.statements]
    place = sent.index("BEGIN READ ONLY")
    group, timeout, statement = sent[place + 1 : place + 4]
    assert group.startswith("SET LOCAL query_group TO 'Frank s   sales ")
    assert TRAIL.session in group
    assert 20_000 <= int(timeout.removeprefix("SET LOCAL statement_timeout TO ")) <= 21_000
    assert statement == "SELECT $1::int, ':x' FROM t -- :x\nWHERE a = $2"
    assert dict(redshift.statements)[statement] == ["1", "1"]
    assert sent[-1] == "ROLLBACK"
    assert table.statement_id == "1073840"


def test_a_change_alone_may_write_and_is_committed():
    redshift = FakeRedshift()
    build(redshift).run(Query("A view is kept", "INSERT INTO t VALUES (:x)", {"x": "1"}))
    sent = [sql for sql, _ in redshift.statements]
    assert sent.index("BEGIN") < sent.index("INSERT INTO t VALUES ($1)") < sent.index("COMMIT")
    assert not redshift.sent("ROLLBACK")


def test_a_change_that_fails_is_not_sent_again_and_its_connection_is_not_used_again():
    def fail(sql):
        if sql.startswith("INSERT"):
            raise refused("42501")

    redshift = FakeRedshift(on=fail)
    with pytest.raises(QueryDenied):
        build(redshift).run(Query("A view is kept", "INSERT INTO t VALUES (1)"))
    assert len(redshift.sent("INSERT")) == 1
    assert not redshift.sent("COMMIT")
    assert redshift.opened[0].closed


def test_a_long_name_leaves_room_for_the_mark():
    redshift = FakeRedshift(**ONE)
    build(redshift, trail=TRAIL).fetch(Query("ü" * 400, "SELECT 1"))
    (group,) = redshift.sent("SET LOCAL query_group")
    label = group.removeprefix("SET LOCAL query_group TO '").removesuffix("'")
    assert len(label.encode()) <= 320
    assert f" {TRAIL.session}" in label


def test_the_token_is_asked_for_right_before_and_not_kept():
    redshift = FakeRedshift(**ONE)
    asked = []
    warehouse = build(redshift, token=lambda: asked.append(1) or Token(f"token-{len(asked)}"))
    assert asked == []
    warehouse.fetch(QUERY)
    warehouse.fetch(QUERY, fresh=True)
    assert redshift.tokens == ["token-1"]
    assert redshift.opened[0].web_identity_token is None
    assert redshift.opened[0].autocommit


def test_a_connection_is_used_again_until_the_rights_change():
    redshift, rights = FakeRedshift(**ONE), ["first"]
    warehouse = build(redshift, admit=lambda: rights[0], ready=lambda: rights[0])
    for _ in range(3):
        warehouse.fetch(QUERY, fresh=True)
    assert len(redshift.opened) == 1
    rights[0] = "second"
    warehouse.fetch(QUERY, fresh=True)
    assert len(redshift.opened) == 2


def test_two_people_never_share_one():
    redshift = FakeRedshift(**ONE)
    for _ in range(2):
        build(redshift).fetch(QUERY)
    assert len(redshift.opened) == 2


def test_a_sign_out_closes_them():
    redshift = FakeRedshift(**ONE)
    warehouse = build(redshift)
    warehouse.fetch(QUERY)
    assert redshift.open_now == 1
    warehouse.cancel()
    assert redshift.open_now == 0


def test_one_at_work_at_the_sign_out_is_closed_when_it_comes_back():
    redshift = FakeRedshift()
    connections = Connections(redshift.open)
    connection = connections.take("", Token)
    connections.close()
    connections.give_back(connection)
    assert redshift.open_now == 0


@pytest.mark.parametrize("over", ["idle", "token"])
def test_one_that_idles_or_outlives_its_token_is_closed(over):
    redshift, clock, now = FakeRedshift(), Clock(), [datetime(2029, 1, 1, tzinfo=UTC)]
    connections = Connections(redshift.open, clock=clock, now=lambda: now[0])
    connections.give_back(connections.take("", Token))
    connections.sweep()
    assert redshift.open_now == 1
    if over == "idle":
        clock.now = 60
    else:
        now[0] += timedelta(days=365)
    connections.sweep()
    assert redshift.open_now == 0


@pytest.mark.parametrize(
    ("sqlstate", "kind", "code"),
    [
        ("42501", QueryDenied, "RL-410"),
        ("28000", QueryDenied, "RL-413"),
        ("28P01", QueryDenied, "RL-413"),
        ("3D000", QueryFailed, "RL-424"),
        ("42601", QueryFailed, "RL-420"),
        ("XX000", QueryFailed, "RL-420"),
        ("08006", QueryFailed, "RL-427"),
        ("53300", WarehouseBusy, "RL-450"),
        ("57P03", WarehouseBusy, "RL-451"),
        ("57014", QueryCancelled, "RL-440"),
    ],
)
@pytest.mark.parametrize("at", ["SELECT secret_column", "ROW 0", "SELECT pg_backend_pid"])
def test_what_redshift_refuses_is_told_without_its_words(sqlstate, kind, code, at):
    redshift = FakeRedshift(**ONE, on=lambda sql: fails(sql, at, refused(sqlstate)))
    with pytest.raises(kind) as caught:
        build(redshift).fetch(QUERY)
    assert (caught.value.code, caught.value.cause) == (code, sqlstate)
    assert "secret" not in f"{caught.value.message} {caught.value.remedy} {caught.value.__cause__!r}"
    assert redshift.open_now == 0
    assert not redshift.sent("SELECT pg_cancel_backend")


def fails(sql, at, error):
    if sql.startswith(at):
        raise error


@pytest.mark.parametrize("error", [DriverError("BrokenPipe"), TimeoutError(), IndexError(), AttributeError()])
def test_a_connection_that_breaks_is_told_and_its_statement_cancelled(error):
    redshift = FakeRedshift(**ONE, on=lambda sql: fails(sql, "ROW 0", error))
    with pytest.raises(QueryFailed) as caught:
        build(redshift).fetch(QUERY)
    assert (caught.value.code, caught.value.cause) == ("RL-427", type(error).__name__)
    assert redshift.cancelled.wait(10)


def test_a_value_that_is_none_of_its_type_is_no_answer():
    redshift = FakeRedshift([column("a", "numeric", precision=4, scale=1)], [["many"]])
    with pytest.raises(QueryFailed) as caught:
        build(redshift).fetch(QUERY)
    assert caught.value.code == "RL-425"
    assert redshift.open_now == 0


class Slow:
    """A statement that runs until it is cancelled."""

    def __init__(self, at="SELECT secret"):
        self.begun = threading.Event()
        self.redshift = FakeRedshift(**ONE, on=self)
        self.at = at

    def __call__(self, sql):
        if sql.startswith(self.at):
            self.begun.set()
            assert self.redshift.cancelled.wait(10)
            raise refused("57014")


@pytest.mark.parametrize("at", ["SELECT secret", "ROW 0"])
def test_who_leaves_has_it_cancelled_by_a_second_connection(at):
    slow = Slow(at)
    flight = build(slow.redshift).begin(QUERY)
    assert slow.begun.wait(10)
    flight.leave()
    assert slow.redshift.cancelled.wait(10)
    assert set(slow.redshift.sent("SELECT pg_cancel_backend")) == {"SELECT pg_cancel_backend(1073840)"}
    assert len(slow.redshift.opened) == 2


def test_where_there_is_no_connection_by_the_deadline_that_is_told():
    begun, told = threading.Event(), threading.Event()

    def token():
        begun.set()
        told.wait(10)
        return Token()

    with pytest.raises(QueryFailed) as caught:
        build(FakeRedshift(**ONE), token=token, timeout=0.2).fetch(QUERY)
    told.set()
    assert begun.is_set()
    assert (caught.value.code, caught.value.cause) == ("RL-427", "no answer")


def test_one_that_was_stopped_while_it_connected_is_not_asked():
    redshift, begun, left = FakeRedshift(**ONE), threading.Event(), threading.Event()

    def token():
        begun.set()
        assert left.wait(10)
        return Token()

    path = Driver(redshift.open, token, bounds=Bounds(rows=10, bytes=1 << 20))
    statement = Statement(QUERY, event_id="1", label="Overview 1", deadline=time.monotonic() + 20)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(path.run, statement)
        assert begun.wait(10)
        statement.stop()
        assert isinstance(answer.exception(10), QueryCancelled)
    over = path._over[statement]
    left.set()
    assert over.wait(10)
    assert redshift.sent("BEGIN") == redshift.sent("SELECT secret") == []
    assert redshift.open_now == 0


def test_at_its_deadline_it_is_told_and_cancelled():
    slow = Slow()
    with pytest.raises(QueryTimedOut) as caught:
        build(slow.redshift, timeout=0.2).fetch(QUERY)
    assert caught.value.code == "RL-430"
    assert slow.redshift.cancelled.wait(10)


def test_who_signs_out_while_it_runs_sees_nothing_of_it():
    slow = Slow()
    warehouse = build(slow.redshift)
    flight = warehouse.begin(QUERY)
    assert slow.begun.wait(10)
    warehouse.cancel()
    with pytest.raises(AppError) as caught:
        flight.table()
    assert caught.value.code in {"RL-233", "RL-440"}
    assert slow.redshift.cancelled.wait(10)


def test_one_that_was_stopped_too_late_is_not_used_again():
    """What is about to cancel it must not hit the next statement of its process."""
    redshift = FakeRedshift(**ONE)
    flights = []
    redshift.on = lambda sql: sql == "ROLLBACK" and flights[0].leave()
    begun = threading.Event()
    warehouse = build(redshift, ready=lambda: begun.wait(10) and "")
    flights.append(warehouse.begin(QUERY))
    begun.set()
    assert redshift.cancelled.wait(10)
    warehouse.fetch(QUERY)
    assert len({id(c) for c in redshift.opened}) == 3  # its own, the one that cancelled, the next one's


def client_error(code):
    return ClientError({"Error": {"Code": code, "Message": "secret"}}, "GetIdentityCenterAuthToken")


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ("AccessDeniedException", QueryDenied, "RL-414"),
        ("AccessDenied", QueryDenied, "RL-414"),
        ("ThrottlingException", WarehouseBusy, "RL-450"),
        ("InternalServerException", QueryFailed, "RL-422"),
        ("ResourceNotFoundException", QueryFailed, "RL-421"),
        ("NotImplemented", QueryFailed, "RL-428"),
        ("UnsupportedOperation", QueryFailed, "RL-428"),
        ("ValidationException", QueryFailed, "RL-428"),
        ("ExpiredTokenException", SessionExpired, "RL-230"),
    ],
)
def test_why_there_is_no_token_is_told(answer, kind, code):
    def token():
        raise client_error(answer)

    redshift = FakeRedshift(**ONE)
    with pytest.raises(kind) as caught:
        build(redshift, token=token, driver={"sleep": lambda _: None}).fetch(QUERY)
    assert caught.value.code == code
    assert redshift.opened == []
    if code in {"RL-414", "RL-428"}:
        assert "QUERY_PATH=data-api" in caught.value.remedy


@pytest.mark.parametrize(("answer", "renewals"), [("ExpiredTokenException", 1), ("ThrottlingException", 0)])
def test_a_token_is_asked_for_again_where_that_helps(answer, renewals):
    answers, renewed = [answer], []

    def token():
        if answers:
            raise client_error(answers.pop())
        return Token()

    driver = {"renew": lambda: renewed.append(1), "sleep": lambda _: None}
    table = build(FakeRedshift(**ONE), token=token, driver=driver).fetch(QUERY)
    assert table.columns.num_rows == 1
    assert len(renewed) == renewals


def test_a_question_is_prepared_on_the_thread_that_asks_before_it_does():
    redshift, order = FakeRedshift(**ONE), []
    redshift.on = lambda sql: order.append((threading.get_ident(), sql))

    def ready():
        order.append((threading.get_ident(), "ready"))
        return "rights"

    warehouse = build(redshift, ready=ready)
    warehouse.fetch(QUERY)
    assert order[0][1] == "ready"
    assert len({thread for thread, _ in order}) == 1


def test_what_cannot_be_cancelled_is_in_the_log_without_a_secret(caplog):
    slow, tokens = Slow(), [Token()]

    def token():
        if tokens:
            return tokens.pop()
        slow.redshift.cancelled.set()
        raise client_error("AccessDeniedException")

    flight = build(slow.redshift, token=token).begin(QUERY)
    assert slow.begun.wait(10)
    flight.leave()
    assert slow.redshift.cancelled.wait(10)
    joined(thread for thread in threading.enumerate() if thread.name == "rowlight-cancels")
    assert "process=1073840 could not be cancelled: ClientError" in caplog.text
    assert "secret" not in caplog.text


def joined(threads):
    for thread in threads:
        thread.join(10)
