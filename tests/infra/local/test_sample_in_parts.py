"""A sample that is too large for one request is loaded from several objects, every row once."""

import datetime as dt

from infra.local import stack as stacks
from infra.local.config import Config
from infra.local.sample import sales
from tests import outside
from tests.conftest import free_ports


def test_every_row_is_loaded_once(monkeypatch):
    monkeypatch.setattr(stacks, "ROWS_AN_OBJECT", 400)
    app_port, idp_port, aws_port = free_ports(3)
    running = stacks.start(Config(app_port=app_port, idp_port=idp_port, aws_port=aws_port, demo_rows=1_000))
    try:
        settings = running.endpoint.settings
        keys = [
            each["Key"]
            for each in outside.aws(settings, "s3", outside.administrator(settings)).list_objects_v2(
                Bucket=stacks.DATA_BUCKET
            )["Contents"]
        ]
        assert keys == [f"sales_data/part-{part}.parquet" for part in range(3)]
        client = outside.aws(settings, "redshift-data", outside.credentials_of(settings, "Ethan Global"))
        [(rows, moments, cities)] = outside.rows(
            client,
            settings,
            'SELECT count(*), count(DISTINCT "timestamp"), count(DISTINCT city) FROM public.sales_data',
        )
        expected = sales(1_000, today=dt.datetime.now(dt.UTC).date())
        assert rows == 1_000
        assert moments == len(expected["timestamp"].unique())
        assert cities == len(expected["city"].unique())
    finally:
        running.stop()
