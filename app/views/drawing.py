"""Charts and tables on a page, clicks on them, and how a person looks at them: on all pages, in one tab."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from app.views import filters, grid
from app.views.bars import PICK
from app.views.charts import Spec
from app.views.choice import Dimension
from app.views.formats import Marks

_LOOK = "look"  # what the person chose of how pages look, by the name of the switch
_Option = TypeVar("_Option", bound=str)


def chart(spec: Spec, **how: Any) -> None:
    """Draws a chart; its description is what a screen reader says of it."""
    # Arrow's columns go to the browser as they are; of values, Streamlit would make a pandas frame first.
    values = pa.Table.from_pylist(spec["data"]["values"])
    drawn = {name: part for name, part in spec.items() if name not in ("data", "description")}
    # Told its height, the page keeps the room while the browser draws a chart anew.
    st.vega_lite_chart(values, drawn, alt=spec["description"], height=spec["height"], **how)


def clickable(spec: Spec, key: str, dimension: Dimension, offered: Collection[str]) -> None:
    """Draws a ranking; a click on a bar chooses its value, or everything again where it was chosen alone."""
    # After a click the chart has another name, under which nothing is selected: it can be clicked again.
    name = f"{key}.{st.session_state.get(_clicks(key), 0)}"
    chart(spec, key=name, on_select=partial(_click, key, name, dimension, offered), selection_mode=PICK)


def _clicks(key: str) -> str:
    return f"{key} clicks"


def _click(key: str, name: str, dimension: Dimension, offered: Collection[str]) -> None:
    # The browser says what is selected, and may say anything.
    picked = st.session_state[name].selection.get(PICK)
    rows = picked if isinstance(picked, list) else []
    st.session_state[_clicks(key)] = st.session_state.get(_clicks(key), 0) + 1
    filters.toggle(dimension, [row.get("key") for row in rows if isinstance(row, dict)], offered)


def table(rows: pa.Table, *, alt: str, currency: str, marks: Marks) -> None:
    """Draws a table of charts.table_of."""
    columns = {field.name: _column(field, currency, marks) for field in rows.schema}
    for place, field in enumerate(rows.schema):
        if pa.types.is_floating(field.type):  # a share, which the grid writes in percent
            rows = rows.set_column(place, field.name, pc.round(pc.multiply(rows[place], 100), 1))
    grid.draw(rows, columns, alt=alt)


def _column(field: pa.Field, currency: str, marks: Marks) -> Any:
    if pa.types.is_decimal(field.type):
        return grid.money(field.name, currency, marks)
    if pa.types.is_floating(field.type):
        return grid.change(field.name, marks)
    if pa.types.is_integer(field.type):
        return grid.count(field.name)
    if pa.types.is_date(field.type):
        return st.column_config.DateColumn(format="localized", pinned=True)
    return st.column_config.TextColumn(width="medium", pinned=True)


def looked_at(name: str, options: Sequence[_Option], usual: _Option) -> _Option:
    """What was chosen of a switch; the usual where that is not among the options now."""
    chosen = st.session_state.get(_LOOK, {}).get(name)
    return chosen if chosen in options else usual


def switch(
    name: str, label: str, options: Sequence[str], chosen: str, written: Callable[[str], str] = str
) -> None:
    """Draws a switch whose choice is kept for the whole tab; `looked_at` tells it."""
    key = f"{_LOOK}.{name}"
    if st.session_state.get(key) != chosen:
        st.session_state[key] = chosen
    st.segmented_control(
        label,
        options,
        format_func=written,
        key=key,
        required=True,
        label_visibility="collapsed",
        on_change=_look,
        args=(name, key),
    )


def _look(name: str, key: str) -> None:
    st.session_state[_LOOK] = {**st.session_state.get(_LOOK, {}), name: st.session_state[key]}
