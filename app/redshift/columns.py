"""ColumnMetadata → the type that a column has here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.type_defs import ColumnMetadataTypeDef

_MICROSECONDS = "us"
_MOST_DIGITS = 38

# Both the catalogue's short names and SQL's long ones. SUPER, VARBYTE, GEOMETRY, TIME, INTERVAL and whatever
# Redshift learns later stay the text that it sends.
_TYPES = {
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "int2": pa.int16(),
    "smallint": pa.int16(),
    "int4": pa.int32(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "int8": pa.int64(),
    "bigint": pa.int64(),
    "oid": pa.int64(),
    "float4": pa.float32(),
    "real": pa.float32(),
    "float8": pa.float64(),
    "double precision": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp(_MICROSECONDS),
    "timestamp without time zone": pa.timestamp(_MICROSECONDS),
    "timestamptz": pa.timestamp(_MICROSECONDS, tz="UTC"),
    "timestamp with time zone": pa.timestamp(_MICROSECONDS, tz="UTC"),
}
_DECIMALS = {"numeric", "decimal"}


def names(metadata: Sequence["ColumnMetadataTypeDef"]) -> list[str]:
    """The columns' names as the person's SQL calls them."""
    return [column.get("label") or column.get("name") or "" for column in metadata]


def types(metadata: Sequence["ColumnMetadataTypeDef"]) -> list[pa.DataType]:
    """The columns' types, exact for what Redshift says is exact."""
    return [_type(column) for column in metadata]


def _type(column: "ColumnMetadataTypeDef") -> pa.DataType:
    type_name = column.get("typeName", "").lower()
    if type_name in _DECIMALS:
        precision = column.get("precision", 0)
        precision = precision if 1 <= precision <= _MOST_DIGITS else _MOST_DIGITS
        return pa.decimal128(precision, column.get("scale", 0))
    return _TYPES.get(type_name, pa.string())
