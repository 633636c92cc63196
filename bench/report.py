"""How figures are printed: the median of several runs, with the middle half of them."""

import statistics
import time
from collections.abc import Callable, Sequence


def figure(name: str, seconds: Sequence[float], note: str = "") -> None:
    """One line: what, its median in milliseconds, its spread."""
    low, middle, high = statistics.quantiles(seconds, n=4)
    print(f"{name:<40}{middle * 1000:8.1f} ms   ({low * 1000:.1f} to {high * 1000:.1f})   {note}".rstrip())


def ratio(name: str, ours: Sequence[float], peer: str, theirs: Sequence[float]) -> None:
    """One line: how many times as long the peer takes."""
    times = statistics.median(theirs) / statistics.median(ours)
    print(f"{name:<40}{times:8.1f}×    against {peer}")  # noqa: RUF001 - a ratio


def timed(call: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
