"""Each view has Redshift's documented columns, in order and under their types."""

import pytest

from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR, sql_type
from infra.local.warehouse.system import SYSTEM_VIEWS
from tests.infra.local.warehouse.conftest import ADMIN, prepared

IDENTITY = "identity_id integer; identity_name text; identity_type text"
# From the pages of the developer guide; `text` has no limit there.
DOCUMENTED = {
    "svv_tables": "table_catalog text; table_schema text; table_name text; table_type text; remarks text",
    "svv_columns": (
        "table_catalog text; table_schema text; table_name text; column_name text; ordinal_position int;"
        "column_default text; is_nullable text; data_type text; character_maximum_length int;"
        "numeric_precision int; numeric_precision_radix int; numeric_scale int; datetime_precision int;"
        "interval_type text; interval_precision text; character_set_catalog text; character_set_schema text;"
        "character_set_name text; collation_catalog text; collation_schema text; collation_name text;"
        "domain_name text; remarks text"
    ),
    "svv_redshift_schemas": (
        "database_name varchar(128); schema_name varchar(128); schema_owner integer; schema_type varchar(16);"
        "schema_acl varchar(128); schema_option varchar(128)"
    ),
    "svv_redshift_tables": (
        "database_name varchar(128); schema_name varchar(128); table_name varchar(128);"
        "table_type varchar(128); table_acl varchar(128); remarks varchar(128); table_owner varchar(128)"
    ),
    "svv_redshift_columns": (
        "database_name varchar(128); schema_name varchar(128); table_name varchar(128);"
        "column_name varchar(128); ordinal_position integer; data_type varchar(32);"
        "column_default varchar(4000); is_nullable varchar(3); encoding varchar(128); distkey boolean;"
        "sortkey integer; column_acl varchar(128); remarks varchar(256)"
    ),
    "svv_redshift_databases": (
        "database_name varchar(128); database_owner integer; database_type varchar(32);"
        "database_acl varchar(128); database_options varchar(128); database_isolation_level varchar(128)"
    ),
    "svv_all_schemas": (
        "database_name varchar(128); schema_name varchar(128); schema_owner integer;"
        "schema_type varchar(128); schema_acl varchar(128); source_database varchar(128);"
        "schema_option varchar(256)"
    ),
    "svv_all_tables": (
        "database_name varchar(128); schema_name varchar(128); table_name varchar(128);"
        "table_acl varchar(128); table_type varchar(128); remarks varchar(256)"
    ),
    "svv_all_columns": (
        "database_name varchar(128); schema_name varchar(128); table_name varchar(128);"
        "column_name varchar(128); ordinal_position integer; column_default varchar(4000);"
        "is_nullable varchar(3); data_type varchar(128); character_maximum_length integer;"
        "numeric_precision integer; numeric_scale integer; remarks varchar(256)"
    ),
    "pg_table_def": (
        "schemaname varchar(128); tablename varchar(128); column varchar(128); type text; encoding char(32);"
        "distkey boolean; sortkey integer; notnull boolean"
    ),
    "svv_mv_info": (
        "database_name char(128); schema_name char(128); user_name char(128); name char(128);"
        "is_stale char(1); state integer; autorewrite char(1); autorefresh char(1)"
    ),
    "stv_mv_info": (
        "db_name char(128); schema char(128); name char(128); updated_upto_xid bigint; is_stale char(1);"
        "owner_user_name char(128); state integer; autorewrite char(1); autorefresh char(1)"
    ),
    "svv_identity_providers": (
        "uid integer; name text; type text; instanceid text; namespc text; params text; enabled boolean"
    ),
    "svv_roles": "role_id integer; role_name text; role_owner text; external_id text",
    "svv_user_grants": (
        "user_id integer; user_name text; role_id integer; role_name text; admin_option boolean"
    ),
    "svv_role_grants": ("role_id integer; role_name text; granted_role_id integer; granted_role_name text"),
    "svv_relation_privileges": (
        f"namespace_name text; relation_name text; privilege_type text; {IDENTITY}; admin_option boolean"
    ),
    "svv_column_privileges": (
        f"namespace_name text; relation_name text; column_name text; privilege_type text; {IDENTITY}"
    ),
    "svv_schema_privileges": (
        f"namespace_name text; privilege_type text; {IDENTITY}; admin_option boolean; privilege_scope text"
    ),
    "svv_database_privileges": (
        f"database_name text; privilege_type text; {IDENTITY}; admin_option boolean; privilege_scope text"
    ),
    "svv_system_privileges": f"system_privilege text; {IDENTITY}",
    "svv_default_privileges": (
        "schema_name text; object_type text; owner_id integer; owner_name text; owner_type text;"
        "privilege_type text; grantee_id integer; grantee_name text; grantee_type text; admin_option boolean"
    ),
    "svv_user_info": (
        "user_name text; user_id integer; createdb boolean; superuser boolean; catalog_update boolean;"
        "connection_limit text; syslog_access text; last_ddl_timestamp timestamp; session_timeout integer;"
        "external_user_id text"
    ),
    "svv_rls_policy": (
        "poldb text; polname text; polalias text; polatts text; polqual text; polenabled boolean;"
        "polmodifiedby text; polmodifiedtime timestamp"
    ),
    "svv_rls_attached_policy": (
        "relschema text; relname text; relkind text; polname text; grantor text; grantee text;"
        "granteekind text; is_pol_on boolean; is_rls_on boolean; rls_conjunction_type char(3)"
    ),
    "svv_rls_relation": (
        "datname text; relschema text; relname text; relkind text; is_rls_on boolean;"
        "is_rls_datashare_on boolean; rls_conjunction_type char(3); rls_datashare_conjunction_type char(3)"
    ),
    # recordtime is a timestamp here: the page says `time`, of which the stand-in has none.
    "svv_rls_applied_policy": (
        "username text; query integer; xid bigint; pid integer; recordtime timestamp; command char(1);"
        "datname text; relschema text; relname text; polname text; poldefault char(1)"
    ),
    "svv_masking_policy": (
        "policy_database text; policy_name text; input_columns text; policy_expression text;"
        "policy_modified_by text; policy_modified_time timestamp"
    ),
    "svv_attached_masking_policy": (
        "policy_name text; schema_name text; table_name text; table_type text; grantor text; grantee text;"
        "grantee_type text; priority int; input_columns text; output_columns text;"
        "is_masking_datashare_on boolean"
    ),
    "sys_query_history": (
        "user_id integer; query_id bigint; query_label char(320); transaction_id bigint; session_id integer;"
        "database_name char(128); query_type char(32); status char(10); result_cache_hit boolean;"
        "start_time timestamp; end_time timestamp; elapsed_time bigint; queue_time bigint;"
        "execution_time bigint; error_message char(512); returned_rows bigint; returned_bytes bigint;"
        "query_text char(4000); redshift_version char(256); usage_limit char(150); compute_type varchar(32);"
        "compile_time bigint; planning_time bigint; lock_wait_time bigint; service_class_id integer;"
        "service_class_name char(64); query_priority char(20); short_query_accelerated char(10);"
        "user_query_hash char(40); generic_query_hash char(40); query_hash_version integer;"
        "result_cache_query_id integer; username char(128)"
    ),
    "sys_query_text": (
        "user_id integer; query_id bigint; transaction_id bigint; session_id integer; start_time timestamp;"
        "sequence integer; text char(4000)"
    ),
    "sys_serverless_usage": (
        "start_time timestamp; end_time timestamp; compute_seconds double precision;"
        "compute_capacity double precision; data_storage integer; cross_region_transferred_data integer;"
        "charged_seconds integer"
    ),
}
# PostgreSQL 8.0's, as far as tools read them.
INFORMATION = {
    "tables": (
        "table_catalog table_schema table_name table_type self_referencing_column_name reference_generation"
        " user_defined_type_catalog user_defined_type_schema user_defined_type_name"
    ),
    "columns": (
        "table_catalog table_schema table_name column_name ordinal_position column_default is_nullable"
        " data_type character_maximum_length character_octet_length numeric_precision"
        " numeric_precision_radix numeric_scale datetime_precision interval_type interval_precision"
        " character_set_catalog character_set_schema character_set_name collation_catalog collation_schema"
        " collation_name domain_catalog domain_schema domain_name udt_catalog udt_schema udt_name"
        " scope_catalog scope_schema scope_name maximum_cardinality dtd_identifier is_self_referencing"
    ),
    "views": (
        "table_catalog table_schema table_name view_definition check_option is_updatable is_insertable_into"
    ),
    "schemata": (
        "catalog_name schema_name schema_owner default_character_set_catalog default_character_set_schema"
        " default_character_set_name sql_path"
    ),
    "table_privileges": (
        "grantor grantee table_catalog table_schema table_name privilege_type is_grantable with_hierarchy"
    ),
    "column_privileges": (
        "grantor grantee table_catalog table_schema table_name column_name privilege_type is_grantable"
    ),
    "applicable_roles": "grantee role_name is_grantable",
    "enabled_roles": "role_name",
}
POSTGRES = {"pg_tables", "pg_views", "pg_user"}


def written(text):
    name, _, kind = text.strip().partition(" ")
    if kind == "text":
        return name, sql_type("varchar", (MAX_VARCHAR,))
    base, _, length = kind.rstrip(")").partition("(")
    return name, sql_type(base, (int(length),) if length else ())


@pytest.mark.parametrize("view", DOCUMENTED)
def test_the_columns_are_redshifts(view):
    found = SYSTEM_VIEWS["pg_catalog", view].table.columns
    assert [(column.name, column.type) for column in found] == [
        written(text) for text in DOCUMENTED[view].split(";")
    ]


@pytest.mark.parametrize("view", INFORMATION)
def test_the_columns_of_the_information_schema_are_postgresqls(view):
    found = SYSTEM_VIEWS["information_schema", view].table
    assert list(found.column_names) == INFORMATION[view].split()


def test_no_view_is_undocumented():
    assert SYSTEM_VIEWS.keys() == {
        *(("pg_catalog", view) for view in DOCUMENTED.keys() | POSTGRES),
        *(("information_schema", view) for view in INFORMATION),
    }


@pytest.fixture(scope="module")
def full():
    redshift = prepared()
    for statement in (
        "CREATE VIEW v AS SELECT sku, quantity FROM sales_data",
        "CREATE MATERIALIZED VIEW m AS SELECT person FROM salaries",
        "CREATE MASKING POLICY mask WITH (sku VARCHAR(50)) USING ('?'::VARCHAR(50))",
        "ATTACH MASKING POLICY mask ON v(sku) TO PUBLIC",
        "CREATE ROLE outer_role",
        'GRANT ROLE outer_role TO ROLE "AWSIDC:amer-sales"',
        "GRANT ROLE outer_role TO admin",
        "GRANT SELECT (person) ON salaries TO ROLE outer_role",
    ):
        redshift.execute(statement, user=ADMIN)
    return redshift


@pytest.mark.parametrize("view", SYSTEM_VIEWS, ids=".".join)
def test_the_rows_fit_the_columns(full, view):
    found = full.execute(f"SELECT * FROM {'.'.join(view)}", user=ADMIN)
    assert found.table.column_names == list(SYSTEM_VIEWS[view].table.column_names)
    assert {column.schema_name for column in found.columns} == {view.schema}
