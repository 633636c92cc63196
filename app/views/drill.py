"""A page that leads from the whole down to its orders, level by level.

Drilling is filtering: what is shown is the level of the first dimension that is not narrowed to one value,
and after the last the orders. So the address says the level, the browser's way back leads up again, and
a link opens the same level with the rows of whoever follows it.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from app.redshift.conditions import Value
from app.redshift.panels import Base, Panel, Panels, Question, Section
from app.views import charts, filters, formats, grid, metrics, sales, states
from app.views.choice import DIMENSIONS, Dimension, Filters
from app.views.figures import Figures
from app.views.formats import Against
from app.views.page import FACETS, Page, View

Levels = tuple[Dimension, ...]  # from the whole downwards

_MANY: Mapping[Dimension, str] = {
    "region": "regions",
    "country": "countries",
    "category": "categories",
    "product": "products",
    "place": "cities",
}
_AGAINST: tuple[Against, Against] = ("before", "year_ago")
_STYLE = f"<style>{(Path(__file__).parent / 'drill.css').read_text()}</style>"
_LATEST = 200  # orders: more than anybody reads

_LISTED = Base(
    "listed",
    f"""
    SELECT *
    FROM ({sales.SOLD.sql}) AS sold_orders
    WHERE :level = 'orders'
    """,  # noqa: S608 - of our own texts alone
    columns={**sales.SOLD.columns, "quantity": "INTEGER"},
)
"""The orders of the period once the page has led down to them; before that, none."""


def view(title: str, path: str, levels: Levels) -> View:
    """A page that leads down these levels, and then to the orders."""
    question = Question(
        title,
        sales.COMPARED,
        sales.COMPARISON,
        panels=(sales.ANYTHING, Panel("totals", where=("chosen",)), *sales.FACETS),
    )
    listed = Panel(
        "listed",
        by=("sold_at", "product", "place", "quantity", "price", "amount"),
        where=("chosen",),
        order=("-sold_at",),
        limit=_LATEST,
    )
    return View(
        title=title,
        path=path,
        question=question.beside(Section(_LISTED, {"orders": sales.MEASURES["orders"]}, [listed])),
        parameters=partial(_parameters, levels),
        conditions=sales.conditions,
        draw=partial(_draw, levels),
        shapes=((metrics.WEIGHTS, 150), ((1,), 420)),
        elements=("dataframe",),
    )


def _parameters(levels: Levels, chosen: Filters) -> Mapping[str, Value]:
    return {**sales.periods_of(chosen, "quarter"), "level": (*levels, "orders")[depth(levels, chosen)]}


def depth(levels: Levels, chosen: Filters) -> int:
    """How many levels the choice has led down."""
    wide = (place for place, level in enumerate(levels) if len(chosen.values(level)) != 1)
    return next(wide, len(levels))


def members(panels: Panels, level: Dimension, chosen: Filters) -> pa.Table:
    """Those of a level that sold, best first, with their figures in the three periods.

    They come of a panel that has them beside their own choice, and the best alone where there are many.
    """
    panel = panels[FACETS[level][0]]
    seen = pc.field("orders") > 0
    for name in DIMENSIONS:
        if name in panel.column_names and (values := chosen.values(name)):
            seen &= pc.field(name).isin(values)
    sums = panel.filter(seen).group_by(level).aggregate([(name, "sum") for name in sales.COMPARISON])
    named = sums.select([level, *(f"{name}_sum" for name in sales.COMPARISON)])
    ranked = named.rename_columns([level, *sales.COMPARISON])
    return ranked.sort_by([("sales", "descending"), (level, "ascending")])


def _draw(levels: Levels, panels: Panels, this: Page) -> None:
    down = depth(levels, this.filters)
    (totals,) = (sales.compared(nine) for nine in panels.rows("totals"))
    _breadcrumbs(levels, down, this)
    metrics.draw(totals, this)
    if down < len(levels):
        _ranked(panels, levels, down, totals.now, this)
    else:
        _orders(panels, totals.now, this)


def _breadcrumbs(levels: Levels, down: int, this: Page) -> None:
    """Where the page has led, with the way back to each level above."""
    passed = [filters.named(level, *this.filters.values(level)) for level in levels[:down]]
    *above, here = [f"All {_MANY[levels[0]]}", *passed]
    st.html(_STYLE)
    with st.container(key="breadcrumbs", horizontal=True, vertical_alignment="center", gap="small"):
        if above:
            _way("Back", levels[down - 1 : down], key=f"{this.view.path}.back", icon=":material/arrow_back:")
        for place, name in enumerate(above):
            _way(filters.plain(name), levels[place:down], key=f"{this.view.path}.to.{place}")
            st.html('<span aria-hidden="true">›</span>', width="content")  # noqa: RUF001 - as paths are written
        st.html(f'<span aria-current="location">{escape(here)}</span>', width="content")


def _way(label: str, passed: Levels, *, key: str, icon: str | None = None) -> None:
    st.button(f":primary[{label}]", key=key, icon=icon, type="tertiary", on_click=_rise, args=(passed,))


def _rise(passed: Levels) -> None:
    for level in passed:
        filters.drop(level)


def _ranked(panels: Panels, levels: Levels, down: int, total: Figures, this: Page) -> None:
    """A level's members, each of which can be opened."""
    level = levels[down]
    many, label = _MANY[level], filters.LABELS[level]
    ranked = members(panels, level, this.filters)
    values = tuple(ranked[level].to_pylist())
    # Of other members than these, a row's number or a name would mean something else.
    drawn = f"{this.view.path}.{level}.{crc32(chr(0).join(values).encode())}"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.header(many.capitalize(), anchor=False, width="content")
        _opener(level, values, key=f"{drawn}.open")
    below = _MANY[levels[down + 1]] if down + 1 < len(levels) else "orders"
    states.note(f"Open a {label.lower()} to see its {below}.")
    for line in _left_out(ranked, many, total, this, cut=FACETS[level][0] in panels.incomplete):
        states.note(line)
    names = [filters.named(level, value) for value in values]
    shown = pa.array(map(grid.inert, names), pa.string())
    rows = pa.table({label: shown, **_written(ranked, total)})
    columns = {label: _names(level, values, key=f"{drawn}.row"), **_columns(rows, this)}
    grid.draw(rows, columns, alt=f"{many.capitalize()} by sales")
    # A file says by its name that it has not all of them, as the page does.
    some = total.orders > pc.sum(ranked["orders"], min_count=0).as_py()
    name = f"Best {len(values)} {many}" if some else many.capitalize()
    this.offer(name, partial(_taken_along, ranked, {label: names}, this.filters.days))


def _names(level: Dimension, values: Sequence[str], *, key: str) -> Any:
    return st.column_config.ButtonColumn(
        width=250,
        alignment="left",
        type="tertiary",
        pinned=True,
        key=key,
        on_click=_open_row,
        args=(key, level, values),
    )


def _opener(level: Dimension, values: Sequence[str], *, key: str) -> None:
    """The same as a click on a row, for the keyboard and for who knows the name."""
    text = f"Open a {filters.LABELS[level].lower()}"
    st.selectbox(
        text,
        values,
        index=None,
        key=key,
        format_func=partial(filters.named, level),
        placeholder=text,
        label_visibility="collapsed",
        width=230,
        on_change=_open_chosen,
        args=(key, level, values),
    )


def _open_chosen(key: str, level: Dimension, values: Sequence[str]) -> None:
    chosen = st.session_state[key]
    if chosen in values:
        _open(level, chosen)


def _open_row(key: str, level: Dimension, values: Sequence[str]) -> None:
    # The browser says which row, and may say any number.
    row = st.session_state[key]["row"]
    if 0 <= row < len(values):
        _open(level, values[row])


def _open(level: Dimension, value: str) -> None:
    # A second click on the same row comes before the page has changed: it opens the same.
    filters.keep(filters.kept().keeping(level, [value]))


def _left_out(ranked: pa.Table, many: str, total: Figures, this: Page, *, cut: bool) -> Iterator[str]:
    """What is not in the table, in words."""
    sold, _, orders, *_ = (pc.sum(column, min_count=0).as_py() for column in ranked.columns[1:])
    if cut:
        yield f"There are more rows than a page takes. Incomplete: {many}. Narrow the filters to see all."
    elif not orders:
        yield f"None of the chosen {many} is among the best, and the best alone are ranked."
    if total.orders > orders > 0:
        best = formats.count(ranked.num_rows, this.marks)
        yield f"The best {best} {many}. Others: {formats.money(total.sales - sold, this.marks)}."


def _written(ranked: pa.Table, total: Figures) -> dict[str, Any]:
    """A table's columns as they are read."""
    sold = ranked["sales"].cast(pa.float64())
    changes: dict[str, Any] = {each: _changes(sold, ranked, each) for each in _AGAINST}
    return {
        "Sales": ranked["sales"],
        "Share": pc.divide(sold, float(total.sales) or 1.0),
        **changes,
        "Units": ranked["units"],
        "Orders": ranked["orders"],
    }


def _changes(sold: pa.ChunkedArray, ranked: pa.Table, against: Against) -> pa.ChunkedArray:
    """How sales have changed, in percent; null where there is nothing to compare with."""
    past = ranked[f"sales_{against}"].cast(pa.float64())
    share = pc.divide(pc.subtract(sold, past), pc.if_else(pc.equal(past, 0), None, pc.abs(past)))
    return pc.add(pc.round(pc.multiply(share, 100), 1), 0.0)  # no minus before a zero


def _taken_along(ranked: pa.Table, names: Mapping[str, Sequence[str]], days: int) -> pa.Table:
    nines = zip(*(column.to_pylist() for column in ranked.columns[1:]), strict=True)
    return charts.table_of(names, [sales.compared(nine) for nine in nines], days=days)


def _columns(rows: pa.Table, this: Page) -> dict[str, Any]:
    """How the table's columns are written."""
    marks, days = this.marks, this.filters.days
    return {
        "Sales": grid.money("Sales", this.reader.currency, marks),
        "Share": grid.share("Share of sales", pc.max(rows["Share"]).as_py() or 0.0, this.colours.ramp[1]),
        **{against: grid.change(f"vs {formats.other_period(against, days)}", marks) for against in _AGAINST},
        "Units": grid.count("Units"),
        "Orders": grid.count("Orders"),
    }


def _orders(panels: Panels, total: Figures, this: Page) -> None:
    lines, currency = _lines(panels), this.reader.currency
    some = lines.num_rows < total.orders
    shown, all_ = (formats.count(number, this.marks) for number in (lines.num_rows, total.orders))
    st.header("Orders", anchor=False)
    states.note(
        f"The latest {shown} of {all_} orders."
        if some
        else f"{all_} {'order' if total.orders == 1 else 'orders'}, the latest first."
    )
    columns = {
        "Date and time": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
        "Quantity": grid.count("Quantity"),
        "Price": grid.money("Price", currency, this.marks),
        "Amount": grid.money("Amount", currency, this.marks),
    }
    grid.draw(lines, columns, alt="Orders, the latest first")
    this.offer(f"Latest {lines.num_rows} orders" if some else "Orders", lambda: lines)


def _lines(panels: Panels) -> pa.Table:
    """The latest orders, one by one: those that are alike in everything come in one row, and how many."""
    listed = panels["listed"]
    each = (row for row, alike in enumerate(listed["orders"].to_pylist()) for _ in range(alike))
    # However many are alike: no more are looked at than are shown.
    lines = listed.take(pa.array(islice(each, _LATEST), pa.int64())).drop_columns("orders")
    return lines.rename_columns(["Date and time", "Product", "City", "Quantity", "Price", "Amount"])
