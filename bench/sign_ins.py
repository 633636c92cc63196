"""Many people sign in at once at one process: who fails, who sees whose page, how long, how much memory."""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report import TIMES, percentiles, value
from infra.local.people import PEOPLE
from tests import replica
from tests.replica import Browser, Replica

AT_ONCE = 200
# For all of them together; whoever is not through by then has failed.
DEADLINE_SECONDS = 300
_DENIED, _CODE = re.compile("RL-41[02]"), re.compile(r"RL-\d{3}")
_EMAILS = frozenset(person.email for person in PEOPLE)


@dataclass(frozen=True)
class Visit:
    """One sign-in up to its page: whose it is, who and what is on it, and its moments in seconds."""

    email: str
    named: frozenset[str]
    metrics: Mapping[str, str]
    sign_in: float
    figures: float | None  # nobody shows figures to people who may see none

    @property
    def mixed(self) -> bool:
        """Whether anybody else is on this person's page."""
        return not self.named <= {self.email}


@dataclass(frozen=True)
class Crowd:
    """What came of many sign-ins at once, with all their tabs still open."""

    visits: list[Visit]
    faults: list[str]
    seconds: float


def measure(env: Mapping[str, str], *, at_once: int = AT_ONCE) -> None:
    """Prints what `at_once` concurrent sign-ins by the six people in turn come to."""
    with TemporaryDirectory() as home, replica.running(env, Path(home) / "log", SIGN_IN="redirect") as at:
        with crowd(env["APP_URL"], at, count=len(PEOPLE)):
            pass  # what a process loads once belongs to no session
        before = at.resident_bytes()
        with crowd(env["APP_URL"], at, count=at_once) as found:
            kilobytes = (at.resident_bytes() - before) / 1024 / at_once
    mixed = sum(visit.mixed for visit in found.visits)
    name = f"{at_once} sign-ins at once"
    value(f"{name}: through", found.seconds, "s", f"{len(found.visits)} of {at_once}")
    value(f"{name}: failures", len(found.faults), most=0)
    value(f"{name}: pages with somebody else's", mixed, most=0)
    for fault in sorted(set(found.faults)):
        print(f"    {found.faults.count(fault)} {TIMES} {fault}")
    percentiles("sign-in: whole redirect flow", [visit.sign_in for visit in found.visits])
    figures = [visit.figures for visit in found.visits if visit.figures is not None]
    percentiles("sign-in to first figures", figures)
    value("memory of a session with an open tab", kilobytes, "KB")


@contextmanager
def crowd(app_url: str, at: Replica, *, count: int) -> Iterator[Crowd]:
    """`count` browsers sign in at the same moment, each as the next of the people, and open a tab.

    The tabs stay open inside; what comes of the deadline and of any error is a fault of that browser.
    """
    started, start = time.perf_counter(), threading.Barrier(count)
    with ExitStack() as tabs:
        pool = ThreadPoolExecutor(count)
        futures = [
            pool.submit(_visit, Browser(app_url, at), *_person(place), start, tabs) for place in range(count)
        ]
        done, late = wait(futures, DEADLINE_SECONDS)
        pool.shutdown(wait=False, cancel_futures=True)
        visits = [each.result() for each in done if each.exception() is None]
        faults = [_fault(each) for each in done if each.exception() is not None]
        faults += [f"not through within {DEADLINE_SECONDS} s"] * len(late)
        yield Crowd(visits, faults, time.perf_counter() - started)


def _person(place: int) -> tuple[str, str]:
    person = PEOPLE[place % len(PEOPLE)]
    return person.name, person.email


def _visit(browser: Browser, name: str, email: str, start: threading.Barrier, tabs: ExitStack) -> Visit:
    start.wait()
    began = time.perf_counter()
    answer = browser.sign_in(name)
    signed_in = time.perf_counter()
    if not answer.is_redirect or "rowlight_session" not in browser.http.cookies:
        raise AssertionError(f"the callback answered {answer.status_code}")
    tab = tabs.enter_context(browser.tab())
    page = tab.run()
    text = page.text
    named = frozenset(each for each in _EMAILS if each in text)
    # Whoever may see nothing is told so, by the warehouse's own decision; any other code is a fault.
    if not named or not (page.metrics or _DENIED.search(text)):
        raise AssertionError(f"no figures but {' '.join(_CODE.findall(text)) or 'nothing'}: {page.titles}")
    figures = page.first - began if page.metrics else None
    return Visit(email, named, page.metrics, signed_in - began, figures)


def _fault(future: Future[Visit]) -> str:
    error = future.exception()
    return f"{type(error).__name__}: {error}".partition("\n")[0][:160]
