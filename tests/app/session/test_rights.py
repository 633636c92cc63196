"""What a person asked is remembered while what they may see is the same: until they sign in or renew."""

import threading

import pytest

from app.errors import SessionExpired
from app.redshift.limiter import PER_SECOND, Limiter
from app.redshift.query import Query
from tests.app.session.scene import at_once

SALES = Query("sales", "SELECT 1 AS one")


def asked(scene):
    """How many statements were sent."""
    return len(scene.aws.signed)


def renew(user):
    """Has AWS take the credentials no more that this thread signs with."""
    user.keys()
    user.renew()


class TestRights:
    def test_they_are_equal_in_all_processes_and_change_with_the_credentials(self, user, elsewhere):
        user.keys()
        before = user.admit()
        assert elsewhere.admit() == before
        renew(user)
        assert user.admit() == elsewhere.admit() != before

    def test_two_sign_ins_of_a_person_have_their_own(self, scene, sessions):
        users = [sessions.find(scene.sign_in(sessions)) for _ in range(2)]
        for user in users:
            user.keys()
        assert users[0].admit() != users[1].admit()

    def test_they_say_nothing(self, user):
        keys = user.keys()
        for secret in (keys.access_key_id, keys.secret_access_key, keys.session_token, user.key):
            assert secret not in user.admit()


class TestMemory:
    def test_the_first_exchange_of_a_sign_in_takes_nothing_away(self, scene, user):
        tables = [user.warehouse.fetch(SALES) for _ in range(3)]
        assert len({table.statement_id for table in tables}) == 1
        assert asked(scene) == 1

    def test_who_asks_after_the_exchange_joins_what_was_asked_before_it(self, scene, user):
        joined = []
        scene.aws.before["execute_statement"] = lambda: joined.append(user.warehouse.begin(SALES))
        user.warehouse.fetch(SALES)
        joined[0].table()
        assert (len(joined), asked(scene)) == (1, 1)

    def test_after_a_renewal_it_is_asked_anew(self, scene, user):
        user.warehouse.fetch(SALES)
        renew(user)
        user.warehouse.fetch(SALES)
        user.warehouse.fetch(SALES)
        assert asked(scene) == 2

    def test_nor_is_what_another_process_renewed_after(self, scene, user, elsewhere):
        user.warehouse.fetch(SALES)
        renew(elsewhere)
        user.warehouse.fetch(SALES)
        assert asked(scene) == 2

    def test_what_was_sent_with_the_old_credentials_is_not_kept_for_the_new(self, scene, user):
        user.keys()
        scene.aws.before["execute_statement"] = user.renew
        user.warehouse.fetch(SALES)
        scene.aws.before.clear()
        user.warehouse.fetch(SALES)
        assert asked(scene) == 2

    def test_the_thread_that_was_refused_renews_and_not_the_one_that_waits(self, scene, user):
        """Pages wait on threads of their own, on which nothing is signed."""
        scene.aws.ended.add(user.keys().access_key_id)
        tables = at_once([lambda: user.warehouse.fetch(SALES)] * 8)
        assert {len(table.frame) for table in tables} == {1}
        assert scene.aws.renewals == 2


@pytest.mark.parametrize("seconds", [0, 60])
def test_how_long_it_is_kept_is_a_setting(scene, seconds):
    scene.settings = scene.settings.model_copy(update={"cache_seconds": seconds})
    sessions = scene.sessions()
    user = sessions.find(scene.sign_in(sessions))
    for _ in range(3):
        user.warehouse.fetch(SALES)
    assert asked(scene) == (1 if seconds else 3)


def test_all_people_of_a_process_share_the_accounts_quotas(scene):
    quota = PER_SECOND["GetStatementResultV2"]
    sessions = scene.sessions(limiter=Limiter(clock=lambda: 0.0))  # a second that does not end
    users = [sessions.find(scene.sign_in(sessions, sub=f"sub-{number}")) for number in range(quota + 1)]
    for user in users[1:]:
        user.warehouse.fetch(SALES)
    flight = users[0].warehouse.begin(SALES)
    assert not flight.wait(0.1)
    flight.leave()
    assert asked(scene) == quota + 1


def test_what_waits_at_a_sign_out_gets_nothing(scene, sessions):
    session_id = scene.sign_in(sessions)
    user = sessions.find(session_id)
    arrived, go_on = threading.Event(), threading.Event()
    scene.aws.before["execute_statement"] = lambda: (arrived.set(), go_on.wait(10))
    flight = user.warehouse.begin(SALES)
    assert arrived.wait(10)
    sessions.end(session_id)
    assert flight.abandoned.is_set()
    go_on.set()
    with pytest.raises(SessionExpired) as caught:
        flight.table()
    assert caught.value.code == "RL-233"


def test_what_waits_as_somebody_else_signs_in_hears_that_it_is_over(scene, sessions):
    session_id = scene.sign_in(sessions)
    user = sessions.find(session_id)
    arrived, go_on = threading.Event(), threading.Event()
    scene.aws.before["execute_statement"] = lambda: (arrived.set(), go_on.wait(10))
    flight = user.warehouse.begin(SALES)
    assert arrived.wait(10)
    scene.sign_in(sessions, replaces=session_id, sub="another")
    with pytest.raises(SessionExpired) as caught:
        flight.table()
    go_on.set()
    assert caught.value.code == "RL-233"


class SlowStore:
    """A store whose next answer is on its way until the test lets it arrive."""

    def __init__(self, store):
        self._store = store
        self.asked = threading.Event()
        self.arrives = threading.Event()
        self.slow = False

    def __getattr__(self, name):
        return getattr(self._store, name)

    def get(self, key):
        slow, self.slow = self.slow, False
        entry = self._store.get(key)
        if slow:
            self.asked.set()
            assert self.arrives.wait(10)
        return entry


def test_an_answer_of_the_store_from_before_a_renewal_brings_no_old_credentials_back(scene, session_id):
    store = SlowStore(scene.store)
    user = scene.sessions(store=store).find(session_id)
    old = user.keys()
    store.slow = True
    late = threading.Thread(target=user.admit)
    late.start()
    assert store.asked.wait(10)
    user.renew()
    new = user.keys()
    store.arrives.set()
    late.join(10)
    assert user.keys() == new != old
