"""Twenty people at work on two processes behind the example proxy, without stickiness: one is killed, each is
restarted, or upgraded and taken back; nobody has to sign in again, and no statement runs twice."""

import asyncio
import io
import json
import signal
import subprocess
import tarfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice

import pytest
from websockets.exceptions import WebSocketException

from app.session import sealing
from bench.load import mixed
from bench.tabs import Action, Tab, opened
from infra.local.people import PEOPLE
from tests import behind_proxy, outside, proxies
from tests.app.session.test_formats import KEPT
from tests.replica import ROOT, Browser

COUNT = 20
KINDS, THINK = ("refresh", "filter"), 1.0
PATIENCE_SECONDS, STOPS_SECONDS = 60, 20
READERS = [person for person in PEOPLE if person.groups and "analytics-admins" not in person.groups]
WORKERS = list(islice(cycle(READERS), COUNT))


class Colleague(Tab):
    """Somebody whose browser connects anew when its connection is gone, as any does, and asks again."""

    def __init__(self, *given):
        super().__init__(*given)
        self.broken = 0

    async def act(self, kind):
        action = await super().act(kind)
        if not action.fault.startswith("ConnectionClosed"):
            return action
        self.broken += 1
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            try:
                return await self.open(resumes=self._session)
            except (OSError, WebSocketException):
                await asyncio.sleep(0.2)
        return action


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    # Enough that whatever people choose, each of them has sales of it.
    stand = {"DEMO_ROWS": "40000"}
    with behind_proxy.house(
        tmp_path_factory.mktemp("behind-proxy"), stand=stand, SIGN_IN="redirect"
    ) as house:
        yield house


@pytest.fixture(scope="module")
def signed_in(house):
    """Each one's cookies; the process at which they signed in is gone since."""

    def sign_in(person):
        browser = Browser(house.url, at)
        answer = browser.sign_in(person.name)
        assert answer.status_code == 303
        return {"person": [person.email, person.name], "cookies": dict(browser.http.cookies)}

    with house.process("first") as at, ThreadPoolExecutor(4) as pool:
        return list(pool.map(sign_in, WORKERS))


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """The app that sealed the kept session of today's format: no older one is promised to fit today's."""
    kept = KEPT[sealing._FORMAT].split()[0]
    found = _git("log", "--reverse", "--format=%H", f"-S{kept}", "--", "tests/app/session/test_formats.py")
    commit = found.decode().partition("\n")[0]
    files = _git("archive", commit, "app", ".streamlit") if commit else b""
    if not files:
        pytest.skip("the history of this checkout has no older version")
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(fileobj=io.BytesIO(files)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _git(*command):
    """What git answers; nothing where this is no checkout, or one without its history."""
    return subprocess.run(["git", "-C", ROOT, *command], capture_output=True, check=False).stdout


@dataclass
class Office:
    """All of them at work, and what came of it so far."""

    tabs: list[Colleague]
    actions: list[Action] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    ready: threading.Event = field(default_factory=threading.Event)

    @property
    def broken(self):
        """How often somebody's connection was gone in the middle of something."""
        return sum(tab.broken for tab in self.tabs)

    async def work(self):
        self.actions += await opened(self.tabs)
        self.ready.set()
        await asyncio.gather(*(self._one(tab) for tab in self.tabs))
        await asyncio.gather(*(tab.close() for tab in self.tabs))

    async def _one(self, tab):
        for kind in cycle(KINDS):
            if self.over.is_set():
                return
            self.actions.append(await tab.act(kind))
            await asyncio.sleep(THINK)

    def goes_on(self):
        """Waits until everybody has begun something from now on, and got an answer."""
        since, ends = time.time(), time.monotonic() + PATIENCE_SECONDS
        while {action.tab for action in list(self.actions) if action.began > since} < set(range(COUNT)):
            assert time.monotonic() < ends
            time.sleep(0.1)


@contextmanager
def at_work(house, proxy, signed_in):
    """All of them at work, while somebody does something else."""
    job = {"app_url": house.url, "port": proxy.port, "trust": proxy.trust}
    job["people"] = [name for person in PEOPLE for name in (person.email, person.name)]
    office = Office([Colleague(place, session, job) for place, session in enumerate(signed_in)])
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(lambda: asyncio.run(office.work()))
        assert office.ready.wait(PATIENCE_SECONDS)
        try:
            office.goes_on()
            yield office
        finally:
            office.over.set()
        working.result(PATIENCE_SECONDS)


def statements(house):
    """The names of all statements that were sent, by the record that AWS has of them; and their tokens."""
    client = outside.aws(house.stand.env, "cloudtrail", outside.administrator(house.stand.env))
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "ExecuteStatement"}]
    pages = client.get_paginator("lookup_events").paginate(LookupAttributes=wanted)
    asked = [json.loads(each["CloudTrailEvent"]) for page in pages for each in page["Events"]]
    return [each["requestParameters"] for each in asked]


def assert_nobody_noticed(house, office):
    """Everybody has their own figures after everything they did, and each question was one statement.

    A question that a process took along when it went was asked, and nobody heard more of it; the person's tab
    asked again, and that is another question, by a name and a token of its own.
    """
    assert [action.fault for action in office.actions if action.fault] == []
    assert mixed(office.actions, [person.email for person in WORKERS]) == 0
    logs = [line for log in house.logs() for line in log.splitlines()]
    assert [line for line in logs if "Traceback" in line] == []
    sent = statements(house)
    for part in ("statementName", "clientToken"):
        assert set(Counter(each[part] for each in sent).values()) == {1}
    marks = {each["statementName"].rpartition("-")[2] for each in sent}
    # A question that its process's end overtook before it was sent is told too, without a statement.
    records = [line for line in logs if "app.audit: query id=" in line and " statement=" in line]
    told = {line.partition(" id=")[2].split(" ")[0] for line in records}
    assert told
    assert told <= marks
    house.interrupted += office.broken
    assert len(marks - told) <= house.interrupted
    assert len(set(house.stand.uses())) == len(house.stand.uses())
    assert house.stand.reuses() == []


class Newcomer(Browser):
    """Somebody who comes through the proxy."""

    def __init__(self, proxy):
        self.app_url, self.http = proxy.url, proxies.client(proxy)


@contextmanager
def coming(house, proxy):
    """People sign in, one after the other, while somebody does something else; what each was answered."""
    answers, over = [], threading.Event()

    def come():
        while not over.wait(0.2):
            somebody = Newcomer(proxy)
            with somebody.http:
                answers.append(somebody.sign_in("Frank Amer").status_code)
                assert somebody.stands()

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(come)
        try:
            yield answers
        finally:
            over.set()
        working.result(PATIENCE_SECONDS)


def test_one_is_killed_and_everybody_goes_on_at_the_other(house, signed_in):
    with ExitStack() as running:
        a, b = (running.enter_context(house.process(name)) for name in ("killed", "survivor"))
        proxy = running.enter_context(house.proxy(a, b, sticky=False))
        with at_work(house, proxy, signed_in) as office:
            a.process.kill()
            office.goes_on()
    assert_nobody_noticed(house, office)
    assert office.broken == COUNT / 2  # those that were with it, once each
    assert " sign-in " not in a.log() + b.log()


def restarted(house, running, pair, office, *, root=ROOT):
    """Each process anew, by this checkout, the second once the first's people are at work again."""
    anew = []
    for each in pair:
        each.process.terminate()
        assert each.process.wait(STOPS_SECONDS) in {0, -signal.SIGTERM}
        office.goes_on()
        name = f"process-{len(house.started)}"
        anew.append(running.enter_context(house.process(name, port=each.port, root=root)))
        office.goes_on()
    return anew


def assert_all_came_in(newcomers):
    assert newcomers
    assert set(newcomers) == {303}


def test_each_is_restarted_in_turn_and_nobody_is_lost(house, signed_in):
    with ExitStack() as running:
        pair = [running.enter_context(house.process(f"old-{name}")) for name in "ab"]
        proxy = running.enter_context(house.proxy(*pair, sticky=False))
        with at_work(house, proxy, signed_in) as office, coming(house, proxy) as newcomers:
            restarted(house, running, pair, office)
    assert_nobody_noticed(house, office)
    assert office.broken >= COUNT
    assert_all_came_in(newcomers)


def test_an_upgrade_loses_nobody_nor_does_the_way_back(house, signed_in, older):
    """Whoever signed in at either version is at work at both; so are those who come while both run."""
    with ExitStack() as running:
        pair = [running.enter_context(house.process(f"older-{name}", root=older)) for name in "ab"]
        proxy = running.enter_context(house.proxy(*pair, sticky=False))
        with at_work(house, proxy, signed_in) as office, coming(house, proxy) as newcomers:
            newer = restarted(house, running, pair, office)
            restarted(house, running, newer, office, root=older)
    assert_nobody_noticed(house, office)
    assert office.broken >= 2 * COUNT
    assert_all_came_in(newcomers)
