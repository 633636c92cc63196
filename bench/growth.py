"""More rows in the warehouse: a refresh sends the browser as much as before, and costs the app as much."""

import statistics
from collections.abc import Sequence

from bench import load, scene
from bench.report import figure, value
from tests import replica

ROWS = (100_000, 1_000_000, 10_000_000)
REFRESHES_SECONDS = 8.0
# Processor time is told in hundredths of a second, and a machine is never quite alone.
_FLAT_BYTES, _FLAT_CPU = 1.1, 1.25


def measure(*, rows: Sequence[int] = ROWS, seconds: float = REFRESHES_SECONDS) -> None:
    """Prints the bytes over the WebSocket and the app's processor time, for each number of rows."""
    received, cpu = [], []
    for count in rows:
        with scene.stand_in(rows=count) as (env, ready), scene.scratch() as home:
            value(f"{count:,} rows: stand-in ready", ready, "s")
            with (
                replica.running(env, home / "log", SIGN_IN="redirect", LOG_FORMAT="json") as at,
                load.crowd(env["APP_URL"], at, count=1) as person,
            ):
                person.work(["refresh"], seconds / 4)  # the first ones fill what a process keeps
                phase = person.work(["refresh"], seconds)
        received.append(statistics.median(action.received for action in phase.actions) / 1000)
        cpu.append(phase.cpu / len(phase.actions))
        value(f"{count:,} rows: to the browser, a Refresh", received[-1], "kB")
        value(f"{count:,} rows: processor of the app, a Refresh", cpu[-1], "s", f"of {len(phase.actions)}")
        figure(f"{count:,} rows: Refresh", [action.seconds for action in phase.actions])
    grown = f"from {rows[0]:,} to {rows[-1]:,} rows"
    value(f"to the browser, {grown}", received[-1] / received[0], "times as much", most=_FLAT_BYTES)
    value(f"processor of the app, {grown}", cpu[-1] / cpu[0], "times as much", most=_FLAT_CPU)
