"""Schemas: created, dropped, given to another owner."""

from dataclasses import replace

from infra.local.warehouse.admin import tables
from infra.local.warehouse.admin.statements import AlterSchemaOwner, CreateSchema, DropSchema
from infra.local.warehouse.admin.work import Changed, Work, duplicate, require_schema
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.objects import PUBLIC_SCHEMA, Schema


def create(at: Work, statement: CreateSchema, catalog: Catalog) -> Changed:
    """CREATE SCHEMA: an empty schema of the caller's, or of whom AUTHORIZATION names."""
    name, owner = statement.name, statement.owner or at.user
    if name in catalog.schemas:
        if statement.if_not_exists:
            return catalog, 0
        raise duplicate("schema", name, "42P06")
    if name.startswith("pg_") or name == "information_schema":
        raise SqlError(f'unacceptable schema name "{name}"', "42939")
    if statement.owner is not None:
        at.require_user(catalog, owner)
    schema = Schema(name, owner, catalog.made)
    return catalog.with_one("schemas", name, schema).changed(made=catalog.made + 1), 0


def alter_owner(at: Work, statement: AlterSchemaOwner, catalog: Catalog) -> Changed:
    """ALTER SCHEMA OWNER TO."""
    require_schema(catalog, statement.name)
    at.require_user(catalog, statement.owner)
    schema = replace(catalog.schemas[statement.name], owner=statement.owner)
    return catalog.with_one("schemas", schema.name, schema), 0


def drop(at: Work, statement: DropSchema, catalog: Catalog) -> Changed:
    """DROP SCHEMA: an empty schema, or with CASCADE one with its relations and the views over them."""
    for name in dict.fromkeys(statement.names):
        if name not in catalog.schemas and statement.if_exists:
            continue
        require_schema(catalog, name)
        if name == PUBLIC_SCHEMA:
            raise NotSupported("DROP SCHEMA public")
        keys = [key for key in catalog.tables if key.schema == name]
        if keys and not statement.cascade:
            raise SqlError(f"cannot drop schema {name} because other objects depend on it", "2BP01")
        catalog = tables.without(at, catalog, keys, cascade=True)
        grants = frozenset(grant for grant in catalog.grants if grant.schema != name)
        catalog = catalog.without_one("schemas", name).changed(grants=grants)
    return catalog, 0
