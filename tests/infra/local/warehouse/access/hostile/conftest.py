"""Two warehouses that a test may change: each test finds them as they were at first."""

from dataclasses import dataclass, field

import pytest

from infra.local.warehouse import Redshift
from infra.local.warehouse.session import Session
from tests.infra.local.warehouse.access.hostile.world import ADMIN, FRANK, build, fill, outcome

_MADE = [f"DROP {kind} IF EXISTS stolen CASCADE" for kind in ("TABLE", "VIEW", "MATERIALIZED VIEW")]
_CHANGEABLE = ("orders", "people", "mine", "log")


@dataclass
class Warehouse:
    """A warehouse and a session of Frank's in it."""

    kind: str
    redshift: Redshift
    session: Session
    changes: list[str] = field(default_factory=list)

    def ask(self, *statements, user=None):
        """What Frank, or somebody else, is told of each statement."""
        session = None if user else self.session
        said = [outcome(self.redshift, sql, user=user or FRANK, session=session) for sql in statements]
        self.changes += [sql for sql, each in zip(statements, said, strict=True) if each[0] == "changed"]
        return said

    def restore(self):
        """Makes it what it was at first."""
        self.session.close()
        changes = " ".join(self.changes)
        for sql in _MADE if "stolen" in changes else ():
            outcome(self.redshift, sql, user=ADMIN)
        fill(self.redshift, self.kind, *(table for table in _CHANGEABLE if table in changes))


@pytest.fixture(scope="session")
def _built():
    return {kind: build(kind) for kind in ("planted", "other")}


@pytest.fixture
def pair(_built):
    """A warehouse that hides what is planted, and one that hides something else."""
    warehouses = [
        Warehouse(kind, redshift, redshift.open_session(FRANK)) for kind, redshift in _built.items()
    ]
    yield warehouses
    for warehouse in warehouses:
        warehouse.restore()
