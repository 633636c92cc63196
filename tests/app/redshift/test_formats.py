"""Whatever Redshift can say arrives as it was, in both formats and however it is cut into pages."""

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import QueryFailed
from tests.app.redshift.data_api import column, csv_line, header
from tests.app.redshift.test_results import cut, fetch_csv, fetch_json

# Redshift keeps UTF-8 without NUL.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12) | (
    st.sampled_from(
        ["", '"', '""', "a,b", "x\ny", "x\r\ny", "\r", "\n", "\\N", "NULL", "nan", " ", "\ufeffa"]
    )
)


@dataclass(frozen=True)
class Value:
    """A value as Redshift writes it, as a Field has it, and as it is to arrive."""

    text: str | None
    field: dict[str, Any]
    arrives: Any
    unknown: bool = False  # to Arrow


NULL = Value(None, {"isNull": True}, None)


def of_text(text, arrives=None, *, unknown=False):
    return Value(text, {"stringValue": text}, text if arrives is None else arrives, unknown)


def of_bool(value):
    return Value("t" if value else "f", {"booleanValue": value}, value)


def of_integer(value):
    return Value(str(value), {"longValue": value}, value)


def of_float(value):
    if math.isfinite(value):
        return Value(repr(value), {"doubleValue": value}, value)
    return of_text({"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)], value)


def of_date(value):
    return of_text(value.isoformat(), value)


def of_moment(value):
    """Without a fraction's last zeros, as Redshift writes it."""
    text = value.replace(tzinfo=None).isoformat(" ")
    text = text.rstrip("0") if "." in text else text
    return of_text(text + ("+00" if value.tzinfo else ""), value)


def unknown(*texts):
    return st.sampled_from([of_text(text, unknown=True) for text in texts])


def integers(bits):
    most = 2 ** (bits - 1)
    return (st.integers(-most, most - 1) | st.sampled_from([-most, most - 1])).map(of_integer)


def decimals(precision, scale):
    most = 10**precision - 1
    digits = st.integers(-most, most) | st.sampled_from([-most, most, 0])
    return digits.map(lambda each: _decimal(each, scale))


def _decimal(digits, scale):
    value = Decimal((digits < 0, tuple(map(int, str(abs(digits)))), -scale))
    return of_text(format(value, "f"), value)


MOMENTS = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999))  # noqa: DTZ001 - a TIMESTAMP has no zone
KINDS = {
    "varchar": (column("", "varchar"), TEXTS.map(of_text)),
    "super": (column("", "super"), st.sampled_from(['{"a": [1, "x"]}', '"t\\n"', "null", "[]"]).map(of_text)),
    "time": (column("", "time"), st.sampled_from(["00:00:00", "23:59:59.999999"]).map(of_text)),
    "bool": (column("", "bool"), st.booleans().map(of_bool)),
    "int2": (column("", "int2"), integers(16)),
    "int4": (column("", "int4"), integers(32)),
    "int8": (column("", "int8"), integers(64)),
    "float8": (column("", "float8"), st.floats(allow_nan=False).map(of_float)),
    "money": (column("", "numeric", precision=18, scale=4), decimals(18, 4)),
    "longest": (column("", "numeric", precision=38, scale=0), decimals(38, 0)),
    "finest": (column("", "numeric", precision=38, scale=37), decimals(38, 37)),
    "date": (
        column("", "date"),
        st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)).map(of_date)
        | unknown("infinity", "-infinity", "0044-03-15 BC", "4713-01-01 BC", "10000-01-01", "294276-12-31"),
    ),
    "timestamp": (
        column("", "timestamp"),
        MOMENTS.map(of_moment)
        | unknown("infinity", "-infinity", "0044-03-15 12:00:00 BC", "294276-12-31 23:59:59.5"),
    ),
    "timestamptz": (
        column("", "timestamptz"),
        MOMENTS.map(lambda moment: of_moment(moment.replace(tzinfo=dt.UTC)))
        | unknown("infinity", "-infinity", "0044-03-15 12:00:00+00 BC", "10000-01-01 00:00:00+00"),
    ),
}
NAMES = st.sampled_from(["a", "a", "sum", "Größe", 'say "a"', "a,b", "x\ny"])


@st.composite
def results(draw):
    """Columns with names that may repeat, and rows of them."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5))
    metadata = [{**KINDS[kind][0], "name": (name := draw(NAMES)), "label": name} for kind in kinds]
    row = st.tuples(*(st.just(NULL) | KINDS[kind][1] for kind in kinds))
    return metadata, draw(st.lists(row, max_size=8))


def truth(metadata, rows):
    """What is to arrive: a column with a day or a moment that Arrow does not know is text as a whole."""
    columns = []
    for place in range(len(metadata)):
        values = [row[place] for row in rows]
        as_text = any(value.unknown for value in values)
        columns.append([value.text if as_text else value.arrives for value in values])
    return columns


def arrived(table):
    return [column.to_pylist() for column in table.columns.columns]


@settings(max_examples=200, deadline=None)
@given(result=results(), with_header=st.booleans(), cuts=st.lists(st.floats(0, 1), max_size=4))
def test_csv_gives_what_redshift_said_wherever_its_pages_are_cut(result, with_header, cuts):
    metadata, rows = result
    lines = [csv_line([value.text for value in row]) for row in rows]
    if len(metadata) > 1:
        chunks = cut((header(metadata) if with_header else "") + "".join(lines), cuts)
    else:  # of one column, pages are whole records
        chunks = [header(metadata), *lines] if with_header else lines or [""]
    table = fetch_csv(metadata, chunks, total=len(rows))
    assert arrived(table) == truth(metadata, rows)
    assert table.columns.column_names == [each["name"] for each in metadata]
    assert not table.truncated


@settings(max_examples=150, deadline=None)
@given(result=results(), cuts=st.lists(st.integers(0, 8), max_size=3))
def test_json_gives_the_same_answers_of_the_same_types(result, cuts):
    metadata, rows = result
    fields = [[value.field for value in row] for row in rows]
    places = sorted({min(place, len(rows)) for place in cuts})
    pages = [fields[a:b] for a, b in zip([0, *places], [*places, len(rows)], strict=True)]
    from_json = fetch_json(metadata, pages)
    text = "".join(csv_line([value.text for value in row]) for row in rows)
    from_csv = fetch_csv(metadata, [text], total=len(rows))
    assert arrived(from_json) == truth(metadata, rows)
    assert from_json.columns.equals(from_csv.columns)
    assert not from_json.truncated


@settings(max_examples=150, deadline=None)
@given(
    result=results(),
    cuts=st.lists(st.floats(0, 1), max_size=4),
    max_rows=st.integers(1, 9),
    max_bytes=st.integers(1, 400),
)
def test_a_cap_cuts_between_rows_and_is_told(result, cuts, max_rows, max_bytes):
    metadata, rows = result
    metadata = [column("first", "int4"), *metadata]
    rows = [(of_integer(number), *row) for number, row in enumerate(rows)]
    text = "".join(csv_line([value.text for value in row]) for row in rows)
    fields = [[value.field for value in row] for row in rows]
    caps = {"max_rows": max_rows, "max_bytes": max_bytes}
    for table in (
        fetch_csv(metadata, cut(text, cuts), total=len(rows), **caps),
        fetch_json(metadata, [fields], **caps),
    ):
        got = table.columns.num_rows
        assert got <= max_rows
        assert table.columns["first"].to_pylist() == list(range(got))
        assert table.truncated == (got < len(rows))
        if not table.truncated:
            assert arrived(table) == truth(metadata, rows)


@pytest.mark.parametrize("fetch", [lambda m: fetch_csv(m, [""], total=0), lambda m: fetch_json(m, [[]])])
@pytest.mark.parametrize("metadata", [[], [column("a", "int4"), column("a", "timestamptz")]])
def test_no_rows_and_no_columns_are_a_table_too(metadata, fetch):
    table = fetch(metadata)
    assert table.columns.num_rows == 0
    assert table.columns.column_names == [each["name"] for each in metadata]
    assert list(table.frame.columns) == [each["name"] for each in metadata]


def test_values_that_came_before_the_first_unknown_one_are_written_as_redshift_writes_them():
    metadata = [column("at", "timestamptz"), column("day", "date")]
    chunks = [
        "2024-01-02 03:04:05.25+00,2024-01-02\r\n2024-01-02 00:00:00+00,\r\n",
        "infinity,2024-01-03\r\n",
    ]
    table = fetch_csv(metadata, chunks, total=3)
    at, day = arrived(table)
    assert at == ["2024-01-02 03:04:05.25+00", "2024-01-02 00:00:00+00", "infinity"]
    assert day == [dt.date(2024, 1, 2), None, dt.date(2024, 1, 3)]


@pytest.mark.parametrize(
    ("type_name", "text"), [("int4", "3000000000"), ("numeric", "1e400"), ("bool", "maybe"), ("float8", "x")]
)
def test_a_value_that_is_none_of_its_type_is_no_answer(type_name, text):
    with pytest.raises(QueryFailed) as caught:
        fetch_csv([column("a", type_name, precision=38)], [f"{text}\r\n"], total=1)
    assert (caught.value.code, caught.value.cause) == ("RL-425", "ArrowInvalid")
