"""The worked examples of row-level security in Redshift's documentation, with the answers that it gives."""

import pytest

from tests.infra.local.warehouse.access.documented import TICKIT, Documented

VISIBLE = "SELECT catgroup, count(*) FROM tickit_category_redshift GROUP BY catgroup ORDER BY catgroup"
ALL = [("Concerts", 3), ("Shows", 3), ("Sports", 5)]
CONCERTS = [("Concerts", 3)]

# r_rls-procedures: "Creating, attaching, detaching, and dropping RLS policies"
USERS = """
CREATE ROLE analyst;
CREATE ROLE consumer;
CREATE ROLE dbadmin;
CREATE ROLE auditor;
CREATE USER bob WITH PASSWORD 'Name_is_bob_1';
CREATE USER alice WITH PASSWORD 'Name_is_alice_1';
CREATE USER joe WITH PASSWORD 'Name_is_joe_1';
CREATE USER molly WITH PASSWORD 'Name_is_molly_1';
CREATE USER bruce WITH PASSWORD 'Name_is_bruce_1';
GRANT ROLE sys:secadmin TO bob;
GRANT ROLE analyst TO alice;
GRANT ROLE consumer TO joe;
GRANT ROLE dbadmin TO molly;
GRANT ROLE auditor TO bruce;
GRANT ALL ON TABLE tickit_category_redshift TO PUBLIC;
GRANT ALL ON TABLE tickit_sales_redshift TO PUBLIC;
GRANT ALL ON TABLE tickit_event_redshift TO PUBLIC;
CREATE SCHEMA target_schema;
GRANT ALL ON SCHEMA target_schema TO PUBLIC;
CREATE TABLE target_schema.target_event_table AS SELECT * FROM tickit_event_redshift;
GRANT ALL ON TABLE target_schema.target_event_table TO PUBLIC;
"""
POLICY_CONCERTS = """
SET SESSION AUTHORIZATION bob;
CREATE RLS POLICY policy_concerts
WITH (catgroup VARCHAR(10))
USING (catgroup = 'Concerts');
ATTACH RLS POLICY policy_concerts ON tickit_category_redshift TO ROLE analyst, ROLE dbadmin;
ALTER TABLE tickit_category_redshift ROW LEVEL SECURITY ON;
"""
POLICY_EVENTS = """
SET SESSION AUTHORIZATION bob;
CREATE RLS POLICY policy_events
WITH (eventid INTEGER) AS ev
USING (
    ev.eventid IN (SELECT eventid FROM tickit_sales_redshift WHERE qtysold <3)
);
ATTACH RLS POLICY policy_events ON tickit_event_redshift TO ROLE analyst;
ATTACH RLS POLICY policy_events ON target_schema.target_event_table TO ROLE consumer;
"""


@pytest.fixture
def example():
    found = Documented()
    found.run(TICKIT)
    found.run(USERS)
    return found


def seen_by(example, name, sql=VISIBLE):
    example.run(f"SET SESSION AUTHORIZATION {name}")
    return example.rows(sql)


def plan(example):
    return [line.strip() for (line,) in example.rows(f"EXPLAIN {VISIBLE}")]


def test_the_example_from_its_first_statement_to_its_last(example):
    """r_rls-procedures, end to end; LIKE was made with a query."""
    assert seen_by(example, "alice") == ALL
    example.run(POLICY_CONCERTS)
    assert example.rows("SELECT polname FROM svv_rls_policy WHERE poldb = CURRENT_DATABASE()") == [
        ("policy_concerts",)
    ]
    assert sorted(example.rows("SELECT relname, polname, grantee FROM svv_rls_attached_policy")) == [
        ("tickit_category_redshift", "policy_concerts", "analyst"),
        ("tickit_category_redshift", "policy_concerts", "dbadmin"),
    ]
    assert seen_by(example, "alice") == CONCERTS
    assert seen_by(example, "joe") == []  # the default is to deny
    assert seen_by(example, "molly") == CONCERTS
    molly = plan(example)
    assert any("RLS SecureScan tickit_category_redshift" in line for line in molly)
    assert not any("Concerts" in line for line in molly)

    example.run("SET SESSION AUTHORIZATION bob")
    example.run("GRANT IGNORE RLS TO ROLE dbadmin")
    example.run("GRANT EXPLAIN RLS TO ROLE auditor")
    assert seen_by(example, "molly") == ALL
    assert not any("RLS SecureScan" in line for line in plan(example))
    example.run("SET SESSION AUTHORIZATION bruce")
    assert "Filter: false" in plan(example)  # no policy is attached to bruce, who is denied all
    example.run("RESET SESSION AUTHORIZATION")
    example.run("GRANT ROLE analyst TO bruce")
    example.run("SET SESSION AUTHORIZATION bruce")
    assert "Filter: ((catgroup)::text = 'Concerts'::text)" in plan(example)

    example.run("SET SESSION AUTHORIZATION bob")
    example.run(
        "DETACH RLS POLICY policy_concerts ON tickit_category_redshift FROM ROLE analyst, ROLE dbadmin"
    )
    assert seen_by(example, "alice") == []  # detached, and the table still has row-level security on

    example.run(POLICY_EVENTS)
    example.run("RESET SESSION AUTHORIZATION")
    for sql in DEPENDENT:
        assert example.refused(sql)[0] in ("0A000", "2BP01"), sql

    example.run("SET SESSION AUTHORIZATION bob")
    example.run("DROP RLS POLICY policy_concerts")
    # It is attached by now: RESTRICT is the default (r_DROP_RLS_POLICY), though the example leaves it out.
    assert example.refused("DROP RLS POLICY IF EXISTS policy_events")[0] == "2BP01"
    example.run("DROP RLS POLICY IF EXISTS policy_events CASCADE")
    example.run("ALTER TABLE tickit_category_redshift ROW LEVEL SECURITY OFF")
    example.run("RESET SESSION AUTHORIZATION")
    for user in ("bob", "alice", "joe", "molly", "bruce"):
        example.run(f"DROP USER {user}")
    example.run("DROP ROLE analyst;\nDROP ROLE consumer;\nDROP ROLE auditor FORCE;\nDROP ROLE dbadmin FORCE")


# r_rls-procedures and t_rls_object_dependency: these columns, their types and names, the lookup table stay
DEPENDENT = [
    "ALTER TABLE target_schema.target_event_table ALTER COLUMN eventid TYPE float",
    "ALTER TABLE tickit_event_redshift ALTER COLUMN eventid TYPE float",
    "ALTER TABLE tickit_sales_redshift ALTER COLUMN eventid TYPE float",
    "ALTER TABLE tickit_sales_redshift ALTER COLUMN qtysold TYPE float",
    "ALTER TABLE target_schema.target_event_table RENAME COLUMN eventid TO renamed_eventid",
    "ALTER TABLE tickit_event_redshift RENAME COLUMN eventid TO renamed_eventid",
    "ALTER TABLE tickit_sales_redshift RENAME COLUMN eventid TO renamed_eventid",
    "ALTER TABLE tickit_sales_redshift RENAME COLUMN qtysold TO renamed_qtysold",
    "ALTER TABLE target_schema.target_event_table DROP COLUMN eventid CASCADE",
    "ALTER TABLE tickit_event_redshift DROP COLUMN eventid CASCADE",
    "ALTER TABLE tickit_sales_redshift DROP COLUMN eventid CASCADE",
    "ALTER TABLE tickit_sales_redshift DROP COLUMN qtysold CASCADE",
    "ALTER TABLE target_schema.target_event_table DROP COLUMN eventid",
    "ALTER TABLE tickit_event_redshift DROP COLUMN eventid",
    "ALTER TABLE tickit_sales_redshift DROP COLUMN eventid",
    "ALTER TABLE tickit_sales_redshift DROP COLUMN qtysold",
    "DROP TABLE tickit_sales_redshift CASCADE",
    "DROP TABLE tickit_sales_redshift",
    "ALTER TABLE tickit_sales_redshift RENAME TO renamed",
]


def test_a_policy_with_a_lookup_shows_the_rows_that_it_finds(example):
    """r_rls-procedures: policy_events on two tables; its readers need no right on the lookup table."""
    example.run(POLICY_EVENTS)
    example.run(
        "ALTER TABLE tickit_event_redshift ROW LEVEL SECURITY ON;\n"
        "ALTER TABLE target_schema.target_event_table ROW LEVEL SECURITY ON;\n"
        "RESET SESSION AUTHORIZATION;\n"
        "REVOKE ALL ON tickit_sales_redshift FROM PUBLIC"
    )
    events = "SELECT eventid FROM {} ORDER BY 1"
    own, other = events.format("tickit_event_redshift"), events.format("target_schema.target_event_table")
    assert seen_by(example, "alice", own) == [(3835,), (4856,)]
    assert example.rows(other) == []
    assert seen_by(example, "joe", own) == []
    assert example.rows(other) == [(3835,), (4856,)]
    assert example.refused("SELECT * FROM tickit_sales_redshift")[0] == "42501"


def test_other_columns_and_the_targets_name_may_change(example):
    """t_rls_object_dependency: "You can drop other columns"; renaming a target table has no impact."""
    example.run(POLICY_EVENTS)
    example.run("ALTER TABLE tickit_event_redshift ROW LEVEL SECURITY ON;\nRESET SESSION AUTHORIZATION")
    example.run("ALTER TABLE tickit_event_redshift DROP COLUMN venueid")
    example.run("ALTER TABLE tickit_sales_redshift DROP COLUMN commission")
    example.run("ALTER TABLE tickit_event_redshift RENAME TO happenings")
    assert seen_by(example, "alice", "SELECT eventid FROM happenings ORDER BY 1") == [(3835,), (4856,)]


def test_dropping_detaches_from_targets_and_from_whom(example):
    """t_rls_object_dependency: a dropped target, user or role takes the attachments with it."""
    example.run(POLICY_CONCERTS)
    example.run("ATTACH RLS POLICY policy_concerts ON tickit_category_redshift TO joe")
    example.run("RESET SESSION AUTHORIZATION;\nDROP USER joe;\nDROP ROLE dbadmin FORCE")
    attached = "SELECT grantee FROM svv_rls_attached_policy"
    assert example.rows(attached) == [("analyst",)]
    example.run("DROP TABLE tickit_category_redshift")
    assert example.rows(attached) == []
    example.run("DROP RLS POLICY policy_concerts")


def test_a_lookup_table_has_no_policy_and_a_table_with_one_is_no_lookup(example):
    """t_rls_object_dependency, the last two rules; r_CREATE_RLS_POLICY: what a definition may not name."""
    example.run(POLICY_CONCERTS + POLICY_EVENTS)
    example.run("RESET SESSION AUTHORIZATION")
    example.run("CREATE RLS POLICY few WITH (qtysold SMALLINT) USING (qtysold < 3)")
    assert example.refused("ATTACH RLS POLICY few ON tickit_sales_redshift TO PUBLIC")[0] == "0A000"
    example.run("CREATE VIEW v AS SELECT 9 AS catid;\nCREATE TEMP TABLE t AS SELECT 9 AS catid")
    for source in ("tickit_category_redshift", "v", "t", "svv_tables"):
        using = f"WITH (catid SMALLINT) USING (catid IN (SELECT catid FROM {source}))"
        assert example.refused(f"CREATE RLS POLICY looking {using}")[0] in ("0A000", "42P01", "42703"), source


def test_what_row_level_security_does_to_each_statement(example):
    """t_rls_statements: SELECT, UPDATE and DELETE see the visible rows; TRUNCATE and INSERT ask nothing."""
    example.run(POLICY_CONCERTS)
    example.run("SET SESSION AUTHORIZATION alice")
    example.run("UPDATE tickit_category_redshift SET catdesc = 'changed'")
    example.run("DELETE FROM tickit_category_redshift WHERE catname IN ('Jazz', 'MLB')")
    example.run("INSERT INTO tickit_category_redshift VALUES (12, 'Sports', 'UEFA', 'Football')")
    example.run("RESET SESSION AUTHORIZATION")
    assert example.rows(VISIBLE) == [("Concerts", 2), ("Shows", 3), ("Sports", 6)]
    changed = "SELECT catid FROM tickit_category_redshift WHERE catdesc = 'changed' ORDER BY 1"
    assert example.rows(changed) == [(9,), (11,)]
    example.run("TRUNCATE tickit_category_redshift")
    assert example.rows(VISIBLE) == []


def test_policies_combine_with_and_or_as_the_relation_says(example):
    """t_rls "Combining multiple policies per user"; r_ALTER_TABLE: CONJUNCTION TYPE, AND by default."""
    example.run(POLICY_CONCERTS)
    example.run(
        "CREATE RLS POLICY policy_short WITH (catname VARCHAR(10)) USING (len(catname) = 3);\n"
        "ATTACH RLS POLICY policy_short ON tickit_category_redshift TO alice"
    )
    assert seen_by(example, "alice") == [("Concerts", 1)]
    for kind, seen in (("OR", [("Concerts", 3), ("Sports", 5)]), ("AND", [("Concerts", 1)])):
        example.run("SET SESSION AUTHORIZATION bob")
        example.run(f"ALTER TABLE tickit_category_redshift ROW LEVEL SECURITY ON CONJUNCTION TYPE {kind}")
        assert seen_by(example, "alice") == seen


def test_a_view_shows_each_the_rows_of_their_own_policies(example):
    """t_rls_usage: policies are those of who runs the query, rights on the base tables the view owner's."""
    example.run(POLICY_CONCERTS)
    example.run(
        "RESET SESSION AUTHORIZATION;\n"
        "CREATE VIEW groups AS SELECT catgroup, catname FROM tickit_category_redshift;\n"
        "CREATE VIEW late AS SELECT catgroup FROM public.tickit_category_redshift WITH NO SCHEMA BINDING;\n"
        "GRANT SELECT ON groups TO PUBLIC;\n"
        "GRANT SELECT ON late TO PUBLIC;\n"
        "REVOKE ALL ON tickit_category_redshift FROM PUBLIC"
    )
    for view in ("groups", "late"):
        grouped = f"SELECT catgroup, count(*) FROM {view} GROUP BY 1 ORDER BY 1"
        assert seen_by(example, "alice", grouped) == CONCERTS
        assert seen_by(example, "joe", grouped) == []
        assert seen_by(example, "bob", grouped) == ALL
    assert seen_by(example, "admin", grouped) == ALL


def test_a_superuser_and_the_security_administrator_are_not_bounded(example):
    """t_rls_ownership: both have IGNORE RLS; r_ATTACH_RLS_POLICY: what is attached to them is ignored."""
    example.run(POLICY_CONCERTS)
    example.run("ATTACH RLS POLICY policy_concerts ON tickit_category_redshift TO PUBLIC")
    assert example.rows(VISIBLE) == ALL
    assert seen_by(example, "admin") == ALL
    assert seen_by(example, "joe") == CONCERTS


def test_only_administrators_of_security_manage_policies(example):
    """r_CREATE_RLS_POLICY, r_ATTACH_RLS_POLICY, r_DETACH_RLS_POLICY, r_DROP_RLS_POLICY, r_ALTER_TABLE."""
    example.run(POLICY_CONCERTS)
    example.run("SET SESSION AUTHORIZATION molly")
    for sql in (
        "CREATE RLS POLICY own USING (true)",
        "ALTER RLS POLICY policy_concerts USING (true)",
        "ATTACH RLS POLICY policy_concerts ON tickit_category_redshift TO PUBLIC",
        "DETACH RLS POLICY policy_concerts ON tickit_category_redshift FROM ROLE dbadmin",
        "DROP RLS POLICY policy_concerts CASCADE",
        "ALTER TABLE tickit_category_redshift ROW LEVEL SECURITY OFF",
    ):
        assert example.refused(sql)[0] == "42501", sql


def test_what_policies_cannot_be_attached_to_or_say(example):
    """r_ATTACH_RLS_POLICY, r_CREATE_RLS_POLICY and t_rls_limitations."""
    example.run(POLICY_CONCERTS)
    example.run("RESET SESSION AUTHORIZATION;\nCREATE TEMP TABLE t (catgroup VARCHAR(10))")
    example.run("CREATE MATERIALIZED VIEW m AS SELECT eventid FROM tickit_event_redshift")
    example.run("CREATE RLS POLICY one WITH (eventid INTEGER) USING (eventid = 1)")
    for sql, sqlstate in (
        ("ATTACH RLS POLICY policy_concerts ON t TO PUBLIC", "0A000"),
        ("ATTACH RLS POLICY policy_concerts ON tickit_sales_redshift TO PUBLIC", "42703"),
        ("ATTACH RLS POLICY one ON tickit_event_redshift TO PUBLIC", "0A000"),  # below a materialized view
        ("CREATE MATERIALIZED VIEW n AS SELECT catid FROM tickit_category_redshift", "0A000"),
        ("CREATE RLS POLICY p USING (catgroup = 'Concerts')", "42703"),  # WITH may not be left out
        ("ALTER RLS POLICY policy_concerts WITH (a INT) USING (a = 1)", "42601"),
    ):
        assert example.refused(sql)[0] == sqlstate, sql
    example.run("CREATE RLS POLICY aliased WITH (catgroup VARCHAR(10)) AS c USING (c.catgroup = 'Shows')")
    # "All policies being attached to a table must have been created with the same table alias."
    assert example.refused("ATTACH RLS POLICY aliased ON tickit_category_redshift TO PUBLIC")[0] == "0A000"
    correlated = "eventid IN (SELECT eventid FROM tickit_sales_redshift s WHERE s.dateid = dt.dateid)"
    said = example.refused(
        f"CREATE RLS POLICY c WITH (eventid INTEGER, dateid SMALLINT) AS dt USING ({correlated})"
    )
    assert said == ("0A000", "ERROR: RLS policy could not be rewritten.")


def test_a_changed_policy_counts_at_once(example):
    """t_rls_usage: ALTER RLS POLICY changes what USING says."""
    example.run(POLICY_CONCERTS)
    example.run("ALTER RLS POLICY policy_concerts USING (catgroup = 'Shows')")
    assert seen_by(example, "alice") == [("Shows", 3)]


def test_no_change_through_a_policy_whose_lookup_joins(example):
    """t_rls_limitations: SELECT with a complex lookup, but neither UPDATE nor DELETE."""
    example.run("SET SESSION AUTHORIZATION bob")
    example.run(
        "CREATE RLS POLICY sold WITH (eventid INTEGER) USING (eventid IN ("
        "SELECT s.eventid FROM tickit_sales_redshift s JOIN tickit_category_redshift c ON c.catid = 9));\n"
        "ATTACH RLS POLICY sold ON tickit_event_redshift TO ROLE analyst;\n"
        "ALTER TABLE tickit_event_redshift ROW LEVEL SECURITY ON"
    )
    assert len(seen_by(example, "alice", "SELECT eventid FROM tickit_event_redshift")) == 3
    message = "ERROR: One of the RLS policies on target relation is not supported in UPDATE/DELETE."
    assert example.refused("DELETE FROM tickit_event_redshift") == ("0A000", message)
    assert example.refused("UPDATE tickit_event_redshift SET eventname = 'x'") == ("0A000", message)
