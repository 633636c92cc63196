"""Every fault is found where it is, under its code alone, with the cure that names it, and can be cured."""

import contextlib
import re

import pytest

from infra.provision.doctor.faults import FAULTS
from tests.infra.provision.doctor import center_cases, iam_cases, provider_cases, warehouse_cases
from tests.infra.provision.doctor.case import Case
from tests.infra.provision.doctor.cures import carry_out
from tests.infra.provision.doctor.world import World

CASES: tuple[Case, ...] = (
    *provider_cases.CASES,
    *iam_cases.CASES,
    *center_cases.CASES,
    *warehouse_cases.CASES,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.name}")
def test_a_fault_is_found_alone_with_its_cure(case: Case, world: World) -> None:
    with case.inject(world) or contextlib.nullcontext():
        report = world.diagnose()
        assert {finding.fault.code for finding in report.findings} == {case.code}
        for finding in report.findings:
            assert not re.search(r"\{\w+\}", finding.cure)
            assert bool(finding.fix) is case.fixable is FAULTS[case.code].fixable
            for part in case.cure:
                assert part in finding.cure
        assert report.healthy is (FAULTS[case.code].severity == "warning")
        if case.fixable:
            assert all(finding.fix and finding.fix() for finding in report.findings)
            assert not world.found_again(report)
        elif case.cures:
            assert all(carry_out(finding.cure, world) for finding in report.findings)
            assert not world.found_again(report)
