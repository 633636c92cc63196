"""A step of a plan, and a plan's lines as Redshift prints them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

_MARGIN = 2
_INPUT = 6  # how much further an input's own lines stand than its step's
_SUBPLAN = 8
_DISABLED = Decimal(1_000_000_000_000)  # what Redshift adds to a sort's cost


@dataclass(frozen=True)
class Cost:
    """What a step is said to take: figures of this shape, made from the statement alone."""

    startup: Decimal
    total: Decimal
    rows: int
    width: int

    def then(self, each: str, *, rows: int | None = None, width: int | None = None) -> "Cost":
        """The cost of a step that does so much more with each row, as they come."""
        total = self.total + self.rows * Decimal(each)
        return Cost(self.startup, total, self._or(rows, self.rows), self._or(width, self.width))

    def after(self, *, rows: int | None = None, width: int | None = None, disabled: bool = False) -> "Cost":
        """The cost of a step that begins once all the rows are there."""
        start = self.total + (_DISABLED if disabled else 0)
        count, wide = self._or(rows, self.rows), self._or(width, self.width)
        return Cost(start, start + count * Decimal("0.01"), count, wide)

    @staticmethod
    def _or(value: int | None, otherwise: int) -> int:
        return otherwise if value is None else value

    def __str__(self) -> str:
        return f"(cost={self.startup:.2f}..{self.total:.2f} rows={self.rows} width={self.width})"


@dataclass(frozen=True)
class Step:
    """A step, what is said of it, and the steps whose rows it takes."""

    what: str  # such as XN Seq Scan on sales_data
    cost: Cost
    notes: tuple[str, ...] = ()
    inputs: tuple["Step", ...] = ()
    subplans: tuple[tuple[str, "Step"], ...] = ()  # of its conditions: InitPlan or SubPlan, and the plan


def hashed(step: Step) -> Step:
    """The step's rows, put where a join finds them."""
    return Step("XN Hash", replace(step.cost, startup=step.cost.total), inputs=(step,))


def lines(step: Step, indent: int = 0) -> Iterator[str]:
    """The plan's lines."""
    yield f"{step.what}  {step.cost}"
    margin = " " * (indent + _MARGIN)
    for note in step.notes:
        yield margin + note
    for kind, subplan in step.subplans:
        yield margin + kind
        first, *rest = lines(subplan, indent + _SUBPLAN)
        yield f"{margin}  ->  {first}"
        yield from rest
    for each in step.inputs:
        first, *rest = lines(each, indent + _INPUT)
        yield f"{margin}->  {first}"
        yield from rest
