"""What was sold, in a period and in those that it is compared with. No Streamlit in it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple


class Figures(NamedTuple):
    """What was sold."""

    sales: Decimal = Decimal(0)
    units: int = 0
    orders: int = 0

    @property
    def average(self) -> Decimal:
        return self.sales / self.orders if self.orders else Decimal(0)


NOTHING = Figures()


class Compared(NamedTuple):
    """The same of a period, of as many days just before it, and of the same days a year earlier.

    One without orders is nothing to compare with.
    """

    now: Figures = NOTHING
    before: Figures = NOTHING
    year_ago: Figures = NOTHING


@dataclass(frozen=True)
class Step:
    """A stretch of the period's time axis, and the same stretch of those it is compared with.

    `whole` is false for one that the period cuts: its figures are lower for that alone.
    """

    first_day: date
    last_day: date
    figures: Compared
    whole: bool = True

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1


class City(NamedTuple):
    """A city's figures and where it lies; two cities of one name differ by country or place."""

    name: str
    country: str
    longitude: Decimal | None
    latitude: Decimal | None
    figures: Figures
