"""Both result formats give the same, exact, typed rows, however they are cut into pages."""

import datetime as dt
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import QueryFailed
from app.redshift.columns import Bounds
from app.redshift.data_api import DataApi
from app.redshift.query import Query
from app.redshift.warehouse import Warehouse
from tests.app.redshift.data_api import (
    FakeDataApi,
    column,
    csv_line,
    csv_pages,
    finished,
    header,
    json_pages,
)

API = FakeDataApi()
QUERY = Query("test", "SELECT 1")

METADATA = [
    column("name", "varchar"),
    column("price", "numeric", precision=18, scale=4),
    column("units", "int4"),
    column("ratio", "float8"),
    column("ok", "bool"),
    column("day", "date"),
    column("at", "timestamp"),
    column("at_utc", "timestamptz"),
    column("more", "super"),
]


def warehouse(*, result_format="csv", max_rows=10_000, max_bytes=1 << 26):
    path = DataApi(
        API.client,
        target={"WorkgroupName": "sales"},
        database="dev",
        bounds=Bounds(rows=max_rows, bytes=max_bytes),
        result_format=result_format,
    )
    return Warehouse(path, timeout_seconds=10)


def fetch_csv(metadata, chunks, *, total=None, **caps):
    API.handlers = {
        "ExecuteStatement": finished,
        "GetStatementResultV2": csv_pages(metadata, chunks, total=total),
    }
    return warehouse(**caps).fetch(QUERY)


def fetch_json(metadata, pages, **caps):
    API.handlers = {"ExecuteStatement": finished, "GetStatementResult": json_pages(metadata, pages)}
    return warehouse(result_format="json", **caps).fetch(QUERY)


def rows_of(table):
    """The rows as Python values; NULL is None."""
    columns = [
        [None if value is pd.NA or value is pd.NaT else value for value in table.frame.iloc[:, place]]
        for place in range(table.frame.shape[1])
    ]
    return list(zip(*columns, strict=True))


# Redshift keeps UTF-8 without NUL.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
awkward = st.sampled_from(
    ["", '"', '""', "a,b", "x\ny", "x\r\ny", "\r", "\n", "NULL", "nan", " ", "\ufeffa", "日本"]
)
moments = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1))  # noqa: DTZ001 - TIMESTAMP has no zone
records = st.tuples(
    st.none() | texts | awkward,
    st.none() | st.decimals(min_value=-(10**13), max_value=10**13, places=4),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.booleans(),
    st.none() | st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)),
    st.none() | moments,
    st.none() | moments.map(lambda moment: moment.replace(tzinfo=dt.UTC)),
    st.none() | st.just('{"a": [1, "x"]}'),
)


def as_text(value):
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        text = value.replace(tzinfo=None).isoformat(" ")
        return text + "+00" if value.tzinfo else text
    return None if value is None else str(value)


def as_field(value):
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    if isinstance(value, float) and abs(value) != float("inf"):
        return {"doubleValue": value}
    return {"stringValue": as_text(value)}


def cut(text, places):
    """The text in chunks, cut at fractions of its length."""
    cuts = sorted({int(place * len(text)) for place in places})
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(records, max_size=6), with_header=st.booleans(), cuts=st.lists(st.floats(0, 1), max_size=3)
)
def test_csv_gives_back_what_redshift_sent_wherever_pages_are_cut(rows, with_header, cuts):
    text = header(METADATA) if with_header else ""
    text += "".join(csv_line([as_text(value) for value in row]) for row in rows)
    table = fetch_csv(METADATA, cut(text, cuts), total=len(rows))
    assert rows_of(table) == rows
    assert not table.truncated


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(records, max_size=6), split=st.integers(0, 6))
def test_json_gives_the_same_answers_as_csv(rows, split):
    fields = [[as_field(value) for value in row] for row in rows]
    from_json = fetch_json(METADATA, [fields[:split], fields[split:]])
    text = "".join(csv_line([as_text(value) for value in row]) for row in rows)
    from_csv = fetch_csv(METADATA, [text], total=len(rows))
    assert rows_of(from_json) == rows_of(from_csv) == rows
    assert list(from_json.frame.dtypes) == list(from_csv.frame.dtypes)


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.none() | texts | awkward, max_size=8), max_rows=st.integers(1, 9))
def test_a_single_column_keeps_null_apart_from_empty_and_the_cap_is_exact(values, max_rows):
    metadata = [column("name", "varchar")]
    lines = [csv_line([value]) for value in values]
    table = fetch_csv(metadata, [header(metadata), *lines], total=len(values), max_rows=max_rows)
    assert [row[0] for row in rows_of(table)] == values[:max_rows]
    assert table.truncated == (len(values) > max_rows)


def test_decimals_are_exact_and_sum_exactly():
    lines = csv_line(["0.10"]) * 3 + csv_line(["99999999999999999999999999999999999.99"])
    table = fetch_csv([column("p", "numeric", precision=38, scale=2)], [lines])
    assert table.frame["p"].iloc[0] == Decimal("0.10")
    assert table.frame["p"].sum() == Decimal("100000000000000000000000000000000000.29")


def test_special_floats_are_not_null():
    table = fetch_csv([column("f", "float8")], ["NaN\r\nInfinity\r\n-Infinity\r\n\r\n"])
    values = table.frame["f"].array._pa_array.to_pylist()
    assert str(values) == "[nan, inf, -inf, None]"


def test_names_may_repeat():
    metadata = [column("a", "int4"), column("a", "varchar")]
    table = fetch_csv(metadata, [header(metadata) + "1,x\r\n"], total=1)
    assert list(table.frame.columns) == ["a", "a"]
    assert rows_of(table) == [(1, "x")]


def test_pages_without_their_last_newline_are_not_glued_together():
    metadata = [column("a", "varchar"), column("b", "int4")]
    table = fetch_csv(metadata, ["x,1", "y,2", "z,3"], total=3)
    assert rows_of(table) == [("x", 1), ("y", 2), ("z", 3)]


def test_a_page_may_end_within_a_number():
    metadata = [column("a", "varchar"), column("b", "int4")]
    table = fetch_csv(metadata, ["x,1", "23\ny,2\n"], total=2)
    assert rows_of(table) == [("x", 123), ("y", 2)]


@pytest.mark.parametrize("total", [1, 2])
def test_a_row_that_equals_the_columns_names_is_a_row_when_the_count_says_so(total):
    metadata = [column("a", "varchar"), column("b", "varchar")]
    table = fetch_csv(metadata, ["a,b\r\nx,y\r\n"], total=total)
    assert rows_of(table) == [("a", "b"), ("x", "y")][-total:]


def test_a_header_that_comes_on_a_page_of_its_own():
    metadata = [column("a", "varchar")]
    table = fetch_csv(metadata, ["a\r\n", "x\r\n"], total=1)
    assert rows_of(table) == [("x",)]


def test_a_capped_result_asks_for_no_page_that_it_does_not_need():
    API.calls.clear()
    table = fetch_csv([column("a", "int4")], ["1\r\n2\r\n", "3\r\n4\r\n", "5\r\n"], total=5, max_rows=3)
    assert rows_of(table) == [(1,), (2,), (3,)]
    assert table.truncated
    assert API.operations() == ["ExecuteStatement", "GetStatementResultV2", "GetStatementResultV2"]


@pytest.mark.parametrize("chunks", [['1,x\r\n2,"y', '"\r\n3,z\r\n'], ["1,x\r\n2", ",y\r\n3,z\r\n"]])
def test_a_cap_that_falls_within_a_page_cut_through_a_record(chunks):
    metadata = [column("a", "int4"), column("b", "varchar")]
    table = fetch_csv(metadata, chunks, max_rows=1)
    assert rows_of(table) == [(1, "x")]
    assert table.truncated


def test_line_ends_within_a_value_are_no_rows_wherever_its_page_ends():
    API.calls.clear()
    metadata = [column("a", "int4"), column("b", "varchar")]
    chunks = ['1,"a', "b,c\r\nd\r\n", '"\r\n2,e\r\n', "3,f\r\n"]
    table = fetch_csv(metadata, chunks, total=3, max_rows=2)
    assert rows_of(table) == [(1, "ab,c\r\nd\r\n"), (2, "e")]
    assert table.truncated
    assert API.operations().count("GetStatementResultV2") == 3


def test_fewer_rows_than_redshift_counted_are_no_answer_below_the_cap():
    with pytest.raises(QueryFailed) as caught:
        fetch_csv([column("a", "int4")], ["1\r\n2\r\n"], total=20, max_rows=10)
    assert caught.value.code == "RL-425"


def test_a_cap_before_a_last_row_without_its_newline_is_told():
    table = fetch_csv([column("a", "int4")], ["1\r\n2"], total=2, max_rows=1)
    assert rows_of(table) == [(1,)]
    assert table.truncated


def test_an_exactly_full_result_is_not_called_truncated():
    assert not fetch_csv([column("a", "int4")], ["1\r\n2\r\n"], total=2, max_rows=2).truncated


def test_json_is_capped_too():
    metadata = [column("a", "int4")]
    table = fetch_json(metadata, [[[{"longValue": 1}], [{"longValue": 2}]], [[{"longValue": 3}]]], max_rows=1)
    assert rows_of(table) == [(1,)]
    assert table.truncated


def test_what_redshift_may_learn_later_stays_text():
    metadata = [column("g", "geometry"), column("i", "interval day to second"), column("t", "time")]
    table = fetch_csv(metadata, ["0101,1 days,10:00:00.5\r\n"])
    assert rows_of(table) == [("0101", "1 days", "10:00:00.5")]


def test_a_column_that_had_to_be_text_has_its_type_in_the_next_result():
    metadata = [column("day", "date")]
    kinds = [fetch_csv(metadata, [f"{day}\r\n"]).columns.schema.types for day in ("infinity", "2026-01-31")]
    assert kinds == [[pa.string()], [pa.date32()]]


def test_no_rows_keep_their_types():
    table = fetch_csv(METADATA, [""], total=0)
    assert list(table.frame.columns) == [c["name"] for c in METADATA]
    assert "decimal128(18, 4)" in str(table.frame.dtypes["price"])
