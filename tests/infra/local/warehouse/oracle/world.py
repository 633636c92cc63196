"""A warehouse as data: its relations, its people, and all that anybody is given there."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from infra.local.warehouse import DbUser
from tests.infra.local.warehouse.oracle.expressions import TYPES, Expression, Row, literal

ADMIN = DbUser("admin", superuser=True)
PEOPLE = (
    DbUser("AWSIDC:ann@example.com", frozenset({"east"})),
    DbUser("AWSIDC:ben@example.com", frozenset({"east", "west"})),
    DbUser("AWSIDC:cleo@example.com"),
)
GROUP_ROLES = ("AWSIDC:east", "AWSIDC:west")
ROLES = (*GROUP_ROLES, "reader", "auditor")
SECURITY_ADMIN = "sys:secadmin"
# A name tells the kind, so that a policy fits each relation that has its columns.
KINDS = {
    "id": "int",
    "n": "int",
    "m": "int",
    "d": "decimal",
    "s": "text",
    "r": "text",
    "b": "boolean",
    "w": "date",
    "person": "text",  # of the lookup tables, as the next two
    "v": "int",
    "t": "text",
}


class Grantee(NamedTuple):
    """A user, a role or PUBLIC."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return {"user": f'"{self.name}"', "role": f'ROLE "{self.name}"', "public": "PUBLIC"}[self.kind]


PUBLIC = Grantee("public")
USERS = tuple(Grantee("user", person.name) for person in PEOPLE)
GRANTEES = (*USERS, *(Grantee("role", role) for role in ROLES), PUBLIC)


@dataclass(frozen=True)
class Relation:
    """What a query can name: its columns, each of the kind that its name tells."""

    schema: str
    name: str
    columns: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Table(Relation):
    rows: tuple[tuple[Any, ...], ...] = ()

    def dicts(self) -> tuple[Row, ...]:
        return tuple(dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def definition(self) -> str:
        columns = ", ".join(f"{name} {TYPES[KINDS[name]]}" for name in self.columns)
        return f"CREATE TABLE {self.key} ({columns})"

    def inserts(self) -> list[str]:
        kinds = [KINDS[name] for name in self.columns]
        lines = (", ".join(map(literal, kinds, row)) for row in self.rows)
        return (
            [f"INSERT INTO {self.key} VALUES {', '.join(f'({line})' for line in lines)}"] if self.rows else []
        )


@dataclass(frozen=True)
class View(Relation):
    """A query of the superuser's; its columns are called c0, c1, … there and have names of their own here."""

    query: str
    sources: frozenset[str]
    materialized: bool

    def definition(self, options: str = "") -> str:
        listed = ", ".join(
            f"CAST(c{n} AS {TYPES[KINDS[name]]}) AS {name}" for n, name in enumerate(self.columns)
        )
        kind = "MATERIALIZED VIEW" if self.materialized else "VIEW"
        return f"CREATE {kind} {self.key} {options}AS SELECT {listed} FROM ({self.query}) AS q"


class Grant(NamedTuple):
    """A privilege on a relation, or on some of its columns."""

    privilege: str
    relation: str
    columns: tuple[str, ...] | None
    grantee: Grantee

    def what(self) -> str:
        return self.privilege + ("" if self.columns is None else f" ({', '.join(self.columns)})")


def changes(verb: str, grants: Iterable[Grant]) -> list[str]:
    """The grants as GRANT or REVOKE, one for each relation and grantee."""
    found: dict[tuple[str, Grantee], list[str]] = {}
    for grant in grants:
        found.setdefault((grant.relation, grant.grantee), []).append(grant.what())
    to = "TO" if verb == "GRANT" else "FROM"
    return [f"{verb} {', '.join(what)} ON {relation} {to} {who}" for (relation, who), what in found.items()]


class Membership(NamedTuple):
    member: Grantee
    role: str


@dataclass(frozen=True)
class Policy:
    """A row-level security policy; its columns are those that the condition reads."""

    name: str
    condition: Expression

    def definition(self) -> str:
        columns = ", ".join(f"{name} {TYPES[KINDS[name]]}" for name in sorted(self.condition.columns()))
        given = f"WITH ({columns}) " if columns else ""
        return f"CREATE RLS POLICY {self.name} {given}USING ({self.condition.sql()})"


class Attachment(NamedTuple):
    policy: str
    relation: str
    grantee: Grantee


@dataclass(frozen=True)
class MaskingPolicy:
    """A masking policy: its inputs and their kinds, and a value for each column that it masks."""

    name: str
    inputs: tuple[tuple[str, str], ...]
    values: tuple[Expression, ...]
    kinds: tuple[str, ...]  # of the values

    def definition(self) -> str:
        inputs = ", ".join(f"{name} {TYPES[kind]}" for name, kind in self.inputs)
        values = ", ".join(
            f"CAST({value.sql()} AS {TYPES[kind]})"
            for value, kind in zip(self.values, self.kinds, strict=True)
        )
        return f"CREATE MASKING POLICY {self.name} WITH ({inputs}) USING ({values})"


class Mask(NamedTuple):
    """A masking policy attached: the columns masked and those that its inputs are."""

    policy: str
    relation: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    grantee: Grantee
    priority: int

    def sql(self) -> str:
        using = "" if self.inputs == self.outputs else f" USING ({', '.join(self.inputs)})"
        return (
            f"ATTACH MASKING POLICY {self.policy} ON {self.relation} ({', '.join(self.outputs)}){using}"
            f" TO {self.grantee} PRIORITY {self.priority}"
        )


@dataclass(frozen=True)
class World:
    tables: tuple[Table, ...]
    lookups: tuple[Table, ...]
    views: tuple[View, ...]
    members: tuple[Membership, ...]
    usages: tuple[Grantee, ...]  # of the schema `shop`; `public` is everybody's
    grants: tuple[Grant, ...]
    revokes: tuple[Grant, ...]
    ignoring: tuple[str, ...]  # the roles with IGNORE RLS
    policies: tuple[Policy, ...]
    attachments: tuple[Attachment, ...]
    secured: dict[str, str]  # the relations with row-level security: AND or OR
    masking: tuple[MaskingPolicy, ...]
    masks: tuple[Mask, ...]

    @property
    def stored(self) -> tuple[Table, ...]:
        return (*self.tables, *self.lookups)

    @property
    def relations(self) -> tuple[Relation, ...]:
        return (*self.stored, *self.views)

    def relation(self, key: str) -> Relation:
        return next(relation for relation in self.relations if relation.key == key)

    def with_rows(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> "World":
        """The world in which the table has these rows."""
        changed = replace(table, rows=tuple(rows))
        return replace(self, tables=tuple(changed if t == table else t for t in self.tables))

    def principals(self) -> list[str]:
        """The statements that make schema, people and roles."""
        return [
            "CREATE SCHEMA shop",
            *(f"CREATE USER {user} PASSWORD DISABLE" for user in USERS),
            *(f'CREATE ROLE "{role}"' for role in ROLES),
        ]

    def rules(self) -> list[str]:
        """The statements that define views and policies; the tables are filled by then."""
        return [
            *(view.definition() for view in self.views),
            *(policy.definition() for policy in self.policies),
            *(policy.definition() for policy in self.masking),
            *(
                f"GRANT SELECT ON {', '.join(lookup.key for lookup in self.lookups)} TO MASKING POLICY {name}"
                for name in (policy.name for policy in self.masking)
            ),
        ]

    def rights(self) -> list[str]:
        """The statements that give, take and bound."""
        materialized = {view.key for view in self.views if view.materialized}
        return [
            *(f'GRANT ROLE "{role}" TO {member}' for member, role in self.members),
            *(f'GRANT IGNORE RLS TO ROLE "{role}"' for role in self.ignoring),
            *(f"GRANT USAGE ON SCHEMA shop TO {grantee}" for grantee in self.usages),
            *changes("GRANT", self.grants),
            *changes("REVOKE", self.revokes),
            *(f"ATTACH RLS POLICY {a.policy} ON {a.relation} TO {a.grantee}" for a in self.attachments),
            *(mask.sql() for mask in self.masks),
            *(
                f"ALTER {'MATERIALIZED VIEW' if key in materialized else 'TABLE'} {key}"
                f" ROW LEVEL SECURITY ON CONJUNCTION TYPE {word}"
                for key, word in self.secured.items()
            ),
        ]
