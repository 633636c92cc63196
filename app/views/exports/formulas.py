"""Text that a spreadsheet would run as a formula, and how it is made inert in a CSV file.

An apostrophe goes before it, and one more before an apostrophe that stands there already: so what was there
can be told from what was added. A reader that parts columns at semicolons, as Excel does in half of the
world, sees a new cell after each one, and after each line's end.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

_RUNS = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"  # and the same in full width, which Excel takes too
_BLANK = "[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]*"
_AT_BEGINNING = f"\\A('*{_BLANK}{_RUNS}|'*[\t\r])"
_SKIPPED = _BLANK.replace("[ ", "[ '\"")
_AFTER_A_MARK = f"([;\t\r\n]{_SKIPPED})({_RUNS})"
_ANY_MARK = re.compile(f"([,;\t\r\n]{_SKIPPED})({_RUNS})")


def inert(texts: pa.Array) -> pa.Array:
    """The texts, none of which a spreadsheet runs."""
    return pc.replace_substring_regex(
        pc.replace_substring_regex(texts, _AT_BEGINNING, "'\\1"), _AFTER_A_MARK, "\\1'\\2"
    )


def active(text: str) -> bool:
    """Whether a spreadsheet that is given the text as if typed would run it."""
    return re.match(_AT_BEGINNING, text) is not None


def inert_remark(text: str) -> str:
    """One line that stays in one piece and inert wherever columns are parted."""
    return _ANY_MARK.sub(r"\1'\2", text.replace('"', "'"))
