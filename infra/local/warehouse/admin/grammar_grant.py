"""GRANT and REVOKE: of privileges on objects, of system privileges and of roles."""

from collections.abc import Mapping
from typing import NamedTuple

from infra.local.warehouse.admin.grammar_tables import behaviour, names_in_parentheses
from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.names import policy_name, table_key
from infra.local.warehouse.admin.statements import (
    ChangeMembership,
    ChangePrivileges,
    ChangeSystemPrivileges,
    Statement,
)
from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedObject
from infra.local.warehouse.objects import (
    DATABASE,
    DATABASE_PRIVILEGES,
    POLICIES,
    PUBLIC,
    SCHEMA_PRIVILEGES,
    TABLE_PRIVILEGES,
    Grantee,
    TableKey,
)

_ALL = "ALL"
_ALIASES = {"TEMPORARY": "TEMP"}
_PRIVILEGES = frozenset({_ALL, *TABLE_PRIVILEGES, *SCHEMA_PRIVILEGES, *DATABASE_PRIVILEGES})
_COLUMN_PRIVILEGES = ("SELECT", "UPDATE")
_OF_COLUMNS = frozenset({_ALL, *_COLUMN_PRIVILEGES})
SYSTEM_PRIVILEGES = (
    *("CREATE USER", "DROP USER", "ALTER USER", "CREATE SCHEMA", "DROP SCHEMA", "ALTER DEFAULT PRIVILEGES"),
    *("ACCESS CATALOG", "ACCESS SYSTEM TABLE", "CREATE TABLE", "DROP TABLE", "ALTER TABLE"),
    *("CREATE OR REPLACE FUNCTION", "CREATE OR REPLACE EXTERNAL FUNCTION", "DROP FUNCTION"),
    *("CREATE OR REPLACE PROCEDURE", "DROP PROCEDURE", "CREATE OR REPLACE VIEW", "DROP VIEW"),
    *("CREATE MODEL", "DROP MODEL", "CREATE DATASHARE", "ALTER DATASHARE", "DROP DATASHARE"),
    *("CREATE LIBRARY", "DROP LIBRARY", "CREATE ROLE", "DROP ROLE", "TRUNCATE TABLE"),
    *("VACUUM", "ANALYZE", "CANCEL", "IGNORE RLS", "EXPLAIN RLS", "EXPLAIN MASKING"),
)
_PHRASES: Mapping[str, tuple[str, ...]] = {name: tuple(name.lower().split()) for name in SYSTEM_PRIVILEGES}
_REFUSED_OBJECTS = frozenset(
    {"function", "procedure", "language", "datashare", "model", "external", "copy", "template"}
)
_Columns = tuple[str, ...] | None


def grantee(reader: Reader) -> Grantee:
    """A user, ROLE r, or PUBLIC."""
    if reader.accept("public"):
        return PUBLIC
    if reader.accept("role"):
        return Grantee("role", reader.principal())
    if reader.accept("group"):
        raise NotSupported("a database group")
    return Grantee("user", reader.principal())


def change(reader: Reader, database: str, *, give: bool) -> Statement:
    """What GRANT (`give`) or REVOKE says after its first word."""
    admin = not give and reader.accept("admin", "option", "for")
    if admin or reader.current.text == "role":
        return _membership(reader, give=give, option=admin)
    option = not give and reader.accept("grant", "option", "for")
    named = dict(reader.commas(lambda: _privilege(reader)))
    if reader.current.text == "for":
        raise NotSupported("a scoped permission")
    if not reader.accept("on"):
        if option or any(columns is not None for columns in named.values()):
            raise reader.fault()
        return _system(reader, list(named), give=give)
    return _on(reader, database, named, give=give, option=option)


def _membership(reader: Reader, *, give: bool, option: bool) -> ChangeMembership:
    roles = reader.commas(lambda: (reader.accept("role"), reader.principal())[1])
    grantees = _grantees(reader, give=give)
    if give and reader.accept("with"):
        reader.expect("admin", "option")
        option = True
    if option and any(whom.kind != "user" for whom in grantees):
        raise SqlError("the admin option can only be granted to users", "0LP01")
    return ChangeMembership(give, tuple(roles), grantees, option)


def _privilege(reader: Reader) -> tuple[str, _Columns]:
    """A privilege, and the columns that it is for; None for the whole object."""
    for name, words in _PHRASES.items():
        if reader.accept(*words):
            return name, None
    word = reader.take("word").upper()
    name = _ALIASES.get(word, word)
    if name not in _PRIVILEGES:
        raise NotSupported(f"GRANT {word[:40]}")
    if name == _ALL:
        reader.accept("privileges")
    if reader.current.text != "(":
        return name, None
    if name not in _OF_COLUMNS:
        raise _not_applicable(name, "a column")
    return name, names_in_parentheses(reader)


def _not_applicable(privilege: str, what: str) -> SqlError:
    return SqlError(f"invalid privilege type {privilege} for {what}", "0LP01")


def _system(reader: Reader, names: list[str], *, give: bool) -> ChangeSystemPrivileges:
    if names == [_ALL]:
        names = list(SYSTEM_PRIVILEGES)
    unknown = [name for name in names if name not in _PHRASES]
    if unknown:
        raise reader.fault()
    grantees = _grantees(reader, give=give)
    if any(whom.kind != "role" for whom in grantees):
        raise SqlError("system privileges can only be granted to roles", "0LP01")
    return ChangeSystemPrivileges(give, tuple(names), grantees)


def _on(
    reader: Reader, database: str, named: Mapping[str, _Columns], *, give: bool, option: bool
) -> ChangePrivileges:
    """The objects after ON, the grantees, and the options that end the statement."""
    objects = _objects(reader, database)
    privileges = _applied(named, objects)
    grantees = _policies(reader, database, give=give) or _grantees(reader, give=give)
    if give and reader.accept("with"):
        reader.expect("grant", "option")
        option = True
    if option and (any(whom.kind != "user" for whom in grantees) or any(privileges.values())):
        raise SqlError("grant options can only be granted to users, and on whole objects", "0LP01")
    if any(whom.kind in POLICIES for whom in grantees) and (
        set(privileges) != {"SELECT"} or any(privileges.values()) or not objects.tables
    ):
        raise SqlError("a policy can only be granted SELECT on tables", "0LP01")
    cascade = not give and behaviour(reader)
    return ChangePrivileges(
        give, privileges, objects.schemas, objects.tables, objects.every_table, grantees, option,
        everything=_ALL in named, cascade=cascade,
    )  # fmt: skip


class _Objects(NamedTuple):
    """What stands after ON, and the privileges that exist on it."""

    what: str
    permitted: frozenset[str]
    schemas: tuple[str, ...] = ()
    tables: tuple[TableKey, ...] = ()
    every_table: bool = False


def _objects(reader: Reader, database: str) -> _Objects:
    if reader.current.text in _REFUSED_OBJECTS or reader.ahead(1).text in ("functions", "procedures"):
        raise NotSupported(f"GRANT on {reader.current.text.upper()}")
    if reader.accept("database"):
        if any(name != database for name in reader.commas(reader.name)):
            raise UndefinedObject("database does not exist", "3D000")
        return _Objects("a database", DATABASE_PRIVILEGES, (DATABASE,))
    if reader.accept("schema"):
        return _Objects("a schema", SCHEMA_PRIVILEGES, tuple(reader.commas(reader.name)))
    if reader.accept("all", "tables", "in", "schema"):
        schemas = tuple(reader.commas(reader.name))
        return _Objects("a relation", TABLE_PRIVILEGES, schemas, every_table=True)
    reader.accept("table")
    tables = tuple(reader.commas(lambda: table_key(reader, database=database)))
    return _Objects("a relation", TABLE_PRIVILEGES, tables=tables)


def _applied(named: Mapping[str, _Columns], objects: _Objects) -> Mapping[str, frozenset[str] | None]:
    """The privileges with ALL spelled out, each with its columns; an error when one does not exist there."""
    found: dict[str, frozenset[str] | None] = {}
    for name, listed in named.items():
        if listed is not None and not objects.tables:
            raise _not_applicable(name, "the columns of anything but a relation")
        columns = None if listed is None else frozenset(listed)
        every = objects.permitted if columns is None else _COLUMN_PRIVILEGES
        for privilege in sorted(every) if name == _ALL else [name]:
            if privilege not in objects.permitted:
                raise _not_applicable(privilege, objects.what)
            found[privilege] = columns
    return found


def _grantees(reader: Reader, *, give: bool) -> tuple[Grantee, ...]:
    reader.expect("to" if give else "from")
    return tuple(reader.commas(lambda: grantee(reader)))


def _policies(reader: Reader, database: str, *, give: bool) -> tuple[Grantee, ...]:
    """The policies that follow TO RLS POLICY and its like; none when other grantees follow."""
    for kind in sorted(POLICIES):
        if reader.accept("to" if give else "from", *kind.split()):
            names = reader.commas(lambda: policy_name(reader, database))
            return tuple(Grantee(kind, name) for name in names)
    return ()
