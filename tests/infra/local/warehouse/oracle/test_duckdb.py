"""Oracle 1: a person's answer is that of a database that holds only their rows, columns and values."""

import pytest
from hypothesis import note

from tests.infra.local.warehouse.oracle import plain
from tests.infra.local.warehouse.oracle.answers import DENIED, comparable, of_redshift
from tests.infra.local.warehouse.oracle.cases import Case, cases, each
from tests.infra.local.warehouse.oracle.model import Person
from tests.infra.local.warehouse.oracle.redshift import Twin, governed
from tests.infra.local.warehouse.oracle.world import ADMIN, Table


@pytest.mark.parametrize("part", range(4))
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

    each(cases(), check, part=part, of=4, cases=500)


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
                expected = DENIED
                if person.may(query.needs):
                    expected = of_redshift(twin.redshift, query.sql, ADMIN, ordered=query.ordered)
                assert of_redshift(redshift, query.sql, person.user, ordered=query.ordered) == expected

    each(cases(wide=True), check, part=part, of=2, cases=150)
