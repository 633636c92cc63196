"""Pages as a person meets them: opening one, and changing a filter, until the last panel is painted.

A browser whose cache is warm and that is signed in, alone while a page opens; nothing is remembered of
earlier answers, so that the warehouse is asked each time, but where a line says so. A page is drawn when its
script has ended, nothing waits or is stale any more, and every figure, chart, table and map has been painted
with the new answer (tests/browser/drawn.py). What is told is the moment of the last change that is seen, not
that at which somebody noticed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from app.views import VIEWS
from app.views.page import View
from bench import scene
from bench.browser import SIZE, Chromium, Tab, chromium
from bench.report import figure, ratio, value
from tests.browser import drawn
from tests.browser.demo import Demo
from tests.browser.pictures import path_of
from tests.browser.visitor import Visitor

ROWS = 1_000_000
RUNS = 9
MOST_MS = {"open": 1_000, "filter": 500}
# Apache Superset 6.1 on a machine of this kind, a dashboard of four charts over a million rows: the best of
# what was measured there (2.1 to 2.7 s, 0.7 to 0.8 s).
PEER, PEER_SECONDS = "Apache Superset 6.1, measured before", {"open": 2.1, "filter": 0.7}
_WARMING = 3  # the browser keeps a script compiled once it has met it more than once
_PERIODS = ("Last 7 days", "Last 30 days", "Last 12 months", "Last 90 days")
_CATEGORIES = ("Cycling", "Hiking", "Football", "Running", "Fitness")
# What the server says, and when; and when somebody clicked.
_LISTEN = """(() => {
  window.rowlightHeard = { first: 0, last: 0, clicked: 0 };
  addEventListener("click", () => Object.assign(rowlightHeard,
    { clicked: performance.now(), first: 0, last: 0 }), true);
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", () => {
        rowlightHeard.first ||= performance.now();
        rowlightHeard.last = performance.now();
      });
    }
  };
})()"""
_FIGURE = "document.querySelector('[data-testid=stMain] [data-testid=stMetricValue]')?.innerText"
_MOMENTS = ("first", "last", "drawn")

Moments = Mapping[
    str, float
]  # milliseconds from the beginning until the server's words, and until all is drawn


def measure(*, rows: int = ROWS, runs: int = RUNS) -> None:
    """Prints, for each page, how long opening it takes, and changing a filter on it."""
    with chromium() as browser:
        with _signed_in(browser, DEMO_ROWS=str(rows), CACHE_SECONDS="0") as demo:
            for view in VIEWS:
                _openings(browser, demo.url, view, "open", runs)
                with _visitor(browser, demo) as visitor:
                    _changes(visitor, view, runs)
        with _signed_in(browser, DEMO_ROWS=str(rows)) as demo:
            for view in VIEWS:
                _openings(browser, demo.url, view, "open, the answer remembered", runs)


@contextmanager
def _signed_in(browser: Chromium, **settings: str) -> Iterator[Demo]:
    """A demonstration, at which the browser is signed in as Ethan."""
    with scene.demonstration(**settings) as (_, env, _):
        demo = Demo(env, Path(), env["SIGN_IN"])
        with _visitor(browser, demo) as visitor:
            visitor.open("/")
            visitor.provider().get_by_role("button", name="Ethan Global").click()
            visitor.leave().wait_for()
        yield demo


@contextmanager
def _visitor(browser: Chromium, demo: Demo) -> Iterator[Visitor]:
    """Somebody who clicks, at a tab that is closed afterwards."""
    with browser.driven() as context:
        drawn.watch(context)
        context.add_init_script(_LISTEN)
        visitor = Visitor.at(context, demo)
        visitor.page.set_viewport_size(SIZE)
        yield visitor
        visitor.page.close()


def _openings(browser: Chromium, url: str, view: View, name: str, runs: int) -> None:
    with browser.alone(drawn.WATCH, _LISTEN) as tab:
        for _ in range(_WARMING):
            _open(tab, url + path_of(view))
        _tell(f"{view.title}: {name}", "open", [_open(tab, url + path_of(view)) for _ in range(runs)])


def _changes(visitor: Visitor, view: View, runs: int) -> None:
    visitor.open(path_of(view))
    drawn.wait(visitor.page)
    changes = [_change_category(visitor, name) for name in islice(cycle(_CATEGORIES), runs)]
    _tell(f"{view.title}: a category", "filter", changes)
    changes = [_change_period(visitor, name) for name in islice(cycle(_PERIODS), runs)]
    _tell(f"{view.title}: a period", "filter", changes)


def _tell(name: str, kind: str, found: list[Moments]) -> None:
    until = {moment: [each[moment] for each in found] for moment in _MOMENTS}
    value(f"{name}, all drawn", until["drawn"], "ms", most=MOST_MS[kind])
    seconds = [each / 1000 for each in until["drawn"]]
    ratio(f"{name}, beside Superset", seconds, PEER, [PEER_SECONDS[kind]] * len(seconds))
    figure(f"{name}, the server's first word", [each / 1000 for each in until["first"]])
    figure(f"{name}, the server's last word", [each / 1000 for each in until["last"]])


def _open(tab: Tab, url: str) -> Moments:
    tab.open(url)
    last_change = tab.until(drawn.DRAWN, drawn.QUIET_MS)
    return _moments(tab.until("() => rowlightHeard", None), last_change, since=0)


def _change_category(visitor: Visitor, name: str) -> Moments:
    """One category alone; afterwards all again, which is not measured."""
    found = _change(visitor, "Category", name)
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_role("button", name="Reset filters").click()
    visitor.page.get_by_role("button", name="Reset filters").wait_for(state="detached")
    drawn.wait(visitor.page)
    return found


def _change_period(visitor: Visitor, name: str) -> Moments:
    return _change(visitor, "Period", name)


def _change(visitor: Visitor, box: str, option: str) -> Moments:
    page = visitor.page
    before = page.evaluate(_FIGURE)
    page.get_by_role("combobox", name=box, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()
    page.wait_for_function(f"before => {_FIGURE} !== before", arg=before, polling=20)
    last_change = drawn.wait(page)
    heard = page.evaluate("rowlightHeard")
    return _moments(heard, last_change, since=heard["clicked"])


def _moments(heard: Mapping[str, Any], last_change: float, *, since: float) -> Moments:
    return {"first": heard["first"] - since, "last": heard["last"] - since, "drawn": last_change - since}
