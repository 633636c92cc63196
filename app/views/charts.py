"""Figures → specifications of deck.gl and Vega-Lite, in the colours of both themes. No Streamlit in it."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import pydeck
from pydeck.bindings.json_tools import default_serialize

from app.views.formats import Separators, count, money, short_money, span
from app.views.sales import City, Figures, Step
from app.views.viewport import Viewport

LAND = "/app/static/countries-110m.geojson"
_SMALLEST, _LARGEST = 2.5, 20.0  # radius of a circle in pixels
_SWATCH = 7.0
_OPACITY = 0.85  # circles may lie on circles
_TALLEST = 2_600_000  # metres of the highest column at zoom 1
_MOST_BARS = 12
_WEEK = 7

Shape = Literal["Circles", "Columns"]
SHAPES: tuple[Shape, ...] = ("Circles", "Columns")
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """The colours of a theme."""

    background: str
    text: str
    muted: str
    accent: str
    land: str
    line: str
    ramp: tuple[str, str, str, str, str]


LIGHT = Palette(
    background="#FFFFFF",
    text="#16202B",
    muted="#5B6876",
    accent="#0B6E6E",
    land="#E6E9EE",
    line="#DDE2E8",
    ramp=("#8FCBC6", "#46A29C", "#14746F", "#0E5E5A", "#0A4744"),
)
DARK = Palette(
    background="#0F1419",
    text="#E7ECF1",
    muted="#9AA8B6",
    accent="#4FC3BF",
    land="#1F2832",
    line="#2A3541",
    ramp=("#1D6662", "#2F908A", "#46A9A3", "#62BDB6", "#BCE7E3"),
)


def palette(theme: str | None) -> Palette:
    """The palette of a browser's theme; the light one while it is not known."""
    return DARK if theme == "dark" else LIGHT


class Deck(pydeck.Deck):  # type: ignore[misc]  # pydeck has no types
    """A deck whose JSON has no white space: half the size on the wire."""

    def to_json(self) -> str:
        return json.dumps(
            self, default=default_serialize, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )


def weight(sales: Decimal, most: Decimal) -> float:
    """0 to 1 by the root of the sales, so that the area of a circle is in proportion to them."""
    return math.sqrt(float(sales / most)) if most > 0 and sales > 0 else 0.0


def radius(share: float) -> float:
    """Pixels of a circle of this weight."""
    return round(max(_SMALLEST, _LARGEST * share), 1)


def shade(share: float, colours: Palette) -> str:
    """The colour of this weight: it says the same as the size."""
    return colours.ramp[min(int(share * len(colours.ramp)), len(colours.ramp) - 1)]


@dataclass(frozen=True)
class LegendKey:
    """What a circle of one size and colour stands for."""

    sales: Decimal
    radius: float
    colour: str


def legend(most: Decimal, *, shape: Shape, colours: Palette) -> list[LegendKey]:
    """Three round figures, smallest first, as the map draws them; columns have one width for all."""
    figures = sorted({_round_down(most / part) for part in (1, 5, 25)} - {Decimal(0)})
    weights = {each: weight(each, most) for each in figures}
    return [
        LegendKey(each, radius(share) if shape == "Circles" else _SWATCH, shade(share, colours))
        for each, share in weights.items()
    ]


def _round_down(amount: Decimal) -> Decimal:
    """The next 1, 2 or 5 with zeros below an amount."""
    if amount < 1:
        return Decimal(0)
    unit = Decimal(10) ** amount.adjusted()
    return max(step * unit for step in (1, 2, 5) if step * unit <= amount)


def city_map(
    cities: Sequence[City], view: Viewport, *, shape: Shape, colours: Palette, marks: Separators
) -> Deck:
    """The map of the cities over an outline of the world that comes from the app itself."""
    layer = _columns if shape == "Columns" else _circles
    return Deck(
        # Neither a provider nor a style: nothing is asked of anybody outside.
        map_provider=None,
        views=[pydeck.View("MapView", controller=True, repeat=True)],
        initial_view_state=pydeck.ViewState(
            longitude=round(view.longitude, 4),
            latitude=round(view.latitude, 4),
            zoom=round(view.zoom, 2),
            min_zoom=-1,
            max_zoom=12,
            pitch=45 if shape == "Columns" else 0,
        ),
        layers=[_land(colours), layer(cities, view, colours, marks)],
        tooltip={
            "text": "{about}",
            "style": {
                "backgroundColor": colours.text,
                "color": colours.background,
                "fontSize": "0.875rem",
                "borderRadius": "6px",
                "whiteSpace": "pre-line",
            },
        },
    )


def _land(colours: Palette) -> pydeck.Layer:
    return pydeck.Layer(
        "GeoJsonLayer",
        data=LAND,
        id="land",
        get_fill_color=list(_rgb(colours.land)),
        get_line_color=list(_rgb(colours.background)),
        line_width_min_pixels=0.5,
        pickable=False,
    )


def _circles(cities: Sequence[City], _: Viewport, colours: Palette, marks: Separators) -> pydeck.Layer:
    return pydeck.Layer(
        "ScatterplotLayer",
        data=[{"size": radius(share), **point} for point, share in _points(cities, colours, marks)],
        id="circles",
        get_position="at",
        get_radius="size",
        get_fill_color="fill",
        radius_units="'pixels'",
        stroked=True,
        get_line_color=list(_rgb(colours.background)),
        line_width_min_pixels=1,
        opacity=_OPACITY,
        pickable=True,
        auto_highlight=True,
    )


def _columns(cities: Sequence[City], view: Viewport, colours: Palette, marks: Separators) -> pydeck.Layer:
    nearer = 2 ** (1 - view.zoom)
    return pydeck.Layer(
        "ColumnLayer",
        data=[{"size": round(share**2, 4), **point} for point, share in _points(cities, colours, marks)],
        id="columns",
        get_position="at",
        get_elevation="size",
        elevation_scale=round(_TALLEST * nearer),
        get_fill_color="fill",
        radius=round(60_000 * nearer),
        pickable=True,
        auto_highlight=True,
    )


def _points(
    cities: Sequence[City], colours: Palette, marks: Separators
) -> list[tuple[dict[str, Any], float]]:
    """Each city and its weight, the largest first, so that no circle lies hidden under a larger one."""
    best_first = sorted(cities, key=lambda city: city.figures.sales, reverse=True)
    most = best_first[0].figures.sales if best_first else Decimal(0)
    weights = [weight(city.figures.sales, most) for city in best_first]
    return [
        (_point(city, shade(share, colours), marks), share)
        for city, share in zip(best_first, weights, strict=True)
    ]


def _point(city: City, colour: str, marks: Separators) -> dict[str, Any]:
    return {
        "at": [round(float(city.longitude or 0), 3), round(float(city.latitude or 0), 3)],
        "fill": _rgb(colour),
        "about": inert(
            f"{city.name}, {city.country}\n{money(city.figures.sales, marks)}\n"
            f"{count(city.figures.units, marks)} units in {count(city.figures.orders, marks)} orders"
        ),
    }


def inert(text: str) -> str:
    """Text that deck.gl takes as text: what begins with @@ would be read as an expression."""
    return "\u200b" + text if text.startswith("@@") else text


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
    best_first = sorted(figures.items(), key=lambda item: item[1].sales, reverse=True)
    shown, rest = best_first[:_MOST_BARS], best_first[_MOST_BARS:]
    if rest:
        total = Figures(
            sum((each.sales for _, each in rest), Decimal(0)),
            sum(each.units for _, each in rest),
            sum(each.orders for _, each in rest),
        )
        shown.append((f"{len(rest)} other categories", total))
    values = [
        {
            "category": name,
            "sales": float(each.sales),
            "short": short_money(each.sales, marks),
            "sales_text": money(each.sales, marks),
            "units": count(each.units, marks),
        }
        for name, each in shown
    ]
    longest = max((float(each.sales) for _, each in shown), default=0.0)
    encoding = {
        "y": {
            "field": "category",
            "type": "nominal",
            "sort": None,
            "axis": {"title": None, "labelLimit": 140, "ticks": False, "domain": False},
        },
        "x": {
            "field": "sales",
            "type": "quantitative",
            "axis": None,
            # Room for the figure beside the longest bar.
            "scale": {
                "zero": True,
                "domainMax": 1.25 * longest or 1.0,
            },
        },
        "tooltip": [
            {"field": "category", "type": "nominal", "title": "Category"},
            {"field": "sales_text", "type": "nominal", "title": "Sales"},
            {"field": "units", "type": "nominal", "title": "Units"},
        ],
    }
    return {
        "data": {"values": values},
        "height": 30 * len(values) + 10,
        "encoding": encoding,
        "layer": [
            {"mark": {"type": "bar", "color": colours.accent, "height": {"band": 0.6}}},
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "color": colours.text},
                "encoding": {"text": {"field": "short", "type": "nominal"}},
            },
        ],
        "config": _config(colours, marks),
    }


def _rgb(colour: str) -> Colour:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
