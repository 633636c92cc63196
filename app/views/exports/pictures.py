"""Charts as pictures, drawn of the very Vega-Lite dictionaries that the pages draw."""

from dataclasses import astuple, dataclass
from typing import Any

from app.views.exports.pressing import cleaned, press
from app.views.exports.stamp import Stamp, one_line
from app.views.palette import DARK, LIGHT, Palette

_FONT = "SourceSans3-Regular"
WIDE, NARROW = 760, 364  # pixels, of a chart over the whole width and over half of it
_FOREIGN = frozenset({"url", "href"})


@dataclass(frozen=True)
class Chart:
    """A chart of a page: its heading, and the Vega-Lite dictionary with its data in it."""

    title: str
    spec: dict[str, Any]
    wide: bool = True


def chart_png(chart: Chart, stamp: Stamp) -> bytes:
    """The chart as a picture in light colours, with its heading over it and the stamp under it."""
    sheet = {"title": one_line(chart.title), "about": one_line(stamp.page), "width": WIDE}
    return press("picture.typ", sheet, [drawable(chart, WIDE)], stamp)


def drawable(chart: Chart, width: int) -> dict[str, Any]:
    """The chart's dictionary as the press takes it: light, fetching nothing, and this wide unless it says."""
    _refuse_addresses(chart.spec)
    spec: dict[str, Any] = cleaned(_in_light(chart.spec))
    config = spec.get("config", {})
    words = {"labelFontSize": 12, "labelColor": LIGHT.muted, "titleColor": LIGHT.muted}
    defaults: dict[str, Any] = {"axis": words, "legend": words, "view": {"stroke": None}}
    return {
        "width": width,
        "autosize": {"type": "fit-x", "contains": "padding"},
        **spec,
        "background": LIGHT.background,
        "padding": {"left": 0, "right": 0, "top": 0, "bottom": 6},  # letters reach below their line
        "config": {
            **config,
            "font": _FONT,
            **{name: {**each, **config.get(name, {})} for name, each in defaults.items()},
        },
    }


def _refuse_addresses(spec: Any) -> None:
    """Charts have their data in them. Rows are not looked at: theirs are words, not Vega-Lite's."""
    if isinstance(spec, list):
        for each in spec:
            _refuse_addresses(each)
    elif isinstance(spec, dict):
        if found := _FOREIGN & spec.keys():
            raise ValueError(f"A chart to be exported has {sorted(found)}, and nothing is fetched for it.")
        for name, each in spec.items():
            if name not in ("values", "datasets"):
                _refuse_addresses(each)


def _colours(palette: Palette) -> list[str]:
    values = [[value] if isinstance(value, str) else value for value in astuple(palette)]
    return [colour for colours in values for colour in colours]


_TO_LIGHT = dict(zip(_colours(DARK), _colours(LIGHT), strict=True))


def _in_light(spec: Any) -> Any:
    """The same in the light theme's colours, whatever theme it was made in: paper is white."""
    if isinstance(spec, str):
        return _TO_LIGHT.get(spec, spec)
    if isinstance(spec, dict):
        return {name: each if name == "values" else _in_light(each) for name, each in spec.items()}
    return [_in_light(each) for each in spec] if isinstance(spec, list | tuple) else spec
