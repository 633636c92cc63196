"""Tables as they are read: sorted and written by the browser, whose grid knows floats and no decimals."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa
import streamlit as st

from app.views.formats import Marks

# The currencies whose amounts the grid can write; the heading tells the symbol of any other.
_KNOWN = {"USD": "dollar", "EUR": "euro", "JPY": "yen"}
_ROW, _MOST_ROWS = 35, 15  # the height of a row in pixels, and how many are seen at once

_NO_TEXT = re.compile(r"[\s\ufeff]*(?:\[|:material/)")  # the browser, too, counts a byte-order mark as blank


def draw(rows: pa.Table, columns: Mapping[str, Any], *, alt: str, empty: str = "-") -> None:
    """Draws a table as high as its rows are, up to what fits under a page's figures."""
    st.dataframe(
        pa.table({name: _written(rows[name]) for name in rows.column_names}),
        hide_index=True,
        height="content" if rows.num_rows <= _MOST_ROWS else _ROW * (_MOST_ROWS + 1),
        placeholder=empty,
        column_config=dict(columns),
        alt=alt,
    )


def _written(column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Floats are exact to the cent far beyond what is ever sold; Arrow's cast is off in the last digit."""
    if not pa.types.is_decimal(column.type):
        return column
    return pa.array([None if each is None else float(each) for each in column.to_pylist()], pa.float64())


def money(label: str, currency: str, marks: Marks) -> Any:
    """A column of amounts."""
    known = _KNOWN.get(currency)
    return st.column_config.NumberColumn(
        label if known else f"{label} ({marks.symbol})",
        format=known or "localized",
        step=float(Decimal(1).scaleb(-marks.cents)),
    )


def count(label: str) -> Any:
    """A column of whole numbers."""
    return st.column_config.NumberColumn(label, format="localized")


def change(label: str, marks: Marks) -> Any:
    """A column of changes in percent, with their signs as far as the grid can write them."""
    if marks.decimal == ".":
        return st.column_config.NumberColumn(label, format="%+.1f%%")
    return st.column_config.NumberColumn(f"{label} (%)", format="localized", step=0.1)


def share(label: str, best: float, colour: str) -> Any:
    """A column of shares with bars, of which the best is a whole one."""
    return st.column_config.ProgressColumn(
        label, format="percent", step=0.001, max_value=max(best, 0.001), color=colour
    )


def inert(text: str) -> str:
    """Text that a column of buttons takes as text: of a list it makes a menu, and of some names an icon."""
    return "\u200b" + text if _NO_TEXT.match(text) else text
