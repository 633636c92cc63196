"""Figures → Vega-Lite specifications. No Streamlit in it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.views.formats import Separators, count, money, short_money, span
from app.views.palette import Palette
from app.views.sales import Figures, Step

_MOST_BARS = 12
_WEEK = 7


def sales_over_time(
    steps: Sequence[Step], *, previous: str | None, colours: Palette, marks: Separators
) -> dict[str, Any]:
    """Sales a day: a line for the period, and a dashed one for the period before if it has a name."""
    series = {_NOW: (colours.accent, [1, 0])}
    if previous:
        series[previous] = (colours.muted, [4, 4])
    values = [
        {
            "day": step.last_day.isoformat(),
            "when": span(step.first_day, step.last_day),
            "sales": money(step.now.sales, marks),
            "before": money(step.before.sales, marks),
            _NOW: _a_day(step, step.now.sales),
            previous or "": _a_day(step, step.before.sales),
        }
        for step in steps
    ]
    return {
        "data": {"values": values},
        "height": 260,
        "encoding": {"x": {"field": "day", "type": "temporal", "scale": {"type": "utc"}, "axis": _TIME_AXIS}},
        "layer": [_lines(series), _hover(previous, colours)],
        "config": _config(colours, marks),
    }


_NOW = "This period"
_TIME_AXIS = {"title": None, "grid": False, "labelOverlap": True, "tickCount": 6, "format": "%-d %b"}


def a_point_is(steps: Sequence[Step]) -> str:
    """What a point of sales_over_time stands for, in words."""
    days = max((step.days for step in steps), default=1)
    return (
        "By day"
        if days == 1
        else f"Average a day, in steps of {'a week' if days == _WEEK else f'{days} days'}"
    )


def _a_day(step: Step, sales: Decimal) -> float:
    """A step at the beginning may have fewer days than the others: a day is what can be compared."""
    return round(float(sales) / step.days, 2)


def _money_axis(field: str) -> dict[str, Any]:
    return {
        "field": field,
        "type": "quantitative",
        "axis": {
            "title": None,
            "tickCount": 4,
            "domain": False,
            "ticks": False,
            "labelExpr": "replace(format(datum.value, '$~s'), 'G', 'B')",
        },
        "scale": {"zero": True},
    }


def _lines(series: dict[str, tuple[str, list[int]]]) -> dict[str, Any]:
    names = list(series)
    legend = {"title": None, "orient": "top", "symbolType": "stroke", "symbolSize": 300}
    colours, dashes = ([look[part] for look in series.values()] for part in (0, 1))
    line: dict[str, Any] = {"field": "series", "type": "nominal", "sort": names, "legend": legend}
    return {
        "transform": [{"fold": names, "as": ["series", "a_day"]}],
        "mark": {"type": "line", "strokeWidth": 2, "strokeJoin": "round"},
        "encoding": {
            "y": _money_axis("a_day"),
            "color": {**line, "scale": {"domain": names, "range": colours}},
            "strokeDash": {**line, "scale": {"domain": names, "range": dashes}},
        },
    }


def _hover(previous: str | None, colours: Palette) -> dict[str, Any]:
    tooltip = [{"field": "when", "title": "When"}, {"field": "sales", "title": "Sales"}]
    if previous:
        tooltip.append({"field": "before", "title": previous})
    pointer = {
        "type": "point",
        "encodings": ["x"],
        "nearest": True,
        "on": "pointerover",
        "clear": "pointerout",
    }
    return {
        "mark": {"type": "point", "filled": True, "size": 70, "color": colours.accent},
        "params": [{"name": "hover", "select": pointer}],
        "encoding": {
            "y": _money_axis(_NOW),
            "opacity": {"condition": {"param": "hover", "empty": False, "value": 1}, "value": 0},
            "tooltip": [{**item, "type": "nominal"} for item in tooltip],
        },
    }


def _config(colours: Palette, marks: Separators) -> dict[str, Any]:
    number = {"decimal": marks.decimal, "thousands": marks.thousands, "grouping": [3], "currency": ["$", ""]}
    return {
        "locale": {"number": number},
        "axis": {"labelColor": colours.muted, "gridColor": colours.line, "domainColor": colours.line},
        "legend": {"labelColor": colours.muted},
        "view": {"stroke": None},
    }


def by_category(figures: dict[str, Figures], *, colours: Palette, marks: Separators) -> dict[str, Any]:
    """A bar for each category, best first, each with its figure beside it."""
    ranked = _ranked(figures)
    values = [
        {
            "category": name,
            "sales": float(each.sales),
            "short": short_money(each.sales, marks),
            "exact": money(each.sales, marks),
            "units": count(each.units, marks),
        }
        for name, each in ranked
    ]
    beside = {"type": "text", "align": "left", "dx": 6, "color": colours.text}
    return {
        "data": {"values": values},
        "height": 30 * len(values) + 10,
        "encoding": _bars(longest=max((float(each.sales) for _, each in ranked), default=0.0)),
        "layer": [
            {"mark": {"type": "bar", "color": colours.accent, "height": {"band": 0.6}}},
            {"mark": beside, "encoding": {"text": {"field": "short", "type": "nominal"}}},
        ],
        "config": _config(colours, marks),
    }


def _ranked(figures: dict[str, Figures]) -> list[tuple[str, Figures]]:
    """The best, and the others in one."""
    best_first = sorted(figures.items(), key=lambda item: item[1].sales, reverse=True)
    shown, rest = best_first[:_MOST_BARS], best_first[_MOST_BARS:]
    if rest:
        total = Figures(
            sum((each.sales for _, each in rest), Decimal(0)),
            sum(each.units for _, each in rest),
            sum(each.orders for _, each in rest),
        )
        shown.append((f"{len(rest)} other categories", total))
    return shown


def _bars(*, longest: float) -> dict[str, Any]:
    titles = {"category": "Category", "exact": "Sales", "units": "Units"}
    names = {"title": None, "labelLimit": 140, "ticks": False, "domain": False}
    # Room for the figure beside the longest bar.
    scale = {"zero": True, "domainMax": 1.25 * longest or 1.0}
    return {
        "y": {"field": "category", "type": "nominal", "sort": None, "axis": names},
        "x": {"field": "sales", "type": "quantitative", "axis": None, "scale": scale},
        "tooltip": [{"field": field, "type": "nominal", "title": title} for field, title in titles.items()],
    }
