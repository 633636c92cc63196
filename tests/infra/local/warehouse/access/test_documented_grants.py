"""The worked examples and usage notes of grants in Redshift's documentation, with its answers."""

# ruff: noqa: E501 - a statement a line reads better than wrapped SQL

import pytest

from tests.infra.local.warehouse.access.documented import Documented

DENIED = "42501"

PROFILES = """
CREATE TABLE cust_profile (
    cust_id INT, cust_name VARCHAR(40), cust_phone VARCHAR(20), cust_contact_preference VARCHAR(20)
);
INSERT INTO cust_profile VALUES (1, 'Ann', '555-0100', 'mail'), (2, 'Ben', '555-0101', 'phone');
CREATE USER user1 PASSWORD DISABLE;
CREATE USER user2 PASSWORD DISABLE;
CREATE ROLE sales_group;
CREATE ROLE sales_admin;
"""


@pytest.fixture
def example():
    return Documented()


@pytest.fixture
def profiles(example):
    example.run(PROFILES)
    return example


def test_a_schemas_privileges_are_not_its_tables(example):
    """r_GRANT-examples: "access to a schema doesn't grant privileges on a table in the schema"."""
    example.run("""
        create user schema_user password 'Abcd1234';
        create schema qa_tickit;
        create table qa_tickit.test (col1 int);
        grant all on schema qa_tickit to schema_user;
        set session authorization schema_user
    """)
    assert example.rows("select current_user") == [("schema_user",)]
    counted = "select count(*) from qa_tickit.test"
    assert example.refused(counted) == (DENIED, "ERROR: permission denied for relation test")
    example.run("reset session authorization;\ngrant select on table qa_tickit.test to schema_user")
    example.run("set session authorization schema_user")
    assert example.rows(counted) == [(0,)]


def test_a_views_privileges_are_not_its_tables(example):
    """r_GRANT-examples: "access to a view doesn't imply access to its underlying tables"."""
    example.run("""
        create table date (dateid int);
        insert into date values (1), (2);
        create user view_user password 'Abcd1234';
        create view view_date as select * from date;
        grant all on view_date to view_user;
        set session authorization view_user
    """)
    assert example.rows("select current_user") == [("view_user",)]
    assert example.rows("select count(*) from view_date") == [(2,)]
    assert example.refused("select count(*) from date") == (
        DENIED,
        "ERROR: permission denied for relation date",
    )


def test_select_on_some_columns(profiles):
    """r_GRANT-examples, r_REVOKE-examples: cust_name and cust_phone of cust_profile; `*` is what one may see."""
    profiles.run("grant select(cust_name, cust_phone) on cust_profile to user1")
    seen = "select cust_name, cust_phone from cust_profile order by 1"
    assert profiles.as_user("user1", seen) == [("Ann", "555-0100"), ("Ben", "555-0101")]
    assert len(profiles.as_user("user1", "select * from cust_profile")[0]) == 2
    assert profiles.as_user("user1", "select cust_id from cust_profile")[0] == DENIED
    assert profiles.as_user("user2", seen)[0] == DENIED
    profiles.run("revoke select(cust_name, cust_phone) on cust_profile from user1")
    assert profiles.as_user("user1", seen)[0] == DENIED


def test_select_and_update_on_some_columns(profiles):
    """r_GRANT-examples, r_REVOKE-examples, for a role in the place of the group sales_group."""
    profiles.run("GRANT ROLE sales_group TO user1")
    rights = "select(cust_name, cust_phone), update(cust_contact_preference) on cust_profile"
    profiles.run(f"grant {rights} to role sales_group")
    prefer = "update cust_profile set cust_contact_preference = 'none' where cust_name = 'Ann'"
    assert profiles.as_user("user1", prefer) == 1
    for sql in (
        "update cust_profile set cust_phone = 'x'",
        "update cust_profile set cust_contact_preference = 'x' where cust_id = 1",
        "update cust_profile set cust_name = cust_contact_preference",
        "delete from cust_profile",
        "select cust_contact_preference from cust_profile",
    ):
        assert profiles.as_user("user1", sql)[0] == DENIED, sql
    profiles.run(f"revoke {rights} from role sales_group")
    assert profiles.as_user("user1", prefer)[0] == DENIED


def test_all_on_columns_is_select_and_update(profiles):
    """r_GRANT-examples, r_GRANT-usage-notes: "ALL … a synonym for SELECT and UPDATE"."""
    profiles.run("GRANT ROLE sales_admin TO user1")
    columns = "ALL(cust_name, cust_phone,cust_contact_preference) on cust_profile"
    profiles.run(f"grant {columns} to role sales_admin")
    assert profiles.as_user("user1", "update cust_profile set cust_phone = 'x' where cust_name = 'Ann'") == 1
    assert profiles.as_user("user1", "select cust_phone from cust_profile where cust_name = 'Ann'") == [
        ("x",)
    ]
    assert profiles.as_user("user1", "insert into cust_profile (cust_name) values ('x')")[0] == DENIED
    profiles.run(f"revoke {columns} from role sales_admin")
    assert profiles.as_user("user1", "select cust_phone from cust_profile")[0] == DENIED


def test_select_on_a_column_of_a_view(profiles):
    """r_GRANT-examples, r_REVOKE-examples: cust_profile_vw; a view has only SELECT on columns, a late-binding one none."""
    profiles.run("create view cust_profile_vw as select * from cust_profile")
    profiles.run("create view late as select * from public.cust_profile with no schema binding")
    profiles.run("grant select(cust_name) on cust_profile_vw to user2")
    assert profiles.as_user("user2", "select * from cust_profile_vw order by 1") == [("Ann",), ("Ben",)]
    assert profiles.as_user("user2", "select cust_phone from cust_profile_vw")[0] == DENIED
    assert profiles.refused("grant update(cust_name) on cust_profile_vw to user2")[0] == "0LP01"
    assert profiles.refused("grant select(cust_name) on late to user2")[0] == "0A000"
    profiles.run("revoke select(cust_name) on cust_profile_vw from user2")
    assert profiles.as_user("user2", "select cust_name from cust_profile_vw")[0] == DENIED


def test_a_star_makes_no_view_of_some_columns(profiles):
    """r_GRANT-usage-notes: SELECT * isn't expanded to accessible columns in views and materialized views."""
    profiles.run(
        "grant select(cust_name) on cust_profile to user1;\ngrant select(cust_phone) on cust_profile to user1"
    )
    for kind in ("VIEW", "MATERIALIZED VIEW"):
        made = f"CREATE {kind} mine AS SELECT * FROM cust_profile"
        assert profiles.as_user("user1", made)[0] == DENIED
    assert profiles.as_user("user1", "CREATE VIEW mine AS SELECT cust_name FROM cust_profile") == 0


def test_a_privilege_is_held_on_the_table_or_on_columns(profiles):
    """r_GRANT-usage-notes: the four cases of one privilege on a table and on a column of it."""
    whole, column = "on cust_profile", "(cust_name) on cust_profile"
    profiles.run(f"grant select {whole} to user1")
    profiles.run(f"grant select {column} to user1")  # no effect
    assert profiles.refused(f"revoke select {column} from user1")[0] == "0LP01"
    assert len(profiles.as_user("user1", "select * from cust_profile")[0]) == 4
    profiles.run(f"revoke select {whole} from user1")
    assert profiles.as_user("user1", "select cust_name from cust_profile")[0] == DENIED
    profiles.run(f"grant select {column} to user1")
    assert profiles.refused(f"grant select {whole} to user1")[0] == "0LP01"
    profiles.run(f"revoke select {whole} from user1")  # both
    assert profiles.as_user("user1", "select cust_name from cust_profile")[0] == DENIED


def test_a_tables_privilege_is_on_columns_to_come(profiles):
    """r_GRANT-usage-notes: "If you have SELECT … on a table … and add a column, you still have …"."""
    profiles.run("grant select on cust_profile to user1;\ngrant select(cust_name) on cust_profile to user2")
    profiles.run("alter table cust_profile add column cust_mail varchar(40)")
    assert len(profiles.as_user("user1", "select * from cust_profile")[0]) == 5
    assert len(profiles.as_user("user2", "select * from cust_profile")[0]) == 1


def test_column_privileges_are_the_owners_to_give_and_without_the_option(profiles):
    """r_GRANT-usage-notes: only the owner or a superuser; no WITH GRANT OPTION."""
    profiles.run("grant select on cust_profile to user1 with grant option")
    assert profiles.as_user("user1", "grant select(cust_name) on cust_profile to user2")[0] == DENIED
    assert profiles.as_user("user1", "grant select on cust_profile to user2") == 0
    assert (
        profiles.refused("grant select(cust_name) on cust_profile to user2 with grant option")[0] == "0LP01"
    )


def test_the_grant_option_is_for_that_privilege_on_that_table(profiles):
    """r_GRANT-usage-notes, r_REVOKE-usage-notes: HR and the table employees."""
    profiles.run("""
        CREATE TABLE employees (id INT);
        CREATE USER hr PASSWORD DISABLE;
        grant select on table employees to HR with grant option
    """)
    assert profiles.as_user("hr", "grant select on employees to user1") == 0
    assert profiles.as_user("user1", "select * from employees") == []
    for sql in (
        "grant insert on employees to user1",
        "grant select on cust_profile to user1",
        "revoke insert on employees from user1",
    ):
        assert profiles.as_user("hr", sql)[0] == DENIED, sql
    assert profiles.as_user("hr", "revoke select on employees from user1") == 0
    assert profiles.as_user("user1", "select * from employees")[0] == DENIED
    for whom in ("PUBLIC", "ROLE sales_group"):
        assert profiles.refused(f"grant select on employees to {whom} with grant option")[0] == "0LP01"


def test_all_tables_in_a_schema_are_those_of_now(profiles):
    """r_GRANT-examples, r_REVOKE-examples: SELECT on all tables in the QA_TICKIT schema to fred."""
    profiles.run("""
        create user fred password disable;
        create schema qa_tickit;
        create table qa_tickit.sales (salesid int);
        create view qa_tickit.sold as select salesid from qa_tickit.sales;
        grant usage on schema qa_tickit to fred;
        grant select on all tables in schema qa_tickit to fred;
        create table qa_tickit.later (a int)
    """)
    for name in ("sales", "sold"):
        assert profiles.as_user("fred", f"select * from qa_tickit.{name}") == []
    assert profiles.as_user("fred", "select * from qa_tickit.later")[0] == DENIED
    profiles.run("revoke select on all tables in schema qa_tickit from fred")
    assert profiles.as_user("fred", "select * from qa_tickit.sales")[0] == DENIED


def test_drop_can_be_granted(profiles):
    """r_GRANT-examples: DROP on a table; its holder drops it and reads nothing of it."""
    profiles.run("grant drop on table cust_profile to user1")
    assert profiles.as_user("user1", "select * from cust_profile")[0] == DENIED
    assert profiles.as_user("user2", "drop table cust_profile")[0] == DENIED
    assert profiles.as_user("user1", "drop table cust_profile") == 0


def test_everybody_makes_relations_in_public_until_it_is_revoked(profiles):
    """r_REVOKE-usage-notes, r_REVOKE-examples: CREATE on schema public, TEMP on the database."""
    assert profiles.as_user("user1", "create table mine (a int)") == 0
    profiles.run("revoke create on schema public from public;\nrevoke temporary on database dev from public")
    assert profiles.as_user("user1", "create table other (a int)")[0] == DENIED
    assert profiles.as_user("user1", "create view other as select 1 as a")[0] == DENIED
    assert profiles.as_user("user1", "create temp table other (a int)")[0] == DENIED
    profiles.run("grant create on schema public to user1;\ngrant temp on database dev to user2")
    assert profiles.as_user("user1", "create table other (a int)") == 0
    assert profiles.as_user("user2", "create temp table other (a int)") == 0


def test_an_owners_rights(profiles):
    """r_Privileges: a maker is the owner, and drops, grants and alters; others need grants, superusers none."""
    profiles.as_user("user1", "create table mine (a int)")
    for sql in (
        "select * from mine",
        "insert into mine values (1)",
        "drop table mine",
        "truncate mine",
        "grant select on mine to user2",
        "alter table mine add column b int",
    ):
        assert profiles.as_user("user2", sql)[0] == DENIED, sql
    assert profiles.as_user("user1", "insert into mine values (1)") == 1
    assert profiles.rows("select * from mine") == [(1,)]
    assert profiles.as_user("user1", "grant select on mine to user2") == 0
    assert profiles.as_user("user2", "select * from mine") == [(1,)]
    assert profiles.as_user("user1", "truncate mine") == 0
    assert profiles.as_user("user1", "drop table mine") == 0


def test_whoever_has_something_is_not_dropped(profiles):
    """r_DROP_USER: who owns an object, or has a privilege on one; then the example's way out."""
    profiles.as_user("user1", "create table mine (a int)")
    said = profiles.refused("drop user user1")
    assert said == ("55006", 'ERROR: user "user1" can\'t be dropped because the user owns some object')
    profiles.run("grant select on mine to user2")
    said = profiles.refused("drop user user2")
    assert said == (
        "55006",
        'ERROR: user "user2" can\'t be dropped because the user has a privilege on some object',
    )
    profiles.run(
        "alter table mine owner to admin;\nrevoke all on mine from user2;\ndrop user user1;\ndrop user if exists user2, nobody"
    )


def test_a_materialized_view_is_read_by_itself(profiles):
    """materialized-view-query: no right below is needed, but its owner's; only its owner refreshes and drops it."""
    profiles.run("grant select on cust_profile to user1")
    made = "CREATE MATERIALIZED VIEW names AS SELECT cust_name FROM cust_profile"
    assert profiles.as_user("user1", made) == 0
    assert profiles.as_user("user1", "GRANT SELECT ON names TO user2") == 0
    read = "SELECT cust_name FROM names ORDER BY 1"
    assert profiles.as_user("user2", read) == [("Ann",), ("Ben",)]
    profiles.run("INSERT INTO cust_profile (cust_name) VALUES ('Cid')")
    assert profiles.as_user("user2", read) == [("Ann",), ("Ben",)]
    for sql in ("REFRESH MATERIALIZED VIEW names", "DROP MATERIALIZED VIEW names"):
        assert profiles.as_user("user2", sql)[0] == DENIED
    assert profiles.as_user("user1", "REFRESH MATERIALIZED VIEW names") == 0
    assert profiles.as_user("user2", read) == [("Ann",), ("Ben",), ("Cid",)]
    profiles.run("revoke select on cust_profile from user1")
    for user in ("user1", "user2"):
        assert profiles.as_user(user, read)[0] == DENIED, user


def test_a_view_needs_its_owners_rights_below(profiles):
    """r_CREATE_VIEW: its maker needs access to the tables; REPLACE keeps the owner and the grants."""
    assert profiles.as_user("user1", "CREATE VIEW names AS SELECT cust_name FROM cust_profile")[0] == DENIED
    profiles.run("grant select on cust_profile to user1")
    assert profiles.as_user("user1", "CREATE VIEW names AS SELECT cust_name FROM cust_profile") == 0
    assert profiles.as_user("user1", "GRANT SELECT ON names TO user2") == 0
    replaced = "CREATE OR REPLACE VIEW names AS SELECT cust_phone AS cust_name FROM cust_profile"
    assert profiles.as_user("user2", replaced)[0] == DENIED
    changed = (
        "CREATE OR REPLACE VIEW names AS SELECT upper(cust_name)::VARCHAR(40) AS cust_name FROM cust_profile"
    )
    assert profiles.as_user("user1", changed) == 0
    assert profiles.as_user("user2", "SELECT * FROM names ORDER BY 1") == [("ANN",), ("BEN",)]


def test_only_a_superuser_changes_whom_a_session_is(profiles):
    """r_SET_SESSION_AUTHORIZATION."""
    profiles.redshift.execute("SELECT 1", user=profiles.user("user1"))
    said = profiles.outcome("SET SESSION AUTHORIZATION user2", user=profiles.user("user1"))
    assert said[0] == DENIED


def test_what_the_stand_in_has_not_is_refused_in_plain_words(example):
    """Groups, functions, ASSUMEROLE and default privileges of the same pages."""
    example.run("CREATE USER fred PASSWORD DISABLE;\nCREATE TABLE sales (a INT)")
    for sql in (
        "create group qa_users",
        "grant all on table sales to group qa_users",
        "grant usage on language sql to fred",
        "grant execute on function f(int) to fred",
        "revoke assumerole on all from public for all",
        "alter default privileges grant select on tables to public",
        "GRANT USAGE ON DATASHARE salesshare TO NAMESPACE '13b8833d-17c6-4f16-8fe4-1a018f5ed00d'",
    ):
        sqlstate, message = example.refused(sql)
        assert sqlstate == "0A000", sql
        assert message.endswith("is not supported by the stand-in")
