"""A page as a PDF: its figures, its charts as vectors, the first rows of its tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from app.views.exports.excel import is_money, is_number
from app.views.exports.pictures import NARROW, WIDE, Chart, drawable
from app.views.exports.pressing import cleaned, press
from app.views.exports.stamp import Stamp, one_line
from app.views.formats import Marks, count, money, percent

_MOST_ROWS = 20  # of a table: a document is read, not computed with
_MOST_COLUMNS = 8
_LONGEST_TEXT = 60
_MOST_CHARTS = 12
_LARGEST = 10**18  # formats are for figures that somebody may sell


@dataclass(frozen=True)
class Metric:
    """A figure of a page as people read it, and what is said under it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Sheet:
    """What a page shows."""

    metrics: tuple[Metric, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[tuple[str, pa.Table], ...] = ()


def page_pdf(page: Sheet, stamp: Stamp, *, marks: Marks) -> bytes:
    """The page on A4, its stamp at the foot of every sheet and in the document's properties."""
    charts = page.charts[:_MOST_CHARTS]
    rows = list(_rows(charts))
    widths = {place: WIDE if len(row) == 1 else NARROW for row in rows for place in row}
    sheet = cleaned(
        {
            "title": stamp.page,
            "person": stamp.person,
            "about": [
                f"Rows that Redshift lets {one_line(stamp.person)} see",
                one_line("; ".join(one_line(each, _LONGEST_TEXT) for each in stamp.filters)),
                f"As of {stamp.moment}",
            ],
            "metrics": [vars(metric) for metric in page.metrics],
            "charts": [[{"place": place, "title": charts[place].title} for place in row] for row in rows],
            "tables": [
                _table(title, columns, marks) for title, columns in page.tables if columns.num_columns
            ],
        }
    )
    return press(
        "sheet.typ", sheet, [drawable(chart, widths[place]) for place, chart in enumerate(charts)], stamp
    )


def metrics(columns: pa.Table, marks: Marks) -> list[Metric]:
    """The figures of a table of one row, each under its heading."""
    return [
        Metric(field.name, _said(columns.column(place)[0].as_py(), field.type, marks))
        for place, field in enumerate(columns.schema)
    ]


def _rows(charts: Sequence[Chart]) -> Iterator[list[int]]:
    """Which charts stand beside each other: two that are not wide, if they follow each other."""
    waiting: list[int] = []
    for place, chart in enumerate(charts):
        if chart.wide and waiting:
            yield waiting
            waiting = []
        waiting.append(place)
        if chart.wide or len(waiting) == 2:  # noqa: PLR2004
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _table(title: str, columns: pa.Table, marks: Marks) -> dict[str, Any]:
    shown = columns.slice(0, _MOST_ROWS).select(range(min(columns.num_columns, _MOST_COLUMNS)))
    kinds = [field.type for field in shown.schema]
    lists = [
        [_said(value, kind, marks) for value in column.to_pylist()]
        for column, kind in zip(shown.columns, kinds, strict=True)
    ]
    return {
        "title": title,
        "columns": [{"title": field.name, "figure": is_number(field.type)} for field in shown.schema],
        "rows": list(zip(*lists, strict=True)),
        "note": _note(columns, marks),
    }


def _note(columns: pa.Table, marks: Marks) -> str:
    """What of the table is not in the document."""
    less = [
        f"The first {count(most, marks)} of {count(all_, marks)} {what}."
        for most, all_, what in (
            (_MOST_ROWS, columns.num_rows, "rows"),
            (_MOST_COLUMNS, columns.num_columns, "columns"),
        )
        if all_ > most
    ]
    return " ".join([*less, "CSV, Excel and Parquet have all."]) if less else ""


def _said(value: Any, kind: pa.DataType, marks: Marks) -> str:
    if value is None:
        return "-"
    if is_number(kind):
        return _figure(value, kind, marks) if abs(value) < _LARGEST else str(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if value.tzinfo else f"{value:%Y-%m-%d %H:%M}"
    return one_line(str(value), longest=_LONGEST_TEXT)


def _figure(value: Decimal | float, kind: pa.DataType, marks: Marks) -> str:
    """A number as the pages write it: what is money and what are shares, a workbook tells the same way."""
    exact = Decimal(str(value))
    if is_money(kind):
        return money(exact, marks)
    return percent(exact, marks) if pa.types.is_floating(kind) else count(exact, marks)
