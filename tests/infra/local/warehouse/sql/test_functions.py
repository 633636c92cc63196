"""What holds for analysts' functions together: texts end at a VARCHAR, nested calls cost their length."""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.warehouse import SqlError
from infra.local.warehouse.sql.functions import FUNCTIONS
from infra.local.warehouse.sql.functions.macros import MACROS
from tests.infra.local.warehouse.conftest import ADMIN, PEOPLE, run

FRANK = PEOPLE["frank"]


def value(redshift, expression):
    """The value of an expression of no row."""
    return redshift.execute(f"SELECT {expression}", user=FRANK).table.column(0).to_pylist()[0]


def text(words):
    """The words as a literal of Redshift's."""
    return "'" + words.replace("\\", "\\\\").replace("'", "''") + "'"


@pytest.mark.parametrize(
    "expression",
    [
        "quote_literal(repeat('''', 60000))",
        "quote_literal(quote_literal(repeat('\\\\', 30000)))",
        "regexp_replace(repeat('x', 60000), 'x', 'yy', 30000)",
        "regexp_replace(repeat('x', 60000), 'X', 'yy', 1, 'i')",
        "concat(repeat('x', 60000), 'y' || repeat('x', 60000))",
        "translate(repeat('x', 60000), 'x', 'é')",
    ],
)
def test_no_text_is_longer_than_a_varchar(shared, expression):
    with pytest.raises(SqlError) as caught:
        value(shared, expression)
    assert caught.value.sqlstate == "22001"


def test_a_list_is_not_longer_than_a_varchar(empty):
    run(empty, "CREATE TABLE long (word VARCHAR(65535)); INSERT INTO long SELECT repeat('x', 40000)")
    run(empty, "INSERT INTO long SELECT repeat('y', 40000)")
    for expression in ("listagg(word)", "listagg(DISTINCT word)", "listagg(word) OVER ()"):
        with pytest.raises(SqlError) as caught:
            empty.execute(f"SELECT {expression} FROM long", user=ADMIN)
        assert caught.value.sqlstate == "22001"


NESTED = {
    "add_months(X, 1)": "current_date",
    "dateadd(year, 1, X)": "current_date",
    "initcap(X)": "'a'",
    "to_char(to_date(X, 'YYYY-MM-DD'), 'YYYY-MM-DD FMDay')": "'2024-01-01'",
    "dateadd(day, datediff(week, current_date, X)::int, current_date)": "current_date",
    "to_char(to_number(X, '999'), 'FM000')": "'7'",
    "fnv_hash(X, X)": "1",
    "regexp_substr(X, 'a', 1, 1)": "'a'",
    "bpcharcmp(X::varchar, 'a')": "'a'",
    "months_between(current_date, current_date - X::int)": "1",
    "octetindex('1', X::varchar)": "1",
    "strtol(X::varchar, 10)": "1",
    "next_day(X, 'mon')": "current_date",
}


@pytest.mark.parametrize(("form", "start"), NESTED.items())
def test_calls_in_calls_cost_no_more_than_their_length(shared, form, start):
    expression = start
    for _ in range(3 if form.count("X") > 1 else 6):
        expression = form.replace("X", expression)
    shared.execute(f"SELECT {expression}", user=FRANK)


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"^(\w+)\(", "\n".join(MACROS), re.MULTILINE)) - FUNCTIONS.keys())
)
def test_our_own_functions_underneath_are_nobodys_to_call(shared, name):
    with pytest.raises(SqlError, match=rf"function {name}\(\) is not supported"):
        value(shared, f"{name}('a')")


@pytest.mark.parametrize(
    "expression",
    [
        "getenv('HOME')",
        "current_setting('memory_limit')",
        "read_text('/etc/passwd')",
        "pg_read_file('/etc/passwd')",
        "lo_import('/etc/passwd')",
        "duckdb_settings()",
        "query('SELECT 1')",
        "parse_filename('/etc/passwd')",
        "nextval('s')",
        "error('x')",
        "json_serialize_sql('SELECT 1')",
        "txid_current()",
        "hash('x')",
        "version()",
    ],
)
def test_a_function_that_is_not_listed_is_refused(shared, expression):
    with pytest.raises(SqlError, match="is not supported by the stand-in"):
        value(shared, expression)


@pytest.mark.parametrize(
    ("expression", "sqlstate"),
    [
        ("add_months('2024-01-01')", "42883"),
        ("split_part('a', ',', -1)", "22023"),
        ("strtol('1', 37)", "22023"),
        ("strtol('99999999999999999999', 10)", "22003"),
        ("to_date('2024-13-01', 'YYYY-MM-DD')", "22008"),
        ("to_date('2024-02-30', 'YYYY-MM-DD', true)", "22008"),
        ("to_date('x', 'YYYY')", "22007"),
        ("to_number('1x', '99')", "22P02"),
        ("regexp_instr('a', '(')", "2201B"),
        ("upper(true)", "42846"),
        ("coalesce(1, '5.7')", "22P02"),
        ("nullif(1, '1e0')", "22P02"),
        ("date_part(fortnight, current_date)", "22023"),
        ("dateadd(year, 2000000000, current_date)", "22003"),
    ],
)
def test_a_wrong_call_has_redshifts_code_and_tells_no_value(shared, expression, sqlstate):
    with pytest.raises(SqlError) as caught:
        value(shared, expression)
    assert caught.value.sqlstate == sqlstate
    assert "99999999" not in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - Redshift's TIMESTAMP has no zone
def test_a_moment_written_by_a_format_is_read_by_it(shared, moment):
    form = text("YYYY-MM-DD HH24:MI:SS.US")
    written = value(shared, f"to_char('{moment.isoformat(' ')}'::timestamp, {form})")
    assert written == moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    assert value(shared, f"to_timestamp('{written}', {form})") == moment.replace(tzinfo=UTC)


@settings(max_examples=40, deadline=None)
@given(st.decimals(-99_999, 99_999, places=3))
def test_a_number_written_by_a_format_is_read_by_it(shared, number):
    rounded = number.quantize(Decimal("0.01"), ROUND_HALF_UP)
    written = value(shared, f"to_char({number}::decimal(12,3), 'FM99,999.00S')")
    assert (
        written
        == (f"{abs(rounded):,.2f}".removeprefix("0" if abs(rounded) < 1 else ""))
        + ("-" if rounded < 0 else "+")
        or number.is_zero()
    )
    assert value(shared, f"to_number('{written}', '99G999D00S')") == rounded


@settings(max_examples=40, deadline=None)
@given(st.dates(datetime(1900, 1, 1).date(), datetime(2100, 1, 1).date()), st.integers(-500, 500))  # noqa: DTZ001
def test_months_are_added_and_counted_alike(shared, day, months):
    later = value(shared, f"add_months(date '{day}', {months})").date()
    assert value(shared, f"datediff(month, date '{day}', date '{later}')") == months
    ends = (day + timedelta(1)).day == 1
    assert later.day == day.day or (later + timedelta(1)).day == 1
    assert not ends or (later + timedelta(1)).day == 1
    assert value(shared, f"months_between(date '{later}', date '{day}')") == pytest.approx(months, abs=1)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12))
def test_a_text_comes_through_quoting_and_positions(shared, words):
    literal = text(words)
    assert (
        value(shared, f"quote_literal({literal})")
        == "'" + words.replace("\\", "\\\\").replace("'", "''") + "'"
    )
    assert value(shared, f"octet_length({literal})") == len(words.encode())
    assert value(shared, f"regexp_count({literal}, '.', 1, 'c')") == sum(word != "\n" for word in words)
    assert value(shared, f"bpcharcmp({literal}, {literal})") == 0


@pytest.mark.parametrize(
    "window",
    [
        "count(*) OVER (PARTITION BY upper('a'))",
        "sum(len('ab')) OVER (PARTITION BY nvl(NULL, 1) ORDER BY abs(2) ROWS UNBOUNDED PRECEDING)",
        "nvl(row_number() OVER (ORDER BY last_day(current_date)), 0)",
    ],
)
def test_a_function_stands_within_a_window_and_around_one(shared, window):
    assert value(shared, window) in (1, 2)


@pytest.mark.parametrize("expression", ["upper('a') OVER ()", "ratio_to_report(1)"])
def test_a_function_has_over_only_where_it_is_a_window_function(shared, expression):
    with pytest.raises(SqlError) as caught:
        value(shared, expression)
    assert caught.value.sqlstate == "0A000"
