"""Policies of row-level security and of masking."""

from infra.local.warehouse.admin.grammar_grant import grantee
from infra.local.warehouse.admin.grammar_tables import behaviour, names_in_parentheses
from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.names import data_type, policy_name, table_key
from infra.local.warehouse.admin.statements import (
    AlterMaskingPolicy,
    AlterPolicy,
    ChangeAttachment,
    ChangeMask,
    CreateMaskingPolicy,
    CreatePolicy,
    DropMaskingPolicy,
    DropPolicy,
)
from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.objects import ColumnDefinition


def create_policy(reader: Reader, database: str) -> CreatePolicy:
    """What CREATE RLS POLICY says after those words."""
    unless = reader.accept("if", "not", "exists")
    name, alias = policy_name(reader, database), ""
    columns: tuple[ColumnDefinition, ...] = ()
    if reader.accept("with"):
        columns = _columns(reader)
        if reader.accept("as") or reader.current.text != "using":
            alias = reader.name()
    reader.expect("using")
    return CreatePolicy(name, columns, alias, reader.enclosed(), unless)


def _columns(reader: Reader) -> tuple[ColumnDefinition, ...]:
    reader.expect("(")
    columns = reader.commas(lambda: ColumnDefinition(reader.name(), data_type(reader)))
    reader.expect(")")
    return tuple(columns)


def alter_policy(reader: Reader, database: str) -> AlterPolicy:
    """What ALTER RLS POLICY says after those words."""
    name = policy_name(reader, database)
    reader.expect("using")
    return AlterPolicy(name, reader.enclosed())


def drop_policy(reader: Reader, database: str) -> DropPolicy:
    """What DROP RLS POLICY says after those words."""
    if_exists = reader.accept("if", "exists")
    return DropPolicy(policy_name(reader, database), if_exists, behaviour(reader))


def create_masking_policy(reader: Reader, database: str) -> CreateMaskingPolicy:
    """What CREATE MASKING POLICY says after those words; IF NOT EXISTS is documented in two places."""
    unless = reader.accept("if", "not", "exists")
    name = policy_name(reader, database)
    unless = reader.accept("if", "not", "exists") or unless
    reader.expect("with")
    columns = _columns(reader)
    reader.expect("using")
    return CreateMaskingPolicy(name, columns, _expressions(reader), unless)


def alter_masking_policy(reader: Reader, database: str) -> AlterMaskingPolicy:
    """What ALTER MASKING POLICY says after those words."""
    name = policy_name(reader, database)
    reader.expect("using")
    return AlterMaskingPolicy(name, _expressions(reader))


def _expressions(reader: Reader) -> tuple[str, ...]:
    """The expressions of a list; one in parentheses of its own may be a list again."""
    found = reader.enclosed_parts()
    if len(found) == 1 and found[0].startswith("("):
        inner = Reader(found[0])
        parts = inner.enclosed_parts()
        if inner.current.kind == "end":
            return parts
    return found


def drop_masking_policy(reader: Reader, database: str) -> DropMaskingPolicy:
    """What DROP MASKING POLICY says after those words."""
    return DropMaskingPolicy(policy_name(reader, database))


def attachment(reader: Reader, database: str, *, attach: bool) -> ChangeAttachment | ChangeMask:
    """What ATTACH or DETACH says after that word."""
    if reader.accept("masking", "policy"):
        return _mask(reader, database, attach=attach)
    reader.expect("rls", "policy")
    policy = policy_name(reader, database)
    reader.expect("on")
    reader.accept("table")
    tables = reader.commas(lambda: table_key(reader, database=database))
    reader.expect("to" if attach else "from")
    grantees = reader.commas(lambda: grantee(reader))
    return ChangeAttachment(attach, policy, tuple(tables), tuple(grantees))


def _mask(reader: Reader, database: str, *, attach: bool) -> ChangeMask:
    policy = policy_name(reader, database)
    reader.expect("on")
    key = table_key(reader, database=database)
    outputs = _masked(reader)
    inputs = _masked(reader) if attach and reader.accept("using") else ()
    reader.expect("to" if attach else "from")
    whom = grantee(reader)
    if reader.current.text == ",":
        raise NotSupported("a masking policy for several grantees in one statement")
    priority = reader.whole() if attach and reader.accept("priority") else 0
    return ChangeMask(attach, policy, key, outputs, inputs, whom, priority)


def _masked(reader: Reader) -> tuple[str, ...]:
    """The columns of a mask, of which there must be some."""
    if reader.current.text != "(":
        raise reader.fault()
    if reader.ahead(2).text in (".", "["):
        raise NotSupported("a masking policy on a path in a SUPER column")
    return names_in_parentheses(reader)
