"""A deck.gl map as the browser gets it. No Streamlit in it."""

import json
from collections.abc import Sequence
from typing import Any

import pydeck
from pydeck.bindings.json_tools import JSONMixin, default_serialize

_NO_STYLE = "__MAP_STYLE__"  # pydeck's word for it


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
        self.map_style = style_url or _NO_STYLE
        # For the library's look of the line that says whose map it is; it asks for nothing of that name.
        self.map_provider = "mapbox" if style_url else None
        self._tooltip = tooltip

    def to_json(self) -> str:
        return json.dumps(
            self, default=default_serialize, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )


def inert(text: str) -> str:
    """Text that deck.gl takes as text: what begins with @@ would be read as an expression."""
    return "\u200b" + text if text.startswith("@@") else text
