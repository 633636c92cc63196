"""Who is signed in, in all processes: what administrators may know of it, and how it ends there."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from app.auth.identity import Identity
from app.auth.standing import Standing
from app.errors import SessionExpired
from app.session import record as records
from app.session.outcomes import Listed
from app.session.record import STRANGE, Record
from app.session.store import Entry, Store
from app.session.user import REMEMBERED

Entries = Iterable[tuple[str, Entry]]


def listing(entries: Entries, *, now: datetime, idle: timedelta) -> list[Listed]:
    """Everybody who is signed in; nothing in it opens anything."""
    listed = []
    for _, record in _standing(entries, now=now, idle=idle):
        moments = (record.started_at, record.used_at, record.ends_at)
        who = record.standing.identity
        listed.append(
            Listed(record.reference, who.email, who.groups, *(each.isoformat() for each in moments))
        )
    return sorted(listed, key=lambda each: (each.person, each.started_at))


def sessions_of(person: str, entries: Entries, *, now: datetime, idle: timedelta) -> list[str]:
    """The keys of all sessions of the person with this address."""
    found = _standing(entries, now=now, idle=idle)
    return [key for key, record in found if _is_of(record.standing.identity, person)]


def withdraw(person: str, store: Store, kind: str) -> list[Standing]:
    """Takes the tickets of the person with this address, who is then not about to be signed in any more."""
    taken = []
    for key, entry in store.entries(kind):
        with suppress(*STRANGE):  # another version's, in which that one alone signs anybody in
            standing = Standing.from_members(json.loads(entry.value)["standing"])
            if _is_of(standing.identity, person) and store.take(key) is not None:
                taken.append(standing)
    return taken


def mark(store: Store, key: str, code: str, *, now: datetime) -> Record | None:
    """Leaves in the store why a session ended; the session, or None where somebody else has ended it."""
    ended, record = records.ended(code), None
    while True:
        entry = store.get(key)
        if entry is None:
            return None
        if entry.value == ended:
            return record  # ours: the store's answer got lost, was asked for again, and then said no
        try:
            record = records.read(entry.value)
        except SessionExpired:
            return None
        expires_at = (now + REMEMBERED).timestamp()
        if store.swap(key, ended, version=entry.version, expires_at=expires_at):
            return record


def _is_of(identity: Identity, person: str) -> bool:
    # As mailboxes go: whoever types an address does not know in which case the provider writes it.
    return identity.email.casefold() == person.strip().casefold()


def _standing(entries: Entries, *, now: datetime, idle: timedelta) -> Iterator[tuple[str, Record]]:
    # Nothing leads from an address to sessions, and nothing need: there are few, and this is seldom asked.
    for key, entry in entries:
        try:
            record = records.read(entry.value)
            record.check(now, idle)
        except SessionExpired:
            continue
        yield key, record
