"""Excel: typed cells that are what was exported, and nothing that runs."""

import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from app.errors import ExportError
from app.views.exports import Stamp, as_excel, bounds, excel

STAMP = Stamp("Frank Amer", "Overview", (), datetime(2026, 11, 28, tzinfo=UTC), "3f2c9f1a")


def book(columns, stamp, **options):
    return openpyxl.load_workbook(io.BytesIO(as_excel(columns, stamp, **options)))


def values(columns, stamp):
    """The rows under the heading."""
    return [list(row) for row in book(columns, stamp)["Rows"].iter_rows(min_row=2, values_only=True)]


def test_rows_come_back_typed(rows, stamp):
    moment, day = datetime.fromisoformat("2026-11-28T19:14:33.120"), datetime.fromisoformat("2026-11-28")
    first, second, third, fourth = values(rows, stamp)
    assert first == ["São Paulo", 1243508.2, -46.6333, 1, 0.1, day, moment, moment, True]
    assert second == ["Łódź", -0.01, 0, str(2**62), 1e300, "1899-01-01", None, None, False]
    assert third == ["", "99999999999999999.99", None, None, None, None, moment, moment, None]
    assert fourth == [None, None, 180, -3, 0, datetime.fromisoformat("1900-03-01"), moment, moment, True]


DECIMALS = st.decimals(min_value=-(10**20), max_value=10**20, places=2, allow_nan=False)


@settings(max_examples=30)
@given(st.lists(st.none() | DECIMALS, min_size=1, max_size=20))
def test_money_is_exact(amounts):
    back = values(
        pa.table({"Sales": pa.array(amounts, pa.decimal128(38, 2)), "n": range(len(amounts))}), STAMP
    )
    read = [None if amount is None else Decimal(str(amount)).quantize(Decimal("0.01")) for amount, _ in back]
    assert read == amounts


@settings(max_examples=50)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=10))
def test_text_stays_text(texts):
    sheet = book(pa.table({"City": texts, "n": range(len(texts))}), STAMP)["Rows"]
    for cell, text in zip(sheet["A"][1:], texts, strict=True):
        assert cell.data_type == "s"
        assert cell.hyperlink is None
        assert unescape(cell.value) == text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", "{=1}", "'=1"]
)
def test_no_text_is_a_formula_even_once_it_is_edited(text, stamp):
    cell = book(pa.table({"City": [text]}), stamp)["Rows"]["A2"]
    assert cell.data_type == "s"
    assert unescape(cell.value) == text
    assert cell.quotePrefix or text == "{=1}"


def test_no_address_becomes_a_link_and_the_file_holds_no_formula(stamp):
    file = as_excel(pa.table({"City": ["https://example.com", "=HYPERLINK(1)", "mailto:a@b.c"]}), stamp)
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
        assert not [name for name in parts.namelist() if "rels" in name and "sheet1" in name]


def test_columns_say_what_they_are(rows, stamp):
    sheet = book(rows, stamp, currency="EUR")["Rows"]
    formats = {cell.value: sheet.cell(2, cell.column).number_format for cell in sheet[1]}
    assert formats["Sales"] == "[$EUR] #,##0.00"
    assert formats["Longitude"] == "#,##0.000000"
    assert formats["Orders"] == "#,##0"
    assert formats["Share"] == "0.0%"
    assert formats["First sold"] == "yyyy-mm-dd"
    assert formats["Seen (UTC)"] == "yyyy-mm-dd hh:mm:ss"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:I5"


def test_the_second_sheet_says_whose_it_is(rows, stamp, hostile_stamp):
    about = book(rows, stamp)["About"]
    said = dict(about.iter_rows(values_only=True))
    assert said["Rows visible to"] == "Frank Amer"
    assert said["Filters"] == "25 Aug to 23 Nov 2026; category Laptops"
    assert said["As of"] == "2026-11-28 19:14:33 UTC"
    assert said["Statement"] == stamp.statement_id
    hostile = book(rows, hostile_stamp)["About"]
    assert {cell.data_type for row in hostile.iter_rows() for cell in row} == {"s"}


def test_a_text_longer_than_a_cell_is_cut_and_shows_it(stamp):
    (cut,) = values(pa.table({"Note": ["x" * 40_000]}), stamp)[0]
    assert len(cut) == 32_767
    assert cut.endswith("x…")


@pytest.mark.parametrize("name", ["", "=1+1", "x" * 40_000, "\x00\ufffe"])
def test_any_heading_will_do(name, stamp):
    assert book(pa.table({name: [1]}), stamp)


@pytest.mark.parametrize("columns", [pa.table({}), pa.table({"City": pa.array([], pa.string())})])
def test_nothing_is_a_workbook_too(columns, stamp):
    assert book(columns, stamp)["About"]


def test_progress_and_bounds(stamp, monkeypatch):
    told = []
    as_excel(pa.table({"Number": range(12_000)}), stamp, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    with pytest.raises(ExportError) as refused:
        as_excel(pa.table({"Number": pa.nulls(excel.MOST_ROWS + 1)}), stamp)
    assert refused.value.code == "RL-501"
    monkeypatch.setattr(bounds, "MOST_BYTES", 5_000)
    with pytest.raises(ExportError) as refused:
        as_excel(pa.table({"Number": range(12_000)}), stamp)
    assert refused.value.code == "RL-502"


def test_plain_numbers_are_neither_money_nor_shares(stamp):
    columns = pa.table(
        {"id": [20261128], "ratio": [1234.5], "price": pa.array([Decimal("1.25")], pa.decimal128(10, 2))}
    )
    sheet = book(columns, stamp, currency="USD", plain=True)["Rows"]
    assert [cell.number_format for cell in sheet[2]] == ["0", "General", "0.00"]
    assert [cell.value for cell in sheet[2]] == [20261128, 1234.5, 1.25]
