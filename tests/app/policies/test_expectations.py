"""A file of policy tests is read as it is meant, and each of its faults is told with its line and a code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import PolicyFileRefused
from app.policies.expectations import (
    ALL_ROWS,
    MOST_TESTS,
    NO_ROWS,
    Columns,
    Expected,
    Table,
    read_expectations,
)
from app.policies.file import LONGEST
from app.policies.reading import read

WHOLE = """
show: {public.sales: [zone, country]}
groups:
  managers: [ann@example.com, bob@example.com]
defaults:
  public.sales: denied
  public.notes: {rows: none}
expect:
  managers:
    public.sales:
      rows: {where: "zone LIKE 'A%'"}
  bob@example.com:
    public.sales:
      rows: 1234
      columns: {masked: [price], denied: [cost]}
  eve@example.com: {}
"""


def told(text: str) -> dict[tuple[str, str], Expected]:
    return {(test.person, str(test.table)): test.expected for test in read_expectations(text).tests}


def test_own_entries_come_before_those_of_groups_and_those_before_defaults() -> None:
    assert told(WHOLE) == {
        ("ann@example.com", "public.sales"): Expected(rows=read("zone LIKE 'A%'")),
        ("ann@example.com", "public.notes"): Expected(rows=NO_ROWS),
        ("bob@example.com", "public.sales"): Expected(
            rows=1234, columns=Columns(frozenset({"price"}), frozenset({"cost"}))
        ),
        ("bob@example.com", "public.notes"): Expected(rows=NO_ROWS),
        ("eve@example.com", "public.sales"): Expected(denied=True),
        ("eve@example.com", "public.notes"): Expected(rows=NO_ROWS),
    }
    assert read_expectations(WHOLE).show == {Table("public", "sales"): ("zone", "country")}


def test_each_test_knows_its_line() -> None:
    lines = {(test.person, test.table.name): test.line for test in read_expectations(WHOLE).tests}
    assert lines["eve@example.com", "sales"] == 6
    assert lines["ann@example.com", "sales"] == 11
    assert lines["bob@example.com", "sales"] == 14


def test_all_rows_are_said_in_a_word() -> None:
    assert told("expect: {a@b.c: {s.t: {rows: all}}}")["a@b.c", "s.t"] == Expected(rows=ALL_ROWS)


def of_ann(expected: str) -> str:
    return f"expect:\n  ann@example.com:\n    public.sales: {expected}"


FAULTS = {
    "": (1, "RL-470"),
    "a: [": (1, "RL-470"),
    "a: b: c": (1, "RL-470"),
    "a: \x07": (1, "RL-470"),
    "a: &x 1\nb: *x": (1, "RL-470"),
    r'a: "\UFFFFFFFF"': (1, "RL-470"),
    r'a: "\U00110000"': (1, "RL-470"),
    "expect:\n  a@b.c: {s.t: {rows: {where: \"zone = '\\uD83D'\"}}}": (2, "RL-470"),
    "[" * 20_000: (1, "RL-470"),
    "a: " * 9 + "b": (1, "RL-470"),
    "x" * (LONGEST + 1): (1, "RL-471"),
    "- a": (1, "RL-474"),
    "expect: 5": (1, "RL-474"),
    "show: {}": (1, "RL-472"),
    "expect: {}\nexpects: {}": (2, "RL-472"),
    "expect:\n  a@b.c: {s.t: denied}\n  a@b.c: {s.t: denied}": (3, "RL-473"),
    "expect: {}\nexpect: {}": (2, "RL-473"),
    "expect: {1: {}}": (1, "RL-474"),
    "expect: {[a]: {}}": (1, "RL-474"),
    "expect: {!!python/object/apply:os.system ['x']: {}}": (1, "RL-474"),
    of_ann("!!python/object/apply:os.system ['true']"): (3, "RL-474"),
    of_ann("maybe"): (3, "RL-474"),
    of_ann("true"): (3, "RL-474"),
    of_ann("[denied]"): (3, "RL-474"),
    of_ann("{}"): (3, "RL-472"),
    of_ann("{row: 1}"): (3, "RL-472"),
    of_ann("{rows: many}"): (3, "RL-474"),
    of_ann("{rows: -1}"): (3, "RL-474"),
    of_ann("{rows: 0x10}"): (3, "RL-474"),
    of_ann("{rows: 1.5}"): (3, "RL-474"),
    of_ann("{rows: }"): (3, "RL-474"),
    of_ann("{rows: {}}"): (3, "RL-474"),
    of_ann("{rows: {were: x}}"): (3, "RL-472"),
    of_ann("{rows: {where: 1}}"): (3, "RL-474"),
    of_ann("{rows: {where: [a]}}"): (3, "RL-474"),
    of_ann('{rows: {where: "a = \'x"}}'): (3, "RL-475"),
    of_ann('{rows: {where: "1; DROP TABLE x"}}'): (3, "RL-475"),
    of_ann('{rows: {where: "a IN (SELECT b FROM c)"}}'): (3, "RL-475"),
    of_ann('{rows: {where: "EXISTS (SELECT 1 FROM c)"}}'): (3, "RL-475"),
    of_ann('{rows: {where: "pg_terminate_backend(1) = 1"}}'): (3, "RL-475"),
    of_ann('{rows: {where: "other.a = 1"}}'): (3, "RL-475"),
    of_ann('{rows: {where: "CASE WHEN a THEN b END = 1"}}'): (3, "RL-475"),
    of_ann("{columns: [a]}"): (3, "RL-474"),
    of_ann("{columns: {masked: a}}"): (3, "RL-474"),
    of_ann("{columns: {masked: [1]}}"): (3, "RL-474"),
    of_ann('{columns: {masked: ["a, b"]}}'): (3, "RL-475"),
    of_ann("{columns: {hidden: [a]}}"): (3, "RL-472"),
    of_ann("{columns: {masked: [a], denied: [a]}}"): (3, "RL-476"),
    "expect: {nobody: {}}": (1, "RL-475"),
    'expect: {"a\'; --@": {}}': (1, "RL-475"),
    'expect: {"a b@example.com": {}}': (1, "RL-475"),
    'expect: {"a\\\\b@example.com": {}}': (1, "RL-475"),
    'expect: {"a@example.com\\n": {}}': (1, "RL-475"),
    "expect: {a@b.c: {sales: denied}}": (1, "RL-475"),
    "expect: {a@b.c: {db.public.sales: denied}}": (1, "RL-475"),
    'expect: {a@b.c: {"public.x; DROP TABLE y": denied}}': (1, "RL-475"),
    "groups: {a@b.c: [x@y.z]}\nexpect: {}": (1, "RL-475"),
    "groups: {g: [x]}\nexpect: {}": (1, "RL-475"),
    "groups: {g: x@y.z}\nexpect: {}": (1, "RL-474"),
    "show: {a.b: c}\nexpect: {}": (1, "RL-474"),
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_with_its_line_and_a_code(text: str) -> None:
    line, code = FAULTS[text]
    with pytest.raises(PolicyFileRefused) as caught:
        read_expectations(text)
    assert caught.value.code == code
    assert caught.value.faults[0].startswith(f"line {line}: ")
    assert caught.value.faults[0].endswith(f" ({code})")


def test_all_faults_are_told_in_their_order() -> None:
    with pytest.raises(PolicyFileRefused) as caught:
        read_expectations("expect:\n  a@b.c: {s.t: maybe}\n  nobody: {}\nsow: {}")
    assert [fault[:7] for fault in caught.value.faults] == ["line 2:", "line 3:", "line 4:"]
    assert caught.value.message == "3 things are wrong with the file."


GROUPS = """
groups: {one: [a@b.c], two: [a@b.c]}
expect:
  one: {s.t: denied}
  two: {s.t: {rows: all}}
"""


def test_two_groups_that_differ_are_a_fault_unless_the_person_decides() -> None:
    with pytest.raises(PolicyFileRefused) as caught:
        read_expectations(GROUPS)
    assert caught.value.code == "RL-476"
    assert told(f"{GROUPS}  a@b.c: {{s.t: {{rows: 3}}}}") == {("a@b.c", "s.t"): Expected(rows=3)}


def test_there_is_an_end_to_tests() -> None:
    people = ", ".join(f"p{number}@b.c" for number in range(101))
    tables = "\n".join(f"  s.t{number}: denied" for number in range(MOST_TESTS // 100))
    with pytest.raises(PolicyFileRefused) as caught:
        read_expectations(f"groups: {{g: [{people}]}}\ndefaults:\n{tables}\nexpect: {{}}")
    assert caught.value.code == "RL-471"


def test_what_cannot_be_seen_is_told_by_its_number() -> None:
    with pytest.raises(PolicyFileRefused, match=r"“a\\u202eb@c”"):
        read_expectations('expect: {"a\u202eb@c": {}}')


PIECES = (
    """expect: groups: show: defaults: { } [ ] a@b.c s.t : , rows where denied columns masked 1 " ' x=1 &a"""
    " *a !!int - | # << ?"
)
pieces = st.sampled_from(["\n", "  ", ": ", ", ", *PIECES.split()])


@given(text=st.lists(pieces, max_size=25).map("".join) | st.text(max_size=40))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        found = read_expectations(text)
    except PolicyFileRefused:
        return
    assert all("@" in test.person for test in found.tests)
