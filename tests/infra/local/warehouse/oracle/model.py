"""What Redshift's documentation says a person may see, computed in plain Python from the world alone.

Pages are those of the Redshift Database Developer Guide. Only the queries of views are left to DuckDB, which
answers them from what the person sees of the relations below.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infra.local.warehouse import DbUser
from tests.infra.local.warehouse.oracle import plain
from tests.infra.local.warehouse.oracle.expressions import Moment, Row
from tests.infra.local.warehouse.oracle.world import (
    PUBLIC,
    ROLES,
    SECURITY_ADMIN,
    Grantee,
    Policy,
    View,
    World,
)

Contents = dict[str, tuple[tuple[str, ...], list[Row]]]


@dataclass(frozen=True)
class Person:
    """One person's view of a world."""

    world: World
    user: DbUser

    @cached_property
    def grantees(self) -> set[Grantee]:
        """Who they are: themselves, everybody, the roles of their groups, and each role of a role."""
        found = {PUBLIC, Grantee("user", self.user.name)}
        found |= {Grantee("role", f"AWSIDC:{group}") for group in self.user.groups}
        for _ in range(len(ROLES) + 1):
            found |= {Grantee("role", role) for member, role in self.world.members if member in found}
        return found

    def may_use(self, key: str) -> bool:
        """USAGE on the relation's schema."""
        return key.startswith("public.") or bool(self.grantees & set(self.world.usages))

    def columns(self, privilege: str, key: str) -> set[str]:
        """The columns of the relation on which they have the privilege.

        A materialized view asks for USAGE on the schemas below it, too (materialized-view-query).
        """
        relation = self.world.relation(key)
        if self.user.superuser:
            return set(relation.columns)
        below = relation.sources if isinstance(relation, View) and relation.materialized else frozenset()
        if not all(map(self.may_use, {key, *below})):
            return set()
        held: set[tuple[Grantee, str]] = set()
        for changes, give in ((self.world.grants, True), (self.world.revokes, False)):
            for grant in changes:
                if (grant.privilege, grant.relation) == (privilege, key) and grant.grantee in self.grantees:
                    named = {(grant.grantee, column) for column in grant.columns or relation.columns}
                    held = held | named if give else held - named
        return {column for _, column in held}

    def may(self, needs: Iterable[tuple[str, str, str | None]]) -> bool:
        """Whether they have the privilege on each column; where none is named, on any of the relation."""
        held = [(self.columns(privilege, key), column) for privilege, key, column in needs]
        return all(column in columns if column else columns for columns, column in held)

    @cached_property
    def exempt(self) -> bool:
        """IGNORE RLS, which superusers and sys:secadmin have by themselves (t_rls_ownership)."""
        roles = {*self.world.ignoring, SECURITY_ADMIN}
        ignoring = any(grantee.kind == "role" and grantee.name in roles for grantee in self.grantees)
        return self.user.superuser or ignoring

    def at(self, row: Row) -> Moment:
        """Policies read their lookup tables whatever the person may read (r_CREATE_RLS_POLICY)."""
        return Moment(row, self.user.name, {lookup.key: lookup.dicts() for lookup in self.world.lookups})

    def policies(self, key: str) -> list[Policy]:
        names = {a.policy for a in self.world.attachments if a.relation == key and a.grantee in self.grantees}
        return [policy for policy in self.world.policies if policy.name in names]

    def sees(self, key: str, row: Row) -> bool:
        """Whether the relation's row is theirs to see; with no policy for them, none is (r_ALTER_TABLE)."""
        if key not in self.world.secured or self.exempt:
            return True
        verdicts = [policy.condition.value(self.at(row)) is True for policy in self.policies(key)]
        return bool(verdicts) and (all if self.world.secured[key] == "AND" else any)(verdicts)

    def masks(self, key: str) -> dict[str, Any]:
        """The mask of each column: of those for the person the one of highest priority (t_ddm-hierarchy).

        A superuser, too, sees the masks that are everybody's (the example of t_ddm).
        """
        mine = [m for m in self.world.masks if m.relation == key and m.grantee in self.grantees]
        ranked = sorted(mine, key=lambda mask: mask.priority)
        return {column: mask for mask in ranked for column in mask.outputs}

    def masked(self, key: str, row: Row) -> Row:
        """The row as the person sees it: masks read the row as it is, after row-level security."""
        shown = dict(row)
        for column, mask in self.masks(key).items():
            policy = next(p for p in self.world.masking if p.name == mask.policy)
            values = zip((name for name, _ in policy.inputs), mask.inputs, strict=True)
            given = {name: row[column] for name, column in values}
            shown[column] = policy.values[mask.outputs.index(column)].value(self.at(given))
        return shown

    def cut(self, key: str, rows: Iterable[Row]) -> list[Row]:
        return [self.masked(key, row) for row in rows if self.sees(key, row)]

    @cached_property
    def contents(self) -> Contents:
        """What they see of each relation, if they may read it: all columns, permitted rows, masked values.

        The policies and masks below a view are those of who queries it (t_rls_usage, t_ddm-considerations).
        A materialized view holds what its owner read; below it there are no policies (r_ATTACH_RLS_POLICY).
        """
        found: Contents = {t.key: (t.columns, self.cut(t.key, t.dicts())) for t in self.world.stored}
        with plain.holding(found) as database:
            for view in self.world.views:
                rows = database.execute(f"SELECT * FROM ({view.query}) AS q").fetchall()
                named = (dict(zip(view.columns, row, strict=True)) for row in rows)
                found[view.key] = view.columns, self.cut(view.key, named)
                database.execute(plain.definition(view.key, *found[view.key]))
        return found

    @cached_property
    def permitted(self) -> Contents:
        """What they may read, and see: of `contents` the columns granted, and a star shows no other.

        (r_GRANT-usage-notes, column-level access control)
        """
        readable = {key: self.columns("SELECT", key) for key in self.contents}
        return {
            key: (tuple(name for name in columns if name in readable[key]), rows)
            for key, (columns, rows) in self.contents.items()
            if readable[key]
        }
