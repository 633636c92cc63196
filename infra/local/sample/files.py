"""The sample as files that COPY reads."""

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet


def to_parquet(table: pa.Table) -> bytes:
    """The table for `COPY … FORMAT AS PARQUET`."""
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def to_csv(table: pa.Table) -> bytes:
    """The table for `COPY … CSV IGNOREHEADER 1 DELIMITER ',' TIMEFORMAT 'auto'`."""
    index = table.schema.get_field_index("timestamp")
    # Whole seconds: "2026-01-31 17:05:09", without six zeros in every row.
    seconds = table.column(index).cast(pa.timestamp("s"))
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(table.set_column(index, "timestamp", seconds), sink)
    return bytes(sink.getvalue())
