"""The stand-in's warehouse: what authorising a dashboard's statement costs beside plain DuckDB."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from time import perf_counter
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot

from app.redshift.query import Query
from app.views import VIEWS
from app.views.choice import Filters
from bench.report import figure, ratio, timed, value
from infra.local.people import PEOPLE
from infra.local.sample import sales, to_parquet
from infra.local.warehouse import DbUser, Redshift
from tests.provisioned import STATEMENTS

ROWS, FEW = 1_000_000, 1_000
TODAY = date(2026, 6, 30)
AT_ONCE = 50
MOST_PLANNING = 10  # ms
ADMIN = DbUser("admin", superuser=True)
_PEOPLE = {p.name: DbUser(f"AWSIDC:{p.email}", groups=frozenset(p.groups)) for p in PEOPLE}
ETHAN, FRANK = _PEOPLE["Ethan Global"], _PEOPLE["Frank Amer"]
_BOUND = "(SELECT * FROM sales_data WHERE timezone LIKE 'America%') AS sales_data"


def measure(*, runs: int) -> None:
    """Prints each page's statement over 1,000,000 rows, of a person with a policy and of one without."""
    rows = sales(ROWS, today=TODAY)
    redshift, plain = provisioned(rows), duckdb.connect()
    plain.execute("SET threads = 2")
    plain.register("loaded", rows)
    plain.execute("CREATE TABLE sales_data AS SELECT * FROM loaded")
    filters = Filters(date(2026, 4, 1), date(2026, 6, 29))
    later = Filters(date(2026, 3, 1), date(2026, 5, 30))
    for view in VIEWS:
        query = view.query(filters)
        _unread(rows.slice(0, FEW), query, runs=runs)
        _rewriting(redshift, query, view.query(later), runs=runs)
        for user, source in ((ETHAN, "sales_data"), (FRANK, _BOUND)):
            theirs = _duckdbs(query, source)
            ours, peer = [], []
            for _ in range(runs):
                ours.append(timed(lambda query=query, user=user: _table(redshift, query, user)))
                peer.append(timed(lambda theirs=theirs: plain.sql(theirs).to_arrow_table()))
            who = user.name.partition(":")[2].partition("@")[0]
            ratio(f"{query.name}, {who}: 1M rows", ours, "plain DuckDB with the filter in the text", peer)
    _crowd(redshift, VIEWS[0].query(filters))


def provisioned(rows: pa.Table) -> Redshift:
    """A warehouse with the product's own tables, roles, policies and grants, loaded with the rows."""
    body = to_parquet(rows)
    redshift = Redshift(read_object=lambda *_: [("part-0.parquet", body)])
    for statement in STATEMENTS:
        redshift.execute(statement, user=ADMIN)
    return redshift


def _ask(redshift: Redshift, query: Query, user: DbUser) -> list[dict[str, Any]]:
    return _table(redshift, query, user).to_pylist()


def _table(redshift: Redshift, query: Query, user: DbUser) -> pa.Table:
    table = redshift.execute(query.sql, user=user, parameters=query.parameters).table
    assert table is not None  # noqa: S101 - a query has rows
    return table


def _unread(rows: pa.Table, query: Query, *, runs: int) -> None:
    """The first time that anybody asks a warehouse, of which nothing is known yet."""
    figure(f"{query.name}: first ever", [_planned(provisioned(rows), query) for _ in range(runs)])


def _rewriting(redshift: Redshift, query: Query, later: Query, *, runs: int) -> None:
    """The first time under another catalogue, and the next time with other dates, as the history has it."""
    first, again = [], []
    for run in range(runs):
        redshift.execute(f'CREATE ROLE "{query.name} {run}"', user=ADMIN)  # the catalogue is another one
        first.append(_planned(redshift, query))
        again.append(_planned(redshift, later))
    value(f"{query.name}: first under new rights", [each * 1000 for each in first], "ms", most=MOST_PLANNING)
    figure(f"{query.name}: again, other dates", again)


def _planned(redshift: Redshift, query: Query) -> float:
    """The seconds between a statement's arrival and its run."""
    _ask(redshift, query, FRANK)
    record = redshift.history.records()[-1]
    assert record.ran is not None  # noqa: S101 - it ran
    return (record.ran - record.began).total_seconds()


def _duckdbs(query: Query, source: str) -> str:
    """The statement in DuckDB's own dialect, as sqlglot translates it, over the source."""
    text = query.sql
    for name, given in sorted(query.parameters.items(), key=lambda item: -len(item[0])):
        text = text.replace(f":{name}", f"'{given}'")
    (found,) = sqlglot.transpile(text, read="redshift", write="duckdb")
    return found.replace("public.sales_data", source)


def _crowd(redshift: Redshift, query: Query) -> None:
    """Fifty people ask at once, again and again: whose answer has a row of somebody else's."""
    people = [user for user in _PEOPLE.values() if user.groups - {"analytics-admins"}]
    known = {user.name: sorted(map(repr, _ask(redshift, query, user))) for user in people}
    asked = [people[number % len(people)] for number in range(AT_ONCE)]
    started = perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda user: sorted(map(repr, _ask(redshift, query, user))), asked * 2))
    seconds = perf_counter() - started
    wrong = sum(rows != known[user.name] for user, rows in zip(asked * 2, found, strict=True))
    print(f"{f'{AT_ONCE} people at once':<40}{wrong} wrong, {len(found) / seconds:.1f} statements a second")
