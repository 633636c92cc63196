"""A chart of any statement's rows, as a Vega-Lite dictionary with bounded points. No Streamlit in it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal

import pyarrow as pa

from app.views import charts
from app.views.charts import Spec
from app.views.explore.rows import unique
from app.views.formats import Marks
from app.views.palette import Palette

Kind = Literal["Bars", "Line", "Points"]
KINDS: tuple[Kind, ...] = ("Bars", "Line", "Points")
MOST_POINTS = 2_000
MOST_BARS = 100
_HEIGHT = 380
_LONGEST_LABEL = 60
_UNIX = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Axes:
    """What there is to choose from: any column across, and those that are numbers up."""

    across: tuple[str, ...]
    up: tuple[str, ...]


def axes(columns: pa.Table) -> Axes:
    """The columns that a chart can have, under names that differ."""
    names = unique(columns.column_names)
    numbers = [name for name, field in zip(names, columns.schema, strict=True) if _is_number(field.type)]
    return Axes(tuple(names), tuple(numbers))


def usual(columns: pa.Table, found: Axes) -> tuple[str, str, Kind]:
    """What is drawn until somebody chooses: over time where there is one."""
    kinds = dict(zip(found.across, columns.schema.types, strict=True))
    timely = [name for name in found.across if pa.types.is_temporal(kinds[name])]
    texts = [name for name in found.across if not _is_number(kinds[name])]
    across = (timely or texts or list(found.across))[0]
    up = next((name for name in found.up if name != across), found.up[0])
    return across, up, "Line" if timely else "Bars" if texts else "Points"


def spec(columns: pa.Table, across: str, up: str, kind: Kind, *, colours: Palette, marks: Marks) -> Spec:
    """The chart of the first rows that have both values."""
    table = columns.rename_columns(unique(columns.column_names)).slice(0, most(kind))
    timely = pa.types.is_temporal(table[across].type) and kind != "Bars"
    numbers = _is_number(table[across].type) and kind != "Bars"
    values = list(_points(table[across], table[up], placed=numbers or timely))
    axis = {"labelAngle": 0, "labelLimit": 110, "labelOverlap": True}
    x: Spec = {"field": "x", "title": across, "type": "nominal", "sort": None, "axis": axis}
    if timely:
        x |= {"type": "temporal", "scale": {"type": "utc"}}
    elif numbers:
        x |= {"type": "quantitative", "scale": {"zero": False}}
    y = {"field": "y", "type": "quantitative", "title": up, "axis": {"tickCount": 5}}
    tooltip = [
        {"field": "told", "type": "nominal", "title": _inert(across)},
        {"field": "exact", "type": "nominal", "title": _inert(up)},
    ]
    return {
        "description": f"{kind} of {up} by {across}, {len(values)} rows.",
        "data": {"values": values},
        "height": _HEIGHT,
        "mark": _mark(kind, colours, few=len(values) <= MOST_BARS),
        "encoding": {"x": x, "y": y, "tooltip": tooltip},
        "config": charts.config(colours, marks),
    }


def _inert(name: str) -> str:
    """A name for a line of a tooltip, which of some names makes a picture or a heading."""
    return f"{name} " if name in {"image", "title"} else name


def most(kind: Kind) -> int:
    """How many rows a chart of this kind has at most."""
    return MOST_BARS if kind == "Bars" else MOST_POINTS


def _mark(kind: Kind, colours: Palette, *, few: bool) -> Spec:
    if kind == "Bars":
        return {"type": "bar", "color": colours.accent}
    if kind == "Line":
        points = {"color": colours.accent, "filled": True} if few else False
        return {"type": "line", "color": colours.accent, "strokeWidth": 2, "point": points}
    return {"type": "point", "color": colours.accent, "filled": True, "size": 40}


def _points(across: pa.ChunkedArray, up: pa.ChunkedArray, *, placed: bool) -> Iterator[dict[str, Any]]:
    for x, y in zip(across.to_pylist(), up.to_pylist(), strict=True):
        if x is None or y is None or not math.isfinite(y):
            continue
        place = _placed(x) if placed else _told(x)
        if not isinstance(place, float) or math.isfinite(place):
            yield {"x": place, "y": float(y), "told": _told(x), "exact": str(y)}


def _placed(x: Any) -> float:
    """Where on an axis; moments in milliseconds: to a time without a zone a browser would add its own."""
    if isinstance(x, date) and not isinstance(x, datetime):
        x = datetime.combine(x, time(), UTC)
    if isinstance(x, datetime):
        return ((x if x.tzinfo else x.replace(tzinfo=UTC)) - _UNIX).total_seconds() * 1000
    return float(x)


def _told(x: Any) -> str:
    text = str(x)
    return text if len(text) <= _LONGEST_LABEL else f"{text[:_LONGEST_LABEL]}…"


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
