"""ResultFormat=CSV: pages of text → one typed Arrow table."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import csv as arrow_csv

from app.redshift import columns

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.type_defs import (
        ColumnMetadataTypeDef,
        GetStatementResultV2ResponseTypeDef,
    )

_QUOTED = re.compile(r'"[^"]*"')
_QUOTED_OR_END = re.compile(r'"[^"]*"|\n')
_LEAST_BLOCK = 1 << 16


class CsvPages:
    """The pages of one CSV result, in the order in which they came."""

    def __init__(self) -> None:
        self._metadata: Sequence[ColumnMetadataTypeDef] = ()
        self._chunks: list[str] = []
        self._open = False
        self._ends = 0
        self.total = 0

    def add(self, page: "GetStatementResultV2ResponseTypeDef") -> None:
        """Takes the next page."""
        if not self._metadata:
            self._metadata = page.get("ColumnMetadata", [])
        self.total = max(self.total, page.get("TotalNumRows", 0))
        for record in page["Records"]:
            self._append(record.get("CSVRecords", ""))

    def _append(self, chunk: str) -> None:
        if not chunk:
            return
        if self._chunks and self._newline_is_missing(self._chunks[-1], chunk):
            self._chunks[-1] += "\n"
            self._ends += 1
        text = '"' + chunk if self._open else chunk
        outside = _QUOTED.sub("", text)
        if self._chunks and not self._ends:
            self._chunks[-1] += chunk  # the first record, whole: it may be the columns' names
        else:
            self._chunks.append(chunk)
        self._open = '"' in outside
        self._ends += outside.partition('"')[0].count("\n")

    def _newline_is_missing(self, before: str, after: str) -> bool:
        """Tells a page that ends without its last newline from one that ends within a record."""
        if self._open or before.endswith(("\n", "\r")):
            return False
        width = len(self._metadata)
        last = next(_records(before[_last_end(before) :]), [])
        first = next(_records(after), [])
        # With one column both readings are whole records; pages of whole records are what AWS documents.
        return len(last) == width and len(first) == width

    @property
    def rows(self) -> int:
        """The complete rows that have come so far."""
        return self._ends - self._starts_with_names()

    def _starts_with_names(self) -> bool:
        first = next(_records(self._chunks[0]), []) if self._chunks else []
        return bool(first) and first == columns.names(self._metadata)

    def table(self, most_rows: int) -> pa.Table:
        """The first rows, typed; raises pyarrow.ArrowInvalid for what is no CSV of these columns."""
        text = "".join(self._chunks)
        header = int(self._starts_with_names())
        # What stands behind the cap may be half a record.
        if self._ends >= most_rows + header:
            text = _cut(text, most_rows + header)
        table = self._parse(text, skip=header)
        # A single row of text that equals the names of its columns is told from a header by the count alone.
        if header and table.num_rows < min(self.total, most_rows):
            table = self._parse(text, skip=0)
        return table.slice(0, most_rows)

    def _parse(self, text: str, *, skip: int) -> pa.Table:
        names = columns.names(self._metadata)
        kinds = columns.types(self._metadata)
        places = [str(place) for place in range(len(names))]  # names may repeat, places do not
        schema = pa.schema(list(zip(places, kinds, strict=True)))
        if not text or not names:
            return schema.empty_table().rename_columns(names)
        # A byte-order mark of our own, or the reader takes one that begins the first value.
        data = b"\xef\xbb\xbf" + text.encode("utf-8", "replace")
        parsed = arrow_csv.read_csv(
            pa.BufferReader(data),
            # One block: a record must not straddle two.
            read_options=arrow_csv.ReadOptions(
                column_names=places,
                skip_rows=skip,
                block_size=max(len(data) + 1, _LEAST_BLOCK),
                use_threads=False,
            ),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(names) > 1),
            # NULL is an empty field without quotes, '' is one with quotes.
            convert_options=arrow_csv.ConvertOptions(
                column_types=schema,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t", "true", "True", "TRUE", "1"],
                false_values=["f", "false", "False", "FALSE", "0"],
            ),
        )
        return parsed.rename_columns(names)


def _records(text: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""))


def _last_end(text: str) -> int:
    """Where the last record of a page begins."""
    return max((match.end() for match in _QUOTED_OR_END.finditer(text) if match[0] == "\n"), default=0)


def _cut(text: str, records: int) -> str:
    """The first records of a text."""
    ends = (match.end() for match in _QUOTED_OR_END.finditer(text) if match[0] == "\n")
    return text[: next(end for count, end in enumerate(ends, start=1) if count == records)] if records else ""
