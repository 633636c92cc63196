"""Every check, along the chain from the provider to the rows."""

from infra.provision.doctor.check import Check
from infra.provision.doctor.checks import identity_center, people, redshift, settings, warehouse

CHECKS: tuple[Check, ...] = (
    *settings.CHECKS,
    *identity_center.CHECKS,
    *people.CHECKS,
    *redshift.CHECKS,
    *warehouse.CHECKS,
)
