"""Who sees which rows of which view, as each page of the documentation says."""

import pytest

from infra.local.warehouse import DbUser, Redshift
from infra.local.warehouse.system.history import AppliedPolicy, History, Statement
from tests.infra.local.warehouse.conftest import ADMIN, run
from tests.infra.local.warehouse.system.asking import DENIED, ask, values

SECURITY, MONITOR = DbUser("security"), DbUser("monitor")
AUDITOR = DbUser("AWSIDC:ada@example.com", frozenset({"auditors"}))
ANALYST = DbUser("AWSIDC:frank@example.com", frozenset({"analysts"}))
STRANGER = DbUser("stranger")
PERSONS = {
    "superuser": ADMIN,
    "secadmin": SECURITY,
    "monitor": MONITOR,
    "auditor": AUDITOR,  # ACCESS SYSTEM TABLE alone
    "analyst": ANALYST,
    "stranger": STRANGER,
}
SETUP = """
CREATE USER security PASSWORD DISABLE;
CREATE USER monitor PASSWORD DISABLE;
CREATE USER stranger PASSWORD DISABLE;
CREATE ROLE "AWSIDC:auditors";
CREATE ROLE "AWSIDC:analysts";
CREATE ROLE inner_role;
CREATE ROLE other_role;
CREATE ROLE far_role;
GRANT ROLE other_role TO ROLE far_role;
GRANT ROLE "sys:secadmin" TO security;
GRANT ROLE "sys:monitor" TO monitor;
GRANT ACCESS SYSTEM TABLE TO ROLE "AWSIDC:auditors";
GRANT ROLE inner_role TO ROLE "AWSIDC:analysts";
GRANT ROLE other_role TO stranger WITH ADMIN OPTION;
CREATE SCHEMA closed;
CREATE TABLE orders (id INT NOT NULL, amount DECIMAL(10,2), person VARCHAR(50));
CREATE TABLE notes (note VARCHAR(100));
CREATE TABLE closed.plans (plan VARCHAR(100));
CREATE VIEW totals AS SELECT person, amount FROM orders;
CREATE VIEW plan_view AS SELECT plan FROM closed.plans;
GRANT SELECT (note) ON notes TO ROLE far_role;
CREATE TABLE visits (person VARCHAR(50));
CREATE MATERIALIZED VIEW counts AS SELECT person, count(*) AS n FROM visits GROUP BY 1;
GRANT SELECT (id, amount) ON orders TO ROLE inner_role;
GRANT SELECT ON totals TO ROLE "AWSIDC:analysts";
GRANT SELECT ON counts TO ROLE "AWSIDC:analysts";
GRANT INSERT ON notes TO stranger WITH GRANT OPTION;
GRANT SELECT ON closed.plans TO ROLE inner_role;
CREATE RLS POLICY own_rows WITH (person VARCHAR(50)) AS o USING (o.person = current_user);
ATTACH RLS POLICY own_rows ON orders TO ROLE inner_role;
ALTER TABLE orders ROW LEVEL SECURITY ON CONJUNCTION TYPE OR;
CREATE MASKING POLICY hidden WITH (note VARCHAR(100)) USING ('***'::VARCHAR(100));
ATTACH MASKING POLICY hidden ON notes(note) TO ROLE other_role PRIORITY 10
"""


@pytest.fixture(scope="module")
def world():
    redshift = Redshift()
    run(redshift, SETUP)
    for person in (ANALYST, AUDITOR):  # people exist once they have connected
        redshift.execute("SELECT 1", user=person)
    return redshift


@pytest.fixture(scope="module")
def history():
    made = History()
    for number, person in enumerate(PERSONS.values()):
        statement = Statement(person.name, f"SELECT {number}", "dev", number, number, made.new_query_id())
        with made.recording(statement) as entry:
            entry.applied([AppliedPolicy(("public", "orders"), "own_rows")])
    return made


ALL, OWN, NOTHING = "every row", "one's own rows", "no row"
# What superuser, secadmin, monitor, auditor, analyst and stranger see.
RULES = {
    "svv_rls_policy": (ALL, ALL, ALL, ALL, NOTHING, NOTHING),
    "svv_rls_relation": (ALL, ALL, ALL, ALL, NOTHING, NOTHING),
    "svv_rls_attached_policy": (ALL, ALL, ALL, ALL, DENIED, DENIED),
    "svv_rls_applied_policy": (ALL, DENIED, ALL, ALL, DENIED, DENIED),
    "svv_masking_policy": (ALL, ALL, ALL, ALL, NOTHING, NOTHING),
    "svv_attached_masking_policy": (ALL, ALL, ALL, ALL, NOTHING, NOTHING),
    "svv_roles": (ALL, ALL, ALL, ALL, ALL, ALL),
    "svv_user_grants": (ALL, OWN, ALL, ALL, NOTHING, OWN),
    "svv_role_grants": (ALL, NOTHING, ALL, ALL, OWN, NOTHING),
    "svv_relation_privileges": (ALL, NOTHING, ALL, ALL, OWN, OWN),
    "svv_column_privileges": (ALL, NOTHING, ALL, ALL, OWN, NOTHING),
    "svv_system_privileges": (ALL, OWN, ALL, ALL, NOTHING, NOTHING),
    "svv_user_info": (ALL, OWN, ALL, ALL, OWN, OWN),
    "pg_user": (ALL, OWN, ALL, ALL, OWN, OWN),
    "sys_query_history": (ALL, OWN, ALL, ALL, OWN, OWN),
    "sys_query_text": (ALL, OWN, ALL, ALL, OWN, OWN),
    "sys_serverless_usage": (ALL, DENIED, ALL, ALL, DENIED, DENIED),
    "svv_tables": (ALL, ALL, ALL, NOTHING, OWN, OWN),
    "svv_columns": (ALL, ALL, ALL, NOTHING, OWN, OWN),
    "svv_redshift_tables": (ALL, ALL, ALL, NOTHING, OWN, OWN),
    "svv_all_columns": (ALL, ALL, ALL, NOTHING, OWN, OWN),
    "svv_redshift_schemas": (ALL, ALL, ALL, OWN, OWN, OWN),
    "svv_mv_info": (ALL, NOTHING, ALL, NOTHING, NOTHING, NOTHING),
    "stv_mv_info": (ALL, ALL, ALL, NOTHING, ALL, NOTHING),
    "pg_tables": (ALL, ALL, ALL, NOTHING, OWN, OWN),
    "pg_table_def": (ALL, ALL, ALL, NOTHING, OWN, OWN),
    "pg_views": (ALL, ALL, ALL, NOTHING, OWN, NOTHING),
}
CASES = [(view, *case) for view, rules in RULES.items() for case in zip(PERSONS, rules, strict=True)]


@pytest.mark.parametrize(("view", "person", "rule"), CASES)
def test_everybody_sees_what_the_page_says(world, history, view, person, rule):
    every = ask(world, view, ADMIN, history=history)
    seen = ask(world, view, PERSONS[person], history=history)
    assert every
    if rule in (DENIED, NOTHING):
        assert seen == (DENIED if rule == DENIED else [])
        return
    assert view == "pg_views" or all(row in every for row in seen)  # of a view of others, its query is hidden
    assert len(seen) == len(every) if rule == ALL else 0 < len(seen) < len(every)


def test_one_sees_ones_own_statements(world, history):
    seen = ask(world, "sys_query_history", ANALYST, history=history)
    assert values(seen, "username", "query_text", "status") == {(ANALYST.name, "SELECT 4", "success")}


def test_one_sees_what_one_was_given_through_roles(world):
    seen = ask(world, "svv_relation_privileges", ANALYST)
    assert values(seen, "namespace_name", "relation_name", "privilege_type", "identity_name") == {
        ("public", "totals", "SELECT", "AWSIDC:analysts"),
        ("public", "counts", "SELECT", "AWSIDC:analysts"),
        ("closed", "plans", "SELECT", "inner_role"),
    }
    columns = ask(world, "svv_column_privileges", ANALYST)
    assert values(columns, "relation_name", "column_name", "identity_name", "identity_type") == {
        ("orders", "id", "inner_role", "role"),
        ("orders", "amount", "inner_role", "role"),
    }


def test_one_sees_the_grant_option_of_users(world):
    (seen,) = ask(world, "svv_relation_privileges", STRANGER)
    assert (seen["relation_name"], seen["privilege_type"], seen["admin_option"]) == ("notes", "INSERT", True)
    (member,) = ask(world, "svv_user_grants", STRANGER)
    assert (member["user_name"], member["role_name"], member["admin_option"]) == (
        "stranger",
        "other_role",
        True,
    )


def test_one_sees_the_relations_and_columns_that_one_may_use(world):
    columns = ask(world, "svv_columns", ANALYST)
    assert values(columns, "table_name", "column_name", "ordinal_position") == {
        ("orders", "id", 1),
        ("orders", "amount", 2),
        ("totals", "person", 1),
        ("totals", "amount", 2),
        ("counts", "person", 1),
        ("counts", "n", 2),
    }
    tables = ask(world, "svv_tables", STRANGER)
    assert values(tables, "table_schema", "table_name", "table_type") == {("public", "notes", "BASE TABLE")}


def test_types_and_limits_are_the_catalogues(world):
    columns = {
        row["column_name"]: row for row in ask(world, "svv_columns", ADMIN) if row["table_name"] == "orders"
    }
    described = ("data_type", "character_maximum_length", "numeric_precision", "numeric_scale", "is_nullable")
    assert [tuple(columns[name][each] for each in described) for name in ("id", "amount", "person")] == [
        ("integer", None, 32, 0, "NO"),
        ("numeric", None, 10, 2, "YES"),
        ("character varying", 50, None, None, "YES"),
    ]


def test_the_query_of_a_view_is_its_owners(world):
    for view, schema in (("pg_views", "pg_catalog"), ("views", "information_schema")):
        column = "definition" if view == "pg_views" else "view_definition"
        for user, shown in ((ADMIN, True), (ANALYST, False)):
            rows = ask(world, view, user, schema=schema)
            assert values([{"shown": row[column] is not None} for row in rows], "shown") == {shown}


def test_policies_are_told_as_documented(world):
    (policy,) = ask(world, "svv_rls_policy", SECURITY)
    assert policy["polatts"] == '[{"colname":"person","type":"character varying(50)"}]'
    assert (policy["poldb"], policy["polname"], policy["polalias"]) == ("dev", "own_rows", "o")
    assert (policy["polqual"], policy["polmodifiedby"]) == ("o.person = current_user", "admin")
    (attached,) = ask(world, "svv_rls_attached_policy", SECURITY)
    assert list(attached.values()) == [
        *("public", "orders", "table", "own_rows", "admin", "inner_role", "role", True, True, "or"),
    ]
    (relation,) = ask(world, "svv_rls_relation", SECURITY)
    assert (relation["relname"], relation["is_rls_on"], relation["rls_conjunction_type"]) == (
        "orders",
        True,
        "or",
    )
    (mask,) = ask(world, "svv_attached_masking_policy", SECURITY)
    assert list(mask.values()) == [
        *(
            "hidden",
            "public",
            "notes",
            "table",
            "admin",
            "other_role",
            "role",
            10,
            '["note"]',
            '["note"]',
            False,
        ),
    ]


def test_what_policies_bound_is_told(world, history):
    applied = ask(world, "svv_rls_applied_policy", AUDITOR, history=history)
    assert values(applied, "username", "relname", "polname", "command") == {
        (person.name, "orders", "own_rows", "s") for person in PERSONS.values()
    }


def test_numbers_of_users_lead_from_view_to_view(world):
    users = {row["user_id"]: row["user_name"] for row in ask(world, "svv_user_info", AUDITOR)}
    assert len(users) == len(set(users.values()))
    for row in ask(world, "sys_query_history", AUDITOR):
        assert users[row["user_id"]] == row["username"]
    assert users[1] == "rdsdb"


@pytest.mark.parametrize("schema", ["information_schema"])
def test_information_of_privileges_keeps_to_visible_relations(world, schema):
    tables = ask(world, "table_privileges", ANALYST, schema=schema)
    assert values(tables, "grantee", "table_name") == {
        ("AWSIDC:analysts", "totals"),
        ("AWSIDC:analysts", "counts"),
    }
    columns = ask(world, "column_privileges", ANALYST, schema=schema)
    assert ("inner_role", "orders", "amount") in values(columns, "grantee", "table_name", "column_name")
    assert "person" not in values([c for c in columns if c["table_name"] == "orders"], "column_name")
    assert values(ask(world, "enabled_roles", ANALYST, schema=schema), "role_name") == {
        "AWSIDC:analysts",
        "inner_role",
    }


def test_grants_and_revokes_show_at_once():
    redshift = Redshift()
    run(redshift, SETUP)

    def seen():
        return values(ask(redshift, "svv_columns", STRANGER), "table_name", "column_name")

    assert seen() == {("notes", "note")}
    run(redshift, "GRANT SELECT (amount) ON orders TO ROLE other_role")
    assert seen() == {("notes", "note"), ("orders", "amount")}
    run(redshift, "REVOKE ROLE other_role FROM stranger; REVOKE INSERT ON notes FROM stranger")
    assert seen() == set()
    run(redshift, "GRANT SELECT ON closed.plans TO PUBLIC")
    assert seen() == set()
    run(redshift, "GRANT USAGE ON SCHEMA closed TO stranger")
    assert seen() == {("plans", "plan")}
    run(redshift, 'GRANT ROLE "sys:monitor" TO stranger')
    assert seen() == values(ask(redshift, "svv_columns", ADMIN), "table_name", "column_name")
    assert ask(redshift, "svv_rls_attached_policy", STRANGER) != DENIED
    run(redshift, 'REVOKE ROLE "sys:monitor" FROM stranger')
    assert seen() == {("plans", "plan")}
    assert ask(redshift, "svv_rls_attached_policy", STRANGER) == DENIED
