"""Results of the Data API: a table of the warehouse as pages of JSON fields or of CSV."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infra.local.warehouse import Column, Result

# What {"stringValue": …} and its like add around a value.
FIELD_BYTES = 20

_SIGNED = {"int2", "int4", "int8", "float4", "float8", "numeric"}
_CHARACTER = {"varchar", "bpchar", "char", "text", "name"}


@dataclass(frozen=True)
class Limits:
    """How large a result may be, a row of it, and about how large each of its pages is."""

    result_bytes: int = 500 * 1024 * 1024
    row_bytes: int = 64 * 1024
    page_bytes: int = 1024 * 1024


AS_AWS = Limits()


class Failure(Exception):
    """What the Data API itself fails a statement with, as its Error says it."""


class ResultSet:
    """A finished result, kept to be read page by page in the format that its statement asked for.

    CSV is AWS's: rows end with CRLF and the first row of the first page has the names of the columns. NULL is
    an empty field, an empty string is "" in quotes: AWS does not say how it tells them apart.
    """

    def __init__(
        self,
        result: Result,
        *,
        result_format: str,
        csv_header: bool,
        limits: Limits,
        check: Callable[[], None],
    ) -> None:
        table = result.table
        if table is None:
            raise ValueError("A result set needs a table.")
        self._columns = result.columns
        self._page_bytes = limits.page_bytes
        texts = []
        for column in table.columns:
            check()  # a long result can be cancelled while it is converted, too
            texts.append(text(column))
        lines = _lines(texts, check)
        lengths = pc.binary_length(lines).to_numpy(zero_copy_only=False).astype(np.int64) + 2
        self.rows = table.num_rows
        self.size = int(lengths.sum())
        _check(lengths, self.size, limits)
        self._records: Callable[[int, int], list[Any]]
        if result_format == "CSV":
            header = [column.name for column in result.columns] if csv_header else None
            self._records = partial(_csv, lines, header)
            held = lines.nbytes
        else:
            lengths = lengths + FIELD_BYTES * len(self._columns)
            fields = _fields(table, texts)
            self._records = partial(_json, fields)
            held = sum(values.nbytes for _, values in fields)
        self._ends = np.cumsum(lengths)
        self.memory = int(held + self._ends.nbytes)

    @property
    def metadata(self) -> list[dict[str, Any]]:
        """ColumnMetadata."""
        return [column_metadata(column) for column in self._columns]

    def page(self, start: int) -> tuple[list[Any], int | None]:
        """The records from row `start` on, and the row at which the next page starts, None at the end."""
        before = int(self._ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(self._ends, before + self._page_bytes, side="right")), start + 1)
        stop = min(stop, self.rows)
        return self._records(start, stop), stop if stop < self.rows else None


def _check(lengths: "np.ndarray[Any, np.dtype[np.int64]]", size: int, limits: Limits) -> None:
    if size > limits.result_bytes:
        raise Failure("Database response exceeded size limit")
    if len(lengths) and int(lengths.max()) > limits.row_bytes:
        raise Failure(f"Packet for query is too large: a row is over {limits.row_bytes} bytes")


def _csv(lines: pa.ChunkedArray, header: list[str] | None, start: int, stop: int) -> list[dict[str, str]]:
    found = lines.slice(start, stop - start).to_pylist()
    if start == 0 and header is not None:
        found.insert(0, ",".join(_quoted(pa.chunked_array([header])).to_pylist()))
    return [{"CSVRecords": "".join(f"{line}\r\n" for line in found)}]


def _fields(table: pa.Table, texts: Sequence[pa.ChunkedArray]) -> list[tuple[str, pa.ChunkedArray]]:
    """Each column as the member of Field that it fills, with the values that go there."""
    members = [_member(column.type) for column in table.columns]
    return [
        (member, written if member == "stringValue" else column)
        for member, column, written in zip(members, table.columns, texts, strict=True)
    ]


def _json(fields: list[tuple[str, pa.ChunkedArray]], start: int, stop: int) -> list[list[dict[str, Any]]]:
    columns = [
        [
            {"isNull": True} if value is None else {member: value}
            for value in values.slice(start, stop - start).to_pylist()
        ]
        for member, values in fields
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _member(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "booleanValue"
    if pa.types.is_integer(kind):
        return "longValue"
    return "doubleValue" if pa.types.is_floating(kind) else "stringValue"


def column_metadata(column: Column) -> dict[str, Any]:
    """A column as ColumnMetadata tells it."""
    return {
        "name": column.name,
        "label": column.name,
        "typeName": column.type_name,
        # For characters AWS gives the column's length as its precision, and 0 as its length.
        "precision": column.length if column.type_name in _CHARACTER else column.precision,
        "scale": column.scale,
        "length": 0,
        "nullable": int(column.nullable),
        "schemaName": column.schema_name,
        "tableName": column.table_name,
        "isCaseSensitive": column.type_name in _CHARACTER,
        "isSigned": column.type_name in _SIGNED,
        "isCurrency": False,
    }


def text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values as Redshift writes them."""
    for matches, render in _RENDER:
        if matches(values.type):
            return render(values)
    return values.cast(pa.string())


def _timestamp(values: pa.ChunkedArray) -> pa.ChunkedArray:
    suffix = ""
    if values.type.tz is not None:
        values = values.cast(pa.timestamp(values.type.unit, "UTC")).cast(pa.timestamp(values.type.unit))
        suffix = "+00"
    return _join(_trimmed(values.cast(pa.string())), suffix)


def _trimmed(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without the zeros at the end of a fraction, and without a fraction of zeros."""
    shorter = pc.replace_substring_regex(values, r"(\.[0-9]*?)0+$", r"\1")
    return pc.replace_substring_regex(shorter, r"\.$", "")


def _floating(values: pa.ChunkedArray) -> pa.ChunkedArray:
    written = values.cast(pa.string())
    for arrow, redshift in (("nan", "NaN"), ("inf", "Infinity")):
        written = pc.replace_substring(written, arrow, redshift)
    return written


def _hexadecimal(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array(
        [[None if value is None else value.hex() for value in values.to_pylist()]], pa.string()
    )


def _decimal(values: pa.ChunkedArray) -> pa.ChunkedArray:
    written = values.cast(pa.string())
    # Arrow writes small numbers as 0E-8, Redshift never does.
    if not pc.any(pc.match_substring(written, "E")).as_py():
        return written
    plain = [None if value is None else format(value, "f") for value in values.to_pylist()]
    return pa.chunked_array([plain], pa.string())


def _fraction(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return _trimmed(values.cast(pa.string()))


_RENDER: Sequence[tuple[Callable[[pa.DataType], bool], Callable[[pa.ChunkedArray], pa.ChunkedArray]]] = (
    (pa.types.is_timestamp, _timestamp),
    (pa.types.is_time, _fraction),
    (pa.types.is_floating, _floating),
    (pa.types.is_decimal, _decimal),
    (pa.types.is_binary, _hexadecimal),
)


def _join(values: pa.ChunkedArray, suffix: str) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(values, suffix, "") if suffix else values


def _quoted(values: pa.ChunkedArray) -> pa.ChunkedArray:
    quote = pc.or_(pc.equal(values, ""), pc.match_substring_regex(values, '[",\r\n]'))
    doubled = pc.replace_substring(values, '"', '""')
    return pc.if_else(quote, pc.binary_join_element_wise('"', doubled, '"', ""), values)


def _lines(texts: Sequence[pa.ChunkedArray], check: Callable[[], None]) -> pa.ChunkedArray:
    """Each row as a line of CSV."""
    fields = []
    for values in texts:
        check()
        fields.append(pc.fill_null(_quoted(values), ""))
    return fields[0] if len(fields) == 1 else pc.binary_join_element_wise(*fields, ",")


def response(result: ResultSet, start: int, next_token: Callable[[int], str]) -> Mapping[str, Any]:
    """The members that both result operations answer with."""
    records, following = result.page(start)
    page = {"Records": records, "ColumnMetadata": result.metadata, "TotalNumRows": result.rows}
    if following is not None:
        page["NextToken"] = next_token(following)
    return page
