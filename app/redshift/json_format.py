"""ResultFormat=JSON: pages of tagged values → typed Arrow columns, each page by itself."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from app.redshift.columns import TEXT, Bounds, Columns

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.type_defs import FieldTypeDef, GetStatementResultResponseTypeDef


class JsonPages:
    """The pages of one JSON result, in the order in which they come."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._columns = Columns((), bounds)
        self._total = 0

    @property
    def full(self) -> bool:
        """Whether no further page is needed."""
        return self._columns.full

    def leaves_room(self, page: "GetStatementResultResponseTypeDef") -> bool:
        """Whether the page after this one is surely needed; told at once, before this one is added."""
        return self._columns.leaves_room(rows=len(page["Records"]), size=0)

    def add(self, page: "GetStatementResultResponseTypeDef") -> None:
        """Takes the next page; raises pyarrow.ArrowInvalid for what does not fit these columns."""
        if not self._columns.names:
            self._columns = Columns(page.get("ColumnMetadata", []), self._bounds)
        self._total = max(self._total, page.get("TotalNumRows", 0))
        records = page["Records"]
        if self._columns.full:
            if records:
                self._columns.cut()
            return
        if len(records) > self._columns.rows_left:
            records = records[: self._columns.rows_left]
            self._columns.cut()
        kinds = self._columns.kinds
        arrays = [_array(records, place, kind) for place, kind in enumerate(kinds)]
        self._columns.add(pa.Table.from_arrays(arrays, names=[str(place) for place in range(len(kinds))]))

    def table(self, *, more: bool) -> tuple[pa.Table, bool]:
        """The rows within the bounds, and whether there were more; raises ValueError if some are missing."""
        return self._columns.table(total=self._total, more=more)


def _array(records: Sequence[Sequence["FieldTypeDef"]], place: int, kind: pa.DataType) -> pa.Array:
    values = [_value(record[place]) for record in records]
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return pa.array(values, kind)
    # As the CSV format would write them, so that both formats are typed by one rule.
    return pa.array([None if value is None else _text(value) for value in values], TEXT)


def _value(field: "FieldTypeDef") -> Any:
    ((tag, value),) = field.items()
    return None if tag == "isNull" else value


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
