"""Sealed values for a store that others can read: AES-256-GCM, each value bound to its key in the store."""

import hashlib
import logging
import secrets
from collections.abc import Iterator, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.session.store import Entry, Store

log = logging.getLogger(__name__)

_FORMAT = b"\x01"
_NONCE_BYTES = 12
_KEY_ID_BYTES = 4


class Seal:
    """Seals with the first of the keys and opens with any of them, so that keys can be changed one by one."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys` are 32 bytes each, the newest first."""
        self._ciphers = {_key_id(key): AESGCM(key) for key in reversed(keys)}
        self._newest = _key_id(keys[0])

    def seal(self, value: bytes, *, name: str) -> bytes:
        """The value, sealed; it opens under this name alone."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        head = _FORMAT + self._newest + nonce
        return head + self._ciphers[self._newest].encrypt(nonce, value, head + name.encode())

    def open(self, sealed: bytes, *, name: str) -> bytes | None:
        """The value, or None when none of the keys opens it under this name."""
        size = 1 + _KEY_ID_BYTES + _NONCE_BYTES
        head, rest = sealed[:size], sealed[size:]
        cipher = self._ciphers.get(head[1 : 1 + _KEY_ID_BYTES])
        if cipher is None or head[:1] != _FORMAT or len(head) < size:
            return None
        try:
            return cipher.decrypt(head[-_NONCE_BYTES:], rest, head + name.encode())
        except InvalidTag:
            return None


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"rowlight session key" + key).digest()[:_KEY_ID_BYTES]


class SealedStore:
    """A store behind a seal: what reaches it is sealed, and what does not open is not there."""

    def __init__(self, store: Store, seal: Seal) -> None:
        self._store = store
        self._seal = seal

    def add(self, key: str, value: bytes, *, expires_at: float) -> bool:
        """See Store."""
        sealed = self._seal.seal(value, name=key)
        if self._store.add(key, sealed, expires_at=expires_at):
            return True
        # What does not open is not there, so its place is free: else nobody could ever take it.
        entry = self._store.get(key)
        if entry is None or self._opened(key, entry) is not None:
            return False
        return self._store.swap(key, sealed, version=entry.version, expires_at=expires_at)

    def get(self, key: str) -> Entry | None:
        """See Store."""
        return self._opened(key, self._store.get(key))

    def swap(self, key: str, value: bytes, *, version: int, expires_at: float) -> bool:
        """See Store."""
        sealed = self._seal.seal(value, name=key)
        return self._store.swap(key, sealed, version=version, expires_at=expires_at)

    def take(self, key: str) -> Entry | None:
        """See Store."""
        return self._opened(key, self._store.take(key))

    def entries(self, kind: str) -> Iterator[tuple[str, Entry]]:
        """See Store."""
        for key, entry in self._store.entries(kind):
            opened = self._opened(key, entry)
            if opened is not None:
                yield key, opened

    def purge(self) -> None:
        """See Store."""
        self._store.purge()

    def _opened(self, key: str, entry: Entry | None) -> Entry | None:
        if entry is None:
            return None
        value = self._seal.open(entry.value, name=key)
        if value is None:
            why = "does not open with SESSION_KEY" if entry.value[:1] == _FORMAT else "is of another format"
            log.warning("A value of the session store %s; it is treated as absent.", why)
            return None
        return Entry(value, entry.version)
