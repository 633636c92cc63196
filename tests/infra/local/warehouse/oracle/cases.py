"""One case: a warehouse, one of its people, and what they ask."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from tests.infra.local.warehouse.oracle.changes import Change, changes, possible
from tests.infra.local.warehouse.oracle.model import Person
from tests.infra.local.warehouse.oracle.queries import Query, Scope, queries
from tests.infra.local.warehouse.oracle.world import ADMIN, PEOPLE, World
from tests.infra.local.warehouse.oracle.worlds import worlds

EACH = 3  # a warehouse costs more than a question: so many of its people ask, each so often
_QUERIES = 2
_DARING = st.integers(0, 5).map(lambda number: number == 5)  # one in six names what it may not


def _script(world: World, asked: Iterable[tuple[Person, Iterable[str]]]) -> str:
    """A case as SQL, to be tried by hand."""
    filled = [line for table in world.stored for line in (table.definition(), *table.inserts())]
    questions = [
        line
        for person, statements in asked
        for line in (f'SET SESSION AUTHORIZATION "{person.user.name}"', *statements)
    ]
    made = [*world.principals(), *filled, *world.rules(), *world.rights(), *questions]
    return "\n" + ";\n".join(made) + ";\n"


def _shown(case, printer, _cycle) -> None:
    """How hypothesis shows a case that failed."""
    printer.text(repr(case))


@dataclass(frozen=True, repr=False)
class Case:
    world: World
    asked: tuple[tuple[Person, tuple[Query, ...]], ...]

    def __repr__(self) -> str:
        asked = [(person, [query.sql for query in queries]) for person, queries in self.asked]
        return _script(self.world, asked)

    _repr_pretty_ = _shown


@dataclass(frozen=True, repr=False)
class ChangeCase:
    world: World
    person: Person
    change: Change

    def __repr__(self) -> str:
        return _script(self.world, [(self.person, [self.change.sql])])

    _repr_pretty_ = _shown


def _scope(person: Person, *, daring: bool, common: bool) -> Scope:
    """What the person may read; or, daring, all that there is. `*` is every column in PostgreSQL."""
    mine = {person.world.relation(key): columns for key, (columns, _) in person.permitted.items()}
    whole = frozenset(relation.key for relation, columns in mine.items() if columns == relation.columns)
    if mine and not daring:
        return Scope(mine, whole if common else frozenset(person.permitted))
    return Scope({relation: relation.columns for relation in person.world.relations}, whole)


def _whole(draw, person: Person, *, common: bool) -> Query:
    """All of one relation, be it the person's to read or not."""
    named = [
        relation
        for relation in reversed(person.world.relations)
        if not common or person.columns("SELECT", relation.key) in (set(), set(relation.columns))
    ]
    assume(named)
    key = draw(st.sampled_from(named)).key
    return Query(f"SELECT * FROM {key}", frozenset({(key, None)}))


@st.composite
def cases(draw, *, wide: bool = False, common: bool = False) -> Case:
    """A case; some queries name what the person may not read."""
    world = draw(worlds(common=common))
    asked = []
    for user in draw(st.permutations((*PEOPLE, ADMIN)))[:EACH]:
        person = Person(world, user)
        scopes = [_scope(person, daring=draw(_DARING), common=common) for _ in range(_QUERIES)]
        asked_by = [draw(queries(scope, wide=wide)) for scope in scopes]
        asked.append((person, (_whole(draw, person, common=common), *asked_by)))
    return Case(world, tuple(asked))


@st.composite
def change_cases(draw, *, common: bool = False) -> ChangeCase:
    """A change; some are of what their author may not read or write."""
    world, daring = draw(worlds(common=common)), draw(_DARING)
    people = [Person(world, user) for user in PEOPLE]
    people = [person for person in people if any(not person.masks(table.key) for table in world.tables)]
    assume(people)
    able = [person for person in people if possible(person)]
    person = draw(st.sampled_from((not daring and able) or people))
    scope = _scope(person, daring=daring, common=common)
    return ChangeCase(world, person, draw(changes(person, scope, daring=daring, quiet=common)))


def each(strategy: st.SearchStrategy, check: Callable, *, part: int, of: int, warehouses: int) -> None:
    """Checks its part of so many warehouses: the same each time, or, as `make oracle` asks, more and others.

    A failing case is made simpler, which takes minutes, when ORACLE_SHRINK asks for it.
    """
    phases = (Phase.generate, *((Phase.shrink,) if os.environ.get("ORACLE_SHRINK") else ()))
    factor = int(os.environ.get("ORACLE_FACTOR", "1"))
    first = int(os.environ.get("ORACLE_SEED", "0"))
    run = given(strategy)(check)
    run = settings(
        max_examples=warehouses * factor // of,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )(run)
    seed(first + part)(run)()
