"""Rows as CSV and as Parquet, each with its stamp."""

import codecs
from collections.abc import Callable

import pyarrow as pa
from pyarrow import csv

from app.views.exports.bounds import MOST_ROWS, Bounded, Tell, batches, quiet
from app.views.exports.formulas import inert, inert_remark
from app.views.exports.stamp import Stamp

_REMARK = "Text that a spreadsheet would run as a formula has an apostrophe before it"


def as_csv(columns: pa.Table, stamp: Stamp, tell: Tell = quiet) -> bytes:
    """UTF-8 with a BOM, without which Excel guesses another encoding; lines of `#` first say whose it is.

    Numbers are exact, with a point and no thousands; NULL is nothing, and '' is "".
    """
    plain = [_plain(field.type) for field in columns.schema]
    names = [inert(pa.array([name]))[0].as_py() for name in columns.column_names]
    file = Bounded()
    file.write(codecs.BOM_UTF8 + _remarks(stamp).encode())
    schema = pa.schema(
        [
            (name, turn(pa.array([], field.type)).type)
            for name, turn, field in zip(names, plain, columns.schema, strict=True)
        ]
    )
    with csv.CSVWriter(file, schema) as writer:
        for batch in batches(columns, most=MOST_ROWS, tell=tell):
            turned = [turn(column) for turn, column in zip(plain, batch.columns, strict=True)]
            writer.write_batch(pa.record_batch(turned, schema=schema))
            file.check()
    return file.whole()


def as_parquet(columns: pa.Table, stamp: Stamp, tell: Tell = quiet) -> bytes:
    """The columns with their types, and the stamp in the schema's metadata, as `rowlight.page` and so on."""
    from pyarrow import parquet  # noqa: PLC0415  # nobody needs it until somebody exports

    about = {f"rowlight.{name}": text for name, text in stamp.facts().items()}
    schema = columns.schema.with_metadata(about)
    file = Bounded()
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches(columns, most=MOST_ROWS, tell=tell):
            writer.write_batch(batch.replace_schema_metadata(about))
            file.check()
    return file.whole()


def _remarks(stamp: Stamp) -> str:
    said = [*(f"{label}: {text}" for label, text in stamp.lines()), _REMARK]
    return "".join(f"# {inert_remark(line)}\n" for line in said)


def _plain(kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    """What turns a column of this type into one that CSV can hold without loss."""
    if pa.types.is_boolean(kind) or pa.types.is_primitive(kind) or pa.types.is_decimal128(kind):
        return lambda column: column
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return lambda column: inert(column.cast(pa.string()))
    return _spelt


def _spelt(column: pa.Array) -> pa.Array:
    spelt = [None if value is None else str(value) for value in column.to_pylist()]
    return inert(pa.array(spelt, pa.string()))
