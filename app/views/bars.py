"""Ranked figures → bars, as a Vega-Lite specification; app.views.charts says what holds for all of them."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from app.views import charts
from app.views.charts import Spec
from app.views.figures import Compared
from app.views.formats import Marks, other_period, short_money
from app.views.palette import Palette

PICK = "pick"
"""The selection of a ranking: a click on a bar sends its key."""

_ROW, _BELOW = 28, 20  # pixels; Streamlit leaves some of the height free at the end
_PALE, _STRONG, _CHOSEN = 0, 1, 2  # as a bar is drawn


class Bar(NamedTuple):
    """A bar of a ranking: what a click on it sends, what it is called, and its figures."""

    key: str
    label: str
    figures: Compared


def ranking(
    bars: Sequence[Bar],
    *,
    others: Bar | None = None,
    chosen: Collection[str] = (),
    days: int,
    colours: Palette,
    marks: Marks,
) -> Spec:
    """Bars in their order, with their figures beside them; what is chosen is strong, and a click sends a key.

    The others together are a line without a bar, which would dwarf what is to be compared.
    """
    shown = [*bars, others._replace(key="")] if others else list(bars)
    longest = max((len(bar.label) for bar in shown), default=0)
    room = f"min({min(16 + 7 * longest, 210)}, 0.45 * width)"
    rows = [{"row": place, **_row(bar, chosen, marks)} for place, bar in enumerate(shown)]
    return {
        "description": _ranking_told(bars, marks),
        "data": {"values": rows},
        "height": _ROW * max(1, len(rows)) + _BELOW,
        "transform": [
            {"calculate": "datum.key ? max(datum.sales, 0) : 0", "as": "end"},
            *(charts.change("sales", against, f"vs_{against}") for against in charts.AGAINST),
        ],
        "encoding": {"y": {"field": "row", "type": "ordinal", "axis": None, "scale": {"padding": 0}}},
        "layer": [_bars(room, colours), *_texts(room, colours), _target(days, colours, marks)],
        "config": charts.config(colours, marks),
    }


def _row(bar: Bar, chosen: Collection[str], marks: Marks) -> dict[str, Any]:
    now, before, year_ago = bar.figures
    return {
        "key": bar.key,
        "label": bar.label,
        "sales": float(now.sales),
        "short": short_money(now.sales, marks),
        "units": now.units,
        "orders": now.orders,
        "before": float(before.sales),
        "year_ago": float(year_ago.sales),
        "state": _CHOSEN if bar.key in chosen else _PALE if chosen else _STRONG,
    }


def _ranking_told(shown: Sequence[Bar], marks: Marks) -> str:
    told = [f"{bar.label} {short_money(bar.figures.now.sales, marks)}" for bar in shown]
    if len(told) < 2:  # noqa: PLR2004
        return f"Sales: {''.join(told)}."
    return f"Sales in {len(told)} bars, from {told[0]} to {told[-1]}."


def _bars(room: str, colours: Palette) -> Spec:
    # Room for the names before the bars, and for the figures beside the longest.
    scale = {"zero": True, "nice": False, "range": [{"expr": room}, {"expr": "max(width - 62, 0)"}]}
    return {
        "mark": {
            "type": "bar",
            "height": {"band": 0.55},
            "cornerRadiusEnd": 2,
            "description": {"expr": "datum.label + ': ' + datum.short"},
        },
        "encoding": {
            "x": {"field": "end", "type": "quantitative", "axis": None, "scale": scale},
            "color": {
                "condition": {"test": f"datum.state > {_PALE}", "value": colours.accent},
                "value": colours.pale,
            },
        },
    }


def _texts(room: str, colours: Palette) -> Iterator[Spec]:
    weight = {"fontWeight": {"expr": f"datum.state == {_CHOSEN} ? 'bold' : 'normal'"}, "fontSize": 13}
    look: Spec = {"type": "text", "color": colours.text, "align": "left", **weight, **charts.UNSEEN}
    yield {
        "mark": {**look, "limit": {"expr": f"{room} - 10"}},
        "encoding": {"x": {"value": 0}, "text": {"field": "label", "type": "nominal"}},
    }
    yield {
        "mark": {**look, "dx": 6},
        "encoding": {
            "x": {"field": "end", "type": "quantitative"},
            "text": {"field": "short", "type": "nominal"},
        },
    }


def _target(days: int, colours: Palette, marks: Marks) -> Spec:
    """The whole row takes the pointer: a short bar is as easy to hit as a long one."""
    number = {"type": "quantitative", "format": ","}
    tooltip = [
        {"field": "label", "type": "nominal", "title": "title"},  # vega-tooltip's name for its heading
        {"field": "sales", "title": "Sales", **charts.exact(marks)},
        {"field": "units", "title": "Units", **number},
        {"field": "orders", "title": "Orders", **number},
    ]
    tooltip += [
        {"field": f"vs_{against}", "type": "nominal", "title": f"vs {other_period(against, days)}"}
        for against in charts.AGAINST
    ]
    near = {"type": "point", "fields": ["row"], "on": "pointerover", "clear": "pointerout"}
    return {
        "mark": {
            "type": "bar",
            "color": colours.text,
            "height": {"band": 1},
            "cursor": "pointer",
            **charts.UNSEEN,
        },
        "params": [
            {"name": PICK, "select": {"type": "point", "fields": ["key"], "toggle": False}},
            {"name": "near", "select": near},
        ],
        "encoding": {
            "x": {"value": 0},
            "x2": {"value": "width"},
            "opacity": {"condition": {"param": "near", "empty": False, "value": 0.06}, "value": 0},
            "tooltip": tooltip,
        },
    }
