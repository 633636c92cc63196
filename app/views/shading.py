"""Sales → colours in steps between round figures, and what a legend says of them. No Streamlit in it."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Shading:
    """A colour for each step; a figure at a limit belongs to the step above it."""

    limits: tuple[Decimal, ...]
    colours: tuple[str, ...]  # one more than limits

    def step(self, sales: Decimal) -> int:
        """Which step a figure belongs to, from 0."""
        return bisect_right(self.limits, sales)

    def colour(self, sales: Decimal) -> str:
        """The colour of a figure."""
        return self.colours[self.step(sales)]


def shading(most: Decimal, ramp: Sequence[str]) -> Shading:
    """As many steps as the ramp has colours, closer at the low end, where most of the figures are."""
    if most <= 0:
        return Shading((), (ramp[0],))
    steps = len(ramp)
    limits = (_rounded(most * step * step / (steps * steps)) for step in range(1, steps))
    return Shading(tuple(limits), tuple(ramp))


def _rounded(amount: Decimal) -> Decimal:
    """One digit that counts: limits that are 1.78 times the one before, or more, stay apart."""
    return amount.quantize(Decimal(1).scaleb(amount.adjusted()), ROUND_HALF_UP)


def mixed(colour: str, other: str, share: float) -> str:
    """A colour with this share of another."""
    pairs = zip(rgb(colour), rgb(other), strict=True)
    return "#" + "".join(f"{round(mine * (1 - share) + theirs * share):02X}" for mine, theirs in pairs)


def rgb(colour: str) -> Colour:
    """The parts of a colour such as #0B6E6E."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
