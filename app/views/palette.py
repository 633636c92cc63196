"""The colours of both themes. No Streamlit in it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The colours of a theme."""

    background: str
    text: str
    muted: str
    accent: str
    pale: str  # of marks that were not chosen
    land: str
    line: str
    worse: str
    ramp: tuple[str, str, str, str, str]


LIGHT = Palette(
    background="#FFFFFF",
    text="#16202B",
    muted="#5B6876",
    accent="#0B6E6E",
    pale="#8794A1",
    land="#E6E9EE",
    line="#DDE2E8",
    worse="#B3371F",
    ramp=("#8FCBC6", "#46A29C", "#14746F", "#0E5E5A", "#0A4744"),
)
DARK = Palette(
    background="#0F1419",
    text="#E7ECF1",
    muted="#9AA8B6",
    accent="#4FC3BF",
    pale="#5A6875",
    land="#1F2832",
    line="#2A3541",
    worse="#F08A73",
    ramp=("#1D6662", "#2F908A", "#46A9A3", "#62BDB6", "#BCE7E3"),
)


def palette(theme: str | None) -> Palette:
    """The palette of a browser's theme; the light one while it is not known."""
    return DARK if theme == "dark" else LIGHT
