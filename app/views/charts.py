"""Figures → Vega-Lite specifications, and the tables behind them. No Streamlit in it.

Names from data are values of a chart's data and never part of its specification, whose description alone has
them too, as text. What changes from one answer to the next is data as far as it can be: the browser then
draws the figures anew, and not the chart.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from app.views.figures import Compared, Figures, Step
from app.views.formats import Against, Marks, other_period, short_money, span
from app.views.palette import Palette
from app.views.sales import Grain

Spec = dict[str, Any]

AGAINST: tuple[Against, Against] = ("before", "year_ago")
_MOST_LABELS: Mapping[Grain, int] = {"day": 7, "week": 7, "month": 13, "quarter": 13}
_FEW = 14  # points that can be told one from another
_FEWEST = 2  # of which there is a course
_CENT = Decimal("0.01")
UNSEEN = {"aria": False}  # told by the description, or by another mark


def sales_over_time(
    steps: Sequence[Step],
    *,
    grain: Grain,
    against: Against | None,
    days: int,
    colours: Palette,
    marks: Marks,
    between: tuple[Decimal, Decimal] | None = None,
) -> Spec:
    """The course of sales, and dashed that of a period to compare with.

    A stretch that the period cuts is a hollow point beside the line: in it, it would look like a fall. With
    `between`, these are the ends of its scale, so that several charts are read by one.
    """
    if against and not any(getattr(step.figures, against).orders for step in steps):
        against = None
    other = _capital(other_period(against, days)) if against else None
    values = [
        {
            "x": place,
            "when": span(step.first_day, step.last_day) + ("" if step.whole else f", part of a {grain}"),
            "now": float(step.figures.now.sales),
            "other": float(getattr(step.figures, against).sales) if against else None,
            "whole": step.whole,
        }
        for place, step in enumerate(steps)
    ]
    return {
        "description": _course_told(steps, grain, marks),
        "data": {"values": values},
        "height": 260,
        "transform": [change("now", "other", "change")],
        "encoding": {"x": _time_axis(steps, grain)},
        "layer": [
            _area(colours),
            _lines(other, colours, marks, between),
            *_points(other, colours, few=len(steps) <= _FEW),
            _rule(other, colours, marks),
        ],
        "config": config(colours, marks),
    }


def change(now: str, was: str, name: str) -> Spec:
    """As formats.change has it; where the browser has both figures, it need not be sent."""
    share = f"(datum.{now} - datum.{was}) / abs(datum.{was})"
    figure = f"abs({share}) < 0.0005 ? format(0, '.1%') : format({share}, '+.1%')"
    return {"calculate": f"datum.{was} ? {figure} : 'No sales'", "as": name}


def cut(steps: Sequence[Step], grain: Grain) -> str:
    """Which points of sales_over_time stand for less than the others, in words; nothing where none does."""
    if len(steps) == 1 and not steps[0].whole:
        return f"Hollow: part of a {grain}."
    ends = {"first": steps[0], "last": steps[-1]} if steps else {}
    names = [name for name, step in ends.items() if not step.whole]
    which = " and the ".join(names)
    return f"Hollow: the {which} {grain} {'are' if len(names) > 1 else 'is'} not whole." if names else ""


def sparkline(steps: Sequence[Step], of: Callable[[Figures], Decimal], colours: Palette) -> str | None:
    """The course of a figure as an SVG without words: whole stretches alone, nothing for fewer than two."""
    whole = [of(step.figures.now) for step in steps if step.whole]
    if len(whole) < _FEWEST:
        return None
    low, high = min(whole), max(whole)
    # A course that never changes runs through the middle.
    heights = [(high - each) / (high - low) if high > low else Decimal("0.5") for each in whole]
    points = " ".join(f"{place},{height:.3f}" for place, height in enumerate(heights))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" preserveAspectRatio="none" '
        f'viewBox="0 -0.05 {len(whole) - 1} 1.1"><polyline points="{points}" fill="none" '
        f'stroke="{colours.text}" stroke-opacity="0.45" stroke-width="2" stroke-linejoin="round" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )


def address(picture: str) -> str:
    """An SVG as an address that a style may name."""
    return f"data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}"


def _course_told(steps: Sequence[Step], grain: Grain, marks: Marks) -> str:
    if not steps:
        return f"Sales by {grain}."
    told = f"Sales by {grain}, {span(steps[0].first_day, steps[-1].last_day)}"
    whole = [step for step in steps if step.whole] or steps
    if len(whole) == 1:
        return f"{told}: {short_money(whole[0].figures.now.sales, marks)}."
    ends = {"highest": max(whole, key=_sold), "lowest": min(whole, key=_sold)}
    parts = [
        f"{name} {short_money(_sold(step), marks)} ({span(step.first_day, step.last_day)})"
        for name, step in ends.items()
    ]
    return f"{told}: {', '.join(parts)}."


def _sold(step: Step) -> Decimal:
    return step.figures.now.sales


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _time_axis(steps: Sequence[Step], grain: Grain) -> Spec:
    """Places in a row, each as far from the next: a cut stretch is no nearer, and no clock is involved."""
    every = max(1, -(-len(steps) // _MOST_LABELS[grain]))
    places = list(range(0, len(steps), every))
    labels = json.dumps(list(_labels([steps[place] for place in places], grain)))
    return {
        "field": "x",
        "type": "quantitative",
        "scale": {"domain": [0, len(steps) - 1] if len(steps) > 1 else [-1, 1], "nice": False, "zero": False},
        "axis": {
            "title": None,
            "grid": False,
            "values": places,
            "labelExpr": f"{labels}[indexof({places}, datum.value)]",
            "labelOverlap": True,
            "labelFlush": True,
        },
    }


def _labels(steps: Sequence[Step], grain: Grain) -> Iterator[str | list[str]]:
    """The year stands under the first label of each, where there are several."""
    several, year = len({step.first_day.year for step in steps}) > 1, 0
    for day in (step.first_day for step in steps):
        name = {"month": f"{day:%b}", "quarter": f"Q{(day.month + 2) // 3}"}.get(grain, f"{day.day} {day:%b}")
        yield [name, str(day.year)] if several and day.year != year else name
        year = day.year


def _money_axis(field: str, marks: Marks, between: tuple[Decimal, Decimal] | None) -> Spec:
    size = "replace(format(abs(datum.value), abs(datum.value) < 1 ? '~f' : '~s'), 'G', 'B')"
    sign = f"(datum.value < 0 ? '-' : '') + {json.dumps(marks.prefix)}"
    return {
        "field": field,
        "type": "quantitative",
        "axis": {
            "title": None,
            "tickCount": 4,
            "domain": False,
            "ticks": False,
            "labelExpr": f"{sign} + {size} + {json.dumps(marks.suffix)}",
        },
        "scale": {"zero": True} if between is None else {"domain": [*map(float, between)]},
    }


def _area(colours: Palette) -> Spec:
    return {
        "transform": [{"filter": "datum.whole"}],
        "mark": {"type": "area", "color": colours.accent, "opacity": 0.08, **UNSEEN},
        "encoding": {"y": {"field": "now", "type": "quantitative"}},
    }


def _lines(
    other: str | None, colours: Palette, marks: Marks, between: tuple[Decimal, Decimal] | None
) -> Spec:
    series = {"now": ("This period", colours.accent, [1, 0])}
    if other:
        series["other"] = (other, colours.muted, [4, 4])
    names, (titles, shades, dashes) = list(series), zip(*series.values(), strict=True)
    legend = {
        "title": None,
        "orient": "top",
        "symbolType": "stroke",
        "symbolSize": 300,
        "labelExpr": f"{json.dumps(titles)}[indexof({names}, datum.value)]",
    }
    line: Spec = {"field": "series", "type": "nominal", "sort": names, "legend": legend if other else None}
    return {
        "transform": [{"filter": "datum.whole"}, {"fold": names, "as": ["series", "sales"]}],
        "mark": {"type": "line", "strokeWidth": 2, "strokeJoin": "round", **UNSEEN},
        "encoding": {
            "y": _money_axis("sales", marks, between),
            "color": {**line, "scale": {"domain": names, "range": shades}},
            "strokeDash": {**line, "scale": {"domain": names, "range": dashes}},
        },
    }


def _points(other: str | None, colours: Palette, *, few: bool) -> Iterator[Spec]:
    """What the period cuts; and every point of a line that has few."""
    for field, colour in (("other", colours.muted), ("now", colours.accent)):
        if field == "now" or other:
            yield {
                "transform": [] if few else [{"filter": "!datum.whole"}],
                "mark": {"type": "point", "size": 45, "stroke": colour, "opacity": 1, **UNSEEN},
                "encoding": {
                    "y": {"field": field, "type": "quantitative"},
                    "fill": {
                        "condition": {"test": "datum.whole", "value": colour},
                        "value": colours.background,
                    },
                },
            }


def _rule(other: str | None, colours: Palette, marks: Marks) -> Spec:
    """Follows the pointer, and tells the exact figures of where it stands."""
    money = exact(marks)
    tooltip = [
        {"field": "when", "type": "nominal", "title": "When"},
        {"field": "now", "title": "Sales", **money},
    ]
    if other:
        tooltip += [
            {"field": "other", "title": other, **money},
            {"field": "change", "type": "nominal", "title": "Change"},
        ]
    pointer = {"type": "point", "fields": ["x"], "nearest": True, "on": "pointerover", "clear": "pointerout"}
    return {
        "mark": {"type": "rule", "color": colours.muted, **UNSEEN},
        "params": [{"name": "hover", "select": pointer}],
        "encoding": {
            "opacity": {"condition": {"param": "hover", "empty": False, "value": 0.6}, "value": 0},
            "tooltip": tooltip,
        },
    }


def exact(marks: Marks) -> Spec:
    """How a tooltip writes money."""
    return {"type": "quantitative", "format": f"$,.{marks.cents}f"}


def table_of(first: Mapping[str, Sequence[Any]], figures: Sequence[Compared], *, days: int) -> pa.Table:
    """The figures behind a chart, after the columns that tell its rows apart.

    A change is a share, 0.081; there is none where there is nothing to compare with.
    """
    now = [each.now for each in figures]
    changes: dict[str, Any] = {}
    pasts: dict[str, Any] = {}
    for against in AGAINST:
        other = other_period(against, days)
        past: list[Figures] = [getattr(each, against) for each in figures]
        shares = [_share(*pair) for pair in zip(now, past, strict=True)]
        changes[f"Change vs {other}"] = pa.array(shares, pa.float64())
        pasts[f"Sales, {other}"] = _amounts(each.sales if each.orders else None for each in past)
    columns = {
        **first,
        "Sales": _amounts(each.sales for each in now),
        **changes,
        "Units": pa.array([each.units for each in now], pa.int64()),
        "Orders": pa.array([each.orders for each in now], pa.int64()),
        "Average order": _amounts(each.average.quantize(_CENT) if each.orders else None for each in now),
        **pasts,
    }
    return pa.table(columns)


def _amounts(amounts: Iterable[Decimal | None]) -> pa.Array:
    return pa.array(list(amounts), pa.decimal128(38, 2))


def _share(now: Figures, was: Figures) -> float | None:
    return round(float((now.sales - was.sales) / abs(was.sales)), 4) if was.orders and was.sales else None


def config(colours: Palette, marks: Marks) -> Spec:
    """What all charts look like, and how they write numbers."""
    number = {
        "decimal": marks.decimal,
        "thousands": marks.thousands,
        "grouping": [marks.grouping[0], *[marks.grouping[1]] * 9],
        "currency": [marks.prefix, marks.suffix],
        "minus": "-",
    }
    return {
        "locale": {"number": number},
        "axis": {"labelColor": colours.muted, "gridColor": colours.line, "domainColor": colours.line},
        "legend": {"labelColor": colours.muted},
        "view": {"stroke": None},
    }
