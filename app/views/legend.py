"""What a map's colours and sizes mean, in round figures, as the map draws them. No Streamlit in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from itertools import pairwise

from app.views.formats import Marks, round_money
from app.views.shading import Shading

LARGEST = 20.0  # radius of a circle in pixels
_SMALLEST = 2.5
_SWATCH = 14.0


@dataclass(frozen=True)
class Key:
    """A mark, and what it stands for."""

    text: str
    colour: str
    size: float = _SWATCH  # pixels from side to side
    round: bool = False


@dataclass(frozen=True)
class Legend:
    """The keys from the least to the most, and what else there is to know."""

    keys: tuple[Key, ...]
    note: str = ""

    def html(self) -> str:
        """The legend as a line under the map."""
        keys = "".join(
            f'<span class="rl-key"><i style="width:{key.size:g}px;height:{key.size:g}px;'
            f'background:{key.colour};border-radius:{"50%" if key.round else "2px"}"></i>'
            f"{escape(key.text)}</span>"
            for key in self.keys
        )
        note = f"<span>{escape(self.note)}</span>" if self.note else ""
        return f'<div class="rl-legend">Sales {keys}{note}</div>'


def weight(sales: Decimal, most: Decimal) -> float:
    """0 to 1 by the root of the sales, so that the area of a circle is in proportion to them."""
    return math.sqrt(float(sales / most)) if most > 0 and sales > 0 else 0.0


def radius(share: float) -> float:
    """Pixels of a circle of this weight."""
    return round(max(_SMALLEST, LARGEST * share), 1)


def circle_legend(most: Decimal, steps: Shading, marks: Marks) -> Legend:
    """Three round figures by their circles."""
    figures = sorted({_round_down(most / part) for part in (1, 5, 25)} - {Decimal(0)})
    return Legend(
        tuple(
            Key(
                round_money(each, marks),
                steps.colour(each),
                size=2 * radius(weight(each, most)),
                round=True,
            )
            for each in figures
        )
    )


def step_legend(steps: Shading, marks: Marks, *, note: str = "", nothing: str = "") -> Legend:
    """A key for each step of colour; and one for the colour of what sold nothing, where it is drawn."""
    limits = [round_money(each, marks) for each in steps.limits]
    none = [Key("no sales", nothing)] if nothing else []
    if not limits:
        return Legend(tuple(none))
    between = [f"{low} to {high}" for low, high in pairwise(limits)]
    texts = [f"under {limits[0]}", *between, f"{limits[-1]} and more"]
    return Legend((*none, *map(Key, texts, steps.colours)), note)


def heat_legend(ramp: Sequence[str]) -> Legend:
    """Heat has no figures of its own: it tells where more is sold than elsewhere on the same map."""
    ends = {0: "least", len(ramp) - 1: "most"}
    keys = (Key(ends.get(place, ""), colour) for place, colour in enumerate(ramp))
    return Legend(tuple(keys), "Cities close together add up; a spot is a city, with its figures.")


def _round_down(amount: Decimal) -> Decimal:
    """The next 1, 2 or 5 with zeros below an amount."""
    if amount < 1:
        return Decimal(0)
    unit = Decimal(10) ** amount.adjusted()
    return max(step * unit for step in (1, 2, 5) if step * unit <= amount)
