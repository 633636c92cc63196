"""`python -m infra.provision test-policies`: what each person sees, measured as them, against a file."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from app.policies import tree
from app.policies.expectations import ALL_ROWS, NO_ROWS, Columns, Expectation, Expectations, Table
from app.policies.meaning import parts_of
from app.policies.sql import Writer, literal
from app.policies.tree import Condition, name_in_sql
from app.policies.verdicts import Row, Seen, Verdict, judge
from app.policies.words import seen_text
from infra.provision.errors import ProvisioningError
from infra.provision.policy_tests.as_person import Failed, NoSuchUser, Refused, Rows, Warehouse

_AT_ONCE = 4  # of the Data API's statements; it takes thirty a second from an account
_MOST_GROUPS = 10_000  # of rows that are alike in what is shown, among which a missing one is looked for
_SHOWN_BY_ITSELF = 3  # columns, where neither the file nor the condition names one

_NOTHING = (NO_ROWS, 0)
_NO_ROLES = (
    "no session of these tests had a role of a group: test somebody, too, who is in one and should see rows"
)
_ROLES = "SELECT name FROM pg_get_session_roles() AS session_roles(name name, roleid integer)"
_MASKS = (
    "SELECT grantee, grantee_type, priority, output_columns, input_columns FROM svv_attached_masking_policy"
    " WHERE schema_name = {schema} AND table_name = {table}"
)
_GRANTED = (
    "SELECT 'user', user_name, role_name FROM svv_user_grants UNION ALL"
    " SELECT 'role', role_name, granted_role_name FROM svv_role_grants"
)
_COLUMNS = (
    "SELECT column_name FROM svv_columns WHERE table_schema = {schema} AND table_name = {table}"
    " ORDER BY ordinal_position"
)


def measure(warehouse: Warehouse, expectations: Expectations, *, namespace: str) -> list[Verdict]:
    """A verdict on each of the tests, in their order; ProvisioningError when none can be run."""
    one = partial(_verdict, warehouse, expectations.show, namespace)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return _believed(list(pool.map(one, expectations.tests)))


def _believed(verdicts: list[Verdict]) -> list[Verdict]:
    """Without trust in refusals where no session had a role: Redshift documents roles of groups for sign-ins.

    Then it may be for want of those that somebody is refused, and not by the rules that are tested.
    """
    if any(verdict.roles for verdict in verdicts):
        return verdicts
    return [
        replace(verdict, outcome="unknown", words=f"{verdict.words}; but {_NO_ROLES}")
        if verdict.outcome == "holds"
        and (verdict.test.expected.denied or verdict.test.expected.rows in _NOTHING)
        else verdict
        for verdict in verdicts
    ]


def _verdict(
    warehouse: Warehouse, show: Mapping[Table, tuple[str, ...]], namespace: str, test: Expectation
) -> Verdict:
    asked = _Asked(warehouse, test, f"{namespace}:{test.person}", show.get(test.table, ()))
    try:
        return judge(test, asked.seen())
    except NoSuchUser:
        return judge(
            test,
            Seen(
                unknown="Redshift does not know them: they are there from their first connection on, and"
                " nothing can be measured as them before"
            ),
        )
    except Failed as error:
        return judge(test, Seen(unknown=f"Redshift did not run it: {seen_text(str(error))}"))


@dataclass(frozen=True)
class _Asked:
    """One test's statements."""

    warehouse: Warehouse
    test: Expectation
    user: str
    show: tuple[str, ...]
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "writer", Writer(user=self.user))

    @property
    def table(self) -> str:
        return f"{name_in_sql(self.test.table.schema)}.{name_in_sql(self.test.table.name)}"

    @property
    def condition(self) -> Condition:
        """Which rows are expected, where the test says; a test without any expects none."""
        expected = self.test.expected
        if expected.denied:
            return NO_ROWS
        return ALL_ROWS if expected.rows is None or isinstance(expected.rows, int) else expected.rows

    def seen(self) -> Seen:
        try:
            found, names = self._counted()
        except Refused:
            return Seen(denied=True, roles=self._roles())
        if self.test.expected.columns is not None:
            found = replace(found, columns=self._columns(names, found.roles or ()))
        if not isinstance(self.test.expected.rows, int):
            found = self._with_examples(found, names)
        return found

    def _counted(self) -> tuple[Seen, tuple[str, ...]]:
        """How many rows there are and how many of them are seen, at one moment; and the table's columns."""
        count = f"SELECT COUNT(*), COALESCE(SUM({self._holds()}), 0) FROM {self.table}"  # noqa: S608 - written anew
        columns, whole, roles, own = self.warehouse.ask(
            [self._of_table(_COLUMNS), count], self.user, [_ROLES, count]
        )
        return Seen(
            roles=tuple(sorted(str(name) for (name,) in roles)),
            rows=_number(own[0][0]),
            holding=_number(own[0][1]),
            expected=_number(whole[0][1]),
        ), tuple(str(name) for (name,) in columns)

    def _holds(self) -> str:
        """1 for a row that is expected, else 0: a condition that is unknown for a row does not hold."""
        return f"CASE WHEN {self.writer.condition(self.condition)} THEN 1 ELSE 0 END"

    def _of_table(self, sql: str) -> str:
        table = self.test.table
        return sql.format(schema=literal(table.schema), table=literal(table.name))

    def _roles(self) -> tuple[str, ...]:
        (roles,) = self.warehouse.ask([], self.user, [_ROLES])
        return tuple(sorted(str(name) for (name,) in roles))

    def _with_examples(self, found: Seen, names: Sequence[str]) -> Seen:
        """With a row that is seen and should not be, and one that should be and is not."""
        shown = self._shown(names)
        columns = ", ".join(name_in_sql(name) for name in shown)
        places = ", ".join(str(place + 1) for place in range(len(shown)))
        beyond = (
            f"SELECT DISTINCT {columns} FROM {self.table} WHERE {self._holds()} = 0"  # noqa: S608 - written anew
            f" ORDER BY {places} LIMIT 1"
        )
        groups = (
            f"SELECT COUNT(*), {columns} FROM {self.table} WHERE {self._holds()} = 1"  # noqa: S608 - written anew
            f" GROUP BY {columns} ORDER BY {columns} LIMIT {_MOST_GROUPS + 1}"
        )
        try:
            if found.rows > found.holding:
                (rows,) = self.warehouse.ask([], self.user, [beyond])
                found = replace(found, beyond=_row(shown, rows[0]) if rows else ())
            if found.expected > found.holding:
                whole, own = self.warehouse.ask([groups], self.user, [groups])
                found = replace(found, missing=_missing(shown, whole, own))
        except Refused:  # of a column that is to be shown: then there is no example
            return found
        return found

    def _shown(self, names: Sequence[str]) -> tuple[str, ...]:
        named = (part.name for part in parts_of(self.condition) if isinstance(part, tree.Column))
        return self.show or tuple(dict.fromkeys(named)) or tuple(names[:_SHOWN_BY_ITSELF])

    def _columns(self, names: Sequence[str], roles: Sequence[str]) -> Columns:
        masks, granted = self.warehouse.ask([self._of_table(_MASKS), _GRANTED], self.user, [])
        held = _held(self.user, roles, granted)
        masked = {
            name
            for grantee, kind, _, outputs, inputs in masks
            if kind == "public" or (kind, grantee) in held
            for name in _listed(outputs) or _listed(inputs)
        }
        denied = frozenset(self._denied(names))
        return Columns(masked=frozenset(masked) - denied, denied=denied)

    def _denied(self, names: Sequence[str]) -> list[str]:
        """The columns that the person may not read: each is asked for only if all at once are refused."""
        if self._reads(names):
            return []
        return [name for name in names if not self._reads([name])]

    def _reads(self, names: Sequence[str]) -> bool:
        columns = ", ".join(name_in_sql(name) for name in names)
        try:
            self.warehouse.ask([], self.user, [f"SELECT {columns} FROM {self.table} LIMIT 0"])  # noqa: S608 - names
        except Refused:
            return False
        return True


def _number(cell: str | None) -> int:
    return int(cell or 0)


def _row(names: Sequence[str], values: Sequence[str | None]) -> Row:
    return tuple(zip(names, values, strict=True))


def _missing(names: Sequence[str], whole: Rows, own: Rows) -> Row:
    """The first of the expected rows of which there are fewer; none where there are too many kinds."""
    if len(whole) > _MOST_GROUPS:
        return ()
    seen = {tuple(values): _number(count) for count, *values in own}
    for count, *values in whole:
        if seen.get(tuple(values), 0) < _number(count):
            return _row(names, values)
    return ()


def _held(user: str, roles: Sequence[str], granted: Rows) -> frozenset[tuple[str | None, str | None]]:
    """The person, their roles, and the roles of those."""
    held: set[tuple[str | None, str | None]] = {("user", user), *(("role", role) for role in roles)}
    while more := {("role", role) for kind, name, role in granted if (kind, name) in held} - held:
        held |= more
    return frozenset(held)


def _listed(text: str | None) -> list[str]:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        raise ProvisioningError(
            "SVV_ATTACHED_MASKING_POLICY lists columns in no form that is known."
        ) from None
    return [str(each) for each in found]


def as_text(verdicts: Sequence[Verdict]) -> str:
    """The verdicts, one a line, and how many there are of each."""
    lines = [f"{verdict.outcome:<8} {verdict.words}" for verdict in verdicts]
    return "\n".join([*lines, "", _summary(verdicts)])


def as_json(verdicts: Sequence[Verdict]) -> str:
    """The same for machines."""
    tests = [
        {
            "person": verdict.test.person,
            "table": str(verdict.test.table),
            "line": verdict.test.line,
            "outcome": verdict.outcome,
            "words": verdict.words,
            "roles": list(verdict.roles or ()),
        }
        for verdict in verdicts
    ]
    return json.dumps(
        {"tests": tests, "hold": _hold(verdicts), "all": len(verdicts)}, ensure_ascii=False, indent=2
    )


def _summary(verdicts: Sequence[Verdict]) -> str:
    return f"{_hold(verdicts)} of {len(verdicts)} hold."


def _hold(verdicts: Sequence[Verdict]) -> int:
    return sum(verdict.outcome == "holds" for verdict in verdicts)
