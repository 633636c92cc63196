"""ColumnMetadata → the types that a result's columns have here, and those columns as its pages come."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.type_defs import ColumnMetadataTypeDef

_MICROSECONDS = "us"
_MOST_DIGITS = 38
TEXT = pa.string()

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
# A page's question has the same columns each time.
_KEPT_LAYOUTS = 64


@dataclass(frozen=True)
class Bounds:
    """How much of a result is read: so many rows, and so many bytes of columns."""

    rows: int
    bytes: int


@dataclass(frozen=True, eq=False)
class Layout:
    """The types of a result's columns, which go by their places: names may repeat, places do not."""

    kinds: tuple[pa.DataType, ...]

    @cached_property
    def schema(self) -> pa.Schema:
        return pa.schema([(str(place), kind) for place, kind in enumerate(self.kinds)])

    @cached_property
    def without_days(self) -> "Layout":
        """The same with text for days and moments."""
        return Layout(tuple(TEXT if pa.types.is_temporal(kind) else kind for kind in self.kinds))

    def with_text(self, at: int) -> "Layout":
        """The same with text in one place."""
        return Layout(tuple(TEXT if place == at else kind for place, kind in enumerate(self.kinds)))


class Columns:
    """A result's typed columns, up to its bounds.

    Redshift knows days and moments that Arrow does not: infinity, the years before 1 and after 9999. A column
    with such a value is text as a whole, as Redshift writes it.
    """

    def __init__(self, metadata: Sequence["ColumnMetadataTypeDef"], bounds: Bounds) -> None:
        self.names = [column.get("label") or column.get("name") or "" for column in metadata]
        self.layout = _layout(tuple(map(_declared, metadata)))
        self.rows = 0
        self._bounds = bounds
        self._size = 0
        self._cut = False
        self._pages: list[pa.Table] = []

    @property
    def kinds(self) -> tuple[pa.DataType, ...]:
        """The columns' types, by place."""
        return self.layout.kinds

    @property
    def full(self) -> bool:
        """Whether no more rows are taken."""
        return self._cut or self.rows >= self._bounds.rows or self._size >= self._bounds.bytes

    @property
    def rows_left(self) -> int:
        """How many rows may still come."""
        return self._bounds.rows - self.rows

    def leaves_room(self, *, rows: int, size: int) -> bool:
        """Whether more is surely needed after so many rows, whose text has so many bytes."""
        return rows < self.rows_left and self._size + size < self._bounds.bytes

    def add(self, page: pa.Table, *, first: bool = False) -> None:
        """Takes a page's columns, of their types or as text; raises pyarrow.ArrowInvalid for others."""
        page = self._typed(page)
        rows, size = page.num_rows, page.nbytes
        if self._size + size > self._bounds.bytes:
            rows = rows * (self._bounds.bytes - self._size) // size
            self._cut = True
        if rows > self.rows_left:
            rows = self.rows_left
            self._cut = True
        if rows < page.num_rows:
            page = page.slice(0, rows)
        self.rows += rows
        self._size += size
        self._pages.insert(0 if first else len(self._pages), page)

    def cut(self) -> None:
        """Notes that there was more than the bounds let through."""
        self._cut = True

    def table(self, *, total: int, more: bool) -> tuple[pa.Table, bool]:
        """The rows, and whether there were more; raises ValueError if rows of so many in all are missing."""
        # Where AWS counts the rows, that decides: a last page may be empty.
        truncated = self.full and (self.rows < total if total else self._cut or more)
        if total and self.rows != total and not truncated:
            raise ValueError("Rows are missing.")
        pages = self._pages or [self.layout.schema.empty_table()]
        return pa.concat_tables(pages).rename_columns(self.names), truncated

    def _typed(self, page: pa.Table) -> pa.Table:
        if page.schema.equals(self.layout.schema):
            return page
        typed = [self._fitting(place, column) for place, column in enumerate(page.columns)]
        return pa.Table.from_arrays(typed, schema=self.layout.schema)

    def _fitting(self, place: int, column: pa.ChunkedArray) -> pa.ChunkedArray:
        kind = self.kinds[place]
        if column.type == kind:
            return column
        try:
            return column.cast(kind)
        except pa.ArrowInvalid:
            if not pa.types.is_temporal(kind):
                raise
        self.layout = self.layout.with_text(place)
        field = self.layout.schema.field(place)
        self._pages = [page.set_column(place, field, _written(page.column(place))) for page in self._pages]
        return column


def _written(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Days and moments as Redshift writes them."""
    zone = "+00" if getattr(column.type, "tz", None) else ""
    text = column.cast(TEXT)
    if pa.types.is_date(column.type):
        return text
    text = pc.replace_substring_regex(text, r"\.?0*Z?$", "")
    return pc.binary_join_element_wise(text, zone, "") if zone else text


def _declared(column: "ColumnMetadataTypeDef") -> tuple[str, int, int]:
    return column.get("typeName", ""), column.get("precision", 0), column.get("scale", 0)


@lru_cache(_KEPT_LAYOUTS)
def _layout(declared: tuple[tuple[str, int, int], ...]) -> Layout:
    return Layout(tuple(_type(*column) for column in declared))


def _type(type_name: str, precision: int, scale: int) -> pa.DataType:
    type_name = type_name.lower()
    if type_name in _DECIMALS:
        return pa.decimal128(precision if 1 <= precision <= _MOST_DIGITS else _MOST_DIGITS, scale)
    return _TYPES.get(type_name, TEXT)
