"""All that one sign-in holds at the provider and at AWS, as a value that a store can keep."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from app.auth.attempt import SignedIn
from app.auth.aws import RoleCredentials
from app.auth.identity import Identity
from app.auth.tags import SessionTags
from app.chain import CenterUser


@dataclass(frozen=True)
class Standing:
    """A person's identity, what renews it, and their AWS credentials as of the last exchange."""

    identity: Identity
    nonce: str = field(repr=False)
    refresh_token: str | None = field(repr=False)  # the identity provider's
    token_sent: bool = False  # IAM Identity Center has seen this ID token, and will not take it again
    context_refresh_token: str | None = field(default=None, repr=False)  # IAM Identity Center's
    credentials: RoleCredentials | None = field(default=None, repr=False)
    center: CenterUser | None = None  # whom IAM Identity Center sealed last, to be shown

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        """Where a person stands who has just signed in: nothing has been asked of AWS."""
        return cls(signed_in.identity, signed_in.nonce, signed_in.refresh_token)

    def ends_at(self, *, bridge: bool) -> datetime | None:
        """When the person has to sign in again by themselves; None while renewal needs nobody.

        With a bridge role, IAM Identity Center's refresh token is of use while the ID token lasts.
        """
        if self.refresh_token is not None or (self.context_refresh_token is not None and not bridge):
            return None
        last = self.identity.expires_at
        return last if self.credentials is None else max(last, self.credentials.expires_at)

    def to_members(self) -> dict[str, Any]:
        """Plain members for JSON; `from_members` reads them back."""
        return asdict(self)

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> Self:
        """Reads what `to_members` wrote."""
        identity, credentials = members["identity"], members["credentials"]
        center = members.get("center")
        return cls(
            **{
                **members,
                "identity": Identity(
                    **{
                        **identity,
                        "groups": tuple(identity["groups"]),
                        "expires_at": datetime.fromisoformat(identity["expires_at"]),
                        "tags": _tags(identity.get("tags", {})),
                    }
                ),
                "credentials": credentials
                and RoleCredentials(
                    **{**credentials, "expires_at": datetime.fromisoformat(credentials["expires_at"])}
                ),
                "center": center and CenterUser(**{**center, "expires_at": _moment(center["expires_at"])}),
            }
        )


def _tags(written: Mapping[str, Any]) -> SessionTags:
    return SessionTags(written.get("user", ""), tuple(written.get("roles", ())))


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
