"""What somebody sees of a table, held against what was expected of it: a verdict in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from app.policies.expectations import ALL_ROWS, NO_ROWS, Columns, Expectation
from app.policies.words import rows_in_words, seen_text

Row = tuple[tuple[str, str | None], ...]  # each column and its value
Outcome = Literal["holds", "differs", "unknown"]
_LONGEST = 60  # characters of a value


@dataclass(frozen=True)
class Seen:
    """What was found out about one test; `unknown` says why nothing was."""

    unknown: str = ""
    denied: bool = False
    roles: tuple[str, ...] | None = None  # of the person, where they are known
    through: str = ""  # which rows they see, in words: then nothing was counted
    same: bool = False  # whether those are the expected ones by their very condition
    rows: int = 0  # that the person sees
    holding: int = 0  # of these, those for which the expected condition holds
    expected: int = 0  # of all the table's, those for which it holds
    beyond: Row = ()  # a row that they see and should not
    missing: Row = ()  # one that they should see and do not
    columns: Columns = field(default_factory=Columns)


@dataclass(frozen=True)
class Verdict:
    """A test and how it came out, in words."""

    test: Expectation
    outcome: Outcome
    words: str
    roles: tuple[str, ...] | None = None


def judge(test: Expectation, seen: Seen) -> Verdict:
    """The verdict on one test; an unknown one does not hold."""
    if seen.unknown:
        return Verdict(test, "unknown", f"{_subject(test)}: {seen.unknown}", seen.roles)
    differs = list(_differences(test, seen))
    if differs:
        return Verdict(test, "differs", f"{_subject(test)}: {'; '.join(differs)}", seen.roles)
    return Verdict(test, "holds", f"{_subject(test)}: {_as_expected(test, seen)}", seen.roles)


def _subject(test: Expectation) -> str:
    return f"{test.person} on {test.table}"


def _as_expected(test: Expectation, seen: Seen) -> str:
    rows = test.expected.rows
    if test.expected.denied:
        return "is refused"
    if rows is None:
        return "sees the columns as expected"
    if seen.through:
        return f"sees {seen.through}, by the very condition that is expected; they were not counted"
    if isinstance(rows, int) or rows in (ALL_ROWS, NO_ROWS):
        return f"sees {_count(seen.rows)}"
    return f"sees {_count(seen.rows)}: {rows_in_words(rows)}"


def _differences(test: Expectation, seen: Seen) -> Iterator[str]:
    expected = test.expected
    if expected.denied:
        if not seen.denied:
            yield f"expected to be refused; sees {seen.through or _count(seen.rows)}{_example(seen.beyond)}"
        return
    if seen.denied:
        yield f"expected {_rows_expected(test)}; is refused"
        return
    if isinstance(expected.rows, int):
        if seen.rows != expected.rows:
            yield f"expected {_rows_expected(test)}; sees {_count(seen.rows)}"
    elif expected.rows is not None:
        yield from _other_rows(test, seen)
    if expected.columns is not None:
        yield from _other_columns(expected.columns, seen.columns)


def _other_rows(test: Expectation, seen: Seen) -> Iterator[str]:
    beyond, missing = seen.rows - seen.holding, seen.expected - seen.holding
    found = []
    if beyond:
        them = "" if test.expected.rows == NO_ROWS else " beyond them"
        found.append(f"sees {_count(beyond)}{them}{_example(seen.beyond)}")
    if missing:
        found.append(f"does not see {_count(missing)} of them{_example(seen.missing)}")
    if found:
        yield f"expected {_rows_expected(test)}; {', and '.join(found)}"


def _rows_expected(test: Expectation) -> str:
    rows = test.expected.rows
    if rows is None:
        return "to read it"
    if isinstance(rows, int):
        return _count(rows)
    words = rows_in_words(rows)
    return words if rows in (ALL_ROWS, NO_ROWS) else f"only {words}"


def _other_columns(expected: Columns, found: Columns) -> Iterator[str]:
    for what, wanted, had in (
        ("masked", expected.masked, found.masked),
        ("refused", expected.denied, found.denied),
    ):
        if more := sorted(had - wanted):
            yield f"{', '.join(more)} {_are(more)} {what}, which was not expected"
        if less := sorted(wanted - had):
            yield f"{', '.join(less)} {_are(less)} not {what}, which was expected"


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _count(rows: int) -> str:
    return "no rows" if not rows else "1 row" if rows == 1 else f"{rows:,} rows"


def _example(row: Row) -> str:
    if not row:
        return ""
    return f", for example {', '.join(f'{name} {_value(value)}' for name, value in row)}"


def _value(value: str | None) -> str:
    if value is None:
        return "without a value"
    shown = seen_text(value)
    return f"{shown[:_LONGEST]}…" if len(shown) > _LONGEST else shown or "“”"
