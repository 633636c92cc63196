"""The documentation as a site: whole, strict about its links, and content with its own files."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parent.parent
SITE = ROOT / "build" / "docs"
STRANGERS = ("https://fonts.example/a.css", "//cdn.example/a.js", "http://cdn.example/a.png")


class Loads(HTMLParser):
    """The addresses that a page loads by itself; a link waits for somebody who follows it."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in {"src", "srcset", "data", "action"}]
        self.found += [value for name, value in attrs if name == "href" and tag == "link"]


def outside(addresses):
    return sorted({address for address in addresses if urlsplit(address).netloc})


def loaded_by_styles(css):
    return re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")\s;]+)", css)


@pytest.fixture(scope="module")
def site():
    built = subprocess.run(["make", "docs"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr  # a warning of Sphinx's is an error
    return SITE


def test_it_has_every_document(site):
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "bench").glob("*.md")]
    documents += (ROOT / "infra" / "local").rglob("*.md")
    missing = [
        path for path in documents if not (site / path.relative_to(ROOT)).with_suffix(".html").exists()
    ]
    assert not missing


def test_it_opens_at_the_readme(site):
    assert (site / "index.html").read_text() == (site / "README.html").read_text()
    assert "Sign in once, and see exactly the rows you are entitled to." in (site / "index.html").read_text()


def test_it_asks_nothing_of_another_host(site):
    pages = {path: outside(Loads(path.read_text()).found) for path in site.rglob("*.html")}
    styles = {path: outside(loaded_by_styles(path.read_text())) for path in site.rglob("*.css")}
    assert len(pages) > 10
    assert not {path: found for path, found in (pages | styles).items() if found}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_another_host_would_be_found(stranger):
    for html in (
        f'<script src="{stranger}"></script>',
        f'<link href="{stranger}">',
        f'<img src="{stranger}">',
    ):
        assert outside(Loads(html).found) == [stranger]
    for css in (f"a {{ background: url({stranger}) }}", f'@import "{stranger}";'):
        assert outside(loaded_by_styles(css)) == [stranger]
    assert not outside(Loads(f'<a href="{stranger}">there</a><img src="here.png">').found)


def test_what_leads_nowhere_is_told(site, tmp_path):
    links = ["[a](gone.md)", "[b](#gone)", "[c](README.md#gone)", "[d](gone/)", "![e](images/gone.png)"]
    (tmp_path / "README.md").write_text("\n\n".join(["# Here", *links, "[there](#here)"]))
    built = subprocess.run(
        [ROOT / ".venv/bin/python", "-m", "sphinx", "-q", "-c", ROOT / "docs", tmp_path, tmp_path / "site"],
        env={"PYTHONPATH": ROOT / ".venv" / "docs"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = set(map(int, re.findall(r"README.md:(\d+): WARNING", built.stderr)))
    assert told >= {3, 5, 7, 9, 11}, (
        built.stderr
    )  # beside them, the pages of the navigation, which are not there
    assert 13 not in told
