"""What a statement gives: rows, and each column as Redshift's metadata describes it."""

from contextlib import closing
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from infra.local.warehouse.access.outputs import Output
from infra.local.warehouse.access.rewrite import Compiled
from infra.local.warehouse.admin.loader import arrow_type
from infra.local.warehouse.database import translated_reading
from infra.local.warehouse.errors import SqlError
from infra.local.warehouse.sql.sqltypes import SqlType, from_duckdb

_BATCH_ROWS = 2_048  # of the longest texts 128 MB: a batch is in memory before its size is known
MAX_RESULT_BYTES = 500_000_000


@dataclass(frozen=True)
class Column:
    """A result's column; `table_name` is empty for an expression."""

    name: str
    type_name: str
    precision: int
    scale: int
    length: int
    nullable: bool
    schema_name: str
    table_name: str


@dataclass(frozen=True)
class Result:
    """A statement's outcome; `table` is None when it is not a query."""

    columns: tuple[Column, ...]
    table: pa.Table | None
    affected_rows: int
    has_result_set: bool


def done(rows: int) -> Result:
    """The outcome of a statement that returns no rows."""
    return Result((), None, rows, has_result_set=False)


def fetch(session: duckdb.DuckDBPyConnection, sql: str) -> tuple[pa.Table, list[str]]:
    """The query's rows and DuckDB's types of them; SqlError when they are more than the Data API returns."""
    # Closed whatever happens: a session with an open result takes no ROLLBACK.
    with (
        translated_reading(),
        closing(session.sql(sql)) as query,
        query.to_arrow_reader(_BATCH_ROWS) as reader,
    ):
        batches, size = [], 0
        for batch in reader:
            size += batch.nbytes
            if size > MAX_RESULT_BYTES:
                raise SqlError(f"the result is larger than {MAX_RESULT_BYTES} bytes", "54000")
            batches.append(batch)
        return pa.Table.from_batches(batches, schema=reader.schema), [str(kind) for kind in query.types]


def result_of(compiled: Compiled, table: pa.Table, kinds: list[str]) -> Result:
    """The outcome of a query, under Redshift's names and types."""
    types = [from_duckdb(kind) for kind in kinds]
    columns = tuple(_column(output, kind) for output, kind in zip(compiled.outputs, types, strict=True))
    arrays = [
        array.cast(arrow_type(kind)) if array.type != arrow_type(kind) else array
        for array, kind in zip(table.columns, types, strict=True)
    ]
    named = pa.Table.from_arrays(arrays, names=[column.name for column in columns])
    return Result(columns, named, table.num_rows, has_result_set=True)


def _column(output: Output, kind: SqlType) -> Column:
    origin = output.origin
    if origin is None:
        return Column(
            output.name, kind.name, kind.precision, kind.scale, kind.length,
            nullable=True, schema_name="", table_name="",
        )  # fmt: skip
    declared = origin.column.type
    return Column(
        output.name, declared.name, declared.precision, declared.scale, declared.length,
        nullable=origin.column.nullable,
        schema_name=origin.table.schema, table_name=origin.table.name,
    )  # fmt: skip
