"""Rows of 14 columns through the Data API: ours, awswrangler, and what most people write with boto3."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from bench import scene
from bench.clients import CLIENTS, Pair, Taken
from bench.report import figure, ratio, value
from infra.local.sample import sales
from tests import outside

SIZES = (1, 1_000, 100_000, 1_000_000)
OURS, *PEERS = CLIENTS
WRANGLER = PEERS[0]
# Runs of one process each, in turn; of the largest size a peer takes minutes and gigabytes.
_ROUNDS = {1: 3, 1_000: 3, 100_000: 3}
_RUNS = {1: 7, 1_000: 5}  # in one process; the memory is measured in the same
_MOST_SECONDS = 240
_MOST_BYTES = 14 * 2**30
_PAIRS = 15
_TARGET = ("AWS_REGION", "REDSHIFT_WORKGROUP", "REDSHIFT_DATABASE")
_SQL = "SELECT * FROM public.sales_data WHERE \"timestamp\" < CAST('{}' AS TIMESTAMP)"


@dataclass(frozen=True)
class Bounds:
    """How many times as much the peer takes at least."""

    wall: float | None = None
    memory: float | None = None


_BOUNDS = {1: Bounds(wall=10), 100_000: Bounds(wall=8, memory=5)}


def measure(*, sizes: Sequence[int] = SIZES, once: bool = False) -> None:
    """Prints what each client takes for each number of rows, and whether ours are DuckDB's."""
    today = datetime.now(UTC).date()
    with ThreadPoolExecutor(1) as pool, scene.scratch() as home:
        sample = pool.submit(sales, max(sizes), today=today)
        with scene.stand_in(rows=max(sizes)) as (env, seconds):
            value(f"stand-in with {max(sizes):,} rows ready", seconds, "s")
            everything = sample.result()
            credentials = outside.credentials_of(env, "Ethan Global")
            for size in sizes:
                before, expected = _first(everything, size)
                runs = 1 if once else _RUNS.get(size, 1)
                pairs = _PAIRS if size == min(sizes) else 0
                rows = _Rows(size, runs, pairs, _SQL.format(before), expected, env, credentials)
                rows.measure(1 if once else _ROUNDS.get(size, 1), keep=home / "rows.arrow")


def _first(rows: pa.Table, count: int) -> tuple[datetime, pa.Table]:
    """A moment before which there are so many rows, or a few more that share a second; and those rows."""
    database = duckdb.connect()
    database.register("sales_data", rows)
    last = 'SELECT max("timestamp") FROM (SELECT "timestamp" FROM sales_data ORDER BY 1 LIMIT ?)'
    [(moment,)] = database.execute(last, [count]).fetchall()
    before = moment + timedelta(seconds=1)
    return before, database.sql(_SQL.replace("public.", "").format(before)).to_arrow_table()


@dataclass(frozen=True)
class _Rows:
    """One number of rows, fetched by each client in turn."""

    count: int
    runs: int
    pairs: int
    sql: str
    expected: pa.Table
    env: Mapping[str, str]
    credentials: Mapping[str, str]

    def measure(self, rounds: int, *, keep: Path) -> None:
        """Prints what each client takes, and whether our rows are right."""
        taken: dict[str, list[Taken]] = {name: [] for name in CLIENTS}
        for turn in range(rounds):
            # Each goes first as often as the others.
            names = list(CLIENTS)[turn % len(CLIENTS) :] + list(CLIENTS)[: turn % len(CLIENTS)]
            for name in names:
                file = str(keep) if name == OURS and not turn else ""
                found = self._fetch(name, keep=file)
                if found is not None:
                    taken[name].append(found)
                if file:
                    self._compare(keep)
        self._print(taken)

    def _fetch(self, client: str, *, keep: str) -> Taken | None:
        """One client in a new process; None where it does not come to an end within its limits."""
        job = {
            "client": client,
            "sql": self.sql,
            "runs": self.runs,
            "credentials": {k: v for k, v in self.credentials.items() if isinstance(v, str)},
            "env": {name: self.env[name] for name in _TARGET},
            "max_rows": self.expected.num_rows + 1,
            "keep": keep,
            "pairs": self.pairs if client == OURS else 0,
            "most_bytes": _MOST_BYTES,
        }
        try:
            answer = subprocess.run(
                [sys.executable, "-m", "bench.clients"],
                input=json.dumps(job),
                env={**os.environ, "AWS_ENDPOINT_URL": self.env["AWS_ENDPOINT_URL"]},
                capture_output=True,
                text=True,
                check=True,
                timeout=_MOST_SECONDS,
            )
        except subprocess.TimeoutExpired:
            print(f"{self._name(client)}: not through within {_MOST_SECONDS} s")
            return None
        except subprocess.CalledProcessError as error:
            print(f"{self._name(client)}: {error.stderr.strip().splitlines()[-1][:200]}")
            return None
        return Taken(**json.loads(answer.stdout))

    def _compare(self, file: Path) -> None:
        """Whether our rows are DuckDB's to the last digit, whatever their order."""
        with pa.memory_map(str(file)) as source:
            ours = pa.ipc.open_file(source).read_all()
        same = ours.num_columns == self.expected.num_columns and _sorted(ours, self.expected.schema).equals(
            _sorted(self.expected, self.expected.schema)
        )
        value(
            f"{self.count:,} rows: as in DuckDB to the last digit",
            ours.num_rows * ours.num_columns if same else 0,
            "cells",
            least=self.expected.num_rows * self.expected.num_columns,
        )

    def _print(self, taken: Mapping[str, Sequence[Taken]]) -> None:
        bounds = _BOUNDS.get(self.count, Bounds())
        for name, found in taken.items():
            if found:
                calls = found[-1].calls[-1]
                said = f"{sum(calls.values())} calls: " + ", ".join(f"{n} {c}" for c, n in calls.items())
                figure(f"{self._name(name)}, wall", _each(found, "seconds"), said)
                figure(f"{self._name(name)}, processor", _each(found, "cpu"))
                value(f"{self._name(name)}, peak memory", [each.memory_mb for each in found], "MB")
        for peer in PEERS:
            if taken[OURS] and taken[peer]:
                first = bounds if peer == WRANGLER else Bounds()
                self._ratios(peer, taken[OURS], taken[peer], first)
        if self.pairs:
            self._beside(taken[OURS])

    def _beside(self, ours: Sequence[Taken]) -> None:
        """What a short statement takes beside the warehouse's own time, in round trips to the endpoint."""
        pairs = [Pair(*each) for each in _each(ours, "pairs")]
        figure("a round trip to the endpoint, nothing to run", [pair.trip for pair in pairs], "after a rest")
        figure("a round trip just after another call", [pair.soon for pair in pairs])
        figure("a short statement: the whole of it", [pair.took for pair in pairs], "after a rest")
        figure("a short statement: the warehouse's own time", [pair.own for pair in pairs])
        figure("a short statement: of that, its Duration", [pair.ran for pair in pairs])
        trips = [(pair.took - pair.own) / pair.trip for pair in pairs]
        value("a short statement: beside the warehouse's time", trips, "round trips", most=2)
        trips = [(pair.took - pair.ran) / pair.trip for pair in pairs]
        value("a short statement: beside its Duration", trips, "round trips", most=2)

    def _ratios(self, peer: str, ours: Sequence[Taken], theirs: Sequence[Taken], bounds: Bounds) -> None:
        rows = f"{self.count:,} rows"
        ratio(f"{rows}: wall", _each(ours, "seconds"), peer, _each(theirs, "seconds"), least=bounds.wall)
        ratio(f"{rows}: processor", _each(ours, "cpu"), peer, _each(theirs, "cpu"))
        # Less than a page of memory is no memory at all.
        memory = [[max(each.memory_mb, 0.004) for each in side] for side in (ours, theirs)]
        ratio(f"{rows}: peak memory", memory[0], peer, memory[1], least=bounds.memory)

    def _name(self, client: str) -> str:
        return f"{self.count:,} rows: {client}"


def _each(taken: Iterable[Taken], name: str) -> list[Any]:
    return [value for each in taken for value in getattr(each, name)]


def _sorted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The same rows in an order of their own, in these types; a value that does not fit is an error."""
    plain = table.rename_columns(schema.names).cast(schema).replace_schema_metadata(None).combine_chunks()
    return plain.take(pc.sort_indices(plain, sort_keys=[(name, "ascending") for name in schema.names]))
