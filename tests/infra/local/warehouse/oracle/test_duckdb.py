"""Oracle 1: a person's answer is that of a database that holds only their rows, columns and values.

A case is a warehouse and one of its people: 330, 90 and 80 of them, and ten times as many in `make oracle`.
"""

import pytest
from hypothesis import note

from tests.infra.local.warehouse.oracle import plain
from tests.infra.local.warehouse.oracle.answers import DENIED, change, comparable, described, of_redshift
from tests.infra.local.warehouse.oracle.cases import EACH, Case, ChangeCase, cases, change_cases, each
from tests.infra.local.warehouse.oracle.model import Person
from tests.infra.local.warehouse.oracle.redshift import Twin, governed
from tests.infra.local.warehouse.oracle.world import ADMIN, Table


@pytest.mark.parametrize("part", range(2))
def test_answers_equal_those_of_a_plain_database_of_the_permitted_rows(part):
    def check(case: Case):
        redshift = governed(case.world)
        for person, queries in case.asked:
            with plain.holding(person.permitted) as database:
                for query in queries:
                    note(f"{person.user.name}: {query.sql}")
                    expected = DENIED
                    if person.may(query.needs):
                        expected = comparable(database.execute(query.sql).fetchall(), ordered=query.ordered)
                    assert of_redshift(redshift, query.sql, person.user, ordered=query.ordered) == expected

    each(cases(), check, part=part, of=2, warehouses=330 // EACH)


def _tables(person: Person) -> list[Table]:
    """What the person may see, as tables."""
    return [
        Table(*key.split("."), columns, tuple(tuple(row[name] for name in columns) for row in rows))
        for key, (columns, rows) in person.permitted.items()
    ]


@pytest.mark.parametrize("part", range(2))
def test_answers_equal_those_of_a_warehouse_without_policies_that_holds_the_permitted_rows(part):
    twin = Twin()

    def check(case: Case):
        redshift = governed(case.world)
        for person, queries in case.asked:
            twin.hold(_tables(person))
            for query in queries:
                note(f"{person.user.name}: {query.sql}")
                if query.doubt and isinstance(of_redshift(twin.redshift, query.doubt, ADMIN), str):
                    continue
                expected = DENIED
                if person.may(query.needs):
                    expected = described(twin.redshift, query.sql, ADMIN, ordered=query.ordered)
                assert described(redshift, query.sql, person.user, ordered=query.ordered) == expected

    each(cases(wide=True), check, part=part, of=2, warehouses=90 // EACH)


@pytest.mark.parametrize("part", range(2))
def test_a_change_touches_the_rows_that_its_author_sees_and_materialized_views_wait_for_a_refresh(part):
    def check(case: ChangeCase):
        world, person, asked = case.world, case.person, case.change
        redshift, found = governed(world), []
        if person.may(asked.needs):
            whole = {**person.permitted, asked.target.key: person.contents[asked.target.key]}
            with plain.holding(whole) as database:
                found = database.execute(asked.effect).fetchall()
        expected = len(found) if person.may(asked.needs) else DENIED
        assert change(redshift, asked.sql, person.user) == expected
        after = world.with_rows(asked.target, asked.applied(found))
        _check_stored(redshift, after, asked.target.key)
        for view in (view for view in world.views if view.materialized):
            _check_shown(redshift, Person(world, ADMIN), view.key)
            redshift.execute(f"REFRESH MATERIALIZED VIEW {view.key}", user=ADMIN)
        for view in world.views:
            _check_shown(redshift, Person(after, person.user), view.key)

    each(change_cases(), check, part=part, of=2, warehouses=80)


def _check_stored(redshift, world, key):
    table = world.relation(key)
    assert of_redshift(redshift, f"SELECT * FROM {key}", ADMIN) == comparable(table.rows, ordered=False)


def _check_shown(redshift, person, key):
    columns, rows = person.permitted.get(key, ((), []))
    shown = comparable(([row[name] for name in columns] for row in rows), ordered=False)
    assert of_redshift(redshift, f"SELECT * FROM {key}", person.user) == (shown if columns else DENIED)
