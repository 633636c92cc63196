"""Where it is measured: the demonstration or a stand-in on free ports, and what kind of machine this is."""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import httpx

from tests.conftest import free_ports

_START_SECONDS = 600
_PACKAGES = ("streamlit", "boto3", "awswrangler", "pyarrow", "pandas", "duckdb")


@contextmanager
def demonstration(**settings: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """The demonstration on free ports: its address, its settings, the seconds until it was healthy."""
    with _running("infra.local.demo", healthy="{app}/_stcore/health", **settings) as (ports, seconds):
        yield f"http://localhost:{ports['APP_PORT']}", _settings(ports), seconds


@contextmanager
def stand_in(*, rows: int) -> Iterator[tuple[dict[str, str], float]]:
    """A stand-in with so many rows, in a process of its own: its settings, the seconds until it was ready."""
    settings = {"DEMO_ROWS": str(rows), "DATA_API_RESULTS_MB": "2048"}
    with _running("infra.local", healthy="{aws}/_local/health", **settings) as (ports, seconds):
        yield _settings(ports), seconds


@contextmanager
def _running(module: str, *, healthy: str, **settings: str) -> Iterator[tuple[dict[str, str], float]]:
    ports = dict(zip(("APP_PORT", "IDP_PORT", "AWS_PORT"), map(str, free_ports(3)), strict=True))
    url = healthy.format(
        app=f"http://localhost:{ports['APP_PORT']}", aws=f"http://localhost:{ports['AWS_PORT']}"
    )
    started = time.perf_counter()
    with TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            # The audit trail would stand between the figures.
            env={**os.environ, "LOG_LEVEL": "WARNING", **ports, **settings},
            stdout=log,
            stderr=log,
        )
        try:
            while not _answers(url):
                if process.poll() is not None or time.perf_counter() - started > _START_SECONDS:
                    log.seek(0)
                    raise SystemExit(f"{module} did not start.\n{log.read()}")
                time.sleep(0.05)
            yield ports, time.perf_counter() - started
        finally:
            process.terminate()
            process.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def _settings(ports: Mapping[str, str]) -> dict[str, str]:
    settings: dict[str, str] = httpx.get(f"http://localhost:{ports['AWS_PORT']}/_local/env").json()
    return settings


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory that is gone afterwards."""
    with TemporaryDirectory(prefix="rowlight-bench-") as home:
        yield Path(home)


def machine() -> dict[str, str]:
    """What the figures depend on, besides us."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": platform.system(),
        "Python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "others on the machine": f"load average {os.getloadavg()[0]:.1f} at the end",
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
    }
