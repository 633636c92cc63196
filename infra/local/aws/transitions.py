"""What takes AWS minutes: a resource that is created, modified or deleted is that for a while."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Transition:
    """What is being done to a resource, and until when."""

    doing: str = ""
    until: float = 0.0
    number: int = 0


class Transitions:
    """Begins transitions that last so many seconds: with none, they are over as they begin."""

    def __init__(self, *, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._number = 0

    def last(self, seconds: float) -> None:
        """What begins from now on lasts so long, and what has begun is over."""
        self._seconds = seconds
        self._number += 1

    def begin(self, doing: str) -> Transition:
        """Something begins to be done now."""
        return Transition(doing, self._clock() + self._seconds, self._number)

    def doing(self, transition: Transition) -> str:
        """What is still being done; empty once it is over."""
        over = transition.number != self._number or self._clock() >= transition.until
        return "" if over else transition.doing
