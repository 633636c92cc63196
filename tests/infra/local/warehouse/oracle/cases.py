"""One case: a warehouse, one of its people, and what they ask."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.infra.local.warehouse.oracle.model import Person
from tests.infra.local.warehouse.oracle.queries import Query, Scope, queries
from tests.infra.local.warehouse.oracle.world import PEOPLE, World
from tests.infra.local.warehouse.oracle.worlds import worlds

_PEOPLE = 2  # a warehouse costs more than a question: this many of its people ask, each this often
_QUERIES = 2


@dataclass(frozen=True, repr=False)
class Case:
    world: World
    asked: tuple[tuple[Person, tuple[Query, ...]], ...]

    def __repr__(self) -> str:
        """The case as SQL, to be tried by hand."""
        filled = [line for table in self.world.stored for line in (table.definition(), *table.inserts())]
        asked = [
            line
            for person, queries in self.asked
            for line in (f'SET SESSION AUTHORIZATION "{person.user.name}"', *(query.sql for query in queries))
        ]
        made = [*self.world.principals(), *filled, *self.world.rules(), *self.world.rights()]
        return "\n" + ";\n".join([*made, *asked]) + ";\n"

    def _repr_pretty_(self, printer, _cycle) -> None:  # what hypothesis shows of a failure
        printer.text(repr(self))


def _scope(person: Person, *, daring: bool) -> Scope:
    """What the person may read; or, daring, all that there is."""
    mine = {person.world.relation(key): columns for key, (columns, _) in person.permitted.items()}
    if mine and not daring:
        return Scope(mine, frozenset(person.permitted))
    everything = {relation: relation.columns for relation in person.world.relations}
    whole = frozenset(relation.key for relation, columns in mine.items() if columns == relation.columns)
    return Scope(everything, whole)


@st.composite
def cases(draw, *, wide: bool = False) -> Case:
    """A case; one query in eight names what the person may not read."""
    world = draw(worlds())
    asked = []
    for user in draw(st.permutations(PEOPLE))[:_PEOPLE]:
        person = Person(world, user)
        scopes = [_scope(person, daring=draw(st.integers(0, 7)) == 7) for _ in range(_QUERIES)]
        asked.append((person, tuple(draw(queries(scope, wide=wide)) for scope in scopes)))
    return Case(world, tuple(asked))


def each(strategy: st.SearchStrategy, check: Callable, *, part: int, of: int, cases: int) -> None:
    """Checks its part of so many cases: the same ones each time, or those of `make oracle`, more and others.

    A case is a warehouse and one of its people, who asks it several questions.

    A failing case is made simpler, which takes minutes, when ORACLE_SHRINK asks for it.
    """
    phases = (Phase.generate, *((Phase.shrink,) if os.environ.get("ORACLE_SHRINK") else ()))
    factor = int(os.environ.get("ORACLE_FACTOR", "1"))
    first = int(os.environ.get("ORACLE_SEED", "0"))
    run = given(strategy)(check)
    run = settings(
        max_examples=cases * factor // (of * _PEOPLE),
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )(run)
    seed(first + part)(run)()
