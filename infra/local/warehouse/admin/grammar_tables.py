"""CREATE TABLE, CREATE TABLE AS, ALTER TABLE and what else is said of tables."""

from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.names import data_type, new_key, table_key
from infra.local.warehouse.admin.statements import (
    AddColumn,
    AlterRowLevelSecurity,
    AlterTableOwner,
    CreateTable,
    CreateTableAs,
    DropColumn,
    DropTable,
    Maintenance,
    RenameColumn,
    RenameTable,
    Statement,
    Truncate,
)
from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.objects import ColumnDefinition, TableKey


def _column(reader: Reader) -> ColumnDefinition:
    name, kind = reader.name(), data_type(reader)
    nullable, default = True, None
    while reader.current.text not in (",", ")"):
        if reader.accept("not", "null") or reader.accept("primary", "key"):
            nullable = False
        elif reader.accept("default"):
            default = _default(reader)
        elif reader.accept("encode") or reader.accept("collate"):
            reader.name()
        elif not any(reader.accept(word) for word in ("null", "unique", "distkey", "sortkey")):
            if reader.current.text in ("identity", "generated", "references"):
                raise NotSupported(f"{reader.current.text.upper()} in CREATE TABLE")
            raise reader.fault()
    return ColumnDefinition(name, kind, nullable=nullable, default=default)


def _default(reader: Reader) -> str:
    """The text of a column's default: up to the next word that belongs to the column."""
    start = end = reader.current.start
    stops = {"encode", "distkey", "sortkey", "not", "unique", "primary", "collate", ","}
    while reader.current.text not in stops | {")"} and reader.current.kind != "end":
        end = reader.current.end
        if reader.current.text == "(":
            reader.enclosed()
            end = reader.sql.rindex(")", start, reader.current.start) + 1
        else:
            reader.advance()
    return reader.sql[start:end]


def _table_constraint(reader: Reader) -> bool:
    """Takes PRIMARY KEY (…) or UNIQUE (…): Redshift does not enforce them, so nothing is kept."""
    if reader.accept("primary", "key") or reader.accept("unique"):
        reader.enclosed()
        return True
    return False


def create_table(reader: Reader, database: str, *, temporary: bool) -> CreateTable | CreateTableAs:
    """What CREATE TABLE says after those words."""
    unless = reader.accept("if", "not", "exists")
    qualified = reader.ahead(1).text == "."
    key = new_key(reader, database=database)
    temporary = temporary or key.name.startswith("#")
    if temporary and qualified:
        raise SqlError("cannot create a temporary relation in a schema that is named", "42P16")
    if reader.current.text != "(" or reader.ahead(2).text in (",", ")"):
        if unless:
            raise reader.fault()
        return _table_as(reader, key, temporary=temporary)
    return CreateTable(key, _columns(reader), unless, temporary)


def _columns(reader: Reader) -> tuple[ColumnDefinition, ...]:
    reader.expect("(")
    columns: list[ColumnDefinition] = []
    while True:
        if reader.current.text == "like":
            raise NotSupported("CREATE TABLE LIKE")
        if not _table_constraint(reader):
            columns.append(_column(reader))
        if not reader.accept(","):
            break
    reader.expect(")")
    table_attributes(reader)
    return tuple(columns)


def _table_as(reader: Reader, key: TableKey, *, temporary: bool) -> CreateTableAs:
    names = names_in_parentheses(reader)
    table_attributes(reader)
    reader.expect("as")
    query, _ = reader.rest()
    return CreateTableAs(key, names, query, temporary)


def names_in_parentheses(reader: Reader) -> tuple[str, ...]:
    """The names of a list in parentheses; none when there is no list."""
    if not reader.accept("("):
        return ()
    names = tuple(reader.commas(reader.name))
    reader.expect(")")
    return names


def table_attributes(reader: Reader) -> None:
    """Takes DISTSTYLE, DISTKEY, SORTKEY and BACKUP: where rows lie does not change what they say."""
    while reader.current.kind == "word" and reader.current.text not in ("as", "auto"):
        if reader.accept("diststyle"):
            reader.one_of("even", "key", "all", "auto")
        elif reader.accept("backup"):
            reader.one_of("yes", "no")
        elif reader.accept("encode"):
            reader.expect("auto")
        elif reader.accept("sortkey", "auto"):
            continue
        else:
            _key(reader)


def _key(reader: Reader) -> None:
    if not reader.accept("distkey"):
        if not reader.accept("compound"):
            reader.accept("interleaved")
        reader.expect("sortkey")
    reader.enclosed()


def drop_table(reader: Reader, database: str) -> DropTable:
    """What DROP TABLE says after those words."""
    if_exists = reader.accept("if", "exists")
    keys = reader.commas(lambda: table_key(reader, database=database))
    return DropTable(tuple(keys), if_exists, behaviour(reader))


def behaviour(reader: Reader) -> bool:
    """Takes CASCADE or RESTRICT; whether it is CASCADE."""
    return reader.accept("cascade") or (reader.accept("restrict") and False)


def alter_table(reader: Reader, database: str) -> Statement:
    """What ALTER TABLE says after those words."""
    key = table_key(reader, database=database)
    if reader.accept("owner", "to"):
        return AlterTableOwner(key, reader.principal())
    if reader.accept("rename", "to"):
        return _rename(reader, key)
    if reader.accept("rename"):
        reader.accept("column")
        column = reader.name()
        reader.expect("to")
        return RenameColumn(key, column, reader.name())
    if reader.current.text == "add":
        return _add_column(reader, key)
    if reader.accept("drop"):
        reader.accept("column")
        return _drop_column(reader, key)
    return row_level_security(reader, key)


def _rename(reader: Reader, key: TableKey) -> RenameTable:
    name = reader.name()
    if name.startswith("#"):
        raise SqlError("a relation cannot be renamed to the name of a temporary one", "42602")
    return RenameTable(key, name)


def _add_column(reader: Reader, key: TableKey) -> AddColumn:
    reader.expect("add")
    if not reader.accept("column") and reader.current.text in ("constraint", "unique", "primary", "foreign"):
        raise NotSupported("ALTER TABLE ADD of a constraint")
    name, kind = reader.name(), data_type(reader)
    nullable = True
    while reader.current.kind == "word":
        if reader.current.text == "default":
            raise NotSupported("DEFAULT in ALTER TABLE")
        if reader.accept("encode"):
            reader.name()
        elif reader.accept("not", "null"):
            nullable = False
        else:
            reader.expect("null")
    return AddColumn(key, ColumnDefinition(name, kind, nullable=nullable))


def _drop_column(reader: Reader, key: TableKey) -> DropColumn:
    if reader.current.text == "constraint":
        raise NotSupported("ALTER TABLE DROP CONSTRAINT")
    name = reader.name()
    if behaviour(reader):
        raise NotSupported("ALTER TABLE DROP COLUMN with CASCADE")
    return DropColumn(key, name)


def row_level_security(reader: Reader, key: TableKey) -> AlterRowLevelSecurity:
    """ROW LEVEL SECURITY ON or OFF, of the relation."""
    if not reader.accept("row", "level", "security"):
        raise NotSupported(f"ALTER of a relation: {reader.current.text.upper()[:40]}")
    on = reader.one_of("on", "off") == "on"
    conjunction = None
    if on and reader.accept("conjunction", "type"):
        conjunction = reader.one_of("and", "or").upper()
    if reader.current.text == "for":
        raise NotSupported("ROW LEVEL SECURITY FOR DATASHARES")
    return AlterRowLevelSecurity(key, on, conjunction)


def truncate(reader: Reader, database: str) -> Truncate:
    """What TRUNCATE says after that word."""
    reader.accept("table")
    return Truncate(table_key(reader, database=database))


def analyze(reader: Reader, database: str) -> Maintenance:
    """What ANALYZE says after that word."""
    reader.accept("verbose")
    key = None
    if reader.current.kind in ("word", "quoted") and reader.current.text not in ("predicate", "all"):
        key = table_key(reader, database=database)
        names_in_parentheses(reader)
    if reader.accept("predicate") or reader.accept("all"):
        reader.expect("columns")
    return Maintenance("ANALYZE", key)


def vacuum(reader: Reader, database: str) -> Maintenance:
    """What VACUUM says after that word."""
    if reader.accept("sort") or reader.accept("delete"):
        reader.expect("only")
    else:
        any(reader.accept(word) for word in ("full", "reindex", "recluster"))
    key = None
    if reader.current.kind in ("word", "quoted") and reader.current.text != "boost":
        key = table_key(reader, database=database)
    if reader.accept("to"):
        reader.whole()
        reader.expect("percent")
    reader.accept("boost")
    return Maintenance("VACUUM", key)
