"""Nobody ever sees another person's row, whatever fifty people do at once."""

import random
import secrets
import threading
from collections import Counter

from app.errors import SessionExpired
from app.redshift.limiter import Limiter
from app.session import Services
from app.session.beside import Beside
from infra.local.people import PEOPLE
from tests import replica, stand_in
from tests.app.compared import Knowing
from tests.app.crowd import QUERIES, Crowd
from tests.app.session.scene import Scene, at_once

THREADS = 16
READS = 10_000


def test_fifty_people_with_the_same_questions_see_their_own_rows():
    seed = secrets.randbelow(2**32)
    print("seed", seed)  # noqa: T201 - with it, the same dice are thrown
    crowd = Crowd(people=50, seed=seed)
    at_once([lambda number=number: crowd.work(number, 200) for number in range(THREADS)])
    assert crowd.wrong == []
    assert crowd.done["reads"] >= READS
    for what in ("refreshed", "stopped", "renewed", "signed out", "changed"):
        assert crowd.done[what] > 20, what
    # It is about memories: most rows came out of one, and many did not.
    assert READS / 20 < crowd.scene.aws.asked < READS / 2


class Desk:
    """One browser at a running app: who sits there changes, and what its pages say is noted under each."""

    def __init__(self, at, app_url, *, seed):
        self.browser = replica.Browser(app_url, at)
        self.dice = random.Random(seed)  # noqa: S311
        self.seen = set()  # (email, figures)
        self.pages = 0
        self.mixed = []

    def work(self, visits):
        for _ in range(visits):
            person = self.dice.choice(PEOPLE)
            self.browser.sign_in(person.name)
            with self.browser.tab() as tab, self.browser.tab() as another:
                page = self.read(person, tab.run())
                self.read(person, another.run())
                if page.metrics:
                    self.read(person, tab.press(page, "Refresh"))
                self.read(person, another.run())
            if self.dice.random() < 0.5:
                self.browser.post("/auth/sign-out")
                assert not self.browser.stands()

    def read(self, person, page):
        text = page.text
        named = {each.email for each in PEOPLE if each.email in text}
        if named != {person.email}:
            self.mixed.append((person.email, named))
        self.seen.add((person.email, tuple(sorted(page.metrics.items()))))
        self.pages += 1
        return page


def test_over_a_running_app_it_is_the_same(tmp_path):
    seed = secrets.randbelow(2**32)
    print("seed", seed)  # noqa: T201
    with (
        stand_in.running(tmp_path / "stand-in") as stand,
        replica.running(stand.env, tmp_path / "app", SIGN_IN="redirect") as at,
    ):
        desks = [Desk(at, stand.env["APP_URL"], seed=seed + number) for number in range(6)]
        at_once([lambda desk=desk: desk.work(3) for desk in desks])
        assert "Traceback" not in at.log()
    assert [each for desk in desks for each in desk.mixed] == []
    seen = set().union(*(desk.seen for desk in desks))
    # The same figures for a person in every browser, and nobody's for anybody else.
    assert len({email for email, _ in seen}) == len(seen)
    figures = [metrics for _, metrics in seen if metrics]
    assert len(set(figures)) == len(figures) >= 2
    assert sum(desk.pages for desk in desks) >= 54


class TwoSides:
    """A browser in which two people sit: each tab asks as both, and now and then the second leaves."""

    def __init__(self, scene, shared, first, second):
        self.scene, self.shared, self.people = scene, shared, (first, second)
        self.cookie = scene.sign_in(shared.sessions, sub=first, email=first)
        self.lock = threading.Lock()
        self.done, self.wrong = Counter(), []
        self.join()

    def join(self):
        """The second person signs in beside the first."""
        beside, who = Beside(self.cookie), self.people[1]
        answer = self.scene.idp.grant(beside.attempt(self.shared).url, sub=who, email=who)
        beside.answer(answer, self.shared)
        assert beside.notice is None

    def work(self, dice, refreshes):
        """One tab."""
        beside = Beside(self.cookie)
        for _ in range(refreshes):
            query, fresh = dice.choice(QUERIES), dice.random() < 0.5
            first = self.shared.sessions.find(self.cookie)
            mine = first.warehouse.begin(query, fresh=fresh)
            try:
                guest = beside.user(self.shared)
                if guest is not None:
                    self.read(guest.warehouse.begin(query, fresh=fresh), self.people[1])
            except SessionExpired:  # in the middle of it, in the other tab
                self.done["over"] += 1
            self.read(mine, self.people[0])
            self.done["refreshed"] += 1
            if dice.random() < 0.03:
                first.renew()
            if dice.random() < 0.03:
                with self.lock:
                    beside.end(self.shared)
                    self.join()
                self.done["left"] += 1

    def read(self, flight, who):
        seen = flight.table().columns["person"].to_pylist()
        self.done["read"] += 1
        if seen != [who]:
            self.wrong.append(f"{who} saw {seen}")


def test_a_thousand_refreshes_of_two_people_side_by_side_never_mix_a_row():
    seed = secrets.randbelow(2**32)
    print("seed", seed)  # noqa: T201
    scene = Scene(demo_compare="on", session_hours=24, session_idle_minutes=1440, bridge_role_arn="")
    scene.aws = Knowing(scene.clock)
    sessions = scene.sessions(limiter=Limiter(share=1_000))
    shared = Services(scene.settings, sessions._provider, sessions)
    ethan, frank = "ethan@example.com", "frank@example.com"
    browsers = [TwoSides(scene, shared, *pair) for pair in ((ethan, frank), (frank, ethan))]
    tabs = [(browser, random.Random(seed + number)) for number, browser in enumerate(browsers * 2)]  # noqa: S311
    at_once([lambda tab=tab: tab[0].work(tab[1], 250) for tab in tabs])
    done = sum((browser.done for browser in browsers), Counter())
    assert [each for browser in browsers for each in browser.wrong] == []
    assert done["refreshed"] == 1_000
    assert done["read"] > 1_500
    assert done["left"] > 5
