"""INFORMATION_SCHEMA, as PostgreSQL 8 has it, cut to what the asker may see."""

from collections.abc import Iterator

from infra.local.warehouse.objects import Grant, Table, TableKey
from infra.local.warehouse.system import relations
from infra.local.warehouse.system.privileges import grants_in_order
from infra.local.warehouse.system.view import INFORMATION_SCHEMA, Moment, Row, SystemView, view
from infra.local.warehouse.system.visibility import (
    ON_COLUMNS,
    Visible,
    sees_identity,
    visible_relations,
    visible_schemas,
)

_ROLES = "grantee varchar(128), role_name varchar(128), is_grantable varchar(3)"
_WHERE = "table_catalog varchar(128), table_schema varchar(128), table_name varchar(128)"


def _tables(moment: Moment) -> Iterator[Row]:
    for found in visible_relations(moment):
        table = found.table
        local = table.key.schema == moment.catalog.temporary
        kind = "LOCAL TEMPORARY" if local else relations.table_type(table)
        yield moment.database, *table.key, kind, *(None,) * 5


def _columns(moment: Moment) -> Iterator[Row]:
    for found in visible_relations(moment):
        for place, column in found.columns:
            kind = column.type
            length, name = relations.length_of(kind), relations.type_name(kind)
            yield (
                *(moment.database, *found.table.key, column.name, place, column.default),
                *(relations.nullable(column), name, length, length, *relations.digits_of(kind)),
                *(None,) * 12,
                *(moment.database, "pg_catalog", kind.name, None, None, None, None, str(place), "NO"),
            )


def _views(moment: Moment) -> Iterator[Row]:
    for found in visible_relations(moment):
        if found.table.view is not None:
            definition = relations.definition_for(moment, found.table)
            yield moment.database, *found.table.key, definition, "NONE", "NO", "NO"


def _schemata(moment: Moment) -> Iterator[Row]:
    for schema in visible_schemas(moment.rights):
        yield moment.database, schema.name, schema.owner, None, None, None, None


def _grantor(grant: Grant, table: Table) -> str:
    """Who gave it: a superuser gives for the owner."""
    return grant.grantor or table.owner


def _yes(value: bool) -> str:  # noqa: FBT001 - what the standard writes for it
    return "YES" if value else "NO"


def _grants(moment: Moment) -> Iterator[tuple[Grant, Visible]]:
    """The grants on visible relations that the asker has, sees or gave."""
    visible = {found.table.key: found for found in visible_relations(moment)}
    for grant in grants_in_order(moment):
        found = visible.get(TableKey(grant.schema, grant.table or ""))
        if found is None:
            continue
        gave = _grantor(grant, found.table) == moment.user
        if gave or sees_identity(moment.rights, grant.grantee):
            yield grant, found


def _table_privileges(moment: Moment) -> Iterator[Row]:
    for grant, found in _grants(moment):
        if grant.columns is None:
            yield (
                *(_grantor(grant, found.table), _name(grant), moment.database, *found.table.key),
                *(grant.privilege, _yes(grant.option), "NO"),
            )


def _column_privileges(moment: Moment) -> Iterator[Row]:
    """Of each column that somebody was granted, alone or with its relation."""
    for grant, found in _grants(moment):
        for _, column in found.columns if grant.privilege in ON_COLUMNS else ():
            if grant.columns is None or column.name in grant.columns:
                yield (
                    *(_grantor(grant, found.table), _name(grant), moment.database, *found.table.key),
                    *(column.name, grant.privilege, _yes(grant.option)),
                )


def _name(grant: Grant) -> str:
    return grant.grantee.name or "PUBLIC"


def _applicable_roles(moment: Moment) -> Iterator[Row]:
    mine = moment.rights.grantees
    options = {m.role for m in moment.catalog.memberships if m.option and m.member in mine}
    for (role,) in _enabled_roles(moment):
        yield moment.user, role, _yes(role in options)


def _enabled_roles(moment: Moment) -> Iterator[Row]:
    for grantee in sorted(moment.rights.grantees):
        if grantee.kind == "role":
            yield (grantee.name,)


VIEWS: tuple[SystemView, ...] = (
    view(
        "tables",
        f"{_WHERE}, table_type varchar(128), self_referencing_column_name varchar(128),"
        "reference_generation varchar(128), user_defined_type_catalog varchar(128),"
        "user_defined_type_schema varchar(128), user_defined_type_name varchar(128)",
        _tables,
        schema=INFORMATION_SCHEMA,
    ),
    view(
        "columns",
        f"{_WHERE}, column_name varchar(128), ordinal_position int, column_default text,"
        "is_nullable varchar(3), data_type varchar(128), character_maximum_length int,"
        "character_octet_length int, numeric_precision int, numeric_precision_radix int,"
        "numeric_scale int, datetime_precision int, interval_type varchar(128),"
        "interval_precision varchar(128), character_set_catalog varchar(128),"
        "character_set_schema varchar(128), character_set_name varchar(128),"
        "collation_catalog varchar(128), collation_schema varchar(128), collation_name varchar(128),"
        "domain_catalog varchar(128), domain_schema varchar(128), domain_name varchar(128),"
        "udt_catalog varchar(128), udt_schema varchar(128), udt_name varchar(128),"
        "scope_catalog varchar(128), scope_schema varchar(128), scope_name varchar(128),"
        "maximum_cardinality int, dtd_identifier varchar(128), is_self_referencing varchar(3)",
        _columns,
        schema=INFORMATION_SCHEMA,
    ),
    view(
        "views",
        f"{_WHERE}, view_definition text, check_option varchar(128), is_updatable varchar(3),"
        "is_insertable_into varchar(3)",
        _views,
        schema=INFORMATION_SCHEMA,
    ),
    view(
        "schemata",
        "catalog_name varchar(128), schema_name varchar(128), schema_owner varchar(128),"
        "default_character_set_catalog varchar(128), default_character_set_schema varchar(128),"
        "default_character_set_name varchar(128), sql_path varchar(128)",
        _schemata,
        schema=INFORMATION_SCHEMA,
    ),
    view(
        "table_privileges",
        f"grantor varchar(128), grantee varchar(128), {_WHERE}, privilege_type varchar(128),"
        "is_grantable varchar(3), with_hierarchy varchar(3)",
        _table_privileges,
        schema=INFORMATION_SCHEMA,
    ),
    view(
        "column_privileges",
        f"grantor varchar(128), grantee varchar(128), {_WHERE}, column_name varchar(128),"
        "privilege_type varchar(128), is_grantable varchar(3)",
        _column_privileges,
        schema=INFORMATION_SCHEMA,
    ),
    view("applicable_roles", _ROLES, _applicable_roles, schema=INFORMATION_SCHEMA),
    view("enabled_roles", "role_name varchar(128)", _enabled_roles, schema=INFORMATION_SCHEMA),
)
