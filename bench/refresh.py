"""A page's refresh in the app's process: the warehouse, the way back, columns, specifications."""

import statistics
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import awswrangler as wr
import boto3

from app.redshift.query import Query
from app.redshift.warehouse import Warehouse
from app.views import VIEWS
from app.views.choice import Filters
from app.views.page import View
from bench.ours import warehouse
from bench.report import figure, ratio, timed
from tests import outside

MAX_ROWS = 10_000


def measure(env: Mapping[str, str], *, runs: int) -> None:
    """Prints where a refresh of each page goes."""
    credentials = outside.credentials_of(env, "Ethan Global")
    (made, _), peer = warehouse(env, credentials, max_rows=MAX_ROWS), _peer(env, credentials)
    filters = _filters()
    for view in VIEWS:
        _page(made, peer, view, filters, runs=runs)


def queries(env: Mapping[str, str], *, runs: int) -> dict[str, float]:
    """The seconds that each page's question takes, by the page's name."""
    made, _ = warehouse(env, outside.credentials_of(env, "Ethan Global"), max_rows=MAX_ROWS)
    asked = [view.query(_filters()) for view in VIEWS]
    return {
        query.name: statistics.median(
            timed(lambda query=query: made.fetch(query, fresh=True)) for _ in range(runs)
        )
        for query in asked
    }


def _filters() -> Filters:
    last = datetime.now(UTC).date() - timedelta(days=1)
    return Filters(last - timedelta(days=89), last)


def _page(made: Warehouse, peer: Any, view: View, filters: Filters, *, runs: int) -> None:
    query = view.query(filters)
    sql = _literal(query)
    tables = [made.fetch(query, fresh=True)]
    reads, wholes, theirs = [], [], []
    for _ in range(runs):
        wholes.append(timed(lambda: tables.append(made.fetch(query, fresh=True))))
        reads.append(timed(lambda: view.question.split(tables[-1])))
        theirs.append(timed(lambda: wr.data_api.redshift.read_sql_query(sql, peer)))
    timings = [table.timings for table in tables[1:]]
    figure(f"{query.name}: warehouse", [each.warehouse for each in timings])
    figure(f"{query.name}: transfer", [each.transfer for each in timings])
    figure(f"{query.name}: parse", [each.parse for each in timings])
    figure(f"{query.name}: split into panels", reads)
    ratio(f"{query.name}: query to typed table", wholes, "awswrangler data_api.redshift", theirs)


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
