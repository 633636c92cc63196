"""Rows as a workbook: typed columns on one sheet, the stamp on another, and nothing that Excel would run."""

import math
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow as pa

from app.views.exports.bounds import Bounded, Tell, batches, quiet
from app.views.exports.formulas import active
from app.views.exports.stamp import Stamp, one_line

MOST_ROWS = 250_000  # a quarter of what a sheet holds: some ten seconds
_LONGEST_CELL = 32_767
_WIDEST = 48  # characters
_LOOKED_AT = 200  # rows, for the width of a column
_EXACT_DIGITS = 15  # of an Excel number
_FIRST_DAY = date(1900, 3, 1)  # before it Excel's calendar is wrong
_NO_XML = dict.fromkeys((65534, 65535), "�")

Format = Callable[[pa.DataType], str]
Cell = Callable[[Any, int, int, Any], None]  # writes a value at a row and a column of a sheet


def as_excel(
    columns: pa.Table, stamp: Stamp, tell: Tell = quiet, *, currency: str = "", plain: bool = False
) -> bytes:
    """A workbook of the rows: DECIMAL of two places is money, and floating-point numbers are shares.

    Unless they are `plain`, and numbers mean nothing but themselves. A number of more digits than Excel keeps
    is written as text, and so is a date before its calendar.
    """
    import xlsxwriter  # noqa: PLC0415  # nobody needs it until somebody exports

    file = Bounded()
    # Rows wait there until the book is written; nothing of them may stay when it never is.
    with tempfile.TemporaryDirectory() as waiting:
        options = {"constant_memory": True, "tmpdir": waiting}
        with xlsxwriter.Workbook(file, options) as book:
            book.set_properties(
                {
                    "title": one_line(stamp.page),
                    "author": one_line(stamp.person),
                    "created": stamp.as_of.astimezone(UTC),
                }
            )
            _write_rows(book, columns, tell, partial(_number_format, currency=currency, plain=plain))
            _write_about(book, stamp)
    return file.whole()


def _write_rows(book: Any, columns: pa.Table, tell: Tell, number_format: Format) -> None:
    sheet = book.add_worksheet("Rows")
    cells = [_cell(book, field.type, number_format) for field in columns.schema]
    for place, width in enumerate(_widths(columns)):
        sheet.set_column(place, place, width)
    right, left = (book.add_format({"bold": True, "bottom": 1, "align": side}) for side in ("right", "left"))
    for place, field in enumerate(columns.schema):
        sheet.write_string(0, place, _text(_heading(field)), right if is_number(field.type) else left)
    sheet.freeze_panes(1, 0)
    row = 1
    for batch in batches(columns, most=MOST_ROWS, tell=tell):
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            for place, (cell, value) in enumerate(zip(cells, values, strict=True)):
                if value is not None:
                    cell(sheet, row, place, value)
            row += 1
    if columns.num_columns:
        sheet.autofilter(0, 0, row - 1, columns.num_columns - 1)


def _write_about(book: Any, stamp: Stamp) -> None:
    sheet = book.add_worksheet("About")
    bold, wrapped = book.add_format({"bold": True, "valign": "top"}), book.add_format({"text_wrap": True})
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 80)
    for row, (label, text) in enumerate(stamp.lines()):
        sheet.write_string(row, 0, label, bold)
        sheet.write_string(row, 1, text, wrapped)


def _heading(field: pa.Field) -> str:
    """Excel's times have no time zone, so the heading names it."""
    return f"{field.name} (UTC)" if pa.types.is_timestamp(field.type) and field.type.tz else field.name


def is_number(kind: pa.DataType) -> bool:
    return any(is_of(kind) for is_of in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal))


def _cell(book: Any, kind: pa.DataType, number_format: Format) -> Cell:
    """What writes the values of a column of this type."""
    text = _text_cell(book)
    if pa.types.is_boolean(kind):
        return lambda sheet, row, place, value: sheet.write_boolean(row, place, value)
    if is_number(kind):
        style = book.add_format({"num_format": number_format(kind)})
        return _or_text(
            _exact, lambda sheet, row, place, value: sheet.write_number(row, place, value, style), text
        )
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        style = book.add_format(
            {"num_format": "yyyy-mm-dd" + (" hh:mm:ss" if pa.types.is_timestamp(kind) else "")}
        )
        return _or_text(
            _in_calendar,
            lambda sheet, row, place, value: sheet.write_datetime(row, place, _naive(value), style),
            text,
        )
    return text


def _or_text(fits: Callable[[Any], bool], cell: Cell, text: Cell) -> Cell:
    return lambda sheet, row, place, value: (cell if fits(value) else text)(sheet, row, place, value)


def _text_cell(book: Any) -> Cell:
    # Excel runs text as a formula once its cell is edited, unless the cell says that it was typed as text.
    typed_as_text = book.add_format({"quote_prefix": True})

    def write(sheet: Any, row: int, place: int, value: object) -> None:
        text = _text(value)
        sheet.write_string(row, place, text, typed_as_text if active(text) else None)

    return write


def _text(value: object) -> str:
    text = str(value).translate(_NO_XML)
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def _exact(value: Decimal | float) -> bool:
    """Whether Excel, which keeps fifteen digits, keeps this number as it is."""
    if isinstance(value, float):
        return math.isfinite(value)
    return len(Decimal(value).normalize().as_tuple().digits) <= _EXACT_DIGITS


def _in_calendar(value: date | datetime) -> bool:
    return (value.date() if isinstance(value, datetime) else value) >= _FIRST_DAY


def _naive(value: date | datetime) -> date | datetime:
    return (
        value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
    )


def _number_format(kind: pa.DataType, *, currency: str, plain: bool) -> str:
    if pa.types.is_floating(kind):
        return "General" if plain else "0.0%"
    places = kind.scale if pa.types.is_decimal(kind) else 0
    digits = ("0" if plain else "#,##0") + ("." + "0" * min(places, 10) if places > 0 else "")
    return f"[${currency}] {digits}" if currency and not plain and is_money(kind) else digits


def is_money(kind: pa.DataType) -> bool:
    """Whether a column is money: the pages' money, and nothing else of theirs, is DECIMAL of two places."""
    return bool(pa.types.is_decimal(kind)) and kind.scale == 2  # noqa: PLR2004


def _widths(columns: pa.Table) -> list[int]:
    """Of each column, by its heading and its first rows."""
    first = columns.slice(0, _LOOKED_AT)
    longest = [
        max(
            [
                len(field.name) + 4,
                *(len(str(value)) + 6 * is_number(field.type) for value in first.column(place).to_pylist()),
            ]
        )
        for place, field in enumerate(columns.schema)
    ]
    return [min(length + 2, _WIDEST) for length in longest]
