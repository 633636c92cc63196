"""Users, roles and schemas."""

import re

from infra.local.warehouse.admin.grammar_tables import behaviour
from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.statements import (
    AlterRoleOwner,
    AlterSchemaOwner,
    AlterUser,
    CreateRole,
    CreateSchema,
    CreateUser,
    DropRole,
    DropSchema,
    DropUser,
)
from infra.local.warehouse.errors import NotSupported, SqlError

_HASH = re.compile(r"md5[0-9a-f]{32}|sha256\|.+", re.DOTALL)
_CHARACTERS = re.compile(r"""[!#-&(-.0-?A-\[\]-~]{8,64}""")  # ASCII 33 to 126 without ' " \ / @
_NEEDED = ("[A-Z]", "[a-z]", "[0-9]")


def create_user(reader: Reader, _: str) -> CreateUser:
    """What CREATE USER says after those words; without a password nobody is made."""
    name = reader.principal()
    reader.accept("with")
    superuser, password = _user_options(reader)
    if not password:
        raise reader.fault()
    return CreateUser(name, superuser=bool(superuser))


def alter_user(reader: Reader, _: str) -> AlterUser:
    """What ALTER USER says after those words."""
    name = reader.principal()
    reader.accept("with")
    superuser, password = _user_options(reader)
    if superuser is None and not password:
        raise reader.fault()
    return AlterUser(name, superuser)


def _user_options(reader: Reader) -> tuple[bool | None, bool]:
    """Whether the user becomes a superuser (None: it is not said), and whether a password was named."""
    superuser, password = None, False
    while reader.current.kind == "word":
        if reader.accept("createuser"):
            superuser = True
        elif reader.accept("nocreateuser"):
            superuser = False
        elif reader.accept("password"):
            _check_password(reader)
            password = True
        elif not (
            reader.accept("nocreatedb")
            or reader.accept("syslog", "access", "restricted")
            or reader.accept("connection", "limit", "unlimited")
        ):
            raise NotSupported(f"a user with {reader.current.text.upper()[:40]}")
    return superuser, password


def _check_password(reader: Reader) -> None:
    """Takes DISABLE or a password that Redshift takes: it is not kept, for nobody signs in with one."""
    if reader.accept("disable"):
        return
    password = reader.take("string")
    plain = _CHARACTERS.fullmatch(password) and all(re.search(kind, password) for kind in _NEEDED)
    if not (plain or _HASH.fullmatch(password)):
        raise SqlError(
            "password must have 8 to 64 characters, an upper, a lower case letter, a digit", "22023"
        )


def drop_user(reader: Reader, _: str) -> DropUser:
    """What DROP USER says after those words."""
    if_exists = reader.accept("if", "exists")
    return DropUser(tuple(reader.commas(reader.principal)), if_exists)


def create_role(reader: Reader, _: str) -> CreateRole:
    """What CREATE ROLE says after those words."""
    name = reader.principal()
    if reader.current.text == "externalid":
        raise NotSupported("a role with EXTERNALID")
    return CreateRole(name)


def alter_role(reader: Reader, _: str) -> AlterRoleOwner:
    """What ALTER ROLE says after those words."""
    name = reader.principal()
    reader.accept("with")
    if not reader.accept("owner", "to"):
        raise NotSupported("ALTER ROLE other than OWNER TO")
    return AlterRoleOwner(name, reader.principal())


def drop_role(reader: Reader, _: str) -> DropRole:
    """What DROP ROLE says after those words."""
    name = reader.principal()
    force = reader.accept("force")
    if not force:
        reader.accept("restrict")
    return DropRole(name, force)


def create_schema(reader: Reader, _: str) -> CreateSchema:
    """What CREATE SCHEMA says after those words."""
    unless = reader.accept("if", "not", "exists")
    if reader.accept("authorization"):
        owner = reader.principal()
        return CreateSchema(owner.lower(), unless, owner)
    name = reader.name()
    owner_named = reader.accept("authorization")
    return CreateSchema(name, unless, reader.principal() if owner_named else None)


def alter_schema(reader: Reader, _: str) -> AlterSchemaOwner:
    """What ALTER SCHEMA says after those words."""
    name = reader.name()
    if not reader.accept("owner", "to"):
        raise NotSupported("ALTER SCHEMA other than OWNER TO")
    return AlterSchemaOwner(name, reader.principal())


def drop_schema(reader: Reader, _: str) -> DropSchema:
    """What DROP SCHEMA says after those words."""
    if_exists = reader.accept("if", "exists")
    names = reader.commas(reader.name)
    return DropSchema(tuple(names), if_exists, behaviour(reader))
