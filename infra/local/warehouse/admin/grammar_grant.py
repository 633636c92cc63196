"""GRANT and REVOKE."""

from collections.abc import Mapping

from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.names import table_key
from infra.local.warehouse.admin.statements import (
    ChangeMembership,
    ChangePrivileges,
    ChangeSystemPrivileges,
    Statement,
)
from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.objects import PUBLIC, TABLE_PRIVILEGES, Grantee


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
    if not give and reader.current.text in ("grant", "admin"):
        raise NotSupported("REVOKE of an option")
    if reader.accept("role"):
        roles = tuple(reader.commas(lambda: (reader.accept("role"), reader.principal())[1]))
        return ChangeMembership(give, roles, _grantees(reader, give=give))
    if reader.accept("ignore", "rls"):
        return ChangeSystemPrivileges(give, ("IGNORE RLS",), _grantees(reader, give=give))
    if reader.accept("access", "system", "table"):
        return ChangeSystemPrivileges(give, ("ACCESS SYSTEM TABLE",), _grantees(reader, give=give))
    privileges = _privileges(reader)
    reader.expect("on")
    if set(privileges) == {"USAGE"}:
        reader.expect("schema")
        schemas = tuple(reader.commas(reader.name))
        return ChangePrivileges(give, privileges, schemas, (), False, _grantees(reader, give=give))
    return _on_tables(reader, database, privileges, give=give)


def _on_tables(
    reader: Reader, database: str, privileges: Mapping[str, frozenset[str] | None], *, give: bool
) -> ChangePrivileges:
    if reader.accept("all", "tables", "in", "schema"):
        schemas = tuple(reader.commas(reader.name))
        return ChangePrivileges(give, privileges, schemas, (), True, _grantees(reader, give=give))
    if reader.current.text in ("schema", "database", "function", "language", "datashare"):
        raise NotSupported(f"GRANT of these privileges on {reader.current.text.upper()}")
    reader.accept("table")
    tables = tuple(reader.commas(lambda: table_key(reader, database=database)))
    return ChangePrivileges(give, privileges, (), tables, False, _grantees(reader, give=give))


def _privileges(reader: Reader) -> Mapping[str, frozenset[str] | None]:
    """SELECT [(columns)], INSERT, … or ALL [PRIVILEGES]."""
    if reader.accept("all"):
        reader.accept("privileges")
        return dict.fromkeys(sorted(TABLE_PRIVILEGES))
    found: dict[str, frozenset[str] | None] = {}
    while True:
        word = reader.take("word").upper()
        if word not in TABLE_PRIVILEGES | {"USAGE"}:
            raise NotSupported(f"GRANT {word}")
        found[word] = _columns(reader) if word in ("SELECT", "UPDATE") else None
        if not reader.accept(","):
            return found


def _columns(reader: Reader) -> frozenset[str] | None:
    if not reader.accept("("):
        return None
    columns = frozenset(reader.commas(reader.name))
    reader.expect(")")
    return columns


def _grantees(reader: Reader, *, give: bool) -> tuple[Grantee, ...]:
    reader.expect("to" if give else "from")
    found = tuple(reader.commas(lambda: grantee(reader)))
    if reader.current.text == "with":
        raise NotSupported("a grant option")
    return found
