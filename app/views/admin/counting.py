"""How many rows come through for each of several people, counted by the warehouse in one statement.

An administrator has no SELECT on sales. What is counted is an aggregate: a view `rowlight.rows_of_<table>` of
the columns that the policies read and `row_count`; or the table itself, where the asker may read it. The
conditions are the policies' own, as SVV_RLS_POLICY prints them. A policy's author wrote them, and here they
run under the rights of whoever asks: only what is plainly a condition over columns of that row is taken.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from app.errors import StatementRefused
from app.policies import tree
from app.policies.meaning import PURE, parts_of
from app.policies.reading import read
from app.policies.tokens import Unreadable
from app.redshift.query import Query
from app.redshift.read_only import read_only
from app.views.admin.catalogue import Catalogue, Grantee, Policy, Relation
from app.views.admin.seen import Sees, Somebody, sees

COUNTS = "rowlight"
PREFIX = "rows_of_"
COUNT = "row_count"
_OWN_SCHEMA = "public"  # of the tables that have such views
# Their values are the same for whoever asks at one moment.
_FOR_EVERYBODY = PURE | {"current_date", "current_timestamp", "sysdate", "getdate"}
_LITERAL = re.compile(r"'(?:[^']|'')*'")


class CannotCount(ValueError):
    """Why there is no count, as a sentence."""


@dataclass(frozen=True)
class Source:
    """What is counted in place of a table: a relation, its columns, and what adds up to its rows."""

    relation: Relation
    columns: frozenset[str]
    rows: str


@dataclass(frozen=True)
class Counting:
    """The statement, the place of each set of policies in its answer, and why other sets have none."""

    query: Query
    places: Mapping[frozenset[str], int]
    missing: Mapping[frozenset[str], str]

    def read(self, answer: pa.Table) -> "Counts":
        """The counts that the statement gave."""
        numbers = [int(column[0].as_py() or 0) for column in answer.columns]
        return Counts(
            numbers[0], {names: numbers[place] for names, place in self.places.items()}, self.missing
        )


@dataclass(frozen=True)
class Counts:
    """How many rows a table has, and how many of them come through which policies."""

    whole: int
    by_policies: Mapping[frozenset[str], int]
    missing: Mapping[frozenset[str], str]

    def of(self, found: Sees) -> int:
        """The rows that come through for somebody; CannotCount says why that is not known."""
        if not found.reads:
            return 0
        if found.security in {"off", "lifted"}:
            return self.whole
        if found.security == "none":
            return 0
        if found.names in self.missing:
            raise CannotCount(self.missing[found.names])
        return self.by_policies[found.names]


def counting(catalogue: Catalogue, relation: Relation, found: Iterable[Sees]) -> Counting:
    """The statement that counts a relation's rows; CannotCount says what is missing for it."""
    counted = source(catalogue, relation)
    hidden = masked(catalogue, relation)
    wanted = sorted({each.names for each in found if each.reads and each.security == "policies"}, key=sorted)
    conditions: dict[frozenset[str], str] = {}
    missing: dict[frozenset[str], str] = {}
    aliases: set[str] = set()
    for names in wanted:
        try:
            parts = [_checked(catalogue, name, relation, counted, hidden) for name in sorted(names)]
        except CannotCount as error:
            missing[names] = str(error)
            continue
        aliases |= {alias for _, alias in parts if alias}
        joined = f" {catalogue.secured[relation].upper()} "
        conditions[names] = joined.join(f"({condition})" for condition, _ in parts)
    if len(aliases) > 1:
        raise CannotCount("Its policies name their row in more than one way, and are not counted together.")
    return Counting(_query(counted, aliases, list(conditions.values())), _places(conditions), missing)


def _places(conditions: Iterable[frozenset[str]]) -> dict[frozenset[str], int]:
    return {names: place for place, names in enumerate(conditions, start=1)}


def _query(counted: Source, aliases: Iterable[str], conditions: Sequence[str]) -> Query:
    name = f"{tree.name_in_sql(counted.relation.schema)}.{tree.name_in_sql(counted.relation.name)}"
    alias = "".join(f" AS {tree.name_in_sql(each)}" for each in aliases)
    sums = [f"SUM({counted.rows}) AS whole"]
    sums += [
        f"SUM(CASE WHEN {condition}\n    THEN {counted.rows} ELSE 0 END) AS rows_{place}"
        for place, condition in enumerate(conditions, start=1)
    ]
    sql = "SELECT {}\nFROM {}{}".format(",\n  ".join(sums), name, alias)
    try:
        read_only(sql)
    except StatementRefused as error:
        raise CannotCount(f"The statement was not sent. {error.message}") from None
    return Query("Admin: rows that come through", sql)


def source(catalogue: Catalogue, relation: Relation) -> Source:
    """What stands for the relation; the asker needs SELECT, and no row-level security of their own."""
    me = Somebody(Grantee("user", catalogue.me), tuple(catalogue.my_roles))
    own = sees(catalogue, me, relation)
    if relation in catalogue.secured and own.security != "lifted":
        raise CannotCount("Counting needs IGNORE RLS: else the policies bound the count itself.")
    if own.reads and (own.superuser or own.selects):
        return Source(relation, frozenset(catalogue.mine.get(relation, ())), "1")
    view = Relation(COUNTS, PREFIX + relation.name)
    columns = frozenset(catalogue.mine.get(view, ()))
    if relation.schema == _OWN_SCHEMA and COUNT in columns and sees(catalogue, me, view).reads:
        return Source(view, columns - {COUNT}, COUNT)
    where = f", or on a view {view} as infra/sql makes it" if relation.schema == _OWN_SCHEMA else ""
    raise CannotCount(
        f"Counting needs SELECT on {relation}{where}. You have neither."
        if where
        else f"Counting needs SELECT on {relation}, which you do not have."
    )


def masked(catalogue: Catalogue, relation: Relation) -> frozenset[str]:
    """The columns that the asker does not see as they are."""
    me = Somebody(Grantee("user", catalogue.me), tuple(catalogue.my_roles))
    return frozenset(column for mask in sees(catalogue, me, relation).masks for column in mask.columns)


def _checked(
    catalogue: Catalogue, name: str, relation: Relation, counted: Source, hidden: frozenset[str]
) -> tuple[str, str]:
    """A policy's condition, and by which name it calls its row; CannotCount unless it can be counted."""
    policy = catalogue.policies.get(name)
    if policy is None:
        raise CannotCount(f"SVV_RLS_POLICY does not show you the policy {name}.")
    on = all(each.holds for each in catalogue.attached if (each.policy, each.relation) == (name, relation))
    if not policy.enabled or not on:
        raise CannotCount(
            f"The policy {name} is off, and what comes through one that is off is not documented."
        )
    used = _columns(policy)
    if absent := sorted({column.name for column in used} - counted.columns):
        raise CannotCount(
            f"The policy {name} reads {', '.join(absent)}, which {counted.relation} does not have."
        )
    if unseen := sorted({column.name for column in used} & hidden):
        raise CannotCount(f"The policy {name} reads {', '.join(unseen)}, which is masked for you.")
    relations = {column.relation for column in used if column.relation}
    if len(relations) > 1:
        raise CannotCount(f"The policy {name} names its row in more than one way.")
    return policy.condition, next(iter(relations), "")


def _columns(policy: Policy) -> tuple[tree.Column, ...]:
    """The columns that a condition reads; CannotCount unless it asks of a row's columns alone."""
    text = policy.condition
    outside = _LITERAL.sub("''", text)
    if "--" in text or "/*" in text or ";" in text or not outside.isascii():
        raise CannotCount(
            f"The condition of {policy.name} holds signs that could end it early, and is not run."
        )
    try:
        condition = read(text)
        read_only(f"SELECT {text}")  # by itself, so that one policy spoils no other's count
    except (Unreadable, StatementRefused):
        raise CannotCount(f"The condition of {policy.name} is not one that this page takes apart.") from None
    found = list(parts_of(condition))
    for node in found:
        _check_node(policy, node)
    return tuple(node for node in found if isinstance(node, tree.Column))


def _check_node(policy: Policy, node: object) -> None:
    match node:
        case tree.CurrentUser():
            raise CannotCount(f"What {policy.name} lets through depends on who asks, not on the role.")
        case tree.LookedUp() | tree.There() | tree.Lookup():
            raise CannotCount(f"{policy.name} looks up another table, which is not counted here.")
        case tree.Call(name) if name not in _FOR_EVERYBODY:
            raise CannotCount(f"{policy.name} calls {name}, whose value may depend on who asks.")
        case tree.Verbatim():
            raise CannotCount(f"The condition of {policy.name} is not one that this page takes apart.")
