"""Calls under the account's quotas: none too many in any second, and everybody in turn."""

import itertools
import threading
from collections import Counter, defaultdict
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import QueryCancelled, WarehouseBusy
from app.redshift.limiter import PER_SECOND, GivenUp, Lane, Late, Limiter
from app.redshift.path import Statement
from app.redshift.query import Query
from infra.local.aws import quotas

SALES = Query("sales", "SELECT 1")
SECONDS = 10.0  # until a test that waits in vain fails
PEOPLE = [f"person {number}" for number in range(50)]


class Clock:
    """A moment that stays until it is moved."""

    now = 0.0

    def __call__(self):
        return self.now


def turns(lane, calls, *, until, step=0.01):
    """When each call went out: `calls` are moments and people."""
    calls, waiting, out, now = sorted(calls, key=lambda call: call[0]), [], [], 0.0
    while now < until:
        while calls and calls[0][0] <= now:
            _, person = calls.pop(0)
            turn = lane.take(person, now)
            if turn is None:
                out.append((now, person))
            else:
                waiting.append(turn)
        lane.serve(now)
        out += [(now, turn.person) for turn in waiting if turn.came.is_set()]
        waiting = [turn for turn in waiting if not turn.came.is_set()]
        now = round(now + step, 6)
    return out


class TestQuota:
    @given(st.lists(st.floats(0, 5), max_size=300), st.sampled_from([1.0, 5.0, 7.5, 20.0, 0.3]))
    def test_never_more_than_the_quota_in_any_second(self, moments, per_second):
        out = [now for now, _ in turns(Lane(per_second), [(each, "one") for each in moments], until=8.0)]
        for first in out:
            assert sum(first <= now < first + 1 for now in out) <= max(1, int(per_second))
        assert len(out) <= 8.0 * per_second + max(1, int(per_second))

    def test_a_quota_that_is_free_holds_nobody_back(self):
        lane = Lane(20.0)
        assert [lane.take(person, 0.0) for person in PEOPLE[:20]] == [None] * 20
        assert lane.take("one more", 0.0) is not None

    def test_what_is_allowed_is_used(self):
        out = turns(Lane(20.0), [(0.0, "one")] * 200, until=10.0)
        assert len(out) >= 180

    @pytest.mark.parametrize("operation", sorted(PER_SECOND))
    def test_aws_refuses_none_of_what_goes_out(self, operation):
        """The stand-in's own quotas, an account's, with calls that are late on their way by up to 20 ms."""
        clock, late = Clock(), itertools.cycle([0.0, 0.02, 0.013, 0.001, 0.007])
        account = quotas.Quotas(clock=clock)
        out = turns(Lane(PER_SECOND[operation]), [(0.0, "one")] * 500, until=4.0)
        for moment in sorted(now + next(late) for now, _ in out):
            clock.now = moment
            account.take(operation, account="1", region="r")
        assert len(out) > 3 * PER_SECOND[operation]

    def test_four_processes_with_a_quarter_each_stay_under_it_together(self):
        out = sorted(
            now for _ in range(4) for now, _ in turns(Lane(30 * 0.25), [(0.0, "one")] * 100, until=6.0)
        )
        assert max(sum(first <= now < first + 1 for now in out) for first in out) <= 30


class TestTurns:
    def test_one_with_fifty_tabs_does_not_hold_back_another(self):
        calls = [(0.0, "fifty tabs")] * 50 + [(0.001, "one tab")]
        out = turns(Lane(5.0), calls, until=20.0)
        moments = {person: now for now, person in out}
        assert moments["one tab"] < 1.1
        assert moments["fifty tabs"] > 10.0

    def test_all_who_wait_come_by_person_and_not_by_call(self):
        calls = [(0.0, person) for person in PEOPLE for _ in range(4)]  # all of one, then all of the next
        out = turns(Lane(20.0), calls, until=20.0)
        assert Counter(person for _, person in out) == dict.fromkeys(PEOPLE, 4)
        done = Counter()
        most_apart = 0
        for _, person in out[20:]:
            done[person] += 1
            most_apart = max(most_apart, max(done.values()) - min(done[each] for each in PEOPLE))
        assert most_apart <= 5

    def test_of_one_person_the_first_who_asked_goes_first(self):
        lane = Lane(1.0)
        lane.take("one", 0.0)
        first, second = lane.take("one", 0.0), lane.take("one", 0.0)
        lane.serve(2.0)
        assert (first.came.is_set(), second.came.is_set()) == (True, False)

    def test_who_comes_later_does_not_pass_those_who_wait(self):
        lane = Lane(1.0)
        lane.take("one", 0.0)
        waits = lane.take("one", 0.0)
        late = lane.take("two", 5.0)
        assert late is not None
        lane.serve(5.0)
        assert waits.came.is_set()

    def test_who_withdraws_is_passed_over(self):
        lane = Lane(1.0)
        lane.take("one", 0.0)
        first, second = lane.take("one", 0.0), lane.take("two", 0.0)
        assert lane.withdraw(first)
        lane.serve(2.0)
        assert second.came.is_set()
        assert not lane.withdraw(second)
        assert not first.came.is_set()


class TestThrottled:
    def allowed(self, lane, now):
        """How many go out in one second from now on."""
        count = 0
        while lane.take("one", now) is None:
            count += 1
        return count

    def test_it_slows_down_and_comes_back(self):
        rates = {}
        for later in (0.0, 2.0, 5.0, 20.0):
            lane = Lane(20.0)
            lane.slow_down(0.0)
            rates[later] = self.allowed(lane, later)
        assert rates == {0.0: 10, 2.0: 14, 5.0: 20, 20.0: 20}

    def test_calls_that_were_refused_together_slow_it_down_once(self):
        lane = Lane(20.0)
        for _ in range(20):
            lane.slow_down(0.0)
        assert self.allowed(lane, 0.0) == 10

    @pytest.mark.parametrize(("per_second", "left"), [(1.0, 1), (20.0, 4)])
    def test_refused_again_and_again_something_is_left(self, per_second, left):
        lane = Lane(per_second)
        for second in range(0, 40, 2):
            lane.slow_down(float(second))
        assert self.allowed(lane, 38.0) == left

    def test_other_operations_do_not_slow_down(self):
        clock = Clock()
        limiter = Limiter(clock=clock)
        limiter.throttled("ExecuteStatement")
        for _ in range(PER_SECOND["DescribeStatement"]):
            limiter.turn("DescribeStatement", "one", deadline=0.1)
        limiter.throttled("CancelStatement")
        limiter.turn("CancelStatement", "one", deadline=0.1)


class TestWaiting:
    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def limiter(self, clock):
        """One whose ExecuteStatement of this second are used up."""
        limiter = Limiter(clock=clock)
        for _ in range(PER_SECOND["ExecuteStatement"]):
            limiter.turn("ExecuteStatement", "one", deadline=inf)
        return limiter

    def waiting(self, limiter, **how):
        """A thread that waits for its turn, and what became of it."""
        ended = []

        def wait():
            try:
                limiter.turn("ExecuteStatement", "two", **{"deadline": inf, **how})
            except (Late, GivenUp) as error:
                ended.append(type(error))
            else:
                ended.append(None)

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        return thread, ended

    def test_it_goes_on_when_the_second_is_over(self, limiter, clock):
        thread, ended = self.waiting(limiter)
        thread.join(0.1)
        assert ended == []
        clock.now = 1.1
        thread.join(SECONDS)
        assert ended == [None]

    def test_at_its_deadline_it_is_late_and_out_of_the_queue(self, limiter, clock):
        thread, ended = self.waiting(limiter, deadline=0.5)
        clock.now = 0.5
        thread.join(SECONDS)
        assert ended == [Late]
        clock.now = 1.1
        for _ in range(PER_SECOND["ExecuteStatement"]):
            limiter.turn("ExecuteStatement", "one", deadline=inf)  # nobody stands before it

    def test_given_up_it_leaves_the_queue(self, limiter, clock):
        given_up = threading.Event()
        thread, ended = self.waiting(limiter, given_up=given_up.is_set)
        given_up.set()
        thread.join(SECONDS)
        assert ended == [GivenUp]
        clock.now = 1.1
        for _ in range(PER_SECOND["ExecuteStatement"]):
            limiter.turn("ExecuteStatement", "one", deadline=inf)

    def test_a_deadline_that_has_passed_is_late_though_there_is_room(self, clock):
        clock.now = 5.0
        with pytest.raises(Late):
            Limiter(clock=clock).turn("ExecuteStatement", "one", deadline=5.0)

    def test_of_a_statement_that_is_late_it_is_said_that_the_warehouse_is_busy(self, limiter, clock):
        clock.now = 0.9
        statement = Statement(SALES, event_id="1", label="sales", deadline=0.9, clock=clock)
        with pytest.raises(WarehouseBusy) as caught:
            limiter.turns_of("one")("ExecuteStatement", statement)
        assert (caught.value.code, caught.value.query_name) == ("RL-450", "sales")

    def test_a_statement_that_is_stopped_waits_no_longer(self, limiter, clock):
        statement = Statement(SALES, event_id="1", label="sales", deadline=60.0, clock=clock)
        statement.stop()
        with pytest.raises(QueryCancelled) as caught:
            limiter.turns_of("one")("ExecuteStatement", statement)
        assert caught.value.code == "RL-440"

    def test_cancelling_waits_for_nobody(self, limiter):
        for _ in range(1_000):
            limiter.turn("CancelStatement", "one", deadline=inf)

    def test_a_crowd_of_threads_all_get_through_under_the_quota(self, clock):
        limiter, out, lock = Limiter(share=0.1, clock=clock), defaultdict(list), threading.Lock()

        def ask(person):
            limiter.turn("ExecuteStatement", person, deadline=inf)
            with lock:
                out[clock.now].append(person)

        threads = [threading.Thread(target=ask, args=(person,), daemon=True) for person in PEOPLE[:24]]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(0.02)
            clock.now += 1.06
            assert clock.now < 1_000
        assert sum(map(len, out.values())) == 24
