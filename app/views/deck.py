"""A deck.gl map as the browser gets it. No Streamlit in it."""

import json
from collections.abc import Sequence
from typing import Any

import pydeck
from pydeck.bindings.json_tools import JSONMixin, default_serialize

_NO_STYLE = "__MAP_STYLE__"  # pydeck's word for it
_ADDRESS = "data:application/json,"


class Deck(JSONMixin):  # type: ignore[misc]  # pydeck has no types
    """A deck that asks nothing of anybody outside, unless it is given a style's address.

    Pydeck's own looks for Jupyter's files five times whenever one is made, and writes white space into its
    JSON, which is then twice the size on the wire.
    """

    def __init__(
        self,
        *,
        view: pydeck.View,
        state: pydeck.ViewState,
        layers: Sequence[pydeck.Layer],
        tooltip: dict[str, Any],
        style_url: str,
    ) -> None:
        # Under pydeck's names: the JSON is made of them, and Streamlit looks for the tooltip.
        self.views = [view]
        self.initial_view_state = state
        self.layers = list(layers)
        for layer in self.layers:
            if isinstance(layer.data, list):
                layer.data = _address(layer.data)
        self.map_style = style_url or _NO_STYLE
        # For the library's look of the line that says whose map it is; it asks for nothing of that name.
        self.map_provider = "mapbox" if style_url else None
        self._tooltip = tooltip

    def to_json(self) -> str:
        return json.dumps(
            self, default=default_serialize, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )


def _address(rows: Sequence[Any]) -> str:
    """A layer's rows as an address that holds them: a browser reads them as it reads the base map.

    Rows that are there at once are painted alone at first, and a browser without a graphics processor does
    nothing else meanwhile: the base map came a quarter of a second later.
    """
    text = json.dumps(rows, default=default_serialize, separators=(",", ":"))
    # Of ASCII, these two alone mean something in such an address.
    return _ADDRESS + text.replace("%", "%25").replace("#", "%23")


def inert(text: str) -> str:
    """Text that deck.gl takes as text: what begins with @@ would be read as an expression."""
    return "\u200b" + text if text.startswith("@@") else text
