"""Names of tables and types as the administrative statements write them."""

from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.objects import PUBLIC_SCHEMA, TableKey
from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR, SqlType, sql_type

_SECOND_WORDS = {"double": "precision", "character": "varying"}


def table_key(reader: Reader, *, database: str) -> TableKey:
    """A table's name with or without database and schema; the schema is public unless named."""
    parts = [reader.name()]
    while reader.accept("."):
        parts.append(reader.name())
    match parts:
        case [name]:
            return TableKey(PUBLIC_SCHEMA, name)
        case [schema, name]:
            return TableKey(schema, name)
        case [catalog, schema, name] if catalog == database:
            return TableKey(schema, name)
        case [_, _, _]:
            raise NotSupported("a cross-database reference")
        case _:
            raise reader.fault()


def data_type(reader: Reader) -> SqlType:
    """A type with its arguments, such as DECIMAL(10,2) or DOUBLE PRECISION."""
    name = reader.name()
    second = _SECOND_WORDS.get(name)
    if second and reader.accept(second):
        name = f"{name} {second}"
    arguments: list[int] = []
    if reader.accept("("):
        arguments = [MAX_VARCHAR] if reader.accept("max") else reader.commas(reader.whole)
        reader.expect(")")
    if name == "timestamp":
        for word in ("without", "with"):
            if reader.accept(word, "time", "zone"):
                return sql_type(f"timestamp {word} time zone")
    return sql_type(name, arguments)
