"""COPY: objects of a bucket become rows, by pyarrow, with no file or network access for SQL."""

import io
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from infra.local.warehouse.admin.statements import Copy
from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedColumn
from infra.local.warehouse.objects import ColumnDefinition, Table
from infra.local.warehouse.sql import json_text
from infra.local.warehouse.sql.sqltypes import SUPER, SqlType

_DEFAULT_NULL = r"\N"
_GZIP = 16 + zlib.MAX_WBITS
_MAX_INFLATED = 4 * 2**30
_AUTO_TIMES = (
    pa.csv.ISO8601,
    *("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"),
)
_TIMEFORMATS = {
    "YYYY-MM-DD HH:MI:SS": "%Y-%m-%d %H:%M:%S",
    "YYYY-MM-DD HH24:MI:SS": "%Y-%m-%d %H:%M:%S",
    "YYYY-MM-DDTHH:MI:SS": "%Y-%m-%dT%H:%M:%S",
    "MM/DD/YYYY HH24:MI:SS": "%m/%d/%Y %H:%M:%S",
    "DD/MM/YYYY HH24:MI:SS": "%d/%m/%Y %H:%M:%S",
}
_ARROW = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "bool": pa.bool_(),
    "varchar": pa.string(),
    "char": pa.string(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    SUPER: pa.string(),
}


class ObjectReader(Protocol):
    """Reads COPY's objects as a role, for a user: key and bytes of each whose key begins with the prefix."""

    def __call__(
        self, bucket: str, key_prefix: str, role: str | None, user: str
    ) -> Iterable[tuple[str, bytes]]: ...


class LoadFailed(SqlError):
    """COPY found rows that do not fit the table; nothing was loaded."""

    sqlstate = "XX000"

    def __init__(self, table: str) -> None:
        super().__init__(
            f"Load into table '{table}' failed. Check 'sys_load_error_detail' system table for details."
        )


def arrow_type(kind: SqlType) -> pa.DataType:
    """Arrow's type for values of the column type."""
    return pa.decimal128(kind.precision, kind.scale) if kind.name == "numeric" else _ARROW[kind.name]


def load(copy: Copy, table: Table, read_object: ObjectReader, *, user: str) -> pa.Table:
    """The rows of every object under COPY's prefix, in the order and types of the columns it fills."""
    columns = _columns(copy, table)
    parts = []
    for _, body in read_object(copy.bucket, copy.prefix, copy.role, user):
        try:
            content = _inflated(body) if copy.options.get("gzip") else body
            parts.append(_READERS[copy.format](content, columns, copy.options))
        except (pa.ArrowException, zlib.error, UnicodeDecodeError) as fault:
            raise LoadFailed(table.key.name) from fault
    if not parts:
        raise SqlError(f"The specified S3 prefix '{copy.prefix}' does not exist", "XX000")
    rows = _with_documents(pa.concat_tables(parts), columns, table.key.name)
    _check_lengths(rows, columns, copy.options, table.key.name)
    return rows


def _columns(copy: Copy, table: Table) -> list[ColumnDefinition]:
    if not copy.columns:
        return list(table.columns)
    found = []
    for name in copy.columns:
        column = table.column(name)
        if column is None:
            raise UndefinedColumn(f'column "{name}" of relation "{table.key.name}" does not exist')
        found.append(column)
    return found


def _inflated(body: bytes) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    content = stream.decompress(body, _MAX_INFLATED)
    if stream.unconsumed_tail or not stream.eof:
        raise zlib.error("not a whole gzip stream")
    return content


def _read_csv(body: bytes, columns: list[ColumnDefinition], options: Mapping[str, Any]) -> pa.Table:
    null = str(options.get("null", _DEFAULT_NULL))
    if str(options.get("encoding", "UTF8")).upper() not in ("UTF8", "UTF-8", "AUTO"):
        raise NotSupported("COPY with an ENCODING other than UTF8")
    rows = pa.csv.read_csv(
        io.BytesIO(body),
        read_options=pa.csv.ReadOptions(
            column_names=[column.name for column in columns], skip_rows=int(options.get("ignoreheader", 0))
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=str(options.get("delimiter", ",")),
            quote_char=str(options.get("quote", '"')),
            newlines_in_values=True,
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types={column.name: arrow_type(column.type) for column in columns},
            null_values=["", null],
            strings_can_be_null=False,
            true_values=["t", "true", "True", "TRUE", "T", "1", "y", "yes"],
            false_values=["f", "false", "False", "FALSE", "F", "0", "n", "no"],
            timestamp_parsers=_timestamp_parsers(str(options.get("timeformat", "auto"))),
        ),
    )
    return _with_nulls(
        rows, null, empty=bool(options.get("emptyasnull")), blank=bool(options.get("blanksasnull"))
    )


def _timestamp_parsers(text: str) -> list[Any]:
    if text.lower() == "auto":
        return list(_AUTO_TIMES)
    if text not in _TIMEFORMATS:
        raise NotSupported(f"TIMEFORMAT '{text[:40]}'")
    return [_TIMEFORMATS[text]]


def _with_nulls(rows: pa.Table, null: str, *, empty: bool, blank: bool) -> pa.Table:
    """Character columns keep '' apart from NULL, as Redshift's CSV does."""
    for position, field in enumerate(rows.schema):
        if not pa.types.is_string(field.type):
            continue
        values = rows.column(position)
        absent = pc.equal(values, null)
        if empty or blank:
            text = pc.utf8_trim_whitespace(values) if blank else values
            absent = pc.or_(absent, pc.equal(text, ""))
        rows = rows.set_column(position, field.name, pc.if_else(absent, None, values))
    return rows


def _read_parquet(body: bytes, columns: list[ColumnDefinition], _: Mapping[str, Any]) -> pa.Table:
    """Parquet's columns fill the table's by position, as Redshift's do."""
    rows = pa.parquet.ParquetFile(io.BytesIO(body)).read()
    if rows.num_columns != len(columns):
        raise SqlError("Unmatched number of columns between table and file", "XX000")
    rows = rows.rename_columns([column.name for column in columns])
    return rows.cast(pa.schema([pa.field(column.name, arrow_type(column.type)) for column in columns]))


def _with_documents(rows: pa.Table, columns: list[ColumnDefinition], table: str) -> pa.Table:
    """The texts of SUPER columns as the documents that they are."""
    for position, column in enumerate(columns):
        if column.type.name != SUPER:
            continue
        try:
            parsed = [json_text.parse(text or None) for text in rows.column(position).to_pylist()]
        except json_text.JsonFault as fault:
            if str(fault) == json_text.NO_JSON_NUMBER:
                raise NotSupported("COPY of a number that SUPER does not hold exactly") from None
            raise LoadFailed(table) from None
        rows = rows.set_column(position, column.name, pa.array(parsed, pa.string()))
    return rows


def _check_lengths(
    rows: pa.Table, columns: list[ColumnDefinition], options: Mapping[str, Any], table: str
) -> None:
    for column in columns:
        values = rows.column(column.name)
        longest = pc.max(pc.binary_length(values)).as_py() if column.type.is_text else None
        if longest is not None and longest > column.type.length:
            if options.get("truncatecolumns"):
                raise NotSupported("COPY TRUNCATECOLUMNS of a value that is too long")
            raise LoadFailed(table)
        if not column.nullable and values.null_count:
            raise LoadFailed(table)


_READERS = {"csv": _read_csv, "parquet": _read_parquet}
