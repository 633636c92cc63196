"""The administrative grammar: what a text says, and that any text is read or refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.warehouse import SqlError
from infra.local.warehouse.admin import statements as s
from infra.local.warehouse.admin.grammar import KEYWORDS, parse
from infra.local.warehouse.objects import DATABASE, PUBLIC, UNNAMED, ColumnDefinition, Grantee, TableKey
from infra.local.warehouse.sql.sqltypes import sql_type

T = TableKey(UNNAMED, "t")
MADE = TableKey("public", "t")  # a bare name that CREATE gives
ANN, CLERK = Grantee("user", "ann"), Grantee("role", "clerk")


def column(name, kind, *arguments, nullable=True):
    return ColumnDefinition(name, sql_type(kind, arguments), nullable=nullable)


def privileges(give, named, *grantees, tables=(), schemas=(), **more):
    every = more.pop("every_table", False)
    return s.ChangePrivileges(give, named, schemas, tables, every, grantees, **more)


READ = {
    # tables
    "CREATE TABLE a.t (x INT NOT NULL, y CHAR(MAX) ENCODE lzo) DISTKEY(x) SORTKEY AUTO;": s.CreateTable(
        TableKey("a", "t"),
        (column("x", "int", nullable=False), column("y", "char", 4096)),
        if_not_exists=False,
    ),
    "CREATE TABLE #t (x INT)": s.CreateTable(
        TableKey("public", "#t"), (column("x", "int"),), if_not_exists=False, temporary=True
    ),
    "CREATE LOCAL TEMP TABLE t (x INT)": s.CreateTable(
        MADE, (column("x", "int"),), if_not_exists=False, temporary=True
    ),
    "CREATE TABLE t AS SELECT 1 AS x": s.CreateTableAs(MADE, (), "SELECT 1 AS x"),
    "create table t (a, b) diststyle all as (select 1, 2) ;": s.CreateTableAs(
        MADE, ("a", "b"), "(select 1, 2)"
    ),
    "CREATE TABLE #t AS SELECT 1": s.CreateTableAs(TableKey("public", "#t"), (), "SELECT 1", temporary=True),
    "DROP TABLE IF EXISTS t, dev.a.u CASCADE": s.DropTable((T, TableKey("a", "u")), True, True),
    "ALTER TABLE t OWNER TO ann": s.AlterTableOwner(T, "ann"),
    "ALTER TABLE t RENAME TO U": s.RenameTable(T, "u"),
    "ALTER TABLE t RENAME COLUMN a TO b": s.RenameColumn(T, "a", "b"),
    "ALTER TABLE t ADD COLUMN b DECIMAL(10,2) NULL": s.AddColumn(T, column("b", "decimal", 10, 2)),
    "ALTER TABLE t DROP COLUMN b RESTRICT": s.DropColumn(T, "b"),
    "ALTER TABLE t ROW LEVEL SECURITY ON CONJUNCTION TYPE OR": s.AlterRowLevelSecurity(T, True, "OR"),
    "TRUNCATE TABLE t": s.Truncate(T),
    "ANALYZE VERBOSE t (a, b) PREDICATE COLUMNS": s.Maintenance("ANALYZE", T),
    "VACUUM SORT ONLY t TO 75 PERCENT BOOST": s.Maintenance("VACUUM", T),
    # views
    "CREATE VIEW t AS SELECT 1": s.CreateView(MADE, (), "SELECT 1"),
    "CREATE OR REPLACE VIEW t (a) AS /* why */ SELECT x -- what\n FROM u WITH NO SCHEMA BINDING;": (
        s.CreateView(MADE, ("a",), "SELECT x -- what\n FROM u", replace=True, bound=False)
    ),
    "CREATE VIEW t AS SELECT 'with no schema binding'": s.CreateView(
        MADE, (), "SELECT 'with no schema binding'"
    ),
    'CREATE VIEW t AS SELECT 1 AS with, 2 AS "no" FROM schema."binding"': s.CreateView(
        MADE, (), 'SELECT 1 AS with, 2 AS "no" FROM schema."binding"'
    ),
    "CREATE MATERIALIZED VIEW t BACKUP NO DISTSTYLE EVEN AUTO REFRESH YES AS SELECT 1": (
        s.CreateMaterializedView(MADE, "SELECT 1", auto_refresh=True)
    ),
    "REFRESH MATERIALIZED VIEW t RESTRICT": s.RefreshView(T),
    "DROP VIEW IF EXISTS t": s.DropView((T,), True, False, False),
    "DROP MATERIALIZED VIEW t CASCADE": s.DropView((T,), False, True, True),
    "ALTER MATERIALIZED VIEW t ROW LEVEL SECURITY OFF": s.AlterRowLevelSecurity(T, False, None),
    # schemas, users, roles
    "CREATE SCHEMA IF NOT EXISTS a AUTHORIZATION ann": s.CreateSchema("a", True, "ann"),
    'CREATE SCHEMA AUTHORIZATION "Ann"': s.CreateSchema("ann", False, "Ann"),
    "ALTER SCHEMA a OWNER TO ann": s.AlterSchemaOwner("a", "ann"),
    "DROP SCHEMA a, b CASCADE": s.DropSchema(("a", "b"), False, True),
    "CREATE USER ann PASSWORD DISABLE": s.CreateUser("ann"),
    "CREATE USER ann WITH PASSWORD 'abcD1234' NOCREATEDB CREATEUSER": s.CreateUser("ann", superuser=True),
    "CREATE USER CREATEUSER PASSWORD 'sha256|Mypassword1'": s.CreateUser("createuser"),
    "CREATE USER myco_aad:bob PASSWORD DISABLE": s.CreateUser("myco_aad:bob"),
    "ALTER USER ann NOCREATEUSER": s.AlterUser("ann", superuser=False),
    "ALTER USER ann PASSWORD 'abcD1234'": s.AlterUser("ann", superuser=None),
    "DROP USER IF EXISTS ann, bob": s.DropUser(("ann", "bob"), if_exists=True),
    "CREATE ROLE clerk": s.CreateRole("clerk"),
    "ALTER ROLE clerk WITH OWNER TO ann": s.AlterRoleOwner("clerk", "ann"),
    "DROP ROLE clerk FORCE": s.DropRole("clerk", force=True),
    "DROP ROLE clerk RESTRICT": s.DropRole("clerk", force=False),
    # policies
    "CREATE RLS POLICY p WITH (x INT) AS r USING (r.x IN (SELECT x FROM u))": s.CreatePolicy(
        "p", (column("x", "int"),), "r", "r.x IN (SELECT x FROM u)", if_not_exists=False
    ),
    "ATTACH RLS POLICY dev.p ON TABLE t, a.u TO ann, ROLE clerk": s.ChangeAttachment(
        True, "p", (T, TableKey("a", "u")), (ANN, CLERK)
    ),
    "DROP RLS POLICY IF EXISTS p CASCADE": s.DropPolicy("p", True, True),
    "CREATE MASKING POLICY IF NOT EXISTS p WITH (a INT, b TEXT) USING (a + 1, left(b, 2))": (
        s.CreateMaskingPolicy("p", (column("a", "int"), column("b", "text")), ("a + 1", "left(b, 2)"), True)
    ),
    "CREATE MASKING POLICY p IF NOT EXISTS WITH (a INT) USING ((a, a + 1))": s.CreateMaskingPolicy(
        "p", (column("a", "int"),), ("a", "a + 1"), True
    ),
    "ALTER MASKING POLICY p USING ((a) + (b))": s.AlterMaskingPolicy("p", ("(a) + (b)",)),
    "DROP MASKING POLICY p": s.DropMaskingPolicy("p"),
    "ATTACH MASKING POLICY p ON t(a, b) USING (c, a) TO ROLE clerk PRIORITY 20": s.ChangeMask(
        True, "p", T, ("a", "b"), ("c", "a"), CLERK, 20
    ),
    "DETACH MASKING POLICY p ON t(a) FROM PUBLIC": s.ChangeMask(False, "p", T, ("a",), (), PUBLIC),
    # privileges
    "GRANT SELECT, UPDATE ON TABLE t TO ann WITH GRANT OPTION": privileges(
        True, {"SELECT": None, "UPDATE": None}, ANN, tables=(T,), option=True
    ),
    "GRANT SELECT (a, b), UPDATE (a) ON t TO ROLE clerk": privileges(
        True, {"SELECT": frozenset("ab"), "UPDATE": frozenset("a")}, CLERK, tables=(T,)
    ),
    "GRANT ALL PRIVILEGES (a) ON t TO PUBLIC": privileges(
        True, {"SELECT": frozenset("a"), "UPDATE": frozenset("a")}, PUBLIC, tables=(T,), everything=True
    ),
    "REVOKE GRANT OPTION FOR DELETE ON ALL TABLES IN SCHEMA a, b FROM ann CASCADE": privileges(
        False, {"DELETE": None}, ANN, schemas=("a", "b"), every_table=True, option=True, cascade=True
    ),
    "GRANT CREATE, USAGE ON SCHEMA a TO ROLE clerk": privileges(
        True, {"CREATE": None, "USAGE": None}, CLERK, schemas=("a",)
    ),
    "REVOKE TEMPORARY ON DATABASE dev FROM PUBLIC": privileges(
        False, {"TEMP": None}, PUBLIC, schemas=(DATABASE,)
    ),
    "GRANT SELECT ON t TO RLS POLICY p, q": privileges(
        True, {"SELECT": None}, Grantee("rls policy", "p"), Grantee("rls policy", "q"), tables=(T,)
    ),
    "REVOKE SELECT ON t FROM MASKING POLICY p": privileges(
        False, {"SELECT": None}, Grantee("masking policy", "p"), tables=(T,)
    ),
    "GRANT ROLE sys:dba, ROLE clerk TO ann WITH ADMIN OPTION": s.ChangeMembership(
        True, ("sys:dba", "clerk"), (ANN,), option=True
    ),
    "REVOKE ADMIN OPTION FOR clerk FROM ann": s.ChangeMembership(False, ("clerk",), (ANN,), option=True),
    "GRANT CREATE OR REPLACE VIEW, DROP VIEW, EXPLAIN RLS TO ROLE clerk": s.ChangeSystemPrivileges(
        True, ("CREATE OR REPLACE VIEW", "DROP VIEW", "EXPLAIN RLS"), (CLERK,)
    ),
    # the session
    "SET SESSION AUTHORIZATION 'Ann'": s.SetSessionAuthorization("Ann"),
    "SET SESSION AUTHORIZATION DEFAULT": s.SetSessionAuthorization(None),
    "RESET SESSION AUTHORIZATION": s.SetSessionAuthorization(None),
    "SET query_group TO 'Monday'": s.SetParameter("query_group", "Monday"),
    'SET search_path = "$user", public': s.SetParameter("search_path", "$user, public"),
    "SET SESSION query_group = DEFAULT": s.SetParameter("query_group", None),
    "RESET query_group": s.SetParameter("query_group", None),
}


@pytest.mark.parametrize("sql", READ)
def test_a_statement_is_what_its_words_say(sql):
    assert parse(sql, database="dev") == READ[sql]


REFUSED = {
    "42601": [
        "CREATE TABLE t ()",
        "CREATE TABLE t (x INT) AS SELECT 1",
        "CREATE TABLE IF NOT EXISTS t AS SELECT 1",
        "CREATE TABLE t AS",
        "CREATE TABLE t (x VARCHAR(1, 2))",
        "CREATE TABLE t (x DECIMAL(9, 2, 3))",
        "CREATE TABLE t (x INT(4))",
        f"CREATE TABLE t (x VARCHAR({'9' * 5000}))",
        "CREATE VIEW t AS ;",
        "CREATE VIEW t AS SELECT 1; DROP TABLE t",
        "CREATE USER ann",
        "ALTER USER ann",
        "DROP MASKING POLICY p CASCADE",
        "DROP ROLE clerk FORCE RESTRICT",
        "ATTACH MASKING POLICY p ON t TO PUBLIC",
        "ATTACH MASKING POLICY p ON t() TO PUBLIC",
        "ATTACH MASKING POLICY p ON t(a) TO PUBLIC PRIORITY -1",
        "ATTACH MASKING POLICY p ON t(a) TO PUBLIC PRIORITY 1.5",
        "DETACH MASKING POLICY p ON t(a) FROM PUBLIC PRIORITY 1",
        "GRANT SELECT TO ROLE clerk",
        "GRANT SELECT ON t",
        "GRANT SELECT ON t TO",
        "GRANT SELECT ON t TO ann CASCADE",
        "REVOKE GRANT OPTION FOR CREATE USER FROM ROLE clerk",
        "REVOKE SELECT ON t FROM ann WITH GRANT OPTION",
        "SET query_group",
        "SET query_group TO",
        "REFRESH VIEW t",
        "GRANT SELECT ON t TO ann /* never closed",
        "GRANT SELECT ON t TO 'ann'",
    ],
    "0A000": [
        "CREATE PROCEDURE p() AS 'x'",
        "CREATE EXTERNAL TABLE t (x INT)",
        "CREATE TABLE t (LIKE u)",
        "CREATE VIEW #v AS SELECT 1",
        "CREATE ROLE clerk EXTERNALID 'x'",
        "CREATE USER ann PASSWORD DISABLE IN GROUP g",
        "CREATE USER ann PASSWORD DISABLE SYSLOG ACCESS UNRESTRICTED",
        "ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(20)",
        "ALTER TABLE t DROP COLUMN a CASCADE",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ann",
        "ALTER SCHEMA a RENAME TO b",
        "ALTER MATERIALIZED VIEW t AUTO REFRESH YES",
        "REFRESH MATERIALIZED VIEW t CASCADE",
        "DROP DATABASE dev",
        "GRANT SELECT FOR TABLES IN SCHEMA a TO ROLE clerk",
        "GRANT USAGE ON LANGUAGE sql TO ann",
        "GRANT SELECT ON t TO GROUP g",
        "GRANT ASSUMEROLE ON ALL TO ann FOR COPY",
        "ATTACH MASKING POLICY p ON t(a.b) TO PUBLIC",
        "ATTACH MASKING POLICY p ON t(a) TO ann, bob",
        "DROP RLS POLICY other.p",
        "SET LOCAL SESSION AUTHORIZATION ann",
        "SET timezone TO 'Europe/Paris'",
        "SET search_path TO secret",
        "SET statement_timeout TO 1000",
        "SET enable_case_sensitive_identifier TO true",
        "SET memory_limit = '10GB'",
        "RESET ALL",
    ],
    "0LP01": [
        "GRANT SELECT ON t TO ROLE clerk WITH GRANT OPTION",
        "GRANT SELECT ON t TO PUBLIC WITH GRANT OPTION",
        "GRANT SELECT ON t TO ann, PUBLIC WITH GRANT OPTION",
        "GRANT SELECT (a) ON t TO ann WITH GRANT OPTION",
        "REVOKE GRANT OPTION FOR SELECT ON t FROM ROLE clerk",
        "GRANT INSERT (a) ON t TO ann",
        "GRANT SELECT (a) ON ALL TABLES IN SCHEMA a TO ann",
        "GRANT USAGE ON t TO ann",
        "GRANT SELECT ON SCHEMA a TO ann",
        "GRANT SELECT ON DATABASE dev TO ann",
        "GRANT TEMP ON SCHEMA a TO ann",
        "GRANT INSERT ON t TO RLS POLICY p",
        "GRANT SELECT (a) ON t TO MASKING POLICY p",
        "GRANT IGNORE RLS TO ann",
        "GRANT ACCESS SYSTEM TABLE TO PUBLIC",
        "GRANT ROLE clerk TO ROLE other WITH ADMIN OPTION",
    ],
    "3D000": ["GRANT CREATE ON DATABASE other TO ann"],
    "42P16": ["CREATE TEMP TABLE a.t (x INT)", "CREATE TABLE a.#t (x INT)"],
    "42602": ["ALTER TABLE t RENAME TO #u"],
    "22023": [
        "CREATE USER ann PASSWORD 'short1A'",
        "CREATE USER ann PASSWORD 'nodigitsAtall'",
        "CREATE USER ann PASSWORD 'with/slash1A'",
        "CREATE USER ann PASSWORD ''",
        "CREATE TABLE t (x VARCHAR(99999))",
    ],
}


@pytest.mark.parametrize(
    ("sql", "sqlstate"), [(sql, sqlstate) for sqlstate, texts in REFUSED.items() for sql in texts]
)
def test_what_is_no_statement_of_ours_is_refused_by_its_code(sql, sqlstate):
    with pytest.raises(SqlError) as caught:
        parse(sql, database="dev")
    assert caught.value.sqlstate == sqlstate, caught.value.message


def _words():
    texts = [*READ, *(sql for sqls in REFUSED.values() for sql in sqls if len(sql) < 200)]
    return sorted({word for sql in texts for word in sql.replace("(", " ( ").replace(")", " ) ").split()})


WORDS = st.sampled_from(
    [*_words(), ",", ";", ".", "::", '"', "'", "--", "/*", "*/", "\n", "#", "0", "é", "\0"]
)


@settings(max_examples=250, deadline=None)
@given(keyword=st.sampled_from(sorted(KEYWORDS)), words=st.lists(WORDS, max_size=25))
def test_any_words_are_read_or_refused(keyword, words):
    _read_or_refuse(" ".join([keyword, *words]))


@settings(max_examples=200, deadline=None)
@given(sql=st.sampled_from(sorted(READ)), data=st.data())
def test_a_statement_with_words_missing_doubled_or_strange_is_read_or_refused(sql, data):
    words = sql.split(" ")
    at = data.draw(st.integers(0, len(words) - 1))
    words[at : at + 1] = data.draw(
        st.lists(st.one_of(WORDS, st.just(words[at]), st.text(max_size=3)), max_size=3)
    )
    _read_or_refuse(" ".join(words))


@settings(max_examples=100, deadline=None)
@given(sql=st.text(max_size=80))
def test_any_text_is_refused(sql):
    _read_or_refuse(sql)


def _read_or_refuse(sql):
    try:
        found = parse(sql, database="dev")
    except SqlError:
        return
    assert isinstance(found, s.Statement)


@pytest.mark.parametrize(
    "sql",
    [
        "GRANT SELECT ON " + ", ".join(["t"] * 20_000) + " TO PUBLIC",
        "CREATE RLS POLICY p USING (" + "(" * 40_000 + ")" * 40_000 + ")",
        "CREATE MASKING POLICY p WITH (a INT) USING (" + "(" * 40_000 + "a" + ")" * 40_000 + ")",
        "CREATE MASKING POLICY p WITH (a INT) USING (" + ",".join(["a"] * 40_000) + ")",
        "CREATE VIEW v AS SELECT " + "/**/" * 24_000 + "1" + ";" * 2_000,
        "DROP TABLE t" + "/*" * 40_000,
        "DROP TABLE " + '"' * 90_001,
        "CREATE TABLE t (a INT DEFAULT " + "(1)" * 30_000 + ")",
    ],
)
def test_a_statement_of_the_greatest_length_is_read_once(sql):
    """100 KB of one thing: what reads a part of it again and again would not come to an end."""
    _read_or_refuse(sql)
