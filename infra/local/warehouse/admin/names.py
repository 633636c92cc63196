"""Names of tables and types as the administrative statements write them."""

from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.errors import NotSupported, SyntaxFault
from infra.local.warehouse.objects import PUBLIC_SCHEMA, UNNAMED, TableKey
from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR, SqlType, sql_type

_SECOND_WORDS = {"double": "precision", "character": "varying"}
_MAX_CHAR = 4_096
_CHARS = frozenset({"char", "character", "nchar", "bpchar"})
_MOST_ARGUMENTS = {"numeric": 2, "varchar": 1, "char": 1}


def table_key(reader: Reader, *, database: str) -> TableKey:
    """A relation's name, with or without its database and schema; it may be a temporary table's."""
    parts = [reader.name()]
    while reader.accept("."):
        parts.append(reader.name())
    match parts:
        case [name]:
            return TableKey(UNNAMED, name)
        case [schema, name]:
            return TableKey(schema, name)
        case [catalog, schema, name] if catalog == database:
            return TableKey(schema, name)
        case [_, _, _]:
            raise NotSupported("a cross-database reference")
        case _:
            raise reader.fault()


def new_key(reader: Reader, *, database: str) -> TableKey:
    """The name of a relation to be made; it is in public unless a schema is named."""
    key = table_key(reader, database=database)
    return TableKey(PUBLIC_SCHEMA, key.name) if key.schema == UNNAMED else key


def policy_name(reader: Reader, database: str) -> str:
    """A policy's name, with or without the database's."""
    name = reader.name()
    if not reader.accept("."):
        return name
    if name != database:
        raise NotSupported("a cross-database reference")
    return reader.name()


def data_type(reader: Reader) -> SqlType:
    """A type with its arguments, such as DECIMAL(10,2) or DOUBLE PRECISION."""
    name = reader.name()
    second = _SECOND_WORDS.get(name)
    if second and reader.accept(second):
        name = f"{name} {second}"
    arguments = _arguments(reader, _MAX_CHAR if name in _CHARS else MAX_VARCHAR)
    if name == "timestamp":
        for word in ("without", "with"):
            if reader.accept(word, "time", "zone"):
                return sql_type(f"timestamp {word} time zone")
    kind = sql_type(name, arguments[:2])
    if len(arguments) > _MOST_ARGUMENTS.get(kind.name, 0):
        raise SyntaxFault(f'type "{kind.name}" does not take these arguments')
    return kind


def _arguments(reader: Reader, longest: int) -> list[int]:
    """What stands between the parentheses of a type, MAX as the number that it means."""
    if not reader.accept("("):
        return []
    arguments = [longest] if reader.accept("max") else reader.commas(reader.whole)
    reader.expect(")")
    return arguments
