"""The administrative part of Redshift's grammar: text to statements."""

from collections.abc import Callable, Mapping

from infra.local.warehouse.admin import grammar_copy, grammar_grant
from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.names import data_type, table_key
from infra.local.warehouse.admin.statements import (
    AlterPolicy,
    AlterRowLevelSecurity,
    ChangeAttachment,
    CreatePolicy,
    CreateRole,
    CreateSchema,
    CreateTable,
    CreateUser,
    DropPolicy,
    DropRole,
    DropSchema,
    DropTable,
    Maintenance,
    Statement,
    Truncate,
)
from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.objects import ColumnDefinition


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


def _create_table(reader: Reader, database: str) -> CreateTable:
    unless = reader.accept("if", "not", "exists")
    key = table_key(reader, database=database)
    if reader.current.text != "(":
        raise NotSupported("CREATE TABLE other than with a list of columns")
    reader.advance()
    columns: list[ColumnDefinition] = []
    while True:
        if not _table_constraint(reader):
            columns.append(_column(reader))
        if not reader.accept(","):
            break
    reader.expect(")")
    _table_attributes(reader)
    return CreateTable(key, tuple(columns), unless)


def _table_attributes(reader: Reader) -> None:
    """Takes DISTSTYLE, DISTKEY, SORTKEY and BACKUP: where rows lie does not change what they say."""
    while reader.current.kind == "word":
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


def _create(reader: Reader, database: str) -> Statement:
    if reader.accept("table"):
        return _create_table(reader, database)
    if reader.accept("schema"):
        unless = reader.accept("if", "not", "exists")
        return CreateSchema(reader.name(), unless)
    if reader.accept("role"):
        return CreateRole(reader.principal())
    if reader.accept("user"):
        return _create_user(reader)
    if reader.accept("rls", "policy"):
        return _create_policy(reader)
    raise NotSupported(f"CREATE {reader.current.text.upper()}")


def _create_user(reader: Reader) -> CreateUser:
    name = reader.principal()
    reader.accept("with")
    reader.expect("password")
    if not reader.accept("disable"):
        raise NotSupported("a user with a password")
    return CreateUser(name)


def _create_policy(reader: Reader) -> CreatePolicy:
    unless = reader.accept("if", "not", "exists")
    name, alias = reader.name(), ""
    columns: list[ColumnDefinition] = []
    if reader.accept("with"):
        reader.expect("(")
        columns = reader.commas(lambda: ColumnDefinition(reader.name(), data_type(reader)))
        reader.expect(")")
        if reader.accept("as") or reader.current.text != "using":
            alias = reader.name()
    reader.expect("using")
    return CreatePolicy(name, tuple(columns), alias, reader.enclosed(), unless)


def _drop(reader: Reader, database: str) -> Statement:
    if reader.accept("table"):
        if_exists = reader.accept("if", "exists")
        keys = reader.commas(lambda: table_key(reader, database=database))
        _behaviour(reader)
        return DropTable(tuple(keys), if_exists)
    if reader.accept("schema"):
        if_exists = reader.accept("if", "exists")
        return DropSchema(reader.name(), if_exists, _behaviour(reader))
    if reader.accept("role"):
        name = reader.principal()
        force = reader.accept("force")
        reader.accept("restrict")
        return DropRole(name, force)
    if reader.accept("rls", "policy"):
        if_exists = reader.accept("if", "exists")
        return DropPolicy(reader.name(), if_exists, _behaviour(reader))
    raise NotSupported(f"DROP {reader.current.text.upper()}")


def _behaviour(reader: Reader) -> bool:
    """Takes CASCADE or RESTRICT; whether it is CASCADE."""
    return reader.accept("cascade") or (reader.accept("restrict") and False)


def _alter(reader: Reader, database: str) -> Statement:
    if reader.accept("rls", "policy"):
        name = reader.name()
        reader.expect("using")
        return AlterPolicy(name, reader.enclosed())
    reader.expect("table")
    key = table_key(reader, database=database)
    if not reader.accept("row", "level", "security"):
        raise NotSupported("ALTER TABLE other than ROW LEVEL SECURITY")
    on = reader.one_of("on", "off") == "on"
    conjunction = None
    if on and reader.accept("conjunction", "type"):
        conjunction = reader.one_of("and", "or").upper()
    if reader.current.text == "for":
        raise NotSupported("ROW LEVEL SECURITY FOR DATASHARES")
    return AlterRowLevelSecurity(key, on, conjunction)


def _attachment(reader: Reader, database: str, *, attach: bool) -> ChangeAttachment:
    reader.expect("rls", "policy")
    policy = reader.name()
    reader.expect("on")
    reader.accept("table")
    tables = reader.commas(lambda: table_key(reader, database=database))
    reader.expect("to" if attach else "from")
    grantees = reader.commas(lambda: grammar_grant.grantee(reader))
    return ChangeAttachment(attach, policy, tuple(tables), tuple(grantees))


def _maintenance(reader: Reader, what: str) -> Maintenance:
    while reader.current.kind in ("word", "quoted") or reader.current.text == ".":
        reader.advance()
    return Maintenance(what)


def _truncate(reader: Reader, database: str) -> Truncate:
    reader.accept("table")
    return Truncate(table_key(reader, database=database))


_STATEMENTS: Mapping[str, Callable[[Reader, str], Statement]] = {
    "create": _create,
    "drop": _drop,
    "alter": _alter,
    "attach": lambda reader, database: _attachment(reader, database, attach=True),
    "detach": lambda reader, database: _attachment(reader, database, attach=False),
    "grant": lambda reader, database: grammar_grant.change(reader, database, give=True),
    "revoke": lambda reader, database: grammar_grant.change(reader, database, give=False),
    "copy": grammar_copy.copy,
    "truncate": _truncate,
    "analyze": lambda reader, _: _maintenance(reader, "ANALYZE"),
    "vacuum": lambda reader, _: _maintenance(reader, "VACUUM"),
}
KEYWORDS = frozenset(_STATEMENTS)


def parse(sql: str, *, database: str) -> Statement:
    """The administrative statement that the text is; SyntaxFault or NotSupported otherwise."""
    reader = Reader(sql)
    keyword = reader.one_of(*_STATEMENTS)
    statement = _STATEMENTS[keyword](reader, database)
    reader.finish()
    return statement
