"""Policy tests worked out from what the warehouse holds: grants, roles, policies, and counts of an aggregate.

Nobody else's rights are used. What a policy lets through is a condition, and so is what a test expects; the
warehouse counts the rows for which one holds and the other does not. No Streamlit in it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from app.policies import tree
from app.policies.expectations import (
    ALL_ROWS,
    NO_ROWS,
    Columns,
    Expectation,
    Expectations,
    Expected,
    Table,
)
from app.policies.meaning import of_a_row, of_one_relation, of_user, parts_of, plain, simple
from app.policies.reading import read
from app.policies.sql import Writer
from app.policies.tokens import Unreadable
from app.policies.tree import Condition, name_in_sql
from app.policies.verdicts import Row, Seen, Verdict, judge
from app.policies.words import rows_in_words
from app.redshift.query import Query
from app.views.admin import counting, seen
from app.views.admin.catalogue import Catalogue, Relation
from app.views.admin.counting import CannotCount, Source
from app.views.admin.seen import Sees

MOST_TESTS = 200
EMPTY = "expect:\n  somebody@example.com:\n    schema.table: denied\n"
_AT_ONCE = 30  # tests, in one statement
_NOT_KNOWN = (
    "they have not signed in here, so that the groups that they are in are not known; the command line"
    " measures as them"
)
_NO_TABLE = "nobody was granted anything on it, and whether there is such a table is not shown to you"
_SQL = Writer(relations=False)


@dataclass(frozen=True)
class Through:
    """A test and what the rules say: which rows come through, and how many of them once they are counted."""

    test: Expectation
    found: Sees
    seen: Seen
    rows: Condition = NO_ROWS
    expected: Condition = NO_ROWS

    @property
    def settled(self) -> bool:
        """Whether nothing has to be counted."""
        return bool(self.seen.unknown) or self.seen.denied

    @property
    def conditions(self) -> tuple[Condition, Condition, Condition]:
        """Of the rows to be counted: those that come through, of them the expected, and all expected."""
        return self.rows, tree.every((self.rows, self.expected)), self.expected


def ruled(catalogue: Catalogue, groups: Mapping[str, Sequence[str]], test: Expectation) -> Through:
    """What the warehouse's rules say of one test, before anything is counted."""
    name = f"{catalogue.namespace}:{test.person}"
    who = seen.person(catalogue, name, groups)
    relation = Relation(test.table.schema, test.table.name)
    found = seen.sees(catalogue, who, relation)
    roles = tuple(sorted(who.roles))
    if not who.known:
        return Through(test, found, Seen(unknown=_NOT_KNOWN))
    if relation not in catalogue.relations:
        return Through(test, found, Seen(unknown=_NO_TABLE, roles=roles))
    if not found.reads:
        return Through(test, found, Seen(denied=True, roles=roles))
    try:
        rows = of_user(_comes_through(catalogue, found), name)
        columns = _columns(catalogue, found, test)
    except CannotCount as error:
        return Through(test, found, Seen(unknown=str(error), roles=roles))
    expected = of_user(_expected(test), name)
    same = plain(simple(rows)) == plain(simple(expected))
    return Through(
        test,
        found,
        Seen(roles=roles, columns=columns, through=rows_in_words(rows), same=same),
        rows,
        expected,
    )


def _expected(test: Expectation) -> Condition:
    expected = test.expected
    if expected.denied:
        return NO_ROWS
    return ALL_ROWS if expected.rows is None or isinstance(expected.rows, int) else expected.rows


def _comes_through(catalogue: Catalogue, found: Sees) -> Condition:
    """Which rows the policies let through; CannotCount says why that cannot be told."""
    if found.security in {"off", "lifted"}:
        return ALL_ROWS
    parts = [_condition(catalogue, found, name) for name in sorted(found.names)]
    if not parts:
        return NO_ROWS
    return tree.some(parts) if found.conjunction == "or" else tree.every(parts)


def _condition(catalogue: Catalogue, found: Sees, name: str) -> Condition:
    policy = catalogue.policies.get(name)
    if policy is None:
        raise CannotCount(f"SVV_RLS_POLICY does not show you the policy {name}")
    if not policy.enabled or not all(each.holds for each in found.policies if each.policy == name):
        raise CannotCount(f"the policy {name} is off, and what comes through then is not documented")
    try:
        condition = of_one_relation(read(policy.condition))
    except Unreadable:
        raise CannotCount(f"the condition of {name} is not one that this page takes apart") from None
    if reason := of_a_row(condition):
        raise CannotCount(f"the condition of {name} {reason}")
    return condition


def _columns(catalogue: Catalogue, found: Sees, test: Expectation) -> Columns:
    masked = frozenset(name for mask in found.masks for name in mask.columns)
    if test.expected.columns is None or found.superuser or found.selects:
        return Columns(masked=masked)
    known = frozenset(catalogue.mine.get(found.relation, ()))
    if not known:
        raise CannotCount("SELECT is granted by column, and the table's columns are not shown to you")
    return Columns(masked=masked & frozenset(found.columns), denied=known - frozenset(found.columns))


@dataclass(frozen=True)
class Count:
    """A statement that counts for several tests on one table, and reads its answer."""

    source: Source
    tests: tuple[Through, ...]

    @property
    def query(self) -> Query:
        """Three sums for each test."""
        sums = [
            f"COALESCE(SUM(CASE WHEN {_SQL.condition(condition)}\n    THEN {self.source.rows} ELSE 0 END), 0)"
            f" AS n_{place}_{number}"
            for place, test in enumerate(self.tests)
            for number, condition in enumerate(test.conditions)
        ]
        listed = ",\n  ".join(sums)
        sql = f"SELECT {listed}\nFROM {_name(self.source)}"
        return Query("Admin: policy tests, rows", sql)

    def read(self, answer: pa.Table) -> list[Through]:
        """The tests with their counts."""
        numbers = [int(column[0].as_py() or 0) for column in answer.columns]
        return [
            replace(test, seen=_counted(test.seen, *numbers[3 * place : 3 * place + 3]))
            for place, test in enumerate(self.tests)
        ]


def _counted(before: Seen, rows: int, holding: int, expected: int) -> Seen:
    return replace(before, through="", rows=rows, holding=holding, expected=expected)


def _name(source: Source) -> str:
    return f"{name_in_sql(source.relation.schema)}.{name_in_sql(source.relation.name)}"


def counts(catalogue: Catalogue, tests: Sequence[Through]) -> Iterator[Count | Through]:
    """What has to be asked for tests, or a test that can only be told without: by table, some at once."""
    by_relation: dict[Relation, list[Through]] = {}
    for test in tests:
        by_relation.setdefault(test.found.relation, []).append(test)
    for relation, of_table in by_relation.items():
        try:
            source = counting.source(catalogue, relation)
            hidden = counting.masked(catalogue, relation)
        except CannotCount as error:
            yield from (_uncounted(test, str(error)) for test in of_table)
            continue
        able = []
        for test in of_table:
            reason = _reason(test, source, hidden)
            if reason:
                yield _uncounted(test, reason)
            else:
                able.append(test)
        for start in range(0, len(able), _AT_ONCE):
            yield Count(source, tuple(able[start : start + _AT_ONCE]))


def _reason(test: Through, source: Source, hidden: frozenset[str]) -> str:
    """Why a test's rows cannot be counted there; '' when they can."""
    used = {
        part.name
        for condition in test.conditions
        for part in parts_of(condition)
        if isinstance(part, tree.Column)
    }
    if absent := sorted(used - source.columns):
        return f"{', '.join(absent)} is not among the columns of {source.relation}, by which rows are counted"
    if masked := sorted(used & hidden):
        return f"{', '.join(masked)} is masked for you"
    return ""


def _uncounted(test: Through, reason: str) -> Through:
    """What can be told all the same: that the rule is the expected one, or that there is access at all."""
    expected = test.test.expected
    if expected.denied or (test.seen.same and not isinstance(expected.rows, int)):
        return test
    return replace(test, seen=replace(test.seen, unknown=f"the rows could not be counted: {reason}"))


def with_examples(
    test: Through, source: Source, show: Sequence[str], ask: Callable[[Query], pa.Table]
) -> Through:
    """With a row that comes through and should not, and one that should and does not."""
    known = test.seen
    named = [
        part.name
        for each in (test.expected, test.rows)
        for part in parts_of(each)
        if isinstance(part, tree.Column)
    ]
    shown = [name for name in (show or tuple(dict.fromkeys(named))) if name in source.columns]
    if not shown or isinstance(test.test.expected.rows, int):
        return test
    if known.rows > known.holding:
        known = replace(known, beyond=_row(ask(_example(source, shown, test.rows, test.expected))))
    if known.expected > known.holding:
        known = replace(known, missing=_row(ask(_example(source, shown, test.expected, test.rows))))
    return replace(test, seen=known)


def _example(source: Source, shown: Sequence[str], holds: Condition, not_: Condition) -> Query:
    columns = ", ".join(name_in_sql(name) for name in shown)
    sql = (
        f"SELECT DISTINCT {columns}\nFROM {_name(source)}\nWHERE {_SQL.condition(holds)}"
        f"\n  AND CASE WHEN {_SQL.condition(not_)} THEN 1 ELSE 0 END = 0"
        f"\nORDER BY {', '.join(str(place + 1) for place in range(len(shown)))}\nLIMIT 1"
    )
    return Query("Admin: policy tests, a row", sql)


def _row(answer: pa.Table) -> Row:
    if not answer.num_rows:
        return ()
    return tuple(
        (name, _text(column[0].as_py()))
        for name, column in zip(answer.column_names, answer.columns, strict=True)
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def verdicts_of(
    catalogue: Catalogue,
    groups: Mapping[str, Sequence[str]],
    expectations: Expectations,
    ask: Callable[[Query], pa.Table],
) -> list[Verdict]:
    """A verdict on each of the tests, in their order; `ask` has the warehouse answer as whoever looks."""
    found = {test: ruled(catalogue, groups, test) for test in expectations.tests}
    for asked in counts(catalogue, [each for each in found.values() if not each.settled]):
        if isinstance(asked, Through):
            found[asked.test] = asked
            continue
        for each in asked.read(ask(asked.query)):
            show = expectations.show.get(each.test.table, ())
            found[each.test] = with_examples(each, asked.source, show, ask)
    return [judge(each.test, each.seen) for each in found.values()]


def example(catalogue: Catalogue, people: Mapping[str, Sequence[str]]) -> str:
    """A file of tests that says what the warehouse's rules let through for these people now."""
    lines = [
        "# What the rules let through now, for the people who are signed in. Change it to what they should.",
        "expect:",
    ]
    for person in sorted(people):
        told = [
            f"    {relation}: {words}"
            for relation in catalogue.relations
            if (words := _as_yaml(catalogue, people, person, relation))
        ]
        lines += [f"  {person}:", *told] if told else []
    return "\n".join(lines) + "\n" if len(lines) > 2 else EMPTY  # noqa: PLR2004 - its two first


def _as_yaml(
    catalogue: Catalogue, people: Mapping[str, Sequence[str]], person: str, relation: Relation
) -> str:
    test = Expectation(person, Table(*relation), Expected(rows=ALL_ROWS), 0)
    found = ruled(catalogue, people, test)
    if found.seen.unknown or relation not in catalogue.secured:
        return ""
    if found.seen.denied:
        return "denied"
    rows = _comes_through(catalogue, found.found)
    if plain(rows) in (ALL_ROWS, NO_ROWS):
        return f"{{rows: {'all' if plain(rows) == ALL_ROWS else 'none'}}}"
    return f"{{rows: {{where: {json.dumps(_SQL.whole(simple(rows)), ensure_ascii=False)}}}}}"
