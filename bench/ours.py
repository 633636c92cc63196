"""A person's warehouse, put together as the app does it for a sign-in."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.auth.aws import Aws, RoleCredentials
from app.auth.credentials import data_api_client
from app.redshift.columns import Bounds
from app.redshift.data_api import DataApi
from app.redshift.limiter import Limiter
from app.redshift.warehouse import Warehouse


def warehouse(
    env: Mapping[str, str], credentials: Mapping[str, str], *, max_rows: int
) -> tuple[Warehouse, Any]:
    """The warehouse of whoever has these credentials, and the client that it asks by."""
    keys = RoleCredentials(
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
        datetime.now(UTC) + timedelta(hours=1),
    )
    limiter = Limiter()
    client = data_api_client(lambda: keys, Aws(env["AWS_REGION"]), throttled=limiter.throttled)
    path = DataApi(
        client,
        target={"WorkgroupName": env["REDSHIFT_WORKGROUP"]},
        database=env["REDSHIFT_DATABASE"],
        bounds=Bounds(rows=max_rows, bytes=2**30),
        turn=limiter.turns_of("bench"),
    )
    return Warehouse(path, timeout_seconds=300), client
