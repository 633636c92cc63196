"""`make bench`: figures of this machine in one run, each comparison a ratio against a named peer.

`python -m bench PART…` measures some of the parts; without, all but `soak`, which takes `--minutes`.
`--json FILE` says where the figures go for machines; `--write` also puts them into bench/results.json and
bench/README.md, part by part.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import (
    drawing,
    exchange,
    fetch,
    growth,
    load,
    pages,
    refresh,
    report,
    scene,
    sign_ins,
    soak,
    warehouse,
    written,
)
from infra.local.config import isolate

RUNS = 15


@dataclass(frozen=True)
class Demonstration:
    """What `make demo` started: its address, and the settings of its stand-in."""

    url: str
    env: Mapping[str, str]


def _drawing(on: Demonstration) -> None:
    drawing.measure(on.url, refresh.queries(on.env, runs=RUNS), runs=RUNS)


# Those that are measured on the demonstration, and those that bring a stand-in of their own or need none.
ON_DEMONSTRATION: Mapping[str, Callable[[Demonstration], object]] = {
    "exchange": lambda on: exchange.measure(on.env, runs=RUNS),
    "refresh": lambda on: refresh.measure(on.env, runs=RUNS),
    "drawing": _drawing,
    "sign_ins": lambda on: sign_ins.measure(on.env),
    "load": lambda on: load.measure(on.env),
}
ALONE: Mapping[str, Callable[[], object]] = {
    "fetch": fetch.measure,
    "growth": growth.measure,
    "pages": pages.measure,
    "warehouse": lambda: warehouse.measure(runs=RUNS),
}
PARTS = (*ON_DEMONSTRATION, *ALONE, "soak")
_USUAL = tuple(part for part in PARTS if part != "soak")  # which alone takes half an hour


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measured comparisons.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; none: all but soak"
    )
    parser.add_argument("--minutes", type=float, default=soak.MINUTES, help="of soak; default: %(default)g")
    parser.add_argument(
        "--json", type=Path, default=Path("build/bench.json"), help="the figures; default: %(default)s"
    )
    parser.add_argument(
        "--write", action="store_true", help="also into bench/results.json and bench/README.md"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, and keeps what was measured."""
    parser = _parser()
    told = parser.parse_args(arguments)
    if unknown := set(told.parts) - set(PARTS):
        parser.error(f"There is no part {', '.join(sorted(unknown))}.")
    isolate()
    told.json.parent.mkdir(parents=True, exist_ok=True)
    # After each part: what was measured stays, whatever comes of the next.
    for run in measured(told.parts or _USUAL, minutes=told.minutes):
        told.json.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n")
        if told.write:
            written.write(run)


def measured(parts: Sequence[str], *, minutes: float = soak.MINUTES) -> Iterator[written.Run]:
    """The figures so far after each part, and the machine that they were measured on."""
    seconds: dict[str, float] = {}
    on_demonstration = {**ON_DEMONSTRATION, "soak": lambda on: soak.measure(on.env, minutes=minutes)}
    with _demonstration_if(any(name in on_demonstration for name in parts)) as on:
        for name in filter(parts.__contains__, PARTS):
            started = time.perf_counter()
            with report.part(name):
                if name in ALONE:
                    ALONE[name]()
                elif on is not None:
                    on_demonstration[name](on)
            seconds[name] = time.perf_counter() - started
            yield written.run(report.figures(), scene.machine(), seconds)


@contextmanager
def _demonstration_if(needed: bool) -> Iterator[Demonstration | None]:  # noqa: FBT001 - its name says it
    if not needed:
        yield None
        return
    with scene.demonstration() as (url, env, seconds):
        with report.part("start"):
            report.value("make demo to healthy", seconds, "s", "200,000 rows, packages installed")
        os.environ.update({name: value for name, value in env.items() if not name.startswith("ADMIN_")})
        yield Demonstration(url, env)


if __name__ == "__main__":
    main()
