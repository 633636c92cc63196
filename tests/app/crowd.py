"""Fifty people at once over two processes, and a Data API that tells who signed each request."""

import io
import json
import random
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from botocore.awsrequest import AWSResponse

from app.auth.aws import Aws
from app.errors import AppError, SessionExpired
from app.redshift.limiter import Limiter
from app.redshift.query import Query
from app.session.cookies import new_id
from tests.app.auth.fake_aws import FakeAws
from tests.app.session.scene import Scene

# The same for everybody, and some of them the same but for their layout.
QUERIES = (
    Query("sales", "SELECT current_user AS person, 1 AS what"),
    Query("sales again", "SELECT current_user AS person,\n  1 AS what -- again"),
    Query("cities", "SELECT current_user AS person, :what AS what", {"what": "2"}),
    Query("cities", "SELECT current_user AS person, :what AS what", {"what": "3"}),
)
SIGNED_OUT = "RL-233"
COLUMNS = [
    {"name": "person", "label": "person", "typeName": "varchar"},
    {"name": "signed", "label": "signed", "typeName": "int4"},
]


class Redshift(FakeAws):
    """AWS to which a person's token leads to a person's keys, and they to that person's rows."""

    def __init__(self, clock):
        super().__init__(clock)
        self._real = Aws("us-east-1")
        self._who = {}  # what a call of the exchange gave: whose it is
        self._signers = {}  # the session token of a pair of keys: the person, and the number of the pair
        self._statements = {}  # id: the person, and the number of the keys that asked

    def _ask(self, operation, signer, parameters, config):
        answer = super()._ask(operation, signer, parameters, config)
        if operation == "create_token_with_iam":
            given = parameters.get("assertion") or parameters["refreshToken"]
            who = self._who[given]
            context = f"context-{secrets.token_hex(8)}"
            self._who |= {context: who, answer["refreshToken"]: who}
            answer["awsAdditionalDetails"] = {"identityContext": context}
        elif operation == "assume_role":
            who = self._who[parameters["ProvidedContexts"][0]["ContextAssertion"]]
            keys = answer["Credentials"]
            self._signers[keys["SessionToken"].encode()] = (
                who,
                int(keys["AccessKeyId"].removeprefix("ASIAKEY")),
            )
        return answer

    @property
    def asked(self):
        """How many statements were sent."""
        return len(self._statements)

    def knows(self, token, who):
        """Notes whose an ID token is."""
        self._who[token] = who

    def client_of(self, provider, service, *, throttled):
        client = self._real.client_of(provider, service, throttled=throttled)
        client.meta.events.register("before-send.redshift-data.*", self._answer)
        return client

    def _answer(self, request, **_):
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        signer = self._signers[request.headers["X-Amz-Security-Token"]]
        answer, status = self._serve(operation, signer, json.loads(request.body))
        raw = io.BytesIO(json.dumps(answer).encode())
        raw.stream = lambda *_args, **_kwargs: iter([raw.read()])
        return AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.1"}, raw)

    def _serve(self, operation, signer, asked):
        time.sleep(random.random() * 0.002)  # noqa: S311 - so that questions overlap
        if operation == "ExecuteStatement":
            statement = secrets.token_hex(8)
            self._statements[statement] = signer
            over = random.random() < 0.5  # noqa: S311
            return {"Id": statement, "Status": "FINISHED" if over else "STARTED", "HasResultSet": True}, 200
        who, number = self._statements[asked["Id"]]
        if who != signer[0]:
            return {"__type": "ResourceNotFoundException", "message": "Query does not exist."}, 400
        if operation == "DescribeStatement":
            return {"Id": asked["Id"], "Status": "FINISHED", "HasResultSet": True}, 200
        if operation == "CancelStatement":
            return {"Status": True}, 200
        rows = [{"CSVRecords": f"{who},{number}\n"}]
        return {"Records": rows, "ColumnMetadata": COLUMNS, "TotalNumRows": 1}, 200


def _dice(seed):
    return random.Random(seed)  # noqa: S311


@dataclass
class Browser:
    """One cookie jar: who signed in there last, and by which cookie."""

    visitor: str = field(default_factory=new_id)
    cookie: str = ""
    who: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Crowd:
    """People who read, refresh, stop, renew, sign out, and sign in as somebody else in the same browser."""

    def __init__(self, *, people, seed):
        self.scene = Scene(session_hours=24, session_idle_minutes=1440, bridge_role_arn="")
        self.scene.aws = Redshift(self.scene.clock)
        limiter = Limiter(share=1_000)
        self.processes = [self.scene.sessions(limiter=limiter) for _ in range(2)]
        self.people = [f"person-{number}@example.com" for number in range(people)]
        self.browsers = [Browser() for _ in self.people]
        self.seed = seed
        self.done = Counter()
        self.wrong = []
        self._lock = threading.Lock()
        for browser, who in zip(self.browsers, self.people, strict=True):
            self.sign_in(_dice(seed), browser, who)

    def work(self, number, actions):
        """One of the threads, which is now this person and now that."""
        dice = _dice(self.seed * 1_000 + number)
        for _ in range(actions):
            browser = dice.choice(self.browsers)
            (action,) = dice.choices([each for each, _ in self.WEIGHTS], [each for _, each in self.WEIGHTS])
            try:
                action(self, dice, browser)
            except AppError as error:
                if error.code == SIGNED_OUT:  # in the middle of it, in another tab
                    self.note("over")
                else:
                    self.wrong.append(f"{type(error).__name__} {error.code}")

    def note(self, what, count=1):
        with self._lock:
            self.done[what] += count

    def user(self, dice, browser):
        """The session behind the browser's cookie, in one of the processes, and whose it has to be."""
        with browser.lock:
            cookie, who = browser.cookie, browser.who
        return dice.choice(self.processes).find(cookie), who

    def check(self, table, who, least):
        (signed,), seen = table.columns["signed"].to_pylist(), table.columns["person"].to_pylist()
        if seen != [who]:
            self.wrong.append(f"{who} saw {seen}")
        if signed < least:
            self.wrong.append(f"{who} saw what keys {signed} could see, after they had got {least}")
        self.note("reads")

    def read(self, dice, browser, *, fresh=False):
        user, who = self.user(dice, browser)
        least = int(user.keys().access_key_id.removeprefix("ASIAKEY"))
        if user.identity.email != who:
            self.wrong.append(f"{who} is signed in as {user.identity.email}")
        for query in dice.sample(QUERIES, 4):
            self.check(user.warehouse.fetch(query, fresh=fresh), who, least)

    def refresh(self, dice, browser):
        self.read(dice, browser, fresh=True)
        self.note("refreshed")

    def stop(self, dice, browser):
        """Of two tabs one leaves, and the other still gets the rows."""
        user, who = self.user(dice, browser)
        flights = [user.warehouse.begin(dice.choice(QUERIES), fresh=True)]
        flights.append(user.warehouse.begin(dice.choice(QUERIES)))
        flights.pop(dice.randrange(2)).leave()
        if dice.random() < 0.5:
            table = flights[0].table()
            self.check(table, who, 0)
            table.frame["person"] = "changed by a page"
        flights[0].leave()
        self.note("stopped")

    def renew(self, dice, browser):
        user, _ = self.user(dice, browser)
        user.keys()
        user.renew()
        self.note("renewed")

    def sign_out(self, dice, browser):
        """Nothing that was on its way reaches the tab afterwards; then the same person signs in again."""
        user, who = self.user(dice, browser)
        flight = user.warehouse.begin(dice.choice(QUERIES), fresh=dice.random() < 0.5)
        with browser.lock:
            cookie = browser.cookie
        for process in self.processes:
            process.end(cookie)
        try:
            flight.table()
        except SessionExpired:
            self.note("signed out")
        else:
            if user.key == cookie_key(cookie):
                self.wrong.append(f"{who} was given rows after the sign-out")
        self.sign_in(dice, browser, who)

    def change(self, dice, browser):
        """Somebody else signs in, in the same browser."""
        self.sign_in(dice, browser, dice.choice(self.people))
        self.note("changed")

    def sign_in(self, dice, browser, who):
        with browser.lock:
            process = dice.choice(self.processes)
            answer = self.scene.begin(process, visitor=browser.visitor, sub=who, email=who)
            pending = process.claim(state=answer["state"], visitor=browser.visitor)
            signed_in = pending.attempt.complete(answer, process._provider)
            self.scene.aws.knows(signed_in.identity.token, who)
            browser.cookie = process.open(signed_in, replaces=browser.cookie)
            browser.who = who
        self.note("signed in")

    WEIGHTS = ((read, 81), (refresh, 5), (stop, 5), (renew, 3), (sign_out, 3), (change, 3))


def cookie_key(cookie):
    from app.session.sessions import _session_key

    return _session_key(cookie)
