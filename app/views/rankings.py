"""What sells where, and of what: panels of an answer as bars, best or lowest first. No Streamlit in it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from app.redshift.panels import Panels
from app.views import charts, formats, sales
from app.views.bars import Bar, ranking
from app.views.charts import Spec
from app.views.choice import Dimension
from app.views.figures import Compared
from app.views.formats import Marks
from app.views.palette import Palette

Nine = Sequence[Any]  # the measures that sales.compared reads
Places = Sequence[tuple[str, str, Nine]]  # region, country, and what was sold there

_MOST_PRODUCTS = next(panel.limit for panel in sales.FACETS if panel.name == "products")


@dataclass(frozen=True)
class Ranking:
    """Bars of a dimension: those to be seen, the others as one where all are known, and each for a table."""

    name: str
    title: str
    dimension: Dimension
    shown: Sequence[Bar]
    every: Callable[[], Sequence[Bar]]
    others: Bar | None = None

    def chart(self, *, chosen: Collection[str], days: int, colours: Palette, marks: Marks) -> Spec:
        """The bars, and strong among them what is chosen."""
        return ranking(self.shown, others=self.others, chosen=chosen, days=days, colours=colours, marks=marks)

    def table(self, column: str, *, days: int) -> pa.Table:
        """The figures of each."""
        bars = self.every()
        names = {column: [bar.label for bar in bars]}
        return charts.table_of(names, [bar.figures for bar in bars], days=days)


def categories(panels: Panels, chosen: Collection[str], *, most: int) -> Ranking:
    """The categories, best first."""
    found = {name: nine for name, *nine in panels.rows("categories")}
    return _ranked("By category", "category", found, chosen, most=most, plural="categories")


def places(panels: Panels) -> Places:
    """What was sold in each country of each region."""
    return [(region, country, nine) for region, country, *nine in panels.rows("countries")]


def regions(sold: Places, chosen: Collection[str], *, most: int) -> Ranking:
    """The regions, best first."""
    found = _summed((region, nine) for region, _, nine in sold)
    return _ranked("By region", "region", found, chosen, most=most, plural="regions")


def countries(sold: Places, chosen: Collection[str], *, within: Collection[str], most: int) -> Ranking:
    """The countries, best first, by their names; within the regions that are chosen, if any are."""
    found = _summed((country, nine) for region, country, nine in sold if not within or region in within)
    return _ranked(
        "By country", "country", found, chosen, most=most, plural="countries", label=formats.country
    )


def products(panels: Panels, chosen: Collection[str], *, most: int) -> Ranking:
    """The products that sold most; the panel has them in that order."""
    table = panels["products"]
    seen = [name in chosen or place < most for place, name in enumerate(table["product"].to_pylist())]
    shown, rest = (table.filter(pa.array(these, pa.bool_())) for these in (seen, [not each for each in seen]))
    # There may be more of them than the question asks for.
    all_known = table.num_rows != _MOST_PRODUCTS
    return Ranking(
        "products",
        "Top products",
        "product",
        _bars(shown),
        every=lambda: _bars(table),
        others=_others(rest.num_rows, "product", "products", _total(rest))
        if all_known and rest.num_rows
        else None,
    )


def lowest_products(panels: Panels) -> Ranking:
    """The products that sold least, those that did not sell at all among them."""
    bars = _bars(panels["lowest"])
    return Ranking("lowest", "Lowest products", "product", bars, every=lambda: bars)


def _ranked(
    title: str,
    dimension: Dimension,
    found: Mapping[str, Nine],
    chosen: Collection[str],
    *,
    most: int,
    plural: str,
    label: Callable[[str], str] = str,
) -> Ranking:
    def bars(names: Iterable[str]) -> list[Bar]:
        return [Bar(name, label(name), sales.compared(found[name])) for name in names]

    ordered = sorted(found, key=lambda name: found[name][0], reverse=True)
    shown = [name for place, name in enumerate(ordered) if place < most or name in chosen]
    rest = [found[name] for name in ordered[most:] if name not in chosen]
    others = _others(len(rest), dimension, plural, sales.compared(_sum(rest))) if rest else None
    return Ranking(plural, title, dimension, bars(shown), every=lambda: bars(ordered), others=others)


def _others(number: int, singular: str, plural: str, figures: Compared) -> Bar:
    return Bar("", f"{number} other {plural if number > 1 else singular}", figures)


def _bars(table: pa.Table) -> list[Bar]:
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return [Bar(name, name, sales.compared(nine)) for name, *nine in rows]


def _total(table: pa.Table) -> Compared:
    return sales.compared(pc.sum(column).as_py() for column in table.columns[1:])


def _summed(rows: Iterable[tuple[str, Nine]]) -> dict[str, Nine]:
    """What was sold under each name, of which there may be several."""
    found: dict[str, list[Nine]] = {}
    for name, nine in rows:
        found.setdefault(name, []).append(nine)
    return {name: _sum(each) if len(each) > 1 else each[0] for name, each in found.items()}


def _sum(rows: Sequence[Nine]) -> Nine:
    return [sum(column[1:], column[0]) for column in zip(*rows, strict=True)]
