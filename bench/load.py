"""Signed-in people at work over real WebSockets: how long, how often, at what cost to the app's process."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Self

from bench import scene
from bench.report import TIMES, percentiles, value
from bench.tabs import Action
from infra.local.people import PEOPLE
from tests import replica
from tests.replica import Browser, Replica

SIZES = (1, 10, 50, 100)
THINK = (3.0, 7.0)
SECONDS = 30.0
_BOTH = ("filter", "refresh")
_READERS = [person for person in PEOPLE if person.groups and "analytics-admins" not in person.groups]
# Of Apache Superset 6.1 with four charts over a million rows, measured earlier on this kind of machine.
_SUPERSET = "Apache Superset 6.1, measured earlier, not in this run"
_SUPERSET_CPU, _SUPERSET_CACHED_CPU, _SUPERSET_RATE, _AS_SUPERSET = 0.25, 0.08, 4.6, 50
# What a page may cost at most: seconds of processor, milliseconds of a filter change, megabytes.
MOST_CPU, MOST_P95, MOST_MB = 0.025, 150.0, 1.0
_ENOUGH = 10  # actions, for processor time is told in hundredths of a second


@dataclass(frozen=True)
class Phase:
    """What all people together did for some seconds, and what the app's process used for it."""

    actions: list[Action]
    seconds: float
    cpu: float
    driver_cpu: float


class Crowd:
    """People in a process of their own, each with a sign-in and a tab at one process of the app."""

    def __init__(self, at: Replica, pipe: "subprocess.Popen[str]", people: Sequence[str]) -> None:
        self._at = at
        self._to, self._from = _both(pipe)
        self.people = people
        self._driver_cpu = 0.0
        self.first = self._read(at.cpu_seconds(), 0).actions

    def work(self, kinds: Sequence[str], seconds: float, think: Sequence[float] = ()) -> Phase:
        """Has everybody do these one after the other, with pauses in between or without."""
        before = self._at.cpu_seconds()
        command = {"kinds": list(kinds), "seconds": seconds, "think": list(think)}
        print(json.dumps(command), file=self._to, flush=True)
        return self._read(before, seconds)

    def _read(self, cpu_before: float, seconds: float) -> Phase:
        answer = json.loads(self._from.readline())
        driver, self._driver_cpu = answer["cpu"] - self._driver_cpu, answer["cpu"]
        actions = [Action(**each) for each in answer["actions"]]
        return Phase(actions, seconds, self._at.cpu_seconds() - cpu_before, driver)


def _both(pipe: "subprocess.Popen[str]") -> tuple[IO[str], IO[str]]:
    assert pipe.stdin is not None  # noqa: S101 - both are pipes
    assert pipe.stdout is not None  # noqa: S101
    return pipe.stdin, pipe.stdout


@contextmanager
def crowd(app_url: str, at: Replica, *, count: int, driver: str = "bench.tabs") -> Iterator[Crowd]:
    """So many sign-ins, one after the other, by the people who may see figures, in turn; then a tab each.

    `driver` is the module that has the tabs: it says what people do.
    """
    people = [_READERS[place % len(_READERS)] for place in range(count)]
    sessions = []
    for person in people:
        browser = Browser(app_url, at)
        browser.sign_in(person.name)
        cookies = {
            name: value for name, value in browser.http.cookies.items() if name.startswith("rowlight_")
        }
        sessions.append({"person": [person.email, person.name], "cookies": cookies})
        browser.http.close()
    known = [name for person in PEOPLE for name in (person.email, person.name)]
    job = {"app_url": app_url, "port": at.port, "people": known, "sessions": sessions}
    process = subprocess.Popen(
        [sys.executable, "-m", driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    to, _ = _both(process)
    try:
        print(json.dumps(job), file=to, flush=True)
        yield Crowd(at, process, [person.email for person in people])
    finally:
        to.close()
        process.wait(60)


def measure(
    env: Mapping[str, str],
    *,
    sizes: Sequence[int] = SIZES,
    seconds: float = SECONDS,
    think: Sequence[float] = THINK,
) -> None:
    """Prints latency, throughput, cost and memory for each number of people; who failed, who was mixed."""
    with scene.scratch() as home:
        settings = {"SIGN_IN": "redirect", "LOG_FORMAT": "json"}
        for count in sizes:
            with replica.running(env, home / "log", **settings) as at:
                _measure(env["APP_URL"], at, count=count, seconds=seconds, think=think)


def _measure(app_url: str, at: Replica, *, count: int, seconds: float, think: Sequence[float]) -> None:
    with crowd(app_url, at, count=len(_READERS)) as warm:
        warm.work(_BOTH, 1.0)  # what a process loads once belongs to no session
    before, signed_in = at.resident_bytes(), len(sign_ins(at))
    with crowd(app_url, at, count=count) as people:
        memory = (at.resident_bytes() - before) / 2**20 / count
        phases = [people.work(_BOTH, seconds / 2), people.work(_BOTH, seconds, think)]
        if count == 1:
            _costs(people, seconds / 4)
        after = (at.resident_bytes() - before) / 2**20 / count
        if count == _AS_SUPERSET:
            rate = len(phases[0].actions) / phases[0].seconds
            note = f"against {_SUPERSET}: {_SUPERSET_RATE} a second with {count} users"
            value(f"{count} sessions, no pauses: actions", rate / _SUPERSET_RATE, TIMES, note)
    places = {reference: place for place, reference in enumerate(sign_ins(at)[signed_in:])}
    asked = Asked.of(at, places)
    name = f"{count} {'session' if count == 1 else 'sessions'}"
    for phase, pauses in zip(phases, ("no pauses", "3-7 s to think"), strict=True):
        most = MOST_P95 if count == _AS_SUPERSET and phase is phases[1] else None
        _print(f"{name}, {pauses}", phase, asked, most_p95=most)
    actions = [*people.first, *(action for phase in phases for action in phase.actions)]
    failed = [action.fault for action in actions if action.fault]
    note = f"of {len(actions)} {first(failed)}".strip()
    value(f"{name}: failures", len(failed), note=note, most=0)
    value(f"{name}: pages with somebody else's", mixed(actions, people.people), most=0)
    # A process's heap grows in steps: of few sessions it says nothing.
    most = MOST_MB if count >= _AS_SUPERSET else None
    value(
        f"{name}: memory of each with an open tab", memory, "MB", f"{after:.2f} after their work", most=most
    )


def _costs(person: Crowd, seconds: float) -> None:
    """What one person's actions cost the app's process, kind by kind; the warehouse is another process."""
    refresh = _cost(person.work(["refresh"], seconds))
    value("processor of the app, a Refresh", refresh, "s", most=MOST_CPU)
    value("processor of the app, a filter change", _cost(person.work(["filter"], seconds)), "s")
    for how, peer in (("", _SUPERSET_CPU), (" from its cache", _SUPERSET_CACHED_CPU)):
        note = f"against {_SUPERSET}: {peer} s{how}"
        value("processor of the app, a Refresh", peer / refresh, TIMES, note)


def _cost(phase: Phase) -> float:
    return phase.cpu / len(phase.actions)


def _print(name: str, phase: Phase, asked: "Asked", *, most_p95: float | None) -> None:
    for kind, label in (("filter", "filter change"), ("refresh", "Refresh")):
        done = [action for action in phase.actions if action.kind == kind and not action.fault]
        percentiles(f"{name}: {label}", [action.seconds for action in done])
        if kind == "filter":
            own = [action.seconds - asked.seconds(action) for action in done]
            percentiles(f"{name}: {label}, the app's part", own, most_p95=most_p95)
    rate = len(phase.actions) / phase.seconds
    value(f"{name}: actions", rate, "a second", f"the generator: {phase.driver_cpu:.1f} s of processor")
    if len(phase.actions) >= _ENOUGH:
        value(f"{name}: processor of the app, an action", _cost(phase), "s")


@dataclass(frozen=True)
class Asked:
    """When each tab's person was waiting for the warehouse, as the audit trail has it."""

    spans: Mapping[int, Sequence[tuple[float, float]]]  # the moment of the event, and the seconds before it

    @classmethod
    def of(cls, at: Replica, places: Mapping[str, int]) -> Self:
        """By each sign-in's reference, the place of its tab."""
        spans: dict[int, list[tuple[float, float]]] = {}
        for event in events(at, "query"):
            if event["session"] in places:
                moment = datetime.fromisoformat(event["time"]).timestamp()
                # Making columns of what came is the app's part; a query that failed has no parts.
                waited = event.get("warehouse_milliseconds", 0) + event.get("transfer_milliseconds", 0)
                spans.setdefault(places[event["session"]], []).append((moment, waited / 1000))
        return cls(spans)

    def seconds(self, action: Action) -> float:
        """How long the warehouse was asked in the course of an action."""
        ended = action.began + action.seconds + 0.001
        spans = self.spans.get(action.tab, ())
        return sum(took for at, took in spans if action.began <= at <= ended)


def sign_ins(at: Replica) -> list[str]:
    """The references of the sign-ins, in their order."""
    return [event["session"] for event in events(at, "sign-in")]


def events(at: Replica, name: str) -> Iterator[dict[str, Any]]:
    """What the audit trail has by this name."""
    for line in at.log().splitlines():
        if line.startswith("{") and (event := json.loads(line)).get("message") == name:
            yield event


def mixed(actions: Sequence[Action], people: Sequence[str]) -> int:
    """How many pages name somebody else, or show other figures than that person has for that choice."""
    shown: dict[tuple[str, str], set[str]] = {}
    for action in actions:
        if action.total:
            shown.setdefault((people[action.tab], action.chosen), set()).add(action.total)
    whose: dict[tuple[str, str], set[str]] = {}
    for (person, chosen), totals in shown.items():
        for total in totals:
            whose.setdefault((chosen, total), set()).add(person)
    several = sum(len(totals) - 1 for totals in shown.values())
    same = sum(len(persons) - 1 for persons in whose.values())
    return several + same + sum(bool(action.named) for action in actions)


def first(faults: Sequence[str]) -> str:
    return f"({faults[0][:120]})" if faults else ""
