"""A spreadsheet as unkind as any: it parts text where it likes and runs what looks like a formula."""

import csv
import io
import re

_BLANK = " \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_FORMULA = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"


def runs(cell: str) -> bool:
    """Whether the cell is a formula, if need be without what stands blank before it."""
    return re.match(f"[{_BLANK}\t\r\n]*{_FORMULA}", cell) is not None


def cells(text: str, separator: str) -> list[str]:
    """Every cell of a file whose columns are parted at `separator`."""
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]


def as_it_was(written: list[str]) -> list[str]:
    """The texts before apostrophes were set into them, as docs say how to take them out."""
    runs = f"[{_BLANK}]*{_FORMULA}"
    parted = [re.sub(f"([;\t\r\n][{_BLANK}'\"]*)'({_FORMULA})", r"\1\2", text) for text in written]
    return [re.sub(f"\\A'('*{runs}|'*[\t\r])", r"\1", text) for text in parted]
