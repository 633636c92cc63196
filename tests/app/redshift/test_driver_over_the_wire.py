"""The direct path with the driver itself: verified TLS, a token for each connection, PostgreSQL behind."""

import datetime as dt
import re
import threading
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pytest
import redshift_connector

from app.audit import Trail
from app.errors import QueryCancelled, QueryDenied, QueryFailed, QueryTimedOut, SessionExpired
from app.redshift.columns import Bounds
from app.redshift.driver import Driver
from app.redshift.query import Query
from app.redshift.warehouse import Warehouse
from app.redshift.wire import opener
from tests.app.redshift.redshift_wire import RedshiftWire, certificate
from tests.infra.local.warehouse.oracle.postgresql import server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:redshift_connector.*")

PEOPLE = ("frank", "alex")
SALES = "SELECT count(*) AS sales FROM sales"


@dataclass(frozen=True)
class Token:
    value: str
    expires_at: dt.datetime


@pytest.fixture(scope="module")
def administrator():
    """The superuser of a PostgreSQL in which each person sees a sale of their own."""
    with server() as connection:
        connection.autocommit = True
        connection.execute("CREATE TABLE sales (seller text); CREATE TABLE secret (a int)")
        connection.execute("ALTER TABLE sales ENABLE ROW LEVEL SECURITY")
        connection.execute("CREATE POLICY own ON sales USING (seller = current_user)")
        for person in PEOPLE:
            connection.execute(f"CREATE ROLE {person} LOGIN; GRANT SELECT, INSERT ON sales TO {person}")
        connection.execute("INSERT INTO sales VALUES ('frank'), ('alex'), ('alex')")
        yield connection


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return {host: certificate(folder, host) for host in ("localhost", "elsewhere")}


@pytest.fixture
def wire(administrator, certificates, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates["localhost"]))
    made = RedshiftWire(
        f"{administrator.info.host}/.s.PGSQL.5432",
        certificate=certificates["localhost"],
        tokens={f"token-of-{person}": person for person in PEOPLE},
    )
    yield made
    made.close()


class Person:
    """Somebody's sign-in: its rights, its tokens, its way to the warehouse."""

    def __init__(self, wire, name="frank", *, rows=10_000, most_bytes=1 << 26, timeout=20.0, seconds=3600.0):
        self.rights = "first"
        self.over = False
        self.asked = 0
        self._name = name
        self._seconds = seconds
        open_ = opener(host=f"localhost:{wire.port}", database="postgres", longest_seconds=timeout + 5)
        self.path = Driver(open_, self.token, bounds=Bounds(rows=rows, bytes=most_bytes), person=name)
        self.warehouse = Warehouse(
            self.path,
            timeout_seconds=timeout,
            cache_seconds=0,
            person=name,
            admit=self.admit,
            ready=self.admit,
            trail=Trail(f"{name}@example.com", "0a1b2c3d"),
        )

    def token(self):
        self.asked += 1
        expires_at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self._seconds)
        return Token(f"token-of-{self._name}", expires_at)

    def admit(self):
        if self.over:
            raise SessionExpired("You signed out.", "Sign in again.", code="RL-233")
        return self.rights

    def fetch(self, sql, **parameters):
        return self.warehouse.fetch(Query("Overview", sql, parameters))

    def value(self, sql, **parameters):
        return self.fetch(sql, **parameters).columns.column(0).to_pylist()[0]


def running(administrator, like):
    """How many processes run such a statement."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s AND pid <> %s"
    return administrator.execute(sql, (f"%{like}%", administrator.info.backend_pid)).fetchone()[0]


def until(condition):
    """Waits until it holds; a test that waits in vain fails."""
    return any(condition() or threading.Event().wait(0.05) for _ in range(200))


def test_each_person_is_let_in_by_their_own_token_and_sees_their_own_rows(wire):
    assert Person(wire, "frank").value(SALES) == 1
    assert Person(wire, "alex").value(SALES) == 2
    assert wire.shown == ["token-of-frank", "token-of-alex"]


def test_the_driver_says_what_redshift_is_to_know_and_nothing_of_the_token(wire):
    Person(wire).value(SALES)
    (startup,) = wire.startups
    assert startup["plugin_name"].endswith("IdpTokenAuthPlugin")
    assert startup["idp_type"] == "AwsIdc"
    assert startup["token_type"] == "SUBJECT_TOKEN"
    assert startup["user"] == ""
    assert not any("token-of" in value for value in startup.values())


@pytest.mark.parametrize(
    ("sql", "parameters", "expected"),
    [
        ("SELECT CAST(:a AS int) + :b::int", {"a": "1", "b": "2"}, 3),
        ("SELECT ':a' || CAST(:a AS text)", {"a": "x"}, ":ax"),
        ('SELECT CAST(:a AS text) AS ":a"', {"a": "x"}, "x"),
        ("SELECT CAST(:a AS text) -- not :b, isn't it", {"a": "x"}, "x"),
        ("SELECT /* :a /* ' */ */ CAST(:a AS text)", {"a": "x"}, "x"),
        ("SELECT CAST(:a AS text) || CAST(:ab AS text) || CAST(:a AS text)", {"a": "x", "ab": "y"}, "xyx"),
        ("SELECT CAST(:a AS text)", {"a": "'; DROP TABLE sales; --"}, "'; DROP TABLE sales; --"),
        ("SELECT CAST(:a AS text)", {"a": "$1 \\ % ? :a 日本"}, "$1 \\ % ? :a 日本"),
        ("SELECT 'it''s 10:30'::text || CAST(:a AS text)", {"a": "x"}, "it's 10:30x"),
        ("SELECT '50% ?'::text", {}, "50% ?"),
        ("SELECT count(*) FROM sales WHERE seller IN (:a, :b)", {"a": "frank", "b": "alex"}, 1),
        ("SELECT CAST(:int AS text)::int", {"int": "7"}, 7),
        ("SELECT CASE WHEN :a = 'x' THEN CAST(:a AS text) END", {"a": "x"}, "x"),
    ],
)
def test_parameters_are_bound_and_nothing_else_is_taken_for_one(wire, sql, parameters, expected):
    assert Person(wire).value(sql, **parameters) == expected


TYPES = [
    ("CAST('12345678901234567890123456789012.123456' AS numeric(38, 6))", pa.decimal128(38, 6)),
    ("CAST('-0.1200' AS numeric(18, 4))", pa.decimal128(18, 4)),
    ("true", pa.bool_()),
    ("false", pa.bool_()),
    ("CAST(-32768 AS int2)", pa.int16()),
    ("CAST(2147483647 AS int4)", pa.int32()),
    ("CAST(-9223372036854775807 AS int8)", pa.int64()),
    ("CAST(0.1 AS float4)", pa.float32()),
    ("CAST(0.1 AS float8) + CAST(0.2 AS float8)", pa.float64()),
    ("CAST('infinity' AS float8)", pa.float64()),
    ("CAST('2026-02-28' AS date)", pa.date32()),
    ("CAST('2026-02-28 23:59:59.123456' AS timestamp)", pa.timestamp("us")),
    ("CAST('2026-02-28 23:59:59.5+05:30' AS timestamptz)", pa.timestamp("us", "UTC")),
    ("CAST('' AS text)", pa.string()),
    ("CAST('10:30:00' AS time)", pa.string()),
    ("CAST('[1, \"a\"]' AS json)", pa.string()),
]
VALUES = [
    Decimal("12345678901234567890123456789012.123456"),
    Decimal("-0.1200"),
    True,
    False,
    -32768,
    2147483647,
    -9223372036854775807,
    0.10000000149011612,
    0.30000000000000004,
    float("inf"),
    dt.date(2026, 2, 28),
    dt.datetime(2026, 2, 28, 23, 59, 59, 123456),  # noqa: DTZ001 - TIMESTAMP has no zone
    dt.datetime(2026, 2, 28, 18, 29, 59, 500000, tzinfo=dt.UTC),
    "",
    "10:30:00",
    '[1, "a"]',
]


def test_values_are_typed_and_exact(wire):
    columns = Person(wire).fetch(f"SELECT {', '.join(sql for sql, _ in TYPES)}").columns
    assert [field.type for field in columns.schema] == [kind for _, kind in TYPES]
    assert [column.to_pylist()[0] for column in columns.columns] == VALUES


def test_null_is_null_in_each_type(wire):
    nulls = ", ".join(f"CASE WHEN a = 0 THEN {sql} END" for sql, _ in TYPES)
    columns = Person(wire).fetch(f"SELECT {nulls} FROM (SELECT 1 AS a) AS one").columns
    assert all(column.to_pylist() == [None] for column in columns.columns)


def test_a_day_that_arrow_does_not_know_is_what_redshift_writes(wire):
    column = (
        Person(wire)
        .fetch(
            "SELECT CAST(day AS date) FROM (VALUES ('2026-01-01'), ('infinity'), ('0044-03-15 BC')) AS d(day)"
        )
        .columns.column(0)
    )
    assert column.to_pylist() == ["2026-01-01", "infinity", "0044-03-15 BC"]


def test_a_result_without_rows_has_its_columns(wire):
    columns = Person(wire).fetch("SELECT seller, 1 AS one FROM sales WHERE false").columns
    assert (columns.num_rows, columns.schema) == (0, pa.schema({"seller": pa.string(), "one": pa.int32()}))


def test_names_that_repeat_stay(wire):
    assert Person(wire).fetch("SELECT 1 AS a, 2 AS a").columns.column_names == ["a", "a"]


@pytest.mark.parametrize(
    ("there", "most", "kept", "truncated"),
    [(9, 10, 9, False), (10, 10, 10, False), (11, 10, 10, True), (100_000, 2_500, 2_500, True)],
)
def test_rows_end_at_the_bound_in_their_order_and_it_is_said(wire, there, most, kept, truncated):
    table = Person(wire, rows=most).fetch(f"SELECT n FROM generate_series(1, {there}) AS s(n) ORDER BY n")
    assert table.columns.column(0).to_pylist() == list(range(1, kept + 1))
    assert table.truncated is truncated


def test_bytes_end_at_the_bound_too(wire):
    person = Person(wire, most_bytes=100_000)
    table = person.fetch("SELECT repeat('x', 1000) FROM generate_series(1, 5000)")
    assert table.truncated
    assert 0 < table.columns.num_rows < 110
    assert person.value(SALES) == 1  # and the next question has its own answer


def test_many_rows_come_whole(wire):
    table = Person(wire).fetch("SELECT n, n::text FROM generate_series(1, 9999) AS s(n)")
    assert table.columns.column(0).to_pylist() == list(range(1, 10_000))
    assert not table.truncated


@pytest.mark.parametrize(
    "sql",
    ["INSERT INTO sales VALUES ('frank')", "SELECT a FROM secret"],
    ids=["may read, and write nothing", "another's table"],
)
def test_what_may_not_be_done_is_refused_and_the_next_question_answered(wire, sql):
    person = Person(wire)
    with pytest.raises((QueryDenied, QueryFailed)) as refused:
        person.fetch(sql)
    assert refused.value.code == {"S": "RL-410", "I": "RL-420"}[sql[0]]
    assert person.value(SALES) == 1


def test_no_error_says_what_the_server_said(wire):
    with pytest.raises(QueryFailed) as failed:
        Person(wire).fetch("SELECT very_secret_column FROM sales")
    seen, error = "", failed.value
    while error is not None:
        seen += f"{error} {error.args} {vars(error)}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert failed.value.code == "RL-420"
    assert "very_secret_column" not in seen


def test_a_connection_is_used_again_and_by_its_person_alone(wire):
    frank, alex = Person(wire, "frank"), Person(wire, "alex")
    assert [frank.value(SALES), alex.value(SALES), frank.value(SALES), alex.value(SALES)] == [1, 2, 1, 2]
    assert (frank.asked, alex.asked) == (1, 1)


def test_with_other_rights_there_is_another_connection(wire):
    person = Person(wire)
    person.value(SALES)
    person.rights = "second"
    person.value(SALES)
    assert person.asked == 2


def test_none_outlives_its_token(wire):
    person = Person(wire, seconds=0)
    person.value(SALES)
    person.value(SALES)
    assert person.asked == 2


def test_a_sign_out_closes_what_is_open(wire):
    person = Person(wire)
    person.value(SALES)
    assert wire.wait_until_open(1)
    person.over = True
    person.warehouse.cancel()
    assert wire.wait_until_open(0)


def test_a_statement_runs_under_its_mark_and_its_time_limit(wire):
    said = Person(wire).value("SELECT current_setting('statement_timeout') || current_setting('rs.querygrp')")
    assert re.fullmatch(r"\d+(ms|s)Overview 0a1b2c3d-[0-9a-f]{8}", said)


def test_a_statement_that_is_left_is_cancelled_though_its_connection_is_closed(wire, administrator):
    person = Person(wire)
    flight = person.warehouse.begin(Query("Slow", "SELECT pg_sleep(60), 'left'"))
    assert until(lambda: running(administrator, "'left'"))
    flight.leave()
    assert until(lambda: not running(administrator, "'left'"))
    assert wire.wait_until_open(0)


def test_a_cancellation_that_comes_before_its_statement_is_made_again(wire, administrator):
    wire.held_back = b"'overtaken'"
    flight = Person(wire).warehouse.begin(Query("Slow", "SELECT pg_sleep(60), 'overtaken'"))
    assert wire.wait_for_held_back()
    flight.leave()
    assert wire.wait_until_open(0)
    assert not running(administrator, "'overtaken'")


def test_a_sign_out_cancels_what_runs(wire, administrator):
    person = Person(wire)
    flight = person.warehouse.begin(Query("Slow", "SELECT pg_sleep(60), 'signed out'"))
    assert until(lambda: running(administrator, "'signed out'"))
    person.over = True
    person.warehouse.cancel()
    with pytest.raises(SessionExpired):
        flight.table()
    assert until(lambda: not running(administrator, "'signed out'"))


def test_one_that_others_cancel_was_stopped(wire, administrator):
    flight = Person(wire).warehouse.begin(Query("Slow", "SELECT pg_sleep(60), 'by others'"))
    assert until(lambda: running(administrator, "'by others'"))
    administrator.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'frank'")
    with pytest.raises(QueryCancelled) as stopped:
        flight.table()
    assert stopped.value.code == "RL-440"


def test_the_deadline_ends_it_here_and_there(wire, administrator):
    with pytest.raises(QueryTimedOut) as late:
        Person(wire, timeout=1.0).fetch("SELECT pg_sleep(60), 'too long'")
    assert late.value.code == "RL-430"
    assert until(lambda: not running(administrator, "'too long'"))


def test_a_token_that_redshift_does_not_take_is_told_without_its_words(wire):
    wire.tokens.clear()
    with pytest.raises(QueryDenied) as refused:
        Person(wire).value(SALES)
    assert refused.value.code == "RL-413"
    assert "secret details" not in repr(refused.value.__context__) + repr(refused.value.__cause__)


@pytest.mark.parametrize("where", [3, 40, 200, 4000])
def test_an_answer_that_breaks_off_is_never_shown_as_whole(wire, where):
    person = Person(wire)
    person.value(SALES)
    wire.cut_after = where
    with pytest.raises(QueryFailed) as broken:
        person.fetch("SELECT repeat('x', 100) FROM generate_series(1, 500)")
    assert broken.value.code == "RL-427"
    wire.cut_after = None
    assert person.value(SALES) == 1


def test_whoever_has_another_certificate_is_not_redshift(administrator, certificates, monkeypatch):
    # One that is trusted, but for another name: what the driver itself lets pass unless it is told not to.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates["elsewhere"]))
    wire = RedshiftWire("", certificate=certificates["elsewhere"], tokens={})
    with pytest.raises(QueryFailed) as refused:
        Person(wire).value(SALES)
    assert (refused.value.code, wire.shown) == ("RL-427", [])
    wire.close()


def test_where_nobody_listens_it_says_what_to_check(wire):
    wire.close()
    with pytest.raises(QueryFailed) as refused:
        Person(wire).value(SALES)
    assert refused.value.code == "RL-427"
    assert "REDSHIFT_HOST" in refused.value.remedy


def test_where_nobody_answers_that_is_said_and_not_that_the_question_took_long(wire):
    wire.silent = True
    with pytest.raises(QueryFailed) as refused:
        Person(wire, timeout=1.0).value(SALES)
    assert refused.value.code == "RL-427"


def test_the_driver_is_one_whose_workings_are_known():
    assert redshift_connector.__version__.startswith("2.2.")
