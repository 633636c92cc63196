"""What a warehouse holds: relations, roles, policies and people; made new, kept, and put back."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from infra.local.warehouse.access.rights import DbUser
from infra.local.warehouse.admin import identity
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.database import Database, Stored
from infra.local.warehouse.objects import IdentityProvider, User
from infra.local.warehouse.system.history import History

_IDENTITY_CENTER = "AWSIDC"


class Content(ABC):
    """The catalogue of one database and its rows, under names that can be others each time it is made new."""

    def __init__(self, *, database: str, superuser: str, namespace: str, threads: int) -> None:
        self.database = database
        self.superuser = superuser
        self.is_identity_center_application: Callable[[str], bool] = lambda _: True
        self.history = History()
        self.history.user_id(superuser)
        self._duckdb = Database(threads=threads)
        # Unless it is renewed, people of this namespace connect.
        known = IdentityProvider(_IDENTITY_CENTER, namespace, "", "")
        self._catalog = replace(self._first_catalog(), identity_providers={known.name: known})
        self._changing = threading.Lock()  # one writer at a time
        self._moment = threading.Lock()  # held while rows and catalogue must not drift apart
        self._people: dict[str, DbUser] = {}  # people exist as users once they have connected

    def _first_catalog(self) -> Catalog:
        return Catalog(users=MappingProxyType({self.superuser: User(self.superuser, superuser=True)}))

    @property
    def namespace(self) -> str:
        """What names of Identity Center's people and of their roles begin with; empty: nobody connects."""
        return namespace_of(self._catalog)

    @property
    def identity_providers(self) -> tuple[IdentityProvider, ...]:
        """Those that let people connect."""
        return tuple(each for each in self._catalog.identity_providers.values() if each.enabled)

    def renew(self, *, database: str, superuser: str) -> None:
        """Makes it a new warehouse, without a relation, role, policy, person or identity provider."""
        self.database, self.superuser = database, superuser
        self.history.clear()
        self.history.user_id(superuser)
        self._put(self._first_catalog(), {}, {})

    def register(self, provider: IdentityProvider) -> None:
        """Lets people of Identity Center connect."""
        with self._changing, self._moment:
            self._catalog = identity.registered(self._catalog, provider)

    def keep(self) -> Callable[[], None]:
        """Keeps what the warehouse holds at this moment; what is returned puts it back."""
        with self._changing:
            catalog, people = self._catalog, dict(self._people)
            names = self.database, self.superuser
            stored = self._duckdb.keep({table.physical for table in catalog.tables.values()})

        def put_back() -> None:
            self.database, self.superuser = names
            self._put(catalog, people, stored)

        return put_back

    def _put(self, catalog: Catalog, people: Mapping[str, DbUser], stored: Mapping[str, Stored]) -> None:
        """Makes this the warehouse's content; temporary tables go, too."""
        with self._changing, self._moment:
            self._duckdb.put(stored)
            # No version and no number of a relation is ever given twice, also not by going back.
            self._catalog = catalog.changed(made=max(self._catalog.made, catalog.made))
            self._people = dict(people)
        self._forget_queries()

    @abstractmethod
    def _forget_queries(self) -> None:
        """Forgets the queries that were worked out for people who were known otherwise."""


def namespace_of(catalog: Catalog) -> str:
    """The namespace of the identity provider that lets people connect; empty without one."""
    return next((each.namespace for each in catalog.identity_providers.values() if each.enabled), "")
