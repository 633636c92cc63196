"""ResultFormat=JSON: pages of tagged values → one typed Arrow table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from app.redshift import columns

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.type_defs import (
        ColumnMetadataTypeDef,
        FieldTypeDef,
        GetStatementResultResponseTypeDef,
    )


class JsonPages:
    """The pages of one JSON result, in the order in which they came."""

    def __init__(self) -> None:
        self._metadata: Sequence[ColumnMetadataTypeDef] = ()
        self._records: list[Sequence[FieldTypeDef]] = []
        self.total = 0

    def add(self, page: "GetStatementResultResponseTypeDef") -> None:
        """Takes the next page."""
        if not self._metadata:
            self._metadata = page.get("ColumnMetadata", [])
        self.total = max(self.total, page.get("TotalNumRows", 0))
        self._records.extend(page["Records"])

    @property
    def rows(self) -> int:
        """The rows that have come so far."""
        return len(self._records)

    def table(self, most_rows: int) -> pa.Table:
        """The first rows, typed; raises pyarrow.ArrowInvalid for what does not fit these columns."""
        records = self._records[:most_rows]
        arrays = [
            pa.array([_text(record[place]) for record in records], pa.string()).cast(kind)
            for place, kind in enumerate(columns.types(self._metadata))
        ]
        return pa.Table.from_arrays(arrays, names=columns.names(self._metadata))


def _text(field: "FieldTypeDef") -> str | None:
    """A value as the CSV format would write it, so that both formats are typed by one rule."""
    tagged: dict[str, Any] = dict(field)
    if tagged.get("isNull"):
        return None
    ((_, value),) = ((tag, value) for tag, value in tagged.items() if tag != "isNull")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
