"""How figures are kept and printed: the median of several runs, with the middle half of them."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

TIMES = "×"  # noqa: RUF001 - a ratio
_MILLI = 1000


@dataclass(frozen=True)
class Figure:
    """One line of the report: a median, its spread, and whether it keeps its bound, if it has one."""

    part: str
    name: str
    unit: str
    median: float
    low: float
    high: float
    p95: float | None
    runs: int
    note: str
    bound: str
    kept: bool | None

    @property
    def value(self) -> str:
        return f"{number(self.median)}{'' if self.unit == TIMES else ' '}{self.unit}".strip()

    @property
    def spread(self) -> str:
        middle = f"{number(self.low)} to {number(self.high)}" if self.low != self.high else ""
        tail = f"p95 {number(self.p95)}" if self.p95 is not None else ""
        return ", ".join(filter(None, (middle, tail)))

    @property
    def judged(self) -> str:
        return f"{self.bound}: {'kept' if self.kept else 'MISSED'}" if self.bound else ""

    @property
    def line(self) -> str:
        spread = f"({self.spread})" if self.spread else ""
        judged = f"[{self.judged}]" if self.judged else ""
        rest = " ".join(filter(None, (spread, self.note, judged)))
        return f"{self.name:<56}{self.value:>16}   {rest}".rstrip()


@dataclass
class _Run:
    """What this run of the command has measured so far."""

    part: str = "other"
    figures: list[Figure] = field(default_factory=list)


_run = _Run()


@contextmanager
def part(name: str) -> Iterator[None]:
    """What is measured inside belongs to this part of the bench."""
    before, _run.part = _run.part, name
    print(f"\n{name}")
    try:
        yield
    finally:
        _run.part = before


def figures() -> list[Figure]:
    """All that was measured so far, in its order."""
    return list(_run.figures)


def value(
    name: str,
    values: float | Sequence[float],
    unit: str = "",
    note: str = "",
    *,
    most: float | None = None,
    least: float | None = None,
) -> None:
    """One line: what, its median and spread in this unit, and whether the median keeps its bound."""
    found = [values] if isinstance(values, int | float) else list(values)
    middle = statistics.median(found)
    kept, bound = _judged(middle, unit, most=most, least=least)
    low, high = _middle_half(found)
    _keep(Figure(_run.part, name, unit, middle, low, high, None, len(found), note, bound, kept))


def figure(name: str, seconds: Sequence[float], note: str = "") -> None:
    """One line: what, its median in milliseconds, its spread."""
    value(name, [each * _MILLI for each in seconds], "ms", note)


def ratio(
    name: str, ours: Sequence[float], peer: str, theirs: Sequence[float], *, least: float | None = None
) -> None:
    """One line: how many times as much the peer takes; the spread is that of the pairs of runs."""
    times = statistics.median(theirs) / statistics.median(ours)
    pairs = [their / our for our, their in zip(ours, theirs, strict=False)]
    kept, bound = _judged(times, TIMES, least=least)
    low, high = _middle_half(pairs)
    note = f"against {peer}"
    _keep(Figure(_run.part, name, TIMES, times, low, high, None, len(pairs), note, bound, kept))


def percentiles(name: str, seconds: Sequence[float], *, most_p95: float | None = None) -> None:
    """One line: the median in milliseconds, and what all but one in twenty are below, which has the bound."""
    if len(seconds) > 1:
        found = [each * _MILLI for each in seconds]
        p95 = statistics.quantiles(found, n=20, method="inclusive")[18]
        kept, bound = _judged(p95, "ms", most=most_p95)
        low, high = _middle_half(found)
        middle, note = statistics.median(found), f"of {len(found)}"
        judged = bound and f"p95 {bound}"
        _keep(Figure(_run.part, name, "ms", middle, low, high, p95, len(found), note, judged, kept))


def timed(call: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def number(given: float) -> str:
    """The digits that say something."""
    if given == int(given):
        return f"{int(given):,}"
    size = abs(given)
    digits = next((places for below, places in ((0.1, 4), (10, 2), (1000, 1)) if size < below), 0)
    return f"{given:,.{digits}f}"


def _keep(each: Figure) -> None:
    _run.figures.append(each)
    print(each.line, flush=True)


def _middle_half(values: Sequence[float]) -> tuple[float, float]:
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def _judged(
    measured: float, unit: str, *, most: float | None = None, least: float | None = None
) -> tuple[bool | None, str]:
    """Whether a bound is kept, and how it reads."""
    limit = most if most is not None else least
    if limit is None:
        return None, ""
    kept = measured <= limit if most is not None else measured >= limit
    unit = unit if unit == TIMES else f" {unit}"
    return kept, f"{'≤' if most is not None else '≥'} {number(limit)}{unit}".strip()
