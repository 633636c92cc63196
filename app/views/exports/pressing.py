"""Has pictures and documents drawn, one at a time, each in a process of its own (press.py)."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from app.errors import ExportError
from app.views.exports.bounds import MOST_BYTES
from app.views.exports.stamp import Stamp, one_line

log = logging.getLogger(__name__)

_PRESS = Path(__file__).parent / "press.py"
_LONGEST_JOB = 16 * 2**20
_LONGEST_WAIT, _LONGEST_WORK = 20.0, 30.0  # seconds; a page with six charts takes one
_PIXELS_PER_INCH = 144
_LONGEST_PART = 140  # letters of a stamp's part at the foot of a page
# Where libraries are found, and nothing that could be a secret.
_PASSED_ON = ("LD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "TMPDIR", "TEMP")

_one_at_a_time = threading.Lock()  # each takes a core and 250 MB


def press(
    template: Literal["sheet.typ", "picture.typ"],
    sheet: dict[str, Any],
    charts: Sequence[dict[str, Any]],
    stamp: Stamp,
) -> bytes:
    """The file that the template makes of a sheet and its charts, PDF of sheet.typ and PNG of picture.typ."""
    job = {
        "template": template,
        "format": "pdf" if template == "sheet.typ" else "png",
        "ppi": _PIXELS_PER_INCH,
        "timestamp": int(stamp.as_of.timestamp()),
        "charts": list(charts),
        "sheet": {**sheet, "footer": _footer(stamp)},
    }
    text = json.dumps(job).encode()
    if len(text) > _LONGEST_JOB:
        raise ExportError("There is too much to draw.", "Narrow the filters.", code="RL-502")
    if not _one_at_a_time.acquire(timeout=_LONGEST_WAIT):
        raise ExportError(
            "Others are having pictures and documents made.", "Try again in a minute.", code="RL-504"
        )
    try:
        made = _run(text)
    finally:
        _one_at_a_time.release()
    if len(made) > MOST_BYTES:
        raise ExportError("The file is too large.", "Narrow the filters.", code="RL-502")
    return made


def _run(job: bytes) -> bytes:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        # -I: nothing but the installed packages is imported, whatever directory this is.
        done = subprocess.run(  # noqa: S603  # our own program; what comes from outside goes in as data
            [sys.executable, "-I", str(_PRESS)],
            input=job,
            capture_output=True,
            timeout=_LONGEST_WORK,
            env=environment,
            check=True,
        )
    except subprocess.TimeoutExpired as exc:
        raise ExportError(
            f"Drawing took longer than {_LONGEST_WORK:.0f} seconds.",
            "Narrow the filters, or take the rows alone.",
            code="RL-503",
        ) from exc
    except (subprocess.CalledProcessError, OSError) as exc:
        # Its own words may hold the person's rows, so they stay out of the log.
        log.warning("error=RL-500 exit=%s", getattr(exc, "returncode", type(exc).__name__))
        raise ExportError(
            "The picture or document could not be drawn.", "Take the rows as CSV or Excel."
        ) from exc
    return done.stdout


def _footer(stamp: Stamp) -> list[str]:
    """The stamp in three lines, which is what the foot of a page has room for."""
    page, person, filters, as_of, statement = (
        f"{label}: {one_line(text, _LONGEST_PART)}" for label, text in stamp.lines()
    )
    return [f"{page} · {person}", f"{as_of} · {statement}", filters]


def cleaned(value: Any) -> Any:
    """JSON whose every text can be drawn: one character that XML lacks would end the press."""
    if isinstance(value, str):
        return one_line(value, longest=10_000)
    if isinstance(value, dict):
        return {cleaned(name): cleaned(each) for name, each in value.items()}
    return [cleaned(each) for each in value] if isinstance(value, list | tuple) else value
