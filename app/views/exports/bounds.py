"""How large an export may be, and how far it is."""

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from app.errors import ExportError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MOST_ROWS = 1_000_000
MOST_BYTES = 64 * 2**20  # one message to the browser, which keeps the file in memory
_AT_ONCE = 5_000  # rows

Tell = Callable[[float], object]
"""Told the share that is done, from 0 to 1."""


def quiet(_: float) -> None:
    """Tells nobody."""


class Bounded(io.BytesIO):
    """A file in memory that takes no more than an export may be, and says so when it is asked for."""

    refused = False

    def write(self, data: "ReadableBuffer", /) -> int:
        # Not refused here: the libraries do not close what they have begun when a write fails.
        size = memoryview(data).nbytes
        self.refused = self.refused or self.tell() + size > MOST_BYTES
        return size if self.refused else super().write(data)

    def whole(self) -> bytes:
        """What was written, unless it was too much."""
        self.check()
        return self.getvalue()

    def check(self) -> None:
        """Refuses as soon as it is known that this file will not do."""
        if self.refused:
            raise ExportError(
                f"The file would be larger than {MOST_BYTES // 2**20} MB.",
                "Narrow the filters, or take Parquet, which is smaller.",
                code="RL-502",
            )


def batches(columns: pa.Table, *, most: int, tell: Tell) -> Iterator[pa.RecordBatch]:
    """The rows a few thousand at a time, telling how far they are; refuses a table of more than `most`."""
    if columns.num_rows > most:
        raise ExportError(
            f"There are {columns.num_rows:,} rows; this kind of file takes {most:,}.",
            "Narrow the filters, or take CSV or Parquet." if most < MOST_ROWS else "Narrow the filters.",
            code="RL-501",
        )
    done = 0
    for batch in columns.to_batches(max_chunksize=_AT_ONCE):
        yield batch
        done += batch.num_rows
        tell(done / columns.num_rows if columns.num_rows else 1.0)
