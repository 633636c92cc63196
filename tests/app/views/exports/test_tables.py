"""CSV and Parquet: what was exported is read back as it was."""

import csv
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from app.errors import ExportError
from app.views.exports import as_csv, as_parquet, bounds
from app.views.exports.formulas import inert
from tests.app.views.exports import spreadsheet

TEXTS = st.text(st.sampled_from("=+-@'\t\r\n;,\"# \uff1dab\u00a0"), max_size=12) | st.text(max_size=12)


def body(file):
    """The lines after the stamp's, which begin with #."""
    text = file.removeprefix(b"\xef\xbb\xbf").decode()
    while text.startswith("#"):
        text = text.partition("\n")[2]
    return text


def test_csv_gives_the_same_rows_of_the_same_types(rows, stamp):
    schema = rows.schema
    back = arrow_csv.read_csv(
        io.BytesIO(body(as_csv(rows, stamp)).encode()),
        convert_options=arrow_csv.ConvertOptions(
            column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )
    assert back.equals(rows)


def test_csv_writes_numbers_exactly(stamp):
    rows = pa.table({"Sales": pa.array([Decimal("-1234567890123456789.10")], pa.decimal128(38, 2))})
    assert "-1234567890123456789.10\n" in body(as_csv(rows, stamp))


def test_csv_says_whose_it_is_and_excel_reads_its_letters(rows, stamp):
    file = as_csv(rows, stamp)
    assert file.startswith(b"\xef\xbb\xbf# ")
    remarks = [line for line in file.decode().splitlines() if line.startswith("# ")]
    for part in (stamp.person, *stamp.filters, "2026-11-28 19:14:33 UTC", stamp.statement_id):
        assert any(part in line for line in remarks)


@given(st.lists(TEXTS, max_size=4))
def test_inert_text_can_be_told_from_what_it_was(texts):
    assert spreadsheet.as_it_was(inert(pa.array(texts, pa.string())).to_pylist()) == texts


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_no_cell_of_a_csv_runs_wherever_columns_are_parted(texts):
    written = inert(pa.array(texts, pa.string())).to_pylist()
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(written)
    assert not any(spreadsheet.runs(text) or text.startswith(("\t", "\r")) for text in written)
    assert not any(map(spreadsheet.runs, spreadsheet.cells(line.getvalue(), ";")))


def test_a_stamp_of_hostile_names_stays_remarks(rows, hostile_stamp):
    text = as_csv(rows, hostile_stamp).decode("utf-8-sig")
    assert body(as_csv(rows, hostile_stamp)).startswith('"City","Sales"')
    for separator in ",;\t":
        remarks = "".join(line + "\n" for line in text.splitlines() if line.startswith("#"))
        assert not any(map(spreadsheet.runs, spreadsheet.cells(remarks, separator)))


def test_a_heading_does_not_run_either(stamp):
    rows = pa.table({"=1+1": pa.array(["x"]), "=1+2": pa.array([1])})
    assert body(as_csv(rows, stamp)).splitlines()[0] == '"\'=1+1","\'=1+2"'


def test_values_of_other_types_are_spelt(stamp):
    rows = pa.table({"Bytes": pa.array([b"=1", None]), "List": pa.array([[1], []])})
    assert body(as_csv(rows, stamp)).splitlines()[1:] == ['"b\'=1\'","[1]"', ',"[]"']


def test_parquet_gives_the_same_rows_and_the_stamp(rows, stamp):
    back = parquet.read_table(io.BytesIO(as_parquet(rows, stamp)))
    assert back.replace_schema_metadata().equals(rows)
    about = {name.decode(): text.decode() for name, text in back.schema.metadata.items()}
    assert about["rowlight.person"] == "Frank Amer"
    assert about["rowlight.statement_id"] == stamp.statement_id
    assert about["rowlight.as_of"] == "2026-11-28T19:14:33+00:00"
    assert about["rowlight.filters"] == "25 Aug to 23 Nov 2026; category Laptops"


@pytest.mark.parametrize("write", [as_csv, as_parquet])
def test_a_table_without_rows_is_a_file(write, rows, stamp):
    assert write(rows.slice(0, 0), stamp)


@pytest.mark.parametrize("write", [as_csv, as_parquet])
def test_progress_goes_from_nothing_to_all(write, stamp):
    told = []
    rows = pa.table({"Number": pa.array(range(12_000))})
    write(rows, stamp, told.append)
    assert told == sorted(told)
    assert len(told) > 2
    assert told[-1] == 1.0


@pytest.mark.parametrize("write", [as_csv, as_parquet])
def test_more_rows_than_a_file_takes_are_refused(write, stamp, monkeypatch):
    rows = pa.table({"Number": pa.nulls(bounds.MOST_ROWS + 1)})
    with pytest.raises(ExportError) as refused:
        write(rows, stamp)
    assert refused.value.code == "RL-501"


@pytest.mark.parametrize("write", [as_csv, as_parquet])
def test_a_file_that_grows_too_large_is_refused(write, stamp, monkeypatch):
    monkeypatch.setattr(bounds, "MOST_BYTES", 100_000)
    numbers = pc.random(50_000)
    with pytest.raises(ExportError) as refused:
        write(pa.table({"Number": numbers}), stamp)
    assert refused.value.code == "RL-502"
