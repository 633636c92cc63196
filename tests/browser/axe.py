"""axe-core, which knows what keeps people out who read by ear, by keyboard, or with weak eyes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests import npm

_HERE = Path(__file__).parent
_GRAVE = {"serious", "critical"}
_RUN = "() => axe.run({ resultTypes: ['violations'] })"


@dataclass(frozen=True)
class Known:
    """A fault of Streamlit's own that nothing of ours can mend: a rule, where it is broken, and why."""

    rule: str
    place: str  # a selector that the element matches
    reason: str


KNOWN: tuple[Known, ...] = ()


@cache
def _source() -> str:
    return (npm.install(_HERE) / "axe-core" / "axe.min.js").read_text()


def faults(page: Page) -> list[str]:
    """The grave faults of what stands there now, frames too: a line for each element."""
    # Handed in by the debugger: the page's own policy, which lets in no script but ours, stays as it is.
    for frame in page.frames:
        frame.evaluate(_source())
    found = page.evaluate(_RUN)["violations"]
    return [line for each in found if each["impact"] in _GRAVE for line in _lines(page, each)]


def _lines(page: Page, violation: dict[str, Any]) -> Iterator[str]:
    for node in violation["nodes"]:
        target = " ".join(map(str, node["target"]))
        if not _known(page, violation["id"], node["target"]):
            why = node["failureSummary"].replace("\n", " ")
            yield f"{violation['id']} ({violation['impact']}) at {target}: {node['html'][:300]} :: {why}"


def _known(page: Page, rule: str, target: list[str]) -> bool:
    """Whether it is listed; what lies in a frame never is."""
    places = [known.place for known in KNOWN if known.rule == rule] if len(target) == 1 else []
    return any(page.locator(target[0]).and_(page.locator(place)).count() for place in places)
