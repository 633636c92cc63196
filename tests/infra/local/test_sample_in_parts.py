"""A sample that is too large for one request is put into several objects, every row once."""

import datetime as dt
import io

import pyarrow as pa
from pyarrow import parquet

from infra.local.sample import sales
from infra.local.stack import DATA_BUCKET, upload


class Objects:
    """What was put into S3."""

    def __init__(self):
        self.bodies: dict[tuple[str, str], bytes] = {}

    def put_object(self, **put):
        self.bodies[put["Bucket"], put["Key"]] = put["Body"]


def test_every_row_is_in_one_of_them():
    rows, s3 = sales(1_000, today=dt.datetime.now(dt.UTC).date()), Objects()
    upload(s3, rows, rows_an_object=400)
    assert [*s3.bodies] == [(DATA_BUCKET, f"sales_data/part-{part}.parquet") for part in range(3)]
    parts = [parquet.read_table(io.BytesIO(body)) for body in s3.bodies.values()]
    assert [part.num_rows for part in parts] == [400, 400, 200]
    assert pa.concat_tables(parts).equals(rows.cast(parts[0].schema))
