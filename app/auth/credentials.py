"""A person's AWS credentials as botocore asks for them: at each signature."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.credentials import CredentialProvider, Credentials, ReadOnlyCredentials

from app.auth.aws import Aws, RoleCredentials

if TYPE_CHECKING:
    from mypy_boto3_redshift_data.client import RedshiftDataAPIServiceClient

Keys = Callable[[], RoleCredentials]


class _AskedEachTime(Credentials):
    """Credentials that are whatever the sign-in holds at the moment of signing.

    botocore's own refreshable credentials live in one process; a sign-in may be renewed by another one.
    """

    def __init__(self, keys: Keys, method: str) -> None:
        self._keys = keys
        self.method = method

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        keys = self._keys()
        return ReadOnlyCredentials(keys.access_key_id, keys.secret_access_key, keys.session_token)


class IdentityCredentials(CredentialProvider):
    """One person's credentials, for one sign-in."""

    METHOD = "identity-center"

    def __init__(self, keys: Keys) -> None:
        """`keys` gives credentials that AWS takes now, or raises an AppError."""
        super().__init__()
        self._keys = keys

    def load(self) -> Credentials:
        """Credentials that begin with the first request that is signed with them."""
        return _AskedEachTime(self._keys, self.METHOD)


def data_api_client(
    keys: Keys, aws: Aws, *, throttled: Callable[[str], None]
) -> "RedshiftDataAPIServiceClient":
    """A Redshift Data API client that signs as the person; for `throttled` see Aws.client_of."""
    client: RedshiftDataAPIServiceClient = aws.client_of(
        IdentityCredentials(keys), "redshift-data", throttled=throttled
    )
    return client
