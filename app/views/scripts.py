"""The scripts on pages: Streamlit's, and our own as components of it: the page's policy lets no other run."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.file_util import get_static_dir

from app.views.page import Element

_PACKAGE = "rowlight"
_FOLDERS = {"editor": "explore/browser", "file": "exports/browser"}

# What Streamlit draws an element with are files of their own, for which it asks once the element is there.
_FILES: Mapping[Element, Sequence[str]] = {
    "dataframe": ("DataFrame.*.css", "DataFrame.*.js"),
    "pydeck_chart": ("DeckGlJsonChart.*.css", "DeckGlJsonChart.*.js", "webgl-device.*.js"),
    "vega_lite_chart": ("ArrowVegaLiteChart.*.js",),
}
_FILTERS = ("Multiselect.*.js",)  # on every page; they came only after a map had been painted


def ready() -> None:
    """Has this process serve the files of all of them, whichever process has drawn the page."""
    for name in _FOLDERS:
        script(name)


def script(name: str) -> Any:
    """What puts one of them onto the page."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(f"{_PACKAGE}.{name}") is None:
        folders = [ComponentConfig(each, folder) for each, folder in _FOLDERS.items()]
        manager.register_from_manifest(ComponentManifest(_PACKAGE, "1", folders), Path(__file__).parent)
    return st.components.v2.component(f"{_PACKAGE}.{name}", js=f"{name}.js", css=f"{name}.css")


def files(elements: Iterable[Element]) -> list[str]:
    """The addresses of what Streamlit draws the elements with; their names have hashes in them."""
    static = Path(get_static_dir())
    names = [*_FILTERS, *(name for each in elements for name in _FILES[each])]
    found = [file for name in names for file in static.glob(f"static/*/{name}")]
    return [f"/{file.relative_to(static).as_posix()}" for file in found]
