"""EXPLAIN tells nothing of hidden rows, of policies, or of what they look up; no plan grows out of bounds."""

import pytest
from hypothesis import given, settings

from tests.infra.local.warehouse.access.hostile.test_noninterference import questions
from tests.infra.local.warehouse.access.hostile.world import (
    ADMIN,
    FRANK,
    agreed,
    outcome,
    script,
    shared,
)

POLICY_WORDS = ("own_region", "own_files", "rls_table", "last_four", "nought", "XXXX")
VIEWS = ("orders", "orders_view", "orders_late", "lima", "people", "people_view", "cards", "files", "cheap")


@settings(max_examples=25, deadline=None)
@given(sql=questions)
def test_what_is_hidden_changes_no_byte_of_a_plan(sql):
    kind, *_ = said = agreed(f"EXPLAIN {sql}")
    assert not any(word in str(said) for word in POLICY_WORDS)
    assert kind == "rows" or outcome(shared("bare"), sql)[0] == "error"


@pytest.mark.parametrize("name", VIEWS)
def test_figures_are_those_of_the_statement(name):
    """Whether a table holds nothing, five rows or hundreds: the plan is the same."""
    asked = f"EXPLAIN SELECT * FROM {name} ORDER BY 1 LIMIT 3"
    kind, _, plan = agreed(asked)
    bare = outcome(shared("bare"), asked)[2]
    assert kind == "rows"
    assert plan.replace("RLS SecureScan", "Seq Scan on") == bare


def test_policies_change_no_figure_of_who_may_not_see_them(pair):
    asked = "EXPLAIN SELECT region, count(*) FROM orders WHERE id > 3 GROUP BY 1"
    first, second = pair
    (before,) = first.ask(asked)
    script(
        first.redshift,
        """
        CREATE TABLE zone_secrets (region VARCHAR(10));
        CREATE RLS POLICY stolen_one WITH (region VARCHAR(10), amount INT)
            USING (region IN (SELECT region FROM zone_secrets) AND amount < 424242);
        ATTACH RLS POLICY stolen_one ON orders TO ROLE "AWSIDC:amer-sales"
        """,
    )
    try:
        assert first.ask(asked) == [before]
        script(first.redshift, 'GRANT EXPLAIN RLS TO ROLE "AWSIDC:amer-sales"')
        assert "zone_secrets" in str(first.ask(asked))
    finally:
        script(
            first.redshift,
            """
            REVOKE EXPLAIN RLS FROM ROLE "AWSIDC:amer-sales";
            DETACH RLS POLICY stolen_one ON orders FROM ROLE "AWSIDC:amer-sales";
            DROP RLS POLICY stolen_one; DROP TABLE zone_secrets
            """,
        )
    assert first.ask(asked) == second.ask(asked) == [before]


def test_a_kept_plan_is_nobody_elses(pair):
    """The same text, asked by who may see all, by who is bounded, and by who may not ask."""
    first, _ = pair
    asked = "EXPLAIN SELECT * FROM orders"
    said = {
        user.name: str(outcome(first.redshift, asked, user=user)) for user in (ADMIN, FRANK, ADMIN, FRANK)
    }
    assert "RLS" not in said[ADMIN.name]
    assert "RLS SecureScan" in said[FRANK.name]
    assert outcome(first.redshift, "EXPLAIN SELECT * FROM secrets")[1] == "42501"


def test_who_sees_policies_sees_those_that_bound_them_alone(pair):
    first, _ = pair
    script(
        first.redshift,
        """
        CREATE RLS POLICY stolen_two WITH (note VARCHAR(40)) USING (note = 'Quetzal');
        ATTACH RLS POLICY stolen_two ON orders TO ROLE "AWSIDC:exec-global";
        GRANT EXPLAIN RLS TO ROLE "AWSIDC:amer-sales"
        """,
    )
    try:
        (said,) = first.ask("EXPLAIN SELECT * FROM orders")
        assert "((region)::text = 'AMER'::text)" in said[2]
        assert "Quetzal" not in said[2]
    finally:
        script(
            first.redshift,
            """
            REVOKE EXPLAIN RLS FROM ROLE "AWSIDC:amer-sales";
            DETACH RLS POLICY stolen_two ON orders FROM ROLE "AWSIDC:exec-global";
            DROP RLS POLICY stolen_two
            """,
        )


def test_masks_are_not_told():
    said = agreed("EXPLAIN SELECT card, salary FROM people WHERE email IS NULL")
    assert said[0] == "rows"
    assert "Filter: (email IS NULL)" in said[2]


DOUBLED = ", ".join(
    [
        "a0 AS (SELECT id FROM mine)",
        *(f"a{n} AS (SELECT x.id FROM a{n - 1} x, a{n - 1} y)" for n in range(1, 25)),
    ]
)
WIDE = " AND ".join(["word <> 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"] * 200)
REPEATED = ", ".join(
    [
        f"a0 AS (SELECT id FROM mine WHERE {WIDE})",
        *(f"a{n} AS (SELECT x.id FROM a{n - 1} x, a{n - 1} y)" for n in range(1, 12)),
    ]
)


@pytest.mark.parametrize(
    "sql",
    [f"WITH {DOUBLED} SELECT id FROM a24", f"WITH {REPEATED} SELECT id FROM a11"],
    ids=["steps", "text"],
)
def test_no_plan_grows_out_of_bounds(sql):
    assert outcome(shared("planted"), f"EXPLAIN {sql}")[:2] == ("error", "54001")


def test_a_plan_of_many_joins_and_conditions_is_made_in_time():
    joins = " ".join(f"JOIN mine m{n} ON m{n}.id = m{n - 1}.id" for n in range(1, 60))
    conditions = " AND ".join(f"m{n}.word <> 'x'" for n in range(60))
    kind, *_ = outcome(shared("planted"), f"EXPLAIN SELECT 1 FROM mine m0 {joins} WHERE {conditions}")
    assert kind == "rows"
