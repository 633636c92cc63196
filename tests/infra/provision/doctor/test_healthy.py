"""A healthy chain gives no finding, however it is set up."""

from tests.infra.provision.doctor.world import World


def test_a_healthy_chain_has_no_fault(world: World) -> None:
    report = world.diagnose()
    assert [finding.fault.code for finding in report.findings] == []
