"""The chain of identity from a sign-in to the warehouse, as it may be shown: nothing in it opens anything."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Renewal = Literal["context", "provider", "nobody"]
Propagation = Literal["identity_center", "session_tags"]


@dataclass(frozen=True)
class SignedIn:
    """The first link: what the identity provider said in the ID token."""

    issuer: str
    subject: str
    email: str
    groups: tuple[str, ...]
    signed_in_at: datetime
    expires_at: datetime
    database_user: str = ""  # these two where the token's tags name them for the role session
    database_roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class CenterUser:
    """The second link: whom IAM Identity Center says that it sealed; for display alone, and not verified."""

    user_id: str
    identity_store: str
    expires_at: datetime | None  # of the context


@dataclass(frozen=True)
class RoleSession:
    """The third link: the session of a role that carries the person."""

    role_arn: str
    name: str
    expires_at: datetime


@dataclass(frozen=True)
class Chain:
    """All of them; a link that is not there yet is None."""

    signed_in: SignedIn
    application_arn: str
    bridge_role_arn: str  # empty where the host's own role signs
    user: CenterUser | None
    session: RoleSession | None
    renews_at: datetime | None  # when new credentials are to be made
    renewal: Renewal  # by what: the context's own refresh, the provider's, or the person who signs in again
    ends_at: datetime
    region: str
    warehouse: str
    database: str
    path: Literal["data-api", "driver"]
    propagation: Propagation = "identity_center"

    @property
    def tagged(self) -> bool:
        """Whether the role session carries the person by its tags, without IAM Identity Center."""
        return self.propagation == "session_tags"


_LONG_AGO = datetime.min.replace(tzinfo=UTC)
NOBODYS = Chain(
    signed_in=SignedIn("", "", "", (), _LONG_AGO, _LONG_AGO),
    application_arn="",
    bridge_role_arn="",
    user=None,
    session=None,
    renews_at=None,
    renewal="nobody",
    ends_at=_LONG_AGO,
    region="",
    warehouse="",
    database="",
    path="data-api",
)
"""The chain of nobody who has signed in."""
