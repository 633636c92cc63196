"""Views, materialized views and CREATE TABLE AS: whose rights decide, and what each of them keeps."""

import pytest

from infra.local.warehouse import DbUser, Redshift, SqlError

ADMIN = DbUser("admin", superuser=True)
FRANK = DbUser("AWSIDC:frank@example.com", groups=frozenset({"amer-sales"}))
OWEN = DbUser("AWSIDC:owen@example.com", groups=frozenset({"owners"}))
WORLD = """
CREATE ROLE "AWSIDC:amer-sales";
CREATE ROLE "AWSIDC:owners";
CREATE TABLE orders (id INT, region VARCHAR(10), amount DECIMAL(10,2), secret VARCHAR(20));
INSERT INTO orders VALUES (1, 'AMER', 10.50, 's1'), (2, 'AMER', 20.25, 's2'), (3, 'EMEA', 30, 's3');
CREATE RLS POLICY amer WITH (region VARCHAR(10)) USING (region = 'AMER');
ATTACH RLS POLICY amer ON orders TO ROLE "AWSIDC:amer-sales";
ALTER TABLE orders ROW LEVEL SECURITY ON;
CREATE TABLE plain (id INT, kind VARCHAR(5));
INSERT INTO plain VALUES (1, 'a'), (2, 'b');
GRANT SELECT ON plain TO ROLE "AWSIDC:owners"
"""


@pytest.fixture
def redshift():
    made = Redshift()
    run(made, WORLD)
    return made


def run(redshift, script, user=ADMIN):
    for statement in script.split(";"):
        redshift.execute(statement, user=user)


def rows(redshift, sql, user=ADMIN, **options):
    return [tuple(row.values()) for row in redshift.execute(sql, user=user, **options).table.to_pylist()]


def refused(redshift, sql, sqlstate, user=ADMIN, **options):
    with pytest.raises(SqlError) as caught:
        redshift.execute(sql, user=user, **options)
    assert caught.value.sqlstate == sqlstate


def test_a_view_needs_no_right_to_what_is_below_and_shows_the_readers_own_rows(redshift):
    run(redshift, 'CREATE VIEW v AS SELECT * FROM orders; GRANT SELECT ON v TO ROLE "AWSIDC:amer-sales"')
    refused(redshift, "SELECT id FROM orders", "42501", FRANK)
    assert rows(redshift, "SELECT id FROM v ORDER BY id", FRANK) == [(1,), (2,)]
    assert rows(redshift, "SELECT count(*) FROM v") == [(3,)]


def test_policies_reach_through_views_over_views_and_views_without_binding(redshift):
    run(
        redshift,
        """CREATE VIEW a AS SELECT region, sum(amount) AS total FROM orders GROUP BY 1;
        CREATE VIEW b(r, t) AS SELECT region, total * 2 FROM a;
        CREATE VIEW late AS SELECT * FROM public.b WITH NO SCHEMA BINDING;
        GRANT SELECT ON late TO ROLE "AWSIDC:amer-sales" """,
    )
    found = redshift.execute("SELECT * FROM late", user=FRANK)
    assert [column.name for column in found.columns] == ["r", "t"]
    assert [(r["r"], str(r["t"])) for r in found.table.to_pylist()] == [("AMER", "61.50")]


def test_a_view_is_read_with_its_owners_rights_of_the_moment(redshift):
    run(redshift, "CREATE VIEW mine AS SELECT kind FROM plain", OWEN)
    run(redshift, "GRANT SELECT ON mine TO PUBLIC", OWEN)
    assert rows(redshift, "SELECT kind FROM mine ORDER BY 1", FRANK) == [("a",), ("b",)]
    run(redshift, 'REVOKE SELECT ON plain FROM ROLE "AWSIDC:owners"')
    refused(redshift, "SELECT kind FROM mine", "42501", FRANK)
    refused(redshift, "SELECT kind FROM mine", "42501", OWEN)


def test_an_owner_who_lost_the_group_at_the_provider_shows_nothing_more(redshift):
    run(redshift, "CREATE VIEW mine AS SELECT kind FROM plain; GRANT SELECT ON mine TO PUBLIC", OWEN)
    assert len(rows(redshift, "SELECT kind FROM mine", FRANK)) == 2
    redshift.execute("SELECT 1", user=DbUser(OWEN.name))
    refused(redshift, "SELECT kind FROM mine", "42501", FRANK)


def test_a_view_hides_the_rows_that_its_own_condition_leaves_out(redshift):
    run(redshift, "CREATE VIEW v AS SELECT id, kind FROM plain WHERE id > 1; GRANT SELECT ON v TO PUBLIC")
    assert rows(redshift, "SELECT kind FROM v WHERE 1 / (id - 1) > 0", FRANK) == [("b",)]


def test_a_policy_on_a_view_bounds_the_view(redshift):
    run(
        redshift,
        """CREATE VIEW v AS SELECT id, kind FROM plain;
        GRANT SELECT ON v TO PUBLIC;
        CREATE RLS POLICY ones WITH (id INT) USING (id = 1);
        ATTACH RLS POLICY ones ON v TO ROLE "AWSIDC:amer-sales";
        ALTER TABLE v ROW LEVEL SECURITY ON""",
    )
    assert rows(redshift, "SELECT kind FROM v", FRANK) == [("a",)]
    assert rows(redshift, "SELECT kind FROM v", OWEN) == []


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("CREATE VIEW v AS SELECT secret FROM orders", "42501"),
        ("CREATE VIEW v AS SELECT nothing FROM plain", "42703"),
        ("CREATE VIEW v AS SELECT 1 FROM nowhere", "42P01"),
        ("CREATE VIEW v AS SELECT id, id FROM plain", "42701"),
        ("CREATE VIEW v(a, b, c) AS SELECT id, kind FROM plain", "42601"),
        ("CREATE VIEW v AS SELECT id FROM plain WITH NO SCHEMA BINDING", "42601"),
        ("CREATE VIEW plain AS SELECT 1 AS a", "42P07"),
        ("CREATE VIEW hr.v AS SELECT 1 AS a", "3F000"),
        ("CREATE VIEW v AS SELECT id FROM plain; SELECT 1", "42601"),
    ],
)
def test_a_view_that_cannot_be(redshift, sql, sqlstate):
    refused(redshift, sql, sqlstate, OWEN)


def test_a_star_over_granted_columns_alone_makes_no_view(redshift):
    run(redshift, 'GRANT SELECT (id, region) ON orders TO ROLE "AWSIDC:owners"')
    refused(redshift, "CREATE VIEW v AS SELECT * FROM orders", "42501", OWEN)
    run(redshift, "CREATE VIEW v AS SELECT id, region FROM orders", OWEN)


def test_a_replaced_view_keeps_its_columns_its_owner_and_its_grants(redshift):
    run(redshift, "CREATE VIEW v AS SELECT id, kind FROM plain", OWEN)
    run(redshift, "GRANT SELECT ON v TO PUBLIC", OWEN)
    refused(redshift, "CREATE OR REPLACE VIEW v AS SELECT kind, id FROM plain", "42P16", OWEN)
    refused(redshift, "CREATE OR REPLACE VIEW v AS SELECT 1 AS id, 'x' AS kind", "42501", FRANK)
    run(redshift, "CREATE OR REPLACE VIEW v AS SELECT id, kind FROM plain WHERE id = 2", OWEN)
    assert rows(redshift, "SELECT * FROM v", FRANK) == [(2, "b")]


def test_views_that_would_read_themselves(redshift):
    run(redshift, "CREATE VIEW a AS SELECT id FROM plain; CREATE VIEW b AS SELECT id FROM a")
    refused(redshift, "CREATE OR REPLACE VIEW a AS SELECT id FROM b", "42P17")
    run(redshift, "CREATE VIEW x AS SELECT * FROM public.y WITH NO SCHEMA BINDING")
    run(redshift, "CREATE VIEW y AS SELECT * FROM public.x WITH NO SCHEMA BINDING")
    refused(redshift, "SELECT * FROM x", "42P17")


def test_views_that_double_what_they_read_cost_each_relation_once(redshift):
    run(redshift, "CREATE VIEW v0 AS SELECT id FROM plain")
    for number in range(1, 20):
        run(
            redshift,
            f"CREATE VIEW v{number} AS SELECT a.id FROM v{number - 1} a JOIN v{number - 1} b ON a.id = b.id",
        )
    assert rows(redshift, "SELECT id FROM v19 ORDER BY 1") == [(1,), (2,)]


def test_a_table_made_of_a_query_has_what_its_maker_saw_and_is_theirs(redshift):
    run(redshift, 'GRANT SELECT ON orders TO ROLE "AWSIDC:amer-sales"')
    assert (
        redshift.execute("CREATE TABLE kept AS SELECT id, amount FROM orders", user=FRANK).affected_rows == 2
    )
    found = redshift.execute("SELECT * FROM kept ORDER BY id", user=FRANK)
    assert [(c.type_name, c.precision, c.scale) for c in found.columns] == [
        ("int4", 10, 0),
        ("numeric", 10, 2),
    ]
    assert len(rows(redshift, "SELECT * FROM kept")) == 2
    refused(redshift, "SELECT * FROM kept", "42501", OWEN)
    refused(redshift, "CREATE TABLE kept AS SELECT 1 AS a", "42P07", FRANK)
    run(redshift, "DROP TABLE kept", FRANK)


def test_nothing_is_made_where_nobody_may_create(redshift):
    run(redshift, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    for sql in (
        "CREATE TABLE t AS SELECT 1 AS a",
        "CREATE VIEW t AS SELECT 1 AS a",
        "CREATE MATERIALIZED VIEW t AS SELECT 1 AS a",
    ):
        refused(redshift, sql, "42501", OWEN)


def test_a_materialized_view_keeps_its_rows_until_a_refresh(redshift):
    run(redshift, "CREATE MATERIALIZED VIEW m AS SELECT kind, count(*) AS n FROM plain GROUP BY kind")
    run(redshift, "GRANT SELECT ON m TO PUBLIC; INSERT INTO plain VALUES (3, 'a')")
    assert rows(redshift, "SELECT n FROM m WHERE kind = 'a'", FRANK) == [(1,)]
    refused(redshift, "REFRESH MATERIALIZED VIEW m", "42501", FRANK)
    run(redshift, "REFRESH MATERIALIZED VIEW m")
    assert rows(redshift, "SELECT n FROM m WHERE kind = 'a'", FRANK) == [(2,)]
    refused(redshift, "REFRESH MATERIALIZED VIEW plain", "42809")


def test_a_materialized_view_shows_nothing_once_its_owner_may_not_read_below(redshift):
    run(redshift, "CREATE MATERIALIZED VIEW m AS SELECT id FROM plain", OWEN)
    run(redshift, "GRANT SELECT ON m TO PUBLIC", OWEN)
    assert len(rows(redshift, "SELECT * FROM m", FRANK)) == 2
    run(redshift, 'REVOKE SELECT ON plain FROM ROLE "AWSIDC:owners"')
    refused(redshift, "SELECT * FROM m", "42501", FRANK)
    refused(redshift, "REFRESH MATERIALIZED VIEW m", "42501", OWEN)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM orders",
        "SELECT id FROM v",
        "SELECT id FROM plain ORDER BY id",
        "SELECT id FROM plain LIMIT 1",
        "SELECT role_name FROM svv_roles",
        "SELECT id FROM plain WHERE id IN (SELECT id FROM orders)",
    ],
)
def test_what_is_not_the_same_for_everybody_is_not_materialized(redshift, query):
    run(redshift, "CREATE VIEW v AS SELECT id FROM plain")
    refused(redshift, f"CREATE MATERIALIZED VIEW m AS {query}", "0A000")


def test_no_policy_comes_under_a_materialized_view(redshift):
    run(
        redshift,
        """CREATE MATERIALIZED VIEW m AS SELECT id FROM plain;
        CREATE RLS POLICY p WITH (id INT) USING (id = 1)""",
    )
    for sql in ("ATTACH RLS POLICY p ON plain TO PUBLIC", "ALTER TABLE plain ROW LEVEL SECURITY ON"):
        with pytest.raises(SqlError):
            redshift.execute(sql, user=ADMIN)
    assert rows(redshift, "SELECT count(*) FROM plain") == [(2,)]


def test_a_table_made_of_a_star_has_the_columns_that_its_maker_may_read(redshift):
    run(redshift, 'GRANT SELECT (id, region) ON orders TO ROLE "AWSIDC:amer-sales"')
    run(redshift, "CREATE TABLE mine AS SELECT * FROM orders", FRANK)
    assert rows(redshift, "SELECT * FROM mine ORDER BY 1", FRANK) == [(1, "AMER"), (2, "AMER")]
