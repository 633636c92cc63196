"""The demonstration as a person starts it: the stand-in and the app, and what both write to one log."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conftest import free_ports
from tests.stand_in import ROOT, START_SECONDS, StandIn

# Short enough for ten renewals while a person looks at a page or two.
SHORT = {"ID_TOKEN_SECONDS": "4", "IDC_TOKEN_SECONDS": "3"}
# Thirty-six seconds: the end is in sight from the first page on.
BRIEF = {"SESSION_HOURS": "0.01"}
KINDS = {
    "popup": {"SIGN_IN": "popup"},
    "redirect": {"SIGN_IN": "redirect"},
    "renewing": {"SIGN_IN": "popup", **SHORT},
    "tags": {"SIGN_IN": "popup", "PROPAGATION": "session_tags", "ID_TOKEN_SECONDS": "8"},
    "ending": {"SIGN_IN": "redirect", **BRIEF},
}


@dataclass(frozen=True)
class Demo(StandIn):
    """A running demonstration: a stand-in with the app in front."""

    way: str  # of signing in

    @property
    def url(self) -> str:
        return self.env["APP_URL"]

    def events(self, event: str) -> list[str]:
        """The audit trail's lines of one kind."""
        return [line for line in self.log().splitlines() if f"app.audit: {event} " in line]


@contextlib.contextmanager
def demonstration(log_file: Path, settings: dict[str, str]) -> Iterator[Demo]:
    """`make demo`'s own command on free ports, told as much as INFO tells."""
    ports = dict(zip(("APP_PORT", "IDP_PORT", "AWS_PORT"), map(str, free_ports(3)), strict=True))
    given = {"DEMO_ROWS": "20000", "LOG_LEVEL": "INFO", **ports, **settings}
    with log_file.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.demo"],
            env={**os.environ, **given},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"http://localhost:{given['APP_PORT']}/_stcore/health", process, log_file)
        env = httpx.get(f"http://localhost:{given['AWS_PORT']}/_local/env").json()
        yield Demo(env, log_file, env["SIGN_IN"])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen, log_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log_file.read_text()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, timeout=2).is_success:
                return
        time.sleep(0.1)
    raise AssertionError(log_file.read_text())
