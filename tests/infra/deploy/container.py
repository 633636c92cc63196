"""A built image's command as a platform runs it: as its own user, on a file system that is read only."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.infra.deploy.image import Stage, sandbox

START_SECONDS = 90
GRACE_SECONDS = 10  # what Docker gives a container between SIGTERM and SIGKILL
_SETS_THE_USER = ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")


@dataclass(frozen=True)
class Container:
    """A running one: its first process, where it listens, and what it wrote to its log."""

    port: int
    pid: int
    log_file: Path
    refused_file: Path

    def log(self) -> str:
        return self.log_file.read_text()

    def refused(self) -> list[str]:
        """The calls by which anything in it would have written to what is read only, or not its own."""
        lines = self.refused_file.read_text().splitlines()
        refused = [line for line in lines if "EROFS" in line or "EACCES" in line or "EPERM" in line]
        return [line for line in refused if '"/newroot' not in line]  # bubblewrap's own, before the command

    def left_behind(self) -> list[str]:
        """What lies in the one folder that it may write to."""
        return sorted(path.name for path in Path(f"/proc/{self.pid}/root/tmp").iterdir())


def command(stage: Stage, settings: Mapping[str, str], *words: str, more: tuple[str, ...] = ()) -> list[str]:
    """The command that runs these words in a container of the stage."""
    user, _, group = stage.user.partition(":")
    root = ["--ro-bind", str(stage.root), "/"]
    return [
        *sandbox(stage, stage.env | dict(settings), root, usr="--ro-bind", more=[*_SETS_THE_USER, *more]),
        *("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--inh-caps=-all", *words),
    ]


@contextlib.contextmanager
def running(
    stage: Stage, folder: Path, words: tuple[str, ...], settings: Mapping[str, str], *, health: str, name: str
) -> Iterator[Container]:
    """Runs these words, from when it answers at `health` until SIGTERM has ended it, in the grace given."""
    log_file, refused_file = folder / f"{name}.log", folder / f"{name}.refused"
    read, write = os.pipe()
    traced = ["strace", "-f", "--seccomp-bpf", "-qq", "-Z", "-e", "trace=%file", "-o", str(refused_file)]
    started = [*traced, *command(stage, settings, *words, more=("--as-pid-1", "--info-fd", str(write)))]
    with log_file.open("w") as log:
        process = subprocess.Popen(started, stdout=log, stderr=log, pass_fds=[write])
    os.close(write)
    pid = _first_process(read)
    try:
        _wait_until_healthy(process, health, log_file)
        yield Container(httpx.URL(health).port, pid, log_file, refused_file)
        os.kill(pid, signal.SIGTERM)
        assert process.wait(GRACE_SECONDS) in {0, 143}, log_file.read_text()
    finally:
        process.kill()
        process.wait(20)


def _first_process(info: int) -> int:
    """What bubblewrap tells of the process that it started; the tracer keeps the pipe open after that."""
    told = b""
    with os.fdopen(info, "rb", buffering=0) as pipe:
        while not told.rstrip().endswith(b"}"):
            more = pipe.read(1000)
            assert more, told
            told += more
    return json.loads(told)["child-pid"]


def _wait_until_healthy(process: subprocess.Popen, url: str, log_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log_file.read_text()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).is_success:
                return
        time.sleep(0.1)
    raise AssertionError(f"not healthy within {START_SECONDS} seconds: {log_file.read_text()}")
