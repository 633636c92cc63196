"""Brings the warehouse to what infra/sql/ asks for: what is missing of it, and what is to go.

What is made is recorded in the transaction that makes it. What the record does not name was there before, and
is neither taken back nor changed under others.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from operator import attrgetter
from typing import Literal

from infra.provision.errors import ProvisioningError
from infra.provision.specification.access import OWN_SCHEMA
from infra.provision.specification.spec import Spec
from infra.provision.sql.admin import MOST, Admin, NotRun, parts
from infra.provision.sql.beyond import beyond
from infra.provision.sql.conditions import alike
from infra.provision.sql.record import RECORD, Made, forget, note
from infra.provision.sql.script import Step
from infra.provision.sql.statements import steps

Changed = Callable[[str], None]

_RECORDED = f"SELECT kind, name, relation, grantee FROM {RECORD}"  # noqa: S608 - a constant
_ATTACHED = "SELECT relschema, relname, polname, granteekind, grantee FROM svv_rls_attached_policy"
# What goes by itself with a group or a policy that is taken out of the specification. Tables keep their rows,
# and their row-level security, until `destroy`.
_GOES = frozenset({"system grant", "grant", "schema grant", "attachment", "policy", "role"})
_SECURITY = "row-level security"
_BY_HAND = "given by hand, and not in the specification"
# Both go last, together.
_LAST = (Made("table", relation=RECORD), Made("schema", OWN_SCHEMA))


@dataclass(frozen=True)
class Change:
    """A statement that is to be run."""

    action: Literal["create", "change", "remove"]
    sql: str
    title: str
    script: str = ""
    # What it makes or takes back; None where nothing is to be recorded.
    made: Made | None = None
    # What whoever decides about it should know.
    remark: str = ""
    # Whether Redshift may refuse it because of what others made of it.
    alone: bool = False


def recorded(admin: Admin) -> tuple[Made, ...]:
    """What the record in the warehouse says was made here."""
    made = (Made(*row) for row in admin.rows([_RECORDED])[_RECORDED])
    return tuple(each for each in dict.fromkeys(made) if each.sound())


def plan(admin: Admin, spec: Spec) -> tuple[Change, ...]:
    """What there is to do, in its order; ProvisioningError where it would change what others see."""
    own, asked = frozenset(recorded(admin)), steps(spec)
    needed, there = _needed(admin, asked)
    _check_tables(admin, spec)
    _check_policies(needed, own, there)
    wanted = {step.made for step in asked if step.made}
    added = beyond(admin, spec, own=own, wanted=wanted)
    _check_conjunctions(admin, needed, own | wanted | set(added), there)
    changes = {step.sql: _change(step, spec, own=own, there=there) for step in needed}
    gone = [each for each in own - wanted if each.kind in _GOES]
    return (
        *_taken_back(admin, gone),
        *(replace(change, remark=_BY_HAND) for change in _taken_back(admin, added)),
        *changes.values(),
    )


def all_of(spec: Spec) -> tuple[Change, ...]:
    """The same in a warehouse that was made just now, where nothing is there to ask after."""
    asked = [step for step in steps(spec) if not step.means]
    there = dict.fromkeys((step.made.there for step in asked if step.made), 0)
    changes = {step.sql: _change(step, spec, own=frozenset(), there=there) for step in asked}
    return tuple(changes.values())


def _needed(admin: Admin, asked: Sequence[Step]) -> tuple[list[Step], Mapping[str, int]]:
    """The steps that are not there yet, and how many rows each question about them had."""
    counts = admin.counts(chain.from_iterable(_questions(step) for step in asked))
    conditions = admin.rows(
        step.unless for step in asked if step.unless and step.means and counts[step.unless]
    )
    return [step for step in asked if not _settled(step, counts, conditions)], counts


def _questions(step: Step) -> Iterator[str]:
    if step.unless:
        yield step.unless
    if step.made:
        yield step.made.there


def _settled(step: Step, counts: Mapping[str, int], conditions: Mapping[str, list[tuple[str, ...]]]) -> bool:
    if not step.unless:
        return False
    if step.means is None:
        return counts[step.unless] > 0
    return all(alike(row[0], step.means) for row in conditions.get(step.unless, []))


def _change(step: Step, spec: Spec, *, own: frozenset[Made], there: Mapping[str, int]) -> Change:
    made, new = step.made, step.made is None or not there[step.made.there]
    remark = ""
    if made and made.kind == _SECURITY and new and _others(made, spec, own):
        remark = f"whoever reads {made.relation} without one of these policies sees no row of it from then on"
    return Change(
        "create" if new else "change",
        step.sql,
        step.title,
        script=step.script,
        made=made if new and made not in own else None,
        remark=remark,
    )


def _others(made: Made, spec: Spec, own: frozenset[Made]) -> bool:
    """Whether the table was there before."""
    return any(table.name == made.relation and not table.create for table in spec.tables) and (
        Made("table", relation=made.relation) not in own
    )


def _check_tables(admin: Admin, spec: Spec) -> None:
    before = {
        table.name: Made("table", relation=table.name).there for table in spec.tables if not table.create
    }
    counts = admin.counts(before.values())
    missing = [name for name, question in before.items() if not counts[question]]
    if missing:
        raise ProvisioningError(
            f"The warehouse has no table {' and no '.join(missing)}, which the specification says is there"
            f" (create = false): let it be made here (create = true, with its columns), or correct its name."
        )


def _check_policies(needed: Iterable[Step], own: frozenset[Made], there: Mapping[str, int]) -> None:
    """A policy of others may hold for tables that the specification does not know."""
    for step in needed:
        if step.means and step.made and step.made not in own and there[step.made.there]:
            raise ProvisioningError(
                f"The warehouse has a policy {step.made.name} that was not made here, and has another"
                f" condition than {step.means}: give the specification's policy another name."
            )


def _check_conjunctions(
    admin: Admin, needed: Iterable[Step], known: frozenset[Made], there: Mapping[str, int]
) -> None:
    """Under OR, whoever has two of others' policies that so far held together would see more."""
    tables = {
        step.made.relation
        for step in needed
        if step.made and step.made.kind == _SECURITY and there[step.made.there]
    }
    if not tables:
        return
    for schema, relation, policy, kind, grantee in admin.rows([_ATTACHED])[_ATTACHED]:
        table = f"{schema}.{relation}"
        if table in tables and (kind != "role" or Made("attachment", policy, table, grantee) not in known):
            raise ProvisioningError(
                f"{table} has row-level security under AND, and the policy {policy} of {kind} {grantee},"
                f" which was not made here. Rowlight needs OR, under which others could see more rows. Where"
                f" that is meant, turn it yourself: ALTER TABLE {table} ROW LEVEL SECURITY ON CONJUNCTION"
                f" TYPE OR; else give Rowlight a table of its own."
            )


def apply(admin: Admin, spec: Spec, changed: Changed) -> tuple[str, ...]:
    """Brings the warehouse to what the specification asks; what could not be taken back is told.

    Interrupted between two transactions, it goes on where it was when it is run again.
    """
    return run(admin, plan(admin, spec), changed)


def run(admin: Admin, changes: Sequence[Change], changed: Changed) -> tuple[str, ...]:
    """Does what `plan` found, each file as one transaction; tells what could not be taken back."""
    left = _take_back(admin, [change for change in changes if change.action == "remove"], changed)
    for _, script in groupby(
        (change for change in changes if change.action != "remove"), attrgetter("script")
    ):
        for some in parts(list(script), MOST - 1):
            made = [change.made for change in some if change.made]
            admin.run([*(change.sql for change in some), *([note(made)] if made else [])])
            for change in some:
                changed(change.title)
    return left


def ensure_tables(admin: Admin, spec: Spec, changed: Changed) -> None:
    """The tables with their data, the roles, their policies and grants."""
    for words in apply(admin, spec, changed):
        changed(words)


def remaining(admin: Admin) -> tuple[Change, ...]:
    """What `undo` would take back: all that was made here, by and by, so that nobody sees more on the way."""
    own = recorded(admin)
    last = [each for each in _LAST if each in own]
    return _taken_back(admin, [each for each in own if each not in last] + last)


def undo(admin: Admin, changes: Sequence[Change], changed: Changed) -> tuple[str, ...]:
    """Takes back what `remaining` found; what Redshift refuses, for others use it, is told and stays."""
    last = [change for change in changes if change.made in _LAST]
    left = _take_back(admin, [change for change in changes if change.made not in _LAST], changed)
    if left or not last:
        return left
    try:
        admin.run([change.sql for change in last])
    except NotRun as error:
        return (f"{OWN_SCHEMA} stays: {error.reason}",)
    for change in last:
        changed(change.title)
    return ()


def _taken_back(admin: Admin, made: Iterable[Made]) -> tuple[Change, ...]:
    """How these are taken back, in the order in which nobody sees more on the way."""
    made = sorted(made, key=lambda each: each.rank)
    there = admin.counts(each.traces for each in made)
    tables = {each.relation for each in made if each.kind == "table"}
    # A table that goes takes its row-level security along; one that Redshift does not let go keeps it.
    kept = {each for each in made if each.kind == _SECURITY and each.relation in tables}
    kept |= _still_filtered(admin, made)
    return tuple(
        Change("remove", each.undo, each.undo, made=each, alone=each.alone)
        if there[each.traces]
        else Change("remove", "", f"{each.kind} {each.name or each.relation} is gone already", made=each)
        for each in made
        if each not in kept
    )


def _still_filtered(admin: Admin, made: Sequence[Made]) -> frozenset[Made]:
    """The row-level security that others' policies are for by now."""
    security = {each.relation: each for each in made if each.kind == _SECURITY}
    own = {(*each.relation.split("."), each.name, each.grantee) for each in made if each.kind == "attachment"}
    attached = admin.rows([_ATTACHED])[_ATTACHED] if security else []
    return frozenset(
        security[f"{schema}.{relation}"]
        for schema, relation, policy, _, grantee in attached
        if f"{schema}.{relation}" in security and (schema, relation, policy, grantee) not in own
    )


def _take_back(admin: Admin, changes: Sequence[Change], changed: Changed) -> tuple[str, ...]:
    left = []
    together = [change for change in changes if not change.alone]
    for some in parts(together, MOST // 2):
        admin.run(list(chain.from_iterable(map(_with_its_record, some))))
        for change in some:
            changed(change.title)
    for change in (change for change in changes if change.alone):
        try:
            admin.run(_with_its_record(change))
        except NotRun as error:
            left.append(f"{change.title}: it stays, for Redshift says {error.reason}")
        else:
            changed(change.title)
    return tuple(left)


def _with_its_record(change: Change) -> list[str]:
    made = [change.made] if change.made else []
    if change.made and change.made.kind == "table":
        made.append(Made(_SECURITY, relation=change.made.relation))  # which goes with it
    return [*([change.sql] if change.sql else []), *map(forget, made)]
