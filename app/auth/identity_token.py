"""The token with which a database driver signs a person in to Redshift."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from botocore.exceptions import BotoCoreError

from app.auth.aws import Aws
from app.auth.credentials import IdentityCredentials, Keys


class NoToken(BotoCoreError):
    """An answer of AWS's without a token in it."""

    fmt = "The answer holds no token."


@dataclass(frozen=True)
class IdentityToken:
    """Redshift takes it for this person until it expires; it is asked for, used and forgotten."""

    value: str = field(repr=False)
    expires_at: datetime


def identity_tokens(keys: Keys, aws: Aws, *, target: Mapping[str, str]) -> Callable[[], IdentityToken]:
    """Asks for a token for this one warehouse, each time anew, signed as the person.

    Raises what botocore raises; the person is in the credentials, so there is no name to give.
    """
    if "WorkgroupName" in target:
        service, request = "redshift-serverless", {"workgroupNames": [target["WorkgroupName"]]}
    else:
        service, request = "redshift", {"ClusterIds": [target["ClusterIdentifier"]]}
    client = aws.client_of(IdentityCredentials(keys), service, throttled=_nobody)

    def ask() -> IdentityToken:
        answer = client.get_identity_center_auth_token(**request)
        token = answer.get("token") or answer.get("Token")
        expires_at = answer.get("expirationTime") or answer.get("ExpirationTime")
        if not token or not expires_at:
            raise NoToken
        return IdentityToken(token, expires_at)

    return ask


def _nobody(operation: str) -> None:
    """The limiter counts calls of the Data API alone."""
