"""A person's AWS credentials: made when first needed, renewed before they run out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.credentials import CredentialProvider, DeferredRefreshableCredentials

from app.auth.aws import Aws
from app.auth.exchange import Exchanged, exchange
from app.auth.identity import Identity
from app.errors import AccessError, AppError, ExchangeRefused, SessionExpired
from app.settings import Settings


class IdentityCredentials(CredentialProvider):
    """One person's credentials, for one sign-in.

    botocore asks for them under its own lock, so the exchange runs once however many threads wait for it.
    """

    METHOD = "identity-center"

    def __init__(
        self,
        identity: Identity,
        *,
        aws: Aws,
        settings: Settings,
        renew: Callable[[], Identity],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`renew` gets an Identity with a new ID token from the provider, or raises SessionExpired."""
        super().__init__()
        self._identity = identity
        self._aws = aws
        self._settings = settings
        self._renew = renew
        self._clock = clock
        self._token_sent = False
        self._refresh_token: str | None = None
        self._refusal: AccessError | None = None

    def load(self) -> DeferredRefreshableCredentials:
        """Credentials that begin with the first request that is signed with them."""
        return DeferredRefreshableCredentials(
            refresh_using=self._refresh, method=self.METHOD, time_fetcher=self._clock
        )

    def _refresh(self) -> dict[str, str]:
        try:
            exchanged = self._exchange()
        except AccessError as refusal:
            self._refusal = refusal
            raise
        except SessionExpired:
            # Nothing is left to try with; the reason why the first try failed says more than that.
            if self._refusal is not None:
                raise _again(self._refusal) from None
            raise
        self._refusal = None
        self._refresh_token = exchanged.context.refresh_token
        keys = exchanged.credentials
        return {
            "access_key": keys.access_key_id,
            "secret_key": keys.secret_access_key,
            "token": keys.session_token,
            "expiry_time": keys.expires_at.isoformat(),
        }

    def _exchange(self) -> Exchanged:
        """The cheapest exchange that is still possible; no ID token is ever sent to Identity Center twice."""
        if self._token_sent:
            if self._refresh_token is not None and self._can_sign():
                try:
                    return self._run(self._refresh_token)
                except (ExchangeRefused, SessionExpired):
                    self._refresh_token = None
            self._identity = self._renew()
        self._token_sent = True
        return self._run(None)

    def _run(self, refresh_token: str | None) -> Exchanged:
        return exchange(self._identity, aws=self._aws, settings=self._settings, refresh_token=refresh_token)

    def _can_sign(self) -> bool:
        """The bridge role takes an ID token while it lasts, as often as we like; the host's needs none."""
        return not self._settings.bridge_role_arn or self._clock() < self._identity.expires_at


def _again(error: AppError) -> AppError:
    """A new error that says the same, so that no two raisings share a traceback."""
    return type(error)(error.message, error.remedy, code=error.code)


def data_api_client(credentials: IdentityCredentials, aws: Aws) -> Any:
    """A Redshift Data API client that signs as the person."""
    return aws.client_of(credentials, "redshift-data")
