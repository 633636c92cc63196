"""Everybody who is signed in, and everybody who is about to be."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from app import telemetry
from app.audit import NOBODY, Trail
from app.auth.attempt import Attempt, SignedIn
from app.auth.identity import Identity
from app.auth.oidc import Provider
from app.auth.standing import Standing
from app.errors import SessionExpired, SignInError
from app.session import outcomes, present
from app.session import record as records
from app.session.cookies import digest, new_id, well_formed
from app.session.guests import Guests
from app.session.once import Once
from app.session.outcomes import Ended, Farewell, Listed, Load
from app.session.record import Record
from app.session.store import key as _key
from app.session.user import REMEMBERED, UserSession, World

SESSION, ATTEMPT, TICKET, PERSON = "session", "attempt", "ticket", "person"
# How long a person may take at the provider, and a browser from the pop-up's end to the cookie.
ATTEMPT_SECONDS, TICKET_SECONDS = 600, 60
# Of one person: a further sign-in ends the oldest. Far above what anybody's browsers come to; an account that
# many share, at a screen in a hall or in a test, must not sign its own people out.
MOST_OF_ONE_PERSON = 200
MOST_TABS = 50_000
_REFERENCE_LENGTH = 8


@dataclass(frozen=True)
class Pending:
    """A full-page sign-in under way, and where it leads."""

    attempt: Attempt
    return_to: str


class Sessions:
    """The sign-ins of all people; cookies and tickets are known here by their digests alone."""

    def __init__(self, world: World, provider: Provider) -> None:
        self._world = world
        self._store = world.store
        self._provider = provider
        self._once = Once(world.store, world.clock)
        self._guests = Guests(world.store)
        self._compares = world.settings.compares
        self._lock = threading.Lock()  # of the two below; never held while the store is asked
        self._live: dict[str, UserSession] = {}
        self._tabs: OrderedDict[str, str] = OrderedDict()

    # Signing in, the full-page way.

    def begin(self, *, visitor: str, return_to: str, prompt: str | None = None) -> str:
        """Begins a sign-in for one browser; returns where at the provider it goes."""
        uri = self._world.settings.callback_uri
        attempt = Attempt.begin(self._provider, uri, prompt=prompt)
        pending = {**asdict(attempt), "return_to": return_to}
        self._once.keep(ATTEMPT, attempt.state, pending, visitor=visitor, seconds=ATTEMPT_SECONDS)
        return attempt.url

    def claim(self, *, state: str, visitor: str) -> Pending:
        """The sign-in that this browser began, once; raises SignInRefused for any other."""
        pending = self._once.take(ATTEMPT, state, _pending, visitor=visitor)
        if pending is None:
            raise outcomes.not_under_way()
        return pending

    # Signing in by the pop-up: its answer reaches a WebSocket, which can set no cookie.

    def ticket(self, signed_in: SignedIn, *, visitor: str) -> str:
        """A ticket for the browser that signed in: good once, for a minute, in that browser."""
        ticket = new_id()
        held = {"standing": Standing.of(signed_in).to_members(), "trace": signed_in.trace}
        self._once.keep(TICKET, ticket, held, visitor=visitor, seconds=TICKET_SECONDS)
        return ticket

    def redeem(self, ticket: str, *, visitor: str, replaces: str) -> str:
        """The id of the session that the ticket stands for; raises SignInRefused."""
        known = well_formed(ticket)
        held = self._once.take(TICKET, known, _handed_over, visitor=visitor) if known else None
        if held is None:
            raise outcomes.no_ticket()
        standing, trace = held
        return self._open(standing, way="popup", replaces=replaces, trace=trace)

    def open(self, signed_in: SignedIn, *, replaces: str) -> str:
        """A session for somebody who has just signed in; returns its id, always a new one.

        The session of the id that it `replaces` in this browser ends, whoever's it was.
        """
        return self._open(Standing.of(signed_in), way="redirect", replaces=replaces, trace=signed_in.trace)

    # While signed in.

    def holds(self, session_id: str) -> bool:
        """Whether a session stands behind a cookie's value."""
        key = _session_key(session_id)
        return bool(key) and self._stands(key)

    def find(self, session_id: str) -> UserSession:
        """The session behind a cookie's value, now in use; SessionExpired says why there is none."""
        return self._find(_session_key(session_id))

    def _find(self, key: str) -> UserSession:
        user = self._live.get(key) or self._revived(key)
        try:
            user.touch()
        except SessionExpired as expired:
            self._expire(key, expired.code)
            raise
        return user

    def resumes(self, tab: str, session_id: str, visitor: str) -> bool:
        """Whether a tab's state on the server belongs to the browser that asks for it."""
        asks = owner(session_id, visitor)
        with self._lock:
            # Without any cookie nobody can be told from anybody else.
            return bool(asks) and self._tabs.get(tab) == asks

    def note_tab(self, tab: str, session_id: str, visitor: str) -> None:
        """Notes whose state a tab has."""
        with self._lock:
            self._tabs[tab] = owner(session_id, visitor)
            self._tabs.move_to_end(tab)
            while len(self._tabs) > MOST_TABS:
                self._tabs.popitem(last=False)

    def listing(self) -> list[Listed]:
        """Everybody who is signed in, for administrators; nothing in it opens anything."""
        now, idle = self._world.clock(), self._world.idle
        return present.listing(self._store.entries(SESSION), now=now, idle=idle)

    # A second person beside the first, for demonstrations (DEMO_COMPARE); see app.session.beside.

    def seat(self, signed_in: SignedIn, *, beside: str) -> None:
        """Opens a session for a second person, which is reached through the first's and no other way.

        Whoever sat there leaves. SignInRefused refuses the first themselves; SessionExpired says that theirs
        is over.
        """
        if not self._compares:
            raise outcomes.no_place()
        first, standing = self.find(beside), Standing.of(signed_in)
        if _same(first.identity, standing.identity):
            raise outcomes.yourself()
        guest = _session_key(self._open(standing, way="beside", replaces="", trace=signed_in.trace))
        expires_at = (self._world.clock() + timedelta(hours=self._world.settings.session_hours)).timestamp()
        if before := self._guests.seat(first.key, guest, expires_at=expires_at + REMEMBERED.total_seconds()):
            self._expire(before, records.GONE, successor=standing)
        if not self._stands(first.key):  # it ended meanwhile, perhaps before anybody sat there
            self._dismiss(first.key)
            raise records.over()

    def guest(self, session_id: str) -> UserSession | None:
        """The second person beside this session, now in use; SessionExpired says why theirs is over."""
        key = self._guests.of(_session_key(session_id)) if self._compares else ""
        return self._find(key) if key else None

    def dismiss(self, session_id: str) -> SignInError | None:
        """Signs the second person out, and nobody else; tells what the provider did not confirm."""
        return self._dismiss(_session_key(session_id)).problem

    def expire_guest(self, session_id: str, expired: SessionExpired) -> None:
        """Ends the second person's session that can go on no longer, so that every tab is told why."""
        if key := self._guests.of(_session_key(session_id)):
            self._expire(key, expired.code)

    def _dismiss(self, first: str, *, successor: Standing | None = None) -> Ended:
        guest = self._guests.clear(first) if self._compares else ""
        return self._expire(guest, records.GONE, successor=successor) if guest else Ended()

    # Leaving.

    def end(self, session_id: str) -> Farewell:
        """Signs out: nothing of the session is left here, and the provider is told to forget it."""
        key = _session_key(session_id)
        entry = self._store.get(key) if key else None
        if key:
            # Also what another version keeps and this one cannot read: who leaves is nowhere signed in. An
            # answer that got lost is asked for again, and then nothing is there: what was seen is revoked.
            entry = self._store.take(key) or entry
        try:
            record = records.read(entry.value) if entry is not None else None
        except SessionExpired:
            record = None
        self._close(key)
        guest = self._dismiss(key)
        if record is None:
            return Farewell(self._end_session_url(guest.standing), guest.problem)
        trail = Trail(person=record.standing.identity.email, session=record.reference)
        with telemetry.span("sign-out"):
            problem = self._world.renewer.revoke(record.standing)
            trail.record("sign-out", outcome=problem.code if problem else "ok")
        # At the provider the browser is theirs who signed in there last.
        return Farewell(self._end_session_url(guest.standing or record.standing), problem or guest.problem)

    def expire(self, session_id: str, expired: SessionExpired) -> None:
        """Ends a session that can go on no longer, so that every tab is told why."""
        if key := _session_key(session_id):
            self._expire(key, expired.code)

    def end_all(self, person: str, *, by: str) -> list[Ended]:
        """Ends each sign-in of the person with this address, as an administrator wants it; what came of each.

        What they run is stopped at once in this process, and in the others as these sweep; nothing that they
        ask is admitted in any.
        """
        now, idle = self._world.clock(), self._world.idle
        over = [(standing, "") for standing in present.withdraw(person, self._store, TICKET)]
        try:
            # All of them, before the provider is told of the first: it may take its time.
            for key in present.sessions_of(person, self._store.entries(SESSION), now=now, idle=idle):
                if record := self._stopped(key, records.TAKEN):
                    over.append((record.standing, record.reference))
                self._dismiss(key)
        finally:
            # Of those, too, after which the store has failed.
            ended = [self._told(*each, records.TAKEN, by=by) for each in over]
        return ended

    def load(self, connected: Callable[[str], bool]) -> Load:
        """How many people are at work here; `connected` tells of a tab whether it is open."""
        with self._lock:
            tabs = [tab for tab, whose in self._tabs.items() if whose in self._live]
            sessions = len(self._live)
        return Load(sessions, sum(map(connected, tabs)))

    def at_work(self) -> list[UserSession]:
        """Who was here since this process began, and is signed in."""
        with self._lock:
            return list(self._live.values())

    def sweep(self) -> None:
        """Ends what is over though nobody came back to it, so that the provider forgets it too."""
        for user in self.at_work():
            try:
                user.sweep()
            except SessionExpired as expired:
                self._expire(user.key, expired.code)
        self._store.purge()

    def _open(self, standing: Standing, *, way: str, replaces: str, trace: str) -> str:
        if key := _session_key(replaces):
            self._expire(key, records.GONE, successor=standing)
        session_id, now, settings = new_id(), self._world.clock(), self._world.settings
        key = _session_key(session_id)
        record = Record(
            standing,
            reference=digest(key)[:_REFERENCE_LENGTH],
            started_at=now,
            used_at=now,
            ends_at=now + timedelta(hours=settings.session_hours),
            trace=trace,
        )
        expires_at = (record.ends_at + REMEMBERED).timestamp()
        with telemetry.span("sign-in session", parent=trace):
            self._store.add(key, record.to_bytes(), expires_at=expires_at)
            user = UserSession(key, record, self._world)
            with self._lock:
                self._live[key] = user
            self._limit(standing, key, expires_at=expires_at)
            user.trail.record("sign-in", way=way)
        return session_id

    def _limit(self, standing: Standing, key: str, *, expires_at: float) -> None:
        """Notes the person's new session, and ends their oldest when there are too many."""
        person = _person(standing)
        while True:
            entry = self._store.get(person)
            keys = [*(json.loads(entry.value) if entry else []), key]
            if len(keys) > MOST_OF_ONE_PERSON:
                # Those that ended long ago must not push out the one that still stands.
                keys = [each for each in keys if each == key or self._stands(each)]
            value = json.dumps(keys[-MOST_OF_ONE_PERSON:]).encode()
            if entry is None:
                noted = self._store.add(person, value, expires_at=expires_at)
            else:
                noted = self._store.swap(person, value, version=entry.version, expires_at=expires_at)
            if noted:
                break
        for oldest in keys[:-MOST_OF_ONE_PERSON]:
            self._expire(oldest, records.GONE)

    def _stands(self, key: str) -> bool:
        entry = self._store.get(key)
        if entry is None:
            return False
        try:
            records.read(entry.value).check(self._world.clock(), self._world.idle)
        except SessionExpired:
            return False
        return True

    def _revived(self, key: str) -> UserSession:
        """A session that another process opened, or this one before it forgot."""
        entry = self._store.get(key) if key else None
        if entry is None:
            self._close(key)
            raise records.over()
        user = UserSession(key, records.read(entry.value), self._world)
        with self._lock:
            return self._live.setdefault(key, user)

    def _expire(self, key: str, code: str, *, successor: Standing | None = None) -> Ended:
        """Ends a session that nobody signs out of; of all processes that see it, one tells the provider."""
        record = self._stopped(key, code)
        self._dismiss(key, successor=successor)
        if record is None:
            return Ended()
        return self._told(record.standing, record.reference, code, successor=successor)

    def _stopped(self, key: str, code: str) -> Record | None:
        """Ends a session in the store and here; the session, or None where somebody else has ended it."""
        try:
            return present.mark(self._store, key, code, now=self._world.clock())
        finally:
            # After the store knows of it: who is stopped hears why, and nobody revives it meanwhile.
            self._close(key)

    def _told(
        self,
        standing: Standing,
        reference: str,
        code: str,
        *,
        successor: Standing | None = None,
        by: str | None = None,
    ) -> Ended:
        """Has the provider forget what has ended here, and notes it in the audit trail."""
        # Where a provider keeps one grant for a person and an app, ending the old sign-in ends the new one.
        same = successor is not None and _person(successor) == _person(standing)
        with telemetry.span("sign-out"):
            problem = None if same else self._world.renewer.revoke(standing)
            trail = Trail(person=standing.identity.email, session=reference)
            trail.record("sign-out", outcome=problem.code if problem else "ok", reason=code, by=by)
        return Ended(standing, problem)

    def _close(self, key: str) -> None:
        with self._lock:
            user = self._live.pop(key, None)
        if user is not None:
            user.close()

    def _end_session_url(self, standing: Standing | None) -> str:
        """The provider's own sign-out, or our last page where it has none or cannot be asked."""
        # A token that IAM Identity Center has not seen yet could still be exchanged: it stays here.
        hint = standing.identity.token if standing is not None and standing.token_sent else None
        back = self._world.settings.signed_out_uri
        try:
            return self._provider.end_session_url(id_token_hint=hint, back=back) or back
        except SignInError:
            return back


def _pending(members: dict[str, Any]) -> Pending:
    return_to = members.pop("return_to")
    return Pending(Attempt(**members), return_to)


def _handed_over(members: dict[str, Any]) -> tuple[Standing, str]:
    return Standing.from_members(members["standing"]), members.get("trace", "")


def owner(session_id: str, visitor: str) -> str:
    """Whose a browser's cookies make it: a session's, or else an anonymous visitor's."""
    if well_formed(session_id):
        return _session_key(session_id)
    return _key("visitor", visitor) if well_formed(visitor) else ""


def refused(error: SignInError, *, way: str) -> None:
    """Notes in the audit trail that somebody was not let in."""
    NOBODY.record("refusal", outcome=error.code, way=way)


def _session_key(session_id: str) -> str:
    return _key(SESSION, session_id) if well_formed(session_id) else ""


def _person(standing: Standing) -> str:
    return _key(PERSON, f"{standing.identity.issuer} {standing.identity.subject}")


def _same(one: Identity, other: Identity) -> bool:
    """Whether they are one person, to the provider or to the warehouse."""
    return (one.issuer, one.subject) == (other.issuer, other.subject) or one.email == other.email
