"""Policy tests: what people are expected to see of tables (docs/policy-tests.md).

The file is anybody's text. What it names is checked by shape, and its conditions are taken apart and written
anew, so that nothing of it reaches the warehouse as it stands.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.errors import PolicyFileRefused
from app.policies import tree
from app.policies.file import Fault, Items, Mapped, Part, Scalar, Unusable, parsed
from app.policies.meaning import of_a_row
from app.policies.reading import read
from app.policies.tokens import Unreadable
from app.policies.tree import Condition

MOST_TESTS = 2_000
ALL_ROWS, NO_ROWS = (tree.Holds(tree.Truth(truth), negated=False) for truth in (True, False))

_PERSON = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){0,8}")
_NAME = r"[a-z_][a-z0-9_]{0,126}"
_TABLE, _COLUMN = re.compile(rf"({_NAME})\.({_NAME})"), re.compile(_NAME)
_COUNT = re.compile(r"\d{1,18}")
_KINDS = "that is denied, or rows and columns, each with a colon behind it"
_SHOWN = 80  # characters of what was written, in a message


@dataclass(frozen=True, order=True)
class Table:
    """A table or a view."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Columns:
    """Those whose values are masked, and those that are refused; all others are seen as they are."""

    masked: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Expected:
    """What is expected: no access; or so many rows, or those for which a condition holds; and columns."""

    denied: bool = False
    rows: int | Condition | None = None
    columns: Columns | None = None


@dataclass(frozen=True)
class Expectation:
    """One test: a person, a table, and what they are expected to see; the line says where it is written."""

    person: str
    table: Table
    expected: Expected
    line: int


@dataclass(frozen=True)
class Expectations:
    """All of a file's tests, person by person; and by which columns of a table a row is told."""

    tests: tuple[Expectation, ...]
    show: Mapping[Table, tuple[str, ...]] = field(default_factory=dict)


def read_expectations(text: str) -> Expectations:
    """The tests of a file; raises PolicyFileRefused with everything that is wrong with it."""
    faults: list[Fault] = []
    try:
        found = _File(faults).read(parsed(text, faults))
    except Unusable as error:
        faults = [error.fault]
    if faults:
        faults.sort(key=lambda fault: fault.line)
        raise PolicyFileRefused([str(fault) for fault in faults], code=faults[0].code)
    return found


_Told = Mapping[Table, tuple[Expected, int]]  # by table: what is expected, and on which line


class _File:
    """Reads the parts of the file, and notes what is wrong with each."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults = faults

    def read(self, whole: Part) -> Expectations:
        parts = self._mapping(whole, "The file", ("show", "groups", "defaults", "expect"))
        if "expect" not in parts:
            self._note(whole.line, "RL-472", "There is no expect: nobody is expected to see anything.")
        shown = parts.get("show", Mapped(1, {}))
        show = {table: self._names(part) for table, part in self._by_table(shown)}
        groups = self._groups(parts.get("groups", Mapped(1, {})))
        defaults = self._told(parts.get("defaults", Mapped(1, {})))
        tests = self._tests(parts.get("expect", Mapped(1, {})), groups, defaults)
        if len(tests) > MOST_TESTS:
            self._note(whole.line, "RL-471", f"These are more than {MOST_TESTS:,} tests.")
        return Expectations(tuple(tests), show)

    def _groups(self, part: Part) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name, line, members in self._entries(part, "groups"):
            if "@" in name:
                self._note(line, "RL-475", f"{_short(name)} is a person's name: a group's has no @.")
            found[name] = tuple(
                dict.fromkeys(self._person(text, at) for text, at in self._texts(members, "people"))
            )
        return found

    def _tests(self, part: Part, groups: Mapping[str, tuple[str, ...]], defaults: _Told) -> list[Expectation]:
        own: dict[str, _Told] = {}
        shared: list[tuple[str, _Told]] = []
        for name, line, tables in self._entries(part, "expect"):
            told = self._told(tables)
            if "@" in name:
                own[self._person(name, line)] = told
            elif name in groups:
                shared.append((name, told))
            else:
                self._note(line, "RL-475", f"{_short(name)} is neither an address nor one of the groups.")
        people = dict.fromkeys([*(person for members in groups.values() for person in members), *own])
        return [
            Expectation(person, table, *told)
            for person in people
            for table, told in {
                **defaults,
                **self._of_groups(person, groups, shared, own.get(person, {})),
                **own.get(person, {}),
            }.items()
        ]

    def _of_groups(
        self,
        person: str,
        groups: Mapping[str, tuple[str, ...]],
        shared: Sequence[tuple[str, _Told]],
        own: _Told,
    ) -> _Told:
        """What a person's groups expect; two that differ are a fault unless their own entry decides."""
        found: dict[Table, tuple[Expected, int]] = {}
        for group, told in shared:
            for table, (expected, line) in told.items() if person in groups[group] else ():
                before = found.setdefault(table, (expected, line))
                if before[0] != expected and table not in own:
                    self._note(
                        line, "RL-476", f"{person} is in two groups that expect different things of {table}."
                    )
        return found

    def _told(self, part: Part) -> _Told:
        return {table: (self._expected(each), each.line) for table, each in self._by_table(part)}

    def _by_table(self, part: Part) -> Iterator[tuple[Table, Part]]:
        for name, line, each in self._entries(part, "tables"):
            found = _TABLE.fullmatch(name)
            if found:
                yield Table(found[1], found[2]), each
            else:
                self._note(line, "RL-475", f"{_short(name)} is no table: schema.table, in small letters.")

    def _expected(self, part: Part) -> Expected:
        if isinstance(part, Scalar):
            if (part.kind, part.text) != ("text", "denied"):
                self._note(part.line, "RL-474", f"{_short(part.text)} is not what is expected: {_KINDS}.")
            return Expected(denied=True)
        parts = self._mapping(part, "What is expected", ("rows", "columns"))
        if not parts:
            self._note(part.line, "RL-472", "Nothing is expected here: denied, rows: or columns: is missing.")
        return Expected(
            rows=self._rows(parts["rows"]) if "rows" in parts else None,
            columns=self._columns(parts["columns"]) if "columns" in parts else None,
        )

    def _rows(self, part: Part) -> int | Condition:
        match part:
            case Scalar(_, "all", "text"):
                return ALL_ROWS
            case Scalar(_, "none", "text"):
                return NO_ROWS
            case Scalar(_, text, "number") if _COUNT.fullmatch(text):
                return int(text)
            case Mapped(_, values) if values:
                where = self._mapping(part, "rows", ("where",)).get("where")
                return self._condition(where) if where is not None else ALL_ROWS
        self._note(part.line, "RL-474", "rows: is a number, all, none, or where: and a condition.")
        return ALL_ROWS

    def _condition(self, part: Part) -> Condition:
        if not isinstance(part, Scalar) or part.kind != "text":
            self._note(part.line, "RL-474", "where: is a condition between quotes.")
            return ALL_ROWS
        try:
            found = read(part.text)
        except Unreadable as error:
            self._note(part.line, "RL-475", f"The condition {_short(part.text)} cannot be read: {error}.")
            return ALL_ROWS
        if reason := of_a_row(found):
            self._note(part.line, "RL-475", f"The condition {_short(part.text)} {reason}.")
        return found

    def _columns(self, part: Part) -> Columns:
        parts = self._mapping(part, "columns", ("masked", "denied"))
        found = {name: frozenset(self._names(each)) for name, each in parts.items()}
        both = found.get("masked", frozenset()) & found.get("denied", frozenset())
        if both:
            self._note(part.line, "RL-476", f"{', '.join(sorted(both))} cannot be masked and denied both.")
        return Columns(**found)

    def _names(self, part: Part) -> tuple[str, ...]:
        found = []
        for text, line in self._texts(part, "columns"):
            if not _COLUMN.fullmatch(text):
                self._note(line, "RL-475", f"{_short(text)} is no column: small letters, digits and _.")
            found.append(text)
        return tuple(dict.fromkeys(found))

    def _person(self, text: str, line: int) -> str:
        if not _PERSON.fullmatch(text):
            self._note(line, "RL-475", f"{_short(text)} is no address of a person.")
        return text

    def _texts(self, part: Part, what: str) -> Iterator[tuple[str, int]]:
        if not isinstance(part, Items):
            self._note(part.line, "RL-474", f"Here a list of {what} is expected: [one, another].")
            return
        for each in part.items:
            if isinstance(each, Scalar) and each.kind == "text":
                yield each.text, each.line
            else:
                self._note(each.line, "RL-474", f"In a list of {what} each is a text.")

    def _entries(self, part: Part, what: str) -> Iterator[tuple[str, int, Part]]:
        if not isinstance(part, Mapped):
            self._note(part.line, "RL-474", f"Here {what} are expected, each with a colon behind its name.")
            return
        for name, each in part.values.items():
            yield name, part.lines[name], each

    def _mapping(self, part: Part, what: str, known: Sequence[str]) -> Mapping[str, Part]:
        if not isinstance(part, Mapped):
            self._note(part.line, "RL-474", f"{what} has {_listed(known)}, each with a colon behind it.")
            return {}
        for name in part.values.keys() - set(known):
            self._note(part.lines[name], "RL-472", f"{_short(name)} is not one of {_listed(known)}.")
        return {name: each for name, each in part.values.items() if name in known}

    def _note(self, line: int, code: str, message: str) -> None:
        self._faults.append(Fault(line, code, message))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _short(text: str) -> str:
    """What was written, cut, with what cannot be seen by its number."""
    seen = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text[:_SHOWN])
    return f"“{seen}…”" if len(text) > _SHOWN else f"“{seen}”"
