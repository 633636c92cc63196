"""One client fetches one statement in a process of its own: its processor time and memory are its own.

`python -m bench.clients` reads a job from its input and prints what it took; bench/fetch.py starts it.
"""

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

POLL_SECONDS = 0.5
WARM_UP = "SELECT 1"
_APART = 0.1  # seconds of rest, so that ours need not wait for the account's quotas
_MEGABYTE = 2**20
_OVER = frozenset({"FINISHED", "FAILED", "ABORTED"})


@dataclass(frozen=True)
class Job:
    """What is to be fetched, by whom, as whom, how often."""

    client: str
    sql: str
    runs: int
    credentials: dict[str, str] = field(repr=False)
    env: dict[str, str]  # the warehouse's settings
    max_rows: int
    keep: str = ""  # the file for the rows, for who compares them
    pairs: int = 0  # how often a fetch is compared with round trips that have nothing to run


class Pair(NamedTuple):
    """A fetch beside round trips with nothing to run, in seconds."""

    took: float
    own: float  # from when the endpoint accepted the statement until it was over
    ran: float  # of that, after it had been picked up
    trip: float  # after a rest, as the fetch
    soon: float  # just after another call


@dataclass
class Taken:
    """What it took, run by run; the memory is that of the most costly one."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    calls: list[dict[str, int]] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    memory_mb: float = 0.0
    rows: int = 0


Fetch = Callable[..., Any]


def ours(job: Job) -> tuple[Fetch, Any]:
    """The app's own way, with the client that the app makes."""
    from app.redshift.query import Query  # noqa: PLC0415 - the others must not pay for it
    from bench.ours import warehouse  # noqa: PLC0415

    made, client = warehouse(job.env, job.credentials, max_rows=job.max_rows)

    def fetch(sql: str, *, frame: bool = True) -> Any:
        table = made.fetch(Query("Bench", sql), fresh=True)
        return table.frame if frame else table.columns

    return fetch, client.meta.events


def awswrangler(job: Job) -> tuple[Fetch, Any]:
    """awswrangler's Data API client, as its documentation has it."""
    import awswrangler as wr  # noqa: PLC0415

    session = _session(job)
    connection = wr.data_api.redshift.connect(
        workgroup_name=job.env["REDSHIFT_WORKGROUP"],
        database=job.env["REDSHIFT_DATABASE"],
        boto3_session=session,
    )
    return lambda sql: wr.data_api.redshift.read_sql_query(sql, connection), connection.client.meta.events


def boto3_loop(job: Job) -> tuple[Fetch, Any]:
    """What most people write: execute, look every half second, page through the records, make a DataFrame."""
    import pandas as pd  # noqa: PLC0415

    client = _session(job).client("redshift-data")

    def fetch(sql: str) -> Any:
        statement = client.execute_statement(
            WorkgroupName=job.env["REDSHIFT_WORKGROUP"], Database=job.env["REDSHIFT_DATABASE"], Sql=sql
        )
        while client.describe_statement(Id=statement["Id"])["Status"] not in _OVER:
            time.sleep(POLL_SECONDS)
        names, rows = [], []
        for page in client.get_paginator("get_statement_result").paginate(Id=statement["Id"]):
            names = [column["name"] for column in page["ColumnMetadata"]]
            rows += [[_value(cell) for cell in record] for record in page["Records"]]
        return pd.DataFrame(rows, columns=names)

    return fetch, client.meta.events


CLIENTS: Mapping[str, Callable[[Job], tuple[Fetch, Any]]] = {
    "ours": ours,
    "awswrangler data_api.redshift": awswrangler,
    "a plain boto3 loop": boto3_loop,
}


def _value(cell: Mapping[str, Any]) -> Any:
    return None if cell.get("isNull") else next(iter(cell.values()))


def _session(job: Job) -> Any:
    import boto3  # noqa: PLC0415

    return boto3.Session(
        aws_access_key_id=job.credentials["AccessKeyId"],
        aws_secret_access_key=job.credentials["SecretAccessKey"],
        aws_session_token=job.credentials["SessionToken"],
        region_name=job.env["AWS_REGION"],
    )


def run(job: Job) -> Taken:
    """Fetches once to be warm, then as often as asked, and measures."""
    fetch, events = CLIENTS[job.client](job)
    calls: Counter[str] = Counter()
    statements: list[str] = []
    events.register("before-send.redshift-data", lambda event_name, **_: calls.update([_name(event_name)]))
    events.register(
        "after-call.redshift-data.ExecuteStatement", lambda parsed, **_: statements.append(parsed["Id"])
    )
    fetch(WARM_UP)
    taken, result = Taken(), None
    for _ in range(job.runs):
        result = None  # the run before must not count as this one's memory
        calls.clear()
        before = _forget_the_peak()
        cpu, started = time.process_time(), time.perf_counter()
        result = fetch(job.sql)
        taken.seconds.append(time.perf_counter() - started)
        taken.cpu.append(time.process_time() - cpu)
        taken.memory_mb = max(taken.memory_mb, (_memory("VmHWM") - before) / _MEGABYTE)
        taken.calls.append(dict(calls))
    taken.rows = len(result)
    if job.keep:
        _keep(result, Path(job.keep))
    taken.pairs = _pairs(job, fetch, statements) if job.pairs else []
    return taken


def _pairs(job: Job, fetch: Fetch, statements: list[str]) -> list[Pair]:
    """Fetches, and round trips made under the same circumstances.

    A round trip is what a caller with a client of boto3's pays for a call of the kind that a fetch makes: the
    mean of ExecuteStatement that is known by its token, and GetStatementResultV2 of a result that is there.
    Both it and the fetch begin after the same rest, as a page's question does: whatever has just made a call
    makes the next one in two thirds of the time, for the processors and their caches are ready for it.

    The warehouse's own time begins when the endpoint has accepted the statement, not with Duration, which
    begins when a thread of the warehouse has taken it up: no caller can do anything about its wait for that.
    """
    client = _session(job).client("redshift-data")
    target = {"WorkgroupName": job.env["REDSHIFT_WORKGROUP"], "Database": job.env["REDSHIFT_DATABASE"]}
    again = {**target, "Sql": job.sql, "ResultFormat": "CSV", "ClientToken": "bench-round-trips"}
    known = client.execute_statement(**again, WaitTimeSeconds=30)["Id"]

    def trip() -> float:
        started = time.perf_counter()
        client.execute_statement(**again)
        client.get_statement_result_v2(Id=known)
        return (time.perf_counter() - started) / 2

    found = []
    for _ in range(job.pairs):
        time.sleep(_APART)
        started = time.perf_counter()
        fetch(job.sql, frame=False)  # typed columns, as the pages use them
        took = time.perf_counter() - started
        told = client.describe_statement(Id=statements[-1])
        soon = trip()
        time.sleep(_APART)
        own = (told["UpdatedAt"] - told["CreatedAt"]).total_seconds()
        found.append(Pair(took, own, told["Duration"] / 1e9, trip(), soon))
    return found


def _name(event_name: str) -> str:
    return event_name.rpartition(".")[2]


def _forget_the_peak() -> int:
    """Begins to measure the peak of memory anew; returns what is in use now."""
    # Not getrusage: its peak begins with that of the process that started this one.
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [each for each in lines if each.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024


def _keep(result: Any, file: Path) -> None:
    table = pa.Table.from_pandas(result, preserve_index=False)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def main() -> None:
    """One job, from standard input."""
    told = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (told["most_bytes"], told.pop("most_bytes")))
    print(json.dumps(asdict(run(Job(**told)))))


if __name__ == "__main__":
    main()
