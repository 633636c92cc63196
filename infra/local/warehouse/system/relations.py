"""The system views of schemas, relations and columns."""

from collections.abc import Iterator

from infra.local.warehouse.objects import PUBLIC_SCHEMA, ColumnDefinition, Schema, Table
from infra.local.warehouse.sql.sqltypes import SqlType
from infra.local.warehouse.system.view import Cell, Moment, Row, SystemView, view
from infra.local.warehouse.system.visibility import (
    sees_catalog,
    sees_system_tables,
    visible_relations,
    visible_schemas,
)

# As the catalogue's views name types, unlike the metadata of a result.
_TYPE_NAMES = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "char": "character",
    "varchar": "character varying",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
}
_BINARY_DIGITS = {"int2": 16, "int4": 32, "int8": 64, "float4": 24, "float8": 53}
_UNKNOWN = "u"  # whether a materialized view is stale


def type_name(kind: SqlType) -> str:
    """The type's name in the catalogue, without its limits."""
    return _TYPE_NAMES.get(kind.name, kind.name)


def declared_type(kind: SqlType) -> str:
    """The type's name in the catalogue with its limits, as policies state it."""
    if kind.name == "numeric":
        return f"numeric({kind.precision},{kind.scale})"
    return f"{type_name(kind)}({kind.length})" if kind.is_text else type_name(kind)


def table_type(table: Table) -> str:
    """What SVV_TABLES calls the relation."""
    return "BASE TABLE" if table.view is None else "VIEW"


def length_of(kind: SqlType) -> int | None:
    """The most characters of a text."""
    return kind.length if kind.is_text else None


def digits_of(kind: SqlType) -> tuple[int | None, int | None, int | None]:
    """A number's precision, the radix of that, and its scale."""
    if kind.name == "numeric":
        return kind.precision, 10, kind.scale
    bits = _BINARY_DIGITS.get(kind.name)
    exact = bits is not None and kind.name.startswith("int")
    return bits, None if bits is None else 2, 0 if exact else None


def nullable(column: ColumnDefinition) -> str:
    """YES or NO."""
    return "YES" if column.nullable else "NO"


def _owner_id(moment: Moment, owner: str) -> int:
    return moment.history.user_id(owner)


def _kind(table: Table) -> str:
    return "TABLE" if table.view is None else "VIEW"


def _tables(moment: Moment) -> Iterator[Row]:
    for found in visible_relations(moment):
        yield moment.database, *found.table.key, table_type(found.table), None


def _all_tables(moment: Moment) -> Iterator[Row]:
    for found in visible_relations(moment):
        yield moment.database, *found.table.key, None, _kind(found.table), None


def _redshift_tables(moment: Moment) -> Iterator[Row]:
    for found in visible_relations(moment):
        yield moment.database, *found.table.key, _kind(found.table), None, None, found.table.owner


def _columns(moment: Moment) -> Iterator[Row]:
    unknown = (None,) * 10  # intervals, character sets, collations, domains, remarks
    for found in visible_relations(moment):
        for place, column in found.columns:
            kind = column.type
            described: tuple[Cell, ...] = (column.default, nullable(column), type_name(kind), length_of(kind))
            yield (
                *(moment.database, *found.table.key, column.name, place),
                *(*described, *digits_of(kind), None, *unknown),
            )


def _all_columns(moment: Moment) -> Iterator[Row]:
    for found in visible_relations(moment):
        for place, column in found.columns:
            precision, _, scale = digits_of(column.type)
            yield (
                *(moment.database, *found.table.key, column.name, place, column.default, nullable(column)),
                *(type_name(column.type), length_of(column.type), precision, scale, None),
            )


def _redshift_columns(moment: Moment) -> Iterator[Row]:
    for found in visible_relations(moment):
        for place, column in found.columns:
            yield (
                *(moment.database, *found.table.key, column.name, place, declared_type(column.type)),
                *(column.default, nullable(column), None, False, 0, None, None),
            )


def _schemas(moment: Moment) -> Iterator[tuple[Schema, Row]]:
    for schema in visible_schemas(moment.rights):
        yield schema, (moment.database, schema.name, _owner_id(moment, schema.owner), "local", None)


def _redshift_schemas(moment: Moment) -> Iterator[Row]:
    return ((*row, None) for _, row in _schemas(moment))


def _all_schemas(moment: Moment) -> Iterator[Row]:
    return ((*row, None, None) for _, row in _schemas(moment))


def _databases(moment: Moment) -> Iterator[Row]:
    owner = next(iter(moment.catalog.users), "")
    number = _owner_id(moment, owner) if owner else None
    yield moment.database, number, "local", None, None, "Serializable"


def _materialized(moment: Moment) -> Iterator[Table]:
    return (found.table for found in visible_relations(moment) if found.table.materialized)


def _state(table: Table) -> tuple[str, int, str, str]:
    """Staleness (nobody counts what happened to the base tables), state, auto refresh and auto rewrite."""
    automatic = table.view is not None and table.view.auto_refresh
    return _UNKNOWN, 0, "f", "t" if automatic else "f"


def _views_refreshed(moment: Moment) -> Iterator[Row]:
    rights = moment.rights
    for table in _materialized(moment):
        if rights.owns(table) or sees_system_tables(rights):
            yield moment.database, table.key.schema, table.owner, table.key.name, *_state(table)


def _views_stored(moment: Moment) -> Iterator[Row]:
    for table in _materialized(moment):
        stale, state, rewritten, refreshed = _state(table)
        yield moment.database, *table.key, None, stale, table.owner, state, rewritten, refreshed


def _pg_tables(moment: Moment) -> Iterator[Row]:
    for found in visible_relations(moment):
        if found.table.view is None:
            yield *found.table.key, found.table.owner, None, False, False, False


def _pg_table_def(moment: Moment) -> Iterator[Row]:
    """The columns of the tables in the search path, which is always `public` alone."""
    for found in visible_relations(moment):
        if found.table.view is None and found.table.key.schema == PUBLIC_SCHEMA:
            for _, column in found.columns:
                described = (column.name, declared_type(column.type), None, False, 0, not column.nullable)
                yield *found.table.key, *described


def definition_for(moment: Moment, table: Table) -> str | None:
    """The query behind the view, for its owner: others need not learn what it reads."""
    own = moment.rights.owns(table) or sees_catalog(moment.rights)
    return table.view.query if table.view is not None and own else None


def _pg_views(moment: Moment) -> Iterator[Row]:
    for found in visible_relations(moment):
        if found.table.view is not None:
            yield *found.table.key, found.table.owner, definition_for(moment, found.table)


VIEWS: tuple[SystemView, ...] = (
    view(
        "svv_tables",
        "table_catalog text, table_schema text, table_name text, table_type text, remarks text",
        _tables,
    ),
    view(
        "svv_columns",
        "table_catalog text, table_schema text, table_name text, column_name text, ordinal_position int,"
        "column_default text, is_nullable text, data_type text, character_maximum_length int,"
        "numeric_precision int, numeric_precision_radix int, numeric_scale int, datetime_precision int,"
        "interval_type text, interval_precision text, character_set_catalog text, character_set_schema text,"
        "character_set_name text, collation_catalog text, collation_schema text, collation_name text,"
        "domain_name text, remarks text",
        _columns,
    ),
    view(
        "svv_all_tables",
        "database_name varchar(128), schema_name varchar(128), table_name varchar(128),"
        "table_acl varchar(128), table_type varchar(128), remarks varchar(256)",
        _all_tables,
    ),
    view(
        "svv_all_columns",
        "database_name varchar(128), schema_name varchar(128), table_name varchar(128),"
        "column_name varchar(128), ordinal_position integer, column_default varchar(4000),"
        "is_nullable varchar(3), data_type varchar(128), character_maximum_length integer,"
        "numeric_precision integer, numeric_scale integer, remarks varchar(256)",
        _all_columns,
    ),
    view(
        "svv_all_schemas",
        "database_name varchar(128), schema_name varchar(128), schema_owner integer,"
        "schema_type varchar(128), schema_acl varchar(128), source_database varchar(128),"
        "schema_option varchar(256)",
        _all_schemas,
    ),
    view(
        "svv_redshift_databases",
        "database_name varchar(128), database_owner integer, database_type varchar(32),"
        "database_acl varchar(128), database_options varchar(128), database_isolation_level varchar(128)",
        _databases,
    ),
    view(
        "svv_redshift_schemas",
        "database_name varchar(128), schema_name varchar(128), schema_owner integer,"
        "schema_type varchar(16), schema_acl varchar(128), schema_option varchar(128)",
        _redshift_schemas,
    ),
    view(
        "svv_redshift_tables",
        "database_name varchar(128), schema_name varchar(128), table_name varchar(128),"
        "table_type varchar(128), table_acl varchar(128), remarks varchar(128), table_owner varchar(128)",
        _redshift_tables,
    ),
    view(
        "svv_redshift_columns",
        "database_name varchar(128), schema_name varchar(128), table_name varchar(128),"
        "column_name varchar(128), ordinal_position integer, data_type varchar(32),"
        "column_default varchar(4000), is_nullable varchar(3), encoding varchar(128), distkey boolean,"
        "sortkey integer, column_acl varchar(128), remarks varchar(256)",
        _redshift_columns,
    ),
    view(
        "svv_mv_info",
        "database_name char(128), schema_name char(128), user_name char(128), name char(128),"
        "is_stale char(1), state integer, autorewrite char(1), autorefresh char(1)",
        _views_refreshed,
    ),
    view(
        "stv_mv_info",
        "db_name char(128), schema char(128), name char(128), updated_upto_xid bigint, is_stale char(1),"
        "owner_user_name char(128), state integer, autorewrite char(1), autorefresh char(1)",
        _views_stored,
    ),
    view(
        "pg_tables",
        "schemaname varchar(128), tablename varchar(128), tableowner varchar(128),"
        "tablespace varchar(128), hasindexes boolean, hasrules boolean, hastriggers boolean",
        _pg_tables,
    ),
    view(
        "pg_table_def",
        "schemaname varchar(128), tablename varchar(128), column varchar(128), type text,"
        "encoding char(32), distkey boolean, sortkey integer, notnull boolean",
        _pg_table_def,
    ),
    view(
        "pg_views",
        "schemaname varchar(128), viewname varchar(128), viewowner varchar(128), definition text",
        _pg_views,
    ),
)
