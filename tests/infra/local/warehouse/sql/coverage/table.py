"""Writes docs/sql-coverage.md from what the cases do: `make coverage-table`."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tests.infra.local.warehouse.sql.coverage.case import DIFFERS, REFUSED, RUNS, Case, Group, outcome
from tests.infra.local.warehouse.sql.coverage.groups import GROUPS

ROOT = Path(__file__).parents[6]
TABLE = ROOT / "docs" / "sql-coverage.md"
_REFERENCE = "https://docs.aws.amazon.com/redshift/latest/dg/"
_INTRODUCTION = """\
# SQL that the local stand-in knows

What becomes of each construct of Redshift's SQL when an analyst, who has SELECT and no other right, uses it
in the local stand-in. **runs**: the answer is Redshift's. **differs**: the answer is another, and the row
says how. **refused**: the statement fails with `… is not supported by the stand-in`; what is not in this
table is refused, too. **runs, in part**: the row says what of it is refused or differs. Nothing is answered
approximately and called exact.

`make coverage-table` writes this file by running the cases in `tests/infra/local/warehouse/sql/coverage/`; a
test fails when a case no longer does what the table says. *Cases* counts them, and in brackets those whose
answer stands in an example of Redshift's documentation (what a column holds there may be a literal here).
"""


def page() -> str:
    """The whole document."""
    return "\n".join([_INTRODUCTION, *_totals(), *(line for group in GROUPS for line in _section(group))])


def _totals() -> Iterator[str]:
    rows = [cases for group in GROUPS for cases in _constructs(group)]
    words = [_word(cases) for cases in rows]
    counts = [f"{words.count(word)} {word}" for word in dict.fromkeys(words)]
    yield f"{len(rows)} constructs in {sum(map(len, rows))} cases: {'; '.join(sorted(counts))}.\n"


def _section(group: Group) -> Iterator[str]:
    yield f"## {group.title}\n"
    yield f"[Redshift's documentation]({_REFERENCE}{group.page}.html)\n"
    yield "| construct | outcome | cases | what differs or is refused |\n| --- | --- | --- | --- |"
    for cases in _constructs(group):
        documented = sum(bool(case.page) for case in cases)
        count = f"{len(cases)} ({documented})" if documented else str(len(cases))
        yield f"| {_cell(cases[0].construct)} | {_word(cases)} | {count} | {_cell(_notes(cases))} |"
    yield ""


def _constructs(group: Group) -> list[list[Case]]:
    return [list(cases) for _, cases in groupby(group.cases, key=lambda case: case.construct)]


def _word(cases: list[Case]) -> str:
    found = {outcome(case) for case in cases}
    wrong = found - {RUNS, DIFFERS, REFUSED}
    if wrong:
        raise AssertionError(f"{cases[0].construct}: {min(wrong)}")
    return found.pop() if len(found) == 1 else f"{RUNS}, in part" if RUNS in found else DIFFERS


def _notes(cases: list[Case]) -> str:
    """How the answers differ, and which uses are refused."""
    found = {}
    for word in (DIFFERS, REFUSED):
        said = dict.fromkeys(case.note for case in cases if case.outcome == word and case.note)
        found[word] = f"{word}: {'; '.join(said)}" if said else ""
    return ". ".join(filter(None, found.values()))


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    TABLE.write_text(page())
    sys.stdout.write(f"{TABLE.relative_to(ROOT)} is written\n")
