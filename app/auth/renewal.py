"""The next AWS credentials of somebody who is signed in: the cheapest way that is still open."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from app.audit import Trail
from app.auth.aws import Aws
from app.auth.exchange import Exchanged, exchange
from app.auth.identity import verify
from app.auth.oidc import Provider
from app.auth.standing import Standing
from app.errors import ExchangeRefused, SessionExpired, SignInRefused
from app.settings import Settings

Keep = Callable[[Standing], None]


class Renewer:
    """Gets credentials for a standing; safe to share between threads and people."""

    def __init__(
        self,
        *,
        aws: Aws,
        provider: Provider,
        settings: Settings,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._aws = aws
        self._provider = provider
        self._settings = settings
        self._clock = clock

    def renew(self, standing: Standing, *, trail: Trail, keep: Keep) -> Standing:
        """The standing with new credentials; AppError says why there are none.

        `keep` is called with what has to be known even if the process ends in the next step: IAM Identity
        Center takes an ID token once only, and a provider that rotates refresh tokens ends the whole sign-in
        when it sees an old one.
        """
        if standing.token_sent and standing.context_refresh_token is not None and self._can_sign(standing):
            try:
                return self._exchanged(standing, trail, standing.context_refresh_token)
            except (ExchangeRefused, SessionExpired):
                standing = replace(standing, context_refresh_token=None)
        if standing.token_sent:
            standing = self._with_new_token(standing, keep)
        standing = replace(standing, token_sent=True)
        keep(standing)
        return self._exchanged(standing, trail, None)

    def _can_sign(self, standing: Standing) -> bool:
        """The bridge role takes an ID token while it lasts, as often as we like; the host's needs none."""
        return not self._settings.bridge_role_arn or self._clock() < standing.identity.expires_at

    def _exchanged(self, standing: Standing, trail: Trail, refresh_token: str | None) -> Standing:
        exchanged: Exchanged = exchange(
            standing.identity,
            aws=self._aws,
            settings=self._settings,
            trail=trail,
            refresh_token=refresh_token,
        )
        return replace(
            standing,
            context_refresh_token=exchanged.context.refresh_token,
            credentials=exchanged.credentials,
        )

    def _with_new_token(self, standing: Standing, keep: Keep) -> Standing:
        """The same person with an ID token that nobody has seen, by the provider's refresh token."""
        if standing.refresh_token is None:
            raise _run_out()
        try:
            tokens = self._provider.refresh(standing.refresh_token)
        except SignInRefused as error:
            if error.code != "RL-225":
                raise
            ended = True
        else:
            ended = False
        if ended:
            raise _run_out()
        standing = replace(standing, refresh_token=tokens.refresh_token, context_refresh_token=None)
        keep(standing)
        identity = verify(
            tokens.id_token,
            keys=self._provider,
            issuer=self._provider.issuer,
            client_id=self._provider.client_id,
            nonce=standing.nonce,
            renews=standing.identity,
        )
        return replace(standing, identity=identity, token_sent=False)


def _run_out() -> SessionExpired:
    return SessionExpired("Your sign-in has run out.", "Sign in again.", code="RL-234")
