"""`make bench`: figures of this machine in one run, each comparison a ratio against a named peer."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryFile
from typing import IO

import httpx

from bench import drawing, exchange, refresh, sign_ins, warehouse
from tests.conftest import free_ports

RUNS = 15


def main() -> None:
    """Starts the demonstration, measures, prints."""
    with demonstration() as (url, env, seconds):
        print(f"{'make demo to healthy':<40}{seconds * 1000:8.1f} ms   200,000 rows, packages installed")
        os.environ.update({name: value for name, value in env.items() if not name.startswith("ADMIN_")})
        exchange.measure(env, runs=RUNS)
        queries = refresh.measure(env, runs=RUNS)
        drawing.measure(url, queries, runs=RUNS)
        sign_ins.measure(env)
    warehouse.measure(runs=RUNS)


@contextmanager
def demonstration() -> Iterator[tuple[str, dict[str, str], float]]:
    """The demonstration on free ports, and how long it took to be healthy."""
    app_port, idp_port, aws_port = free_ports(3)
    ports = {"APP_PORT": str(app_port), "IDP_PORT": str(idp_port), "AWS_PORT": str(aws_port)}
    started = time.perf_counter()
    # The audit trail would stand between the figures.
    with TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.demo"],
            env={**os.environ, **ports, "LOG_LEVEL": "WARNING"},
            stdout=log,
            stderr=log,
        )
        try:
            _until(lambda: httpx.get(f"http://localhost:{app_port}/_stcore/health").is_success, process, log)
            seconds = time.perf_counter() - started
            env = httpx.get(f"http://localhost:{aws_port}/_local/env").json()
            yield f"http://localhost:{app_port}", env, seconds
        finally:
            process.terminate()
            process.wait(30)


def _until(true: Callable[[], bool], process: subprocess.Popen[bytes], log: IO[str]) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=90)
    while datetime.now(UTC) < deadline and process.poll() is None:
        try:
            if true():
                return
        except httpx.TransportError:
            time.sleep(0.05)
    log.seek(0)
    raise SystemExit(f"The demonstration did not start.\n{log.read()}")


if __name__ == "__main__":
    main()
