"""The database underneath is locked, is asked what a query would touch, and bounds rows before conditions."""

import json

import duckdb
import pytest

from infra.local.warehouse import SqlError
from infra.local.warehouse.access.rewrite import Compiler
from infra.local.warehouse.access.rights import rights_of
from infra.local.warehouse.database import Database, check_reach
from infra.local.warehouse.sql.context import Context
from tests.infra.local.warehouse.access.hostile.world import FRANK, shared


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM orders WHERE note LIKE '%98765%'",
        "SELECT count(*) FROM orders WHERE 1 / (amount - strpos(note, '98765')) > -10",
        "SELECT count(*) FROM (SELECT strpos(note, '98765') AS x FROM orders) AS t WHERE x > 0",
        "WITH t AS (SELECT * FROM orders) SELECT count(*) FROM t WHERE city LIKE '%98765%'",
        "SELECT count(*) FROM orders a JOIN orders b ON a.id = b.id AND b.city LIKE '%98765%'",
        "SELECT city FROM orders GROUP BY 1 HAVING city LIKE '%98765%'",
    ],
)
def test_a_persons_conditions_are_evaluated_after_the_policies(sql):
    """In DuckDB's plan, what reads the stored rows knows the policy and nothing of the person's."""
    redshift = shared("planted")
    rights = rights_of(FRANK, redshift._catalog, namespace="AWSIDC")
    storage = redshift._duckdb.storage
    compiled = Compiler(rights, Context.at(FRANK.name, "dev"), storage, "k", lambda _: rights, str).compile(
        sql, {}
    )
    ((_, plan),) = redshift._duckdb.session().execute(f"EXPLAIN (FORMAT json) {compiled.sql}").fetchall()
    ctes = [node for node in walk(json.loads(plan)) if node.get("name") == "CTE"]
    for cte in ctes:  # one inside the other's second part
        stored, _ = cte["children"]
        assert "AMER" in json.dumps(stored)
        assert "98765" not in json.dumps(stored)
    asked = json.dumps(ctes[-1]["children"][1])
    assert "98765" in asked
    assert storage not in asked


def walk(tree):
    for node in tree if isinstance(tree, list) else [tree]:
        yield node
        yield from walk(node["children"])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM other.t",
        "SELECT (SELECT max(a) FROM other.t)",
        "WITH x AS (SELECT * FROM other.t) SELECT * FROM x",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM other.t)",
        "SELECT 1; SELECT 2",
        "CREATE TABLE other.u (a INT)",
        "SET threads = 1",
        "SELECT * FROM duckdb_tables",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM sqlite_master",
        "SELECT (SELECT max(table_name) FROM duckdb_tables)",
        "WITH x AS (WITH duckdb_tables AS (SELECT 1) SELECT 1) SELECT * FROM duckdb_tables",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM range(3)",
        "SELECT * FROM (VALUES (1)) AS x",
        "SHOW TABLES",
        "DESCRIBE SELECT 1",
    ],
)
def test_duckdb_itself_is_asked_what_a_query_would_touch(sql):
    session = Database(threads=1).session()
    session.execute("CREATE SCHEMA other")
    session.execute("CREATE TABLE other.t (a INT)")
    with pytest.raises(SqlError):
        check_reach(session, sql, frozenset({"other.allowed"}))


@pytest.mark.parametrize(
    "sql",
    [
        "SET threads = 1",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/rowlight-warehouse.csv'",
        "ATTACH '/tmp/rowlight-warehouse.db'",
        "INSTALL httpfs",
        "SELECT * FROM python_variable",
    ],
)
def test_the_duckdb_underneath_is_locked_down(sql):
    python_variable = [1]
    assert python_variable
    with pytest.raises(duckdb.Error):
        Database(threads=1).session().execute(sql)
