"""Stopping a statement that waits or runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from infra.local.warehouse.errors import SqlCancelled

INTERRUPT_SECONDS = 0.01  # between two looks whether somebody has cancelled


class Cancellation:
    """Stops a statement that runs with it, from any thread, now or before it starts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: duckdb.DuckDBPyConnection | None = None
        self._over = threading.Event()
        self.cancelled = False

    def cancel(self) -> None:
        """Interrupts the running statement; one that has not started will not."""
        with self._lock:
            self.cancelled = True
            running = self._session is not None
        if running:
            threading.Thread(target=self._interrupt, name="cancel", daemon=True).start()

    def _interrupt(self) -> None:
        """Interrupts until the statement is over: an interrupt between two queries of it is lost."""
        while not self._over.wait(INTERRUPT_SECONDS):
            with self._lock:
                if self._session is not None:
                    self._session.interrupt()

    @contextmanager
    def watching(self, session: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Lets `cancel` reach the session while the block runs."""
        with self._lock:
            self._session = session
            self._over.clear()  # one cancellation may stand for several runs after each other
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._session = None
            self._over.set()

    def check(self) -> None:
        """Raises SqlCancelled once cancelled."""
        if self.cancelled:
            raise SqlCancelled
