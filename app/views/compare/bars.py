"""The same names in the same order, once for each side, by one scale. No Streamlit in it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from app.views import charts
from app.views.charts import Spec
from app.views.figures import Figures
from app.views.formats import Marks, short_money
from app.views.palette import Palette

_ROW, _BELOW = 24, 20  # pixels
_NONE = "no rows"


class Bar(NamedTuple):
    """A name, and what was sold under it on this side; nothing where no row of it comes through."""

    label: str
    figures: Figures


def bars(shown: Sequence[Bar], *, most: Decimal, colours: Palette, marks: Marks) -> Spec:
    """Bars of which `most` would be the longest, whether or not it is on this side."""
    longest = max((len(bar.label) for bar in shown), default=0)
    room = f"min({min(16 + 7 * longest, 170)}, 0.4 * width)"
    scale = {
        "domain": [0, float(most) or 1],
        "nice": False,
        "range": [{"expr": room}, {"expr": "max(width - 62, 0)"}],
    }
    text: Spec = {"type": "text", "align": "left", "fontSize": 13, **charts.UNSEEN}
    written = {"condition": {"test": "datum.orders", "value": colours.text}, "value": colours.muted}
    return {
        "description": _told(shown, marks),
        "data": {"values": [_row(place, bar, marks) for place, bar in enumerate(shown)]},
        "height": _ROW * max(1, len(shown)) + _BELOW,
        "transform": [{"calculate": "max(datum.sales, 0)", "as": "end"}],
        "encoding": {
            "y": {"field": "row", "type": "ordinal", "axis": None, "scale": {"padding": 0}},
            "tooltip": _tooltip(marks),
        },
        "layer": [
            {
                "mark": {
                    "type": "bar",
                    "height": {"band": 0.55},
                    "cornerRadiusEnd": 2,
                    "color": colours.accent,
                    "description": {"expr": "datum.label + ': ' + datum.short"},
                },
                "encoding": {"x": {"field": "end", "type": "quantitative", "axis": None, "scale": scale}},
            },
            {
                "mark": {**text, "limit": {"expr": f"{room} - 10"}},
                "encoding": {
                    "x": {"value": 0},
                    "text": {"field": "label", "type": "nominal"},
                    "color": written,
                },
            },
            {
                "mark": {**text, "dx": 6},
                "encoding": {
                    "x": {"field": "end", "type": "quantitative"},
                    "text": {"field": "short", "type": "nominal"},
                    "color": written,
                },
            },
        ],
        "config": charts.config(colours, marks),
    }


def _row(place: int, bar: Bar, marks: Marks) -> dict[str, object]:
    sold = bar.figures
    return {
        "row": place,
        "label": bar.label,
        "sales": float(sold.sales),
        "short": short_money(sold.sales, marks) if sold.orders else _NONE,
        "units": sold.units,
        "orders": sold.orders,
    }


def _tooltip(marks: Marks) -> list[Spec]:
    number = {"type": "quantitative", "format": ","}
    return [
        {"field": "label", "type": "nominal", "title": "title"},  # vega-tooltip's name for its heading
        {"field": "sales", "title": "Sales", **charts.exact(marks)},
        {"field": "units", "title": "Units", **number},
        {"field": "orders", "title": "Orders", **number},
    ]


def _told(shown: Sequence[Bar], marks: Marks) -> str:
    seen = [f"{bar.label} {short_money(bar.figures.sales, marks)}" for bar in shown if bar.figures.orders]
    without = len(shown) - len(seen)
    hidden = f" No rows of {without} others." if without else ""
    return f"Sales in {len(seen)} bars: {', '.join(seen)}.{hidden}" if seen else f"No sales.{hidden}"
