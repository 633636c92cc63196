"""The administrative part of Redshift's grammar: text to statements."""

from collections.abc import Callable, Mapping
from functools import partial

from infra.local.warehouse.admin import (
    grammar_copy,
    grammar_grant,
    grammar_identity,
    grammar_policies,
    grammar_session,
    grammar_tables,
    grammar_users,
    grammar_views,
)
from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.names import table_key
from infra.local.warehouse.admin.statements import Statement
from infra.local.warehouse.errors import NotSupported

_Parse = Callable[[Reader, str], Statement]
_temporary = partial(grammar_tables.create_table, temporary=True)
_CREATE: Mapping[str, _Parse] = {
    "table": partial(grammar_tables.create_table, temporary=False),
    "temp table": _temporary,
    "temporary table": _temporary,
    "local temp table": _temporary,
    "local temporary table": _temporary,
    "view": partial(grammar_views.create_view, replace=False),
    "or replace view": partial(grammar_views.create_view, replace=True),
    "materialized view": grammar_views.create_materialized_view,
    "schema": grammar_users.create_schema,
    "user": grammar_users.create_user,
    "role": grammar_users.create_role,
    "identity provider": grammar_identity.create,
    "rls policy": grammar_policies.create_policy,
    "masking policy": grammar_policies.create_masking_policy,
}
_ALTER: Mapping[str, _Parse] = {
    "table": grammar_tables.alter_table,
    "materialized view": lambda reader, database: grammar_tables.row_level_security(
        reader, table_key(reader, database=database)
    ),
    "schema": grammar_users.alter_schema,
    "user": grammar_users.alter_user,
    "role": grammar_users.alter_role,
    "identity provider": grammar_identity.alter,
    "rls policy": grammar_policies.alter_policy,
    "masking policy": grammar_policies.alter_masking_policy,
}
_DROP: Mapping[str, _Parse] = {
    "table": grammar_tables.drop_table,
    "view": partial(grammar_views.drop_view, materialized=False),
    "materialized view": partial(grammar_views.drop_view, materialized=True),
    "schema": grammar_users.drop_schema,
    "user": grammar_users.drop_user,
    "role": grammar_users.drop_role,
    "identity provider": grammar_identity.drop,
    "rls policy": grammar_policies.drop_policy,
    "masking policy": grammar_policies.drop_masking_policy,
}


def _one_of(word: str, objects: Mapping[str, _Parse]) -> _Parse:
    """Reads the kind of object that follows the word, and then what is said of it."""

    def read(reader: Reader, database: str) -> Statement:
        for phrase, parse_object in objects.items():
            if reader.accept(*phrase.split()):
                return parse_object(reader, database)
        raise NotSupported(f"{word} {reader.current.text.upper()[:40]}")

    return read


_STATEMENTS: Mapping[str, _Parse] = {
    "create": _one_of("CREATE", _CREATE),
    "alter": _one_of("ALTER", _ALTER),
    "drop": _one_of("DROP", _DROP),
    "refresh": grammar_views.refresh,
    "attach": partial(grammar_policies.attachment, attach=True),
    "detach": partial(grammar_policies.attachment, attach=False),
    "grant": partial(grammar_grant.change, give=True),
    "revoke": partial(grammar_grant.change, give=False),
    "copy": grammar_copy.copy,
    "truncate": grammar_tables.truncate,
    "analyze": grammar_tables.analyze,
    "vacuum": grammar_tables.vacuum,
    "set": grammar_session.set_parameter,
    "reset": grammar_session.reset,
}
KEYWORDS = frozenset(_STATEMENTS)


def parse(sql: str, *, database: str) -> Statement:
    """The administrative statement that the text is; SyntaxFault or NotSupported otherwise."""
    reader = Reader(sql)
    keyword = reader.one_of(*_STATEMENTS)
    statement = _STATEMENTS[keyword](reader, database)
    reader.finish()
    return statement
