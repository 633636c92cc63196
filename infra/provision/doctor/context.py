"""What the checks look at the world through: each question is asked once, however many checks need it."""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

import boto3
import httpx
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.provision.doctor import bounded
from infra.provision.doctor.chain import Chain
from infra.provision.doctor.fault import Fault

T = TypeVar("T")
P = ParamSpec("P")

# A link that does not answer is a finding, not something to wait for.
_AWS = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
_HTTP = httpx.Timeout(10, connect=5)


def _client() -> httpx.Client:
    return bounded.Client(timeout=_HTTP)


class Waits(Exception):
    """A check needs what another check reports as wrong; the text names it."""


class Unclear(Exception):
    """Nobody outside can tell; the text says why, and how somebody inside can."""


class Context:
    """The chain that is to be checked, and the ways to look at it."""

    def __init__(
        self,
        chain: Chain,
        *,
        session: boto3.Session,
        http: Callable[[], httpx.Client] = _client,
        clock: Callable[[], float] = time.time,
        test_token: "Callable[[Context], str] | None" = None,
    ) -> None:
        self.chain = chain
        self.clock = clock
        # Where the ID token of a test person comes from; without one, nobody goes the whole way.
        self.test_token = test_token
        # The faults that were found until now.
        self.found: list[Fault] = []
        self.http = http()
        self._session = session
        self._clients: dict[str, Any] = {}
        self._answers: dict[Hashable, tuple[Any, Exception | None]] = {}
        self._hidden: set[str] = set()

    def close(self) -> None:
        self.http.close()

    def ask(self, question: Callable[Concatenate["Context", P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The question's answer, or its error, from the first time that it was asked."""
        key = (question, args, tuple(sorted(kwargs.items())))
        if key not in self._answers:
            try:
                self._answers[key] = (question(self, *args, **kwargs), None)
            except (Waits, Unclear, ClientError, BotoCoreError, httpx.HTTPError) as error:
                self._answers[key] = (None, error)
        answer, known = self._answers[key]
        if known is not None:
            raise known
        found: T = answer
        return found

    def aws(self, service: str) -> Any:
        """A client of the administrator's; waits for credentials that are of the chain's account."""
        try:
            account = self.ask(caller)["Account"]
        except (ClientError, BotoCoreError) as error:
            raise Waits("the administrator's credentials") from error
        if self.chain.account_id not in ("", account):
            raise Waits(f"credentials of account {self.chain.account_id}")
        return self.client(service)

    def client(self, service: str) -> Any:
        """A client of the administrator's, whether AWS accepts the credentials or not."""
        if service not in self._clients:
            region = self.chain.region or self._session.region_name or "us-east-1"
            self._clients[service] = self._session.client(  # type: ignore[call-overload]  # any service
                service, region_name=region, config=_AWS
            )
        return self._clients[service]

    def client_of(self, service: str, keys: Mapping[str, Any]) -> Any:
        """A client of somebody else's, by credentials as STS gives them; without any, the administrator's."""
        if not keys:
            return self.client(service)
        own = {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }
        for secret in ("SecretAccessKey", "SessionToken"):
            self.hide(keys[secret])
        return self._session.client(service, region_name=self.chain.region, config=_AWS, **own)  # type: ignore[call-overload]  # any service

    def unsigned(self, service: str) -> Any:
        """A client whose calls nobody signs."""
        config = _AWS.merge(Config(signature_version=UNSIGNED))
        return self._session.client(service, region_name=self.chain.region, config=config)  # type: ignore[call-overload]  # any service

    def need(self, name: str) -> str:
        """A member of the chain that must be there; waits where it is not."""
        value: str = getattr(self.chain, name)
        if not value:
            raise Waits(f"{self.chain.setting(name)}, which is not set")
        return value

    def hide(self, secret: str) -> None:
        """Keeps a secret that a check came to know out of the report."""
        self._hidden.add(secret)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be in a report, wherever it comes from."""
        keys = self._session.get_credentials()
        found = (self.chain.client_secret, *self._hidden, *((keys.secret_key, keys.token) if keys else ()))
        return tuple(secret for secret in found if secret)


def caller(context: Context) -> dict[str, str]:
    """Who the administrator is: Account, Arn, UserId."""
    found: dict[str, str] = context.client("sts").get_caller_identity()
    return found
