"""The next AWS credentials of somebody who is signed in: the cheapest way that is still open."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from app.audit import Trail
from app.auth.aws import Aws
from app.auth.center import Told
from app.auth.exchange import IdentityContext, exchange
from app.auth.identity import verify
from app.auth.oidc import Provider
from app.auth.refusals import RUN_OUT
from app.auth.standing import Standing
from app.chain import CenterUser
from app.errors import ExchangeRefused, SessionExpired, SignInError, SignInRefused
from app.settings import Settings

log = logging.getLogger(__name__)

Keep = Callable[[Standing], None]

# AWS could not be reached, was busy, or did not take the signature: the refresh token is as good as before.
_NOT_THE_TOKENS_FAULT = {"RL-318", "RL-319"}


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
                return self._exchanged(standing, standing.context_refresh_token, trail=trail, keep=keep)
            except (ExchangeRefused, SessionExpired) as error:
                if error.code in _NOT_THE_TOKENS_FAULT:
                    raise
                standing = replace(standing, context_refresh_token=None)
                keep(standing)
        if self._clock() >= standing.identity.expires_at or (
            standing.token_sent and not self._goes_twice(standing)
        ):
            standing = self._with_new_token(standing, keep)
        standing = replace(standing, token_sent=True)
        keep(standing)
        return self._exchanged(standing, None, trail=trail, keep=keep)

    def revoke(self, standing: Standing) -> SignInError | None:
        """Has the provider forget the sign-in; what is not certain is logged and returned."""
        if standing.refresh_token is None:
            return None
        try:
            self._provider.revoke(standing.refresh_token)
        except SignInError as error:
            log.warning("Sign-out was not confirmed: %s %s", error.code, error.message)
            return error
        return None

    def _goes_twice(self, standing: Standing) -> bool:
        """STS alone takes an ID token while it lasts; a new one is better: it has the groups of now."""
        return self._settings.propagation == "session_tags" and standing.refresh_token is None

    def _can_sign(self, standing: Standing) -> bool:
        """The bridge role takes an ID token while it lasts, as often as we like; the host's needs none."""
        return not self._settings.bridge_role_arn or self._clock() < standing.identity.expires_at

    def _exchanged(
        self, standing: Standing, refresh_token: str | None, *, trail: Trail, keep: Keep
    ) -> Standing:
        def kept(context: IdentityContext) -> None:
            nonlocal standing
            standing = replace(standing, center=self._sealed(context.told))
            if context.refresh_token != standing.context_refresh_token:
                standing = replace(standing, context_refresh_token=context.refresh_token)
                keep(standing)

        credentials = exchange(
            standing.identity,
            aws=self._aws,
            settings=self._settings,
            trail=trail,
            refresh_token=refresh_token,
            kept=kept,
        )
        return replace(standing, credentials=credentials)

    def _sealed(self, told: Told) -> CenterUser:
        expires_at = self._clock() + told.holds if told.holds is not None else None
        return CenterUser(told.user_id, told.identity_store, expires_at)

    def _with_new_token(self, standing: Standing, keep: Keep) -> Standing:
        """The same person with an ID token that nobody has seen, by the provider's refresh token."""
        if standing.refresh_token is None:
            raise RUN_OUT.raised()
        try:
            tokens = self._provider.refresh(standing.refresh_token)
        except SignInRefused as error:
            if error.code != "RL-225":
                raise
            ended = True
        else:
            ended = False
        if ended:
            # Never sent again; and with it goes the promise that renewal needs nobody.
            keep(replace(standing, refresh_token=None))
            raise RUN_OUT.raised()
        standing = replace(standing, refresh_token=tokens.refresh_token, context_refresh_token=None)
        keep(standing)
        identity = verify(
            tokens.id_token,
            keys=self._provider,
            issuer=self._provider.issuer,
            client_id=self._provider.client_id,
            nonce=standing.nonce,
            email_verified=self._provider.email_verified,
            renews=standing.identity,
        )
        return replace(standing, identity=identity, token_sent=False)
