"""What the warehouse's system views say of who may read what. No Streamlit in it.

One statement asks them all, so that one moment is told of; all of them are Redshift's leader node's.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, LiteralString, NamedTuple

import pyarrow as pa

from app.redshift.query import Query

Kind = Literal["user", "role", "group", "public"]
SYSTEM_ROLES = "sys:"  # how the names of Redshift's own roles begin

_WIDTH = 7
_NAME: LiteralString = "VARCHAR(512)"
_LONG: LiteralString = "VARCHAR(16000)"


def _part(kind: LiteralString, columns: tuple[LiteralString, ...], source: LiteralString) -> LiteralString:
    """The rows of one view, in the columns that all have."""
    values: list[LiteralString] = [
        f"CAST({column} AS {_LONG if place == _WIDTH - 1 else _NAME})" for place, column in enumerate(columns)
    ]
    values += ["NULL"] * (_WIDTH - len(values))
    return f"SELECT '{kind}', {', '.join(values)}, NULL\nFROM {source}"


def _flag(column: LiteralString) -> LiteralString:
    return f"CASE WHEN {column} THEN 'true' ELSE 'false' END"


_IDENTITY: tuple[LiteralString, ...] = ("identity_name", "identity_type")
_PARTS: tuple[LiteralString, ...] = (
    _part("my_role", ("name",), "pg_get_session_roles() AS session_roles(name name, roleid integer)"),
    _part("user", ("user_name", _flag("superuser")), "svv_user_info"),
    _part("role", ("role_name",), "svv_roles"),
    _part("user_role", ("user_name", "role_name"), "svv_user_grants"),
    _part("role_role", ("role_name", "granted_role_name"), "svv_role_grants"),
    _part(
        "usage",
        ("namespace_name", *_IDENTITY),
        "svv_schema_privileges WHERE privilege_type = 'USAGE'",
    ),
    _part(
        "select",
        ("namespace_name", "relation_name", *_IDENTITY),
        "svv_relation_privileges WHERE privilege_type = 'SELECT'",
    ),
    _part(
        "column",
        ("namespace_name", "relation_name", *_IDENTITY, "column_name"),
        "svv_column_privileges WHERE privilege_type = 'SELECT'",
    ),
    _part("ignores", _IDENTITY, "svv_system_privileges WHERE system_privilege = 'IGNORE RLS'"),
    _part(
        "rls",
        ("relschema", "relname", "TRIM(rls_conjunction_type)"),
        "svv_rls_relation WHERE is_rls_on",
    ),
    _part(
        "attached",
        ("relschema", "relname", "grantee", "granteekind", "polname", _flag("is_pol_on"), "grantor"),
        "svv_rls_attached_policy",
    ),
    _part(
        "mask",
        (
            *("schema_name", "table_name", "grantee", "grantee_type", "policy_name"),
            *("CAST(priority AS VARCHAR(16))", "output_columns"),
        ),
        "svv_attached_masking_policy",
    ),
    _part(
        "column_of",
        ("table_schema", "table_name", "column_name"),
        # Of all tables they may be more than a page takes: of those that conditions are counted on.
        "svv_columns WHERE (table_schema = 'rowlight' AND LEFT(table_name, 8) = 'rows_of_') "
        "OR table_schema || '.' || table_name IN (SELECT relschema || '.' || relname FROM svv_rls_relation)",
    ),
)

CATALOGUE = Query(
    "Admin: who sees what",
    f"""
SELECT CAST('me' AS VARCHAR(16)) AS kind,
       CAST(current_user AS {_NAME}) AS a, CAST(NULL AS {_NAME}) AS b, CAST(NULL AS {_NAME}) AS c,
       CAST(NULL AS {_NAME}) AS d, CAST(NULL AS {_NAME}) AS e, CAST(NULL AS {_NAME}) AS f,
       CAST(NULL AS {_LONG}) AS g, CAST(NULL AS TIMESTAMP) AS changed_at
UNION ALL
SELECT 'policy', CAST(polname AS {_NAME}), CAST(polalias AS {_NAME}), CAST(polmodifiedby AS {_NAME}),
       {_flag("polenabled")}, NULL, NULL, CAST(polqual AS {_LONG}), polmodifiedtime
FROM svv_rls_policy
UNION ALL
SELECT 'masking', CAST(policy_name AS {_NAME}), NULL, CAST(policy_modified_by AS {_NAME}),
       NULL, NULL, NULL, CAST(policy_expression AS {_LONG}), policy_modified_time
FROM svv_masking_policy
UNION ALL
{" UNION ALL ".join(_PARTS)}
""",  # noqa: S608 - of our own texts alone
)


class Grantee(NamedTuple):
    """Whom something is granted to."""

    kind: Kind
    name: str


PUBLIC = Grantee("public", "public")


class Relation(NamedTuple):
    """A table or a view."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Policy:
    """A row-level security policy, or a masking policy, whose expressions then stand for its condition."""

    name: str
    condition: str
    changed_by: str
    changed_at: datetime | None
    alias: str = ""
    enabled: bool = True


class Attached(NamedTuple):
    """A row-level security policy on a relation, for somebody."""

    relation: Relation
    grantee: Grantee
    policy: str
    holds: bool
    by: str


class Mask(NamedTuple):
    """A masking policy on columns of a relation, for somebody; of several the highest priority counts."""

    relation: Relation
    grantee: Grantee
    policy: str
    priority: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """All of it, at one moment."""

    me: str = ""
    my_roles: frozenset[str] = frozenset()
    users: Mapping[str, bool] = field(default_factory=dict)  # whether each is a superuser
    roles: tuple[str, ...] = ()
    granted: frozenset[tuple[Grantee, str]] = frozenset()  # to whom, and which role
    usage: frozenset[tuple[str, Grantee]] = frozenset()
    select: frozenset[tuple[Relation, Grantee]] = frozenset()
    columns: Mapping[tuple[Relation, Grantee], tuple[str, ...]] = field(default_factory=dict)
    ignores: frozenset[Grantee] = frozenset()
    secured: Mapping[Relation, str] = field(default_factory=dict)  # those with row-level security: and, or
    attached: tuple[Attached, ...] = ()
    masks: tuple[Mask, ...] = ()
    policies: Mapping[str, Policy] = field(default_factory=dict)
    masking: Mapping[str, Policy] = field(default_factory=dict)
    mine: Mapping[Relation, tuple[str, ...]] = field(default_factory=dict)  # what the asker may use somehow

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Those that somebody was granted or that something bounds; what policies bound comes first."""
        named = {relation for relation, _ in (*self.select, *self.columns)}
        bounded = {
            *self.secured,
            *(each.relation for each in self.attached),
            *(each.relation for each in self.masks),
        }
        return (*sorted(bounded), *sorted(named - bounded))

    @property
    def namespace(self) -> str:
        """What stands before the names of people who sign in, as in the asker's own."""
        return self.me.rpartition(":")[0]

    def held_by(self, start: Iterable[Grantee]) -> frozenset[Grantee]:
        """These, the roles that they have, the roles of those, and PUBLIC."""
        found, new = {PUBLIC}, set(start)
        while new:
            found |= new
            new = {Grantee("role", role) for grantee, role in self.granted if grantee in new} - found
        return frozenset(found)


def read(columns: pa.Table) -> Catalogue:
    """The catalogue that the statement's rows tell."""
    rows: dict[str, list[Any]] = {}
    for kind, *cells, changed_at in zip(*(column.to_pylist() for column in columns.columns), strict=True):
        rows.setdefault(kind, []).append((*((cell or "").strip() for cell in cells), changed_at))
    of = rows.get
    own: dict[Relation, list[str]] = {}
    for schema, table, column, *_ in of("column_of", ()):
        own.setdefault(Relation(schema, table), []).append(column)
    granted = [(Grantee("user", user), role) for user, role, *_ in of("user_role", ())]
    granted += [(Grantee("role", role), other) for role, other, *_ in of("role_role", ())]
    return Catalogue(
        me=next((name for name, *_ in of("me", ())), ""),
        my_roles=frozenset(name for name, *_ in of("my_role", ())),
        users={name: superuser == "true" for name, superuser, *_ in of("user", ())},
        roles=tuple(sorted(name for name, *_ in of("role", ()))),
        granted=frozenset(granted),
        usage=frozenset((schema, _grantee(kind, name)) for schema, name, kind, *_ in of("usage", ())),
        select=frozenset(
            (Relation(schema, table), _grantee(kind, name))
            for schema, table, name, kind, *_ in of("select", ())
        ),
        columns=_columns(of("column", ())),
        ignores=frozenset(_grantee(kind, name) for name, kind, *_ in of("ignores", ())),
        secured={Relation(schema, table): how.lower() for schema, table, how, *_ in of("rls", ())},
        attached=tuple(
            Attached(Relation(schema, table), _grantee(kind, name), policy, on == "true", by)
            for schema, table, name, kind, policy, on, by, _ in sorted(of("attached", ()), key=_cells)
        ),
        masks=tuple(
            Mask(Relation(schema, table), _grantee(kind, name), policy, int(priority or 0), _names(outputs))
            for schema, table, name, kind, policy, priority, outputs, _ in sorted(of("mask", ()), key=_cells)
        ),
        policies={
            name: Policy(name, condition, by, at, alias, enabled == "true")
            for name, alias, by, enabled, _, _, condition, at in of("policy", ())
        },
        masking={
            name: Policy(name, _expressions(text), by, at)
            for name, _, by, _, _, _, text, at in of("masking", ())
        },
        mine={relation: tuple(names) for relation, names in own.items()},
    )


def _cells(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return row[:-1]


def _grantee(kind: str, name: str) -> Grantee:
    known: Mapping[str, Kind] = {"user": "user", "role": "role", "group": "group"}
    return Grantee(known[kind], name) if kind in known else PUBLIC


def _columns(rows: Iterable[Any]) -> dict[tuple[Relation, Grantee], tuple[str, ...]]:
    found: dict[tuple[Relation, Grantee], list[str]] = {}
    for schema, table, name, kind, column, *_ in rows:
        found.setdefault((Relation(schema, table), _grantee(kind, name)), []).append(column)
    return {key: tuple(sorted(set(names))) for key, names in found.items()}


def _names(text: str) -> tuple[str, ...]:
    """A list in JSON, as the views print lists of columns; any other text is one name."""
    try:
        found = json.loads(text)
    except ValueError:
        return (text,)
    return tuple(str(each) for each in found) if isinstance(found, list) else (text,)


def _expressions(text: str) -> str:
    """The expressions of a masking policy, a line for each."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if not isinstance(found, list):
        return text
    return "\n".join(str(each.get("expr", each)) if isinstance(each, dict) else str(each) for each in found)
