"""What travels inside the endpoint: a verified caller, a call, an AWS error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Person:
    """An identity-store user, as an identity context carries it."""

    user_id: str
    user_name: str
    email: str
    group_names: tuple[str, ...]


@dataclass(frozen=True)
class Caller:
    """Who signed a request; only `sigv4` and `sts` make one."""

    account: str
    arn: str  # arn:aws:iam::…:user/x or arn:aws:sts::…:assumed-role/Role/session
    principal_arn: str  # the user's or the role's own ARN, as policies name it
    user_id: str
    role_name: str | None = None
    session_name: str | None = None
    person: Person | None = None  # set by an identity-enhanced session alone
    scopes: frozenset[str] = frozenset()  # what the person's identity context may be used for
    expires_at: datetime | None = None
    access_key_id: str = ""
    began_at: datetime | None = None  # when the session's credentials were made
    provider_arn: str | None = None  # the identity provider whose token opened the session
    tags: Mapping[str, str] = field(default_factory=dict)  # the session's, and the role's own
    transitive_tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Federated:
    """What a verified ID token says of whoever sent it."""

    provider_arn: str  # of IAM's identity provider
    issuer: str
    audience: str
    subject: str


@dataclass(frozen=True)
class SessionTags:
    """Tags that come with a session, and which of them go on to the next one in a chain."""

    values: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()

    @property
    def request_context(self) -> dict[str, tuple[str, ...]]:
        """The condition keys of the request that passes them."""
        if not self.values:
            return {}
        context: dict[str, tuple[str, ...]] = {
            f"aws:requesttag/{key.lower()}": (value,) for key, value in self.values.items()
        }
        context["aws:tagkeys"] = tuple(self.values)
        return context | ({"sts:transitivetagkeys": self.transitive} if self.transitive else {})


UNTAGGED = SessionTags()
"""What comes with a session that nobody tagged."""


@dataclass
class Noted:
    """What a service learns of a call that only its audit event tells."""

    federated: Federated | None = None
    tags: SessionTags | None = None  # of the token that opened a session
    on_behalf_of: str | None = None  # the identity-store user whom an exchange was for


@dataclass(frozen=True)
class Call:
    """One operation of one service, its parameters already parsed by botocore's model."""

    service: (
        str  # botocore's service name: sts, sso-oidc, sso-admin, redshift, redshift-serverless, redshift-data
    )
    operation: str
    parameters: Mapping[str, Any]
    region: str
    caller: Caller | None  # None: the operation is unsigned by design
    request_id: str
    noted: Noted = field(default_factory=Noted)


class AwsError(Exception):
    """An error under the name that AWS gives it."""

    def __init__(self, code: str, message: str, status: int = 400, **members: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members  # further members of the modelled error shape


class Service(Protocol):
    """A service of the endpoint: its operations by name, each from a Call to the members of its response."""

    operations: Mapping[str, Callable[[Call], Mapping[str, Any]]]


class Authorizer(Protocol):
    """IAM's identity-based policies: raises AwsError unless the caller may do `action` on `resource`.

    `context` holds the service's own condition keys, such as redshift-data:statement-owner-iam-userid.
    """

    def __call__(
        self,
        caller: Caller,
        action: str,
        resource: str,
        *,
        code: str = "AccessDeniedException",
        context: Mapping[str, str] | None = None,
    ) -> None: ...
