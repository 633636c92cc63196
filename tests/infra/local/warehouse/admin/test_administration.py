"""Roles, grants, policies, batches: what the superuser changes, and what that changes for others."""

import threading

import pytest

from infra.local.warehouse import Cancellation, DbUser, Redshift, SqlCancelled, SqlError
from tests.infra.local.warehouse.conftest import ADMIN, PEOPLE, run

FRANK = PEOPLE["frank"]
ANALYST = DbUser("IAM:analyst")


def count(redshift, user=FRANK, table="sales_data"):
    return redshift.execute(f"SELECT count(*) AS n FROM {table}", user=user).table.column("n").to_pylist()[0]


def refused(redshift, sql, user, sqlstate):
    with pytest.raises(SqlError) as caught:
        redshift.execute(sql, user=user)
    assert caught.value.sqlstate == sqlstate, caught.value.message


def test_a_grant_on_columns_shows_those_columns(redshift):
    run(redshift, 'REVOKE SELECT ON sales_data FROM ROLE "AWSIDC:amer-sales"')
    run(redshift, 'GRANT SELECT (city, quantity) ON sales_data TO ROLE "AWSIDC:amer-sales"')
    rows = redshift.execute("SELECT city, sum(quantity) AS q FROM sales_data GROUP BY 1", user=FRANK).table
    assert sorted(rows.column("city").to_pylist()) == ["100", "200"]
    assert count(redshift) == 96
    for star in ("SELECT * FROM sales_data", "SELECT s.* FROM sales_data s"):
        assert [c.name for c in redshift.execute(star, user=FRANK).columns] == ["quantity", "city"]
    for sql in (
        "SELECT sku FROM sales_data",
        "SELECT city FROM sales_data WHERE timezone LIKE 'A%'",
        "SELECT city FROM sales_data ORDER BY sku",
        "SELECT 1 FROM (SELECT city, sku FROM sales_data) x",
        "SELECT (SELECT max(b.sku) FROM sales_data b) FROM sales_data",
        "SELECT a.city FROM sales_data a JOIN sales_data b USING (sku)",
    ):
        refused(redshift, sql, FRANK, "42501")


def test_usage_of_a_schema_is_needed_besides_a_grant(redshift):
    run(redshift, 'GRANT SELECT ON hr.notes TO ROLE "AWSIDC:amer-sales"')
    refused(redshift, "SELECT * FROM hr.notes", FRANK, "42501")
    run(redshift, 'GRANT USAGE ON SCHEMA hr TO ROLE "AWSIDC:amer-sales"')
    assert count(redshift, table="hr.notes") == 1


def test_all_tables_in_schema_are_those_of_now(redshift):
    run(redshift, "GRANT SELECT ON ALL TABLES IN SCHEMA hr TO PUBLIC; GRANT USAGE ON SCHEMA hr TO PUBLIC")
    run(redshift, "CREATE TABLE hr.later (a INT)")
    assert count(redshift, table="hr.notes") == 1
    refused(redshift, "SELECT * FROM hr.later", FRANK, "42501")


def test_roles_inherit_from_roles_and_a_circle_is_refused(redshift):
    run(redshift, "CREATE ROLE readers; GRANT SELECT ON salaries TO ROLE readers")
    run(redshift, 'GRANT ROLE readers TO ROLE "AWSIDC:amer-sales"')
    assert count(redshift, table="salaries") == 1
    refused(redshift, 'GRANT ROLE "AWSIDC:amer-sales" TO ROLE readers', ADMIN, "0LP01")
    run(redshift, 'REVOKE ROLE readers FROM ROLE "AWSIDC:amer-sales"')
    refused(redshift, "SELECT * FROM salaries", FRANK, "42501")


def test_a_user_exists_once_created_or_once_seen(redshift):
    refused(redshift, "GRANT SELECT ON salaries TO nobody", ADMIN, "42704")
    run(redshift, 'CREATE USER "IAM:analyst" PASSWORD DISABLE; GRANT SELECT ON salaries TO "IAM:analyst"')
    assert count(redshift, user=ANALYST, table="salaries") == 1


def test_a_name_alone_gives_no_superuser(redshift):
    refused(redshift, "SELECT * FROM salaries", DbUser("admin"), "42501")


def test_ignoring_row_level_security_can_be_given_and_taken(redshift):
    run(redshift, 'GRANT IGNORE RLS TO ROLE "AWSIDC:amer-sales"')
    assert count(redshift) == 240
    run(redshift, 'REVOKE IGNORE RLS FROM ROLE "AWSIDC:amer-sales"')
    assert count(redshift) == 96


def test_row_level_security_off_shows_all_and_on_again_bounds(redshift):
    run(redshift, "ALTER TABLE sales_data ROW LEVEL SECURITY OFF")
    assert count(redshift) == 240
    run(redshift, "ALTER TABLE sales_data ROW LEVEL SECURITY ON")
    assert count(redshift) == 96


def test_a_changed_policy_counts_at_once(redshift):
    assert count(redshift) == 96
    run(redshift, "ALTER RLS POLICY amer_region_filter USING (timezone = 'America/Lima')")
    assert count(redshift) == 48
    run(redshift, 'DETACH RLS POLICY amer_region_filter ON sales_data FROM ROLE "AWSIDC:amer-sales"')
    assert count(redshift) == 0


def test_policies_of_users_and_of_everybody_combine(redshift):
    assert count(redshift, user=PEOPLE["alex"]) == 96  # and both users exist from now on
    assert count(redshift) == 96
    run(
        redshift,
        """
        CREATE RLS POLICY small WITH (quantity INT) USING (quantity < 2);
        CREATE RLS POLICY mine WITH (sku VARCHAR(50)) USING (current_user = 'AWSIDC:frank@example.com');
        ATTACH RLS POLICY small ON TABLE sales_data TO PUBLIC;
        ATTACH RLS POLICY mine ON sales_data TO "AWSIDC:frank@example.com", "AWSIDC:alex@example.com"
        """,
    )
    sql = "SELECT count(*) AS n FROM sales_data WHERE quantity >= 2"
    assert redshift.execute(sql, user=FRANK).table.to_pylist() == [{"n": 0}]
    assert count(redshift) == 32
    assert count(redshift, user=PEOPLE["alex"]) == 0


@pytest.mark.parametrize(
    ("using", "sqlstate"),
    [
        ("secret = 1", "42703"),
        ("timezone IN (SELECT city FROM nowhere)", "42P01"),
        ("count(*) > 1", "0A000"),
        ("read_text('/etc/passwd') = 'x'", "0A000"),
        ("timezone = 'x'); DROP TABLE sales_data; --", "42601"),
        ("", "42601"),
        ("timezone, timezone", "42601"),
        ("* ", "0A000"),
    ],
)
def test_a_policy_that_is_no_condition_is_refused(redshift, using, sqlstate):
    refused(redshift, f"CREATE RLS POLICY p WITH (timezone VARCHAR(50)) USING ({using})", ADMIN, sqlstate)


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("CREATE TABLE sales_data (a INT)", "42P07"),
        ("CREATE TABLE x (a INT, a INT)", "42701"),
        ("CREATE TABLE x (rowid INT)", "42701"),
        ("CREATE TABLE x (a HLLSKETCH)", "0A000"),
        ("CREATE TABLE x (a INT DEFAULT 1)", "0A000"),
        ("CREATE TABLE x (a INT IDENTITY(1,1))", "0A000"),
        ("CREATE TABLE nowhere.x (a INT)", "3F000"),
        ("CREATE TABLE x (a DECIMAL(39,2))", "22023"),
        ("CREATE TEMP TABLE public.x (a INT)", "42P16"),
        ("DROP TABLE nothing", "42P01"),
        ('CREATE ROLE "AWSIDC:amer-sales"', "42710"),
        ("CREATE ROLE public", "42939"),
        ('CREATE ROLE "sys:x"', "42939"),
        ("DROP ROLE nobody", "42704"),
        ("GRANT SELECT ON nothing TO PUBLIC", "42P01"),
        ("GRANT SELECT (nothing) ON sales_data TO PUBLIC", "42703"),
        ("GRANT SELECT ON sales_data TO ROLE nobody", "42704"),
        ("GRANT EXECUTE ON sales_data TO PUBLIC", "0A000"),
        ("GRANT SELECT ON sales_data TO PUBLIC WITH GRANT OPTION", "0LP01"),
        ("ATTACH RLS POLICY nothing ON sales_data TO PUBLIC", "42704"),
        ("ATTACH RLS POLICY amer_region_filter ON salaries TO PUBLIC", "42703"),
        ('ATTACH RLS POLICY amer_region_filter ON sales_data TO ROLE "AWSIDC:amer-sales"', "42710"),
        ("DETACH RLS POLICY amer_region_filter ON sales_data FROM PUBLIC", "42704"),
        ("DROP RLS POLICY amer_region_filter", "2BP01"),
        ("ALTER TABLE sales_data ROW LEVEL SECURITY ON FOR DATASHARES", "0A000"),
        ("ALTER TABLE sales_data ADD COLUMN x INT DEFAULT 1", "0A000"),
        ("INSERT INTO salaries VALUES (1)", "42601"),
        ("INSERT INTO salaries (nothing) VALUES (1)", "42703"),
        ("INSERT INTO salaries VALUES ('x', 'y')", "22P02"),
        (f"INSERT INTO salaries VALUES ('{'x' * 51}', 1)", "22001"),
        ("INSERT INTO salaries VALUES ((SELECT max(sku) FROM sales_data), 1)", "0A000"),
        ("UPDATE salaries SET nothing = 1", "42703"),
        ("UPDATE salaries SET salary = 1 FROM sales_data", "0A000"),
        ("DELETE FROM salaries USING sales_data", "0A000"),
        ("GRANT ROLE a; DROP TABLE sales_data", "42601"),
        ("DROP TABLE sales_data; DROP TABLE salaries", "42601"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_code(redshift, sql, sqlstate):
    refused(redshift, sql, ADMIN, sqlstate)
    assert count(redshift, user=ADMIN) == 240


def test_a_table_that_comes_back_has_nothing_of_the_old_ones(redshift):
    run(
        redshift,
        "DROP TABLE sales_data; CREATE TABLE sales_data (a INT); INSERT INTO sales_data VALUES (1)",
    )
    refused(redshift, "SELECT * FROM sales_data", FRANK, "42501")


def test_a_role_that_comes_back_has_nothing_of_the_old_ones(redshift):
    run(redshift, 'DROP ROLE "AWSIDC:amer-sales" FORCE; CREATE ROLE "AWSIDC:amer-sales"')
    refused(redshift, "SELECT * FROM sales_data", FRANK, "42501")


def test_changes_reach_only_the_rows_that_the_person_sees(redshift):
    run(redshift, 'GRANT UPDATE, DELETE ON sales_data TO ROLE "AWSIDC:amer-sales"')
    changed = redshift.execute(
        "UPDATE sales_data SET category = 'x' WHERE 1 / (quantity - 5) > -10", user=FRANK
    )
    assert changed.affected_rows == 96
    sql = "SELECT DISTINCT left(timezone, 7) AS z FROM sales_data WHERE category = 'x'"
    assert redshift.execute(sql, user=ADMIN).table.to_pylist() == [{"z": "America"}]
    assert redshift.execute("DELETE FROM sales_data", user=FRANK).affected_rows == 96
    assert count(redshift, user=ADMIN) == 144


def test_an_update_reads_the_old_values(redshift):
    run(redshift, "CREATE TABLE n (a INT, b INT); INSERT INTO n VALUES (1, 2), (3, 4)")
    assert redshift.execute("UPDATE n SET a = b, b = a / 2 WHERE a > 0", user=ADMIN).affected_rows == 2
    rows = redshift.execute("SELECT a, b FROM n ORDER BY a", user=ADMIN).table.to_pylist()
    assert rows == [{"a": 2, "b": 0}, {"a": 4, "b": 1}]


def test_inserting_needs_no_right_to_read_and_gives_none(redshift):
    run(redshift, 'GRANT INSERT ON salaries TO ROLE "AWSIDC:amer-sales"')
    sql = "INSERT INTO salaries (salary) SELECT count(*) FROM sales_data"
    assert redshift.execute(sql, user=FRANK).affected_rows == 1
    refused(redshift, "SELECT * FROM salaries", FRANK, "42501")
    refused(redshift, "INSERT INTO salaries SELECT note, 1 FROM hr.notes", FRANK, "42501")
    rows = redshift.execute("SELECT salary FROM salaries ORDER BY 1", user=ADMIN).table.to_pylist()
    assert rows == [{"salary": 96}, {"salary": 424242}]


def test_a_batch_is_all_or_nothing(redshift):
    with pytest.raises(SqlError, match="does not exist"):
        redshift.execute_batch(
            [
                'GRANT SELECT ON salaries TO ROLE "AWSIDC:amer-sales"',
                "CREATE TABLE made (a INT)",
                "INSERT INTO salaries VALUES ('x', 1)",
                "SELECT * FROM salaries",
                "SELECT * FROM nothing",
            ],
            user=ADMIN,
        )
    refused(redshift, "SELECT * FROM salaries", FRANK, "42501")
    refused(redshift, "SELECT * FROM made", ADMIN, "42P01")
    assert count(redshift, user=ADMIN, table="salaries") == 1


def test_a_query_kept_from_a_batch_that_failed_answers_nothing_later(redshift):
    with pytest.raises(SqlError):
        redshift.execute_batch(
            [
                "CREATE ROLE gone",
                "DROP TABLE salaries",
                "CREATE TABLE salaries (other INT)",
                "SELECT * FROM salaries",
                "SELECT * FROM nothing",
            ],
            user=ADMIN,
        )
    for number in range(4):
        run(redshift, f"CREATE ROLE r{number}")
        rows = redshift.execute("SELECT * FROM salaries", user=ADMIN).table.to_pylist()
        assert rows == [{"person": "Ethan", "salary": 424242}]


def test_a_batch_sees_its_own_changes_and_gives_every_result(redshift):
    results = redshift.execute_batch(
        ["CREATE TABLE made (a INT)", "INSERT INTO made VALUES (1), (2)", "SELECT sum(a) FROM made"],
        user=ADMIN,
    )
    assert [r.affected_rows for r in results][:2] == [0, 2]
    assert results[2].table.to_pylist() == [{"sum": 3}]
    assert [r.has_result_set for r in results] == [False, False, True]


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i % 1000 + 1 FROM n) SELECT count(*) FROM n"


def test_cancelling_interrupts_an_endless_query_and_the_warehouse_goes_on(redshift):
    cancel, failures = Cancellation(), []

    def ask():
        try:
            redshift.execute(ENDLESS, user=FRANK, cancel=cancel)
        except SqlCancelled as error:
            failures.append(error.sqlstate)

    thread = threading.Thread(target=ask)
    thread.start()
    while cancel._session is None:
        thread.join(0.01)
    cancel.cancel()
    thread.join(60)
    assert not thread.is_alive()
    assert failures == ["57014"]
    assert cancel.cancelled
    assert count(redshift) == 96


def test_what_was_cancelled_before_it_started_does_not_run(redshift):
    cancel = Cancellation()
    cancel.cancel()
    with pytest.raises(SqlCancelled):
        redshift.execute("DELETE FROM sales_data", user=ADMIN, cancel=cancel)
    assert count(redshift, user=ADMIN) == 240


def test_readers_and_a_writer_at_once_see_whole_moments(redshift):
    """Rows and the policies on them change in one batch: no reader sees one without the other."""
    hide = ["ALTER TABLE s ROW LEVEL SECURITY ON", "INSERT INTO s VALUES ('secret')"]
    show = ["DELETE FROM s WHERE a = 'secret'", "ALTER TABLE s ROW LEVEL SECURITY OFF"]
    run(
        redshift, "CREATE TABLE s (a VARCHAR(10)); INSERT INTO s VALUES ('open'); GRANT SELECT ON s TO PUBLIC"
    )
    seen, over = set(), threading.Event()

    def read():
        while not over.is_set():
            rows = redshift.execute("SELECT a FROM s", user=FRANK).table.column("a").to_pylist()
            seen.add(tuple(rows))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in readers:
        thread.start()
    for _ in range(15):
        redshift.execute_batch(hide, user=ADMIN)
        redshift.execute_batch(show, user=ADMIN)
    over.set()
    for thread in readers:
        thread.join()
    assert seen <= {(), ("open",)}


def test_two_warehouses_know_nothing_of_each_other():
    first, second = Redshift(), Redshift()
    run(first, "CREATE TABLE t (a INT)")
    refused(second, "SELECT * FROM t", ADMIN, "42P01")
