"""What takes AWS minutes: a resource that is created, modified or deleted is that for a while."""

from collections.abc import Callable
from dataclasses import dataclass

from infra.local.aws.conditions import Conditions


@dataclass(frozen=True)
class Transition:
    """What is being done to a resource, and until when."""

    doing: str = ""
    until: float = 0.0
    said: int = 0


class Transitions:
    """Begins transitions that last as long as conditions say: with no time, they are over as they begin."""

    def __init__(self, *, conditions: Conditions, clock: Callable[[], float]) -> None:
        self._conditions = conditions
        self._clock = clock

    def begin(self, doing: str) -> Transition:
        """Something begins to be done now."""
        now = self._conditions
        return Transition(doing, self._clock() + now.warehouse_seconds, now.said)

    def doing(self, transition: Transition) -> str:
        """What is still being done; empty once it is over."""
        over = transition.said != self._conditions.said or self._clock() >= transition.until
        return "" if over else transition.doing
