"""Nobody ever sees another person's row, whatever fifty people do at once."""

import secrets

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
    assert not [each for each in crowd.done if each.startswith("wrong end")]
