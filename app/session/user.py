"""A person at work, in however many tabs: their identity, their credentials, their way to the warehouse."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from app import telemetry
from app.audit import Trail
from app.auth.aws import Aws, RoleCredentials
from app.auth.credentials import data_api_client
from app.auth.identity import Identity
from app.auth.identity_token import identity_tokens
from app.auth.renewal import Renewer
from app.auth.standing import Standing
from app.chain import Chain
from app.errors import AccessError, AppError, SessionExpired, StoreUnavailable
from app.redshift.columns import Bounds
from app.redshift.data_api import DataApi
from app.redshift.driver import Driver
from app.redshift.limiter import Limiter
from app.redshift.path import QueryPath
from app.redshift.warehouse import Warehouse
from app.redshift.wire import Open
from app.session import links
from app.session import record as records
from app.session.administration import Administration, Wait, patiently
from app.session.cookies import new_id
from app.session.record import Record
from app.session.store import Entry, Store
from app.settings import Settings

log = logging.getLogger(__name__)

# Longer than a renewal takes; a process that dies in the middle of one keeps the others waiting for so long.
LEASE = timedelta(seconds=60)
# A session's last use is written no more often than this.
_USE = timedelta(seconds=60)
# How long the store remembers why a session ended.
REMEMBERED = timedelta(hours=8)
# After a renewal that failed while the old credentials still hold.
_PAUSE = timedelta(seconds=30)
_LATEST = timedelta(seconds=1)
_PATIENCE = (0.2, 1.0, 5.0)  # seconds until a store that did not answer is asked once more

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class World:
    """What every session works with; nothing of any person."""

    settings: Settings
    aws: Aws
    store: Store
    renewer: Renewer
    limiter: Limiter
    open_direct: Open | None = None  # where QUERY_PATH is driver
    clock: Clock = utc_now
    sleep: Callable[[float], None] = time.sleep

    @property
    def idle(self) -> timedelta:
        return timedelta(minutes=self.settings.session_idle_minutes)


class _Overtaken(Exception):
    """The lease ran out in the middle of a renewal, and another process goes on from what was kept."""


class UserSession:
    """One sign-in, in this process; the store has the truth of it, and other processes may change that."""

    def __init__(self, key: str, record: Record, world: World) -> None:
        self.key = key
        self.reference = record.reference
        self.trail = Trail(person=record.standing.identity.email, session=record.reference)
        self._world = world
        # The newest that a thread has read or written: what must be true now is read from the store.
        self._record = record
        self._version = 0
        self._noting = threading.Lock()
        self._signed = threading.local()  # with which key the thread has just signed
        # Held by whoever gets credentials in this process; what follows is written by its holder alone.
        self._renewing = threading.Lock()
        self._failed: AppError | None = None  # the last renewal, for those who waited for it
        self._refusal: AccessError | None = None  # of the first exchange
        self._not_before = record.started_at
        settings, identity = world.settings, record.standing.identity
        person = f"{identity.issuer} {identity.subject}"
        self._warehouse = Warehouse(
            self._path(person),
            timeout_seconds=settings.query_timeout_seconds,
            cache_seconds=settings.cache_seconds,
            trail=self.trail,
            person=person,
            admit=self.admit,
            ready=self.ready,
        )
        self.administration = Administration(self._warehouse, lambda: self._record.rights)

    def _path(self, person: str) -> QueryPath:
        """The way to Redshift that the settings name, as this person."""
        world, settings = self._world, self._world.settings
        bounds = Bounds(rows=settings.max_rows, bytes=settings.max_result_mb << 20)
        if world.open_direct is not None:
            tokens = identity_tokens(self.keys, world.aws, target=settings.redshift_target)
            return Driver(world.open_direct, tokens, bounds=bounds, person=person, renew=self.renew)
        return DataApi(
            data_api_client(self.keys, world.aws, throttled=world.limiter.throttled),
            target=settings.redshift_target,
            database=settings.redshift_database,
            bounds=bounds,
            result_format=settings.result_format,
            person=person,
            renew=self.renew,
            turn=world.limiter.turns_of(person),
        )

    @property
    def identity(self) -> Identity:
        """The person."""
        return self._record.standing.identity

    @property
    def warehouse(self) -> Warehouse:
        """The person's way to the warehouse; it asks by itself, at each query, whether the session stands."""
        return self._warehouse

    @property
    def trace(self) -> str:
        """Where telemetry goes on with the sign-in, until it has led to AWS; then each page is by itself."""
        return self._record.trace if self._record.standing.credentials is None else ""

    @property
    def ends_at(self) -> datetime:
        """When the person has to sign in again, however much they work until then."""
        return self._record.over_at(bridge=bool(self._world.settings.bridge_role_arn))

    def administers(self, wait: Wait = patiently) -> bool:
        """Whether the warehouse shows this person its policies, as it does to administrators alone."""
        return self.administration.ask(wait)

    def chain(self) -> Chain:
        """The links from the sign-in to the warehouse as they stand now, in every process; no secret."""
        _, record = self._stands()
        return links.chain(record, self._world.settings)

    def admit(self) -> str:
        """The rights under which the session stands now, in every process; SessionExpired unless it does."""
        _, record = self._stands()
        return record.rights

    def ready(self) -> str:
        """The same, with credentials at hand that AWS takes now."""
        self._keys()
        return self.admit()

    def touch(self) -> None:
        """Notes that the person is at work; raises SessionExpired when the session is over."""
        entry, record = self._stands()
        now = self._world.clock()
        if now - record.used_at >= min(_USE, self._world.idle / 10):
            # Lost against another change: that one was made by somebody at work as well.
            self._swap(entry, replace(record, used_at=now))

    def keys(self) -> RoleCredentials:
        """Credentials that AWS takes now, renewed in time; AppError says why there are none."""
        keys = self._keys()
        self._signed.key = keys.access_key_id
        return keys

    def _keys(self) -> RoleCredentials:
        record, now = self._record, self._world.clock()
        keys, renew_at = record.standing.credentials, record.renew_at
        if keys is None or now >= keys.expires_at - _LATEST:
            return self._in_turn()
        if (renew_at is None or now < max(renew_at, self._not_before)) or not self._renewing.acquire(
            blocking=False
        ):
            return keys
        try:
            return self._renewed(waits=False)
        except AppError as error:
            log.warning("session=%s renewal failed early: %s", self.reference, error.code)
            self._not_before = now + _PAUSE
            return keys
        finally:
            self._renewing.release()

    def renew(self) -> None:
        """Gets other credentials than this thread has just signed with, because AWS takes those no more."""
        # By now another thread may have renewed: its new credentials are not the refused ones.
        self._in_turn(getattr(self._signed, "key", ""))

    def sweep(self) -> None:
        """Lets go of what is of no use any more; raises SessionExpired when the session is over."""
        self._warehouse.sweep()
        self.admit()

    def close(self) -> None:
        """Stops what runs, after the session has left the store."""
        self._warehouse.cancel()

    def _stands(self) -> tuple[Entry, Record]:
        entry, record = self._read()
        record.check(self._world.clock(), self._world.idle)
        return entry, record

    def _read(self) -> tuple[Entry, Record]:
        entry = self._world.store.get(self.key)
        if entry is None:
            raise records.over()
        record = records.read(entry.value)
        self._note(record, entry.version)
        return entry, record

    def _note(self, record: Record, version: int) -> None:
        # A thread that read long ago must not have others sign with credentials from before a renewal.
        with self._noting:
            if version >= self._version:
                self._record, self._version = record, version

    def _swap(self, entry: Entry, record: Record) -> bool:
        expires_at = (record.ends_at + REMEMBERED).timestamp()
        swapped = self._world.store.swap(
            self.key, record.to_bytes(), version=entry.version, expires_at=expires_at
        )
        if swapped:
            self._note(record, entry.version + 1)
        return swapped

    def _change(self, change: Callable[[Record], Record], *, lease: str) -> None:
        """Changes the record while the lease is ours; a store that is busy is asked again."""
        # What is lost here cannot be had again: a provider that rotates refresh tokens takes each once.
        pauses = iter(_PATIENCE)
        while True:
            try:
                entry, record = self._read()
                if record.lease != lease:
                    raise _Overtaken
                if self._swap(entry, change(record)):
                    return
            except StoreUnavailable:
                pause = next(pauses, None)
                if pause is None:
                    raise
                self._world.sleep(pause)

    def _in_turn(self, refused: str = "") -> RoleCredentials:
        """Like `_renewed`, one thread at a time; who waited for one that failed does not try again."""
        before = self._failed
        with self._renewing:
            if self._failed is not None and self._failed is not before:
                raise self._failed.anew()
            try:
                return self._renewed(refused)
            except AppError as error:
                self._failed = error.anew()
                raise

    def _renewed(self, refused: str = "", *, waits: bool = True) -> RoleCredentials:
        """Credentials other than the refused ones: another process's, or new ones; one renewal at a time."""
        lease = new_id()
        while True:
            entry, record = self._read()
            keys, now = record.standing.credentials, self._world.clock()
            if (
                keys is not None
                and keys.access_key_id != refused
                and now < (record.renew_at or keys.expires_at)
            ):
                return keys
            # It may be ours already: a store whose answer got lost was asked again, and then said no.
            ours = record.lease == lease
            if not ours and record.leased_until is not None and now < record.leased_until:
                if keys is not None and not waits:
                    return keys
                self._world.sleep(0.1)
                continue
            if ours or self._swap(entry, replace(record, lease=lease, leased_until=now + LEASE)):
                try:
                    return self._exchanged(record.standing, lease)
                except _Overtaken:
                    log.warning("session=%s a renewal took so long that another took over", self.reference)

    def _exchanged(self, standing: Standing, lease: str) -> RoleCredentials:
        first = standing.credentials is None
        with telemetry.span("exchange" if first else "renewal", whose=self.trail):
            try:
                standing = self._world.renewer.renew(
                    standing, trail=self.trail, keep=partial(self._keep, lease=lease)
                )
            except AppError as error:
                if not first:
                    self.trail.record("renewal", outcome=error.code)
                self._change(Record.released, lease=lease)
                raise self._reason(error, first=first) from None
            self._change(lambda record: _with(record, standing, self._world.clock()).released(), lease=lease)
            self._refusal = None
            if not first:
                self.trail.record("renewal")
        assert standing.credentials is not None  # noqa: S101 - a renewal gives them
        return standing.credentials

    def _keep(self, standing: Standing, *, lease: str) -> None:
        until = self._world.clock() + LEASE
        try:
            self._change(lambda record: replace(record, standing=standing, leased_until=until), lease=lease)
        except SessionExpired:
            # Signed out meanwhile: the provider was told of the token before this one.
            self._world.renewer.revoke(standing)
            raise

    def _reason(self, error: AppError, *, first: bool) -> AppError:
        """The error, or what refused the first exchange where nothing is left to try with: that says more."""
        if first and isinstance(error, AccessError):
            self._refusal = error
        elif first and isinstance(error, SessionExpired) and self._refusal is not None:
            return self._refusal.anew()
        return error.anew()


def _with(record: Record, standing: Standing, now: datetime) -> Record:
    """The record with new credentials, to be renewed when three quarters of their time are over."""
    keys = standing.credentials
    renew_at = now + (keys.expires_at - now) * 3 / 4 if keys is not None else None
    return replace(record, standing=standing, renew_at=renew_at)
