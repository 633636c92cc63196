"""Fifty people for half an hour: is memory flat, does nobody meet an error, does latency stay as it was."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench import load, scene
from bench.load import THINK, Asked
from bench.report import TIMES, number, percentiles, value
from bench.tabs import Action
from tests import replica
from tests.replica import Browser, Replica

MINUTES, PEOPLE, WINDOWS = 30.0, 50, 6
# While people work, the process holds what happens to be needed at once; when they rest, what stays. It fills
# for a quarter of an hour; what the last third then adds, beyond the noise of a heap, would be a leak.
THIRDS, REST = 3, 40.0
MOST_GROWTH, MOST_SLOWER = 3.0, 1.5
# One may have been made late for the process's chores; two, in four thousand actions, would be a leak.
MOST_MORE_THREADS = 1
_TIMED = {"filter", "refresh", "page"}
_SAMPLES = 10  # to a minute
_INSIDE = Path(__file__).parent / "inside"


@dataclass(frozen=True)
class Held:
    """What the app's process holds at a moment."""

    seconds: float  # since the people began
    megabytes: float
    blocks: int
    threads: int
    files: int
    cpu: float


@dataclass
class Watch:
    """What the process held, again and again."""

    app_url: str
    at: Replica
    blocks: Path
    held: list[Held] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @contextmanager
    def watching(self, pause: float) -> Iterator[None]:
        """Looks every so many seconds, while somebody does something else."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(pause):
                self.held.append(self._look())

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def at_rest(self, seconds: float) -> Held:
        """What there is once nobody has done anything for so long."""
        time.sleep(seconds)
        # With each request, and not before, the server ends those of its threads that it needs no more.
        with Browser(self.app_url, self.at).http as http:
            http.get("/auth/session")
        time.sleep(min(seconds, 1.0))
        return self._look()

    def _look(self) -> Held:
        process = Path(f"/proc/{self.at.process.pid}")
        return Held(
            time.monotonic() - self.began,
            self.at.resident_bytes() / 2**20,
            int(self.blocks.read_text()) if self.blocks.exists() else 0,
            len(list((process / "task").iterdir())),
            len(list((process / "fd").iterdir())),
            self.at.cpu_seconds(),
        )


def measure(
    env: Mapping[str, str],
    *,
    minutes: float = MINUTES,
    count: int = PEOPLE,
    kinds: Sequence[str] = ("anything",),
    think: Sequence[float] = THINK,
    rest: float = REST,
) -> None:
    """Prints what the process held, minute by minute, what went wrong, and latency from window to window.

    After each third of the time, people rest for some seconds.
    """
    with scene.scratch() as home:
        blocks = home / "blocks"
        inside = {"PYTHONPATH": str(_INSIDE), "BENCH_BLOCKS": str(blocks)}
        with (
            replica.running(env, home / "log", SIGN_IN="redirect", LOG_FORMAT="json", **inside) as at,
            load.crowd(env["APP_URL"], at, count=count, driver="bench.people") as people,
        ):
            watch, began = Watch(env["APP_URL"], at, blocks), time.time()
            phases, rests = [], []
            for _ in range(THIRDS):
                with watch.watching(min(minutes, 1.0) * 60 / _SAMPLES):
                    phases.append(people.work(kinds, minutes * 60 / THIRDS, think))
                rests.append(watch.at_rest(rest))
            actions = [action for phase in phases for action in phase.actions]
            name = f"{count} people, {number(minutes)} minutes"
            _held(name, watch.held, rests)
            _failures(name, [*people.first, *actions], people.people, at)
            _latency(name, actions, Asked.of(at, _places(at, count, actions)), began, minutes)
            rate = f"{number(len(actions) / (minutes * 60))} actions a second"
            cpu = sum(phase.cpu for phase in phases) / (minutes * 60)
            value(f"{name}: processor of the app", cpu, "of a core", rate)


def _held(name: str, worked: Sequence[Held], rests: Sequence[Held]) -> None:
    """What there was in each minute of work, and how much more at the last rest than at the one before."""
    for what, label, unit in (
        ("megabytes", "memory", "MB"),
        ("blocks", "Python's memory blocks", ""),
        ("threads", "threads", ""),
        ("files", "open files", ""),
    ):
        by_minute: dict[int, float] = {int(each.seconds // 60): getattr(each, what) for each in worked}
        told = " ".join(number(round(each)) for each in by_minute.values())
        value(f"{name}: {label} of the app", list(by_minute.values()), unit, f"minute by minute: {told}")
        *_, early, late = resting = [getattr(each, what) for each in rests]
        told = " ".join(filter(None, (*(number(round(each)) for each in resting), unit)))
        more, of, most = late - early, "", float(MOST_MORE_THREADS)
        if what != "threads":
            more, of, most = 100 * more / early, "%", MOST_GROWTH
        note = f"{told} after each third"
        value(f"{name}: {label} at rest, added by the last third", more, of, note, most=most)


def _failures(name: str, actions: Sequence[Action], people: Sequence[str], at: Replica) -> None:
    failed = [f"{action.kind}: {action.fault}" for action in actions if action.fault]
    kinds = ", ".join(
        f"{count} {kind}" for kind, count in Counter(each.kind for each in actions).most_common()
    )
    value(
        f"{name}: failures",
        len(failed),
        note=f"of {len(actions)}: {kinds} {load.first(failed)}".strip(),
        most=0,
    )
    value(f"{name}: pages with somebody else's", load.mixed(actions, people), most=0)
    errors = [line for line in at.log().splitlines() if '"level": "ERROR"' in line or "Traceback" in line]
    value(f"{name}: errors in the app's log", len(errors), note=load.first(errors), most=0)


def _places(at: Replica, count: int, actions: Sequence[Action]) -> dict[str, int]:
    """Whose tab each sign-in has: one after the other at first, and one at a time afterwards."""
    again = sorted((each for each in actions if each.kind == "sign-in"), key=lambda each: each.began)
    tabs = [*range(count), *(each.tab for each in again)]
    return dict(zip(load.sign_ins(at), tabs, strict=True))


def _latency(name: str, actions: Sequence[Action], asked: Asked, began: float, minutes: float) -> None:
    """The app's part of what people wait for, in each part of the time."""
    windows: list[list[float]] = [[] for _ in range(WINDOWS)]
    for action in actions:
        if action.kind in _TIMED and not action.fault:
            place = int((action.began - began) / (minutes * 60) * WINDOWS)
            windows[min(place, WINDOWS - 1)].append(action.seconds - asked.seconds(action))
    long = minutes / WINDOWS
    for place, window in enumerate(windows):
        span = f"minutes {number(place * long)} to {number((place + 1) * long)}"
        percentiles(f"{name}: {span}, the app's part", window)
    ends = [float(np.percentile(window, 95)) for window in (windows[0], windows[-1]) if window]
    value(f"{name}: p95 of the last window to the first", ends[-1] / ends[0], TIMES, most=MOST_SLOWER)
