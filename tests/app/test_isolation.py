"""Nobody ever sees another person's row, whatever fifty people do at once."""

import random
import secrets

from infra.local.people import PEOPLE
from tests import replica, stand_in
from tests.app.crowd import Crowd
from tests.app.session.scene import at_once

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
