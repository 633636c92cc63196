"""docs/aws.md tells of every fault what doctor tells: both come from FAULTS."""

import re
from pathlib import Path

from infra.provision.doctor.faults import FAULTS
from infra.provision.doctor.table import DOCUMENT, table, written

ERRORS = (Path(__file__).parents[4] / "docs/errors.md").read_text("utf-8")


def test_the_document_has_the_table_as_it_is_now() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert text == written(text), "make doctor-table"


def test_the_table_has_every_fault_once() -> None:
    assert re.findall(r"^\| \*\*(RLD-\d{3})\*\*", table(), re.MULTILINE) == sorted(FAULTS)


def test_a_row_has_three_cells_and_no_html_of_its_own() -> None:
    rows = [line for line in table().splitlines() if line.startswith("| **")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
    assert not [row for row in rows if "<" in re.sub(r"`[^`]*`", "", row)]


def test_what_people_see_are_codes_of_the_app() -> None:
    shown = {code for fault in FAULTS.values() for code in fault.shows}
    assert sorted(code for code in shown if f"| {code} |" not in ERRORS) == []


def test_faults_are_numbered_along_the_chain() -> None:
    assert all(re.fullmatch(r"RLD-[0-5][0-9]{2}", code) for code in FAULTS)
    assert all(code == fault.code for code, fault in FAULTS.items())
    assert all(fault.title and fault.why and fault.cure for fault in FAULTS.values())
