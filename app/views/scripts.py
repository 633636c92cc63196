"""The scripts of our own on pages, as components of Streamlit's: the page's policy lets no other run."""

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

_PACKAGE = "rowlight"
_FOLDERS = {"editor": "explore/browser", "file": "exports/browser"}


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
