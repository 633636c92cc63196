"""The rows of any statement as a browser's grid can show them: bounded, and exact to the last digit.

No Streamlit in it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from app.redshift.table import Table

MOST_ROWS = 10_000
MOST_BYTES = 8 << 20
# Of an answer that a tab holds on to: somebody may have many tabs.
MOST_KEPT_MB = 16
_DIGITS = 15  # of a decimal that a browser's numbers hold exactly
_WHOLE = 2**53
_TEXT = pa.string()


@dataclass(frozen=True)
class Shown:
    """The rows that a grid gets, and by column how many places its numbers have, where they are decimals."""

    rows: pa.Table
    places: dict[str, int]


def shown(columns: pa.Table) -> Shown:
    """The first rows, their columns under names that differ."""
    names = unique(columns.column_names)
    head = columns.slice(0, MOST_ROWS).rename_columns(names)
    if head.nbytes > MOST_BYTES:
        head = head.slice(0, max(1, head.num_rows * MOST_BYTES // head.nbytes))
    places = {name: head[name].type.scale for name in names if _exact_decimal(head[name])}
    written = [_written(head[name], number=name in places) for name in names]
    return Shown(pa.table(written, names=names), places)


def kept(table: Table) -> Table:
    """The first rows of an answer that is too large to be held on to; a copy, which holds on to no others."""
    columns, most = table.columns, MOST_KEPT_MB << 20
    if columns.nbytes <= most:
        return table
    rows = columns.num_rows * most // columns.nbytes
    return replace(table, columns=columns.take(pa.array(range(rows))), truncated=True)


def unique(names: Sequence[str]) -> list[str]:
    """The same names, of which those that were there before are numbered."""
    taken, found = Counter[str](), []
    for name in names:
        plain = name or "?column?"
        taken[plain] += 1
        fresh = plain if taken[plain] == 1 else f"{plain} ({taken[plain]})"
        while fresh in found:
            taken[plain] += 1
            fresh = f"{plain} ({taken[plain]})"
        found.append(fresh)
    return found


def _exact_decimal(column: pa.ChunkedArray) -> bool:
    """Whether the browser's numbers hold each of its values to the last digit."""
    if not pa.types.is_decimal(column.type) or column.type.scale < 0:
        return False
    most = Decimal(10) ** (_DIGITS - column.type.scale)
    return all(value is None or abs(value) < most for value in column.to_pylist())


def _written(column: pa.ChunkedArray, *, number: bool) -> pa.Array | pa.ChunkedArray:
    if number:
        return pa.array([None if each is None else float(each) for each in column.to_pylist()], pa.float64())
    kind = column.type
    if pa.types.is_floating(kind) and _common(column):
        # By way of text, for 0.1 of four bytes is another number in eight.
        return column.cast(_TEXT).cast(pa.float64())
    if pa.types.is_boolean(kind) or _small(column):
        return column
    text = column.cast(_TEXT)
    return pc.replace_substring_regex(text, r"\.0+(Z?)$", r"\1") if pa.types.is_timestamp(kind) else text


def _common(column: pa.ChunkedArray) -> bool:
    """Whether none of its values is without end, no number, or larger than a grid writes."""
    return bool(pc.all(pc.less(pc.abs(column), float(_WHOLE)), min_count=0).as_py())


def _small(column: pa.ChunkedArray) -> bool:
    """Whether they are whole numbers that a browser's numbers hold."""
    if not pa.types.is_integer(column.type):
        return False
    least, most = pc.min_max(column).as_py().values()
    return least is None or (least > -_WHOLE and most < _WHOLE)
