"""ResultFormat=CSV: pages of text → typed Arrow columns, each page by itself."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import csv as arrow_csv

from app.redshift.columns import Bounds, Columns, Layout

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.type_defs import GetStatementResultV2ResponseTypeDef

_QUOTED_OR_END = re.compile(r'"[^"]*"|\n')
_MARK = "\ufeff".encode()
_LEAST_BLOCK = 1 << 16
_KEPT_OPTIONS = 64
# Where there is a choice: it gives back what a page took, where the default one kept 6 MB over 100,000 rows.
_POOL = (
    pa.jemalloc_memory_pool() if "jemalloc" in pa.supported_memory_backends() else pa.default_memory_pool()
)


class CsvPages:
    """The pages of one CSV result, in the order in which they come."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._columns = Columns((), bounds)
        self._begun = False
        self._header = b""
        self._half = ""  # the record that the last page began and did not end
        self._total = 0

    @property
    def full(self) -> bool:
        """Whether no further page is needed."""
        return self._columns.full

    def leaves_room(self, page: "GetStatementResultV2ResponseTypeDef") -> bool:
        """Whether the page after this one is surely needed; told at once, before this one is added."""
        texts = [record.get("CSVRecords", "") for record in page["Records"]]
        # A record has at least one line: there are no more rows than lines.
        rows = sum(text.count("\n") for text in texts) + 1
        return self._columns.leaves_room(rows=rows, size=sum(map(len, texts)))

    def add(self, page: "GetStatementResultV2ResponseTypeDef") -> None:
        """Takes the next page; raises pyarrow.ArrowInvalid for what is no CSV of these columns."""
        if not self._columns.names:
            self._columns = Columns(page.get("ColumnMetadata", []), self._bounds)
        self._total = max(self._total, page.get("TotalNumRows", 0))
        text = "".join(record.get("CSVRecords", "") for record in page["Records"])
        if self._half and text:
            between = "\n" if self._newline_is_missing(text) else ""
            text = f"{self._half}{between}{text}"
        elif not text:
            return
        end = _last_end(text)
        self._half = text[end:]
        self._take(text[:end])

    def table(self, *, more: bool) -> tuple[pa.Table, bool]:
        """The rows within the bounds, and whether there were more; raises ValueError if some are missing."""
        if self._half and not more:
            if self.full:
                self._columns.cut()
            else:
                self._take(self._half + "\n")
        # A single row of text that equals the names of its columns is told from a header by the count alone.
        if self._header and self._columns.rows < min(self._total, self._bounds.rows):
            self._columns.add(self._parsed(pa.py_buffer(self._header)), first=True)
        return self._columns.table(total=self._total, more=more)

    def _take(self, text: str) -> None:
        """Takes whole records, as many as there is room for."""
        if not text or not self._columns.names:
            return
        if self._columns.full:
            self._columns.cut()
            return
        skip = 0
        if not self._begun:
            self._begun = True
            skip = self._header_length(text)
        room = self._columns.rows_left + bool(skip)
        if text.count("\n") > room and (end := _end_of(text, room)) < len(text):
            text = text[:end]
            self._columns.cut()
        data = pa.py_buffer(text.encode("utf-8", "replace"))
        if skip:
            self._header = text[:skip].encode("utf-8", "replace")
            data = data.slice(len(self._header))
        if data.size:
            self._columns.add(self._parsed(data))

    def _header_length(self, text: str) -> int:
        first = text[: _end_of(text, 1)]
        return len(first) if next(_records(first), []) == self._columns.names else 0

    def _newline_is_missing(self, after: str) -> bool:
        """Tells a page that ends without its last newline from one that ends within a record."""
        if self._half.endswith("\r") or self._half.count('"') % 2:
            return False
        width = len(self._columns.names)
        last = next(_records(self._half), [])
        first = next(_records(after), [])
        # With one column both readings are whole records; pages of whole records are what AWS documents.
        return len(last) == width and len(first) == width

    def _parsed(self, data: pa.Buffer) -> pa.Table:
        layout = self._columns.layout
        try:
            return _read(data, layout)
        except pa.ArrowInvalid:
            if layout.without_days.kinds == layout.kinds:
                raise
        # Perhaps a day or a moment that Arrow does not know: which column has it, is seen one by one.
        return _read(data, layout.without_days)


def _read(data: pa.Buffer, layout: Layout) -> pa.Table:
    if data.size >= len(_MARK) and data.slice(0, len(_MARK)).to_pybytes() == _MARK:
        # A byte-order mark of our own, or the reader takes the one that begins the first value.
        data = pa.py_buffer(_MARK + data.to_pybytes())
    small = _small(layout)
    # One block: a record must not straddle two.
    how = small.read if data.size < _LEAST_BLOCK else _reading(layout, data.size + 1)
    # As a stream, which needs less to begin with than read_csv.
    reader = arrow_csv.open_csv(pa.BufferReader(data), how, small.parse, small.convert, _POOL)
    return reader.read_all()


@dataclass(frozen=True)
class _Options:
    """What the reader is told of a layout, for what fits into its least block."""

    read: arrow_csv.ReadOptions
    parse: arrow_csv.ParseOptions
    convert: arrow_csv.ConvertOptions


@lru_cache(_KEPT_OPTIONS)
def _small(layout: Layout) -> _Options:
    places = len(layout.kinds)
    return _Options(
        _reading(layout, _LEAST_BLOCK),
        arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=places > 1),
        # NULL is an empty field without quotes, '' is one with quotes.
        arrow_csv.ConvertOptions(
            column_types=layout.schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t", "true", "True", "TRUE", "1"],
            false_values=["f", "false", "False", "FALSE", "0"],
        ),
    )


def _reading(layout: Layout, block: int) -> arrow_csv.ReadOptions:
    return arrow_csv.ReadOptions(column_names=layout.schema.names, block_size=block, use_threads=False)


def _records(text: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""))


def _last_end(text: str) -> int:
    """Where the last whole record of a text ends, which begins with a record."""
    end = text.rfind("\n") + 1
    within = text.count('"', 0, end) % 2
    while within:  # that newline stands within a value
        before = text.rfind("\n", 0, end - 1) + 1
        within ^= text.count('"', before, end) % 2
        end = before
    return end


def _end_of(text: str, records: int) -> int:
    """Where so many records end; the text's end if it has fewer."""
    ends = (match.end() for match in _QUOTED_OR_END.finditer(text) if match[0] == "\n")
    return next((end for count, end in enumerate(ends, start=1) if count == records), len(text))
