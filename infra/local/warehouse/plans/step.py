"""A step of a plan, and a plan's lines as Redshift prints them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

_MARGIN = 2
_INPUT = 6  # how much further an input's own lines stand than its step's
_SUBPLAN = 8
_MOVES = "DS_"  # how Redshift's words for that begin
_DEEPER = 3  # an input, in the tree of VERBOSE
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

    what: str  # such as XN Seq Scan
    cost: Cost
    on: str = ""  # such as on sales_data; of a join, how rows are moved for it
    notes: tuple[str, ...] = ()
    inputs: tuple["Step", ...] = ()
    subplans: tuple[tuple[str, "Step"], ...] = ()  # of its conditions: InitPlan or SubPlan, and the plan


def hashed(step: Step) -> Step:
    """The step's rows, put where a join finds them."""
    return Step("XN Hash", replace(step.cost, startup=step.cost.total), inputs=(step,))


def lines(step: Step, indent: int = 0) -> Iterator[str]:
    """The plan's lines."""
    yield f"{step.what} {step.on}".rstrip() + f"  {step.cost}"
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


def tree(step: Step, indent: int = 0) -> Iterator[str]:
    """What VERBOSE puts before the plan: the same steps once more, as far as its form is documented."""
    margin = " " * indent
    _, _, kind = step.what.partition(" ")
    yield f"{margin}{{{kind.replace(' ', '').upper()}"
    yield f"{margin}:startup_cost {step.cost.startup:.2f}"
    yield f"{margin}:total_cost {step.cost.total:.2f}"
    yield f"{margin}:plan_rows {step.cost.rows}"
    yield f"{margin}:plan_width {step.cost.width}"
    yield f"{margin}:best_pathkeys <>"
    if step.on.startswith(_MOVES):
        yield f"{margin}:dist_info {step.on}"
    for name, each in zip(("lefttree", "righttree"), step.inputs, strict=False):
        yield f"{margin}:{name}"
        yield from tree(each, indent + _DEEPER)
    yield f"{margin}}}"
