"""AWS at its border: STS, IAM Identity Center and the Data API as far as a sign-in meets them."""

import threading
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import jwt
from botocore.exceptions import ClientError

START = datetime(2026, 1, 1, tzinfo=UTC)
ONE_ROW = {
    "Records": [{"CSVRecords": "1\n"}],
    "ColumnMetadata": [{"name": "one", "label": "one", "typeName": "int4"}],
    "TotalNumRows": 1,
}
STEPS = ("assume_role_with_web_identity", "create_token_with_iam", "assume_role")


class Clock:
    """A moment that stays until it is moved."""

    def __init__(self, now=START):
        self.now = now

    def __call__(self):
        return self.now

    def seconds(self):
        return self.now.timestamp()

    def forward(self, **time):
        self.now += timedelta(**time)


class FakeAws:
    """Notes what it is asked; each ID token is good once, as at AWS."""

    def __init__(self, clock):
        self.clock = clock
        self.lock = threading.Lock()
        self.calls = []
        self.configs = {}  # operation: the configuration of the client that was last asked for it
        self.tokens_seen = set()
        self.fail = {}  # operation: AWS's code, or an exception
        self.before = {}  # operation: called as its request arrives
        self.refresh_tokens = True
        self.ended = set()  # ids of keys that AWS takes no more
        self.signed = []  # ids of the keys that signed queries
        self.seconds = 3600

    def client(self, _service, *, credentials=None, config=None):
        signer = credentials.access_key_id if credentials else "host"
        return SimpleNamespace(
            **{
                name: lambda _name=name, **parameters: self._ask(_name, signer, parameters, config)
                for name in STEPS
            }
        )

    def client_of(self, provider, service, **_):
        """A Data API client; its statements end at once, with one row."""
        assert service == "redshift-data"
        credentials = provider.load()

        def execute_statement(**_):
            key = credentials.get_frozen_credentials().access_key
            with self.lock:
                self.signed.append(key)
            self.before.get("execute_statement", lambda: None)()
            if key in self.ended:
                raise refusal("ExpiredTokenException", "ExecuteStatement")
            return {"Id": "statement-1", "Status": "FINISHED", "HasResultSet": True}

        return SimpleNamespace(
            execute_statement=execute_statement,
            get_statement_result_v2=lambda **_: ONE_ROW,
            cancel_statement=lambda **_: None,
        )

    def dawdle(self):
        """Takes long enough for each step that whoever does not wait for it is seen."""
        self.before |= dict.fromkeys(STEPS, lambda: time.sleep(0.05))

    def _ask(self, operation, signer, parameters, config):
        with self.lock:
            self.configs[operation] = config
            self.calls.append((operation, signer, parameters))
            number = len(self.calls)
            code = self.fail.get(operation)
            if "assertion" in parameters:
                if parameters["assertion"] in self.tokens_seen:
                    code = "InvalidGrantException"
                self.tokens_seen.add(parameters["assertion"])
        self.before.get(operation, lambda: None)()
        if isinstance(code, Exception):
            raise code
        if code:
            raise refusal(code, operation)
        if operation == "create_token_with_iam":
            answer = {"awsAdditionalDetails": {"identityContext": "context"}, "expiresIn": 3600}
            return {**answer, "refreshToken": f"idc-refresh-{number}"} if self.refresh_tokens else answer
        keys = {
            "AccessKeyId": f"ASIAKEY{number}",
            "SecretAccessKey": f"secret-{number}",
            "SessionToken": f"session-token-{number}",
        }
        return {"Credentials": {**keys, "Expiration": self.clock() + timedelta(seconds=self.seconds)}}

    @property
    def grants(self):
        """What was exchanged at IAM Identity Center, in order."""
        return [
            parameters.get("refreshToken") or parameters["assertion"]
            for operation, _, parameters in self.calls
            if operation == "create_token_with_iam"
        ]

    @property
    def jtis(self):
        """The ids of the ID tokens that IAM Identity Center was sent, in order."""
        return [
            jwt.decode(parameters["assertion"], options={"verify_signature": False})["jti"]
            for operation, _, parameters in self.calls
            if "assertion" in parameters and operation == "create_token_with_iam"
        ]

    @property
    def renewals(self):
        """How often the last step of the exchange was asked for."""
        return sum(operation == "assume_role" for operation, _, _ in self.calls)


def refusal(code, operation):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
