"""Changes at random: DELETE, UPDATE and INSERT of somebody who may see a part of the rows."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.infra.local.warehouse.oracle.model import Person
from tests.infra.local.warehouse.oracle.queries import Column, Scope, Writer
from tests.infra.local.warehouse.oracle.world import KINDS, Table


@dataclass(frozen=True)
class Change:
    """A statement, what it takes to run it, and the query that tells what it does.

    The query gives for DELETE the `id` of each row, for UPDATE also the new values of `columns`, and for
    INSERT the values of `columns` of each new row.
    """

    verb: str
    target: Table
    sql: str
    columns: tuple[str, ...]
    effect: str
    needs: frozenset[tuple[str, str, str | None]]

    def applied(self, found: list[tuple]) -> list[tuple]:
        """The target's rows after the change, from what the query gave."""
        if self.verb == "INSERT":
            fresh = (dict(zip(self.columns, row, strict=True)) for row in found)
            return [*self.target.rows, *(tuple(map(row.get, self.target.columns)) for row in fresh)]
        changed = {row[0]: dict(zip(self.columns, row[1:], strict=True)) for row in found}
        rows = self.target.dicts()
        if self.verb == "DELETE":
            rows = [row for row in rows if row["id"] not in changed]
        else:
            rows = [{**row, **changed.get(row["id"], {})} for row in rows]
        return [tuple(row.values()) for row in rows]


def _assigned(draw, person: Person, writer: Writer, target: Table, columns, *, quiet: bool):
    """New values for some columns; `quiet`, for such as no policy of the table reads."""
    read = {
        column
        for attachment in person.world.attachments
        for policy in person.world.policies
        if (attachment.policy, attachment.relation) == (policy.name, target.key)
        for column in policy.condition.columns()
    }
    open_to_all = [name for name in target.columns[1:] if not (quiet and name in read)]
    granted = [name for name in open_to_all if name in person.columns("UPDATE", target.key)]
    names = draw(
        st.lists(st.sampled_from(granted or open_to_all or ["id"]), min_size=1, max_size=2, unique=True)
    )
    return {name: writer.value(KINDS[name], columns) for name in names}


_VERBS = ("DELETE", "UPDATE", "UPDATE", "UPDATE", "INSERT")


def possible(person: Person) -> list[tuple[Table, str]]:
    """The changes that the person may make, of tables whose values they see as they are."""
    return [
        (table, verb)
        for table in person.world.tables
        for verb in _VERBS
        if person.columns(verb, table.key)
        and (verb == "INSERT" or person.columns("SELECT", table.key))
        and not person.masks(table.key)
    ]


@st.composite
def changes(draw, person: Person, scope: Scope, *, daring: bool, quiet: bool = False) -> Change:
    """A change of a table: where they can make one, of such as the person may change, or, daring, of any."""
    some = [(table, verb) for table in person.world.tables if not person.masks(table.key) for verb in _VERBS]
    target, verb = draw(st.sampled_from((not daring and possible(person)) or some))
    writer = Writer(draw, scope, wide=False)
    if verb == "INSERT":
        return _insert(writer, target)
    readable = person.columns("SELECT", target.key) or set(target.columns)
    columns = tuple(
        Column(f"{target.name}.{name}", KINDS[name], (target.key, name))
        for name in target.columns
        if name in readable
    )
    beside = f" AND {writer.condition(columns, 1)}" if writer.chance(3) else ""
    where = f" WHERE {writer.simple(columns)}{beside}"
    assigned = {}
    if verb == "UPDATE":
        assigned = _assigned(draw, person, writer, target, columns, quiet=quiet)
    words = f"UPDATE {target.key} SET" if assigned else f"DELETE FROM {target.key}"
    listed = ", ".join(f"{name} = {value}" for name, value in assigned.items())
    needs = {("SELECT", *read) for read in writer.reads}
    needs |= {(verb, target.key, name) for name in assigned or (None,)}
    values = ", ".join([f"{target.name}.id", *assigned.values()])
    effect = f"SELECT {values} FROM {target.key}{where}"
    return Change(verb, target, f"{words} {listed}{where}", tuple(assigned), effect, frozenset(needs))


def _insert(writer: Writer, target: Table) -> Change:
    columns = target.columns[1 : 1 + writer.pick((1, 2, 3))]
    rows, _ = writer.rows(1, tuple(KINDS[name] for name in columns))
    sql = f"INSERT INTO {target.key} ({', '.join(columns)}) {rows}"
    needs = {("SELECT", *read) for read in writer.reads} | {("INSERT", target.key, None)}
    return Change("INSERT", target, sql, columns, rows, frozenset(needs))
