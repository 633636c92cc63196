"""A verdict says in words what differs, and by which row."""

import pytest

from app.policies.expectations import ALL_ROWS, NO_ROWS, Columns, Expectation, Expected, Table
from app.policies.reading import read
from app.policies.verdicts import Seen, judge

WHERE = read("timezone LIKE 'A%'")
EDGE = (("timezone", "Europe/Berlin"), ("country", None))


def verdict(expected: Expected, seen: Seen) -> tuple[str, str]:
    found = judge(Expectation("ann@example.com", Table("public", "sales"), expected, 1), seen)
    subject, _, words = found.words.partition(": ")
    assert subject == "ann@example.com on public.sales"
    return found.outcome, words


COLUMNS = Columns(frozenset({"price"}), frozenset({"cost", "margin"}))
CASES = [
    (Expected(denied=True), Seen(denied=True), "holds", "is refused"),
    (
        Expected(denied=True),
        Seen(rows=1, beyond=EDGE),
        "differs",
        "expected to be refused; sees 1 row, for example timezone Europe/Berlin, country without a value",
    ),
    (Expected(denied=True), Seen(), "differs", "expected to be refused; sees no rows"),
    (Expected(rows=1234), Seen(rows=1234), "holds", "sees 1,234 rows"),
    (Expected(rows=1234), Seen(rows=1), "differs", "expected 1,234 rows; sees 1 row"),
    (Expected(rows=0), Seen(denied=True), "differs", "expected no rows; is refused"),
    (Expected(rows=NO_ROWS), Seen(), "holds", "sees no rows"),
    (Expected(rows=NO_ROWS), Seen(rows=2), "differs", "expected no rows; sees 2 rows"),
    (Expected(rows=ALL_ROWS), Seen(rows=2, holding=2, expected=2), "holds", "sees 2 rows"),
    (
        Expected(rows=ALL_ROWS),
        Seen(rows=2, holding=2, expected=5, missing=EDGE[:1]),
        "differs",
        "expected all rows; does not see 3 rows of them, for example timezone Europe/Berlin",
    ),
    (
        Expected(rows=WHERE),
        Seen(rows=2, holding=2, expected=2),
        "holds",
        "sees 2 rows: rows whose timezone begins with “A”",
    ),
    (
        Expected(rows=WHERE),
        Seen(rows=14, holding=2, expected=3, beyond=EDGE[:1]),
        "differs",
        (
            "expected only rows whose timezone begins with “A”; sees 12 rows beyond them, for example"
            " timezone Europe/Berlin, and does not see 1 row of them"
        ),
    ),
    (
        Expected(rows=WHERE),
        Seen(through="rows whose timezone begins with “A”", same=True),
        "holds",
        (
            "sees rows whose timezone begins with “A”, by the very condition that is expected;"
            " they were not counted"
        ),
    ),
    (Expected(columns=Columns()), Seen(), "holds", "sees the columns as expected"),
    (Expected(columns=COLUMNS), Seen(columns=COLUMNS), "holds", "sees the columns as expected"),
    (
        Expected(columns=COLUMNS),
        Seen(columns=Columns(frozenset({"city"}), frozenset({"price"}))),
        "differs",
        (
            "city is masked, which was not expected; price is not masked, which was expected;"
            " price is refused, which was not expected; cost, margin are not refused, which was expected"
        ),
    ),
    (Expected(rows=WHERE), Seen(unknown="nobody knows"), "unknown", "nobody knows"),
]


@pytest.mark.parametrize(("expected", "seen", "outcome", "words"), CASES)
def test_what_is_said(expected: Expected, seen: Seen, outcome: str, words: str) -> None:
    assert verdict(expected, seen) == (outcome, words)


def test_a_value_is_cut_and_hides_nothing() -> None:
    row = (("name", "x" * 500), ("other", "a\u202eb"), ("empty", ""))
    _, words = verdict(Expected(denied=True), Seen(rows=3, beyond=row))
    assert words.endswith(rf"for example name {'x' * 60}…, other a\u202eb, empty “”")
