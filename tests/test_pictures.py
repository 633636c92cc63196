"""docs/pictures.md and its pictures go together, and with the pages that there are."""

import re

from tests.browser.pictures import DOCUMENT, IMAGES, PAGES, document

MOST_BYTES = 4 << 20


def test_the_document_shows_every_page_and_every_picture_is_shown():
    shown = re.findall(r"\(images/([^)]+)\)", DOCUMENT.read_text())
    assert sorted(shown) == sorted(path.name for path in IMAGES.iterdir())
    assert sorted(shown) == sorted(re.findall(r"\(images/([^)]+)\)", document()))
    assert len(shown) == 8 * len(PAGES) + 4 + 4  # and of two people side by side, and of the administrator


def test_they_are_small_enough_to_keep():
    assert sum(path.stat().st_size for path in IMAGES.iterdir()) <= MOST_BYTES
