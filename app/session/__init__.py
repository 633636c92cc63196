"""Who is signed in, in each browser tab: the one thing that is kept in Streamlit's session state."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import settings as settings_
from app.auth.attempt import Attempt, SignedIn
from app.auth.aws import Aws, read_secret
from app.auth.credentials import IdentityCredentials, data_api_client
from app.auth.identity import Identity
from app.auth.oidc import Provider
from app.errors import AppError, SessionExpired, SignInError
from app.redshift.warehouse import Warehouse
from app.settings import Settings

log = logging.getLogger(__name__)

_KEY = "rowlight"

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """What all sessions share: settings, the provider, AWS; nothing of any person."""

    settings: Settings
    provider: Provider
    aws: Aws


@lru_cache(maxsize=1)
def services() -> Services:
    """The services, made once; raises SettingsError until the settings are right."""
    settings = settings_.load(read_secret)
    provider = Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
    )
    return Services(settings, provider, Aws(settings.aws_region))


def current_tab() -> str:
    """The id that Streamlit gave to the browser tab for which the script runs now."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context is not None else ""


class UserSession:
    """A person at work in one browser tab; it serves no other, and nobody after its end."""

    def __init__(
        self,
        signed_in: SignedIn,
        warehouse: Warehouse,
        *,
        lasts: timedelta,
        idle: timedelta,
        tab: Callable[[], str],
        clock: Clock = _now,
    ) -> None:
        self._signed_in = signed_in
        self._warehouse = warehouse
        self._idle = idle
        self._clock = clock
        self._tab = tab
        self._owner = tab()
        self._used_at = clock()
        self._ended = False
        self.ends_at = clock() + lasts

    @property
    def identity(self) -> Identity:
        """The person."""
        self._check_owner()
        return self._signed_in.identity

    @property
    def warehouse(self) -> Warehouse:
        """The person's way to the warehouse."""
        self._check_owner()
        return self._warehouse

    def touch(self) -> None:
        """Notes that the person is at work; raises SessionExpired when the session is over."""
        self._check_owner()
        now = self._clock()
        if now >= self.ends_at:
            raise SessionExpired("Your working day in this app is over.", "Sign in again.", code="RL-231")
        if now >= self._used_at + self._idle:
            raise SessionExpired(
                "You were signed out because this page was not used for a while.",
                "Sign in again.",
                code="RL-232",
            )
        self._used_at = now

    def end(self) -> None:
        """Stops what runs and has the provider forget the sign-in; raises SignInError when that is unsure."""
        self._check_owner()
        self._ended = True
        self._warehouse.cancel()
        self._signed_in.revoke()

    def _check_owner(self) -> None:
        if self._ended or not self._owner or self._tab() != self._owner:
            raise SessionExpired("This sign-in belongs to another page.", "Sign in again.", code="RL-233")


def open_session(signed_in: SignedIn, shared: Services) -> UserSession:
    """A session in this tab; AWS is first asked when the first query is."""
    settings = shared.settings
    credentials = IdentityCredentials(
        signed_in.identity, aws=shared.aws, settings=settings, renew=signed_in.renew
    )
    warehouse = Warehouse(
        data_api_client(credentials, shared.aws),
        target=settings.redshift_target,
        database=settings.redshift_database,
        timeout_seconds=settings.query_timeout_seconds,
        max_rows=settings.max_rows,
    )
    return UserSession(
        signed_in,
        warehouse,
        lasts=timedelta(hours=settings.session_hours),
        idle=timedelta(minutes=settings.session_idle_minutes),
        tab=current_tab,
    )


class Visit:
    """One browser tab's visit: first an attempt to sign in, then a session, then perhaps another attempt."""

    def __init__(self) -> None:
        self.user: UserSession | None = None
        self.notice: AppError | None = None
        self.signed_out = False
        self._attempt: Attempt | None = None

    def attempt(self, shared: Services) -> Attempt:
        """The attempt under way, or a new one."""
        if self._attempt is None:
            # Somebody who signed out wants the next person to be asked who they are.
            prompt = "login" if self.signed_out else None
            self._attempt = Attempt.begin(shared.provider, shared.settings.redirect_uri, prompt=prompt)
        return self._attempt

    def answer(self, value: object, shared: Services) -> None:
        """Ends the attempt: somebody is signed in, or a notice says why nobody is."""
        # Taken away before it is used: whatever comes of it, no answer is ever looked at a second time.
        attempt, self._attempt, self.notice = self._attempt, None, None
        if attempt is None:
            return
        try:
            self.user = open_session(attempt.complete(value, shared.provider), shared)
        except SignInError as error:
            log.warning("Sign-in failed: %s %s", error.code, error.message)
            self.notice = error
        else:
            self.signed_out = False

    def end(self, notice: AppError | None = None) -> None:
        """Signs the person out; the notice is what the sign-in page says of it."""
        user, self.user, self.notice = self.user, None, notice
        self.signed_out = notice is None
        for key in list(st.session_state):
            if key != _KEY:  # filters and searches of the person who leaves
                del st.session_state[key]
        if user is None:
            return
        try:
            user.end()
        except SignInError as error:
            log.warning("Sign-out was not confirmed: %s %s", error.code, error.message)
            self.notice = notice or error


def visit() -> Visit:
    """This tab's visit."""
    found = st.session_state.setdefault(_KEY, Visit())
    assert isinstance(found, Visit)  # noqa: S101 - the key is ours alone
    return found
