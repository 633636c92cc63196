"""What each side was answered, and how the two differ. No Streamlit in it."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from app.redshift.panels import Panels
from app.redshift.query import Query
from app.views import cities, formats, metrics, overview, places, sales
from app.views.choice import DIMENSIONS, Dimension, Filters
from app.views.figures import NOTHING, City, Figures, Step
from app.views.formats import Marks
from app.views.page import View
from app.views.places import Answer
from app.views.sales import Grain

PAGES = {view.title: view for view in (overview.VIEW, cities.VIEW)}
"""The pages that are drawn twice, by their titles."""

_DIGITS = 12
_NAMED = 6  # of what only one side sees
_NAMES: Mapping[Dimension, tuple[str, str]] = {
    "country": ("country", "countries"),
    "category": ("category", "categories"),
    "place": ("city", "cities"),
}

Sold = Mapping[str, Figures]


def fingerprint(query: Query) -> str:
    """What tells this statement from any other: a hash of all that is sent, its SQL and its parameters.

    The first digits of the SHA-256 of `[SQL, [[name, value], …]]` as JSON without blanks, by name.
    """
    sent = json.dumps(
        [query.sql, sorted(query.parameters.items())], ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(sent.encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class Seen:
    """What one person sees of a page: the figures, and what they come from, by the filters' names."""

    total: Figures = NOTHING
    sold: Mapping[Dimension, Sold] = field(default_factory=dict)
    steps: Sequence[Step] = ()
    cities: Sequence[City] = ()
    incomplete: frozenset[Dimension] = frozenset()  # a cap on rows took some of these

    @property
    def visible(self) -> bool:
        """Whether anything is there."""
        return bool(self.total.orders)


def read(view: View, panels: Panels, chosen: Filters, grain: Grain) -> Seen:
    """What the page's answer says to one person."""
    if view is cities.VIEW:
        return _cities(panels, chosen)
    totals = [sales.compared(nine).now for nine in panels.rows("totals")]
    countries = [
        (country, sales.compared(nine).now)
        for region, country, *nine in panels.rows("countries")
        if _chosen(chosen, "region", region)
    ]
    categories = [(name, sales.compared(nine).now) for name, *nine in panels.rows("categories")]
    sold: dict[Dimension, Sold] = {"country": _by_name(countries, chosen, "country")}
    sold["category"] = _by_name(categories, chosen, "category")
    return Seen(
        next(iter(totals), NOTHING),
        sold,
        steps=list(sales.steps(panels, chosen, grain)),
        incomplete=_incomplete(panels, country="countries", category="categories"),
    )


def _cities(panels: Panels, chosen: Filters) -> Seen:
    totals = [sales.sold(three) for three in panels.rows("totals")]
    answer = Answer(next(iter(totals), NOTHING), NOTHING, panels)
    countries = [(each.code, each.figures) for each in answer.countries(chosen.values("region"))]
    found = [city for city in answer.best() if _chosen(chosen, "place", places.place(city))]
    sold: dict[Dimension, Sold] = {"country": _by_name(countries, chosen, "country")}
    sold["place"] = _by_name([(places.place(city), city.figures) for city in found], chosen, "place")
    return Seen(
        answer.total,
        sold,
        cities=found,
        incomplete=_incomplete(panels, country="countries", place="cities"),
    )


def _chosen(chosen: Filters, dimension: Dimension, value: str) -> bool:
    return not chosen.values(dimension) or value in chosen.values(dimension)


def _by_name(
    found: Sequence[tuple[str, Figures]], chosen: Filters, dimension: Dimension
) -> dict[str, Figures]:
    """What was sold under each name that is chosen; a name with no orders in the period is not there."""
    by_name: dict[str, list[Figures]] = {}
    for name, figures in found:
        if figures.orders and _chosen(chosen, dimension, name):
            by_name.setdefault(name, []).append(figures)
    return {name: places.added(each) for name, each in by_name.items()}


def _incomplete(panels: Panels, **by: str) -> frozenset[Dimension]:
    return frozenset(name for name in DIMENSIONS if by.get(name) in panels.incomplete)


@dataclass(frozen=True)
class Pair:
    """Both sides, so that each is drawn by the other's measure."""

    left: Seen
    right: Seen

    @property
    def dimensions(self) -> list[Dimension]:
        """By what both can be told apart; nothing of which a cap on rows took some."""
        cut = self.left.incomplete | self.right.incomplete
        return [
            name for name in DIMENSIONS if name in {**self.left.sold, **self.right.sold} and name not in cut
        ]

    def names(self, dimension: Dimension, most: int) -> list[str]:
        """The names that sold most on either side, in one order for both."""
        sold = [side.sold.get(dimension, {}) for side in (self.left, self.right)]
        best = {
            name: max(each.get(name, NOTHING).sales for each in sold)
            for name in dict.fromkeys([*sold[0], *sold[1]])
        }
        return sorted(best, key=lambda name: best[name], reverse=True)[:most]

    def most(self, dimension: Dimension) -> Decimal:
        """The largest sales under one name on either side."""
        sold = [
            figures for side in (self.left, self.right) for figures in side.sold.get(dimension, {}).values()
        ]
        return max((figures.sales for figures in sold), default=Decimal(0))

    @property
    def course(self) -> tuple[Decimal, Decimal]:
        """The lowest and the highest sales of a step on either side; zero is always among them."""
        sold = [step.figures.now.sales for side in (self.left, self.right) for step in side.steps]
        return min(sold, default=Decimal(0)).min(0), max(sold, default=Decimal(0)).max(0)

    @property
    def cities(self) -> list[City]:
        """The cities of both."""
        return [*self.left.cities, *self.right.cities]


class Row(NamedTuple):
    """A figure of both, written out, and how far the left is above the right."""

    name: str
    left: str
    right: str
    difference: str


def rows(pair: Pair, marks: Marks) -> Iterator[Row]:
    """The difference in numbers."""
    for figure in metrics.FIGURES:
        left, right = (figure.of(side.total) for side in (pair.left, pair.right))
        yield Row(figure.label, *(figure.exact(each, marks) for each in (left, right, left - right)))
    for dimension in pair.dimensions:
        counts = [len(side.sold.get(dimension, {})) for side in (pair.left, pair.right)]
        counted = (formats.count(each, marks) for each in (*counts, counts[0] - counts[1]))
        yield Row(_NAMES[dimension][1].capitalize(), *counted)


def alone(pair: Pair, names: tuple[str, str], marks: Marks) -> Iterator[str]:
    """What only one of the two people sees, in words."""
    for dimension in pair.dimensions:
        left, right = (side.sold.get(dimension, {}) for side in (pair.left, pair.right))
        for name, mine, others in ((names[0], left, right), (names[1], right, left)):
            if only := {each: mine[each] for each in mine if each not in others}:
                yield f"Only {name} sees {_told(dimension, only, marks)}."


def _told(dimension: Dimension, only: Sold, marks: Marks) -> str:
    singular, plural = _NAMES[dimension]
    best = sorted(only, key=lambda name: only[name].sales, reverse=True)
    said = [
        f"{label(dimension, name)} {formats.short_money(only[name].sales, marks)}" for name in best[:_NAMED]
    ]
    more = len(best) - len(said)
    listed = ", ".join(said) + (f" and {formats.count(more, marks)} more" if more else "")
    return f"{formats.count(len(best), marks)} {singular if len(best) == 1 else plural}: {listed}"


def label(dimension: Dimension, name: str) -> str:
    """How people call a value."""
    return formats.country(name) if dimension == "country" else name
