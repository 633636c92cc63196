"""`make pictures`: each page as two people see it, wide and on a phone, light and dark."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, StorageState, expect, sync_playwright

from app.views import VIEWS, admin, compare, explore, how
from app.views.page import Proof, View
from tests.browser import drawn
from tests.browser.chromium import FLAGS
from tests.browser.demo import KINDS, Demo, demonstration
from tests.browser.visitor import Visitor
from tests.stand_in import ROOT

IMAGES = ROOT / "docs" / "images"
DOCUMENT = ROOT / "docs" / "pictures.md"
PAGES: tuple[View | Proof, ...] = (*VIEWS, explore.PROOF, how.PROOF)
PEOPLE = {"ethan": "Ethan Global", "frank": "Frank Amer"}
ADMINISTRATOR = "Ada Admin"
THEMES = ("light", "dark")
# The windows; a picture is as tall as its page, up to a bound.
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36"
)
SIZES = {
    "wide": {"viewport": {"width": 1440, "height": 1000}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "user_agent": PHONE,
        "is_mobile": True,
        "has_touch": True,
    },
}
TALLEST = {"wide": 2000, "phone": 2532}
COLOURS = 128
_HEIGHT = "document.querySelector('[data-testid=stMain]').scrollHeight"
_INTRODUCTION = """# Pictures

Each page as Ethan, who sees the world, and Frank, who sees the Americas, have it: in a window of {width}
pixels and on a phone, light and dark. Tall pages are cut. `make pictures` takes them anew, from a
demonstration that it starts.
"""


def path_of(view: View | Proof) -> str:
    """The page's address; the first page is the app's own."""
    return "/" if view is VIEWS[0] else f"/{view.path}"


def name_of(view: View | Proof, person: str, size: str, theme: str) -> str:
    return f"{view.path}-{person}-{size}-{theme}.png"


def main() -> None:
    """Takes all pictures, and takes away those of pages that are gone."""
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        with demonstration(Path(home) / "log.txt", {"DEMO_ROWS": "200000", **KINDS["popup"]}) as demo:
            taken = {name for person in PEOPLE for name in _pictures(browser, demo, person)}
            taken |= set(_of_two(browser, demo)) | set(_of_the_administrator(browser, demo))
    for old in {path.name for path in IMAGES.glob("*.png")} - taken:
        (IMAGES / old).unlink()
    DOCUMENT.write_text(document())
    size = sum(path.stat().st_size for path in IMAGES.iterdir())
    print(f"{len(taken)} pictures, {size / 2**20:.1f} MB")  # noqa: T201 - what the command says


def document() -> str:
    """The pictures in a table for each page."""
    parts = [_INTRODUCTION.format(width=SIZES["wide"]["viewport"]["width"])]
    for view in PAGES:
        parts.append(f"\n## {view.title}\n\n| | light | dark |\n| --- | --- | --- |\n")
        for person, size in itertools.product(PEOPLE, SIZES):
            said = f"{PEOPLE[person]}, {size}"
            cells = [
                f"![{view.title}: {said}, {theme}](images/{name_of(view, person, size, theme)})"
                for theme in THEMES
            ]
            parts.append(f"| {said} | {' | '.join(cells)} |\n")
    both = " and ".join(PEOPLE.values())
    parts += _told(compare.PROOF, both, _name_of_two)
    parts += _told(admin.PROOF, ADMINISTRATOR, _name_of_the_administrators)
    return "".join(parts)


def _told(page: Proof, person: str, name: Callable[[str, str], str]) -> Iterator[str]:
    """A page as one person has it, or as two have it together."""
    yield f"\n## {page.title}\n\n| | light | dark |\n| --- | --- | --- |\n"
    for size in SIZES:
        said = f"{person}, {size}"
        cells = [f"![{page.title}: {said}, {theme}](images/{name(size, theme)})" for theme in THEMES]
        yield f"| {said} | {' | '.join(cells)} |\n"


def _name_of_the_administrators(size: str, theme: str) -> str:
    return f"{admin.PROOF.path}-ada-{size}-{theme}.png"


def _name_of_two(size: str, theme: str) -> str:
    return f"{compare.PROOF.path}-{'-'.join(PEOPLE)}-{size}-{theme}.png"


def _pictures(browser: Browser, demo: Demo, person: str) -> Iterator[str]:
    """One person's pictures, who signs in once; names what was taken."""
    with browser.new_context(locale="en-US", **SIZES["wide"]) as context:
        Visitor.at(context, demo).sign_in(PEOPLE[person])
        signed_in = context.storage_state()
    for size, options in SIZES.items():
        with browser.new_context(locale="en-US", storage_state=signed_in, **options) as context:
            drawn.watch(context)
            for view, theme in itertools.product(PAGES, THEMES):
                name = name_of(view, person, size, theme)
                address, runs = demo.url + path_of(view), view is explore.PROOF
                _take(context, address, size, theme, IMAGES / name, runs=runs)
                yield name


def _of_two(browser: Browser, demo: Demo) -> Iterator[str]:
    """Both side by side, the second beside the first; names what was taken."""
    first, second = PEOPLE.values()
    with browser.new_context(locale="en-US", **SIZES["wide"]) as context:
        visitor = Visitor.at(context, demo)
        visitor.sign_in(first, f"/{compare.PROOF.path}")
        visitor.sign_in_beside(second)
        signed_in = context.storage_state()
    yield from _of(compare.PROOF, browser, demo, signed_in, _name_of_two)


def _of_the_administrator(browser: Browser, demo: Demo) -> Iterator[str]:
    """The page of who sees what; names what was taken."""
    with browser.new_context(locale="en-US", **SIZES["wide"]) as context:
        Visitor.at(context, demo).sign_in(ADMINISTRATOR, f"/{admin.PROOF.path}")
        signed_in = context.storage_state()
    yield from _of(admin.PROOF, browser, demo, signed_in, _name_of_the_administrators)


def _of(
    proof: Proof, browser: Browser, demo: Demo, signed_in: StorageState, named: Callable[[str, str], str]
) -> Iterator[str]:
    for (size, options), theme in itertools.product(SIZES.items(), THEMES):
        with browser.new_context(locale="en-US", storage_state=signed_in, **options) as context:
            drawn.watch(context)
            name = named(size, theme)
            _take(context, f"{demo.url}/{proof.path}", size, theme, IMAGES / name, runs=False)
            yield name


def _take(context: BrowserContext, address: str, size: str, theme: str, path: Path, *, runs: bool) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(address)
    drawn.wait(page)
    if runs:
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_role("heading", name="Result")).to_be_visible()
        drawn.wait(page)
    window = SIZES[size]["viewport"]
    height = min(max(page.evaluate(_HEIGHT), window["height"]), TALLEST[size])
    page.set_viewport_size({**window, "height": height})
    drawn.wait(page)
    page.screenshot(path=path, animations="disabled")
    with Image.open(path) as whole:
        small = whole.convert("RGB").quantize(
            COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
    small.save(path, optimize=True)
    page.close()


if __name__ == "__main__":
    main()
