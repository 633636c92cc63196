"""Oracle 2: a person's answer is that of PostgreSQL's own row security, grants and roles.

A case is a warehouse and one of its people: 150 and 50 of them, and ten times as many in `make oracle`.
"""

import pytest
from hypothesis import note

from tests.infra.local.warehouse.oracle.answers import change, of_redshift
from tests.infra.local.warehouse.oracle.cases import EACH, Case, ChangeCase, cases, change_cases, each
from tests.infra.local.warehouse.oracle.postgresql import Translation, holding, of_postgresql
from tests.infra.local.warehouse.oracle.redshift import governed
from tests.infra.local.warehouse.oracle.world import ADMIN


@pytest.mark.parametrize("part", range(2))
def test_answers_equal_those_of_postgresql(postgresql, part):
    def check(case: Case):
        redshift = governed(case.world)
        with holding(postgresql, case.world):
            for person, queries in case.asked:
                for query in queries:
                    note(f"{person.user.name}: {query.sql}")
                    expected = of_postgresql(postgresql, query.sql, person.user, ordered=query.ordered)
                    assert of_redshift(redshift, query.sql, person.user, ordered=query.ordered) == expected

    each(cases(common=True), check, part=part, of=2, warehouses=150 // EACH)


@pytest.mark.parametrize("part", range(2))
def test_changes_are_those_of_postgresql(postgresql, part):
    def check(case: ChangeCase):
        redshift, asked = governed(case.world), case.change
        with holding(postgresql, case.world):
            expected = of_postgresql(postgresql, asked.sql, case.person.user)
            assert change(redshift, asked.sql, case.person.user) == expected
            stored = f"SELECT * FROM {Translation(case.world).home(asked.target)}"
            left = of_postgresql(postgresql, stored, ADMIN)
        assert of_redshift(redshift, f"SELECT * FROM {asked.target.key}", ADMIN) == left

    each(change_cases(common=True), check, part=part, of=2, warehouses=50)
