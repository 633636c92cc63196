"""Every case does what the table says, and the table says what the cases do."""

import pytest

from tests.infra.local.warehouse.sql.coverage.case import outcome
from tests.infra.local.warehouse.sql.coverage.groups import GROUPS
from tests.infra.local.warehouse.sql.coverage.table import TABLE, page

CASES = [case for group in GROUPS for case in group.cases]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.construct}: {case.sql[:60]}")
def test_every_case_does_what_the_table_says(case):
    assert outcome(case) == case.outcome


def test_the_table_is_what_the_cases_give():
    assert TABLE.read_text() == page(), "make coverage-table"


def test_a_construct_has_one_row_in_its_group():
    for group in GROUPS:
        rows = [case.construct for case in group.cases]
        assert sorted(rows, key=rows.index) == rows, group.title
