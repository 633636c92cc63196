"""Draws pictures and documents, in a process of its own: a job as JSON comes in, the file goes out.

V8 and the typesetter need much memory, once, and end the whole process on text that they do not expect. Here
that costs one export. Whatever runs here has no network, no credentials and no environment to find any in.
"""

import json
import sys
from pathlib import Path
from typing import Any

import typst
import vl_convert

_HERE = Path(__file__).parent
_FONTS = _HERE / "fonts"
_VEGA_LITE = "6.4"  # of the version that Streamlit draws with in the browser


def draw(chart: dict[str, Any]) -> str:
    """A chart as SVG; its data must be in it, for no address is allowed."""
    drawn = str(vl_convert.vegalite_to_svg(chart, vl_version=_VEGA_LITE, allowed_base_urls=[]))
    # One of them knows the font by its file's name alone, the other by its family's, in quotation marks.
    return drawn.replace('font-family="SourceSans3-Regular"', "font-family=\"'Source Sans 3'\"")


def press(job: dict[str, Any]) -> bytes:
    """The sheet and its charts as `format`; the template takes both as values, never as markup."""
    vl_convert.register_font_directory(str(_FONTS))
    drawings = {f"chart{place}": draw(chart) for place, chart in enumerate(job["charts"])}
    made = typst.compile(
        (_HERE / job["template"]).read_bytes(),
        font_paths=[str(_FONTS)],
        format=job["format"],
        ppi=job["ppi"],
        timestamp=job["timestamp"],
        sys_inputs={"sheet": json.dumps(job["sheet"]), **drawings},
    )
    return bytes(made)


if __name__ == "__main__":
    sys.stdout.buffer.write(press(json.load(sys.stdin.buffer)))
