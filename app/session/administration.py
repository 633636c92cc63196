"""Whether a person administers: the warehouse is asked, for the menu once under the same rights."""

import threading
from collections.abc import Callable, Sequence

from app.errors import QueryDenied
from app.redshift.memory import Flight
from app.redshift.query import Query
from app.redshift.warehouse import Warehouse

_POLICIES = Query("Who administers", "SELECT count(*) AS policies FROM svv_rls_policy")

Wait = Callable[[Sequence[Flight]], None]


def patiently(_: Sequence[Flight]) -> None:
    """Leaves the waiting to whoever takes the answer."""


class Administration:
    """What the warehouse said of one person; asking never holds up a page that is not about it."""

    def __init__(self, warehouse: Warehouse, rights: Callable[[], str]) -> None:
        """`rights` names those known last, and asks nobody: it is looked at each time a page is drawn."""
        self._warehouse = warehouse
        self._rights = rights
        self._known = False
        self._under = ""  # the rights for which it is known
        self._tried = ""  # those under which it was last asked beside a page
        self._flight: Flight | None = None
        self._lock = threading.Lock()

    @property
    def known(self) -> bool:
        """Whether the person administers, by the last answer; asks nobody."""
        return self._known

    def ask(self, wait: Wait = patiently) -> bool:
        """Whether the person administers now: the warehouse shows its policies to administrators alone.

        Asked anew, or a moment ago: a grant that is taken back counts under the same rights, too. `wait`
        waits for the answer, and may raise what takes the person elsewhere.
        """
        flight = self._warehouse.begin(_POLICIES)
        try:
            wait([flight])
            return self._settle(flight)
        finally:
            flight.leave()

    def beside(self) -> Flight | None:
        """The asking under way, begun where these rights are new; None where there is nothing to ask.

        To be called when a page stands: before the first exchange of a sign-in there are no rights, and a
        question of the app's own must be no reason for one.
        """
        rights = self._rights()
        with self._lock:
            if rights and rights not in {self._under, self._tried}:
                self._tried = rights
                self._flight = self._warehouse.begin(_POLICIES)
            return self._flight

    def settle(self) -> bool:
        """Takes what came of the asking; whether the person administers."""
        with self._lock:
            flight, self._flight = self._flight, None
        return self._settle(flight) if flight is not None else self._known

    def _settle(self, flight: Flight) -> bool:
        try:
            known = bool(flight.table().columns[0][0].as_py())
        except QueryDenied:
            known = False
        rights = self._rights()
        with self._lock:
            self._known, self._under = known, rights
        return known
