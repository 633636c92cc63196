"""EXPLAIN says what Redshift's says: steps, conditions, and as much of policies as its reader may know."""

from pathlib import Path

import pytest

from infra.local.warehouse import DbUser, Redshift, SqlError
from tests.infra.local.warehouse.conftest import ADMIN, PEOPLE, prepared, run
from tests.infra.local.warehouse.sql.tpch.data import TABLES

FRANK, ETHAN, ADA = PEOPLE["frank"], PEOPLE["ethan"], PEOPLE["ada"]
QUERIES = Path(__file__).parents[1] / "sql" / "tpch" / "redshift"
BEST = """
    EXPLAIN SELECT city, sum(sales_price * quantity) AS total FROM sales_data
    WHERE category = 'Category 1' AND timestamp >= '2024-01-01' GROUP BY 1 ORDER BY total DESC LIMIT 10
"""
BEST_PLAN = """\
XN Limit  (cost=1000000000031.11..1000000000032.22 rows=10 width=40)
  ->  XN Merge  (cost=1000000000031.11..1000000000032.22 rows=111 width=40)
        Merge Key: sum((sales_price * quantity))
        ->  XN Network  (cost=1000000000031.11..1000000000032.22 rows=111 width=40)
              Send to leader
              ->  XN Sort  (cost=1000000000031.11..1000000000032.22 rows=111 width=40)
                    Sort Key: sum((sales_price * quantity))
                    ->  XN HashAggregate  (cost=30.00..31.11 rows=111 width=40)
                          ->  XN Seq Scan on sales_data  (cost=0.00..30.00 rows=111 width=152)
                                Filter: (((category)::text = 'Category 1'::text) AND \
("timestamp" >= '2024-01-01 00:00:00'::timestamp without time zone))"""
# The example of r_EXPLAIN about row-level security
DOCUMENTED = "SELECT D.cint FROM fact_tbl F INNER JOIN dim_tbl D ON F.k_dim = D.k WHERE F.k_dim / 10 > 0"


@pytest.fixture(scope="module")
def explaining():
    """The article's warehouse, in which some roles see what policies ask."""
    redshift = prepared()
    run(
        redshift,
        """
        GRANT EXPLAIN RLS TO ROLE "AWSIDC:emea-sales";
        CREATE TABLE fact_tbl (k_dim INT, v INT);
        CREATE TABLE dim_tbl (k INT, cint INT);
        CREATE RLS POLICY above_one WITH (k_dim INT) USING (k_dim > 1);
        ATTACH RLS POLICY above_one ON fact_tbl TO PUBLIC;
        ALTER TABLE fact_tbl ROW LEVEL SECURITY ON;
        GRANT SELECT ON fact_tbl, dim_tbl TO PUBLIC
        """,
    )
    return redshift


def plan(redshift, sql, user=FRANK, **more):
    table = redshift.execute(sql, user=user, **more).table
    assert table.column_names == ["QUERY PLAN"]
    return table["QUERY PLAN"].to_pylist()


def steps(redshift, sql, user=FRANK, **more):
    """The plan without its figures."""
    return [line.split("  (cost=")[0] for line in plan(redshift, sql, user, **more)]


def test_the_lines_are_redshifts(shared):
    assert plan(shared, BEST, ETHAN) == BEST_PLAN.splitlines()


def test_the_result_is_one_column_of_text(shared):
    result = shared.execute("EXPLAIN SELECT 1", user=FRANK)
    ((name, kind),) = [(column.name, column.type_name) for column in result.columns]
    assert (name, kind) == ("QUERY PLAN", "varchar")
    assert result.has_result_set


def test_who_may_not_see_policies_sees_that_there_are_some(explaining):
    """The documented plan, without its figures and where Redshift moves rows."""
    assert steps(explaining, f"EXPLAIN {DOCUMENTED}") == [
        "XN Hash Join DS_DIST_ALL_NONE",
        '  Hash Cond: ("outer".k_dim = "inner".k)',
        "  ->  XN RLS SecureScan f",
        "        Filter: ((k_dim / 10) > 0)",
        "  ->  XN Hash",
        "        ->  XN Seq Scan on dim_tbl d",
    ]


def test_who_has_explain_rls_sees_what_policies_ask(explaining):
    assert steps(explaining, f"EXPLAIN {DOCUMENTED}", PEOPLE["alex"]) == [
        "XN Hash Join DS_DIST_ALL_NONE",
        '  Hash Cond: ("outer".k_dim = "inner".k)',
        "  ->  XN RLS SecureScan f",
        "        Filter: ((k_dim / 10) > 0)",
        "        ->  XN Seq Scan on fact_tbl rls_table",
        "              Filter: (k_dim > 1)",
        "  ->  XN Hash",
        "        ->  XN Seq Scan on dim_tbl d",
    ]


def test_what_policies_ask_changes_no_figure(explaining):
    first, second, *_ = plan(explaining, "EXPLAIN SELECT sku FROM sales_data", PEOPLE["alex"])
    assert first == "XN RLS SecureScan sales_data  (cost=0.00..10.00 rows=1000 width=32)"
    assert "(cost=0.00..10.00 rows=1000 " in second


def test_of_several_policies_the_conjunction_decides(redshift):
    both = DbUser("AWSIDC:both@example.com", frozenset({"amer-sales", "emea-sales"}))
    run(redshift, 'GRANT EXPLAIN RLS TO ROLE "AWSIDC:amer-sales"')
    america, europe = "((timezone)::text ~~ 'America%'::text)", "((timezone)::text ~~ 'Europe%'::text)"
    asked = "EXPLAIN SELECT 1 FROM sales_data"
    assert steps(redshift, asked, both)[-1].strip() == f"Filter: ({america} AND {europe})"
    run(redshift, "ALTER TABLE sales_data ROW LEVEL SECURITY ON CONJUNCTION TYPE OR")
    assert steps(redshift, asked, both)[-1].strip() == f"Filter: ({america} OR {europe})"
    assert steps(redshift, asked)[-1].strip() == f"Filter: {america}"


def test_without_a_policy_of_ones_own_no_row_is_seen(explaining):
    run(explaining, 'GRANT EXPLAIN RLS TO ROLE "AWSIDC:exec-global"; CREATE ROLE "AWSIDC:none"')
    run(
        explaining,
        'GRANT EXPLAIN RLS TO ROLE "AWSIDC:none"; GRANT SELECT ON sales_data TO ROLE "AWSIDC:none"',
    )
    none = DbUser("AWSIDC:none@example.com", frozenset({"none"}))
    assert steps(explaining, "EXPLAIN SELECT 1 FROM sales_data", none)[-1].strip() == "Filter: false"


@pytest.mark.parametrize("user", [ETHAN, ADMIN], ids=["IGNORE RLS", "superuser"])
def test_whom_policies_do_not_bound_has_a_plain_scan(explaining, user):
    assert steps(explaining, "EXPLAIN SELECT 1 FROM public.sales_data s", user) == [
        "XN Seq Scan on sales_data s"
    ]


def test_the_permission_is_granted_listed_and_revoked(redshift):
    role = '"AWSIDC:amer-sales"'
    asked = "EXPLAIN SELECT 1 FROM sales_data"
    listed = "SELECT identity_name FROM svv_system_privileges WHERE system_privilege = 'EXPLAIN RLS'"
    run(redshift, f"GRANT EXPLAIN RLS TO ROLE {role}")
    assert "America" in str(steps(redshift, asked))
    assert "AWSIDC:amer-sales" in redshift.execute(listed, user=FRANK).table["identity_name"].to_pylist()
    run(redshift, f"REVOKE EXPLAIN RLS FROM ROLE {role}")
    assert steps(redshift, asked) == ["XN RLS SecureScan sales_data"]
    assert redshift.execute(listed, user=FRANK).table.num_rows == 0


def test_a_lookup_of_a_policy_is_named_to_who_may_see_policies(redshift):
    run(
        redshift,
        """
        CREATE TABLE teams (person VARCHAR(50), team VARCHAR(10));
        CREATE TABLE deals (team VARCHAR(10), amount INT);
        CREATE RLS POLICY own_team WITH (team VARCHAR(10)) AS t
            USING (t.team IN (SELECT t.team FROM teams t WHERE t.person = current_user) AND team <> '');
        ATTACH RLS POLICY own_team ON deals TO PUBLIC;
        ALTER TABLE deals ROW LEVEL SECURITY ON;
        GRANT SELECT ON deals TO PUBLIC;
        GRANT EXPLAIN RLS TO ROLE "AWSIDC:emea-sales"
        """,
    )
    assert steps(redshift, "EXPLAIN SELECT amount FROM deals") == ["XN RLS SecureScan deals"]
    assert steps(redshift, "EXPLAIN SELECT amount FROM deals", PEOPLE["alex"]) == [
        "XN RLS SecureScan deals",
        "  ->  XN Hash IN Join DS_DIST_ALL_NONE",
        '        Hash Cond: (("outer".team)::text = ("inner".team)::text)',
        "        ->  XN Seq Scan on deals rls_table",
        "              Filter: ((team)::text <> ''::text)",
        "        ->  XN Hash",
        '              ->  XN Subquery Scan "IN_subquery"',
        "                    ->  XN Seq Scan on teams t",
        '                          Filter: ((person)::text = "current_user"())',
    ]


PLANS = {
    "SELECT 1": ["XN Result"],
    "SELECT 1 WHERE 1 = 0": ["XN Result", "  One-Time Filter: (1 = 0)"],
    "SELECT DISTINCT v FROM fact_tbl": ["XN Unique", "  ->  XN Seq Scan on fact_tbl"],
    "SELECT max(v) FROM fact_tbl": ["XN Aggregate", "  ->  XN Seq Scan on fact_tbl"],
    "SELECT v FROM fact_tbl WHERE v NOT IN (1, 2) AND NOT v BETWEEN 5 AND 6 OR v IS NOT NULL": [
        "XN Seq Scan on fact_tbl",
        "  Filter: ((((v <> 1) AND (v <> 2)) AND ((v < 5) OR (v > 6))) OR (v IS NOT NULL))",
    ],
    "WITH d AS (SELECT k FROM dim_tbl) SELECT k FROM d x WHERE x.k = 1": [
        "XN Subquery Scan x",
        "  Filter: (k = 1)",
        "  ->  XN Seq Scan on dim_tbl",
    ],
    "SELECT k FROM dim_tbl UNION SELECT v FROM fact_tbl ORDER BY 1 LIMIT 2": [
        "XN Limit",
        "  ->  XN Merge",
        "        Merge Key: k",
        "        ->  XN Network",
        "              Send to leader",
        "              ->  XN Sort",
        "                    Sort Key: k",
        "                    ->  XN Unique",
        "                          ->  XN Append",
        '                                ->  XN Subquery Scan "*SELECT* 1"',
        "                                      ->  XN Seq Scan on dim_tbl",
        '                                ->  XN Subquery Scan "*SELECT* 2"',
        "                                      ->  XN Seq Scan on fact_tbl",
    ],
    "SELECT rank() OVER (PARTITION BY v ORDER BY k_dim) FROM fact_tbl": [
        "XN Window",
        "  Partition: v",
        "  Order: k_dim",
        "  ->  XN Sort",
        "        Sort Key: v, k_dim",
        "        ->  XN Network",
        "              Distribute",
        "              ->  XN Seq Scan on fact_tbl",
    ],
    "SELECT f.v FROM fact_tbl f LEFT JOIN dim_tbl d ON d.k = f.v AND d.cint > 1 WHERE d.k IS NULL": [
        "XN Hash Left Join DS_DIST_ALL_NONE",
        '  Hash Cond: ("outer".v = "inner".k)',
        "  Filter: (d.k IS NULL)",
        "  ->  XN Seq Scan on fact_tbl f",
        "  ->  XN Hash",
        "        ->  XN Seq Scan on dim_tbl d",
        "              Filter: (cint > 1)",
    ],
    "SELECT f.v FROM fact_tbl f, dim_tbl d WHERE f.v > d.k": [
        "XN Nested Loop DS_BCAST_INNER",
        "  Filter: (f.v > d.k)",
        "  ->  XN Seq Scan on fact_tbl f",
        "  ->  XN Seq Scan on dim_tbl d",
    ],
    "SELECT v FROM fact_tbl WHERE v > (SELECT avg(k) FROM dim_tbl)": [
        "XN Seq Scan on fact_tbl",
        "  Filter: (v > $0)",
        "  InitPlan",
        "    ->  XN Aggregate",
        "          ->  XN Seq Scan on dim_tbl",
    ],
    "SELECT v FROM fact_tbl f WHERE EXISTS (SELECT 1 FROM dim_tbl d WHERE d.k = f.v)": [
        "XN Seq Scan on fact_tbl f",
        "  Filter: (subplan)",
        "  SubPlan",
        "    ->  XN Seq Scan on dim_tbl d",
        "          Filter: (k = f.v)",
    ],
}


@pytest.mark.parametrize("sql", PLANS)
def test_each_clause_is_a_step(explaining, sql):
    assert steps(explaining, f"EXPLAIN {sql}", ADMIN) == PLANS[sql]


@pytest.mark.parametrize("number", [f"{number:02}" for number in range(1, 23)])
def test_tpch_is_explained(number):
    redshift = Redshift()
    for name, columns in TABLES.items():
        redshift.execute(f"CREATE TABLE {name} ({columns})", user=ADMIN)
    found = plan(redshift, f"EXPLAIN {(QUERIES / f'{number}.sql').read_text()}", ADMIN)
    assert all(line == line.rstrip() and "SELECT " not in line for line in found)
    assert any("Seq Scan on lineitem" in line or "Seq Scan on part" in line for line in found) or number in (
        "13",
        "22",
    )


def test_a_parameter_is_a_value_of_the_plan(shared):
    found = steps(shared, "EXPLAIN SELECT 1 FROM sales_data WHERE city = :city", parameters={"city": "Li'ma"})
    assert found == ["XN RLS SecureScan sales_data", "  Filter: ((city)::text = 'Li''ma'::text)"]


def test_it_tells_what_the_user_and_the_clock_are_asked_for_and_not_what_they_are(shared):
    asked = "EXPLAIN SELECT 1 FROM sales_data WHERE city = current_user AND timestamp < getdate()"
    assert steps(shared, asked)[1] == (
        '  Filter: (((city)::text = "current_user"()) AND ("timestamp" < getdate()))'
    )


def test_it_runs_nothing(shared):
    assert steps(shared, "EXPLAIN SELECT 1 / 0") == ["XN Result"]
    assert steps(shared, "EXPLAIN SELECT city::INT FROM sales_data") == ["XN RLS SecureScan sales_data"]


def test_it_is_a_statement_of_the_history_that_applied_no_policy(redshift):
    sql = "EXPLAIN SELECT 1 FROM sales_data"
    redshift.execute(sql, user=FRANK)
    history = "SELECT query_type, status, returned_rows FROM sys_query_history WHERE query_text = '{}'"
    ((kind, status, rows),) = [
        tuple(row.values()) for row in redshift.execute(history.format(sql), user=FRANK).table.to_pylist()
    ]
    assert (kind.strip(), status.strip(), rows) == ("UTILITY", "success", 1)
    applied = "SELECT count(*) AS n FROM svv_rls_applied_policy"
    assert redshift.execute(applied, user=ADMIN).table.to_pylist() == [{"n": 0}]


# As much of it as r_EXPLAIN shows
VERBOSE = """\
{HASHJOIN
:startup_cost 10.00
:total_cost 40.00
:plan_rows 1000
:plan_width 4
:best_pathkeys <>
:dist_info DS_DIST_ALL_NONE
:lefttree
   {SEQSCAN
   :startup_cost 0.00
"""


def test_verbose_puts_the_tree_before_the_plan(explaining):
    asked = "SELECT f.v FROM fact_tbl f JOIN dim_tbl d ON f.v = d.k"
    found = "\n".join(plan(explaining, f"EXPLAIN VERBOSE {asked}", ADMIN))
    assert found.startswith(VERBOSE)
    assert found.endswith("\n}\n\n" + "\n".join(plan(explaining, f"EXPLAIN {asked}", ADMIN)))


REFUSED = {
    "EXPLAIN SELECT * FROM salaries": "42501",
    "EXPLAIN SELECT * FROM hr.notes": "42501",
    "EXPLAIN SELECT nothing FROM sales_data": "42703",
    "EXPLAIN SELECT * FROM nothing": "42P01",
    "EXPLAIN SELECT city FROM sales_data a JOIN sales_data b ON true": "42702",
    "EXPLAIN SELECT city, count(*) FROM sales_data": "42803",
    "EXPLAIN SELECT :a": "22023",
    "EXPLAIN": "42601",
    "EXPLAIN SELECT 1; SELECT 2": "42601",
    "EXPLAIN EXPLAIN SELECT 1": "42601",
    "EXPLAIN ANALYZE SELECT 1": "42601",
    "EXPLAIN DROP TABLE sales_data": "42601",
    "EXPLAIN GRANT SELECT ON salaries TO PUBLIC": "42601",
    "EXPLAIN INSERT INTO sales_data SELECT * FROM sales_data": "0A000",
    "EXPLAIN DELETE FROM sales_data": "0A000",
    "EXPLAIN CREATE TABLE a AS SELECT 1": "0A000",
    "EXPLAIN WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n": "0A000",
}


@pytest.mark.parametrize("sql", REFUSED)
def test_what_would_not_run_is_not_explained(shared, sql):
    with pytest.raises(SqlError) as refusal:
        shared.execute(sql, user=FRANK)
    assert refusal.value.sqlstate == REFUSED[sql]
