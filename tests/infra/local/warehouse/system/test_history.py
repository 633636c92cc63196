"""What SYS_QUERY_HISTORY, SYS_QUERY_TEXT and SYS_SERVERLESS_USAGE tell of statements, to whom."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.warehouse import Cancellation, DbUser, Redshift, SqlCancelled, SqlError
from infra.local.warehouse.objects import TableKey
from infra.local.warehouse.system import SYSTEM_VIEWS
from infra.local.warehouse.system.activity import query_type
from infra.local.warehouse.system.history import History, Statement
from tests.infra.local.warehouse.conftest import ADMIN, run
from tests.infra.local.warehouse.system.asking import ask, moment

ALICE, BOB = DbUser("alice"), DbUser("bob")
EMPTY = Redshift()
NOON = datetime(2026, 11, 28, 12)  # noqa: DTZ001 - as timestamps without a zone are
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def move(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def history(clock):
    return History(clock=clock)


def sent(history, user=ALICE, text="SELECT 1", **more):
    number = history.new_query_id()
    return Statement(user.name, text, "dev", 7, history.new_transaction_id(), number, **more)


def told(view, history, clock, user=ADMIN):
    at = moment(EMPTY, user, history=history, now=clock.now)
    return SYSTEM_VIEWS[TableKey("pg_catalog", view)].rows_for(at).to_pylist()


def test_a_statement_is_timed_in_microseconds(history, clock):
    with history.recording(sent(history, label="dashboard")) as entry:
        entry.queued()
        clock.move(2)
        entry.planning()
        clock.move(0.25)
        entry.running()
        clock.move(1.5)
        entry.returned(12, 345)
    (row,) = told("sys_query_history", history, clock)
    assert (row["start_time"], row["end_time"]) == (NOON, NOON + timedelta(seconds=3.75))
    assert (row["queue_time"], row["planning_time"], row["execution_time"]) == (2_000_000, 250_000, 1_500_000)
    assert (row["elapsed_time"], row["returned_rows"], row["returned_bytes"]) == (3_750_000, 12, 345)
    assert (row["status"], row["query_label"], row["query_type"]) == ("success", "dashboard", "SELECT")


def test_a_statement_shows_what_it_is_doing(history, clock):
    entry = history.begin(sent(history))

    def status():
        clock.move(1)
        (row,) = told("sys_query_history", history, clock)
        return row["status"], row["elapsed_time"]

    assert status() == ("planning", 1_000_000)
    entry.queued()
    assert status() == ("queued", 2_000_000)
    entry.running()
    assert status() == ("running", 3_000_000)
    entry.finish("canceled", "ERROR: Query cancelled on user's request")
    entry.running()  # too late
    assert status() == ("canceled", 3_000_000)


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (SqlError("division by zero", "22012"), "failed", "ERROR: division by zero"),
        (SqlCancelled(), "canceled", "ERROR: Query cancelled on user's request"),
        (ValueError("a secret"), "failed", "the statement failed"),
    ],
)
def test_what_a_statement_raises_is_how_it_ended(history, clock, fault, status, error):
    with pytest.raises(type(fault)), history.recording(sent(history)):
        raise fault
    (row,) = told("sys_query_history", history, clock)
    assert (row["status"], row["error_message"]) == (status, error)


def test_the_last_statements_are_kept(clock):
    history = History(kept=3, clock=clock)
    for number in range(5):
        with history.recording(sent(history, text=f"SELECT {number}")):
            pass
    rows = told("sys_query_text", history, clock)
    assert [row["text"] for row in rows] == ["SELECT 2", "SELECT 3", "SELECT 4"]


def test_long_texts_do_not_pile_up(history):
    for _ in range(400):
        history.begin(sent(history, text="x" * 100_000))
    assert sum(len(record.statement.text) for record in history.records()) <= 32_000_000


def test_a_statement_is_forgotten_after_seven_days(history, clock):
    history.begin(sent(history)).finish("success")
    clock.move(7 * 86_400 - 1)
    assert told("sys_query_history", history, clock) != []
    clock.move(2)
    assert told("sys_query_history", history, clock) == []


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=90).flatmap(lambda text: st.sampled_from([text, text * 47, text * 100])))
def test_a_long_text_is_cut_in_the_history_and_whole_in_the_texts(text):
    clock = Clock()
    history = History(clock=clock)
    history.begin(sent(history, text=text))
    (row,) = told("sys_query_history", history, clock)
    assert row["query_text"] == text[:4_000]
    pieces = told("sys_query_text", history, clock)
    assert "".join(piece["text"] for piece in pieces) == text
    assert [piece["sequence"] for piece in pieces] == list(range(len(pieces)))


def test_repeated_statements_have_a_hash_in_common(history, clock):
    texts = ["SELECT 1 WHERE 'a' = 'b'", "SELECT 2 WHERE 'it''s' = 'b'", "SELECT 1", "SELECT 1"]
    for text in texts:
        history.begin(sent(history, text=text))
    rows = told("sys_query_history", history, clock)
    own, generic = ([row[f"{kind}_query_hash"] for row in rows] for kind in ("user", "generic"))
    assert (len(set(own)), len(set(generic))) == (3, 2)
    assert (own[2] == own[3], generic[0] == generic[1]) == (True, True)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("  -- why\n /* what */ (SELECT 1)", "SELECT"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "SELECT"),
        ("insert INTO t VALUES (1)", "INSERT"),
        ("UPDATE t SET a = 1", "UPDATE"),
        ("DELETE FROM t", "DELETE"),
        ("COPY t FROM 's3://b/k'", "COPY"),
        ("CREATE TABLE t AS SELECT 1", "CTAS"),
        ("CREATE TEMP TABLE t (a) AS (SELECT 1)", "CTAS"),
        ("CREATE TABLE t (a INT, b DECIMAL(10,2))", "DDL"),
        ("CREATE VIEW v AS SELECT 1", "DDL"),
        ("DROP SCHEMA s", "DDL"),
        ("CREATE USER u PASSWORD DISABLE", "UTILITY"),
        ("GRANT SELECT ON t TO u", "UTILITY"),
        ("SET search_path TO x", "UTILITY"),
        ("-- nothing", "OTHER"),
        ("", "OTHER"),
    ],
)
def test_statements_are_classed_by_what_they_are(text, kind):
    assert query_type(text) == kind


@pytest.mark.parametrize(
    "text", ["--\n" * 30_000, "(" * 90_000, "/*" * 45_000, "CREATE TABLE " + "a " * 40_000]
)
def test_no_text_is_too_odd_to_class(text):
    assert query_type(text) in ("OTHER", "DDL")


def test_numbers_are_given_once_whoever_asks():
    history = History()
    with ThreadPoolExecutor(8) as pool:
        users = list(pool.map(history.user_id, [f"user {number % 50}" for number in range(2_000)]))
        queries = list(pool.map(lambda _: history.new_query_id(), range(2_000)))
    assert len(set(users)) == 50
    assert users == users[:50] * 40
    assert len(set(queries)) == 2_000


def usage(history, clock):
    rows = told("sys_serverless_usage", history, clock)
    columns = ("start_time", "compute_seconds", "compute_capacity", "charged_seconds")
    return [tuple(row[column] for column in columns) for row in rows]


def test_a_short_statement_is_charged_for_a_minute(history, clock):
    with history.recording(sent(history)):
        clock.move(5)
    clock.move(3_600)
    assert usage(history, clock) == [(NOON, 40.0, 8.0, 480)]


def test_statements_at_once_are_charged_once(history, clock):
    with history.recording(sent(history)), history.recording(sent(history)):
        clock.move(90)
    clock.move(3_600)
    assert usage(history, clock) == [
        (NOON, 480.0, 8.0, 480),
        (NOON + timedelta(minutes=1), 240.0, 8.0, 240),
    ]


def test_each_beginning_of_work_is_charged_for_a_minute_at_least(history, clock):
    clock.move(30)
    for pause in (20, 300):  # the second within the first one's minute, the third long after
        with history.recording(sent(history)):
            clock.move(1)
        clock.move(pause)
    with history.recording(sent(history)):
        clock.move(1)
    clock.move(3_600)
    rows = usage(history, clock)
    assert sum(row[1] for row in rows) == 24.0
    # From 12:00:30, with 21 seconds more for the second's own minute, and from 12:05:52.
    assert sum(row[3] for row in rows) == 8 * (81 + 60)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 200)), min_size=1, max_size=12))
def test_capacity_is_used_for_no_longer_than_something_ran(spans):
    clock = Clock()
    history = History(clock=clock)
    busy = set()
    for pause, seconds in spans:
        clock.move(pause)
        with history.recording(sent(history)):
            start = int((clock.now - NOON).total_seconds())
            clock.move(seconds)
        busy |= set(range(start, start + seconds))
    clock.move(3_600)
    rows = usage(history, clock)
    assert sum(row[1] for row in rows) == pytest.approx(8 * len(busy))
    assert all(row[1] <= 8 * 60 for row in rows)
    assert sum(row[3] for row in rows) >= max(8 * len(busy), 8 * 60)
    assert all(later[0] - earlier[0] >= timedelta(minutes=1) for earlier, later in itertools.pairwise(rows))


def statements(redshift, user):
    rows = ask(redshift, "sys_query_history", user)
    return [(row["username"], row["query_text"], row["status"], row["returned_rows"]) for row in rows[:-1]]


def test_everybody_sees_their_own_statements_with_how_they_ended():
    redshift = Redshift()
    run(redshift, "CREATE USER alice PASSWORD DISABLE; CREATE USER bob PASSWORD DISABLE")
    run(redshift, "SELECT 1 UNION ALL SELECT 2", user=ALICE)
    with pytest.raises(SqlError):
        redshift.execute("SELECT 1/0", user=ALICE)
    with pytest.raises(SqlError):
        redshift.execute("SELECT * FROM secrets", user=BOB)
    mine = [
        ("alice", "SELECT 1 UNION ALL SELECT 2", "success", 2),
        ("alice", "SELECT 1/0", "failed", 0),
    ]
    assert statements(redshift, ALICE) == mine
    assert {row[0] for row in statements(redshift, BOB)} == {"bob"}
    everything = statements(redshift, ADMIN)
    assert [row for row in everything if row[0] == "alice"][:2] == mine
    (failed,) = [row for row in ask(redshift, "sys_query_history", BOB) if row["status"] == "failed"]
    assert failed["error_message"] == 'ERROR: relation "secrets" does not exist'


def test_a_running_statement_is_seen_until_it_is_cancelled():
    redshift, cancel = Redshift(), Cancellation()
    run(redshift, "CREATE USER alice PASSWORD DISABLE")
    outcome = []

    def endless():
        try:
            redshift.execute(ENDLESS, user=ALICE, cancel=cancel)
        except SqlError as error:
            outcome.append(error)

    worker = threading.Thread(target=endless)
    worker.start()

    def status():
        return {row[1]: row[2] for row in statements(redshift, ADMIN)}.get(ENDLESS)

    while worker.is_alive() and status() != "running":
        pass
    assert status() == "running"
    cancel.cancel()
    worker.join()
    assert isinstance(outcome[0], SqlCancelled)
    assert status() == "canceled"


def test_a_label_is_what_the_session_said_of_its_queries():
    redshift = Redshift()
    session = redshift.open_session(ALICE)
    for sql in ("SELECT 1", "SET query_group TO 'Monday'", "SELECT 2", "RESET query_group", "SELECT 3"):
        redshift.execute(sql, user=ALICE, session=session)
    session.close()
    labels = {
        row["query_text"]: row["query_label"].strip() for row in ask(redshift, "sys_query_history", ALICE)
    }
    assert [labels[f"SELECT {number}"] for number in (1, 2, 3)] == ["default", "Monday", "default"]


def test_a_query_has_the_number_that_the_caller_gave_it():
    redshift = Redshift()
    number = redshift.history.new_query_id()
    redshift.execute("SELECT 1", user=ADMIN, query_id=number)
    rows = ask(redshift, "sys_query_history", ADMIN)
    assert [row["query_text"] for row in rows if row["query_id"] == number] == ["SELECT 1"]


def test_who_waits_for_the_one_writer_is_queued_and_can_be_cancelled():
    redshift, writing, waiting = Redshift(), Cancellation(), Cancellation()
    run(redshift, "CREATE TABLE t (a INT)")
    insert = "INSERT INTO t VALUES (1)"
    texts = {f"CREATE TABLE u AS {ENDLESS}": writing, insert: waiting}
    ended = {}

    def send(text):
        try:
            redshift.execute(text, user=ADMIN, cancel=texts[text])
        except SqlError as error:
            ended[text] = error.sqlstate

    def status(text):
        return {row[1]: row[2] for row in statements(redshift, ADMIN)}.get(text)

    workers = []
    for text, reached in zip(texts, ("running", "queued"), strict=True):
        workers.append(threading.Thread(target=send, args=[text]))
        workers[-1].start()
        while workers[-1].is_alive() and status(text) != reached:
            pass
        assert status(text) == reached
    waiting.cancel()
    workers[1].join()
    assert status(insert) == "canceled"
    writing.cancel()
    workers[0].join()
    assert set(ended.values()) == {"57014"}
    (queued,) = [row for row in ask(redshift, "sys_query_history", ADMIN) if row["query_text"] == insert]
    assert queued["queue_time"] > 0 == queued["execution_time"]


@pytest.mark.parametrize(
    "text", ["SELECT 'a", "/* SELECT 1", "SELECT \ud800", "SELECT \0", "INSERT INTO \\", ""]
)
def test_what_cannot_be_read_is_in_the_history_as_failed(text):
    redshift = Redshift()
    with pytest.raises(SqlError):
        redshift.execute(text, user=ADMIN)
    assert statements(redshift, ADMIN)[0][2] == "failed"
    assert len(ask(redshift, "sys_query_text", ADMIN)) == 3


def test_a_batch_ends_at_the_statement_that_cannot_be_read():
    redshift = Redshift()
    run(redshift, "CREATE TABLE t (a INT)")
    with pytest.raises(SqlError):
        redshift.execute_batch(["INSERT INTO t VALUES (1)", "SELECT '", "SELECT 1"], user=ADMIN)
    assert [row[1:3] for row in statements(redshift, ADMIN)[1:]] == [
        ("INSERT INTO t VALUES (1)", "success"),
        ("SELECT '", "failed"),
    ]
    assert redshift.execute("SELECT a FROM t", user=ADMIN).table.num_rows == 0


def test_what_is_not_accepted_fails_and_undoes_the_batch():
    redshift = Redshift()
    run(redshift, "CREATE TABLE t (a INT)")
    batch, seen = ["INSERT INTO t VALUES (1)", "SELECT a FROM t", "INSERT INTO t VALUES (2)"], []

    def accept(result):
        seen.append(result)
        if result.has_result_set:
            raise OverflowError

    with pytest.raises(OverflowError):
        redshift.execute_batch(batch, user=ADMIN, accept=accept)
    assert [result.affected_rows for result in seen] == [1, 1]
    assert [row[1:3] for row in statements(redshift, ADMIN)[1:]] == list(
        zip(batch, ("success", "failed"), strict=False)
    )
    assert redshift.execute("SELECT a FROM t", user=ADMIN).table.num_rows == 0
