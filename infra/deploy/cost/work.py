"""How managers work, and what that asks of a warehouse and of the app."""

import math
from dataclasses import dataclass

SMALLEST_RPU = 8  # that a statement's seconds are given for
LEAST_CHARGED = 60  # seconds: whoever wakes the warehouse pays for a minute
IDLE = 30 * 60  # seconds for which a tab that nobody touches stays signed in: SESSION_IDLE_MINUTES
DATA_API_RESULTS = 20  # results a second that the Data API gives to an account in a region


@dataclass(frozen=True)
class Work:
    """A month of people at work. Each figure is an assumption: put your own in its place."""

    people: int = 100
    days: float = 21  # working days of the month
    hours: float = 8  # of such a day, over which the visits are spread
    visits: float = 2  # of each person in a day
    actions: float = 10  # pages opened and filters changed in a visit
    pause: float = 20  # seconds from one action to the next
    remembered: float = 0.3  # part of the actions that the app's own memory answers (CACHE_SECONDS)
    seconds: float = 1.0  # that a statement takes on 8 RPU
    least_seconds: float = 0.25  # of these, what no capacity shortens: planning, the way there and back
    peak: float = 3.0  # the busiest minutes of the day, in times the mean
    storage_gb: float = 50.0  # in the warehouse

    @property
    def visit_seconds(self) -> float:
        return self.actions * self.pause

    @property
    def visits_a_month(self) -> float:
        return self.people * self.visits * self.days

    @property
    def actions_a_month(self) -> float:
        return self.visits_a_month * self.actions

    @property
    def statements_a_month(self) -> float:
        return self.actions_a_month * (1 - self.remembered)

    @property
    def visits_a_second(self) -> float:
        """In working hours, in the mean."""
        return self.people * self.visits / (self.hours * 3600)

    @property
    def busiest_at_work(self) -> float:
        """People in the middle of a visit, in the busiest minutes."""
        return min(self.people, self.visits_a_second * self.visit_seconds * self.peak)

    @property
    def busiest_tabs(self) -> float:
        """Tabs that are signed in, in the busiest minutes: at work, or left open."""
        return min(self.people, self.visits_a_second * (self.visit_seconds + IDLE) * self.peak)

    @property
    def busiest_statements(self) -> float:
        """A second, in the busiest minutes."""
        return self.busiest_at_work / self.pause * (1 - self.remembered)

    def seconds_on(self, rpu: int) -> float:
        """What a statement takes on so much capacity, if its work shares out evenly."""
        return self.least_seconds + (self.seconds - self.least_seconds) * SMALLEST_RPU / rpu

    def awake_hours(self, rpu: int) -> float:
        """For how long the warehouse is charged in a month.

        Visits begin at random, and each keeps the warehouse awake until a minute after its last statement has
        begun. It sleeps while there is none: in M/G/∞, for e to the minus their mean number of the time.
        """
        kept_awake = self.visit_seconds + max(LEAST_CHARGED, self.seconds_on(rpu))
        return self.days * self.hours * -math.expm1(-self.visits_a_second * kept_awake)

    def rpu_hours(self, rpu: int) -> float:
        """What is charged: the base capacity while awake, or all statements' work where that is more."""
        return rpu * max(self.awake_hours(rpu), self.statements_a_month * self.seconds_on(rpu) / 3600)
