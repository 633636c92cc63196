"""Streamlit's own files, which a page names before it needs them."""

import re
from pathlib import Path

import pytest
from streamlit.file_util import get_static_dir

from app.views import VIEWS, scripts


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
def test_each_element_of_a_page_has_its_files(view):
    """Else Streamlit's files have other names: pages would open later, which nobody would notice."""
    files = scripts.files(view.elements)
    styles, modules = ([each for each in files if each.endswith(kind)] for kind in (".css", ".js"))
    assert len(files) == len(styles) + len(modules)
    assert len(modules) > len(view.elements) > 0
    static = Path(get_static_dir())
    [main] = re.findall('<script type="module".* src="([^"]+)"', (static / "index.html").read_text())
    importing = "".join((static / each.lstrip("/")).read_text() for each in (main, *modules))
    for address in modules:
        folder, _, name = address.rpartition("/")
        assert folder == "/static/js"
        assert f"import(`./{name}`)" in importing  # the very one that is asked for
    # Before those, it waits for their styles.
    named = {re.sub(r"\W.*", "", each.rpartition("/")[2]) for each in modules}
    awaited = {each for each in (static / "static/css").iterdir() if each.name.partition(".")[0] in named}
    assert {f"/static/css/{each.name}" for each in awaited} == set(styles)
