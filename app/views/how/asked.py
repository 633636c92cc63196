"""What the warehouse is asked, as the person, to tell why they see what they see. No Streamlit in it.

Which tables there are is what a page's question reads; the names in these statements are its author's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from app.redshift.query import Query
from app.redshift.table import Table
from app.views.choice import Dimension
from app.views.sales import WHEREABOUTS

# Roles of Redshift's own that read the policies without having been granted ACCESS SYSTEM TABLE.
_READ_POLICIES = frozenset({"sys:secadmin", "sys:superuser"})
_NAME = "How I see this"

WHO = Query(
    f"{_NAME}: roles",
    """
SELECT 'person' AS kind,
       CAST(current_user AS VARCHAR(256)) AS name,
       CAST(session_user AS VARCHAR(256)) AS other
UNION ALL
SELECT 'session', CAST(name AS VARCHAR(256)), NULL
FROM pg_get_session_roles() AS session_roles(name name, roleid integer)
UNION ALL
SELECT 'granted', CAST(role_name AS VARCHAR(256)), NULL
FROM svv_user_grants
WHERE user_name = current_user
UNION ALL
SELECT 'inherited', CAST(granted_role_name AS VARCHAR(256)), CAST(role_name AS VARCHAR(256))
FROM svv_role_grants
""",
)
"""Who the person is to Redshift, in one statement; its last part may tell of other people's roles too."""

How = Literal["session", "granted", "inherited"]


class Role(NamedTuple):
    """A role that the person has: by a group, by a grant to them, or through another role."""

    name: str
    how: How
    through: str = ""


@dataclass(frozen=True)
class Who:
    """The person, as the database knows them."""

    user: str
    session_user: str
    roles: tuple[Role, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(role.name for role in self.roles)


def who(table: Table) -> Who:
    """Reads the answer to WHO."""
    rows = _rows(table)
    user, session_user = next((name, other) for kind, name, other in rows if kind == "person")
    roles: dict[str, Role] = {}
    for kind, name, _ in rows:
        if kind in ("session", "granted"):
            roles.setdefault(name, Role(name, kind))
    grants = [(name, other) for kind, name, other in rows if kind == "inherited"]
    found = True
    while found:
        found = False
        for name, through in grants:
            if through in roles and name not in roles:
                roles[name], found = Role(name, "inherited", through), True
    return Who(user, session_user, tuple(roles.values()))


def rights_query(tables: Sequence[str]) -> Query:
    """Who holds what on these tables, as far as the person may know it."""
    schemas = dict.fromkeys(table.rpartition(".")[0] for table in tables)
    named = {f"table_{place}": table for place, table in enumerate(tables)}
    within = {f"schema_{place}": schema for place, schema in enumerate(schemas)}
    these, those = _listed(named), _listed(within)
    return Query(
        f"{_NAME}: grants",
        f"""
SELECT 'table' AS kind, namespace_name || '.' || relation_name AS object, '' AS part,
       privilege_type AS privilege, identity_name AS holder, identity_type AS holder_type
FROM svv_relation_privileges
WHERE privilege_type = 'SELECT' AND namespace_name || '.' || relation_name IN ({these})
UNION ALL
SELECT 'column', namespace_name || '.' || relation_name, column_name,
       privilege_type, identity_name, identity_type
FROM svv_column_privileges
WHERE privilege_type = 'SELECT' AND namespace_name || '.' || relation_name IN ({these})
UNION ALL
SELECT 'schema', namespace_name, privilege_scope, privilege_type, identity_name, identity_type
FROM svv_schema_privileges
WHERE privilege_type IN ('USAGE', 'SELECT') AND namespace_name IN ({those})
UNION ALL
SELECT 'system', '', '', system_privilege, identity_name, identity_type
FROM svv_system_privileges
WHERE system_privilege IN ('IGNORE RLS', 'EXPLAIN RLS', 'ACCESS SYSTEM TABLE')
""",  # noqa: S608 - names of parameters alone
        {**named, **within},
    )


class Privilege(NamedTuple):
    """Something that somebody holds: on a table, a column of it, its schema, or the whole system."""

    kind: str
    object: str
    part: str
    privilege: str
    holder: str
    holder_type: str


@dataclass(frozen=True)
class Rights:
    """What is held, and by whom of those that the person is."""

    privileges: tuple[Privilege, ...]
    who: Who

    def select(self, table: str) -> tuple[str, ...]:
        """Through whom the person holds SELECT on the whole table."""
        schema = table.rpartition(".")[0]
        return self._mine(
            held
            for held in self.privileges
            if held.privilege == "SELECT"
            and ((held.kind, held.object) == ("table", table) or self._all_in(held, schema))
        )

    def columns(self, table: str) -> Mapping[str, tuple[str, ...]]:
        """Through whom the person holds SELECT on some columns alone, and on which."""
        found: dict[str, list[str]] = {}
        for held in self.privileges:
            if (held.kind, held.object) == ("column", table) and self._is_mine(held):
                found.setdefault(held.holder, []).append(held.part)
        return {holder: tuple(columns) for holder, columns in found.items()}

    def others(self, table: str) -> tuple[str, ...]:
        """Who else holds SELECT on it, of those whom the person may know."""
        held = [p for p in self.privileges if (p.kind, p.object) == ("table", table)]
        return tuple(dict.fromkeys(p.holder for p in held if not self._is_mine(p)))

    def usage(self, table: str) -> tuple[str, ...]:
        """Through whom the person may look into the table's schema."""
        place = ("schema", table.rpartition(".")[0], "USAGE")
        return self._mine(
            held for held in self.privileges if (held.kind, held.object, held.privilege) == place
        )

    def system(self, privilege: str) -> tuple[str, ...]:
        """Through whom the person holds a privilege on the system, such as IGNORE RLS."""
        return self._mine(h for h in self.privileges if (h.kind, h.privilege) == ("system", privilege))

    @property
    def reads_policies(self) -> bool:
        """Whether the views of the policies answer this person."""
        return bool(self.system("ACCESS SYSTEM TABLE") or _READ_POLICIES & self.who.names)

    def _mine(self, held: Iterable[Privilege]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.holder for each in held if self._is_mine(each)))

    def _is_mine(self, held: Privilege) -> bool:
        if held.holder_type == "public":
            return True
        return held.holder in (self.who.names if held.holder_type == "role" else {self.who.user})

    @staticmethod
    def _all_in(held: Privilege, schema: str) -> bool:
        """Whether it is on all tables of the schema, as a scoped grant is."""
        return (held.kind, held.object) == ("schema", schema) and held.part.upper() == "TABLES"


def rights(table: Table, person: Who) -> Rights:
    """Reads the answer to `rights_query`."""
    return Rights(tuple(Privilege(*row) for row in _rows(table)), person)


# How Redshift reads a table for this person.


def plan_query(table: str) -> Query:
    """How Redshift would read the table for whoever asks."""
    return Query(f"{_NAME}: plan of {table}", f"EXPLAIN SELECT 1 FROM {_checked(table)}")  # noqa: S608 - checked


@dataclass(frozen=True)
class Plan:
    """What a plan tells of row-level security: whether it holds, and on which conditions, if it says so."""

    lines: tuple[str, ...]

    @property
    def secured(self) -> bool:
        """Whether policies hold for whoever asked: a plan without them is a scan and nothing else."""
        return any("RLS SecureScan" in line for line in self.lines)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The statement has no condition of its own: all are the policies'."""
        found = (re.search(r"Filter: (.+)", line) for line in self.lines)
        return tuple(each[1].strip() for each in found if each)

    @property
    def closed(self) -> bool:
        """Whether no row can come through: no policy holds for whoever asked."""
        return self.conditions == ("false",)

    @property
    def simple(self) -> bool:
        """Whether the table alone is read, so that its conditions say all."""
        return sum("Scan on " in line for line in self.lines) == 1


def plan(table: Table) -> Plan:
    """Reads the answer to `plan_query`."""
    return Plan(tuple(str(line) for (line,) in _rows(table)))


# What comes through.


def count_query(table: str) -> Query:
    """How many rows of the table come through, and from where, where that is known of the table."""
    told = WHEREABOUTS.get(table, {})
    columns = [f"COALESCE(NULLIF({column}, ''), '(none)')" for column in told.values()]
    named = "".join(f"{sql} AS {name}, " for sql, name in zip(columns, told, strict=True))
    by = f" GROUP BY {', '.join(columns)}" if columns else ""
    sql = f"SELECT {named}COUNT(*) AS seen FROM {_checked(table)}{by}"  # noqa: S608 - checked
    return Query(f"{_NAME}: rows of {table}", sql)


@dataclass(frozen=True)
class Counted:
    """How many rows came through, in all and for each value of what tells where they are from."""

    rows: int
    by: Mapping[Dimension, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    cut: bool = False


def counted(table: str, answer: Table) -> Counted:
    """Reads the answer to `count_query`."""
    rows, by = _rows(answer), {}
    for place, name in enumerate(WHEREABOUTS.get(table, {})):
        sums: dict[str, int] = {}
        for row in rows:
            sums[row[place]] = sums.get(row[place], 0) + row[-1]
        by[name] = tuple(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))
    return Counted(sum(row[-1] for row in rows), by, answer.truncated)


# For whoever may read the policies.


def policies_query(tables: Sequence[str]) -> Query:
    """Which policies are attached to these tables, for whom, and on which conditions."""
    named = {f"table_{place}": table for place, table in enumerate(tables)}
    return Query(
        f"{_NAME}: policies",
        f"""
SELECT a.relschema || '.' || a.relname AS object, a.polname, a.grantee, a.granteekind,
       a.is_pol_on AND a.is_rls_on AS holds, a.rls_conjunction_type, p.polqual
FROM svv_rls_attached_policy AS a
LEFT JOIN svv_rls_policy AS p ON p.polname = a.polname
WHERE a.relschema || '.' || a.relname IN ({_listed(named)})
ORDER BY object, polname, grantee
""",  # noqa: S608 - names of parameters alone
        named,
    )


class Attached(NamedTuple):
    """A policy on a table: for whom, whether it holds, how it is joined with others, and its condition."""

    table: str
    policy: str
    grantee: str
    grantee_type: str
    holds: bool
    conjunction: str
    condition: str | None

    def is_for(self, person: Who) -> bool:
        """Whether it is attached to the person or to a role of theirs."""
        kind, name = self.grantee_type.strip(), self.grantee
        return kind == "public" or name in (person.names if kind == "role" else {person.user})


def attached(table: str, answer: Table) -> tuple[Attached, ...]:
    """Reads of the answer to `policies_query` what is on this table."""
    return tuple(found for found in map(Attached._make, _rows(answer)) if found.table == table)


def _rows(table: Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns.columns), strict=True))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f":{name}" for name in names)


def _checked(table: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*){0,2}", table):
        raise ValueError(f"{table!r} cannot name a table here.")
    return table
