"""Views: plain, late-binding and materialized. Their queries are passed on as they are written."""

from infra.local.warehouse.admin.grammar_tables import behaviour, names_in_parentheses, table_attributes
from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.names import new_key, table_key
from infra.local.warehouse.admin.statements import (
    CreateMaterializedView,
    CreateView,
    DropView,
    RefreshView,
)
from infra.local.warehouse.errors import NotSupported

_LATE_BINDING = ("with", "no", "schema", "binding")


def create_view(reader: Reader, database: str, *, replace: bool) -> CreateView:
    """What CREATE VIEW says after those words."""
    key = new_key(reader, database=database)
    if key.name.startswith("#"):
        raise NotSupported("a temporary view")
    names = names_in_parentheses(reader)
    reader.expect("as")
    query, late = reader.rest(*_LATE_BINDING)
    return CreateView(key, names, query, replace=replace, bound=not late)


def create_materialized_view(reader: Reader, database: str) -> CreateMaterializedView:
    """What CREATE MATERIALIZED VIEW says after those words."""
    key = new_key(reader, database=database)
    table_attributes(reader)
    auto = reader.accept("auto", "refresh") and reader.one_of("yes", "no") == "yes"
    reader.expect("as")
    query, _ = reader.rest()
    return CreateMaterializedView(key, query, auto)


def refresh(reader: Reader, database: str) -> RefreshView:
    """What REFRESH says after that word."""
    reader.expect("materialized", "view")
    key = table_key(reader, database=database)
    if behaviour(reader):
        raise NotSupported("REFRESH MATERIALIZED VIEW with CASCADE")
    return RefreshView(key)


def drop_view(reader: Reader, database: str, *, materialized: bool) -> DropView:
    """What DROP VIEW or DROP MATERIALIZED VIEW says after those words."""
    if_exists = reader.accept("if", "exists")
    keys = reader.commas(lambda: table_key(reader, database=database))
    return DropView(tuple(keys), if_exists, behaviour(reader), materialized)
