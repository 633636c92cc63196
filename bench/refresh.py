"""A page's refresh in the app's process: the warehouse, the way back, columns, specifications."""

import statistics
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd

from app.redshift.columns import Bounds
from app.redshift.data_api import DataApi
from app.redshift.query import Query
from app.redshift.warehouse import Warehouse
from app.views.choice import Filters
from app.views.sales import cities_query, overview_query, read_cities, read_overview
from bench.report import figure, ratio, timed
from tests import outside


def measure(env: Mapping[str, str], *, runs: int) -> dict[str, float]:
    """Prints where a refresh of each page goes; returns the seconds of each page's query."""
    credentials = outside.credentials_of(env, "Ethan Global")
    client = outside.aws(env, "redshift-data", credentials)
    path = DataApi(
        client,
        target={"WorkgroupName": env["REDSHIFT_WORKGROUP"]},
        database=env["REDSHIFT_DATABASE"],
        bounds=Bounds(rows=10_000, bytes=64 << 20),
    )
    warehouse = Warehouse(path, timeout_seconds=60)
    peer = _peer(env, credentials)
    last = datetime.now(UTC).date() - timedelta(days=1)
    filters = Filters(last - timedelta(days=89), last)
    overview, cities = overview_query(filters), cities_query(filters)
    return {
        overview.name: _page(
            warehouse, peer, overview, read=lambda frame: read_overview(frame, filters), runs=runs
        ),
        cities.name: _page(warehouse, peer, cities, read=read_cities, runs=runs),
    }


def _page(
    warehouse: Warehouse, peer: Any, query: Query, *, read: Callable[[pd.DataFrame], object], runs: int
) -> float:
    sql = _literal(query)
    tables = [warehouse.fetch(query, fresh=True)]
    reads, wholes, theirs = [], [], []
    for _ in range(runs):
        wholes.append(timed(lambda: tables.append(warehouse.fetch(query, fresh=True))))
        reads.append(timed(lambda: read(tables[-1].frame)))
        theirs.append(timed(lambda: wr.data_api.redshift.read_sql_query(sql, peer)))
    timings = [table.timings for table in tables[1:]]
    figure(f"{query.name}: warehouse", [each.warehouse for each in timings])
    figure(f"{query.name}: transfer", [each.transfer for each in timings])
    figure(f"{query.name}: parse", [each.parse for each in timings])
    figure(f"{query.name}: read into figures", reads)
    ratio(f"{query.name}: query to typed table", wholes, "awswrangler data_api.redshift", theirs)
    return statistics.median(wholes)


def _peer(env: Mapping[str, str], credentials: Mapping[str, str]) -> Any:
    session = boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=env["AWS_REGION"],
    )
    return wr.data_api.redshift.connect(
        workgroup_name=env["REDSHIFT_WORKGROUP"], database=env["REDSHIFT_DATABASE"], boto3_session=session
    )


def _literal(query: Query) -> str:
    """The same statement for a peer that takes no parameters."""
    sql = query.sql
    for name, value in sorted(query.parameters.items(), key=lambda item: -len(item[0])):
        sql = sql.replace(f":{name}", "'" + value.replace("'", "''") + "'")
    return sql
