"""Three processes, six threads, and nothing that works at the first try: still no ID token is sent twice."""

import random
import threading
import time

import pytest
from botocore.exceptions import ReadTimeoutError

from app.errors import AccessError, SessionExpired, StoreUnavailable
from tests.app.auth.fake_aws import STEPS, refusal
from tests.app.session.scene import a_long_day, exchanged_once_each

SECONDS = 30
BRIDGE = "arn:aws:iam::123456789012:role/Bridge"


class Disorder:
    """A clock that jumps past leases, an AWS and a store that are slow, refuse, or do and say otherwise."""

    def __init__(self, seed):
        self.chance = random.Random(seed)  # noqa: S311 - a disorder to be had again
        self.scene = a_long_day(bridge_role_arn=self.chance.choice([BRIDGE, ""]))
        self.scene.aws.seconds = self.chance.choice([900, 3600])
        self.lock = threading.Lock()
        self.faults = []

    def forward(self, *seconds):
        with self.lock:
            self.scene.clock.forward(seconds=self.chance.choice(seconds))

    def break_loose(self):
        self.scene.aws.before = dict.fromkeys(STEPS, self._aws)
        for operation in ("get", "swap"):
            setattr(self.scene.store, operation, self._store(getattr(self.scene.store, operation)))

    def _aws(self):
        time.sleep(self.chance.random() * 0.003)
        luck = self.chance.random()
        if luck < 0.12:
            self.forward(10, 61, 130)
        elif luck < 0.2:
            codes = ("ThrottlingException", "InternalServerException")
            errors = [*(refusal(code, "x") for code in codes), ReadTimeoutError(endpoint_url="x")]
            raise self.chance.choice(errors)

    def _store(self, ask):
        def answer(*what, **how):
            luck = self.chance.random()
            if luck < 0.01:
                raise StoreUnavailable("The store is busy.", "Try again.")
            found = ask(*what, **how)
            if luck < 0.02:
                raise StoreUnavailable("It was done, but nobody heard.", "Try again.")
            return ask(*what, **how) if luck < 0.03 else found

        return answer

    def work(self, sessions, session_id):
        for _ in range(6):
            try:
                user = sessions.find(session_id)
                self.chance.choice([user.keys, user.keys, user.renew])()
            except (AccessError, SessionExpired, StoreUnavailable):
                pass
            except BaseException as fault:
                self.faults.append(fault)
                raise
            self.forward(1, 600, 2000)


@pytest.mark.parametrize("seeds", [range(first, first + 5) for first in range(0, 25, 5)])
def test_no_id_token_is_sent_twice(seeds):
    # In some disorders nobody gets as far as an exchange; in five of them somebody does.
    assert sum([exchanges_in(seed) for seed in seeds])


def exchanges_in(seed):
    disorder = Disorder(seed)
    scene = disorder.scene

    def sleep(_):
        disorder.forward(1, 5, 30)
        time.sleep(0.0005)

    processes = [scene.sessions(sleep=sleep) for _ in range(3)]
    session_id = scene.sign_in(processes[0])
    disorder.break_loose()
    threads = [
        threading.Thread(target=disorder.work, args=(each, session_id), daemon=True)
        for each in (*processes, *processes)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(SECONDS)
    assert not any(each.is_alive() for each in threads)
    assert not disorder.faults
    assert exchanged_once_each(scene.aws)
    return len(scene.aws.jtis)
