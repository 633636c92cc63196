"""The documentation as a site, `make docs`: the pages of docs/README.md, in its order, by its names."""

import posixpath
import re
from pathlib import Path
from shutil import copy

from sphinx.application import Sphinx

CONTENTS = Path(__file__).with_name("README.md")

project = "Rowlight"
copyright = "Rowlight, Apache-2.0"  # noqa: A001 - Sphinx asks for it by this name
extensions = ["myst_parser", "sphinx.ext.autodoc"]
autodoc_default_options = {"members": True}
toc_object_entries_show_parents = "hide"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
default_role = "code"  # what docstrings have between single backticks
# The whole repository is the source, so that the site's links are those that a code host follows.
root_doc = "README"
include_patterns = [
    "*.md",
    "docs/*.md",
    "bench/README.md",
    "infra/local/README.md",
    "infra/local/*/README.md",
]
exclude_patterns = [".*", "build", "app", "tests", "node_modules"]
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline"]  # for the pictures' classes

html_theme = "pydata_sphinx_theme"
html_title = "Rowlight"
html_static_path = ["_site"]
html_css_files = ["site.css"]
templates_path = ["_site"]
html_sidebars = {"**": ["navigation.html"]}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_center": [],  # the sections stand in the sidebar, all of them at once
    "show_prev_next": True,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def navigation(contents: str) -> str:
    """The lists of docs/README.md as Sphinx's tables of contents, a caption for each heading."""
    toctrees = []
    for section in re.split(r"^## ", contents, flags=re.MULTILINE)[1:]:
        caption = section.partition("\n")[0]
        pages = re.findall(r"^- \[([^]]+)\]\(([^)#]+)\.md\)", section, re.MULTILINE)
        entries = (
            f"{title} <{posixpath.normpath('docs/' + page)}>".replace("<README>", "<self>")
            for title, page in pages
        )
        toctrees.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```"]))
    return "\n\n".join(toctrees)


def read(app: Sphinx, page: str, source: list[str]) -> None:
    """What the site adds to a page: dark pictures, the navigation to the first, that a command needs AWS."""
    source[0] = source[0].replace("<!-- needs AWS -->", '<p class="needs-aws">needs AWS</p>\n')
    if page != "docs/pictures":  # which shows both
        source[0] = re.sub(
            r"(!\[[^]]*\]\([^)]+-)light\.png\)",
            r"\1light.png){.only-light}\1dark.png){.only-dark}",
            source[0],
        )
    if page == app.config.root_doc:
        source[0] += "\n\n" + navigation(CONTENTS.read_text("utf-8"))


def open_at_the_readme(app: Sphinx, error: Exception | None) -> None:
    """The README is what stands at the site's own address, too."""
    if not error:
        copy(app.outdir / "README.html", app.outdir / "index.html")


def setup(app: Sphinx) -> None:
    """Tells Sphinx of what is done beside its own work."""
    app.connect("source-read", read)
    app.connect("build-finished", open_at_the_readme)
