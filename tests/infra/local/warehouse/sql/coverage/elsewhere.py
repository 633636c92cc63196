"""The groups of functions of which the stand-in has few or none."""

from tests.infra.local.warehouse.sql.coverage.case import Fault, Group, differs, refused, runs

BYTES = Group(
    "VARBYTE functions",
    "varbyte-functions",
    (
        refused("FROM_HEX, TO_HEX", "from_hex('616263')"),
        refused("FROM_HEX, TO_HEX", "to_hex('abc')"),
        refused("FROM_VARBYTE, TO_VARBYTE", "from_varbyte('616263', 'hex')"),
        refused("FROM_VARBYTE, TO_VARBYTE", "to_varbyte('616263', 'hex')"),
        refused("VARBYTE", "'abc'::varbyte"),
    ),
)
SKETCHES = Group(
    "HyperLogLog functions",
    "hyperloglog-functions",
    (
        refused("HLL", "SELECT hll(n) FROM (SELECT 1 AS n) x"),
        refused(
            "HLL_CREATE_SKETCH, HLL_CARDINALITY, HLL_COMBINE, HLL_COMBINE_SKETCHES", "hll_create_sketch(1)"
        ),
    ),
)
MODELS = Group("Machine learning functions", "ml-function", (refused("EXPLAIN_MODEL", "explain_model('m')"),))
SPATIAL = Group(
    "Spatial functions",
    "geospatial-functions",
    (
        refused("ST_…", "st_distance('POINT(0 0)', 'POINT(1 1)')"),
        refused("ST_…", "st_astext('01010000000000000000001C400000000000002040')"),
        refused("GEOMETRY, GEOGRAPHY", "'010100000000000000000014400000000000001840'::geometry"),
    ),
)
_MEMBERSHIP = "USER_IS_MEMBER_OF, ROLE_IS_MEMBER_OF"
ADMINISTRATION = Group(
    "System administration functions",
    "r_System_administration_functions",
    (
        refused("CURRENT_SETTING, SET_CONFIG", "current_setting('timezone')"),
        refused("CURRENT_SETTING, SET_CONFIG", "set_config('timezone', 'UTC', true)"),
        refused("PG_CANCEL_BACKEND, PG_TERMINATE_BACKEND", "pg_cancel_backend(1)"),
        refused("PG_CANCEL_BACKEND, PG_TERMINATE_BACKEND", "pg_terminate_backend(1)"),
        refused(
            "CHANGE_QUERY_PRIORITY, CHANGE_SESSION_PRIORITY, CHANGE_USER_PRIORITY",
            "change_query_priority(1, 'Low')",
        ),
        refused("REBOOT_CLUSTER", "reboot_cluster()"),
    ),
)
INFORMATION = Group(
    "System information functions",
    "r_System_information_functions",
    (
        runs("CURRENT_DATABASE", "current_database()", "dev"),
        runs("CURRENT_SCHEMA", "current_schema()", "public"),
        runs("CURRENT_USER, USER, SESSION_USER", "current_user", "AWSIDC:frank@example.com"),
        runs("CURRENT_USER, USER, SESSION_USER", "user", "AWSIDC:frank@example.com"),
        runs("CURRENT_USER, USER, SESSION_USER", "session_user", "AWSIDC:frank@example.com"),
        refused("CURRENT_AWS_ACCOUNT, CURRENT_NAMESPACE, DEFAULT_IAM_ROLE", "current_aws_account()"),
        refused("HAS_…_PRIVILEGE", "has_table_privilege('frank', 'winsales', 'select')"),
        refused("HAS_…_PRIVILEGE", "has_schema_privilege('frank', 'public', 'usage')"),
        runs(
            "PG_GET_SESSION_ROLES",
            "SELECT name FROM pg_get_session_roles() AS session_roles(name name, roleid integer)",
            [("AWSIDC:amer-sales",)],
        ),
        refused("PG_…", "pg_backend_pid()"),
        refused("PG_…", "pg_last_query_id()"),
        refused("SLICE_NUM", "slice_num()"),
        runs(
            _MEMBERSHIP,
            "user_is_member_of(current_user, 'AWSIDC:amer-sales')",
            True,
        ),
        runs(_MEMBERSHIP, "user_is_member_of('ethan', 'analysts')", Fault("42501")),
        runs(_MEMBERSHIP, "role_is_member_of('AWSIDC:amer-sales', 'sales_ro')", True),
        refused(
            _MEMBERSHIP,
            "SELECT user_is_member_of(u, 'sales_ro') FROM (SELECT current_user AS u) x",
            "names that are not written in the statement",
        ),
        refused("VERSION", "version()"),
    ),
    setup="""
        CREATE ROLE "AWSIDC:amer-sales"; CREATE ROLE sales_ro; GRANT ROLE sales_ro TO ROLE "AWSIDC:amer-sales"
    """,
)
EXPLAIN = Group(
    "EXPLAIN",
    "r_EXPLAIN",
    (
        differs(
            "EXPLAIN",
            "EXPLAIN SELECT sellerid FROM winsales WHERE qty > 20",
            [("XN Seq Scan on winsales  (cost=0.00..20.00 rows=333 width=4)",), ("  Filter: (qty > 20)",)],
            "steps follow the statement as it is written; costs and rows tell nothing of the tables",
        ),
        refused(
            "EXPLAIN",
            "EXPLAIN WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
            "WITH RECURSIVE",
        ),
        refused("EXPLAIN", "EXPLAIN DELETE FROM winsales", "INSERT, UPDATE, DELETE, CREATE TABLE AS"),
    ),
)
