"""boto3, set up once for the process."""

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST, REGISTER_LAST
from botocore.hooks import HierarchicalEmitter

from app.errors import SettingsError

_CONNECT_SECONDS = 5
# Above the 30 seconds for which the Data API may hold a request.
_READ_SECONDS = 45
_RETRYING = Config(
    connect_timeout=_CONNECT_SECONDS,
    read_timeout=_READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=100,  # of those that all people share: Starlette alone has forty threads for them
)
# For requests that carry something that counts once.
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})
UNSIGNED_REQUESTS = Config(signature_version=UNSIGNED)
_TOO_MANY = {
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


def _refuse_half_an_answer(**event: Any) -> None:
    """Raises ConnectionClosedError for an answer of which less came than was announced.

    botocore counts no bytes: half of a JSON text is an answer without members to it, and its complaint about
    half of an XML text repeats that text, credentials and all.
    """
    answer = event["response_dict"]
    announced, body = answer["headers"].get("content-length", ""), answer["body"]
    if isinstance(body, bytes) and announced.isdigit() and len(body) < int(announced):
        raise ConnectionClosedError(endpoint_url=event["operation_model"].service_model.service_name)


def _tell(throttled: Callable[[str], None], **event: Any) -> None:
    error = event["response"][1].get("Error") if event["response"] else None
    # An answer may have a member of that name, such as a statement that failed.
    if isinstance(error, Mapping) and error.get("Code") in _TOO_MANY:
        throttled(event["operation"].name)


@cache
def _handlers_of(service: str) -> HierarchicalEmitter:
    """botocore's handlers and ours, as far as calls of this service meet any; nobody emits on it.

    Each client has two copies. Of all handlers, which are other services' or write documents, they would be
    the most of what somebody who is signed in keeps.
    """
    handlers = HierarchicalEmitter()
    places = {REGISTER_FIRST: handlers.register_first, REGISTER_LAST: handlers.register_last}
    for event, handler, *place in BUILTIN_HANDLERS:
        kind, _, about = event.partition(".")
        if kind != "docs" and about.partition(".")[0] in {"", "*", service}:
            places.get(place[0] if place else None, handlers.register)(event, handler)
    handlers.register("before-parse", _refuse_half_an_answer)
    return handlers


@dataclass(frozen=True)
class RoleCredentials:
    """Temporary credentials of a role."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: datetime


class Aws:
    """Makes clients for one region, all on one botocore session's models; safe to share between threads.

    Each botocore session reads the services' models for itself, and looks over botocore's hundred handlers,
    which costs more than all else in making a client: here both are done once. And each client has a class of
    its own, which only a look for garbage finds again: what can be shared is made once.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._lock = threading.Lock()  # making clients on one session is not thread-safe; using them is
        self._shared: dict[tuple[str, Config | None], Any] = {}
        self._botocore = botocore.session.Session()
        self._botocore.register("before-parse", _refuse_half_an_answer)
        self._session = boto3.Session(botocore_session=self._botocore, region_name=region)

    def client(
        self, service: str, *, credentials: RoleCredentials | None = None, config: Config | None = None
    ) -> Any:
        """A client that signs with these credentials, or with the host's own.

        Where it has nothing of anybody's it is the same for all, but for calls that count once: a connection
        that was kept for the next call may end as that call is sent.
        """
        key = service, config
        with self._lock:
            if credentials is not None or config is ONCE:
                return self._make(service, credentials, config)
            if key not in self._shared:
                self._shared[key] = self._make(service, None, config)
            return self._shared[key]

    def _make(self, service: str, credentials: RoleCredentials | None, config: Config | None) -> Any:
        make: Any = self._session.client  # its overloads name every service
        keys = {}
        if credentials is not None:
            keys = {
                "aws_access_key_id": credentials.access_key_id,
                "aws_secret_access_key": credentials.secret_access_key,
                "aws_session_token": credentials.session_token,
            }
        return make(service, config=_RETRYING if config is None else _RETRYING.merge(config), **keys)

    def client_of(
        self, provider: CredentialProvider, service: str, *, throttled: Callable[[str], None]
    ) -> Any:
        """A client that signs with the provider's credentials and nobody else's, and makes each call once.

        `throttled` is told the operation each time that AWS refuses a call as one too many.
        """
        # Without boto3's session, which would lengthen the shared loader's search path for each person.
        # A copy that something is registered with shares no memory of handlers with the others.
        session = botocore.session.Session(
            event_hooks=copy.copy(_handlers_of(service)), include_builtin_handlers=False
        )
        session.register(f"needs-retry.{service}.*", partial(_tell, throttled))
        session.register_component("data_loader", self._botocore.get_component("data_loader"))
        # The only provider: were it ever without credentials, nothing falls back to the host's.
        session.register_component("credential_provider", CredentialResolver([provider]))
        with self._lock:
            return session.create_client(service, region_name=self._region, config=_RETRYING.merge(ONCE))


def read_secret(arn: str, region: str) -> str:
    """A secret's text from Secrets Manager, read with the host's credentials; raises SettingsError."""
    try:
        answer = Aws(region).client("secretsmanager").get_secret_value(SecretId=arn)
        secret = answer.get("SecretString")
        reason = "it holds no text"
    except ClientError as error:
        secret, reason = None, error.response["Error"]["Code"]
    except BotoCoreError as error:
        secret, reason = None, type(error).__name__
    if isinstance(secret, str) and secret:
        return secret
    raise SettingsError(
        f"A secret cannot be read from Secrets Manager ({reason}).",
        "Check OIDC_CLIENT_SECRET_ARN and SESSION_KEY_ARN, AWS_REGION, and that the host's role may call "
        "secretsmanager:GetSecretValue on them.",
        code="RL-102",
    )
